"""What the tests share: the corpus, other people's tools, a sandbox whose clock stands still."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from eidkit.clock import FixedClock
from tests.corpus.place import folder, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from eidkit.sandbox import Sandbox
    from tests.servers import PostgresqlServer, RedisServer

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""The moment at which the shared sandbox lives."""


@pytest.fixture(scope="session")
def corpus() -> Callable[[str], Path]:
    """``corpus("timestamps")`` is that folder of the shared corpus, read in place."""
    return folder


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """``tool("qpdf")`` is the path of that program."""

    def path(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            missing(f"the program {name}")
        return str(found)

    return path


def _server(kind: str) -> Iterator[Any]:
    """A server of that kind for this session, stopped at its end; where its programs are missing, a visible skip."""
    from tests import servers

    for name in servers.PROGRAMS[kind]:
        if servers.program(name) is None:
            missing(f"the program {name}")
    server = {"postgresql": servers.PostgresqlServer, "redis": servers.RedisServer}[kind]()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A real PostgreSQL, started at the first test that asks for it."""
    yield from _server("postgresql")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real Redis that keeps what it confirmed."""
    yield from _server("redis")


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
