"""The command line as a person uses it, in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from eidkit.cli.running import run

if TYPE_CHECKING:
    from collections.abc import Callable


class Said(NamedTuple):
    """What one run said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its JSON objects; nothing but a line feed ends one, whatever names hold."""
        return [json.loads(line) for line in self.out.split("\n")[:-1]]


@pytest.fixture
def eidkit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """``eidkit("verify", …)`` runs one command in this process, in English."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def call(*arguments: object) -> Said:
        code = run([str(argument) for argument in arguments])
        return Said(code, *capsys.readouterr())

    return call
