"""What the tests share: the corpus, other people's tools, a sandbox whose clock stands still."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eidkit.clock import FixedClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[1]
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""The moment at which the shared sandbox lives."""


def _missing(what: str) -> None:
    """At home a visible skip; in CI a failure, because there the tests' needs are installed."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must have it", pytrace=False)
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def corpus() -> Callable[[str], Path]:
    """``corpus("timestamps")`` is that folder of the shared corpus, read in place."""
    root = Path(os.environ.get("EIDKIT_CORPUS", ROOT.parent / "shared" / "corpus"))

    def folder(name: str) -> Path:
        found = root / name
        if not found.exists():
            _missing(f"corpus {name} (set EIDKIT_CORPUS)")
        return found

    return folder


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """``tool("qpdf")`` is the path of that program."""

    def path(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            _missing(f"the program {name}")
        return str(found)

    return path


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at noon, for this test alone."""
    return FixedClock(NOON)


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """One sandbox for the session, its clock standing at noon; a test that moves time makes its own."""
    from eidkit.sandbox import Sandbox

    return Sandbox.create(clock=FixedClock(NOON))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests counted (files of the matrix, cases of the corpus), also from other workers."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "count":
                terminalreporter.write_line(str(value))
