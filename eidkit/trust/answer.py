"""One question about one certificate's revocation, and the checks that bind every answer to it.

The numbers are those of the plan in :mod:`eidkit.trust.revocation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from eidkit import algorithms
from eidkit.asn1.algorithm import AlgorithmIdentifier, signature_algorithm
from eidkit.errors import Text
from eidkit.findings import Observation, observed
from eidkit.policy import SKEW

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from eidkit.asn1.certificate import Certificate

State = Literal["good", "revoked", "hold", "unknown"]
MAX_ANSWERS = 1_000
MAX_CHECKS = 100
MAX_NESTED = 3
ALL_REASONS = frozenset(range(1, 9))
"""The reason flags of RFC 5280 §4.2.1.13, without the unused one."""
HOLD_FLAG = 6
HOLD, REMOVED = 6, 8
REASONS = {
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded",
    5: "cessationOfOperation", 6: "certificateHold", 9: "privilegeWithdrawn", 10: "aACompromise",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of one certificate's revocation.

    ``revoked`` and ``hold`` say since when (``revoked_at``) and why (``reason``, the RFC 5280 spelling); the caller
    compares that time with the best signature time.  ``source`` and ``source_sha256`` name the answer that
    decided.  ``observations`` tell which answers were not used, and why; ``why`` puts an ``unknown`` in words.
    """

    state: State
    revoked_at: datetime | None = None
    reason: str | None = None
    source: Literal["crl", "ocsp"] | None = None
    source_sha256: str | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    observations: tuple[Observation, ...] = ()
    aged: bool = False
    """Unknown only because the answers are too old: a fresh one would do (EN 319 102-1 §5.2.5)."""
    signer_ends: datetime | None = None
    """When the certificate ends of whoever signed a "good" in the place of the issuer; None where the issuer did."""

    @property
    def why(self) -> Text:
        """Why the state is unknown, in a few words."""
        said = [dict(each.values) for each in self.observations]
        reasons = dict.fromkeys((each["why"], each.get("why.vi", each["why"])) for each in said if each.get("why"))
        if not reasons:
            return Text("no revocation data was given", "chưa có dữ liệu thu hồi")
        return Text("; ".join(en for en, _ in reasons), "; ".join(vi for _, vi in reasons))


@dataclass(frozen=True, slots=True)
class Statement:
    """What one answer (or a list with its delta) says, and for which reasons of revocation it can speak."""

    status: Status
    covers: frozenset[int] = ALL_REASONS


class Refused(Exception):
    """One answer that may not be used, and why, in English and Vietnamese."""

    def __init__(self, en: str, vi: str) -> None:
        super().__init__(en)
        self.why = Text(en, vi)


class TooOld(Refused):
    """An answer that says "good" and of which only its age is wrong."""


@dataclass(slots=True)
class Question:
    """One certificate, its issuer, the times and demands, and what the answers said so far."""

    certificate: Certificate
    above: tuple[Certificate, ...]
    """The verified path above the certificate: its issuer first, what ends the path (the anchor) last."""
    at: datetime
    now: datetime
    freshness: timedelta | None
    weak: frozenset[str]
    crls: Sequence[bytes]
    ocsps: Sequence[bytes]
    ask: Callable[[Question], Status]
    """Answers a question about whoever signed an answer."""
    pool: Sequence[Certificate] = ()
    """Where else signers of answers may be found; being in it proves nothing."""
    delegates: bool = True
    """Whether a responder that the issuer named may answer; not about such a responder itself."""
    asking: frozenset[str] = frozenset()
    """The certificates (SHA-256) whose status is being asked for further out."""
    rights: dict[tuple[str, str, datetime], Refused | None] = field(default_factory=dict)
    """Which signers of lists were followed up to the anchor, and why they may not speak; inner questions share it."""
    checks: int = 0
    statements: list[Statement] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    aged: bool = False
    """Whether an answer was refused only for its age."""

    @property
    def issuer(self) -> Certificate:
        """The certificate of the issuer."""
        return self.above[0]

    def about(self, certificate: Certificate, above: tuple[Certificate, ...], **changed: Any) -> Status:
        """The status of another certificate that this question hangs on; its signature checks count here too."""
        asking = self.asking | {self.certificate.sha256}
        inner = replace(
            self,
            certificate=certificate,
            above=above,
            freshness=None,
            asking=asking,
            statements=[],
            observations=[],
            aged=False,
            **changed,
        )
        if certificate.sha256 in asking or len(asking) > MAX_NESTED:
            return Status("unknown")
        status = self.ask(inner)
        self.checks = inner.checks
        return status

    def refuse(self, answer: str, why: Text | Refused) -> None:
        """Note that an answer (SHA-256) is not used, and why."""
        said = why.why if isinstance(why, Refused) else why
        self.aged = self.aged or isinstance(why, TooOld)
        self.observations.append(observed("REVOCATION_REFUSED", answer, why=said))


