"""Recheck: what a kept proof still proves, offline, with the keys that the verifier pinned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.errors import Text
from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.binding.authentication import Assurance, Authentication, ProofClass
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources

SALT = 32
"""Random octets in a proof that nobody signed: its digest outlives an erasure, and must not tell who it was to whoever
guesses the rest (binding.md §3)."""


@dataclass(frozen=True, slots=True)
class Newer:
    """Revocation answers that came after a login, and the present, ``at``, at which they are looked at.

    They can show that a certificate had been revoked before its login, or was good then where no answer was kept.
    Opens no socket unless ``sources`` holds one.  Threads may share it.
    """

    sources: Sources
    at: datetime
    transport: Transport | None = None


@dataclass(frozen=True, slots=True)
class Recheck:
    """What the proof of one Authentication proves to this verifier.

    ``assurance`` is recomputed: from the proof with the verifier's own map where the proof can carry it, from
    our own table where only the service's word stands behind it.  ``proof_class`` is what the method's proof can
    be, never more than it says.  True exactly when no finding is an error.  Threads may share it.
    """

    findings: tuple[Finding, ...]
    assurance: tuple[Assurance, ...]
    proof_class: str

    def __bool__(self) -> bool:
        return not any(found.severity == "error" for found in self.findings)

    @property
    def refuted(self) -> bool:
        """Whether something contradicts the login; otherwise what is missing may still be given."""
        return any(found.indication == "TOTAL-FAILED" for found in self.findings)

    @property
    def decided(self) -> bool:
        """Whether ``assurance`` was recomputed at all: it was not where something was missing for that."""
        return bool(self) or self.refuted


def disclosed(authentication: Authentication) -> tuple[Finding, ...]:
    """Findings when the personal part was erased, or does not open what was attested."""
    about = authentication.method
    if authentication.disclosure is None:
        return (finding("ERASED", about),)
    if not authentication.disclosure_holds():
        return (finding("SUBJECT_COMMITMENT", about),)
    return ()


def of_class(authentication: Authentication, proved: ProofClass) -> tuple[Finding, ...]:
    """Findings when the login claims another class than ``proved``, the one that such a proof has."""
    if authentication.proof_class == proved:
        return ()
    why = Text(f"such a proof is {proved} and nothing else", f"bằng chứng này chỉ thuộc loại {proved}")
    return (refuted(authentication, why),)


def of_kind(authentication: Authentication, *media_types: str) -> tuple[Finding, ...]:
    """Findings when the proof is none of ``media_types``, which are all that its method has."""
    if authentication.proof.media_type in media_types:
        return ()
    return (refuted(authentication, Text("the proof is of another kind", "bằng chứng thuộc loại khác")),)


def ended(authentication: Authentication, until: datetime | None, signed_at: datetime | None) -> tuple[Finding, ...]:
    """binding.md §3: a pinned key that has an end counts only for signatures proved not later than it."""
    if until is None:
        return ()
    if signed_at is None:
        why = Text(
            "the pinned key has ended and no timestamp proves an earlier time",
            "khóa đã ghim đã hết hạn và không có dấu thời gian chứng minh thời điểm sớm hơn",
        )
        return (undecided(authentication, why),)
    if signed_at > until:
        why = Text("the pinned key had ended before the signature", "khóa đã ghim đã hết hạn trước khi ký")
        return (refuted(authentication, why),)
    return ()


def refuted(authentication: Authentication, why: Text) -> Finding:
    """The proof does not hold."""
    return finding("LOGIN_RECHECK", authentication.method, why=why)


def undecided(authentication: Authentication, why: Text) -> Finding:
    """Whether the proof holds cannot be said with what the verifier gave."""
    return finding("LOGIN_RECHECK_UNDECIDED", authentication.method, why=why)
