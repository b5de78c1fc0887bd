"""The CMS files of EU DSS's corpus: what is stated of each beside the verdict, and why we differ where we do."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.corpus.page import shares
from tests.corpus.place import folder
from tests.corpus.stated import Fact, facts

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.corpus, pytest.mark.xdist_group("corpus")]

LEAST = {"intact": 0.85, "signatures": 1.0, "level": 0.9, "timestamps": 1.0, "timestamps intact": 0.9}


@cache
def _stated() -> tuple[Fact, ...]:
    return tuple(fact for fact in facts(folder("dss")) if fact.format == "cades")


@pytest.mark.parametrize("question", LEAST)
def test_what_is_stated_of_cms_files_is_what_we_say(
    question: str, record_property: Callable[[str, object], None]
) -> None:
    same, asked = shares(_stated())["cades", question]
    record_property("count", f"corpus dss cades, {question}: {same} of {asked}")
    assert same / asked >= LEAST[question]
