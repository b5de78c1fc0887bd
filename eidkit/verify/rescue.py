"""What a verdict would lose first, and the cheapest thing that prevents it or mends it.

1. How long the verdict holds, and how long each proved time stays proved, is found by judging again for later dates
   (:mod:`eidkit.verify.horizon`); the earlier of the two is what is lost first.
2. What ends at that date is named: a timestamp, a certificate, an anchor, an algorithm; or revocation data that the
   document lacks and that can no longer be asked for.
3. What holds today is rescued by what adds the proof that is missing, as long as there is time; what does not, by what
   its gravest reason needs.  A proof that was not renewed in time is lost: nothing that is added now reaches back.

A pure function of a Report; nothing here is believed by a judge.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from eidkit import algorithms
from eidkit.canonical import format_time
from eidkit.errors import Text
from eidkit.verify import horizon, judging
from eidkit.verify.evidence import INSIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.findings import Finding
    from eidkit.verify.basic import Context
    from eidkit.verify.report import Conclusion, Report

LossKind = Literal["timestamp", "certificate", "anchor", "algorithm", "revocation-data"]
Action = Literal[
    "preserve", "preserve-stamped", "timestamp", "keep-answers", "stamp-again", "give-status", "give-trust",
    "ask-original", "sign-again", "sign", "see-reason",
]  # fmt: skip
_STATUS = frozenset({"STATUS_UNKNOWN", "ATTESTATION_STATUS_UNKNOWN"})
_PRESERVABLE = frozenset({"pdf", "cms", "xml"})
"""The formats that ``preserve``, a layer above this one, can write."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What ends first: ``at`` when, what ``kind`` of thing, ``what`` it is in words; threads may share it.

    ``verdict_too``: the verdict falls with it; otherwise only the proof of when a signature was made.
    ``certificate_sha256`` is the certificate that ends or whose status the document does not hold.
    """

    at: datetime
    kind: LossKind
    what: Text
    verdict_too: bool
    certificate_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Rescue:
    """The cheapest thing to do: an ``action``, the same as a sentence, ``before`` when (None: the sooner the better).

    ``detached``: what is signed stands beside the file, and is needed for it.  Threads may share it.
    """

    action: Action
    sentence: Text
    before: datetime | None = None
    detached: bool = False

    def command(self, path: str) -> str | None:
        """The command that does it for the file at ``path``, with capitals for what you fill in; or None."""
        words = _COMMANDS.get(self.action)
        if words is None:
            return None
        place = PurePath(path)
        shown, kept = (str(p) for p in (place, place.with_name(f"{place.stem}.kept{place.suffix}")))
        if shown.startswith("-"):
            shown, kept = f"./{shown}", f"./{kept}"
        beside = " --detached CONTENT" if self.detached and self.action in _WITH_CONTENT else ""
        return words.format(path=shlex.quote(shown), kept=shlex.quote(kept)) + beside


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a verdict has before it: ``provable_until`` as in the report, what is ``lost`` first, the ``rescue``."""

    provable_until: datetime | None
    lost: Loss | None
    rescue: Rescue


def outlook(report: Report) -> Outlook:
    """Until when ``report``'s verdict is proved, what would be lost first, and the cheapest rescue."""
    context = report.context
    if not report or context is None:
        return Outlook(None, None, _mending(report))
    ahead = judging.looking_ahead(context)
    first = _first_end(report, context, ahead)
    if first is None:
        return Outlook(None, None, _keeping(report, None))
    after = ahead(first if first == context.now else first + horizon.SOON)
    until = report.provable_until if after else first
    lost = _lost(report, after, first)
    return Outlook(until, lost, _keeping(report, lost))


# ── 1. and 2. ─────────────────────────────────────────────────────────────────────────────────────────────


def _first_end(report: Report, context: Context, ahead: Callable[[datetime], Report]) -> datetime | None:
    """When the verdict or a proved time first falls."""
    proved = {conclusion.id for conclusion in report.conclusions if conclusion.time_proved}

    def wholly(at: datetime) -> bool:
        later = ahead(at)
        return bool(later) and proved <= {conclusion.id for conclusion in later.conclusions if conclusion.time_proved}

    return horizon.provable_until(context.evidence, context.trust, context.now, wholly)


