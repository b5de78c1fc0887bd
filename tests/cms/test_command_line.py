"""``eidkit sign --format cms`` and ``eidkit verify --detached``, as typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from eidkit.cli.running import run
from tests.cms.conftest import CONTENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sandbox, its password and a file to sign."""
    from eidkit.sandbox import init

    folder = tmp_path_factory.mktemp("cms")
    init(folder / "sandbox")
    (folder / "password").write_text("sandbox", encoding="utf-8")
    (folder / "plan.dwg").write_bytes(CONTENT)
    return folder


@pytest.fixture
def sign(box: Path) -> Callable[..., int]:
    """``sign("plan.dwg", "out", …)`` signs as Lan; its exit code."""

    def call(document: str, out: str, *more: str, who: str = "lan") -> int:
        key = ["--p12", f"{box}/sandbox/{who}.p12", "--password-file", f"{box}/password"]
        return run(["sign", f"{box}/{document}", "-o", f"{box}/{out}", *key, *more])

    return call


@pytest.fixture
def verify(box: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, object]]]:
    """``verify("out", …)`` gives the exit code and the JSON of the report."""

    def call(document: str, *more: str) -> tuple[int, dict[str, object]]:
        capsys.readouterr()
        trusting = ["--trust", f"{box}/sandbox/roots", "--crl", f"{box}/sandbox/crls", "--offline", "--json"]
        code = run(["verify", f"{box}/{document}", *trusting, *more])
        said: dict[str, object] = json.loads(capsys.readouterr().out)
        return code, said

    return call


def test_a_file_signed_beside_passes_with_it_only(
    box: Path, sign: Callable[..., int], verify: Callable[..., tuple[int, dict[str, object]]]
) -> None:
    assert sign("plan.dwg", "plan.p7s", "--format", "cms") == 0
    code, said = verify("plan.p7s", "--detached", f"{box}/plan.dwg")
    assert (code, said["format"], said["verdict"]) == (0, "cms", "TOTAL-PASSED")
    code, said = verify("plan.p7s")
    assert (code, said["verdict"]) == (1, "INDETERMINATE")


def test_another_signer_and_a_counter_signature(
    box: Path, sign: Callable[..., int], verify: Callable[..., tuple[int, dict[str, object]]]
) -> None:
    assert sign("plan.dwg", "one.p7m", "--format", "cms", "--attached") == 0
    assert sign("one.p7m", "two.p7m", who="binh") == 0
    assert sign("two.p7m", "three.p7m", "--over", "signature-2") == 0
    code, said = verify("three.p7m")
    signatures = said["signatures"]
    assert isinstance(signatures, list)
    assert (code, [one["counter_signature_of"] for one in signatures]) == (0, [None, None, "signature-2"])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("--over", "signature-1"), "over="),
        (("--format", "pades"), "pades"),
    ],
)
def test_what_does_not_belong_is_refused_with_the_reason(
    box: Path, sign: Callable[..., int], capsys: pytest.CaptureFixture[str], wrong: tuple[str, ...], why: str
) -> None:
    capsys.readouterr()
    assert sign("plan.dwg", "none", *(one.format(box) for one in wrong)) == 2
    assert why in capsys.readouterr().err
    assert not (box / "none").exists()
