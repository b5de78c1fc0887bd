"""eidkit and EU DSS on everything the sandbox can produce: the same verdict, or a difference that a clause decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agreement.comparing import Case, compared, differing, known
from tests.agreement.page import page, summary
from tests.interop import oracles

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("matrix")]

_PAGE = Path(__file__).parents[2] / "docs" / "agreement.md"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, ...]:
    oracles.require("java", "mvn")
    return compared(tmp_path_factory.mktemp("agreement"))


def test_every_difference_is_listed_with_the_clause_that_decides(cases: tuple[Case, ...]) -> None:
    rows = known()
    unexplained = [c for c in differing(cases) if not any(row.explains(c) for row in rows)]
    assert unexplained == []


def test_every_listed_difference_is_still_one(cases: tuple[Case, ...]) -> None:
    listed = {(row.ours, row.theirs, s, w) for row in known() for s, where in row.cases.items() for w in where.split()}
    assert listed == {(str(c.ours), str(c.theirs), c.situation, c.where) for c in differing(cases)}


def test_there_are_hundreds_of_cases_and_every_verdict_among_them(
    cases: tuple[Case, ...], record_property: Callable[[str, object], None]
) -> None:
    record_property("count", summary(cases))
    assert len(cases) >= 1400
    assert {c.format for c in cases} == {"pdf", "xml", "p7m", "p7s"}
    assert sum(c.ours == c.theirs for c in cases) >= 0.9 * len(cases)
    agreed = {c.ours.indication for c in cases if c.ours == c.theirs}
    assert agreed == {"TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"}


def test_eidkit_never_passes_what_dss_does_not(cases: tuple[Case, ...]) -> None:
    assert [c for c in cases if c.ours.indication == "TOTAL-PASSED" != c.theirs.indication] == []


def test_the_page_tells_what_was_found(cases: tuple[Case, ...]) -> None:
    assert _PAGE.read_text(encoding="utf-8") == page(cases, known())
