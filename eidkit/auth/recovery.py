"""Recovery codes, for the day on which the device is lost: issue, begin, verify, recheck.

A list on paper, each code good once.  It confirms (proof class *attested*); it is no second factor beside a device
that the person also *has*.  The codes lie in the stores only as keyed HMACs, sealed besides: 80 random bits each, so
that no slow hash is needed (SP 800-63B-4 §3.1.2.2).  The plan's 1, 2 and 7, which all codes share, are in
:mod:`eidkit.auth.answering`; here are

3. the code is 16 letters and digits of our alphabet; spaces, hyphens and small letters are how people write;
4. to 5. all HMACs of the list are compared in constant time;
6. the one that was used leaves the list in the same atomic piece of work.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.auth import answering, assurance, challenge, kept_code, limits
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
    from eidkit.identity import Identity
    from eidkit.key import SigningKey
    from eidkit.trust.store import TrustStore

__all__ = ["RecoveryCodes", "begin", "issue", "left", "log_in", "recheck", "unlock", "verify", "withdraw"]

METHOD = "recovery"
COUNT = 10
MAX_COUNT = 50
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing in it is taken for something else on paper."""
LENGTH = 16
_GROUP = 4
_HMAC = 32
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})


@dataclass(frozen=True, slots=True, eq=False)
class RecoveryCodes:
    """A new list: show ``codes`` once, for the person to print, and forget them.

    ``repr`` and ``dataclasses.asdict`` hide them and pickling is refused.  Threads may share it.
    """

    hidden: Hidden[tuple[str, ...]]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, in groups of four."""
        return self.hidden.shown()


def issue(identity: Identity, *, stores: Stores, count: int = COUNT) -> RecoveryCodes:
    """A new list of ``count`` codes for ``identity``; the list before it is void.

    Make sure beforehand that the person in front of you *is* ``identity``: whoever holds the list will be.
    """
    if shape.whole(count, "count", 1) > MAX_COUNT:
        shape.refuse("integer-range", f"a list has at most {MAX_COUNT} codes", f"danh sách có tối đa {MAX_COUNT} mã")
    codes = tuple("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(count))
    name = _WAY.name(stores, identity)
    with stores.unit() as unit:
        stores.put_secret(unit, name, _LABEL, b"".join(_kept(stores, name, code) for code in codes))
    return RecoveryCodes(Hidden(tuple(_grouped(code) for code in codes)))


def left(identity: Identity, *, stores: Stores) -> int:
    """How many codes ``identity`` has left; tell the person when they are few."""
    with stores.unit() as unit:
        kept = stores.secret(unit, _WAY.name(stores, identity))
    return 0 if kept is None else len(kept[1]) // _HMAC


def withdraw(identity: Identity, *, stores: Stores) -> bool:
    """Make the list of ``identity`` void, as when it was lost; false when there was none."""
    with stores.unit() as unit:
        return unit.delete_secret(_WAY.name(stores, identity))


def unlock(identity: Identity, *, stores: Stores) -> None:
    """Start the count of failures anew, for a person whom an operator has identified in another way."""
    with stores.unit() as unit:
        limits.forgiven(unit, _WAY.name(stores, identity))


def begin(
    identity: Identity,
    transaction: Transaction | None = None,
    *,
    audience: str,
    stores: Stores,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge for ``identity`` to answer with a code of the list; put its ``id`` into the session.

    Without a ``transaction`` it is for a log-in, which is what such codes are for: let the person enrol a new device.
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
    """What the kept record still proves: that it speaks of this challenge and was accepted."""
    return kept_code.recheck(authentication, METHOD)


def _judge(unit: Unit, stores: Stores, known: Issued, code: str, moment: int) -> answering.Accepted | None:  # noqa: ARG001 - a list knows no time
    name = "" if known.subject is None else _WAY.name(stores, known.subject)
    kept = stores.secret(unit, name)
    # 3.
    read = _read(code)
    # 4. and 5.
    given, used, rest = _kept(stores, name, read or ""), False, b""
    entries = b"" if kept is None else kept[1]
    for start in range(0, len(entries), _HMAC):
        entry = entries[start : start + _HMAC]
        same = hmac.compare_digest(entry, given)
        used |= same
        rest += (entry, b"")[same]
    if read is None or not used:
        return None
    # 6.
    stores.put_secret(unit, name, _LABEL, rest)
    return answering.Accepted({}, assurance.factors(METHOD))


def _read(code: object) -> str | None:
    """The code as it was issued, of what a person wrote; ``None`` for anything else."""
    if not isinstance(code, str) or len(code) > 2 * LENGTH or not code.isascii():
        return None
    plain = code.upper().translate(_MISREAD)
    return plain if len(plain) == LENGTH and set(plain) <= set(ALPHABET) else None


def _kept(stores: Stores, name: str, code: str) -> bytes:
    return bytes.fromhex(stores.digest("recovery", name, code))


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, LENGTH, _GROUP))


def _spend(code: str) -> None:
    """A few HMACs take no time that could be told from the rest."""


_LABEL = "recovery-codes-1"
_WAY = answering.Way(
    METHOD,
    _judge,
    _spend,
    (*answering.COMMON_CHECKS, ("code", "SP 800-63B-4 §3.1.2.2"), ("single-use", "SP 800-63B-4 §3.1.2.1")),
)
