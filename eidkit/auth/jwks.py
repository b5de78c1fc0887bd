"""The keys that a provider publishes, as a relying party keeps them: fetched seldom, looked for after a rotation.

1. A provider value without ``jwks_uri`` counts as it is: its pinned keys in force, nothing is fetched.
2. Otherwise a login counts only under the set published last: the value's own keys on the day of their discovery,
   later the set fetched since.  A set older than a day is fetched again; where that fails the old one counts for one
   day more, so that a withdrawn key never does for longer.
3. A ``kid`` that the set does not hold is looked for once in five minutes, whoever sends it: made-up names must not
   flood the provider (auth.md §4.2 step 4).
4. A pinned key that has ended is not brought back by the published set.
5. Every key ever found is remembered with the moment when it was found first, so that :func:`pinned` can write
   down what a later verifier has to pin.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from eidkit import canonical
from eidkit.auth import jwk
from eidkit.auth.jwk import PinnedKey
from eidkit.errors import Text, TransportError
from eidkit.transport import unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from eidkit.auth.provider import Provider
    from eidkit.auth.stores import Stores
    from eidkit.clock import Clock
    from eidkit.transport import Transport

REFETCH_AFTER = 300
"""Seconds between two looks for an unknown key, and between two attempts to renew an old set."""
FRESH = 86_400
"""Seconds for which a fetched set counts without being asked for again."""
STALE = 2 * FRESH
"""Seconds after which it does not count any more."""
MAX_FOUND = 256
"""Keys remembered as found; the oldest go first."""


def for_login(
    kid: object, alg: str, provider: Provider, stores: Stores, *, transport: Transport, clock: Clock
) -> Sequence[PinnedKey]:
    """The keys under which a login counts now; they are fetched when they are old or lack ``kid``.

    Raises TransportError when the provider had to be asked and could not be.
    """
    now = clock.now()
    # 1.
    if provider.jwks_uri is None:
        return in_force(provider.keys, now)
    # 2.
    known = _published(provider, stores, now)
    if known.age >= FRESH:
        return _permitted(_renewed(known, provider, stores, transport, clock), provider, clock.now())
    # 3.
    permitted = _permitted(known.keys, provider, now)
    if jwk.chosen(permitted, kid, alg) is None and _may_ask("look", provider, stores, now):
        return _permitted(_fetched(provider, stores, transport, clock), provider, clock.now())
    return permitted


def pinned(provider: Provider, *, stores: Stores) -> Provider:
    """``provider`` knowing every key found since it was discovered, each from the moment when it was found first.

    Write it to a file (``provider.write``) after a rotation: that is what a verifier needs for the logins since.
    """
    return provider.with_keys(_note(stores, _name("found", provider, stores)).keys)


def in_force(keys: Iterable[PinnedKey], at: datetime) -> list[PinnedKey]:
    """The pins that hold at the moment ``at``."""
    return [pin for pin in keys if pin.valid_from <= at and (pin.valid_until is None or at <= pin.valid_until)]


class _Published(NamedTuple):
    """A set of keys, and its age in seconds."""

    keys: tuple[PinnedKey, ...]
    age: float


class _Noted(NamedTuple):
    """Keys in the stores, and when they were put there (Unix seconds)."""

    keys: tuple[PinnedKey, ...]
    at: int


def _published(provider: Provider, stores: Stores, now: datetime) -> _Published:
    """The set published last, as far as it is known here; a clock that went back makes it old."""
    noted = _note(stores, _name("keys", provider, stores))
    discovered = max((int(pin.valid_from.timestamp()) for pin in provider.keys), default=0)
    keys, at = noted if noted.at >= discovered else (provider.keys, discovered)
    age = now.timestamp() - at
    return _Published(keys, age if age >= 0 else math.inf)


def _renewed(
    known: _Published, provider: Provider, stores: Stores, transport: Transport, clock: Clock
) -> tuple[PinnedKey, ...]:
    """The plan's 2 for a set that is a day old."""
    try:
        if _may_ask("renew", provider, stores, clock.now()):
            return _fetched(provider, stores, transport, clock)
        busy = Text("its keys were asked for a moment ago", "vừa hỏi khóa của nhà cung cấp")
        raise unreachable(str(provider.jwks_uri), busy)
    except TransportError:
        if known.age >= STALE:
            raise
        return known.keys


def _may_ask(why: str, provider: Provider, stores: Stores, now: datetime) -> bool:
    moment = int(now.timestamp())
    with stores.unit() as unit:
        return unit.add_if_absent(_name(why, provider, stores), moment + REFETCH_AFTER, moment)


def _fetched(provider: Provider, stores: Stores, transport: Transport, clock: Clock) -> tuple[PinnedKey, ...]:
    """What is published now, noted; a key that was found before keeps the moment of that."""
    moment, found_name = int(clock.now().timestamp()), _name("found", provider, stores)
    before = {pin.thumbprint: pin for pin in _note(stores, found_name).keys}
    found = tuple(
        min(before.get(pin.thumbprint, pin), pin, key=lambda one: one.valid_from)
        for pin in provider.fetch_keys(transport=transport, clock=clock)
    )
    ever = {**before, **{pin.thumbprint: pin for pin in found}}
    kept = {_name("keys", provider, stores): found, found_name: tuple(ever.values())[-MAX_FOUND:]}
    sealed = {name: stores.seal(canonical.dumps([pin.to_json() for pin in pins]), name) for name, pins in kept.items()}
    with stores.unit() as unit:
        for name, value in sealed.items():
            unit.put_note(name, value, moment)
    return found


def _permitted(keys: Iterable[PinnedKey], provider: Provider, now: datetime) -> list[PinnedKey]:
    """The plan's 4: the published keys without those that the provider value says are not in force."""
    own = {pin.thumbprint: pin for pin in provider.keys}
    return in_force((own.get(pin.thumbprint, pin) for pin in keys), now)


def _note(stores: Stores, name: str) -> _Noted:
    with stores.unit() as unit:
        note = unit.note(name)
    if note is None:
        return _Noted((), -1)
    rows = canonical.loads(stores.open(note[0], name))
    return _Noted(tuple(PinnedKey.from_json(row) for row in rows), note[1])


def _name(what: str, provider: Provider, stores: Stores) -> str:
    return f"{what}:{stores.digest('keys', provider.issuer, provider.jwks_uri or '')}"
