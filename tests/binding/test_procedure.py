from __future__ import annotations

import copy

import pytest

from eidkit import canonical
from eidkit.binding import procedure_toml
from eidkit.binding.authentication import Assurance
from eidkit.binding.procedure import Procedure
from eidkit.errors import EidkitError, Text


def test_toml_and_its_written_out_json_have_one_digest(procedure, tmp_path):
    (tmp_path / "p.json").write_bytes(canonical.dumps(procedure.to_json()))
    assert Procedure.read(tmp_path / "p.json").digest == procedure.digest


def test_json_round_trip_is_equal(procedure):
    assert Procedure.from_json(procedure.to_json()) == procedure


def test_defaults_are_written_out(procedure):
    step = procedure.step("approval").to_json()
    assert (step["kind"], step["max_age"], step["signature_level"], step["appearance"]) == ("person", 900, "B-T", False)
    assert step["documents"] == ["permit", "form"]
    assert procedure.step("seal").documents == ("permit", "form", "receipt")


def test_an_action_that_advances_commits_to_approval_unless_told_otherwise(procedure):
    assert procedure.step("approval").action("approve").commitment_oid == "1.2.840.113549.1.9.16.6.5"
    assert procedure.step("approval").action("send-back").commitment_oid is None
    assert procedure.step("reception").action("receive").commitment == "proof-of-receipt"


def test_text_is_filled_from_the_closed_list(procedure):
    text = procedure.text(
        "approval", "approve", "en", dossier="D-1", documents=[("permit", "ab" * 32), ("form", "cd" * 32)]
    )
    assert text == (
        "Nguyễn Thị Lan (head-of-unit): approve at Approval: permit (abababababababab), form (cdcdcdcdcdcdcdcd) of D-1"
    )


def test_a_value_is_never_itself_a_template(procedure):
    assert (
        procedure.text("reception", "receive", "en", dossier="{person}{x}", documents=[])
        == "Receive dossier {person}{x}"
    )


def test_assurance_of_another_scale_never_meets_a_rule(procedure):
    rule = procedure.step("approval").assurance
    assert rule.met_by([Assurance("vn-2024", "3", "policy")])
    assert not rule.met_by([Assurance("vn-2024", "1", "policy")])
    assert not rule.met_by([Assurance("nist-aal", "3", "policy"), Assurance("eidas", "high", "asserted")])


def _broken(change):
    def build(procedure):
        value = copy.deepcopy(procedure.to_json())
        change(value)
        return value

    return build


BROKEN = {
    "unknown member": lambda v: v.update(extra=1),
    "missing member": lambda v: v.pop("holders"),
    "version of another release": lambda v: v.update(v=2),
    "no attester": lambda v: v.update(attesters=[]),
    "repeated step": lambda v: v["steps"].append(v["steps"][0]),
    "different_from a later step": lambda v: v["steps"][0].update(different_from=["approval"]),
    "returns to a later step": lambda v: v["steps"][1]["actions"][1].update(returns_to="seal"),
    "returns without a target": lambda v: v["steps"][1]["actions"][1].update(returns_to=None),
    "approval commitment without advancing": lambda v: v["steps"][1]["actions"][1].update(
        commitment="proof-of-approval"
    ),
    "seal without mandate": lambda v: v["steps"][2].update(mandate=None),
    "person with mandate": lambda v: v["steps"][0].update(mandate=v["attesters"][0]),
    "document not there yet": lambda v: v["steps"][0].update(documents=["receipt"]),
    "unknown document": lambda v: v["steps"][0].update(documents=["other"]),
    "float": lambda v: v["steps"][0].update(max_age=900.0),
    "boolean for a number": lambda v: v["steps"][0].update(max_age=True),
    "unknown place": lambda v: v["steps"][0]["actions"][0].update(text={"en": "{amount}", "vi": "x"}),
    "stray brace": lambda v: v["steps"][0]["actions"][0].update(text={"en": "{dossier", "vi": "x"}),
    "attribute access in a place": lambda v: v["steps"][0]["actions"][0].update(text={"en": "{dossier.x}", "vi": "x"}),
    "person of a role with no holder": lambda v: v.update(holders={}),
    "assurance not on the scale": lambda v: v["steps"][1].update(assurance={"scheme": "vn-2024", "least": "high"}),
    "label with a path in it": lambda v: v["documents"][0].update(label="../permit"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_refused(procedure, name):
    value = _broken(BROKEN[name])(procedure)
    with pytest.raises(EidkitError):
        Procedure.from_json(value)


def test_toml_floats_and_dates_are_refused():
    for line in (b"id = 1.0", b"id = 2026-01-01", b"id = ", b"\xff"):
        with pytest.raises(EidkitError):
            procedure_toml.loads(line)


def test_the_digest_covers_what_a_text_says(procedure):
    value = procedure.to_json()
    value["steps"][0]["actions"][0]["text"] = Text("Other", "Khác").to_json()
    assert Procedure.from_json(value).digest != procedure.digest
