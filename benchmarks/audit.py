"""``eidkit audit`` over many files beside pyHanko's validator: files a second on all cores, memory, killed and resumed.

``python -m benchmarks.audit`` makes 2,000 PDFs by 20 people in a temporary folder (half B-T, half B-LT) and prints what
it measured.  pyHanko validates a sample of the same files, with the same anchors and CRLs and as many processes; its
contexts are made anew for each file, from certificates and CRLs that were parsed before.  Absolute figures mean nothing
on another machine; the ratio does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eidkit.document import Document
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf
from eidkit.signing import preserve, sign
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import Processes, verify_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PEOPLE = 20
TURNS = 4
WARMING = 16


@dataclass(slots=True)
class Peak:
    """The most memory that a process and its workers held, in MiB."""

    parent: float = 0.0
    workers: dict[int, float] = field(default_factory=dict)

    def look(self, parent: int) -> None:
        """Look at them once."""
        self.parent = max(self.parent, _high_water(parent))
        for child in _children(parent):
            self.workers[child] = max(self.workers.get(child, 0.0), _high_water(child))

    def __str__(self) -> str:
        workers = ", ".join(f"{most:.0f}" for _, most in sorted(self.workers.items()))
        return f"parent {self.parent:.0f} MiB, workers {workers} MiB"


def _high_water(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    lines = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0]) / 1024 if lines else 0.0


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []


def made(folder: Path, count: int) -> None:
    """``archive/`` with ``count`` signed PDFs by :data:`PEOPLE` people, ``roots/`` and ``crls/``."""
    sandbox = Sandbox.create()
    people = [sandbox.official(f"Official {number}", f"0011990{number:05}") for number in range(PEOPLE)]
    archive = folder / "archive"
    archive.mkdir()
    unsigned = Document.from_bytes(decision_pdf(), "decision.pdf")
    for number in range(count):
        original = unsigned.renamed(f"{number:05}.pdf")
        signed = sign(original, people[number % PEOPLE], tsa=sandbox.tsa, transport=sandbox)
        if number // PEOPLE % 2:
            signed = preserve(signed, sandbox.trust, sources=sandbox.sources, transport=sandbox)
        (archive / original.name).write_bytes(signed.read_range(0, signed.length))
    for anchor in sandbox.trust.anchors:
        place = folder / "roots" / anchor.kind
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{anchor.certificate.sha256[:16]}.der").write_bytes(anchor.certificate.der)
    (folder / "crls").mkdir()
    for number, crl in enumerate(sandbox.crls()):
        (folder / "crls" / f"{number}.crl").write_bytes(crl)


def command(folder: Path, workers: int, *more: str) -> list[str]:
    """The audit of everything in ``folder``."""
    return [
        sys.executable, "-m", "eidkit.cli", "audit", str(folder / "archive"), "--trust", str(folder / "roots"),
        "--crl", str(folder / "crls"), "--offline", "--json", "--workers", str(workers), *more,
    ]  # fmt: skip


def audited(folder: Path, workers: int, peak: Peak, *more: str, stop_after: int | None = None) -> tuple[int, float]:
    """How many lines the audit wrote, and in how many seconds; killed after ``stop_after`` lines of its journal."""
    begun = time.perf_counter()
    out = folder / "lines.jsonl"
    with out.open("wb") as lines, subprocess.Popen(command(folder, workers, *more), stdout=lines) as process:
        while process.poll() is None:
            peak.look(process.pid)
            if stop_after is not None and out.read_bytes().count(b"\n") >= stop_after:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.02)
    return out.read_bytes().count(b"\n"), time.perf_counter() - begun


def resumed(folder: Path, workers: int, count: int) -> str:
    """Killed in the middle and resumed: whether anything was lost or doubled."""
    journal = folder / "journal"
    before, _ = audited(folder, workers, Peak(), "--resume", str(journal), stop_after=count // 2)
    after, seconds = audited(folder, workers, Peak(), "--resume", str(journal))
    paths = [json.loads(line)["path"] for line in journal.read_bytes().splitlines()[1:]]
    exact = paths == sorted(str(path) for path in (folder / "archive").iterdir()) and after == count
    told = "nothing lost, nothing doubled" if exact else "NOT EXACT"
    return f"killed after {before} lines, resumed in {seconds:.1f} s: {len(paths)} lines in the journal, {told}"


def many(folder: Path, executor: Processes | None, paths: list[Path]) -> float:
    """Seconds of ``verify_many``, its processes warmed up by the first files."""
    trust, sources = TrustStore.read(folder / "roots"), Sources.read(folder / "crls")
    found = verify_many([*paths[:WARMING], *paths], trust, sources=sources, executor=executor)
    list(islice(found, WARMING))
    begun = time.perf_counter()
    passed = sum(map(bool, found))
    if passed != len(paths):
        raise RuntimeError(f"{len(paths) - passed} files did not pass")
    return time.perf_counter() - begun


_known: dict[str, Any] = {}
"""In a process of the peer: the anchors and CRLs, parsed once."""


def _prepare_peer(folder: Path) -> None:
    import logging

    from asn1crypto import crl, x509

    logging.disable(logging.CRITICAL)
    os.environ["PYTHONWARNINGS"] = "ignore"
    kinds = ("signing", "timestamping")
    for kind in kinds:
        _known[kind] = [x509.Certificate.load(p.read_bytes()) for p in (folder / "roots" / kind).iterdir()]
    _known["crls"] = [crl.CertificateList.load(p.read_bytes()) for p in (folder / "crls").iterdir()]


def _validated_by_peer(path: Path) -> bool:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    def context(kind: str) -> Any:
        return ValidationContext(
            trust_roots=_known[kind], crls=_known["crls"], allow_fetching=False, revocation_mode="hard-fail",
            moment=datetime.now(UTC),
        )  # fmt: skip

    with path.open("rb") as file:
        (embedded,) = PdfFileReader(file).embedded_regular_signatures
        status = validate_pdf_signature(embedded, context("signing"), ts_validation_context=context("timestamping"))
    return bool(status.bottom_line)


def peer(folder: Path, workers: int | None, paths: list[Path]) -> float:
    """Seconds of pyHanko's validator, likewise."""
    if workers is None:
        _prepare_peer(folder)
        return _timed_peer(map(_validated_by_peer, [*paths[:WARMING], *paths]), len(paths))
    with ProcessPoolExecutor(workers, initializer=_prepare_peer, initargs=(folder,)) as pool:
        return _timed_peer(pool.map(_validated_by_peer, [*paths[:WARMING], *paths], chunksize=4), len(paths))


