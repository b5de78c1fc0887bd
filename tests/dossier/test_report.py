"""What a person and a machine are told of a dossier."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from eidkit.errors import VerificationFailed
from eidkit.findings import BINDING
from eidkit.identity import Identity
from eidkit.vn import five_steps


@pytest.fixture(scope="module")
def report(stage, honest):
    return stage.verify(honest)


def test_the_json_has_the_keys_of_the_contract(report):
    told = json.loads(json.dumps(report.to_json()))
    assert set(told) == {"dossier", "verdict", "steps", "findings"}
    assert set(told["steps"][0]) == {
        "step",
        "role",
        "person",
        "organisation",
        "authentication",
        "signatures",
        "time",
        "findings",
    }
    assert set(told["steps"][0]["authentication"]) == {"method", "assurance", "proof_class", "time", "bound"}
    assert told["steps"][3]["organisation"] == "UBND phường Bến Sen"
    assert told["steps"][0]["signatures"] == [
        {"document": "permit", "indication": "TOTAL-PASSED", "subindication": None},
        {"document": "form", "indication": "TOTAL-PASSED", "subindication": None},
    ]


def test_no_personal_number_is_told(stage, report):
    told = json.dumps(report.to_json()) + str(report) + repr(report) + report.to_text("vi")
    for key in (stage.lan, stage.binh):
        assert key.identity.identifier not in told


def test_the_text_says_the_verdict_first_in_both_languages(report):
    assert str(report).startswith("dossier H56.01-260302-0001: COMPLETE, 5 of 5 steps approved")
    assert report.to_text("vi").startswith("hồ sơ H56.01-260302-0001: COMPLETE, 5/5 bước đã phê duyệt")


def test_who_alone_could_have_made_it_up_is_said_for_each_step(report):
    assert [[f.code for f in step.findings] for step in report.steps] == [["MADE_UP_ATTESTED"]] * 5


def test_a_complete_report_is_true_and_passes_its_gate(report):
    assert report
    assert report.require() is report


def test_any_other_report_is_false_and_raises_at_its_gate(stage, honest):
    report = stage.verify(replace(honest, authentications=honest.authentications[:-1]))
    assert not report
    with pytest.raises(VerificationFailed) as refused:
        report.require()
    assert refused.value.report is report


def test_nothing_is_trusted_by_default(stage, honest):
    from eidkit.trust.store import TrustStore

    report = stage.verify(honest, trust=TrustStore(()))
    assert report.verdict != "COMPLETE"
    assert "ATTESTATION_UNTRUSTED" in report.codes


def test_verifying_offline_without_status_is_indeterminate(stage, honest):
    from eidkit.dossier.dossier import Validation

    report = stage.verify(replace(honest, validation=Validation()), sources=None, transport=None)
    assert report.verdict == "INDETERMINATE"
    assert "STATUS_UNKNOWN" in report.codes
    assert report.findings[0].code == "ONLY_STATUS_MISSING"
    assert "--crl FILE" in str(report).splitlines()[2]


def test_want_of_status_beside_another_reason_is_not_all(stage, turn):
    from eidkit.dossier.dossier import Validation

    mutant = replace(stage.play(stage.opened(), {"approval": turn(signer=stage.binh)}), validation=Validation())
    report = stage.verify(mutant, sources=None, transport=None)
    assert report.verdict == "FAILED"
    assert "ONLY_STATUS_MISSING" not in report.codes


def test_every_reason_has_two_languages_and_a_remedy():
    for row in BINDING:
        assert all((row.message.en, row.message.vi, row.remedy.en, row.remedy.vi))
        assert row.message.en != row.message.vi


def test_a_name_written_into_a_login_file_is_not_shown(stage, honest):
    """Only the number is committed to; the name comes from the certificate or from the procedure."""
    login = honest.authentications[2]
    other = replace(login.disclosure, identity=Identity(login.identity.scheme, login.identity.identifier, "Ai Đó"))
    logins = tuple(replace(a, disclosure=other) if a is login else a for a in honest.authentications)
    report = stage.verify(replace(honest, authentications=logins))
    assert "Ai Đó" not in str(report)
    assert report.steps[2].person.name == "Nguyễn Thị Lan"


def test_who_is_named_by_nobody_is_shown_by_a_masked_number(stage):
    procedure = five_steps(attesters=stage.procedure.attesters, mandate=stage.seal.identity)
    report = stage.verify(stage.play(stage.opened(procedure)))
    assert report.verdict == "COMPLETE"
    assert report.to_json()["steps"][3]["person"] == "vn-cccd •••••••••033"
