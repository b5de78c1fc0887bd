"""``preserve``: a signed document made fit to be proved for years (levels B-LT and B-LTA), and renewed later.

1. Collect, complete from the Sources, and judge: what does not hold today is not worth keeping.  Nobody is asked
   again about what the file itself settles for a past time.
2. Find what the file must hold (:mod:`eidkit.signing.lasting`); what is missing is refused by name.
3. Write what it lacks and, when there is an authority to ask, a timestamp over everything, as the format does it
   (:class:`eidkit.signing.formats.Lasting`).
Source: ETSI EN 319 142-1 §5.4, §6.3 (PDF); EN 319 122-1 §5.5, §6.3 (CMS); EN 319 102-1 §5.5, §5.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.document import Document
from eidkit.errors import SigningError, Text
from eidkit.policy import ETSI_BASELINE, Policy
from eidkit.signing import lasting
from eidkit.signing.formats import lasting_of
from eidkit.signing.signing import TOKEN_RESERVE
from eidkit.timestamps.authority import token_over
from eidkit.verify.basic import Context
from eidkit.verify.collecting import bounded
from eidkit.verify.completing import complete
from eidkit.verify.judging import concluded, judge
from eidkit.verify.poe import Proofs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from eidkit.errors import EidkitError
    from eidkit.findings import Finding
    from eidkit.signing.formats import Lasting
    from eidkit.timestamps.authority import TimestampAuthority
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore
    from eidkit.verify.evidence import Evidence
    from eidkit.verify.report import Report

_MAX_NAMED = 4
_STATUS = frozenset({"STATUS_UNKNOWN", "ATTESTATION_STATUS_UNKNOWN"})


def preserve(
    document: Document,
    trust: TrustStore,
    *,
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...] | None = None,
    sources: Sources | None = None,
    detached: Document | Sequence[Document] = (),
    policy: Policy = ETSI_BASELINE,
    digest: str = "sha256",
    token_reserve: int = TOKEN_RESERVE,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Document:
    """``document`` with everything that proves its signatures later: B-LT, and B-LTA with ``tsa``.

    Call it again before the newest timestamp's certificate ends (``Report.provable_until``): that renews the proof.
    Certificates, CRLs and OCSP answers come from the file and from ``sources``; answers issued after the best
    signature time are preferred.  ``detached``: the content of signatures that stand beside it.  Without ``tsa``, a
    file that has everything is given back as it is.  ``digest`` is that of the timestamp that is added;
    ``token_reserve`` (octets kept free for it) concerns PDF only.  Where nothing proves yet when a signature was
    made, two are added: one that proves it, one that keeps what the first needs.

    Works on files that others signed and preserved; whatever a signature or timestamp covers stays as it was, of a
    PDF every byte.

    Not for files whose signatures do not hold: raises :class:`SigningError` with the reason, also when no timestamp
    proves when a signature was made, or when revocation data is missing (which certificate, and where to get it);
    :class:`NotSupported` for formats that cannot be preserved; :class:`TimestampUnavailable` when no authority
    answers.
    """
    beside = (detached,) if isinstance(detached, Document) else tuple(detached)
    terms = _Terms(trust, sources, policy, transport, clock)
    file = lasting_of(document, beside, token_reserve)
    report, original, needed = _gathered(file, terms, stamped=tsa is not None)
    # 3.
    if tsa is None:
        return file.filled(needed, original)
    stamper = _Stamper(tsa, digest, transport, clock)
    if unproved := [conclusion.id for conclusion in report.conclusions if not conclusion.time_proved]:
        file = lasting_of(file.proved(unproved, stamper), beside, token_reserve)
        _, original, needed = _gathered(file, terms, stamped=False)
    return file.sealed(needed, original, stamper)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is trusted, demanded and asked in one call."""

    trust: TrustStore
    sources: Sources | None
    policy: Policy
    transport: Transport | None
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Stamper:
    """As in :class:`eidkit.signing.formats.Stamper`."""

    authorities: TimestampAuthority | tuple[TimestampAuthority, ...]
    digest: str
    transport: Transport | None
    clock: Clock

    def token(self, imprint: bytes) -> bytes:
        return token_over(self.authorities, imprint, self.digest, transport=self.transport, clock=self.clock)


def _gathered(file: Lasting, terms: _Terms, *, stamped: bool) -> tuple[Report, Evidence, lasting.Needed]:
    """The report on a document, what it holds, and what has to be in it.

    ``stamped``: a timestamp over it is about to prove the time.
    """
    # 1.
    now = terms.clock.now()
    original = file.evidence()
    bounded(original, more=2 * len(original.signatures) if stamped else 0)  # as many as are added at most
    problems: list[EidkitError] = []
    known: Collection[tuple[str, str]] = ()
    if terms.sources is not None and lasting.holds_answers(original):
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
    needed = lasting.needed(report, original, evidence, terms.trust)
    if needed.missing and terms.policy.revocation == "require":
        raise _status_missing(original.name, needed.missing, problems)
    return report, original, needed


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────


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
                    "add a signature timestamp first (eidkit timestamp), or give tsa=, which adds one",
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
