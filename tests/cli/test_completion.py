"""``eidkit completion``: a real bash completes commands, options and values."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eidkit.cli.completion import SHELLS
from eidkit.cli.running import COMMANDS, run

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.xdist_group("cli")
PATIENCE = 30.0
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    "LC_ALL": "C.UTF-8",
    "TERM": "dumb",
    "PS1": "> ",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script_that_asks_us(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert f"_EIDKIT_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == 2
    assert "bash" in capsys.readouterr().err


def completions(*words: str) -> list[str]:
    """What bash is told for ``words``, the last of which is being typed."""
    asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), "_EIDKIT_COMPLETE": "bash_complete"}
    said = subprocess.run(
        [words[0]], env=ENVIRONMENT | asked, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return [line.partition(",")[2] for line in said.stdout.splitlines()]


def test_commands_are_completed_in_the_order_of_the_work() -> None:
    assert completions("eidkit", "") == list(COMMANDS)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("otp", ""), ["enrol", "rotate", "unlock", "verify"]),
        (("sign", "--level", ""), ["B", "T", "LT", "LTA"]),
        (("sign", "--key-l"), ["--key-label"]),
        (("--vers",), ["--version"]),
        (("sandbox", "se"), ["serve"]),
    ],
)
def test_options_and_values_are_completed(words: tuple[str, ...], offered: list[str]) -> None:
    assert completions("eidkit", *words) == offered


def test_no_command_is_loaded_to_complete_its_name() -> None:
    loads = "import sys, atexit; atexit.register(lambda: print(sorted(m for m in sys.modules if 'eidkit.cli.' in m)))"
    program = f"{loads}; from eidkit.cli import main; main()"
    asked = {"COMP_WORDS": "eidkit\nsi", "COMP_CWORD": "1", "_EIDKIT_COMPLETE": "bash_complete"}
    said = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT | asked, capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == ["plain,sign", "['eidkit.cli.running', 'eidkit.cli.speaking']"]


@pytest.fixture
def typed(tool: Callable[[str], str], tmp_path: Path) -> Callable[[str, str], str]:
    """``typed("eidkit san\\t", "sandbox")``: the screen of an interactive bash, once it shows what is awaited."""

    def call(keys: str, awaited: str) -> str:
        ours, theirs = pty.openpty()
        bash = subprocess.Popen(
            [tool("bash"), "--norc", "--noprofile", "-i"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=tmp_path,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        os.close(theirs)
        try:
            os.write(ours, b"source <(eidkit completion bash); echo rea''dy\n")
            _awaited(ours, "ready")
            os.write(ours, keys.encode())
            return _awaited(ours, awaited)
        finally:
            bash.kill()
            bash.wait()
            os.close(ours)

    return call


def _awaited(terminal: int, text: str) -> str:
    shown, end = "", time.monotonic() + PATIENCE
    while text not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"{text!r} did not come; the screen shows {shown!r}"
        shown += os.read(terminal, 65536).decode(errors="replace")
    return shown


def test_bash_completes_a_command(typed: Callable[[str, str], str]) -> None:
    assert "eidkit sandbox " in typed("eidkit san\t", "sandbox ")


def test_bash_completes_the_name_of_a_file(typed: Callable[[str, str], str], tmp_path: Path) -> None:
    (tmp_path / "permit-of-today.pdf").touch()
    assert "permit-of-today.pdf" in typed("eidkit verify perm\t", "today.pdf")
