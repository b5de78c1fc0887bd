"""EU DSS's opinion, as values: the Maven program in ``dss/`` built once into a cache folder and asked in batches."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "dss"
_BUILD_SECONDS = 900
_RUN_SECONDS = 900
_MAIN = "eidkit.Oracle"


@dataclass(frozen=True, slots=True)
class Role:
    """A signer role as DSS lists it: ``CLAIMED``, ``CERTIFIED`` or ``SIGNED`` (an assertion), and its text."""

    category: str
    text: str


@dataclass(frozen=True, slots=True)
class Timestamp:
    """What DSS says of one timestamp token."""

    type: str
    time: datetime
    indication: str
    subindication: str | None
    intact: bool
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """What DSS says of one signature: ``format`` such as ``PAdES``, ``level`` such as ``PAdES-BASELINE-T``."""

    format: str
    level: str
    signed_by: str | None
    indication: str
    subindication: str | None
    intact: bool
    structure_valid: bool
    algorithm: str | None
    digest: str | None
    undefined_changes: int
    roles: tuple[Role, ...]
    timestamps: tuple[Timestamp, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What DSS says of one file; ``error`` when it refuses to read it."""

    file: Path
    error: str | None
    signatures: tuple[Signature, ...]
    timestamps: tuple[Timestamp, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What DSS may rely on, as DER: anchors of every kind, other certificates, CRLs and OCSP answers."""

    anchors: Sequence[bytes] = ()
    certificates: Sequence[bytes] = ()
    crls: Sequence[bytes] = ()
    ocsps: Sequence[bytes] = ()


def validate(
    files: Sequence[Path],
    material: Material,
    *,
    policy: Path | None = None,
    allow_eddsa: bool = False,
    at: datetime | None = None,
    detached: Sequence[Path] = (),
) -> dict[Path, Verdict]:
    """DSS's verdict on every file, from one Java process; nothing is fetched.

    ``policy`` is a DSS policy file (default: DSS's own); ``allow_eddsa`` adds EdDSA to its algorithms.
    """
    extra = ["--policy", str(policy)] if policy else []
    extra += ["--allow-eddsa"] if allow_eddsa else []
    extra += ["--at", at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")] if at else []
    for content in detached:
        extra += ["--detached", str(content)]
    lines = _asked(files, material, extra)
    return {file: _verdict(file, line) for file, line in zip(files, lines, strict=True)}


def milliseconds(file: Path, material: Material, rounds: int) -> float:
    """The CPU milliseconds that one validation of ``file`` takes DSS when it is warm: the median of half the rounds."""
    (line,) = _asked([file], material, ["--rounds", str(rounds)])
    return float(line["milliseconds"])


def _asked(files: Sequence[Path], material: Material, extra: Sequence[str]) -> list[dict[str, Any]]:
    """One Java process over all files; what it says of each."""
    with command(files, material) as words:
        run = subprocess.run([*words, *extra], capture_output=True, timeout=_RUN_SECONDS, check=False)
    lines = run.stdout.decode("utf-8").splitlines()
    if run.returncode or len(lines) != len(files):
        raise RuntimeError(f"the DSS program failed: {run.stderr.decode('utf-8', 'replace')[-2000:]}")
    return [json.loads(line) for line in lines]


@contextlib.contextmanager
def command(files: Sequence[Path], material: Material) -> Iterator[list[str]]:
    """The command that validates the files; what it relies on lies in a folder that lasts as long as the block."""
    classpath = program()
    with _written(material) as options:
        listing = options.folder / "files"
        listing.write_text("".join(f"{file.absolute()}\n" for file in files), encoding="utf-8")
        yield ["java", "-XX:+UseSerialGC", "-cp", classpath, _MAIN, *options.arguments, "--files", str(listing)]


def program() -> str:
    """The class path of the built program; builds it when its sources are new (Maven's cache first, then online)."""
    folder = _cache() / f"dss-{_fingerprint()}"
    done = folder / "built"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _build(folder / "target")
            done.touch()
    return f"{folder / 'target' / 'dss-oracle-1.jar'}:{folder / 'target' / 'lib'}/*"


def _build(target: Path) -> None:
    command = ["mvn", "-q", "-B", "-f", str(SOURCE / "pom.xml"), f"-Doracle.build={target}", "package"]
    offline = subprocess.run([*command, "-o"], capture_output=True, timeout=_BUILD_SECONDS, check=False)
    if offline.returncode == 0:
        return
    online = subprocess.run(command, capture_output=True, timeout=_BUILD_SECONDS, check=False)
    if online.returncode:
        raise RuntimeError(f"the DSS program was not built: {online.stdout.decode('utf-8', 'replace')[-2000:]}")


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eidkit-tests"


def _fingerprint() -> str:
    state = hashlib.sha256()
    for file in sorted(SOURCE.rglob("*")):
        if file.suffix in {".java", ".xml"} and "target" not in file.parts:
            state.update(file.read_bytes())
    return state.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Options:
    folder: Path
    arguments: list[str]


@contextlib.contextmanager
def _written(material: Material) -> Iterator[_Options]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments: list[str] = []
        for option in ("anchor", "certificate", "crl", "ocsp"):
            for number, data in enumerate(getattr(material, option + "s")):
                path = folder / f"{option}-{number}"
                path.write_bytes(data)
                arguments += [f"--{option}", str(path)]
        yield _Options(folder, arguments)


def _verdict(file: Path, line: dict[str, Any]) -> Verdict:
    return Verdict(
        file=file,
        error=line.get("error"),
        signatures=tuple(_signature(item) for item in line.get("signatures", [])),
        timestamps=tuple(_timestamp(item) for item in line.get("timestamps", [])),
    )


def _signature(item: dict[str, Any]) -> Signature:
    return Signature(
        format=item["format"],
        level=item["level"].replace("_", "-"),
        signed_by=item["signed_by"],
        indication=item["indication"].replace("_", "-"),
        subindication=item["subindication"],
        intact=item["intact"],
        structure_valid=item["structure_valid"],
        algorithm=item["algorithm"],
        digest=item["digest"],
        undefined_changes=item["undefined_changes"],
        roles=tuple(Role(role["category"], role["role"] or "") for role in item["roles"]),
        timestamps=tuple(_timestamp(timestamp) for timestamp in item["timestamps"]),
        errors=tuple(item["errors"]),
        warnings=tuple(item["warnings"]),
    )


def _timestamp(item: dict[str, Any]) -> Timestamp:
    return Timestamp(
        type=item["type"],
        time=datetime.fromisoformat(item["time"]),
        indication=item["indication"].replace("_", "-"),
        subindication=item["subindication"],
        intact=item["intact"],
        errors=tuple(item["errors"]),
    )
