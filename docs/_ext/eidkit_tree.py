"""The package's files, and how a sentence of the code becomes a cell of a table."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
PACKAGE = ROOT / "eidkit"


def python_files() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def first_sentence(doc: str) -> str:
    """The first sentence of a docstring, on one line."""
    line = " ".join(doc.split("\n\n", maxsplit=1)[0].split())
    return re.sub(r":[a-z]+:`~?([^`]+)`", r"``\1``", line)


def cell(text: str) -> str:
    """``text`` fit to stand in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("``", "`")
