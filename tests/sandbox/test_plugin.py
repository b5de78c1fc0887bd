"""The pytest plugin gives other people's tests a sandbox and a clock."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

THEIRS = """
from datetime import timedelta

def test_their_own(eidkit_sandbox, eidkit_clock):
    key = eidkit_sandbox.citizen("Hoàng Minh Khôi", "000099000123")
    eidkit_clock.advance(timedelta(days=1))
    eidkit_sandbox.revoke(key)
    assert eidkit_sandbox.clock.now() == eidkit_clock.now()
    assert eidkit_sandbox.trust
"""


def test_a_test_outside_can_use_it(tmp_path: Path, pytestconfig: object) -> None:
    (tmp_path / "test_theirs.py").write_text(THEIRS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "eidkit.sandbox.plugin", str(tmp_path)]
    root = str(pytestconfig.rootpath)  # type: ignore[attr-defined]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
