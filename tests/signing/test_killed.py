"""Fifty two-phase signatures at the same time, their processes killed at random: nothing is half done."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eidkit.document import Document
from eidkit.errors import CanonicalError
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.signing import PemKey, Pending, prepare
from eidkit.trust.sources import Sources
from eidkit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.sandbox import Sandbox

COUNT = 50
ROUNDS = 2
PHASES = ("preparing", "storing", "completing", "writing")


def sign_in_two_halves(folder: Path, name: str, enter: Callable[[str], object]) -> None:
    """What a worker does: prepare unless that was done, then complete and write; it tells each phase it enters.

    The Pending is stored carelessly, in two halves, so that a kill can leave half of one.
    """
    document = Document.read(folder / name)
    stored = folder / f"{name}.pending"
    with PemKey.open(folder / "lan.pem", folder / "lan.pem") as key:
        if not stored.exists():
            enter("preparing")
            saved = prepare(document, key.certificate, chain=key.chain).to_json()
            with stored.open("wb") as file:
                file.write(saved[: len(saved) // 2])
                file.flush()
                enter("storing")
                time.sleep(0.002)
                file.write(saved[len(saved) // 2 :])
        enter("completing")
        pending = Pending.from_json(stored.read_bytes())
        signed = pending.complete(key.sign(pending.to_sign, pending.algorithm), document)
        enter("writing")
        signed.write(folder / "signed" / name)


def work(folder: Path, names: list[str]) -> None:
    """All of ``names`` at once, a process each; ``PID PHASE`` on standard output.

    What every worker needs is loaded before they are forked.  They are not reaped before the input ends, so that a
    process number means this worker and no other until then.
    """
    with PemKey.open(folder / "lan.pem", folder / "lan.pem") as key:
        for name in ("00.pdf", "04.xml"):
            prepare(Document.read(folder / name), key.certificate, chain=key.chain)
    workers = []
    for name in names:
        pid = os.fork()
        if pid == 0:
            try:
                sign_in_two_halves(folder, name, lambda phase: os.write(1, f"{os.getpid()} {phase}\n".encode()))
            finally:
                os._exit(0)
        workers.append(pid)
    for pid in workers:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    os.close(1)
    sys.stdin.read()


@pytest.fixture(scope="module")
def folder(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents, the key, and room for what is signed."""
    place = tmp_path_factory.mktemp("killed")
    (place / "signed").mkdir()
    (place / "lan.pem").write_bytes(sandbox.official("Nguyễn Thị Lan", "001199000071").pem())
    for name in names():
        (place / name).write_bytes(content(name))
    return place


def names() -> list[str]:
    return [f"{number:02}.{'xml' if number % 5 == 4 else 'pdf'}" for number in range(COUNT)]


def content(name: str) -> bytes:
    return form_xml() if name.endswith("xml") else decision_pdf()


def run(folder: Path, chance: random.Random) -> int:
    """All unsigned documents at once, some of them by two workers; how many workers were killed."""
    left = [name for name in names() if not (folder / "signed" / name).exists()]
    killed = 0
    fates: dict[str, str | None] = {}
    with subprocess.Popen(
        [sys.executable, __file__, folder, *left, *left[::5]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            pid, phase = line.split()
            if fates.setdefault(pid, chance.choice(PHASES) if chance.random() < 0.8 else None) == phase:
                time.sleep(chance.random() * 0.004)
                os.kill(int(pid), signal.SIGKILL)
                killed += 1
    assert process.returncode == 0
    return killed


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="there are no such processes here")
def test_every_pending_completes_or_is_refused_and_no_document_is_half_written(folder: Path, sandbox: Sandbox) -> None:
    chance = random.Random(20260302)  # noqa: S311 - the same fates each time
    killed = [run(folder, chance) for _ in range(ROUNDS)]
    assert killed[0] > COUNT // 2
    written = whole_names(folder)
    assert 0 < len(written) < COUNT
    assert [name for name in written if not verifies(folder / "signed" / name, sandbox)] == []

    refused = finish(folder)
    assert 0 < len(refused) < COUNT
    assert whole_names(folder) == names()
    assert [name for name in names() if not verifies(folder / "signed" / name, sandbox)] == []
    assert [name for name in names() if (folder / name).read_bytes() != content(name)] == []


def whole_names(folder: Path) -> list[str]:
    """What stands under its own name; a killed writer may leave a temporary file beside it."""
    return sorted(path.name for path in (folder / "signed").iterdir() if not path.name.startswith("."))


def finish(folder: Path) -> list[str]:
    """Every Pending completed in this process; the names of those that are no whole Pending, done from the start."""
    refused = []
    with PemKey.open(folder / "lan.pem", folder / "lan.pem") as key:
        for name in names():
            document = Document.read(folder / name)
            pending = stored_whole(folder / f"{name}.pending")
            if pending is None:
                refused.append(name)
                pending = prepare(document, key.certificate, chain=key.chain)
            signed = pending.complete(key.sign(pending.to_sign, pending.algorithm), document)
            signed.write(folder / "signed" / name)
    return refused


def stored_whole(stored: Path) -> Pending | None:
    """The Pending that was stored; one that was not stored whole is refused by name, and nothing else is raised."""
    try:
        return Pending.from_json(stored.read_bytes())
    except (CanonicalError, FileNotFoundError):
        return None


def verifies(path: Path, sandbox: Sandbox) -> bool:
    answers = Sources.of(crls=sandbox.crls())
    return bool(verify(Document.read(path), sandbox.trust, sources=answers, clock=sandbox.clock))


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2:])
