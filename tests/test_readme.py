"""Every code block of the README runs as written, in order, in one empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.blocks import ROOT, Block, blocks, ran

README = ROOT / "README.md"

pytestmark = pytest.mark.xdist_group("readme")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all blocks share, as a reader's would be."""
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in blocks(README)])
def test_block_runs_as_written(block: Block, folder: Path) -> None:
    code, said = ran(block, folder)
    assert code == 0, said


def test_readme_starts_with_the_two_commands() -> None:
    assert [line.split("#")[0].strip() for line in blocks(README)[0].text.splitlines()] == ["make demo", "make test"]


def test_every_link_to_a_file_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
