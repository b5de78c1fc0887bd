"""``python -m tests.corpus [CORPUS…] [--slow]``: run the corpus and print what came of it.

Without names all of it is run, and ``docs/interop.md`` is written.
"""

from __future__ import annotations

import argparse
import sys

from tests.corpus.kinds import CORPORA, results
from tests.corpus.outcome import Outcome, Result
from tests.corpus.page import counts, page, summary, told
from tests.corpus.place import ROOT, place
from tests.corpus.stated import facts

PAGE = ROOT / "docs" / "interop.md"


def main(arguments: list[str]) -> int:
    """Exit 1 when something was wrongly accepted or crashed, 2 when there is no corpus."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument(
        "corpora", nargs="*", metavar="CORPUS", help=f"of {', '.join(CORPORA)}; none: all, and write the page"
    )
    parser.add_argument("--slow", action="store_true", help="also print the slowest cases")
    chosen = parser.parse_args(arguments)
    names = chosen.corpora or list(CORPORA)
    if unknown := set(names) - CORPORA.keys():
        parser.error(f"no such corpus: {', '.join(sorted(unknown))}")
    root = place()
    if not root.is_dir():
        print("there is no corpus: set EIDKIT_CORPUS to its folder", file=sys.stderr)
        return 2
    found: list[Result] = []
    for name in names:
        found += results(name, root / name)
    stated = facts(root / "dss") if "dss" in names else []
    print(summary(found))
    if stated:
        print(told(stated))
    if chosen.slow:
        for result in sorted(found, key=lambda r: -r.seconds)[:20]:
            print(f"{result.seconds:7.2f} s  {result.case.corpus}/{result.case.id}")
    if not chosen.corpora:
        PAGE.write_text(page(found, stated), encoding="utf-8")
    bad = counts(found)
    return 1 if bad[Outcome.WRONGLY_ACCEPTED] or bad[Outcome.CRASHED] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
