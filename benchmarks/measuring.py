"""Taking turns: medians of CPU time of all contenders in one run, and the rows that compare them."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: our median, the peer's, and the floor that no library can go below (milliseconds)."""

    work: str
    ours: float
    peer: str
    theirs: float | None
    floor: str = "–"
    bare: float | None = None


def medians(contenders: Mapping[str, Callable[[], object]], rounds: int, *, warm_up: bool = True) -> dict[str, float]:
    """The median milliseconds of each contender, taken in turn so that a slow moment hits all alike.

    Without ``warm_up`` nothing runs before it is measured.
    """
    return taken_in_turn(contenders, rounds, apart=lambda: 0.0, warm_up=warm_up)


def taken_in_turn(
    contenders: Mapping[str, Callable[[], object]], rounds: int, *, apart: Callable[[], float], warm_up: bool = True
) -> dict[str, float]:
    """Like :func:`medians`, without the milliseconds by which ``apart`` grows: work that is somebody else's."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values() if warm_up else ():
        run()
    for _ in range(rounds):
        for name, run in contenders.items():
            others, start = apart(), time.process_time()
            run()
            taken[name].append((time.process_time() - start) * 1000 - (apart() - others))
    return {name: statistics.median(times) for name, times in taken.items()}


def processes(commands: Mapping[str, list[str]], rounds: int) -> dict[str, float]:
    """The median milliseconds of CPU that whole processes take, in turn."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, capture_output=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken[name].append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| work | eidkit | peer | peer's | faster | floor | × floor |", "|---|---:|---|---:|---:|---|---:|"]
    for row in rows:
        theirs = told(row.theirs) if row.theirs is not None else "–"
        faster = f"{row.theirs / row.ours:.1f} ×" if row.theirs is not None else "–"
        floor = f"{row.floor} {told(row.bare)}" if row.bare else row.floor
        times = f"{row.ours / row.bare:.1f}" if row.bare else "–"
        lines.append(f"| {row.work} | {told(row.ours)} | {row.peer} | {theirs} | {faster} | {floor} | {times} |")
    return "\n".join(lines)


def told(milliseconds: float) -> str:
    """A time for people."""
    return f"{milliseconds:.2f} ms" if milliseconds >= 0.1 else f"{milliseconds * 1000:.1f} µs"
