"""What the page on web frameworks shows stands in the examples, line for line."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.blocks import ROOT, Block, blocks

PAGE = ROOT / "docs" / "how-to" / "web-frameworks.md"
SUFFIX = {"python": "*.py", "js": "*.js"}
SHOWN = [block for block in blocks(PAGE) if block.language in SUFFIX]


def passages(text: str, lines: int) -> set[str]:
    """Every run of so many lines in ``text``, moved to the margin."""
    every = text.splitlines()
    return {dedent("\n".join(every[start : start + lines])) for start in range(len(every) - lines + 1)}


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in SHOWN])
def test_a_block_is_a_passage_of_an_example(block: Block) -> None:
    wanted = dedent(block.text).rstrip("\n")
    files = [path for folder in ("fastapi_permits", "django_permits")
             for path in (ROOT / "examples" / folder).rglob(SUFFIX[block.language])]  # fmt: skip
    lines = wanted.count("\n") + 1
    assert any(wanted in passages(path.read_text(encoding="utf-8"), lines) for path in files), wanted


def test_the_page_shows_both_examples() -> None:
    assert len(SHOWN) >= 10
    assert {block.language for block in SHOWN} == set(SUFFIX)
