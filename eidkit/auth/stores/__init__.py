"""Stores: what has to be remembered between ``begin`` and ``verify``, and for ever after a code was used.

A *unit* is one atomic piece of work: everything in it happens, or nothing.  Whatever fails in a store refuses
the answer that it should have guarded (:class:`~eidkit.errors.StoreError`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, NamedTuple, Protocol

from eidkit.auth.stores.sealing import KEY_SIZE, Sealer
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from eidkit.identity import Identity

__all__ = ["Attempts", "Backend", "Counter", "Stores", "Unit"]


class Attempts(NamedTuple):
    """How many attempts failed since the last success, and when the last one was (Unix seconds)."""

    failed: int
    last: int


class Counter(NamedTuple):
    """The last step or counter that was accepted, and the drift remembered with it."""

    value: int
    drift: int


class Unit(Protocol):
    """*(port)* One atomic piece of work; times are Unix seconds, names are short ASCII texts."""

    def put_challenge(self, name: str, record: bytes, expires: int, now: int) -> None:
        """Keep ``record`` under a new ``name``; forget what expired long before ``now``."""
        ...

    def challenge(self, name: str) -> bytes | None:
        """The record under ``name``, left where it is."""
        ...

    def take_challenge(self, name: str) -> bytes | None:
        """The record under ``name``, which is gone afterwards: only one caller ever gets it."""
        ...

    def add_if_absent(self, name: str, expires: int, now: int) -> bool:
        """Remember ``name`` until ``expires``; false when it is remembered already."""
        ...

    def counter(self, name: str) -> Counter | None:
        """The last accepted step and its drift."""
        ...

    def advance(self, name: str, value: int, drift: int) -> bool:
        """Set the counter if ``value`` is strictly greater than before; false otherwise."""
        ...

    def attempts(self, name: str) -> Attempts:
        """What was counted under ``name``; zero when nothing was."""
        ...

    def set_attempts(self, name: str, attempts: Attempts) -> None:
        """Replace what was counted; zero forgets the key."""
        ...

    def forget_attempts(self, prefix: str, before: int) -> None:
        """Forget what was counted under names that begin with ``prefix``, where the last one was ``before``.

        ``prefix`` ends with the first colon of those names.  Some at a time is enough, if it is more than are added.
        """
        ...

    def secret(self, name: str) -> bytes | None:
        """The sealed secret under ``name``."""
        ...

    def put_secret(self, name: str, sealed: bytes) -> None:
        """Keep a sealed secret under ``name``, replacing the one before."""
        ...

    def delete_secret(self, name: str) -> bool:
        """Forget the secret under ``name``; false when there was none."""
        ...

    def secret_names(self) -> Sequence[str]:
        """The names of all secrets."""
        ...

    def note(self, name: str) -> tuple[bytes, int] | None:
        """A remembered answer of somebody else (such as a key set), and when it was put there."""
        ...

    def put_note(self, name: str, value: bytes, now: int) -> None:
        """Remember such an answer, replacing the one before."""
        ...


class Backend(Protocol):
    """*(port)* Where units happen.  Threads may share it; a failure raises StoreError."""

    def unit(self) -> AbstractContextManager[Unit]:
        """A new unit: kept when the block ends, undone when it raises."""
        ...


class Stores:
    """A backend and the key that seals what is secret in it.  Threads may share one; so may forked processes.

    Personal identifiers stand in it only as keyed digests; secrets, transactions and identities are sealed with
    AES-256-GCM under the caller's key.  ``repr`` and pickling show no key (pickling is refused).
    """

    __slots__ = ("_lookup", "_sealer", "backend")

    def __init__(self, backend: Backend, key: bytes, former_keys: Sequence[bytes] = ()) -> None:
        self.backend = backend
        self._sealer = Sealer(key, former_keys)
        self._lookup = self._lookup_key()

    @classmethod
    def memory(cls) -> Stores:
        """Stores in this process only, gone when it ends: for tests and demonstrations."""
        from eidkit.auth.stores.memory import MemoryBackend

        return cls(MemoryBackend(), secrets.token_bytes(KEY_SIZE))

    @classmethod
    def sqlite(cls, path: str | os.PathLike[str], *, key: bytes, former_keys: Sequence[bytes] = ()) -> Stores:
        """Stores in one SQLite file that several processes may use; made when it is not there.

        ``key`` is 32 random bytes from wherever secrets are kept, never from the same disk; ``former_keys`` open
        what older keys sealed (see :meth:`reseal`).  Another key than the file's raises StoreError.  After a
        restore from a backup, codes used since then would count again: wait two minutes before you open, move counting
        devices on (:func:`eidkit.auth.hotp.skip`), and issue new recovery codes.
        """
        from eidkit.auth.stores.sqlite import SqliteBackend

        return cls(SqliteBackend(path), key, former_keys)

    @classmethod
    def postgresql(cls, url: str, *, key: bytes, former_keys: Sequence[bytes] = (), durable: bool = True) -> Stores:
        """Stores in a PostgreSQL database, which may be that of your application; its tables are made when missing.

        ``url`` is ``postgresql://user@host/database``, with what libpq knows behind it (``?sslmode=verify-full``).
        The stores open connections of their own, so that nothing is undone when your transaction is.  A server with
        ``fsync = off`` raises StoreError unless ``durable=False``.  Keys and backups as with :meth:`sqlite`.
        Raises ImportError without ``pip install 'eidkit[postgresql]'``.
        """
        try:
            from eidkit.auth.stores.postgresql import PostgresqlBackend
        except ImportError as error:
            raise _extra("PostgreSQL", "postgresql") from error
        return cls(PostgresqlBackend(url, durable=durable), key, former_keys)

    @classmethod
    def redis(
        cls, url: str, *, key: bytes, former_keys: Sequence[bytes] = (), prefix: str = "eidkit", durable: bool = True
    ) -> Stores:
        """Stores in a Redis server, under keys that begin with ``{prefix}``.

        ``url`` is ``redis://host:6379/0``, ``rediss://…`` or ``unix://…``.  A server that can forget a used code
        after it confirmed it raises StoreError: it must have ``appendonly yes``, ``appendfsync always`` and
        ``maxmemory-policy noeviction``.  ``durable=False`` accepts any: then a used code can count again after a
        power cut or when memory runs out.  A failover to a replica forgets what had not reached it.  Keys and backups
        as with :meth:`sqlite`.  Raises ImportError without ``pip install 'eidkit[redis]'``.
        """
        try:
            from eidkit.auth.stores.redis import RedisBackend
        except ImportError as error:
            raise _extra("Redis", "redis") from error
        return cls(RedisBackend(url, prefix=prefix, durable=durable), key, former_keys)

    def unit(self) -> AbstractContextManager[Unit]:
        """One atomic piece of work on the backend."""
        return self.backend.unit()

    def seal(self, plain: bytes, place: str) -> bytes:
        """``plain`` encrypted so that it opens only at ``place``."""
        return self._sealer.seal(plain, place)

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was sealed for ``place``; StoreError when it was moved, changed, or sealed under an unknown key."""
        return self._sealer.open(sealed, place)

    def put_secret(self, unit: Unit, name: str, label: str, plain: bytes) -> None:
        """Seal ``plain`` under ``name``; it opens only there and under its ``label`` (16 characters)."""
        unit.put_secret(name, label.encode("ascii") + self.seal(plain, f"{name}:{label}"))

    def secret(self, unit: Unit, name: str) -> tuple[str, bytes] | None:
        """The label and the plain secret under ``name``, or ``None``."""
        stored = unit.secret(name)
        if stored is None:
            return None
        label = stored[:_LABEL].decode("latin-1")
        return label, self.open(stored[_LABEL:], f"{name}:{label}")

    def digest(self, *parts: str) -> str:
        """A keyed digest of ``parts`` that gives none of them away; the same for the life of the stores."""
        return hmac.new(self._lookup, "\x00".join(parts).encode(), hashlib.sha256).hexdigest()

    def subject_key(self, identity: Identity) -> str:
        """The name under which ``identity`` stands in the backend: a keyed digest that gives no number away."""
        return self.digest("subject", identity.scheme, identity.identifier)

    def rotate(self, key: bytes) -> int:
        """Seal under ``key`` from now on, and every secret again under it; how many were sealed again.

        Other processes must be able to open what is sealed here: start them with the new key among ``former_keys``
        first, then rotate, then start them with the new key and without the old one.  Challenges that are open stay
        answerable here; elsewhere keep the old key among ``former_keys`` for half an hour more.
        """
        self._sealer = self._sealer.succeeded_by(key)
        return self.reseal()

    def reseal(self) -> int:
        """Seal every secret again under the present key; how many were not yet.  Then former keys may go.

        A hundred in each unit, so that nobody who logs in waits long; broken off, it goes on when called again.
        """
        with self.unit() as unit:
            # In one order, so that two that do this at once do not wait for each other in a circle.
            names = sorted(unit.secret_names())
        changed = 0
        for start in range(0, len(names), _BATCH):
            with self.unit() as unit:
                changed += sum(self._resealed(unit, name) for name in names[start : start + _BATCH])
        return changed

    def _resealed(self, unit: Unit, name: str) -> bool:
        stored = unit.secret(name)
        opened = self.secret(unit, name)
        if stored is None or opened is None or self._sealer.is_current(stored[_LABEL:]):
            return False
        self.put_secret(unit, name, *opened)
        return True

    def _lookup_key(self) -> bytes:
        with self.unit() as unit:
            kept = self.secret(unit, _LOOKUP)
            if kept is None:
                kept = ("0" * _LABEL, secrets.token_bytes(KEY_SIZE))
                self.put_secret(unit, _LOOKUP, *kept)
        return kept[1]

    def __repr__(self) -> str:
        return f"Stores({type(self.backend).__name__})"

    def __reduce__(self) -> str:
        raise EidkitError(
            "stores-not-portable",
            Text("stores hold a key and are not pickled", "không thể pickle stores vì có chứa khóa"),
            Text("open the stores again in the other process", "mở lại stores trong tiến trình kia"),
        )


def _extra(server: str, extra: str) -> ImportError:
    return ImportError(f"stores in {server} need more packages: pip install 'eidkit[{extra}]'")


_LOOKUP = "lookup"
_LABEL = 16
_BATCH = 100
