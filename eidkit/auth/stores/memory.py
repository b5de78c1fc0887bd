"""Stores in memory: one lock, and a unit that is undone when it raises."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eidkit.auth.stores import Attempts, Counter
from eidkit.errors import StoreError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eidkit.auth.stores import Unit

_ABSENT = object()
_ROOM = 1024


class MemoryBackend:
    """Dictionaries behind one lock.  Threads may share it; a forked process refuses, for it would go its own way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._unit = MemoryUnit()

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A unit; others wait until it ends."""
        if os.getpid() != self._pid:
            raise StoreError(
                "store-forked",
                Text("stores in memory do not survive a fork", "stores trong bộ nhớ không dùng được sau khi fork"),
                Text(
                    "use Stores.sqlite, or make the stores after the fork", "dùng Stores.sqlite hoặc tạo sau khi fork"
                ),
                kind="configuration",
                retryable=False,
            )
        with self._lock:
            unit = self._unit
            unit.undo.clear()
            try:
                yield unit
            except BaseException:
                unit.roll_back()
                raise


class MemoryUnit:
    """The tables, and what has to be put back when the unit fails."""

    def __init__(self) -> None:
        self.undo: list[tuple[dict[str, Any], str, Any]] = []
        self._challenges: dict[str, tuple[bytes, int]] = {}
        self._seen: dict[str, int] = {}
        self._counters: dict[str, Counter] = {}
        self._attempts: dict[str, Attempts] = {}
        self._secrets: dict[str, bytes] = {}
        self._notes: dict[str, tuple[bytes, int]] = {}
        # What expired is swept when a table has doubled, so that one call in many pays for it.
        self._room = {"challenges": _ROOM, "seen": _ROOM}

    def roll_back(self) -> None:
        """Put everything back, last change first."""
        for table, key, before in reversed(self.undo):
            if before is _ABSENT:
                table.pop(key, None)
            else:
                table[key] = before
        self.undo.clear()

    def _set(self, table: dict[str, Any], key: str, value: Any) -> None:
        self.undo.append((table, key, table.get(key, _ABSENT)))
        if value is _ABSENT:
            table.pop(key, None)
        else:
            table[key] = value

    def put_challenge(self, name: str, record: bytes, expires: int, now: int) -> None:
        """Keep a record under a new name."""
        if len(self._challenges) >= self._room["challenges"]:
            for old in [known for known, (_, end) in self._challenges.items() if end < now]:
                self._set(self._challenges, old, _ABSENT)
            self._room["challenges"] = 2 * len(self._challenges) + _ROOM
        self._set(self._challenges, name, (record, expires))

    def challenge(self, name: str) -> bytes | None:
        """The record, left where it is."""
        found = self._challenges.get(name)
        return found[0] if found else None

    def take_challenge(self, name: str) -> bytes | None:
        """The record, which is gone afterwards."""
        found = self.challenge(name)
        if found is not None:
            self._set(self._challenges, name, _ABSENT)
        return found

    def add_if_absent(self, name: str, expires: int, now: int) -> bool:
        """False when it is remembered already."""
        if len(self._seen) >= self._room["seen"]:
            for old in [known for known, end in self._seen.items() if end < now]:
                self._set(self._seen, old, _ABSENT)
            self._room["seen"] = 2 * len(self._seen) + _ROOM
        elif self._seen.get(name, now) < now:
            self._set(self._seen, name, _ABSENT)
        if name in self._seen:
            return False
        self._set(self._seen, name, expires)
        return True

    def counter(self, name: str) -> Counter | None:
        """The last accepted step and its drift."""
        return self._counters.get(name)

    def advance(self, name: str, value: int, drift: int) -> bool:
        """False unless strictly greater than before."""
        before = self._counters.get(name)
        if before is not None and value <= before.value:
            return False
        self._set(self._counters, name, Counter(value, drift))
        return True

    def attempts(self, name: str) -> Attempts:
        """What was counted; zero when nothing was."""
        return self._attempts.get(name, Attempts(0, 0))

    def set_attempts(self, name: str, attempts: Attempts) -> None:
        """Replace what was counted."""
        self._set(self._attempts, name, attempts if attempts.failed else _ABSENT)

    def forget_attempts(self, prefix: str, before: int) -> None:
        """Forget old counts under names that begin with ``prefix``."""
        for old in [n for n, a in self._attempts.items() if a.last < before and n.startswith(prefix)]:
            self._set(self._attempts, old, _ABSENT)

    def secret(self, name: str) -> bytes | None:
        """The sealed secret."""
        return self._secrets.get(name)

    def put_secret(self, name: str, sealed: bytes) -> None:
        """Keep a sealed secret."""
        self._set(self._secrets, name, sealed)

    def delete_secret(self, name: str) -> bool:
        """False when there was none."""
        there = name in self._secrets
        self._set(self._secrets, name, _ABSENT)
        return there

    def secret_names(self) -> Sequence[str]:
        """The names of all secrets."""
        return tuple(self._secrets)

    def note(self, name: str) -> tuple[bytes, int] | None:
        """A remembered answer, and when it was put there."""
        return self._notes.get(name)

    def put_note(self, name: str, value: bytes, now: int) -> None:
        """Remember an answer."""
        self._set(self._notes, name, (value, now))
