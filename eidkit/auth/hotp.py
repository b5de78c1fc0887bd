"""One-time codes from a device that counts (HOTP, RFC 4226): enrol, resync, begin, verify, recheck.

A code confirms; it is never a signature (proof class *attested*).  The plan's 1, 2 and 7, which all codes share, are
in :mod:`eidkit.auth.answering`; here are

3. the code is exactly the right number of ASCII digits;
4. the secret is opened; candidates are the next counter and nine after it, for codes that were made and not sent
   (RFC 4226 §7.2, §7.4);
5. every candidate is compared in constant time, without an early exit;
6. the counter must be greater than any accepted before, set in the same atomic piece of work (RFC 4226 §7.2).

A code of this kind never expires: until a later one is used, whoever saw it can use it.  Prefer :mod:`eidkit.auth.otp`.
After a restore of the stores from a backup, codes used since then would count again: :func:`skip` them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eidkit.auth import answering, assurance, challenge, enrolling, kept_code, limits
from eidkit.auth.codes import Seed
from eidkit.auth.hidden import Hidden
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from eidkit.auth.challenge import Challenge, Issued
    from eidkit.auth.login import Login
    from eidkit.auth.rechecked import Recheck
    from eidkit.auth.stores import Stores, Unit
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import Clock
    from eidkit.errors import Text
    from eidkit.identity import Identity
    from eidkit.key import SigningKey
    from eidkit.trust.store import TrustStore

__all__ = [
    "RESYNC", "Hotp", "begin", "confirm", "enrol", "log_in", "recheck", "resync", "skip", "unlock", "verify",
    "withdraw",
]  # fmt: skip

METHOD = "hotp"
LOOK_AHEAD = 10
"""How many counters from the next one on are tried (RFC 4226 §7.4, s)."""
RESYNC = 100
"""How far two codes in a row may lie ahead."""
MAX_COUNTER = 2**40


class Hotp(enrolling.Enrolment):
    """A new counting device of a person: show ``uri`` (or ``svg()``) once, as a QR code; it holds the secret."""

    __slots__ = ()


def enrol(
    identity: Identity,
    *,
    issuer: str,
    stores: Stores,
    digits: int = 6,
    secret: bytes | None = None,
    counter: int = 0,
    replace: bool = False,
) -> Hotp:
    """A new counting authenticator of ``identity``, whose next code is that of ``counter``.

    ``secret`` imports the seed of a device (at least 16 bytes); a seed that was ever used here is refused, so that no
    enrolment sets a counter back.  ``replace`` must be spelled out where the person has one; their lock stays.
    """
    seed = Seed.fresh(digits) if secret is None else Seed.of(secret, digits)
    name, start = _WAY.name(stores, identity), _counter(counter)
    uri = seed.uri(identity.name or identity.masked, shape.text(issuer, "issuer", limit=64), start)
    with stores.unit() as unit:
        label = enrolling.laid(unit, stores, name, seed.secret, seed.packed(), replace=replace)
        if start:
            unit.advance(f"{name}:{label}", start - 1, 0)
    return Hotp(label, Hidden(uri))


def withdraw(identity: Identity, *, stores: Stores) -> bool:
    """Forget the authenticator of ``identity``; false when there was none."""
    with stores.unit() as unit:
        return unit.delete_secret(_WAY.name(stores, identity))


def unlock(identity: Identity, *, stores: Stores) -> None:
    """Start the count of failures anew, for a person whom an operator has identified in another way."""
    with stores.unit() as unit:
        limits.forgiven(unit, _WAY.name(stores, identity))


def skip(identity: Identity, counters: int, *, stores: Stores) -> bool:
    """Never accept the next ``counters`` codes, as after a restore from a backup; false when nobody is enrolled.

    Use :data:`RESYNC` and let the person :func:`resync`.
    """
    name = _WAY.name(stores, identity)
    with stores.unit() as unit:
        kept = stores.secret(unit, name)
        if kept is None:
            return False
        key = f"{name}:{kept[0]}"
        return unit.advance(key, _next(unit, key) + shape.whole(counters, "counters", 1) - 1, 0)


def confirm(identity: Identity, code: str, *, stores: Stores, clock: Clock = SYSTEM_CLOCK) -> None:
    """Check that the authenticator of ``identity`` gives right codes, as the last step of an enrolment.

    The attempt is counted and the code is used up; nothing is approved by it.  Raises AuthenticationError.
    """

    def right(unit: Unit, name: str) -> bool:
        return _accepted(unit, stores, name, code) is not None

    answering.tried(_WAY, identity, code, right, stores=stores, now=clock.now())


def resync(identity: Identity, code: str, following: str, *, stores: Stores, clock: Clock = SYSTEM_CLOCK) -> None:
    """Find a device again that is far ahead, by two codes in a row (RFC 4226 §7.4); both are used up.

    It counts as one attempt, and nobody is authenticated by it.  The counter only ever goes forward.  Raises
    AuthenticationError.
    """

    def found(unit: Unit, name: str) -> bool:
        return _found_again(unit, stores, name, code, following)

    answering.tried(_WAY, identity, code, found, stores=stores, now=clock.now(), spend=_spend_resync)


def begin(
    identity: Identity,
    transaction: Transaction | None = None,
    *,
    audience: str,
    stores: Stores,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge for ``identity`` to confirm ``transaction``; put its ``id`` into the session.

    Without a ``transaction`` it is for a log-in: answer it with :func:`log_in`, and it approves nothing.
    """
    return answering.begin(
        METHOD, identity, transaction, audience=audience, stores=stores, lifetime=lifetime, clock=clock
    )


