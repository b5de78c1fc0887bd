"""Stores in Redis: a unit reads under locks, writes nothing, and ends with one script that does everything or nothing.

1. Before a unit reads anything under a name, it takes the lock of what the name belongs to
   (:mod:`~eidkit.auth.stores.guarding`); a lock ends by itself, so that a killed process stops nobody for long.
2. What it writes stays here until its end.  The commit is one script: it writes only if every lock is still this
   unit's own and what was read without a lock is unchanged.  Locks and values lie in one server and are looked at in
   one atomic step, so a unit that was asleep while its lock ended and somebody else went ahead is refused there.
3. A server that can forget a used code that it confirmed is refused when it is opened, unless the caller said
   ``durable=False``: eviction, no append-only file, or one that is not written before the answer.
4. What is kept for a time has a time to live that counts from now and is longer by a margin, because the caller's
   clock decides what has expired, and it may go back.  Losing a challenge refuses; losing a used code would not.
5. All keys carry one hash tag: in a cluster they lie together, or no script could look at them.
6. Every failure, and every answer that is none, is a StoreError.
"""

from __future__ import annotations

import re
import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from eidkit.auth.stores import Attempts, Counter
from eidkit.auth.stores.failing import store_busy, store_failed, url_refused
from eidkit.auth.stores.guarding import guard
from eidkit.auth.stores.redis_door import Cell, RedisDoor
from eidkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eidkit.auth.stores import Unit

LOCK_SECONDS = 5
"""How long a unit may take; afterwards it is refused, and somebody else may go ahead."""
WAIT_SECONDS = 8.0
"""How long a unit waits for others: longer than a lock lasts, so that a killed process refuses nobody."""
CHALLENGE_MARGIN = 60
SEEN_MARGIN = 86400
"""Seconds that things live longer than they count: by so much the caller's clock may go back."""
LONGEST = 10 * 366 * 86400
"""What has to be remembered longer than that has no time to live."""
SWEPT = 100
_PAUSE, _LONGEST_PAUSE = 0.001, 0.02
_PREFIX = re.compile("[A-Za-z0-9_.:-]{1,64}")


class RedisBackend:
    """One server.  Threads may share it, and so may forked processes."""

    def __init__(self, url: str, *, prefix: str = "eidkit", durable: bool = True) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise url_refused("redis://host:6379/0, prefix='permits'")
        self._prefix = f"{{{prefix}}}"
        self._door = RedisDoor(url)
        self._door.check(self._prefix, durable=durable)

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A unit: written when the block ends, forgotten when it raises."""
        unit = RedisUnit(self._door, self._prefix)
        try:
            yield unit
            unit.commit()
        except BaseException:
            unit.release()
            raise

    def close(self) -> None:
        """Close this process's connections; the next unit opens others."""
        self._door.close()

    def __repr__(self) -> str:
        return "RedisBackend()"