def _timed_peer(found: Iterator[bool], count: int) -> float:
    list(islice(found, WARMING))
    begun = time.perf_counter()
    passed = sum(found)
    if passed != count:
        raise RuntimeError(f"the peer passes {passed} of {count} files")
    return time.perf_counter() - begun


def compared(folder: Path, workers: int | None, ours: list[Path], theirs: list[Path]) -> str:
    """Both by turns, :data:`TURNS` times with as many processes: files a second, and files a second of CPU time."""
    first, second = Spent(len(ours)), Spent(len(theirs))
    for turn in range(TURNS):
        first.add(partial(many, folder, Processes(workers) if workers else None, ours[turn::TURNS]))
        second.add(partial(peer, folder, workers, theirs[turn::TURNS]))
    told = f"verify_many {first}; pyHanko {second}"
    times = f"{first.rate / second.rate:.1f} ×, per core {first.per_core / second.per_core:.1f} ×"
    return f"{f'{workers} processes' if workers else 'in this process'}: {told}: {times}"


@dataclass(slots=True)
class Spent:
    """What a contender's turns took together."""

    files: int
    seconds: float = 0.0
    cpu: float = 0.0

    def add(self, turn: Callable[[], float]) -> None:
        """One turn, which tells its seconds; the CPU time is that of this process and of those it started and ended."""
        begun = _cpu()
        self.seconds += turn()
        self.cpu += _cpu() - begun

    @property
    def rate(self) -> float:
        """Files a second."""
        return self.files / self.seconds

    @property
    def per_core(self) -> float:
        """Files a second of CPU time, those of warming up counted on both sides."""
        return (self.files + TURNS * WARMING) / self.cpu

    def __str__(self) -> str:
        return f"{self.rate:.0f} files/s on {self.files} ({self.per_core:.0f} per core)"


def _cpu() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=int, default=2_000, help="how many PDFs")
    parser.add_argument("--sample", type=int, default=200, help="how many of them the peer validates")
    chosen = parser.parse_args()
    workers = Processes().number
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begun = time.perf_counter()
        made(folder, chosen.files)
        print(f"{chosen.files} files by {PEOPLE} people made in {time.perf_counter() - begun:.1f} s; {workers} workers")
        paths = sorted((folder / "archive").iterdir())
        sample = paths[:: max(1, len(paths) // chosen.sample)][: chosen.sample]
        peer(folder, None, sample[:WARMING])  # what it imports is there for both before anything is measured
        many(folder, None, sample[:WARMING])
        print(compared(folder, workers, paths, sample))
        print(compared(folder, None, sample, sample))
        peak = Peak()
        lines, seconds = audited(folder, workers, peak)
        print(f"eidkit audit: {lines} lines in {seconds:.1f} s, {lines / seconds:.0f} files/s, start included; {peak}")
        print(resumed(folder, workers, chosen.files))
        quarter = Peak()
        for path in paths[chosen.files // 4 :]:
            path.unlink()
        lines, _ = audited(folder, workers, quarter)
        print(f"eidkit audit: {lines} lines; {quarter}")


if __name__ == "__main__":
    main()
