"""Challenge: something we issued for one audience and one Transaction, once, until an expiry (binding.md §3).

Only its ``id`` leaves the server, into the person's session.  What it is about lies sealed in the stores: nonce,
times, audience, Transaction, the person it was issued for, and what the way needs of its own.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit import canonical
from eidkit.auth import limits
from eidkit.binding import shape
from eidkit.binding.authentication import ChallengeFacts, challenge_value
from eidkit.binding.transaction import Transaction
from eidkit.identity import Identity

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.auth.stores import Stores, Unit
    from eidkit.clock import Clock

LIFETIME = timedelta(minutes=5)
"""How long a challenge waits for its answer (auth.md §6.6)."""
MAX_LIFETIME = timedelta(minutes=30)
_ID_SIZE = 32
_ID = re.compile("[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What ``begin`` gives back: put ``id`` into the person's session, nothing else.

    ``url`` is where the browser goes, ``question`` what the person's device or browser is asked, for the ways that
    need one.  ``repr`` shows none of them.  Threads may share it.
    """

    id: str = field(repr=False)
    expires: datetime
    url: str | None = field(default=None, repr=False)
    question: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Issued:
    """A challenge as it lies in the stores; ``private`` is what the way keeps for itself.

    Without a Transaction it is for a log-in to a session, and its answer can approve nothing.
    """

    method: str
    facts: ChallengeFacts
    transaction: Transaction | None
    subject: Identity | None
    private: dict[str, str] = field(repr=False)

    @property
    def value(self) -> bytes:
        """The 32 bytes that the proof must answer; a log-in has a tag of its own, so that it is no Transaction's."""
        if self.transaction is None:
            about = canonical.digest("eidkit-log-in-1", {"audience": self.facts.audience})
        else:
            about = self.transaction.digest
        return challenge_value(about, bytes.fromhex(self.facts.nonce))

    @property
    def purpose(self) -> str:
        """``confirm`` a Transaction, or ``log-in``."""
        return "log-in" if self.transaction is None else "confirm"

    def open_at(self, now: datetime) -> bool:
        """Whether ``now`` lies in its time; a clock that went back before its issue does not count as in time."""
        return self.facts.issued <= now <= self.facts.expires

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "method": self.method,
            "facts": self.facts.to_json(),
            "transaction": None if self.transaction is None else self.transaction.to_json(),
            "subject": None if self.subject is None else self.subject.to_json(),
            "private": self.private,
        }

    @classmethod
    def from_json(cls, value: Any) -> Issued:
        """The value of its stored form."""
        row = canonical.members(value, ("method", "facts", "transaction", "subject", "private"), "challenge")
        subject = None if row["subject"] is None else Identity.from_json(row["subject"])
        transaction = None if row["transaction"] is None else Transaction.from_json(row["transaction"])
        return cls(row["method"], ChallengeFacts.from_json(row["facts"]), transaction, subject, row["private"])


class Wanted(NamedTuple):
    """What the challenge of an answer must be: of this way, for this purpose and audience, in its time."""

    method: str
    purpose: str
    audience: str | None
    now: datetime

    def unlike(self, issued: Issued) -> str | None:
        """The reason, for the log, why ``issued`` is another one; an audience of ``None`` is not compared."""
        if issued.method != self.method:
            return "challenge-method"
        if issued.purpose != self.purpose:
            return "challenge-purpose"
        if self.audience is not None and self.audience != issued.facts.audience:
            return "challenge-audience"
        return None if issued.open_at(self.now) else "challenge-time"


def new(
    method: str,
    transaction: Transaction | None,
    *,
    audience: str,
    clock: Clock,
    lifetime: timedelta = LIFETIME,
    subject: Identity | None = None,
    private: dict[str, str] | None = None,
) -> Issued:
    """A fresh challenge with 32 random bytes of its own."""
    if not timedelta(seconds=30) <= lifetime <= MAX_LIFETIME:
        shape.refuse(
            "challenge-lifetime", "a challenge lives 30 seconds to 30 minutes", "thời hạn phải từ 30 giây đến 30 phút"
        )
    now = clock.now()
    facts = ChallengeFacts(secrets.token_bytes(32).hex(), now, now + lifetime, audience)
    return Issued(method, facts, transaction, subject, private or {})


def keep(stores: Stores, issued: Issued) -> str:
    """Put ``issued`` into the stores; its new id, 256 random bits."""
    name = shape.base64url(secrets.token_bytes(_ID_SIZE))
    record = stores.seal(canonical.dumps(issued.to_json()), _place(name))
    start, end = (int(moment.timestamp()) for moment in (issued.facts.issued, issued.facts.expires))
    with stores.unit() as unit:
        unit.put_challenge(name, record, end, start)
        for prefix in limits.TIDIED:
            unit.forget_attempts(prefix, start - limits.SOURCE_WINDOW)
    return name


def well_formed(name: object) -> bool:
    """Whether ``name`` could be an id that :func:`keep` gave."""
    return isinstance(name, str) and _ID.fullmatch(name) is not None


def look(stores: Stores, unit: Unit, name: str) -> Issued | None:
    """The challenge ``name``, left where it is."""
    return _opened(stores, name, unit.challenge(name))


def take(stores: Stores, name: str, unit: Unit | None = None) -> Issued | None:
    """The challenge ``name``, which is gone afterwards: only one caller ever gets it.

    In a unit of its own, or in that of the caller: then it is gone when that unit is kept.
    """
    if unit is not None:
        return _opened(stores, name, unit.take_challenge(name))
    with stores.unit() as own:
        record = own.take_challenge(name)
    return _opened(stores, name, record)


def _opened(stores: Stores, name: str, record: bytes | None) -> Issued | None:
    if record is None:
        return None
    return Issued.from_json(canonical.loads(stores.open(record, _place(name))))


def _place(name: str) -> str:
    return f"challenge:{name}"