def count_check(question: Question) -> None:
    """(6) One more signature check, within the bound."""
    question.checks += 1
    if question.checks > MAX_CHECKS:
        raise Refused(f"more than {MAX_CHECKS} signature checks", f"quá {MAX_CHECKS} lần kiểm tra chữ ký")


def check_signature(question: Question, algorithm: AlgorithmIdentifier, verify: Callable[[], bool]) -> None:
    """(2) The signature, and the strength of its digest at the time we judge for."""
    count_check(question)
    if not verify():
        raise Refused("it is not signed by the issuer's key", "không được ký bằng khóa của tổ chức cấp")
    check_strength(question, algorithm)


def check_strength(question: Question, algorithm: AlgorithmIdentifier) -> None:
    """(2) The algorithm of a signature is one that may be relied on at the time we judge for."""
    row, _ = signature_algorithm(algorithm)
    if algorithms.signature_weakness(row, question.at, question.weak):
        day = f"{question.at:%Y-%m-%d}"
        raise Refused(
            f"its signature uses {row.name}, too weak at {day}", f"chữ ký dùng {row.name}, không đủ mạnh vào {day}"
        )


def check_not_future(moment: datetime, question: Question) -> None:
    """(4) Nothing is believed that comes from the future."""
    if moment - question.now > SKEW:
        time = f"{moment:%Y-%m-%d %H:%M} UTC"
        raise Refused(f"it is from the future ({time})", f"có thời điểm trong tương lai ({time})")


def check_current(
    question: Question, this_update: datetime, next_update: datetime | None, kept_since: datetime | None
) -> None:
    """(4) What "good" needs: current at ``at``, fresh where demanded, and still knowing the certificate."""
    at, expiry = question.at, question.certificate.not_after
    if this_update > expiry and (kept_since is None or kept_since > expiry):
        raise Refused(
            "it was made after the certificate expired and may no longer list it",
            "được lập sau khi chứng thư hết hạn và có thể không còn liệt kê chứng thư này",
        )
    if next_update is not None and next_update < this_update:
        raise Refused("it ends before it begins", "thời điểm hết hiệu lực trước thời điểm lập")
    if next_update is not None and next_update < at:
        raise TooOld(
            f"it was no longer current on {at:%Y-%m-%d} (next update {next_update:%Y-%m-%d %H:%M} UTC)",
            f"không còn hiệu lực vào {at:%Y-%m-%d} (cập nhật kế tiếp {next_update:%Y-%m-%d %H:%M} UTC)",
        )
    if next_update is None and question.freshness is None and this_update < at:
        raise TooOld("it does not say until when it is current", "không nêu hiệu lực đến khi nào")
    if question.freshness is not None and at - this_update > question.freshness:
        made = f"{this_update:%Y-%m-%d %H:%M} UTC"
        raise TooOld(f"it is older than the policy allows ({made})", f"cũ hơn chính sách cho phép ({made})")


def revoked(
    since: datetime | None,
    reason: int,
    source: Literal["crl", "ocsp"],
    sha256: str,
    times: tuple[datetime, datetime | None],
) -> Status:
    """The Status of a revocation; a certificateHold is the one that may end."""
    state: State = "hold" if reason == HOLD else "revoked"
    return Status(state, since, REASONS.get(reason, f"reason {reason}"), source, sha256, *times)