def verify(
    code: str,
    challenge_id: str,
    *,
    stores: Stores,
    attest: SigningKey | None = None,
    source: str | None = None,
    audience: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Authentication:
    """The Authentication of the person for whom the challenge was issued, or AuthenticationError.

    ``source`` (such as a network address) has a budget of failures of its own; ``audience`` is compared when given.
    """
    asked = answering.Asked(source, audience, clock.now())
    return answering.verify(_WAY, code, challenge_id, asked, stores=stores, attest=attest)


def log_in(
    code: str,
    challenge_id: str,
    *,
    stores: Stores,
    source: str | None = None,
    audience: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Login:
    """The Login of the person for whom a challenge without a Transaction was issued, or AuthenticationError."""
    asked = answering.Asked(source, audience, clock.now())
    return answering.log_in(_WAY, code, challenge_id, asked, stores=stores)


def recheck(
    authentication: Authentication,
    trust: TrustStore,  # noqa: ARG001 - the same call for every way; a code has no certificate
    providers: Sequence[object] = (),  # noqa: ARG001 - nor a provider
    *,
    signed_at: datetime | None = None,  # noqa: ARG001 - nor a key that ends
) -> Recheck:
    """What the kept record still proves: that it speaks of this challenge and of a counter, and was accepted."""
    return kept_code.recheck(authentication, METHOD, ("counter",), _disagreements)


def _accepted(unit: Unit, stores: Stores, name: str, code: str) -> int | None:
    """The counter that ``code`` is accepted for, or ``None`` (the plan's 3 to 6)."""
    # 4. before 3., so that a malformed code takes the same way as a wrong one.
    kept = stores.secret(unit, name)
    if kept is None:
        _spend(code)
        return None
    key, seed = f"{name}:{kept[0]}", Seed.unpacked(kept[1])
    first = _next(unit, key)
    # 3.
    right = seed.well_formed(code)
    # 5.  Of equal codes the last counts: were it the first, the same digits would be accepted a second time.
    counter = seed.matching(code if right else "0" * seed.digits, range(first, first + LOOK_AHEAD))
    if counter is None or not right:
        return None
    # 6.
    return counter if unit.advance(key, counter, 0) else None


def _found_again(unit: Unit, stores: Stores, name: str, code: str, following: str) -> bool:
    kept = stores.secret(unit, name)
    if kept is None:
        _spend_resync(code)
        return False
    key, seed = f"{name}:{kept[0]}", Seed.unpacked(kept[1])
    first = _next(unit, key)
    right = seed.well_formed(code) and seed.well_formed(following)
    pair = (code, following) if right else ("0" * seed.digits,) * 2
    counter = seed.matching_pair(pair, range(first, first + RESYNC))
    return right and counter is not None and unit.advance(key, counter + 1, 0)


def _next(unit: Unit, key: str) -> int:
    used = unit.counter(key)
    return 0 if used is None else used.value + 1


def _counter(value: int) -> int:
    if shape.whole(value, "counter") > MAX_COUNTER:
        shape.refuse("integer-range", "a counter is at most 2**40", "bộ đếm không quá 2**40")
    return value


def _judge(unit: Unit, stores: Stores, known: Issued, code: str, moment: int) -> answering.Accepted | None:  # noqa: ARG001 - a counter knows no time
    if known.subject is None:
        return None
    counter = _accepted(unit, stores, _WAY.name(stores, known.subject), code)
    return None if counter is None else answering.Accepted({"counter": counter}, assurance.factors(METHOD))


def _spend(code: str) -> None:
    """Do what a wrong code costs, so that the time taken does not tell who exists or who is locked."""
    _DUMMY.matching(code if _DUMMY.well_formed(code) else "000000", range(LOOK_AHEAD))


def _spend_resync(code: str) -> None:
    right = _DUMMY.well_formed(code)
    _DUMMY.matching_pair((code if right else "000000", "000000"), range(RESYNC))


def _disagreements(_: Authentication, proof: dict[str, Any]) -> list[Text]:
    shape.whole(proof["counter"], "counter")
    return []


_DUMMY = Seed.of(bytes(20))
_WAY = answering.Way(
    METHOD,
    _judge,
    _spend,
    (*answering.COMMON_CHECKS, ("code", "RFC 4226 §7.2"), ("counter-increasing", "RFC 4226 §7.2")),
)
