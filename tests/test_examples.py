"""Each example runs as a reader would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


SERVED = {"django_permits", "fastapi_permits"}
"""Web programs, which tests/examples serves."""
EXAMPLES = sorted(
    path
    for path in (ROOT / "examples").rglob("*.py")
    if not path.name.startswith("test_") and not SERVED & set(path.parts)
)


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.name)
def test_example_runs(script: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("tests", sorted((ROOT / "examples").rglob("test_*.py")), ids=lambda path: path.name)
def test_the_tests_of_an_example_pass_with_the_plugin(tests: Path, tmp_path: Path) -> None:
    """As in a project of its own: no configuration of ours, the plugin found by its entry point."""
    options = ["-q", "-c", os.devnull, "--rootdir", str(tests.parent), "-p", "no:cacheprovider", "--basetemp"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path / "theirs"), str(tests)],
        cwd=tests.parent,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
