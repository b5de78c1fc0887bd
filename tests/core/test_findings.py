"""Findings: every row complete in both languages, and a reason that is a sentence said in both."""

from __future__ import annotations

import string

import pytest

from eidkit.errors import Text
from eidkit.findings import RANK, ROWS, Observation, Row, as_warning, finding, in_order, observed
from eidkit.verify import stored
from eidkit.verify.evidence import Evidence


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_a_row_says_the_same_in_both_languages(row: Row) -> None:
    assert all((row.message.en, row.message.vi, row.remedy.en, row.remedy.vi))
    assert places(row.message.vi) <= places(row.message.en)
    assert places(row.remedy.vi) <= places(row.remedy.en)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_only_an_error_leads_to_an_indication(row: Row) -> None:
    assert (row.indication is not None) == (row.severity == "error")


def test_a_reason_in_both_languages_is_said_in_each() -> None:
    said = finding("FORMAT_FAILURE", why=Text("cut off", "bị cắt"))
    assert said.message == Text("the signature is malformed: cut off", "chữ ký sai cấu trúc: bị cắt")


def test_a_reason_without_translation_is_shown_as_it_is() -> None:
    assert finding("FORMAT_FAILURE", why="0x30").message.vi == "chữ ký sai cấu trúc: 0x30"


def test_a_value_is_never_a_template() -> None:
    assert "{what}" in finding("FORMAT_FAILURE", why="{what}").message.en


def test_stored_evidence_keeps_both_languages() -> None:
    seen = observed("FORMAT_FAILURE", "sig", why=Text("cut off", "bị cắt"))
    evidence = Evidence("a.pdf", 1, "0" * 64, "pdf", document_seen=True, observations=(seen,))
    assert stored.from_json(stored.to_json(evidence)).observations == (seen,)


def test_a_long_value_is_cut() -> None:
    assert all(len(value) == 300 for _, value in observed("FORMAT_FAILURE", why=Text("e" * 999, "v" * 999)).values)


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(KeyError):
        observed("NOT_A_CODE")


def test_errors_come_first_and_nothing_twice() -> None:
    found = [finding("NO_SIGNATURE"), finding("ATTRIBUTE_ORDER"), finding("TRUST_EMPTY", kind="signing")]
    codes = [each.code for each in in_order(found * 2)]
    assert codes == ["TRUST_EMPTY", "ATTRIBUTE_ORDER", "NO_SIGNATURE"]
    assert RANK["HASH_FAILURE"] == 0


def test_a_warning_decides_nothing() -> None:
    told = as_warning(finding("TRUST_EMPTY", kind="signing"))
    assert (told.severity, told.indication, told.subindication) == ("warning", None, None)
    assert told.message == finding("TRUST_EMPTY", kind="signing").message


def test_an_observation_is_a_value() -> None:
    assert observed("NOT_SUPPORTED", what="x") == Observation("NOT_SUPPORTED", None, (("what", "x"),))
