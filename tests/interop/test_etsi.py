"""Reports as XML of ETSI TS 119 102-2: valid against the schema, whatever the verdict, and telling the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from eidkit.errors import DocumentError, Text
from eidkit.verify import Report, judge, load_evidence, save_evidence
from eidkit.verify.render import etsi, html
from tests.interop import etsi_schema, oracles
from tests.verify.cases import Case, made

pytestmark = pytest.mark.interop
_V = {"v": etsi.NAMESPACE}
_EACH = pytest.mark.parametrize("case", made(), ids=lambda case: case.name)


@pytest.fixture(scope="module", autouse=True)
def _maven() -> None:
    oracles.require("java", "mvn")


def _tree(report: Report) -> etree._Element:
    written = report.to_etsi()
    assert etsi_schema.errors(written) == []
    return etree.fromstring(written.encode())


def _texts(tree: etree._Element, path: str) -> list[str]:
    return [str(found.text) for found in tree.findall(path, _V)]


def test_the_schema_says_no_to_what_is_wrong() -> None:
    written = made()[0].report().to_etsi()
    assert etsi_schema.errors(written.replace("<HashOnly>false</HashOnly>", ""))
    assert etsi_schema.errors(written.replace("2026-03-02T05:00:00Z", "yesterday"))


@_EACH
def test_every_report_is_valid_and_has_its_indications(case: Case) -> None:
    report = case.report()
    tree = _tree(report)
    judged = report.conclusions or report.timestamps
    said = _texts(tree, "v:SignatureValidationReport/v:SignatureValidationStatus/v:MainIndication")
    expected = [f"urn:etsi:019102:mainindication:{one.indication.lower()}" for one in judged]
    assert said == (expected or ["urn:cef:dss:mainindication:noSignatureFound"])
    subs = _texts(tree, "v:SignatureValidationReport/v:SignatureValidationStatus/v:SubIndication")
    assert subs == [f"urn:etsi:019102:subindication:{one.subindication}" for one in judged if one.subindication]


@_EACH
def test_every_code_is_in_it(case: Case) -> None:
    report = case.report()
    told = " ".join(_texts(_tree(report), ".//v:ReportData/v:Value"))
    codes = {found.code for one in report.conclusions for found in one.findings} | {f.code for f in report.findings}
    assert [code for code in codes if f"{code}:" not in told] == []


@_EACH
def test_without_the_document_it_is_valid_and_says_so(case: Case) -> None:
    report = judge(load_evidence(save_evidence(case.evidence)), case.trust, at=case.at)
    assert set(_texts(_tree(report), ".//v:DocHashOnly")) <= {"true"}


def test_a_revoked_certificate_is_named_with_its_time() -> None:
    case = next(case for case in made() if case.name == "pdf-revoked")
    tree = _tree(case.report())
    revoked = tree.find(".//v:RevocationStatusInformation", _V)
    assert revoked is not None
    assert revoked.findtext("v:RevocationTime", namespaces=_V) == "2026-03-05T05:00:00Z"
    assert revoked.find("v:RevocationObject", _V) is not None


def test_several_files_and_one_that_is_not_readable_are_one_report() -> None:
    unreadable = html.Unreadable("x.bin", DocumentError("format-unknown", Text("what is it?", "gì?"), Text("-", "-")))
    written = etsi.rendered([made()[0].report(), unreadable, made()[3].report()])
    assert etsi_schema.errors(written) == []
    tree = etree.fromstring(written.encode())
    assert len(tree.findall("v:SignatureValidationReport", _V)) == 4
    assert "format-unknown: what is it?" in _texts(tree, ".//v:ReportData/v:Value")


@pytest.mark.parametrize("name", ["<a>&\"'", "\x00\x1b[31m", "\ud800", "a\r\n\tb", "\uffff", "x" * 5000])
def test_names_of_an_attacker_break_nothing(name: str) -> None:
    report = made()[0].report()
    evidence = replace(report.conclusions[0].evidence, id=name, claimed_roles=(name,))
    first = replace(report.conclusions[0], evidence=evidence)
    _tree(replace(report, document=name, conclusions=(first,)))
