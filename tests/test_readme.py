"""Every code block of the README runs as written, in order, in one empty folder."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
INSTALLED_ELSEWHERE = ("make ", "pip install")
"""Lines that the CI script runs itself, around these tests."""

pytestmark = pytest.mark.xdist_group("readme")


class Block(NamedTuple):
    """One fenced block: its language, the line it starts on, its text."""

    language: str
    line: int
    text: str


def blocks() -> list[Block]:
    """The fenced blocks of the README."""
    text = README.read_text(encoding="utf-8")
    return [
        Block(found[1], text[: found.start()].count("\n") + 1, found[2])
        for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all blocks share, as a reader's would be."""
    return tmp_path_factory.mktemp("readme")


def commands(block: Block) -> str:
    """A shell block without the lines that install or make."""
    return "\n".join(line for line in block.text.splitlines() if not line.startswith(INSTALLED_ELSEWHERE))


@pytest.mark.parametrize("block", [pytest.param(b, id=f"{b.language}-line-{b.line}") for b in blocks()])
def test_block_runs_as_written(block: Block, folder: Path) -> None:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    if block.language == "python":
        command = [sys.executable, "-c", block.text]
    elif block.language == "sh":
        command = ["bash", "-euc", commands(block)]
    else:
        pytest.fail(f"README line {block.line}: a block of language {block.language!r} is not executed")
    code, said = finished(command, folder, environment)
    assert code == 0, said


def finished(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and output; whatever the command left running is ended with it."""
    with (folder / "said").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=120)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        said.seek(0)
        return code, said.read()


def test_readme_starts_with_the_two_commands() -> None:
    assert [line.split("#")[0].strip() for line in blocks()[0].text.splitlines()] == ["make demo", "make test"]


def test_every_link_to_a_file_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
