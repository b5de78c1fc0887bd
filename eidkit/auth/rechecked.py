"""Recheck: what a kept proof still proves, offline, with the keys that the verifier pinned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.errors import Text
from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from eidkit.binding.authentication import Assurance, Authentication


OTHER_KIND = Text("the proof is of another kind", "bằng chứng thuộc loại khác")


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


def disclosed(authentication: Authentication) -> tuple[Finding, ...]:
    """Findings when the personal part was erased, or does not open what was attested."""
    about = authentication.method
    if authentication.disclosure is None:
        return (finding("ERASED", about),)
    if not authentication.disclosure_holds():
        return (finding("SUBJECT_COMMITMENT", about),)
    return ()


def refuted(authentication: Authentication, why: Text) -> Finding:
    """The proof does not hold."""
    return finding("LOGIN_RECHECK", authentication.method, why=why)


def undecided(authentication: Authentication, why: Text) -> Finding:
    """Whether the proof holds cannot be said with what the verifier gave."""
    return finding("LOGIN_RECHECK_UNDECIDED", authentication.method, why=why)
