"""binding.md §6.3 broken in the folder: documents that changed, came, went or stood for another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.document import Document
from eidkit.dossier.dossier import EarlierState, Held, Index
from eidkit.pdf import appending
from eidkit.pdf.syntax import raw_items


def replaced(dossier, label, document):
    held = tuple(Held(h.label, document) if h.label == label else h for h in dossier.held)
    return replace(dossier, held=held)


def annotated(document):
    reader = appending.open_for_signing(document)
    update = appending.Update(document, reader)
    number = update.new_number()
    update.put(number, 0, b"<</Type/Annot/Subtype/FreeText/Rect[70 300 400 500]/Contents(9.999.000)/F 4>>")
    update.add_annotation(raw_items(update.reader.root["/Pages"].raw_get("/Kids"))[0].idnum, number)
    return document.spliced(document.length, update.finished())


def test_a_pdf_changed_between_two_steps(stage, turn, caught):
    dossier = stage.play(stage.opened(), {}, ("reception",))
    dossier = replaced(dossier, "permit", annotated(dossier.document("permit")))
    dossier = stage.play(dossier, {}, ("assessment", "approval", "signing", "result"))
    caught(dossier, "DOCUMENT_CHANGED_BETWEEN_STEPS", "MODIFIED_AFTER_SIGNING", "STEP_SIGNATURE_FAILED")


def test_a_pdf_changed_after_the_last_step(stage, caught, honest):
    mutant = replaced(honest, "permit", annotated(honest.document("permit")))
    report = caught(mutant, "DOCUMENT_CHANGED_AFTER_STEPS", "MODIFIED_AFTER_SIGNING", exactly=False)
    assert report.verdict == "FAILED"


def test_a_pdf_swapped_between_two_steps(stage, turn, caught):
    """The paper of the first step is gone; everybody after it signed another one."""
    dossier = stage.play(stage.opened(), {}, ("reception",))
    dossier = replaced(dossier, "permit", annotated(stage.files["permit"]))
    dossier = stage.play(dossier, {}, ("assessment", "approval", "signing", "result"))
    caught(dossier, "DOCUMENT_NOT_SIGNED")


def test_an_xml_changed_between_two_steps(stage, turn, caught):
    dossier = stage.play(stage.opened(), {}, ("reception",))
    data = dossier.document("form").read_bounded(10**7, "form")
    dossier = replaced(dossier, "form", Document.from_bytes(data.replace(b"</", b" </", 1), "form.xml"))
    dossier = stage.play(dossier, {}, ("assessment", "approval", "signing", "result"))
    caught(dossier, "HASH_FAILURE", "STEP_SIGNATURE_FAILED", "EARLIER_STATE_DIFFERS", exactly=False)


def test_a_bit_of_a_signed_pdf(stage, caught, honest):
    data = bytearray(honest.document("permit").read_bounded(10**7, "permit"))
    data[3000] ^= 1
    mutant = replaced(honest, "permit", Document.from_bytes(bytes(data), "permit.pdf"))
    caught(mutant, "HASH_FAILURE", "STEP_SIGNATURE_FAILED", "CONTENT_NOT_IN_TRANSACTION", "TRANSACTION_CONTENT")


def test_a_signature_that_belongs_to_no_step(stage, turn, caught):
    dossier = stage.play(stage.opened(), {}, ("reception",))
    extra = stage.signature(dossier.document("form"), stage.lan, assertion=None, commitment=None)
    dossier = replaced(dossier, "form", extra)
    dossier = stage.play(dossier, {}, ("assessment", "approval", "signing", "result"))
    caught(dossier, "SIGNATURE_UNACCOUNTED", "TRANSACTION_PRESENT", "EARLIER_STATE_DIFFERS")


def test_a_signature_from_before_the_dossier_is_accounted_for(stage, turn):
    """The applicant signed the form before it was handed in."""
    applicant = stage.sandbox.citizen("Hoàng Minh Khôi", "000099000123")
    signed = stage.signature(stage.files["form"], applicant, assertion=None, commitment=None)
    files, stage.files = stage.files, {**stage.files, "form": signed}
    try:
        dossier = stage.play(stage.opened())
    finally:
        stage.files = files
    assert stage.verify(dossier).verdict == "COMPLETE"


def test_a_signature_from_before_the_dossier_that_does_not_hold(stage, turn, caught):
    applicant = stage.sandbox.citizen("Hoàng Minh Khôi", "000099000123")
    signed = stage.signature(stage.files["form"], applicant, assertion=None, commitment=None)
    stage.sandbox.revoke(applicant, stage.clock.now())
    stage.clock.advance(timedelta(minutes=1))
    late = stage.signature(stage.files["form"], applicant, assertion=None, commitment=None)
    assert signed != late
    files, stage.files = stage.files, {**stage.files, "form": late}
    try:
        dossier = stage.play(stage.opened())
    finally:
        stage.files = files
    caught(dossier, "STEP_SIGNATURE_UNDECIDED")


def test_a_signer_revoked_before_the_signature(stage, turn, caught):
    lan = stage.sandbox.official("Nguyễn Thị Lan", "000190000022")
    dossier = stage.opened()
    stage.sandbox.revoke(lan)
    caught(stage.play(dossier, {"approval": turn(signer=lan)}), "REVOKED_NO_POE", "STEP_SIGNATURE_UNDECIDED")


def test_a_document_that_the_procedure_does_not_know(stage, caught, honest):
    extra = Held("receipt", Document.from_bytes(b"<receipt/>", "receipt.xml"))
    caught(replace(honest, held=(*honest.held, extra)), "DOCUMENT_UNKNOWN")


def test_a_document_taken_away(stage, caught, honest):
    caught(
        replace(honest, held=honest.held[:1], earlier=()),
        "DOCUMENT_DISAPPEARED",
        "DOCUMENT_REQUIRED",
        "DOCUMENT_NOT_SIGNED",
        "TRANSACTION_PREVIOUS",
        "TRANSACTION_DOCUMENTS",
    )


def test_a_document_of_another_format(stage, caught, honest):
    report = caught(replaced(honest, "form", honest.document("permit")), "TRANSACTION_MEDIA_TYPE", exactly=False)
    assert report.verdict == "FAILED"


def test_another_earlier_state(stage, caught, honest):
    states = list(honest.earlier)
    states[1] = EarlierState(states[1].number, "form", Document.from_bytes(b"<form>other</form>", "form.xml"))
    caught(replace(honest, earlier=tuple(states)), "EARLIER_STATE_DIFFERS")


def test_an_earlier_state_of_another_step(stage, caught, honest):
    states = list(honest.earlier)
    states[1] = EarlierState(1, "form", states[2].document)
    caught(replace(honest, earlier=tuple(states)), "EARLIER_STATE_DIFFERS")


def test_an_index_that_names_other_approvals(stage, caught, honest):
    right = Index(stage.procedure.digest, tuple(a.digest for a in honest.approvals))
    assert stage.verify(replace(honest, index=right)).verdict == "COMPLETE"
    caught(replace(honest, index=replace(right, approvals=right.approvals[:-1])), "INDEX_DIFFERS")


def test_an_index_of_another_procedure(stage, caught, honest):
    right = Index("9" * 64, tuple(a.digest for a in honest.approvals))
    caught(replace(honest, index=right), "PROCEDURE_DIFFERS")


def test_two_files_that_change_places(stage, caught, turn):
    """Each was signed at every step, but under the other's name."""
    rules = (
        replace(stage.procedure.documents[0], label="note", media_type="application/xml"),
        stage.procedure.documents[1],
    )
    steps = tuple(replace(step, documents=("note", "form")) for step in stage.procedure.steps)
    procedure = replace(stage.procedure, documents=rules, steps=steps)
    note = Document.from_bytes(b"<note>ok</note>", "note.xml")
    files, stage.files = stage.files, {"note": note, "form": stage.files["form"]}
    try:
        twin = stage.play(stage.opened(procedure))
    finally:
        stage.files = files
    first, second = twin.held
    crossed = (
        replace(first, document=second.document, facts=None),
        replace(second, document=first.document, facts=None),
    )
    caught(replace(twin, held=crossed, earlier=()), "TRANSACTION_CONTENT", twin=twin, exactly=False)


def with_security_store(stage, document):
    """The PDF with a certificate kept in a document security store, as preservation adds it."""
    update = appending.Update(document, appending.open_for_signing(document))
    der = stage.sandbox.authorities["root"].certificate.public_bytes(Encoding.DER)
    number = update.new_number()
    update.put(number, 0, b"<</Length %d>>\nstream\n%b\nendstream" % (len(der), der))
    update.edit(update.reader.root_ref.idnum, {"/DSS": b"<</Type/DSS/Certs[%d 0 R]>>" % number})
    return document.spliced(document.length, update.finished())


def test_validation_data_between_two_steps_is_no_change(stage):
    dossier = stage.play(stage.opened(), {}, ("reception",))
    dossier = replaced(dossier, "permit", with_security_store(stage, dossier.document("permit")))
    dossier = stage.play(dossier, {}, ("assessment", "approval", "signing", "result"))
    report = stage.verify(dossier)
    assert report.verdict == "COMPLETE", str(report)


def test_validation_data_after_the_last_step_is_no_change(stage, honest):
    mutant = replaced(honest, "permit", with_security_store(stage, honest.document("permit")))
    report = stage.verify(mutant)
    assert report.verdict == "COMPLETE", str(report)