def _lost(report: Report, after: Report, at: datetime) -> Loss:
    """What of the report ends at ``at``; ``after`` is the report as it would be then."""
    verdict_too = not after
    errors = [found for found in reasons(after) if found.severity == "error"]
    for kind, certificate in _ending(report, at):
        unknown = any(found.code in _STATUS and found.about == certificate.subject_text for found in errors)
        proved = any(c.certificate == certificate and c.time_proved for c in after.conclusions)
        if kind == "certificate" and unknown and proved:
            kind = "revocation-data"  # noqa: PLW2901 - the signature is older than the certificate's end: only its status is missing
        what = _WHAT[kind].filled(subject=certificate.subject_text, time=format_time(at))
        return Loss(at, kind, what, verdict_too, certificate.sha256)
    if at + horizon.SOON in algorithms.ends():
        weak = next((found.message for found in errors if found.code == "CRYPTO_CONSTRAINTS_FAILURE"), None)
        what = weak or _WHAT["algorithm"].filled(subject=Text("an algorithm in use", "đang dùng"))
        return Loss(at, "algorithm", what, verdict_too)
    reason = next(iter(errors), None)
    what = reason.message if reason else _WHAT["revocation-data"].filled(subject=report.document)
    return Loss(at, "revocation-data" if reason is None or reason.code in _STATUS else "certificate", what, verdict_too)


def reasons(report: Report) -> Iterator[Finding]:
    """Every finding of the report: of its signatures, of its document timestamps, of the whole."""
    for conclusion in report.conclusions:
        yield from conclusion.findings
    for timestamp in report.timestamps:
        yield from timestamp.findings
    yield from report.findings


def _ending(report: Report, at: datetime) -> Iterator[tuple[LossKind, Certificate]]:
    """The certificates of the report's paths that end at ``at``: of timestamps, of signers, issuers, anchors."""
    stamps = [*report.timestamps, *(stamp for conclusion in report.conclusions for stamp in conclusion.timestamps)]
    leaves: list[tuple[LossKind, Sequence[Certificate]]] = [("timestamp", stamp.path[:1]) for stamp in stamps]
    leaves += [("certificate", conclusion.path[:-1]) for conclusion in report.conclusions]
    leaves += [("certificate", stamp.path[1:-1]) for stamp in stamps]
    for kind, path in leaves:
        yield from ((kind, certificate) for certificate in path if certificate.not_after == at)
    for anchor in report.context.trust.anchors if report.context else ():
        if at in {anchor.certificate.not_after, anchor.sunset, anchor.sunset and anchor.sunset - horizon.SOON}:
            yield "anchor", anchor.certificate


_WHAT: dict[LossKind, Text] = {
    "timestamp": Text(
        "the certificate of {subject} ends, whose timestamp proves the time",
        "chứng thư của {subject} hết hạn, nên dấu thời gian hết giá trị",
    ),
    "certificate": Text("the certificate of {subject} ends", "chứng thư của {subject} hết hạn"),
    "anchor": Text("the anchor {subject} ends", "chứng thư gốc {subject} hết hạn"),
    "algorithm": Text("{subject} may no longer be relied on", "thuật toán {subject} không còn được tin cậy"),
    "revocation-data": Text(
        "the file lacks revocation data about {subject}, whose status can no longer be asked for then",
        "tệp thiếu dữ liệu thu hồi của {subject}, sau đó không còn hỏi được nữa",
    ),
}

# ── 3. ────────────────────────────────────────────────────────────────────────────────────────────────────


def _keeping(report: Report, lost: Loss | None) -> Rescue:
    """What keeps a verdict that holds today."""
    kept = _said(_keeping_action(report, lost), lost.at if lost else None)
    return replace(kept, detached=any(map(_stands_beside, report.conclusions)))


def _stands_beside(conclusion: Conclusion) -> bool:
    """Whether a signature is about content that was handed in beside its document."""
    signature = conclusion.evidence
    names = [reference.name for reference in signature.references if reference.kind == "content"]
    if signature.format == "cms":
        return any(not name.startswith(INSIDE) for name in names)
    return signature.format == "xml" and any(name and not name.startswith("#") for name in names)


def _keeping_action(report: Report, lost: Loss | None) -> Action:
    if not report.conclusions:
        return "stamp-again"
    proved = all(conclusion.time_proved for conclusion in report.conclusions)
    if report.format not in _PRESERVABLE:
        return "keep-answers" if proved else "timestamp"
    kept = all(conclusion.level.endswith(("-LT", "-LTA")) for conclusion in report.conclusions)
    stale = lost is not None and lost.kind in {"timestamp", "algorithm"}
    return "preserve-stamped" if kept or stale or not proved else "preserve"


