"""``--policy``: a released name, a name with its version, or a file; what is wrong is told before any file is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Said
from tests.cli.test_cli import box, trusting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["box"]
pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture
def judged(box: Path, eidkit: Callable[..., Said]) -> Callable[..., Said]:
    """``eidkit verify`` over a signed file, under the policy given."""
    return lambda policy, *more: eidkit("verify", box / "signed.pdf", *trusting(box), "--policy", policy, *more)


@pytest.mark.parametrize("name", ["vn-tt15", "vn-tt15@1", "lenient", "etsi-baseline@1"])
def test_a_released_policy_is_found_by_name(judged: Callable[..., Said], name: str) -> None:
    said = judged(name, "--json")
    assert said.code == 0
    assert (said.lines[0]["policy"], said.lines[0]["policy_version"]) == (name.partition("@")[0], "1")


def test_a_file_is_read(judged: Callable[..., Said], tmp_path: Path) -> None:
    own = tmp_path / "city.toml"
    own.write_text('name = "city"\nversion = "3"\nextends = "vn-tt15@1"\ntimestamp_required = true\n')
    said = judged(own, "--json")
    assert said.code == 1
    assert (said.lines[0]["policy"], said.lines[0]["policy_version"]) == ("city", "3")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('name = "c"\nversion = "1"\nrevokation = "warn"\n', "city.toml: the policy has an unknown key 'revokation'"),
        ("name = ", "city.toml: not TOML"),
        (None, "city.toml cannot be read"),
    ],
)
def test_a_bad_file_exits_2_with_a_remedy(
    judged: Callable[..., Said], tmp_path: Path, text: str | None, problem: str
) -> None:
    own = tmp_path / "city.toml"
    if text is not None:
        own.write_text(text)
    said = judged(own)
    assert (said.code, said.out) == (2, "")
    assert problem in said.err
    assert "→" in said.err


def test_an_unknown_name_exits_2_and_lists_the_known_ones(judged: Callable[..., Said]) -> None:
    said = judged("nope")
    assert said.code == 2
    assert "etsi-baseline@1, lenient@1, vn-tt15@1" in said.err
