"""The detailed view: each block that was run, once, with its clause; all that was found stands in one of them."""

from __future__ import annotations

from typing import get_args

import pytest

from eidkit.verify.render import detailed
from eidkit.verify.trace import Block
from tests.verify.cases import Case, made

_SIGNED = pytest.mark.parametrize(
    "case", [case for case in made() if case.evidence.signatures], ids=lambda case: case.name
)


def _case(name: str) -> Case:
    return next(case for case in made() if case.name == name)


@_SIGNED
def test_every_finding_stands_in_a_block(case: Case) -> None:
    report = case.report()
    for conclusion in report.conclusions:
        found = {one for step in conclusion.steps for one in step.findings}
        assert found == set(conclusion.findings)


@_SIGNED
def test_a_signature_is_good_exactly_when_its_blocks_are(case: Case) -> None:
    report = case.report()
    for conclusion in report.conclusions:
        blocks = [one for one in detailed.of_signature(report, conclusion) if "§5.4" not in one.clause]
        assert all(one.indication == "PASSED" for one in blocks) == bool(conclusion)


@_SIGNED
def test_blocks_come_in_the_order_of_the_clauses(case: Case) -> None:
    report = case.report()
    clauses = [one.clause for one in detailed.of_signature(report, report.conclusions[0])]
    assert clauses[:3] == ["EN 319 102-1 §5.2.2", "EN 319 102-1 §5.2.3", "EN 319 102-1 §5.2.4"]
    assert clauses[-1] == "EN 319 102-1 §5.5.4"


def test_a_changed_document_fails_in_cryptographic_verification() -> None:
    report = _case("xml-changed").report()
    failed = [one for one in detailed.of_signature(report, report.conclusions[0]) if one.indication == "FAILED"]
    assert [(one.clause, one.subindication) for one in failed] == [("EN 319 102-1 §5.2.7", "HASH_FAILURE")]


def test_a_revoked_certificate_shows_the_answer_that_said_so() -> None:
    report = _case("pdf-revoked").report()
    told = report.detailed()
    status = report.conclusions[0].statuses[0]
    assert f"its status: revoked, {status.source} {status.source_sha256}" in told
    assert "X.509 certificate validation and revocation freshness: INDETERMINATE / REVOKED_NO_POE" in told


def test_without_being_asked_the_json_has_no_blocks() -> None:
    report = _case("pdf-two-signatures").report()
    assert [one["blocks"] for one in report.to_json()["signatures"]] == [None, None]
    assert all(one["blocks"] for one in report.to_json(detailed=True)["signatures"])


def test_it_begins_as_the_short_one_does() -> None:
    for case in made():
        report = case.report()
        for language in ("en", "vi"):
            assert report.detailed(language).startswith(report.to_text(language))


def test_a_page_has_every_block_folded() -> None:
    page = _case("pdf-passed").report().to_html()
    assert "cryptographic verification" in page
    assert "EN 319 102-1 §5.2.7" in page


def test_every_block_that_the_judge_names_has_a_clause() -> None:
    assert set(get_args(Block)) <= set(detailed.BLOCKS)
