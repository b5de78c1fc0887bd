"""Real servers for the stores, each private to one test session: in a folder of its own, on a socket in it, no port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from eidkit.auth import Stores

KINDS = ("memory", "sqlite", "postgresql", "redis")
SHARED = KINDS[1:]
"""Those that several processes may use."""
KEY = bytes(range(32))
PROGRAMS = {"postgresql": ("postgres", "initdb"), "redis": ("redis-server",)}


def program(name: str) -> str | None:
    """Where a server's program is: Debian keeps those of PostgreSQL out of the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return shutil.which(name) or (str(versions[-1]) if versions else None)


def opened(kind: str, address: str, *, key: bytes = KEY, former_keys: tuple[bytes, ...] = ()) -> Stores:
    """The stores at ``address``, in whatever process this is called."""
    if kind == "memory":
        return Stores.memory()
    if kind == "redis":
        url, _, prefix = address.partition("#")
        return Stores.redis(url, key=key, former_keys=former_keys, prefix=prefix or "eidkit")
    return getattr(Stores, kind)(address, key=key, former_keys=former_keys)


@dataclass
class Place:
    """Stores of one kind at an address of their own, opened as often as a test likes and closed at its end."""

    kind: str
    address: str
    given: list[Stores] = field(default_factory=list)

    def open(self, **keys: object) -> Stores:
        self.given.append(opened(self.kind, self.address, **keys))
        return self.given[-1]

    def close(self) -> None:
        for stores in self.given:
            if self.kind != "memory":
                stores.backend.close()
        self.given.clear()


class Server:
    """A process in a folder that goes away with it; it ends with this process, even when that is killed."""

    stopping = signal.SIGTERM
    user = "nobody"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="eidkit-server-"))
        self.log = self.folder / "log"
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user)
        self.made = 0

    def start(self) -> None:
        end = time.monotonic() + 60
        self._begin()
        while not self.answers():
            if time.monotonic() > end:
                self.kill()
                raise RuntimeError(self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.02)
            if self.process.poll() is not None:
                # After a kill, what the kernel still holds of the one before may be in the way for a moment.
                time.sleep(0.2)
                self._begin()

    def _begin(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._dropping(), *self.command()], stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )

    def _dropping(self) -> list[str]:
        """Nobody's rights, and an end when we end."""
        if not shutil.which("setpriv"):
            return []
        rights = ["--reuid", self.user, "--regid", self.group(), "--clear-groups"] if os.geteuid() == 0 else []
        return ["setpriv", "--pdeathsig", self.stopping.name.removeprefix("SIG"), *rights]

    def group(self) -> str:
        return self.folder.group() if os.geteuid() != 0 else self._group_of_user()

    def _group_of_user(self) -> str:
        import grp
        import pwd

        return grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name

    def stop(self) -> None:
        if self.process.poll() is None:
            for process in (self.process.pid, *self.children()):
                os.kill(process, signal.SIGCONT)
            self.process.send_signal(self.stopping)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        self.kill()

    def kill(self) -> None:
        """As a power cut does it to the process and its children; its files stay."""
        for pid in (self.process.pid, *self.children()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(20)

    def children(self) -> list[int]:
        """The processes that the server started for its connections (where the kernel tells)."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in listed.read_text().split()] if listed.exists() else []

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError


class RedisServer(Server):
    def __init__(self, *settings: str) -> None:
        super().__init__()
        self.settings = settings or ("--appendonly", "yes", "--appendfsync", "always")
        self.socket = self.folder / "redis.sock"
        self.start()

    def command(self) -> list[str]:
        where = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder), "--save", ""]
        return [str(program("redis-server")), *where, *self.settings]

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def client(self):
        import redis

        return redis.Redis(unix_socket_path=str(self.socket))

    def answers(self) -> bool:
        import redis

        client = self.client()
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
            return False
        finally:
            client.close()

    def place(self) -> Place:
        """Keys of their own for each test."""
        self.made += 1
        return Place("redis", f"{self.url}#t{self.made}")


class PostgresqlServer(Server):
    stopping = signal.SIGQUIT  # at once: nothing of it is kept
    user = "postgres"

    def __init__(self) -> None:
        super().__init__()
        self.data = self.folder / "data"
        make = [program("initdb"), "-D", self.data, "-U", "eidkit", "-A", "trust", "-E", "UTF8", "--no-sync"]
        done = subprocess.run(
            [*self._dropping(), *map(str, make)], cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        self.start()

    def command(self) -> list[str]:
        small = ["-c", "shared_buffers=16MB", "-c", "max_connections=120"]
        return [str(program("postgres")), "-D", str(self.data), "-k", str(self.folder), "-h", "", *small]

    @property
    def url(self) -> str:
        return f"postgresql://eidkit@/postgres?host={self.folder}"

    def answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """What the last statement gives."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = [cursor.fetchall() if cursor.description else [] for cursor in map(connection.execute, statements)]
        return rows[-1]

    def place(self) -> Place:
        """A schema of its own for each test."""
        self.made += 1
        self.run(f"CREATE SCHEMA t{self.made}")
        return Place("postgresql", f"{self.url}&options=-csearch_path%3Dt{self.made}")
