"""The pytest plugin gives other people's tests a sandbox, an official, a provider and a clock, and costs little."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

THEIRS = """
from datetime import timedelta

def test_their_own(eidkit_sandbox, eidkit_official, eidkit_provider, eidkit_authenticator, eidkit_clock):
    eidkit_clock.advance(timedelta(days=1))
    eidkit_sandbox.revoke(eidkit_official)
    assert eidkit_sandbox.clock.now() == eidkit_clock.now() == eidkit_provider.clock.now()
    assert eidkit_official.identity in eidkit_provider.persons
    assert eidkit_provider.provider().keys
    assert eidkit_authenticator.passkeys == []
"""
HEAVY = {"cryptography", "lxml", "pyhanko", "httpx2", "joserfc", "click", "sqlite3"}


def run(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Their tests in a project of their own."""
    (tmp_path / "test_theirs.py").write_text(THEIRS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_the_wheel_registers_it_once() -> None:
    found = [point for point in entry_points(group="pytest11") if point.value == "eidkit.sandbox.plugin"]
    assert [point.name for point in found] == ["eidkit"]


@pytest.mark.parametrize("options", [(), ("-p", "eidkit")], ids=["found", "named"])
def test_a_test_outside_can_use_it(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run(tmp_path, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_it_can_be_left_out(tmp_path: Path) -> None:
    done = run(tmp_path, "-p", "no:eidkit")
    assert done.returncode == 1
    assert "fixture 'eidkit_sandbox' not found" in done.stdout


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, pytest, eidkit.sandbox.plugin as p; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & HEAVY


def test_its_fixtures_are_there_in_our_own_run(eidkit_official: object, eidkit_sandbox: object) -> None:
    assert eidkit_official.identity in eidkit_sandbox.persons  # type: ignore[attr-defined]
