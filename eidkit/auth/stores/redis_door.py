"""The way to a Redis server: its address, bounds, what it must promise, and answers that are not believed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from eidkit.auth.stores import redis_scripts
from eidkit.auth.stores.failing import not_durable, other_version, store_failed, url_refused
from eidkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redis.commands.core import Script

VERSION = b"1"
CONNECT_SECONDS = 3
ANSWER_SECONDS = 5
CONNECTIONS = 32
PROMISES = (
    ("maxmemory-policy", "noeviction"),  # every other drops keys when memory runs out
    ("appendonly", "yes"),
    ("appendfsync", "always"),  # "everysec" forgets the last second in a power cut
)
_SCHEMES = ("redis", "rediss", "unix")


class Cell(NamedTuple):
    """Where one value lies: a key, and a field when the key is a hash."""

    key: str
    field: str = ""


class RedisDoor:
    """Connections to one server and the scripts in it.  Threads may share it, and so may forked processes."""

    def __init__(self, url: str) -> None:
        self._client = _client(url)
        self._touch = self._client.register_script(redis_scripts.TOUCH)
        self._commit = self._client.register_script(redis_scripts.COMMIT)
        self._release = self._client.register_script(redis_scripts.RELEASE)

    def check(self, prefix: str, *, durable: bool) -> None:
        """Refuse a server that may forget what it confirmed, and what another release keeps under ``prefix``."""
        with _store_errors():
            for name, promised in PROMISES if durable else ():
                found = self._setting(name)
                if found != promised:
                    raise not_durable(f"{name} = {found or 'not told'}, not {promised}")
            key = f"{prefix}:version"
            self._client.set(key, VERSION, nx=True)
            if self._client.get(key) != VERSION:
                raise other_version()

    def get(self, cell: Cell) -> bytes | None:
        """What stands at ``cell`` now."""
        with _store_errors():
            found = self._client.hget(*cell) if cell.field else self._client.get(cell.key)
            return _bytes_or_none(found)

    def fields(self, key: str) -> list[str]:
        """The fields of a hash."""
        with _store_errors():
            found: Any = self._client.hkeys(key)
            return [name.decode("utf-8") for name in found]

    def touch(self, lock: str, cell: Cell, owner: str, milliseconds: int) -> tuple[bool, bytes | None]:
        """Whether ``lock`` is now the owner's, and then what stands at ``cell``."""
        answer = self._run(self._touch, [lock, cell.key], [owner, milliseconds, cell.field])
        with _store_errors():
            if answer == [0]:
                return False, None
            one, value = answer
            if one != 1:
                raise ValueError("a script answered something else")
            return True, _bytes_or_none(value)

    def commit(self, keys: Sequence[str], words: Sequence[str | bytes | int]) -> bool:
        """Whether everything was as the unit believed and was written."""
        answer = self._run(self._commit, keys, words)
        if answer not in {0, 1} or isinstance(answer, bool):
            raise store_failed("answer")
        return bool(answer)

    def release(self, locks: Sequence[str], owner: str) -> None:
        """Give back those ``locks`` that are the owner's."""
        self._run(self._release, locks, [owner])

    def close(self) -> None:
        """Close this process's connections; the next call opens others."""
        self._client.connection_pool.disconnect()

    def _setting(self, name: str) -> str | None:
        """A setting of the server, or ``None`` where it does not tell."""
        try:
            told: Any = self._client.config_get(name)
        except ResponseError:
            return None
        # Bytes or text, as the library's version has it.
        found = {_text(key): _text(value) for key, value in told.items()}
        return found.get(name)

    def _run(self, script: Script, keys: Sequence[str], words: Sequence[str | bytes | int]) -> Any:
        with _store_errors():
            return script(keys=keys, args=words)


def _client(url: str) -> redis.Redis:
    try:
        parts = urlsplit(url)
        words = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        # Others would change how answers are read or how long we wait for them.
        if parts.scheme not in _SCHEMES or any(name != "db" and not name.startswith("ssl_") for name in words):
            raise url_refused("redis://host:6379/0")
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=ANSWER_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            health_check_interval=30,
            # Once more at once, for a connection that the server had closed.  A commit that was done although its
            # answer was lost is refused the second time, because its locks are gone.
            retry=Retry(NoBackoff(), 1),
            protocol=2,
        )
    except ValueError:
        raise url_refused("redis://host:6379/0") from None
    return redis.Redis(connection_pool=pool)


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # what the library raises when a server answers nonsense is not in its contract
        raise store_failed(type(error).__name__) from error


def _bytes_or_none(found: Any) -> bytes | None:
    if found is None or isinstance(found, bytes):
        return found
    raise TypeError("a script answered something else")


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
