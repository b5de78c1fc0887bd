"""Side by side with peers, interleaved in one run: medians, and what matters, their ratios.

``python -m benchmarks.bench`` prints the tables; ``--write FILE`` also puts them there.  Absolute times mean nothing on
another machine; ratios and floors do.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import beside_dss, judging, lasting, logins, signing, verifying, whole_processes
from benchmarks.approvals import Cost, costs
from benchmarks.measuring import Row, table


def sections(folder: Path, rounds: int) -> dict[str, list[Row]]:
    """Every comparison, by heading; ``rounds`` for each contender, a quarter of it for whole processes."""
    few = max(3, rounds // 4)
    found = {
        "Signing, level B-B, the key loaded": signing.rows(folder, rounds),
        "Keeping for years, what the authorities take left out": lasting.rows(rounds),
        "Verifying": verifying.rows(rounds),
        "Logins": logins.rows(folder, rounds),
        "Whole processes": whole_processes.rows(folder, few),
    }
    if shutil.which("java") and shutil.which("mvn"):
        found["Beside EU DSS, on the same files"] = beside_dss.rows(folder, few)
    return found


def approvals_table(found: list[Cost]) -> str:
    """What each approval of one dossier costs, beside the first."""
    lines = ["| approval | judging and binding | × the first | parsing |", "|---:|---:|---:|---:|"]
    for number, cost in enumerate(found, 1):
        times = cost.judging / found[0].judging
        lines.append(f"| {number} | {cost.judging:.2f} ms | {times:.2f} | {cost.parsing:.2f} ms |")
    return "\n".join(lines)


def page(found: dict[str, list[Row]], goals: list[judging.Goal], approvals: list[Cost]) -> str:
    """docs/performance.md."""
    parts = [
        "# What it costs, beside its peers",
        "Written by `make bench`: all contenders in one run, one call each by turns; medians of CPU time.",
    ]
    for heading, rows in found.items():
        parts += [f"## {heading}", table(rows)]
    parts += [
        "## Judging, within its bounds",
        "Beside the part that no library can leave out; keys are P-256.",
        judging.table(goals),
        "## Approving, step by step",
        "One `Dossier.approve` of two documents, each signed once at every step: only what is new is judged.",
        approvals_table(approvals),
        f"With {', '.join(versions())}; CPython {platform.python_version()}.",
    ]
    return "\n\n".join(parts) + "\n"


def versions() -> list[str]:
    """The versions of what was measured."""
    names = ("eidkit", "pyHanko", "pyhanko-cli", "signxml", "pyotp", "joserfc", "cryptography", "lxml")
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Measure, print, and write when asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the page to FILE")
    parser.add_argument("--rounds", type=int, default=40, help="how often each contender runs (processes: a quarter)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = sections(Path(name), chosen.rounds)
        goals = judging.goals(chosen.rounds)
        approvals = costs(max(3, chosen.rounds // 4))
    text = page(found, goals, approvals)
    print(text)
    if chosen.write:
        chosen.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
