"""What every way with a one-time code has in common: one plan for judging an answer.

1. the challenge is known, of this way and purpose, in its time and for this audience (binding.md §3);
2. the attempt is counted, for the source and for the person, before anything is compared (RFC 4226 §7.3);
3. to 6. are the way's own: the form of the code, its candidates, their comparison, what is used up;
7. the challenge is taken, the person's counter starts anew, the source gets its attempt back.

A wrong code does not consume the challenge: it may be answered again until it expires, after the wait that the
limiter demands, until the person's authenticator is locked.  All of 1 to 7 is one unit of the stores with one
commit, also when the answer is refused: a counted attempt stays counted.  Every refusal has the same text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit import canonical
from eidkit.auth import assurance, challenge, limits, making
from eidkit.auth.challenge import Challenge, Issued, Wanted
from eidkit.auth.refusal import refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from eidkit.auth.login import Login
    from eidkit.auth.stores import Stores, Unit
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import Clock
    from eidkit.identity import Identity
    from eidkit.key import SigningKey

MEDIA_TYPE = "application/vnd.eidkit.otp+json"
FAMILY = "otp"
"""All of them refuse with one code of error, whichever it was; the log tells the method."""
COMMON_CHECKS = (("challenge", "binding.md §3"), ("attempts", "RFC 4226 §7.3"))


class Accepted(NamedTuple):
    """An accepted code: what its proof says beside the common members, and the factor kinds that it showed."""

    proof: dict[str, Any]
    factors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One way with a code: ``judge`` is its plan's 3 to 6, ``spend`` costs what a wrong code costs.

    ``judge`` gets (unit, stores, the challenge, the code, Unix time) and gives ``None`` for a code that is wrong.
    """

    method: str
    judge: Callable[[Unit, Stores, Issued, str, int], Accepted | None]
    spend: Callable[[str], None]
    checks: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()

    def name(self, stores: Stores, identity: Identity) -> str:
        """Under which name the stores keep what belongs to ``identity`` in this way."""
        return f"{self.method}:{stores.subject_key(identity)}"


class Asked(NamedTuple):
    """From where, for which audience and when an answer came; ``purpose`` is to confirm or to log in."""

    source: str | None
    audience: str | None
    now: datetime
    purpose: str = "confirm"


class _Outcome(NamedTuple):
    """The challenge and what was accepted for it, or the reason (for the log) why not."""

    issued: Issued | None
    accepted: Accepted | None
    reason: str


def begin(
    method: str,
    identity: Identity,
    transaction: Transaction | None,
    *,
    audience: str,
    stores: Stores,
    lifetime: timedelta,
    clock: Clock,
) -> Challenge:
    """A challenge for ``identity``, kept in the stores."""
    issued = challenge.new(method, transaction, audience=audience, clock=clock, lifetime=lifetime, subject=identity)
    return Challenge(challenge.keep(stores, issued), issued.facts.expires)


def verify(
    way: Way, code: str, challenge_id: str, asked: Asked, *, stores: Stores, attest: SigningKey | None
) -> Authentication:
    """The Authentication that an accepted code gives, or AuthenticationError."""
    issued, accepted = _settled(way, code, challenge_id, asked, stores)
    return making.authentication(
        issued,
        _subject(issued),
        at=asked.now,
        factors=accepted.factors,
        assurance=assurance.assess(way.method, accepted.factors),
        proof_class="attested",
        proof=(MEDIA_TYPE, proof_bytes(way.method, issued.value, accepted.proof)),
        checks=way.checks,
        warnings=way.warnings,
        attest=attest,
    )


def log_in(way: Way, code: str, challenge_id: str, asked: Asked, *, stores: Stores) -> Login:
    """The Login that an accepted code gives, or AuthenticationError; it approves nothing."""
    from eidkit.auth.login import Login

    issued, accepted = _settled(way, code, challenge_id, asked._replace(purpose="log-in"), stores)
    return Login(
        _subject(issued),
        way.method,
        accepted.factors,
        assurance.assess(way.method, accepted.factors),
        asked.now,
        issued.facts.audience,
        way.warnings,
    )


def tried(
    way: Way,
    identity: Identity,
    code: str,
    attempt: Callable[[Unit, str], bool],
    *,
    stores: Stores,
    now: datetime,
    spend: Callable[[str], None] | None = None,
) -> None:
    """The plan's 2 to 7 without a challenge; AuthenticationError when ``attempt`` says no or may not be made.

    ``attempt`` gets the unit and the name under which the stores keep what is the person's.
    """
    name, moment = way.name(stores, identity), int(now.timestamp())
    with stores.unit() as unit:
        reason = limits.counted(unit, name, moment)
        if reason is not None:
            (spend or way.spend)(code)
        elif attempt(unit, name):
            limits.forgiven(unit, name)
        else:
            reason = "code"
    if reason is not None:
        raise refused(way.method, reason, family=FAMILY)


def proof_bytes(method: str, value: bytes, particular: dict[str, Any]) -> bytes:
    """``JCS{challenge_value, method, outcome, …}``: what is kept of the answer, never the code (binding.md §3)."""
    return canonical.dumps({"challenge_value": value.hex(), "method": method, "outcome": "accepted", **particular})


def _settled(way: Way, code: str, challenge_id: str, asked: Asked, stores: Stores) -> tuple[Issued, Accepted]:
    with stores.unit() as unit:
        outcome = _judged(way, unit, stores, code, challenge_id, asked)
    # The unit has ended: whatever it counted is kept, also for an answer that is refused here.
    if outcome.issued is None or outcome.accepted is None:
        raise refused(way.method, outcome.reason, family=FAMILY)
    return outcome.issued, outcome.accepted


def _judged(way: Way, unit: Unit, stores: Stores, code: str, challenge_id: str, asked: Asked) -> _Outcome:
    moment = int(asked.now.timestamp())
    # 1.
    known = challenge.look(stores, unit, challenge_id) if challenge.well_formed(challenge_id) else None
    wanted = Wanted(way.method, asked.purpose, asked.audience, asked.now)
    reason = "challenge-unknown" if known is None else wanted.unlike(known)
    # 2.
    source = None if asked.source is None else f"source:{stores.digest('source', asked.source)}"
    if source is not None:
        reason = limits.counted_for_source(unit, source, moment) or reason
    if reason is not None or known is None or known.subject is None:
        way.spend(code)
        return _Outcome(None, None, reason or "challenge-unknown")
    name = way.name(stores, known.subject)
    reason = limits.counted(unit, name, moment)
    if reason is not None:
        if reason == "locked":
            unit.take_challenge(challenge_id)
        way.spend(code)
        return _Outcome(None, None, reason)
    # 3. to 6.
    accepted = way.judge(unit, stores, known, code, moment)
    if accepted is None:
        return _Outcome(None, None, "code")
    # 7.
    unit.take_challenge(challenge_id)
    limits.forgiven(unit, name)
    if source is not None:
        limits.taken_back(unit, source)
    return _Outcome(known, accepted, "")


def _subject(issued: Issued) -> Identity:
    if issued.subject is None:
        raise refused(issued.method, "challenge-unknown", family=FAMILY)
    return issued.subject
