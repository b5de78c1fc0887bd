"""The last step of every ``verify``: an accepted answer becomes an Authentication, attested when a key is given."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from eidkit.auth.refusal import refused
from eidkit.binding.attestation import attest as attested
from eidkit.binding.authentication import Authentication, Check, Disclosure, Proof, subject_commitment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from eidkit.auth.challenge import Issued
    from eidkit.binding.authentication import Assurance, ProofClass
    from eidkit.identity import Identity
    from eidkit.key import SigningKey


def authentication(
    issued: Issued,
    identity: Identity,
    *,
    at: datetime,
    factors: tuple[str, ...],
    assurance: tuple[Assurance, ...],
    proof_class: ProofClass,
    proof: tuple[str, bytes],
    checks: Iterable[tuple[str, str]],
    warnings: tuple[str, ...] = (),
    attest: SigningKey | None = None,
) -> Authentication:
    """The Authentication of ``identity`` at ``at``, with a salt of its own; ``proof`` is (media type, bytes)."""
    transaction = issued.transaction
    if transaction is None:
        # A log-in is no approval: whoever asks for one gets a Login, never this.
        raise refused(issued.method, "challenge-purpose")
    salt = secrets.token_bytes(32)
    made = Authentication(
        transaction=transaction,
        method=issued.method,
        factors=factors,
        assurance=assurance,
        challenge=issued.facts,
        authenticated_at=at,
        proof_class=proof_class,
        proof=Proof.of(*proof),
        checks=tuple(Check(name, ref) for name, ref in checks),
        warnings=warnings,
        subject=subject_commitment(identity, salt),
        disclosure=Disclosure(identity, salt, proof[1]),
    )
    return made if attest is None else attested(made, attest, at)
