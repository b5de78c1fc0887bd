"""The fenced blocks of a page, run as a reader would paste them: in order, in one folder."""

from __future__ import annotations

import codeop
import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
INSTALLED_ELSEWHERE = ("make ", "pip install", "python3 -m venv", ". .venv/")
"""Lines that the CI script runs itself, around these tests."""


class Block(NamedTuple):
    """One fenced block: its language, the line it starts on, its text."""

    language: str
    line: int
    text: str

    @property
    def id(self) -> str:
        """The block's name among the tests."""
        return f"{self.language}-line-{self.line}"


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of ``page``."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], text[: found.start()].count("\n") + 1, found[2])
        for found in re.finditer(r"^```([\w{}-]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def pasted(block: Block) -> str | None:
    """The line at which a Python prompt stops understanding ``block`` when it is pasted there, or ``None``.

    A prompt (before Python 3.13) ends an indented block at an empty line only, and at every empty line.
    """
    compiler, typed = codeop.CommandCompiler(), list[str]()
    for line in (*block.text.splitlines(), ""):
        typed.append(line)
        try:
            if not any(typed) or compiler("\n".join(typed), symbol="single") is not None:
                typed.clear()
        except SyntaxError:
            return line
    return None


def ran(block: Block, folder: Path) -> tuple[int, str]:
    """Exit code and output of ``block`` in ``folder``; whatever it left running is ended with it."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }
    if block.language == "python":
        return _finished([sys.executable, "-c", block.text], folder, environment)
    if block.language == "sh":
        return _finished(["bash", "-euc", _commands(block)], folder, environment)
    return 1, f"line {block.line}: a block of language {block.language!r} is not executed"


def _commands(block: Block) -> str:
    """A shell block without the lines that install or make."""
    return "\n".join(line for line in block.text.splitlines() if not line.startswith(INSTALLED_ELSEWHERE))


def _finished(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
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
