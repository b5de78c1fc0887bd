"""The JSON schemas in the package say what is written and printed: neither less nor more."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from eidkit.sandbox import Sandbox
from eidkit.verify import judge, save_evidence, verify_certificate
from eidkit.version import VERSION
from tests.verify import schema_making
from tests.verify.cases import Case, made
from tests.verify.keeping import KEPT


def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((schema_making.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _errors(name: str, value: Any) -> list[str]:
    return [error.message for error in _validator(name).iter_errors(value)]


@pytest.mark.parametrize(("name", "schema"), [pytest.param(*each, id=each[0]) for each in schema_making.schemas()])
def test_the_shipped_schema_is_that_of_the_values(name: str, schema: dict[str, Any]) -> None:
    shipped = (schema_making.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert shipped == schema_making.written(schema), "run python -m tests.verify.schema_making"


@pytest.mark.parametrize("case", made(), ids=lambda case: case.name)
def test_evidence_is_valid(case: Case) -> None:
    assert _errors("evidence-1", json.loads(save_evidence(case.evidence))) == []


@pytest.mark.parametrize("detailed", [False, True])
@pytest.mark.parametrize("case", made(), ids=lambda case: case.name)
def test_a_report_is_valid(case: Case, *, detailed: bool) -> None:
    assert _errors("report-1", json.loads(json.dumps(case.report().to_json(detailed=detailed)))) == []


def test_evidence_with_an_unknown_or_missing_member_is_not_valid() -> None:
    saved = json.loads(save_evidence(made()[0].evidence))
    assert _errors("evidence-1", saved | {"document_seen": True})
    assert _errors("evidence-1", {name: value for name, value in saved.items() if name != "sha256"})
    assert _errors("evidence-1", saved | {"v": 2})
    saved["signatures"][0]["value"] = "not base64!"
    assert _errors("evidence-1", saved)


def test_a_certificate_report_is_valid(sandbox: Sandbox) -> None:
    certificate = sandbox.official("Lan", "001199000041").certificate
    at = sandbox.clock.now() + timedelta(minutes=1)
    report = verify_certificate(certificate, sandbox.trust, purpose="signing", at=at)
    assert _errors("certificate-1", json.loads(json.dumps(report.to_json()))) == []


def test_a_report_says_the_version_of_its_schema() -> None:
    case = made()[0]
    assert judge(case.evidence, case.trust, at=case.at).to_json()["schema"] == 1


def test_lines_of_an_audit_are_valid() -> None:
    folder = KEPT / VERSION
    command = [sys.executable, "-m", "eidkit.cli", "audit", folder, "--trust", folder / "roots", "--offline", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert {line["verdict"] for line in lines} >= {"INDETERMINATE", "TOTAL-FAILED", "NO-SIGNATURE"}
    assert [error for line in lines for error in _errors("audit-1", line)] == []
