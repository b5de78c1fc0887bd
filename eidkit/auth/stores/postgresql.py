"""Stores in PostgreSQL: a unit is one transaction on a connection of our own, with one commit.

1. The connections are ours, never the caller's: what a unit counted, used up or took is committed at once and stays
   when the transaction of the web request around it is rolled back.
2. Before a unit reads or writes anything under a name, it takes the advisory lock of what the name belongs to
   (:mod:`~eidkit.auth.stores.guarding`) and holds it until the commit is visible to others.  Row locks would not do:
   "no attempt yet" and "not seen yet" are answers about rows that are not there.  SERIALIZABLE would not do either:
   it lets one of two units fail at the end, and a unit, once judged, cannot be run again by us.
3. READ COMMITTED is demanded, whatever the database's default is: every statement must see what was committed while
   it waited for the lock; a snapshot from before the lock would see the counter as it was.
4. One commit ends it.  Where the server does not wait for its disk, we ask for it (``synchronous_commit``), and a
   server that never waits (``fsync = off``) is refused unless the caller said ``durable=False``.
5. Everything is bounded: connecting, waiting for a lock, a statement, an answer that does not come, a unit that hangs.
6. A forked child leaves its parent's connections alone and opens its own.
7. Every failure is a StoreError; a unit in which anything failed is never committed.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import create_engine, delete, event, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from eidkit.auth.stores import Attempts, Counter, postgresql_tables
from eidkit.auth.stores.failing import not_durable, other_version, store_failed, url_refused
from eidkit.auth.stores.guarding import guard
from eidkit.auth.stores.postgresql_tables import attempts, challenges, counters, notes, secrets, seen

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from psycopg.abc import RV
    from sqlalchemy import ColumnElement, Connection, Engine, Executable, Table
    from sqlalchemy.engine.interfaces import Dialect
    from sqlalchemy.pool import ConnectionPoolEntry

    from eidkit.auth.stores import Unit

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 5
"""How long one statement may take, waiting for a lock included."""
ANSWER_SECONDS = 8.0
"""How long we wait for an answer at all, should the server not even say that it took too long."""
IDLE_SECONDS = 10
"""After which the server ends a unit whose process hangs in the middle."""
CONNECTIONS = 15
SWEPT = 100
"""How many rows that expired a call deletes at most: more than it can add, and never so many that it is noticed."""
_SETTINGS = (
    f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c lock_timeout={STATEMENT_SECONDS * 1000}"
    f" -c idle_in_transaction_session_timeout={IDLE_SECONDS * 1000}"
)
_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


class PostgresqlBackend:
    """One database.  Threads may share it, and so may forked processes."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self._pid = os.getpid()
        self._engine = _engine(_address(url))
        with _store_errors(), self._engine.begin() as connection:
            _lock(connection, "eidkit-stores-schema")
            version = postgresql_tables.version(connection)
            fsync = connection.execute(text("SHOW fsync")).scalar()
        if version != postgresql_tables.VERSION:
            raise other_version()
        if durable and fsync != "on":
            raise not_durable("fsync = off")

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A unit: committed when the block ends, undone when it raises."""
        with _store_errors():
            connection = self._own_engine().connect()
        try:
            unit = PostgresqlUnit(connection)
            yield unit
            unit.commit()
        except BaseException:
            _undo(connection)
            raise
        finally:
            connection.close()

    def close(self) -> None:
        """Close this process's connections; the next unit opens others."""
        self._own_engine().dispose()

    def __del__(self) -> None:
        engine = getattr(self, "_engine", None)
        if engine is not None and self._pid == os.getpid():
            engine.dispose()

    def _own_engine(self) -> Engine:
        # 6.
        if self._pid != os.getpid():
            self._engine.dispose(close=False)
            self._pid = os.getpid()
        return self._engine

    def __repr__(self) -> str:
        return "PostgresqlBackend()"


def _undo(connection: Connection) -> None:
    try:
        connection.rollback()
    except SQLAlchemyError:
        # A connection that cannot roll back is not used again; the server undoes the unit when it is gone.
        connection.invalidate()