class RedisUnit:
    """What one unit has locked, read and wants to write."""

    __slots__ = ("_commands", "_door", "_forgotten", "_held", "_owner", "_prefix", "_unlocked", "_values", "_written")

    def __init__(self, door: RedisDoor, prefix: str) -> None:
        self._door = door
        self._prefix = prefix
        self._owner = secrets.token_hex(16)
        self._held: list[str] = []
        self._values: dict[Cell, bytes | None] = {}
        self._unlocked: dict[Cell, bytes | None] = {}
        self._forgotten: list[tuple[str, int]] = []
        self._commands: list[tuple[str | bytes | int, ...]] = []
        self._written: dict[str, None] = {}

    # ── the end of a unit ────────────────────────────────────────────────────────────────────────────────

    def commit(self) -> None:
        """Write everything, or StoreError; what only read one thing has nothing to agree with."""
        if not self._held and not self._commands and len(self._unlocked) < 2:
            return
        keys = [*self._held, *(cell.key for cell in self._unlocked), *self._written]
        words: list[str | bytes | int] = [self._owner, len(self._held), len(self._unlocked)]
        for cell, value in self._unlocked.items():
            words += [cell.field, int(value is not None), value or b""]
        for command in self._commands:
            words += [len(command), *command]
        if not self._door.commit(keys, words):
            raise store_busy()
        self._held.clear()

    def release(self) -> None:
        """Give the locks back; where that fails, they end by themselves."""
        if self._held:
            with suppress(StoreError):
                self._door.release(self._held, self._owner)

    # ── reading and writing cells ────────────────────────────────────────────────────────────────────────

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))

    def _read(self, cell: Cell, name: str) -> bytes | None:
        """What this unit sees at ``cell``, which nobody else changes until its end."""
        if cell not in self._values:
            lock = self._key("lock", guard(name))
            self._values[cell] = self._door.get(cell) if lock in self._held else self._locked(lock, cell)
        return self._values[cell]

    def _locked(self, lock: str, cell: Cell) -> bytes | None:
        # In the list before it is ours: an answer that was lost may have made it ours.
        self._held.append(lock)
        end, pause = time.monotonic() + WAIT_SECONDS, _PAUSE
        while True:
            ours, value = self._door.touch(lock, cell, self._owner, LOCK_SECONDS * 1000)
            if ours:
                return value
            if time.monotonic() > end:
                raise store_busy()
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _write(self, cell: Cell, value: bytes | None, *, seconds: int | None = None) -> None:
        """Let ``value`` stand at ``cell`` (nothing, for ``None``) when the unit ends, for so many ``seconds``."""
        self._values[cell] = value
        if cell.field:
            self._do("HDEL", *cell) if value is None else self._do("HSET", *cell, value)
        elif value is None:
            self._do("DEL", cell.key)
        else:
            self._do("SET", cell.key, value, *(() if seconds is None else ("PX", seconds * 1000)))

    def _do(self, command: str, key: str, *words: str | bytes | int) -> None:
        self._commands.append((command, key, *words))
        self._written[key] = None

    # ── the protocol ─────────────────────────────────────────────────────────────────────────────────────

    def put_challenge(self, name: str, record: bytes, expires: int, now: int) -> None:
        """Keep a record under a new name."""
        if self.challenge(name) is not None:
            raise store_failed("a name that is taken")
        self._write(self._challenge(name), record, seconds=max(expires - now, 0) + CHALLENGE_MARGIN)

    def challenge(self, name: str) -> bytes | None:
        """The record, left where it is."""
        return self._read(self._challenge(name), name)

    def take_challenge(self, name: str) -> bytes | None:
        """The record, which is gone afterwards."""
        found = self.challenge(name)
        if found is not None:
            self._write(self._challenge(name), None)
        return found

    def _challenge(self, name: str) -> Cell:
        return Cell(self._key("challenge", name))

    def add_if_absent(self, name: str, expires: int, now: int) -> bool:
        """False when it is remembered already."""
        cell = Cell(self._key("seen", name))
        found = _whole(self._read(cell, name), 1)
        if found is not None and found[0] >= now:
            return False
        seconds = max(expires - now, 0) + SEEN_MARGIN
        self._write(cell, b"%d" % expires, seconds=seconds if seconds < LONGEST else None)
        return True

    def counter(self, name: str) -> Counter | None:
        """The last accepted step and its drift."""
        found = _whole(self._read(Cell(self._key("counters"), name), name), 2)
        return None if found is None else Counter(*found)

    def advance(self, name: str, value: int, drift: int) -> bool:
        """False unless strictly greater than before."""
        before = self.counter(name)
        if before is not None and value <= before.value:
            return False
        self._write(Cell(self._key("counters"), name), b"%d %d" % (value, drift))
        return True

    def attempts(self, name: str) -> Attempts:
        """What was counted; zero when nothing was."""
        cell = Cell(self._key("attempts"), name)
        known = cell in self._values
        found = _whole(self._read(cell, name), 2)
        counted = Attempts(0, 0) if found is None else Attempts(*found)
        if not known and any(name.startswith(prefix) and counted.last < end for prefix, end in self._forgotten):
            self._values[cell] = None
            return Attempts(0, 0)
        return counted

    def set_attempts(self, name: str, attempts: Attempts) -> None:
        """Replace what was counted."""
        cell, index = Cell(self._key("attempts"), name), self._index(name)
        self._read(cell, name)
        if attempts.failed:
            self._write(cell, b"%d %d" % attempts)
            self._do("ZADD", index, attempts.last, name)
        else:
            self._write(cell, None)
            self._do("ZREM", index, name)

    def forget_attempts(self, prefix: str, before: int) -> None:
        """Forget old counts under names that begin with ``prefix``; the script looks at them when the unit ends."""
        for cell, value in self._values.items():
            found = _whole(value, 2) if cell.key == self._key("attempts") else None
            if found is not None and cell.field.startswith(prefix) and found[1] < before:
                self._values[cell] = None
        self._forgotten.append((prefix, before))
        self._do("FORGET", self._index(prefix), self._key("attempts"), before, SWEPT)
        self._written[self._key("attempts")] = None

    def _index(self, name: str) -> str:
        """Counts by their time, an index for each kind of name (what stands before its first colon)."""
        return self._key("attempts-by-time", name.partition(":")[0])

    def secret(self, name: str) -> bytes | None:
        """The sealed secret."""
        return self._read(Cell(self._key("secrets"), name), name)

    def put_secret(self, name: str, sealed: bytes) -> None:
        """Keep a sealed secret."""
        self.secret(name)
        self._write(Cell(self._key("secrets"), name), sealed)

    def delete_secret(self, name: str) -> bool:
        """False when there was none."""
        there = self.secret(name) is not None
        if there:
            self._write(Cell(self._key("secrets"), name), None)
        return there

    def secret_names(self) -> Sequence[str]:
        """The names of all secrets."""
        key = self._key("secrets")
        own = {cell.field: value is not None for cell, value in self._values.items() if cell.key == key}
        kept = [name for name in self._door.fields(key) if own.pop(name, True)]
        return (*kept, *(name for name, there in own.items() if there))

    def note(self, name: str) -> tuple[bytes, int] | None:
        """A remembered answer, and when it was put there; read without a lock, and looked at again at the end."""
        cell = Cell(self._key("notes"), name)
        if cell not in self._values:
            self._values[cell] = self._unlocked[cell] = self._door.get(cell)
        found = self._values[cell]
        if found is None:
            return None
        put, _, value = found.partition(b" ")
        return value, _number(put)

    def put_note(self, name: str, value: bytes, now: int) -> None:
        """Remember an answer."""
        self._write(Cell(self._key("notes"), name), b"%d %b" % (now, value))


def _whole(stored: bytes | None, count: int) -> tuple[int, ...] | None:
    """So many whole numbers as they are stored; StoreError for anything else."""
    if stored is None:
        return None
    numbers = tuple(map(_number, stored.split(b" ")))
    if len(numbers) != count:
        raise store_failed("answer")
    return numbers


def _number(digits: bytes) -> int:
    if not re.fullmatch(rb"-?[0-9]{1,18}", digits):
        raise store_failed("answer")
    return int(digits)
