"""``preserve``: a signed PDF made fit to be proved for years (levels B-LT and B-LTA), and renewed later.

1. Collect, complete from the Sources, and judge: what does not hold today is not worth keeping.  Nobody is asked
   again about what the file itself settles for a past time.
2. Find what the file must hold (:mod:`eidkit.signing.lasting`); what is missing is refused by name.
3. Write one revision: the security store with what it lacks and, when there is an authority to ask, a document
   timestamp over everything.
Source: ETSI EN 319 142-1 §5.4, §6.3; EN 319 102-1 §5.5, §5.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import NotSupported, SigningError, Text, TimestampUnavailable
from eidkit.pdf.preserving_revision import preserving_revision
from eidkit.pdf.revisions import open_file
from eidkit.pdf.security_store import SecurityStore
from eidkit.policy import ETSI_BASELINE, Policy
from eidkit.signing import lasting
from eidkit.signing.signing import TOKEN_RESERVE
from eidkit.timestamps.authority import token_over
from eidkit.verify.basic import Context
from eidkit.verify.completing import complete
from eidkit.verify.formats import pdf
from eidkit.verify.judging import concluded, judge
from eidkit.verify.poe import Proofs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from eidkit.document import Document
    from eidkit.errors import EidkitError
    from eidkit.findings import Finding
    from eidkit.pdf.appending import Revision
    from eidkit.pdf.revisions import PdfFile
    from eidkit.timestamps.authority import TimestampAuthority
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore
    from eidkit.verify.report import Report

_MAX_NAMED = 4
_STATUS = frozenset({"STATUS_UNKNOWN", "ATTESTATION_STATUS_UNKNOWN"})


def preserve(
    document: Document,
    trust: TrustStore,
    *,
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...] | None = None,
    sources: Sources | None = None,
    policy: Policy = ETSI_BASELINE,
    digest: str = "sha256",
    token_reserve: int = TOKEN_RESERVE,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Document:
    """``document`` with everything that proves its signatures later: B-LT, and B-LTA with ``tsa``.

    Call it again before the newest timestamp's certificate ends (``Report.provable_until``): that renews the proof.
    Certificates, CRLs and OCSP answers come from the file and from ``sources``; answers issued after the best
    signature time are preferred.  Without ``tsa``, a file that has everything is given back as it is.  ``digest``
    and ``token_reserve`` (octets kept free) are those of the document timestamp.  Where nothing proves yet when a
    signature was made, two are added: one that proves it, one that keeps what the first needs.

    Works on PDF files that others signed and preserved; every byte stays as it was, revisions are appended.

    Not for files whose signatures do not hold: raises :class:`SigningError` with the reason, also when no timestamp
    proves when a signature was made, or when revocation data is missing (which certificate, and where to get it);
    :class:`NotSupported` for other formats than PDF; :class:`TimestampUnavailable` when no authority answers.
    """
    _check_format(document)
    terms = _Terms(trust, sources, policy, transport, clock)
    file = open_file(document)
    report, additions = _gathered(file, terms, stamped=tsa is not None)
    # 3.
    if tsa is None:
        if not additions:
            return document
        return document.spliced(document.length, preserving_revision(document, additions, None, file).data)
    if not all(conclusion.time_proved for conclusion in report.conclusions):
        revision = preserving_revision(document, SecurityStore(), token_reserve, file)
        document = _stamped(document, revision, tsa, digest, terms)
        file = open_file(document)
        _, additions = _gathered(file, terms, stamped=False)
    return _stamped(document, preserving_revision(document, additions, token_reserve, file), tsa, digest, terms)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is trusted, demanded and asked in one call."""

    trust: TrustStore
    sources: Sources | None
    policy: Policy
    transport: Transport | None
    clock: Clock


def _gathered(file: PdfFile, terms: _Terms, *, stamped: bool) -> tuple[Report, SecurityStore]:
    """The report on a document and what it lacks; ``stamped``: a document timestamp is about to prove the time."""
    # 1.
    now = terms.clock.now()
    original = pdf.read_file(file)
    problems: list[EidkitError] = []
    known: Collection[tuple[str, str]] = ()
    if terms.sources is not None and (original.crls or original.ocsps):
        ahead = Context(original, terms.trust, terms.policy, now, Proofs(now), assumed=True)
        known = lasting.settled(concluded(ahead), original, terms.trust)
    evidence = complete(
        original, terms.trust, terms.sources, at=now, transport=terms.transport, clock=terms.clock, problems=problems,
        settled=known,
    )  # fmt: skip
    report = judge(evidence, terms.trust, terms.policy, at=now)
    _check_worth(report, stamped=stamped)
    _check_holds(report, stamped=stamped)
    # 2.
    material = lasting.needed(report, original, evidence, terms.trust)
    if material.missing and terms.policy.revocation == "require":
        raise _status_missing(original.name, material.missing, problems)
    return report, material.store(original)


