"""A real OpenID provider as a process: the npm package of ``package.json``, installed once into a cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eidkit.sandbox.server import free_address

SOURCE = Path(__file__).parent
REDIRECT_URI = "http://127.0.0.1:1/callback"
ACR = "urn:example:loa:substantial"
_INSTALL_SECONDS = 300
_FILES = ("package.json", "server.mjs")


@dataclass(frozen=True, slots=True)
class Real:
    """A running provider."""

    issuer: str


@contextmanager
def running(
    folder: Path,
    keys: Sequence[dict[str, Any]],
    algorithms: Sequence[str],
    *,
    claims_in: str = "id-token",
    port: int = 0,
) -> Iterator[Real]:
    """The provider with these private JWKs while the block runs; for each algorithm a client ``permits-ALGORITHM``."""
    chosen = port or int(free_address().rpartition(":")[2].strip("/"))
    clients = [
        {
            "client_id": f"permits-{algorithm}",
            "token_endpoint_auth_method": "none",
            "redirect_uris": [REDIRECT_URI],
            "id_token_signed_response_alg": algorithm,
        }
        for algorithm in algorithms
    ]
    settings = folder / "settings.json"
    told = {"port": chosen, "keys": list(keys), "clients": clients, "claims_in": claims_in}
    settings.write_text(json.dumps(told), encoding="utf-8")
    command = ["node", str(installed() / "server.mjs"), str(settings)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            if process.stdout.readline() != b"ready\n":
                raise RuntimeError(f"the provider did not start: {process.stderr.read().decode()[-2000:]}")
            yield Real(f"http://127.0.0.1:{chosen}")
        finally:
            process.kill()


def installed() -> Path:
    """The folder with the provider's program and packages, installed when its sources are new; raises RuntimeError."""
    fingerprint = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in _FILES)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eidkit-tests"
    folder = cache / f"oidc-{fingerprint}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").exists():
            for name in _FILES:
                shutil.copy(SOURCE / name, folder / name)
            options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefer-offline"]
            command = ["npm", "install", *options]
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_INSTALL_SECONDS, check=False)
            if done.returncode:
                raise RuntimeError(f"the provider was not installed: {done.stderr.decode('utf-8', 'replace')[-2000:]}")
            (folder / "built").touch()
    return folder
