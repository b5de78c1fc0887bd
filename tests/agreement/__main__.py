"""``python -m tests.agreement``: compare with EU DSS, write ``docs/agreement.md``, print what nobody explained."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.agreement.comparing import compared, differing, known
from tests.agreement.page import page, summary

PAGE = Path(__file__).parents[2] / "docs" / "agreement.md"


def main() -> int:
    """Exit 1 when a difference is not in ``differences.toml``; the page is written only when all are."""
    rows = known()
    with tempfile.TemporaryDirectory() as folder:
        cases = compared(Path(folder))
    print(summary(cases))
    unexplained = [case for case in differing(cases) if not any(row.explains(case) for row in rows)]
    for case in unexplained:
        print(f"{case.situation}: {case.where}: {case.ours} here, {case.theirs} there\n    {case.detail}")
    if unexplained:
        return 1
    PAGE.write_text(page(cases, rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
