"""Stores in one SQLite file: a unit is one transaction with one commit, shared by threads and processes.

1. A unit begins with ``BEGIN IMMEDIATE``: whoever reads in it also holds the right to write, so that no two
   processes ever decide on the same counter, challenge or attempt.
2. It ends with one commit, durable at once (WAL, ``synchronous=FULL``): a used code stays used after a power cut.
3. One connection per process, one unit at a time in it.  A fork waits for the unit that is going on and closes the
   connection first: SQLite keeps the state of its file locks in memory, and a child that inherited it would believe
   in locks that it does not hold.
4. Every failure of SQLite is a StoreError.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eidkit.auth.stores import Attempts, Counter
from eidkit.auth.stores.failing import other_version, store_failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eidkit.auth.stores import Unit

VERSION = 1
BUSY_SECONDS = 5.0
_SCHEMA = (
    "CREATE TABLE challenges (id TEXT PRIMARY KEY, record BLOB NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX challenges_expire ON challenges (expires)",
    "CREATE TABLE seen (key TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX seen_expire ON seen (expires)",
    "CREATE TABLE counters (id TEXT PRIMARY KEY, value INTEGER NOT NULL, drift INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE attempts (key TEXT PRIMARY KEY, count INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE secrets (id TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE notes (key TEXT PRIMARY KEY, value BLOB NOT NULL, put INTEGER NOT NULL) WITHOUT ROWID",
)


class SqliteBackend:
    """One file.  Threads may share it, and so may forked processes."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        _watch_forks(weakref.ref(self))

    def before_fork(self) -> None:
        """Wait for the unit that is going on and close the connection (plan 3)."""
        self._lock.acquire()
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def after_fork(self) -> None:
        """Go on, in the parent and in the child; the next unit opens a connection of its own."""
        self._lock.release()

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A unit: begun at once with the right to write, committed when the block ends, undone when it raises."""
        with self._lock:
            connection = self._opened()
            with _store_errors():
                connection.execute("BEGIN IMMEDIATE")
            try:
                with _store_errors():
                    yield SqliteUnit(connection)
                    connection.execute("COMMIT")
            except BaseException:
                self._undo(connection)
                raise

    def close(self) -> None:
        """Close this process's connection; the next unit opens another."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()

    def _undo(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            # A connection that cannot roll back is not used again; SQLite undoes the unit when it closes.
            self._connection = None
            connection.close()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            with _store_errors():
                self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        # Made by us, so that nobody else may read it; SQLite gives its side files the same rights.
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise store_failed(type(error).__name__) from error
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _use_wal(connection)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA secure_delete=ON").fetchall()
            connection.execute("PRAGMA trusted_schema=OFF")
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def __repr__(self) -> str:
        return "SqliteBackend()"


def _watch_forks(reference: weakref.ref[SqliteBackend]) -> None:
    """Have the backend told about forks for as long as it lives."""
    told: list[SqliteBackend] = []

    def before() -> None:
        backend = reference()
        if backend is not None:
            backend.before_fork()
            told.append(backend)

    def after() -> None:
        while told:
            told.pop().after_fork()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Turn a new file to WAL; SQLite does not wait here for another process that is doing the same."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables in a new file; refuse a file of another version."""
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={VERSION}")
        version = VERSION
    connection.execute("COMMIT")
    if version != VERSION:
        raise other_version()


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise store_failed(type(error).__name__) from error


class SqliteUnit:
    """One transaction on the connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
        return row

    def _do(self, statement: str, *values: object) -> int:
        return self._connection.execute(statement, values).rowcount

    def put_challenge(self, name: str, record: bytes, expires: int, now: int) -> None:
        """Keep a record under a new name."""
        self._do("DELETE FROM challenges WHERE expires < ?", now)
        self._do("INSERT INTO challenges VALUES (?, ?, ?)", name, record, expires)

    def challenge(self, name: str) -> bytes | None:
        """The record, left where it is."""
        row = self._one("SELECT record FROM challenges WHERE id = ?", name)
        return row[0] if row else None

    def take_challenge(self, name: str) -> bytes | None:
        """The record, which is gone afterwards."""
        found = self.challenge(name)
        if found is not None:
            self._do("DELETE FROM challenges WHERE id = ?", name)
        return found

    def add_if_absent(self, name: str, expires: int, now: int) -> bool:
        """False when it is remembered already."""
        self._do("DELETE FROM seen WHERE expires < ?", now)
        return self._do("INSERT OR IGNORE INTO seen VALUES (?, ?)", name, expires) == 1

    def counter(self, name: str) -> Counter | None:
        """The last accepted step and its drift."""
        row = self._one("SELECT value, drift FROM counters WHERE id = ?", name)
        return Counter(*row) if row else None

    def advance(self, name: str, value: int, drift: int) -> bool:
        """False unless strictly greater than before."""
        # One statement decides and writes; nothing to fetch, so the lock is not held for a reader.
        statement = (
            "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value,"
            " drift = excluded.drift WHERE excluded.value > counters.value"
        )
        return self._do(statement, name, value, drift) == 1

    def attempts(self, name: str) -> Attempts:
        """What was counted; zero when nothing was."""
        row = self._one("SELECT count, last FROM attempts WHERE key = ?", name)
        return Attempts(*row) if row else Attempts(0, 0)

    def set_attempts(self, name: str, attempts: Attempts) -> None:
        """Replace what was counted."""
        if attempts.failed:
            self._do("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?)", name, attempts.failed, attempts.last)
        else:
            self._do("DELETE FROM attempts WHERE key = ?", name)

    def forget_attempts(self, prefix: str, before: int) -> None:
        """Forget old counts under names that begin with ``prefix``."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        self._do("DELETE FROM attempts WHERE key >= ? AND key < ? AND last < ?", prefix, end, before)

    def secret(self, name: str) -> bytes | None:
        """The sealed secret."""
        row = self._one("SELECT sealed FROM secrets WHERE id = ?", name)
        return row[0] if row else None

    def put_secret(self, name: str, sealed: bytes) -> None:
        """Keep a sealed secret."""
        self._do("INSERT OR REPLACE INTO secrets VALUES (?, ?)", name, sealed)

    def delete_secret(self, name: str) -> bool:
        """False when there was none."""
        return self._do("DELETE FROM secrets WHERE id = ?", name) == 1

    def secret_names(self) -> Sequence[str]:
        """The names of all secrets."""
        return tuple(row[0] for row in self._connection.execute("SELECT id FROM secrets").fetchall())

    def note(self, name: str) -> tuple[bytes, int] | None:
        """A remembered answer, and when it was put there."""
        row = self._one("SELECT value, put FROM notes WHERE key = ?", name)
        return (row[0], row[1]) if row else None

    def put_note(self, name: str, value: bytes, now: int) -> None:
        """Remember an answer."""
        self._do("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", name, value, now)
