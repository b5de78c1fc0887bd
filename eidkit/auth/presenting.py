"""What the ways have in common whose answer is no code: the challenge is taken, the answer becomes proof.

A key of the person answers, or a provider says who came.  One answer, one try: neither is a guess, so a wrong one
consumes its challenge.  (A wrong code does not: :mod:`eidkit.auth.answering`.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eidkit.auth import challenge, making
from eidkit.auth.foreign import NotAccepted

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.auth.challenge import Issued, Wanted
    from eidkit.auth.login import Login
    from eidkit.auth.stores import Stores, Unit
    from eidkit.binding.authentication import Assurance, Authentication, ProofClass
    from eidkit.identity import Identity
    from eidkit.key import SigningKey


class Presented(NamedTuple):
    """An accepted answer: who was present, how sure that is, and what is kept of it (media type, bytes)."""

    identity: Identity
    factors: tuple[str, ...]
    assurance: tuple[Assurance, ...]
    proof_class: ProofClass
    proof: tuple[str, bytes]
    checks: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


def taken(stores: Stores, challenge_id: str, wanted: Wanted, unit: Unit | None = None) -> Issued:
    """The challenge, which is used from now on whatever comes after; NotAccepted when it does not fit.

    Within a ``unit`` of the caller, who must let it end well also where something is not accepted.
    """
    issued = challenge.take(stores, challenge_id, unit) if challenge.well_formed(challenge_id) else None
    if issued is None:
        raise NotAccepted("challenge-unknown")
    reason = wanted.unlike(issued)
    if reason is not None:
        raise NotAccepted(reason)
    return issued


def demanded(holds: object, reason: str) -> None:
    """NotAccepted with ``reason`` unless ``holds``."""
    if not holds:
        raise NotAccepted(reason)


def same_person(issued: Issued, identity: Identity | None) -> Identity:
    """``identity`` if there is one and it is whom the challenge was issued for, if it was for one; NotAccepted."""
    person = named(identity)
    if issued.subject is not None and issued.subject != person:
        raise NotAccepted("other-person")
    return person


def named(identity: Identity | None) -> Identity:
    """``identity`` if a person is named at all; NotAccepted."""
    if identity is None:
        raise NotAccepted("no-person")
    return identity


def authentication(issued: Issued, shown: Presented, at: datetime, attest: SigningKey | None) -> Authentication:
    """The Authentication that an accepted answer gives."""
    return making.authentication(issued, at=at, attest=attest, **shown._asdict())


def login(issued: Issued, shown: Presented, at: datetime) -> Login:
    """The Login that an accepted answer gives; it approves nothing."""
    from eidkit.auth.login import Login

    return Login(
        shown.identity, issued.method, shown.factors, shown.assurance, at, issued.facts.audience, shown.warnings
    )