def _stamped(
    document: Document,
    revision: Revision,
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...],
    digest: str,
    terms: _Terms,
) -> Document:
    covered = document.spliced(document.length, revision.data)
    imprint = covered.digest(digest, revision.ranges)
    token = token_over(tsa, imprint, digest, transport=terms.transport, clock=terms.clock)
    if len(token) > revision.reserve:
        raise TimestampUnavailable(
            "timestamp-reserve",
            Text(
                f"the timestamp token has {len(token)} octets and {revision.reserve} were kept free",
                "dấu thời gian lớn hơn chỗ đã dành",
            ),
            Text("preserve with a larger token_reserve=", "dùng token_reserve= lớn hơn"),
            kind="caller",
            retryable=False,
        )
    return document.spliced(document.length, revision.filled(token))


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────


def _check_format(document: Document) -> None:
    if document.format != "pdf":
        raise NotSupported(
            "preserve-format",
            Text(
                f"{document.name} is no PDF; this release preserves PDF files only",
                f"{document.name} không phải PDF; phiên bản này chỉ lưu trữ lâu dài tệp PDF",
            ),
            Text(
                "sign with tsa= and keep the certificates and revocation answers beside the file until then",
                "hãy ký kèm dấu thời gian và lưu chứng thư, dữ liệu thu hồi bên cạnh tệp",
            ),
        )


def _check_worth(report: Report, *, stamped: bool) -> None:
    """There is a signature, and its time is proved or about to be."""
    if not report.conclusions:
        raise _refused(
            "preserve-unsigned",
            Text(f"{report.document} has no signature", f"{report.document} chưa có chữ ký"),
            Text("sign it first", "hãy ký trước"),
        )
    for conclusion in report.conclusions:
        waits = any(map(lasting.usable, (*conclusion.timestamps, *report.timestamps)))
        if not (stamped or conclusion.time_proved or waits):
            stamps = (*conclusion.timestamps, *report.timestamps)
            why = next((f.message for stamp in stamps for f in stamp.findings if f.severity == "error"), None)
            raise _refused(
                "preserve-no-timestamp",
                Text(
                    f"nothing proves when the signature {conclusion.id} of {report.document} was made"
                    + (f": {why.en}" if why else ""),
                    f"không có bằng chứng thời điểm của chữ ký {conclusion.id} trong {report.document}"
                    + (f": {why.vi}" if why else ""),
                ),
                Text(
                    "add a signature timestamp first (eidkit timestamp), or give tsa=: a document timestamp proves it",
                    "thêm dấu thời gian cho chữ ký trước (eidkit timestamp), hoặc dùng tsa=",
                ),
            )


def _check_holds(report: Report, *, stamped: bool) -> None:
    for conclusion in report.conclusions:
        reason = next(
            (f for f in conclusion.findings if f.severity == "error" and not _settled_later(f, stamped=stamped)), None
        )
        if reason is not None:
            raise _refused(
                "preserve-not-valid",
                Text(
                    f"the signature {conclusion.id} of {report.document} does not hold: {reason.message.en}",
                    f"chữ ký {conclusion.id} của {report.document} không hợp lệ: {reason.message.vi}",
                ),
                reason.remedy,
            )


def _settled_later(found: Finding, *, stamped: bool) -> bool:
    """What is named when the answers are looked for, and what the document timestamp about to be made settles."""
    return found.code in _STATUS or (stamped and found.code == "SIG_CONSTRAINTS_FAILURE")


def _status_missing(name: str, missing: Sequence[lasting.Missing], problems: Sequence[EidkitError]) -> SigningError:
    named = missing[:_MAX_NAMED]
    said = "; ".join(f"{one.certificate.subject_text} ({one.why.en})" for one in named)
    in_vietnamese = "; ".join(f"{one.certificate.subject_text} ({one.why.vi})" for one in named)
    places = ", ".join(dict.fromkeys(address for one in named for address in one.addresses))
    troubles = "; ".join(dict.fromkeys(problem.problem.en for problem in problems[:_MAX_NAMED]))
    error = _refused(
        "preserve-status-missing",
        Text(
            f"{name}: revocation data is missing for {said}" + (f"; {troubles}" if troubles else ""),
            f"{name}: thiếu dữ liệu thu hồi của {in_vietnamese}",
        ),
        Text(
            f"give it with sources= (--crl, --ocsp){f'; it is published at {places}' if places else ''}",
            f"cung cấp bằng sources= (--crl, --ocsp){f'; công bố tại {places}' if places else ''}",
        ),
    )
    error.retryable = any(problem.retryable for problem in problems)
    return error


def _refused(code: str, problem: Text, remedy: Text) -> SigningError:
    return SigningError(code, problem, remedy)
