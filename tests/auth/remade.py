"""Logins as somebody might change them after they were made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eidkit import canonical
from eidkit.binding.authentication import Proof

if TYPE_CHECKING:
    from eidkit.binding.authentication import Authentication


def with_proof(made: Authentication, proof: bytes) -> Authentication:
    """The same login over other proof bytes."""
    assert made.disclosure is not None
    return replace(made, proof=Proof.of(made.proof.media_type, proof), disclosure=replace(made.disclosure, proof=proof))


def with_members(made: Authentication, **members: Any) -> Authentication:
    """The same login, its proof a JSON object with other ``members``."""
    assert made.disclosure is not None
    return with_proof(made, canonical.dumps({**canonical.loads(made.disclosure.proof), **members}))
