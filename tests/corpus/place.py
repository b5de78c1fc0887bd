"""Where the shared corpus lies, and what becomes of a test when it is not there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]


def place() -> Path:
    """``$EIDKIT_CORPUS``, or ``../shared/corpus`` beside the repository."""
    return Path(os.environ.get("EIDKIT_CORPUS", ROOT.parent / "shared" / "corpus"))


def folder(name: str) -> Path:
    """One folder of the corpus, read in place.

    Where there is no corpus at all, its tests are skipped, in CI too: it does not come with the repository.  A corpus
    that lacks a folder is another thing, and fails in CI: the cases in it would be lost without a word.
    """
    root = place()
    if not root.is_dir():
        pytest.skip("there is no corpus (set EIDKIT_CORPUS)")
    found = root / name
    if not found.exists():
        missing(f"corpus {name}")
    return found


def missing(what: str) -> NoReturn:
    """At home a visible skip; in CI a failure, because there the tests' needs are installed."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must have it", pytrace=False)
    pytest.skip(f"{what} is missing")