def _mending(report: Report) -> Rescue:
    """What the gravest reason of a verdict that does not hold needs."""
    if report.verdict == "NO-SIGNATURE":
        return _said("sign")
    errors = [found for found in reasons(report) if found.severity == "error"]
    worst = [found for found in errors if found.indication == "TOTAL-FAILED"] or [
        found for found in errors if found.code not in _STATUS
    ]
    reason = next(iter(worst or errors), None)
    if reason is None:
        return _said("see-reason")
    action = _BY_CODE.get(reason.code, "see-reason")
    return Rescue(action, reason.remedy) if action == "see-reason" else _said(action)


def unreadable(remedy: Text) -> Rescue:
    """The rescue of a file that was not understood at all: what its refusal says."""
    return Rescue("see-reason", remedy)


def _said(action: Action, before: datetime | None = None) -> Rescue:
    return Rescue(action, SENTENCES[action], before)


_BY_CODE: dict[str, Action] = {
    **dict.fromkeys((*_STATUS, "REVOCATION_OUT_OF_BOUNDS_NO_POE"), "give-status"),
    **dict.fromkeys(("TRUST_EMPTY", "NO_CERTIFICATE_CHAIN_FOUND", "REFERENCE_OUTSIDE_PATH"), "give-trust"),
    **dict.fromkeys(
        ("HASH_FAILURE", "SIG_CRYPTO_FAILURE", "MODIFIED_AFTER_SIGNING", "UNSIGNED_CONTENT", "COVERAGE_FAILURE"),
        "ask-original",
    ),
    **dict.fromkeys(
        (
            "OUT_OF_BOUNDS_NO_POE", "OUT_OF_BOUNDS_NOT_REVOKED", "NO_POE", "RENEWAL_MISSED", "REVOKED",
            "REVOKED_NO_POE", "REVOKED_CA_NO_POE", "EXPIRED", "NOT_YET_VALID", "CRYPTO_CONSTRAINTS_FAILURE",
        ),
        "sign-again",
    ),
}  # fmt: skip
"""By the code of the gravest reason; the remedy of a reason that is not here is its own."""

SENTENCES: dict[Action, Text] = {
    "preserve": Text(
        "preserve it: put the revocation answers into the file (eidkit preserve)",
        "lưu trữ: đưa dữ liệu thu hồi vào tệp (eidkit preserve)",
    ),
    "preserve-stamped": Text(
        "preserve it with a new timestamp over everything (eidkit preserve --tsa)",
        "lưu trữ kèm dấu thời gian mới bao phủ toàn bộ (eidkit preserve --tsa)",
    ),
    "timestamp": Text("add a timestamp (eidkit timestamp)", "đóng dấu thời gian (eidkit timestamp)"),
    "keep-answers": Text(
        "keep the certificates and revocation answers of today beside the file",
        "lưu chứng thư và dữ liệu thu hồi hiện nay bên cạnh tệp",
    ),
    "stamp-again": Text(
        "have the content and this token time-stamped again", "đóng dấu thời gian lại cho nội dung và dấu này"
    ),
    "give-status": Text(
        "give revocation data (--crl, --ocsp), or run without --offline",
        "cung cấp dữ liệu thu hồi (--crl, --ocsp) hoặc chạy không có --offline",
    ),
    "give-trust": Text(
        "give the root with --trust, or the missing issuer with --intermediate",
        "cung cấp chứng thư gốc (--trust) hoặc chứng thư trung gian (--intermediate)",
    ),
    "ask-original": Text("ask the signer for an untouched copy", "yêu cầu người ký gửi lại bản chưa bị sửa"),
    "sign-again": Text(
        "too late to add proof: look for a copy that was preserved in time, or ask for a new signature",
        "đã quá muộn để bổ sung bằng chứng: tìm bản được lưu trữ kịp thời, hoặc yêu cầu ký lại",
    ),
    "sign": Text("nothing is signed: have it signed (eidkit sign)", "chưa có chữ ký: hãy ký (eidkit sign)"),
    "see-reason": Text("do what its reason asks for", "làm theo lý do nêu cho từng tệp"),
}
"""What each action is, in a sentence; that of ``see-reason`` is the remedy of the reason itself."""
_WITH_CONTENT: frozenset[Action] = frozenset({"preserve", "preserve-stamped"})
_COMMANDS: dict[Action, str] = {
    "preserve": "eidkit preserve {path} -o {kept} --trust ROOTS",
    "preserve-stamped": "eidkit preserve {path} -o {kept} --trust ROOTS --tsa URL --tsa-trust TSA-ROOTS",
    "timestamp": "eidkit timestamp {path} -o {kept} --tsa URL --tsa-trust TSA-ROOTS",
}
