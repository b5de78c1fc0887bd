"""The examples as processes beside ``eidkit sandbox serve``, each with a folder of its own, ended with their block."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from eidkit.auth import Stores, otp, webauthn
from eidkit.identity import Identity
from eidkit.sandbox import init
from eidkit.sandbox.server import free_address

ROOT = Path(__file__).resolve().parents[2]
EIDKIT = [sys.executable, "-m", "eidkit.cli"]
PEOPLE = (Identity("vn-cccd", "000195000011", "Phạm Thị Mai"), Identity("vn-cccd", "000080000033", "Trần Văn Bình"))
"""Who holds a role in the examples."""
_SECONDS = 60
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Sandbox(NamedTuple):
    """A served sandbox: its folder and its address."""

    folder: Path
    address: str


@dataclass(frozen=True)
class Program:
    """A running example: where it is, where it keeps what it knows, the sandbox it trusts."""

    origin: str
    data: Path
    sandbox: Sandbox

    @property
    def dossier(self) -> Path:
        return self.data / "dossier"

    @property
    def pin(self) -> Path:
        """Where a program with passkeys keeps their pin."""
        return self.data / "party.json"

    @property
    def stores(self) -> Stores:
        """The stores of the running program, opened a second time."""
        return Stores.sqlite(self.data / "logins.db", key=(self.data / "store.key").read_bytes())

    def begin_anew(self) -> None:
        """A dossier of the same documents at its first step; nobody has an app or a passkey, nothing was counted."""
        stores = self.stores
        for person in PEOPLE:
            otp.withdraw(person, stores=stores)
            otp.unlock(person, stores=stores)
        if self.pin.exists():
            party = replace(webauthn.RelyingParty.read(self.pin), credentials=())
            party.write(self.pin)
            for person in PEOPLE:
                webauthn.forget(person, party=party, stores=stores)
        stores.backend.close()
        if (self.data / "site.db").exists():
            with closing(sqlite3.connect(self.data / "site.db")) as database:
                database.execute("DELETE FROM permits_taken")
                database.commit()
        shutil.rmtree(self.dossier)
        shutil.copytree(self.data / "first", self.dossier)

    def fault(self, path: str, **form: str) -> None:
        """Switch something on the sandbox's control page."""
        body = urllib.parse.urlencode(form).encode()
        headers = {"accept": "application/json"}
        request = urllib.request.Request(f"{self.sandbox.address}control/{path}", body, headers)
        _OPENER.open(request, timeout=_SECONDS).close()

    def verified(self, procedure: Path, *options: str) -> tuple[int, dict[str, object]]:
        """Exit code and words of ``eidkit dossier verify``, in a process that has files and anchors alone."""
        trust = ["--trust", str(self.sandbox.folder / "roots"), "--crl", str(self.sandbox.folder / "crls")]
        command = [*EIDKIT, "dossier", "verify", str(self.dossier), "--procedure", str(procedure), *trust, *options]
        done = subprocess.run([*command, "--offline", "--json"], capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout)


@contextmanager
def sandbox(folder: Path) -> Iterator[Sandbox]:
    """``eidkit sandbox serve`` for the block."""
    init(folder, base_url=free_address())
    log = folder.parent / "sandbox.log"
    with _process([*EIDKIT, "sandbox", "serve", str(folder)], {}, log) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.endswith("/tsa"), log.read_text()
        yield Sandbox(folder, line.removesuffix("tsa"))


@contextmanager
def program(command: Sequence[str], environment: Mapping[str, str], data: Path, trusted: Sandbox) -> Iterator[Program]:
    """A web program for the block; ``{port}`` in ``command`` is the port that it serves."""
    data.mkdir(parents=True, exist_ok=True)
    (data / "store.key").write_bytes(secrets.token_bytes(32))
    origin = free_address().rstrip("/").replace("127.0.0.1", "localhost")
    port = origin.rpartition(":")[2]
    told = {
        "PERMITS_ORIGIN": origin,
        "PERMITS_SANDBOX": str(trusted.folder),
        "PERMITS_DATA": str(data),
        "PERMITS_STORE_KEY": str(data / "store.key"),
        "PERMITS_KEY_PASSWORD": "sandbox",
        "PERMITS_ISSUER": f"{trusted.address}oidc",
        "PERMITS_TSA": f"{trusted.address}tsa",
        **environment,
    }
    with _process([one.replace("{port}", port) for one in command], told, data / "program.log") as process:
        _wait(origin.replace("localhost", "127.0.0.1"), process, data / "program.log")
        shutil.copytree(data / "dossier", data / "first")
        yield Program(origin, data, trusted)


@contextmanager
def _process(command: Sequence[str], told: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | told
    with log.open("w") as said:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _wait(address: str, process: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            _OPENER.open(address, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
