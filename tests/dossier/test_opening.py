"""Opening a dossier: labels, documents, and only what the procedure allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eidkit.binding.procedure import DocumentRule, Procedure
from eidkit.document import Document
from eidkit.dossier import Dossier
from eidkit.dossier.labels import label_of
from eidkit.errors import EidkitError


def refused(*given, **more):
    with pytest.raises(EidkitError) as error:
        Dossier.open(*given, **more)
    return error.value.code


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("permit.pdf", "permit"),
        ("Đơn đề nghị.pdf", "don-de-nghi"),
        ("TỜ TRÌNH số 12.XML", "to-trinh-so-12"),
        ("a.b.pdf", "a-b"),
        ("under_score.pdf", "under_score"),
        ("..pdf", ""),
    ],
)
def test_a_label_comes_from_the_file_name(name, label):
    assert label_of(name) == label


def test_a_mapping_names_the_documents(stage):
    files = {label: document.renamed("scan-0001") for label, document in stage.files.items()}
    assert Dossier.open("1", stage.procedure, files).labels == ("permit", "form")


def test_documents_stand_in_the_procedures_order(stage):
    files = [stage.files["form"], stage.files["permit"]]
    assert Dossier.open("1", stage.procedure, files).labels == ("permit", "form")


def test_an_unknown_document_is_refused(stage):
    files = [*stage.files.values(), Document.from_bytes(b"<x/>", "other.xml")]
    assert refused("1", stage.procedure, files) == "dossier-label-unknown"


def test_a_missing_document_is_refused(stage):
    assert refused("1", stage.procedure, [stage.files["permit"]]) == "dossier-document-missing"


def test_a_document_of_another_format_is_refused(stage):
    files = {"permit": stage.files["form"], "form": stage.files["form"]}
    assert refused("1", stage.procedure, files) == "dossier-media-type"


def test_two_documents_of_one_label_are_refused(stage):
    files = [stage.files["permit"], stage.files["permit"], stage.files["form"]]
    assert refused("1", stage.procedure, files) == "not-unique"


def test_a_document_that_is_not_due_yet_is_refused(stage):
    rules = (*stage.procedure.documents, DocumentRule("note", "application/xml", False, "assessment"))
    procedure = replace(stage.procedure, documents=rules)
    files = {**stage.files, "note": Document.from_bytes(b"<note/>", "note.xml")}
    assert refused("1", procedure, files) == "dossier-document-not-due"


def test_a_step_waits_for_the_documents_that_come_in_with_it(stage, turn):
    rules = (*stage.procedure.documents, DocumentRule("note", "application/xml", True, "assessment"))
    procedure = replace(stage.procedure, documents=rules)
    dossier = stage.act(Dossier.open("1", procedure, stage.files), "reception", turn())
    with pytest.raises(EidkitError) as error:
        dossier.transaction(action="approve")
    assert error.value.code == "dossier-document-missing"
    dossier = dossier.add([Document.from_bytes(b"<note>ok</note>", "note.xml")])
    assert dossier.transaction(action="approve").step == "assessment"


def test_every_dossier_draws_its_own_nonce(stage):
    one, other = (Dossier.open("1", stage.procedure, stage.files) for _ in range(2))
    assert one.nonce != other.nonce
    assert one.transaction(action="approve").digest != other.transaction(action="approve").digest


def test_a_nonce_that_is_no_nonce_is_refused(stage):
    assert refused("1", stage.procedure, stage.files, nonce="short") == "digest-spelling"


def test_an_action_that_the_step_does_not_have_is_refused(stage):
    with pytest.raises(EidkitError) as error:
        Dossier.open("1", stage.procedure, stage.files).transaction(action="wave-through")
    assert error.value.code == "action-unknown"


def test_the_text_is_the_procedures_in_the_language_asked_for(stage):
    dossier = Dossier.open("H56.01-260302-0001", stage.procedure, stage.files)
    permit = stage.files["permit"].sha256[:16]
    assert dossier.transaction(action="approve", language="en").text.body.startswith(
        "Dossier H56.01-260302-0001, Reception: I received these documents complete and pass them on: "
        f"permit ({permit})"
    )
    assert "Tiếp nhận hồ sơ" in dossier.transaction(action="approve").text.body


def test_the_five_steps_are_written_as_toml_and_read_again(stage, tmp_path):
    from eidkit.vn import procedure_toml

    path = tmp_path / "procedure.toml"
    path.write_text(procedure_toml(stage.procedure), encoding="utf-8")
    assert Procedure.read(path) == stage.procedure
    assert Procedure.read(path).digest == stage.procedure.digest


def test_the_five_steps_are_those_of_the_one_stop_shop(stage):
    assert [step.name for step in stage.procedure.steps] == ["reception", "assessment", "approval", "signing", "result"]
    assert [step.kind for step in stage.procedure.steps] == ["person", "person", "person", "seal", "person"]
    assert [step.title.vi for step in stage.procedure.steps] == [
        "Tiếp nhận hồ sơ",
        "Thẩm định hồ sơ",
        "Phê duyệt",
        "Ký số của cơ quan",
        "Trả kết quả",
    ]


@pytest.mark.parametrize(("text", "right"), [("H56.01-261124-0001", True), ("H56-261124-0001", False), ("x", False)])
def test_a_dossier_code_has_agency_date_and_counter(text, right):
    from eidkit.vn import dossier_code

    assert dossier_code(text) is right