class _Connection(psycopg.Connection[Any]):
    """A connection that does not wait for ever: the server's own timeouts do not help when the server hangs (5.)."""

    def wait(self, gen: Generator[Any, Any, RV], *given: Any, **named: Any) -> RV:
        """Wait for what ``gen`` waits for, but no longer than ANSWER_SECONDS."""
        return super().wait(self._within(gen), *given, **named)

    def _within(self, waiting: Generator[Any, Any, RV]) -> Generator[Any, Any, RV]:
        end = time.monotonic() + ANSWER_SECONDS
        try:
            wanted = next(waiting)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > end:
                    self.close()
                    raise psycopg.OperationalError("the server did not answer in time")
                wanted = waiting.send(ready)
        except StopIteration as done:
            answer: RV = done.value
            return answer


def _engine(address: URL) -> Engine:
    engine = create_engine(
        address,
        isolation_level="READ COMMITTED",
        pool_size=5,
        max_overflow=CONNECTIONS - 5,
        pool_timeout=STATEMENT_SECONDS,
        pool_recycle=1800,
        pool_pre_ping=True,
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: Dialect, _record: ConnectionPoolEntry, cargs: Sequence[Any], cparams: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        connection = _Connection.connect(*cargs, **cparams)
        # 4. "off" loses what was committed last; all other values wait for at least one disk, and are left as they are.
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.commit()
        return connection

    return engine


def _address(url: str) -> URL:
    """``url`` for our driver, with our bounds; what the caller wrote into it stays."""
    try:
        address = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise url_refused("postgresql://user@host/database") from None
    if address.drivername not in _SCHEMES or not address.database:
        raise url_refused("postgresql://user@host/database")
    given = address.query.get("options", "")
    bounds = {
        "connect_timeout": str(CONNECT_SECONDS),
        "application_name": "eidkit",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
    }
    query = {**bounds, **address.query, "options": " ".join(filter(None, (_SETTINGS, *_texts(given))))}
    return address.set(drivername="postgresql+psycopg", query=query)


def _texts(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as error:
        raise store_failed(type(getattr(error, "orig", None) or error).__name__) from error


def _lock(connection: Connection, what: str, *, shared: bool = False) -> None:
    """Wait for the lock of ``what``; the server frees it after the commit is visible to others."""
    number = int.from_bytes(hashlib.sha256(b"eidkit-lock-1\x00" + what.encode()).digest()[:8], "big", signed=True)
    function = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    connection.execute(select(function(number)))


class PostgresqlUnit:
    """One transaction on the connection, and the locks that it holds until its end."""

    __slots__ = ("_connection", "_failed", "_held")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: set[str] = set()
        self._failed = False

    def commit(self) -> None:
        """Commit, or StoreError."""
        if self._failed:
            raise store_failed("a statement before")
        with _store_errors():
            self._connection.commit()

    @contextmanager
    def _statements(self) -> Iterator[Connection]:
        try:
            with _store_errors():
                yield self._connection
        except BaseException:
            # PostgreSQL answers COMMIT of a broken transaction with a silent rollback.
            self._failed = True
            raise

    def _hold(self, connection: Connection, name: str) -> None:
        what = guard(name)
        if what not in self._held:
            _lock(connection, what)
            self._held.add(what)

    def _one(self, name: str, table: Table, *columns: ColumnElement[Any]) -> tuple[Any, ...] | None:
        with self._statements() as connection:
            self._hold(connection, name)
            row = connection.execute(select(*columns).where(_key(table) == name)).first()
        return None if row is None else tuple(row)

    def _do(self, name: str, statement: Executable) -> int:
        with self._statements() as connection:
            self._hold(connection, name)
            return int(connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount)

    def _sweep(self, table: Table, *old: ColumnElement[bool]) -> None:
        """Delete some rows that are ``old``, passing over those that somebody else is deleting now."""
        key = _key(table)
        some = select(key).where(*old).limit(SWEPT).with_for_update(skip_locked=True)
        with self._statements() as connection:
            connection.execute(delete(table).where(key.in_(some)))

    def put_challenge(self, name: str, record: bytes, expires: int, now: int) -> None:
        """Keep a record under a new name."""
        self._do(name, insert(challenges).values(id=name, record=record, expires=expires))
        self._sweep(challenges, challenges.c.expires < now)

    def challenge(self, name: str) -> bytes | None:
        """The record, left where it is."""
        row = self._one(name, challenges, challenges.c.record)
        return row[0] if row else None

    def take_challenge(self, name: str) -> bytes | None:
        """The record, which is gone afterwards."""
        with self._statements() as connection:
            self._hold(connection, name)
            gone = delete(challenges).where(challenges.c.id == name).returning(challenges.c.record)
            row = connection.execute(gone).first()
        return row[0] if row else None

    def add_if_absent(self, name: str, expires: int, now: int) -> bool:
        """False when it is remembered already."""
        row = insert(seen).values(key=name, expires=expires)
        row = row.on_conflict_do_update(
            index_elements=[seen.c.key], set_={"expires": row.excluded.expires}, where=seen.c.expires < now
        )
        added = self._do(name, row) == 1
        # Not before the name is locked: whoever has it would wait for the row that we delete, and we for the name.
        self._sweep(seen, seen.c.expires < now)
        return added

    def counter(self, name: str) -> Counter | None:
        """The last accepted step and its drift."""
        row = self._one(name, counters, counters.c.value, counters.c.drift)
        return Counter(*row) if row else None

    def advance(self, name: str, value: int, drift: int) -> bool:
        """False unless strictly greater than before."""
        set_to = insert(counters).values(id=name, value=value, drift=drift)
        grown = set_to.on_conflict_do_update(
            index_elements=[counters.c.id],
            set_={"value": set_to.excluded.value, "drift": set_to.excluded.drift},
            where=set_to.excluded.value > counters.c.value,
        )
        return self._do(name, grown) == 1

    def attempts(self, name: str) -> Attempts:
        """What was counted; zero when nothing was."""
        row = self._one(name, attempts, attempts.c.count, attempts.c.last)
        return Attempts(*row) if row else Attempts(0, 0)

    def set_attempts(self, name: str, attempts: Attempts) -> None:
        """Replace what was counted."""
        if attempts.failed:
            self._put(postgresql_tables.attempts, name, count=attempts.failed, last=attempts.last)
        else:
            table = postgresql_tables.attempts
            self._do(name, delete(table).where(table.c.key == name))

    def forget_attempts(self, prefix: str, before: int) -> None:
        """Forget old counts under names that begin with ``prefix``."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        self._sweep(attempts, attempts.c.key >= prefix, attempts.c.key < end, attempts.c.last < before)

    def secret(self, name: str) -> bytes | None:
        """The sealed secret."""
        row = self._one(name, secrets, secrets.c.sealed)
        return row[0] if row else None

    def put_secret(self, name: str, sealed: bytes) -> None:
        """Keep a sealed secret."""
        self._put(secrets, name, sealed=sealed)

    def delete_secret(self, name: str) -> bool:
        """False when there was none."""
        return self._do(name, delete(secrets).where(secrets.c.id == name)) == 1

    def secret_names(self) -> Sequence[str]:
        """The names of all secrets."""
        with self._statements() as connection:
            return tuple(connection.execute(select(secrets.c.id)).scalars())

    def note(self, name: str) -> tuple[bytes, int] | None:
        """A remembered answer, and when it was put there; others may read it at the same time."""
        with self._statements() as connection:
            if guard(name) not in self._held:
                _lock(connection, guard(name), shared=True)
            row = connection.execute(select(notes.c.value, notes.c.put).where(notes.c.key == name)).first()
        return (row[0], row[1]) if row else None

    def put_note(self, name: str, value: bytes, now: int) -> None:
        """Remember an answer."""
        self._put(notes, name, value=value, put=now)

    def _put(self, table: Table, name: str, **values: object) -> None:
        """Keep one row, replacing the one before."""
        key = _key(table)
        self._do(
            name,
            insert(table).values(**{key.name: name}, **values).on_conflict_do_update(index_elements=[key], set_=values),
        )


def _key(table: Table) -> ColumnElement[Any]:
    key: ColumnElement[Any] = table.primary_key.columns.values()[0]
    return key
