"""binding.md §1 and the rest of §6.3 broken one by one: what hides in the files themselves.

A bend of our own writer makes each signing revision, so that signature, timestamp and login are good and only
the revision holds more than it may.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.document import Document
from eidkit.dossier.dossier import EarlierState, Held, Index
from eidkit.pdf import appending
from eidkit.pdf.syntax import edited, raw_items, spans
from eidkit.xml import names, templates

_OWN = ("OWN_REVISION_CHANGED", "STEP_SIGNATURE_UNDECIDED")


def bent(method, change):
    """A patch of ``_Update.<method>`` for the permit alone; ``change(real, update, *given)`` replaces it."""

    def patch(monkeypatch, label):
        if label == "permit":
            real = getattr(appending._Update, method)
            monkeypatch.setattr(appending._Update, method, lambda update, *given: change(real, update, *given))

    return patch


def adding(change):
    """A patch that lets ``change(update)`` write more before the revision is finished."""

    def finished(real, update):
        change(update)
        return real(update)

    return bent("finished", finished)


def in_trailer(change):
    return bent("_members", lambda real, update, size: change(update, real(update, size)))


def first_page(update):
    """The reference to the only page."""
    return raw_items(update.reader.root["/Pages"].raw_get("/Kids"))[0]


def page(update):
    return first_page(update).idnum


def contents(update):
    """The object number of the page's content."""
    raw = first_page(update).get_object().raw_get("/Contents")
    return raw.idnum if hasattr(raw, "idnum") else raw_items(raw)[0].idnum


def stream(data):
    return b"<</Length %d>>\nstream\n%b\nendstream" % (len(data), data)


OTHER_AMOUNT = b"BT /F1 24 Tf 72 400 Td (9.999.000) Tj ET"


def new_content(update):
    update.put(contents(update), 0, stream(OTHER_AMOUNT))


def more_content(update):
    number = update.new_number()
    update.put(number, 0, stream(OTHER_AMOUNT))
    update.edit(page(update), {"/Contents": b"[%d 0 R %d 0 R]" % (contents(update), number)})


def another_root(update):
    number = update.reader.root_ref.idnum
    update.other_root = update.new_number()
    update.put(update.other_root, 0, update.text(number))


def root_named(update, members):
    return members.replace(b"/Root %d 0 R" % update.reader.root_ref.idnum, b"/Root %d 0 R" % update.other_root)


def another_information(update):
    update.other_info = update.new_number()
    update.put(update.other_info, 0, b"<</Title(Other)>>")


def information_named(update, members):
    import re

    return re.sub(rb"/Info \d+ 0 R", b"", members) + b"/Info %d 0 R" % update.other_info


def second_references(update):
    number = update.new_number()
    update.put(number, 0, b"<</Type/XRef/Size %d/W[1 4 1]/Index[0 0]/Length 0>>\nstream\n\nendstream" % (number + 1))
    update.other_references = update._offset(number)


def both(first, second):
    def patch(monkeypatch, label):
        first(monkeypatch, label)
        second(monkeypatch, label)

    return patch


def action_in_catalogue(update):
    update.edit(update.reader.root_ref.idnum, {"/OpenAction": b"<</S/JavaScript/JS(app.alert\\(1\\))>>"})


def annotation_over_the_amount(update):
    number = update.new_number()
    update.put(
        number,
        0,
        b"<</Type/Annot/Subtype/FreeText/Rect[70 300 400 500]/Contents(9.999.000)/DA(/Helv 24 Tf)/F 4>>",
    )
    update.add_annotation(first_page(update), number)


def second_field(update):
    number, root = update.new_number(), update.reader.root_ref.idnum
    update.put(number, 0, b"<</Type/Annot/Subtype/Widget/FT/Tx/T(Amount)/V(9.999.000)/Rect[70 300 400 500]/F 4>>")
    update._texts[root] = update.text(root).replace(b"/Fields[", b"/Fields[%d 0 R " % number)


def appearances_to_be_made_anew(update):
    root = update.reader.root_ref.idnum
    where = spans(update.text(root), 0).values["/AcroForm"]
    form = update.text(root)[where[0] : where[1]]
    update.edit(root, {"/AcroForm": edited(form, {"/NeedAppearances": b"true"})})


def layers(update):
    update.edit(update.reader.root_ref.idnum, {"/OCProperties": b"<</OCGs[]/D<<>>>>"})


def smaller_page(update):
    update.edit(page(update), {"/MediaBox": b"[0 0 595 300]"})


def unused_object(update):
    update.put(update.new_number(), 0, b"(nobody refers to this, yet)")


ADDITIONS = {
    "another content under the old number": adding(new_content),
    "more content on the page": adding(more_content),
    "an action in the catalogue": adding(action_in_catalogue),
    "an annotation over the amount": adding(annotation_over_the_amount),
    "a second field": adding(second_field),
    "appearances to be made anew": adding(appearances_to_be_made_anew),
    "layers": adding(layers),
    "a smaller page": adding(smaller_page),
    "an object that sleeps until a later revision": adding(unused_object),
    "another catalogue": both(adding(another_root), in_trailer(root_named)),
    "a second set of cross-references": both(
        adding(second_references),
        in_trailer(lambda update, members: members + b"/XRefStm %d" % update.other_references),
    ),
    "another document information": both(adding(another_information), in_trailer(information_named)),
}


@pytest.mark.parametrize("trick", ADDITIONS)
def test_a_signing_revision_that_changes_more_than_the_signature(stage, turn, caught, trick):
    """The first signature: the bytes before it stay as they were shown, and readers show the change."""
    caught(stage.play(stage.opened(), {"reception": turn(patch=ADDITIONS[trick])}, ("reception",)), *_OWN)


@pytest.mark.parametrize("trick", ["another content under the old number", "an annotation over the amount"])
def test_a_later_signing_revision_is_judged_by_the_same_rule(stage, turn, caught, trick):
    report = caught(
        stage.play(stage.opened(), {"approval": turn(patch=ADDITIONS[trick])}), "OWN_REVISION_CHANGED", exactly=False
    )
    assert report.verdict == "FAILED"


def in_widget(addition):
    """A patch that writes ``addition`` into the new widget."""

    def put(real, update, number, generation, text):
        return real(update, number, generation, text.replace(b"/Rect[0 0 0 0]", addition))

    return bent("put", put)


@pytest.mark.parametrize(
    "key", [b"/A<</S/URI/URI(http://x.test/)>>", b"/AA<</E<</S/JavaScript/JS(1)>>>>", b"/OC 1 0 R"]
)
def test_a_widget_that_acts(stage, turn, caught, key):
    mutant = stage.play(stage.opened(), {"reception": turn(patch=in_widget(b"/Rect[0 0 0 0]" + key))})
    caught(mutant, *_OWN)


def drawn_over(area):
    """A patch that gives the widget an appearance, a white sheet, on that area of the page."""

    def put(real, update, number, generation, text):
        if b"/Rect[0 0 0 0]" in text:
            sheet = update.new_number()
            drawing = b"1 g 0 0 595 842 re f"
            form = b"<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Length %d>>\nstream\n%b\nendstream"
            real(update, sheet, 0, form % (len(drawing), drawing))
            text = text.replace(b"/Rect[0 0 0 0]", b"/Rect[%b]/AP<</N %d 0 R>>" % (area, sheet))
        return real(update, number, generation, text)

    return bent("put", put)


@pytest.mark.parametrize("area", [b"0 0 595 842", b"2 2 6 6"])
def test_an_appearance_that_the_login_was_not_about(stage, turn, caught, area):
    """A signature that shows another page over the one that was signed, or only a speck."""
    mutant = stage.play(stage.opened(), {"reception": turn(patch=drawn_over(area))}, ("reception",))
    caught(mutant, "APPEARANCE_COVERS_CONTENT", "STEP_SIGNATURE_UNDECIDED")


def test_a_reference_that_waits_for_the_signature(stage, turn, caught):
    """The file as shown draws an object that does not exist yet; the signing revision brings it."""
    permit = stage.files["permit"]
    update = appending._Update(permit, appending.open_for_signing(permit))
    # The signature takes the first new number, the widget the second.
    update.edit(page(update), {"/Contents": b"[%d 0 R %d 0 R]" % (contents(update), update._size + 2)})
    files, stage.files = stage.files, {**stage.files, "permit": permit.spliced(permit.length, update.finished())}
    try:
        dossier = stage.opened()
    finally:
        stage.files = files
    bring = adding(lambda update: update.put(update.new_number(), 0, stream(OTHER_AMOUNT)))
    caught(stage.play(dossier, {"reception": turn(patch=bring)}, ("reception",)), *_OWN)


# ── XML ─────────────────────────────────────────────────────────────────────────────────────────────────────


def in_form(change):
    def after(label, document):
        if label != "form":
            return document
        data = document.read_bounded(10**7, "form")
        changed = change(data)
        assert changed != data
        return Document.from_bytes(changed, document.name)

    return after


@pytest.mark.parametrize(
    ("place", "verdict"), [(b"</ds:Signature>", "FAILED"), (b"</xades:UnsignedSignatureProperties>", "INDETERMINATE")]
)
def test_foreign_content_in_a_signature(stage, turn, caught, place, verdict):
    def hide(data):
        head, end, tail = data.rpartition(place)
        return head + b"<amount xmlns=''>9999000</amount>" + end + tail

    report = caught(
        stage.play(stage.opened(), {"result": turn(after=in_form(hide))}), "SIGNATURE_MISPLACED", exactly=False
    )
    assert report.verdict == verdict, str(report)


def test_something_that_only_looks_like_a_signature(stage, turn, caught):
    empty = (
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><amount xmlns="">9999000</amount></ds:Signature>'
    )
    hidden = in_form(lambda data: data.replace(b"<ds:Signature", empty + b"<ds:Signature", 1))
    caught(
        stage.play(stage.opened(), {"result": turn(after=hidden)}),
        "SIGNATURE_MISPLACED",
        "SIGNATURE_UNACCOUNTED",
        "STEP_SIGNATURE_UNDECIDED",
    )


def test_a_byte_outside_the_signatures(stage, turn, caught):
    other = in_form(lambda data: data.replace(b"<ds:Signature", b"\n<ds:Signature", 1))
    caught(
        stage.play(stage.opened(), {"result": turn(after=other)}),
        "HASH_FAILURE",
        "STEP_SIGNATURE_FAILED",
        exactly=False,
    )


def test_a_processing_instruction_after_the_root(stage, turn, caught):
    other = in_form(lambda data: data + b"<?show other?>")
    caught(
        stage.play(stage.opened(), {"result": turn(after=other)}),
        "HASH_FAILURE",
        "STEP_SIGNATURE_FAILED",
        exactly=False,
    )


def test_a_document_type(stage, turn, caught):
    other = in_form(lambda data: data.replace(b"?>", b'?><!DOCTYPE don [<!ENTITY a "9">]>', 1))
    report = caught(stage.play(stage.opened(), {"result": turn(after=other)}), "DOCUMENT_UNREADABLE", exactly=False)
    assert report.verdict == "FAILED"


def in_signed_info(change):
    """A patch of the SignedInfo of the form, before it is signed."""

    def patch(monkeypatch, label):
        if label == "form":
            real = templates.signed_info
            monkeypatch.setattr(templates, "signed_info", lambda *given: change(real(*given)))

    return patch


def test_the_same_xpath_with_another_binding(stage, turn, caught):
    """``ds`` bound to something else lets every ds:Signature, and what hides in one, into the content.

    The canonical SignedInfo leaves the binding out: the signature value holds.
    """
    literal = f"<ds:XPath>{names.XPATH_LITERAL}</ds:XPath>"
    signed = f'<d:XPath xmlns:d="{names.DSIG}">{names.XPATH_LITERAL}</d:XPath>'
    written = signed.replace(">", ' xmlns:ds="urn:other">', 1)

    def patch(monkeypatch, label):
        if label != "form":
            return
        info, whole = templates.signed_info, templates.signature
        monkeypatch.setattr(templates, "signed_info", lambda *given: info(*given).replace(literal, signed))
        monkeypatch.setattr(
            templates, "signature", lambda name, text, *more: whole(name, text.replace(signed, written), *more)
        )

    caught(
        stage.play(stage.opened(), {"result": turn(patch=patch)}),
        "CONTENT_FORM",
        "NOT_SUPPORTED",
        "SIGNED_DATA_NOT_FOUND",
        "STEP_SIGNATURE_UNDECIDED",
    )


def test_exclusive_canonicalisation_of_the_content(stage, turn, caught):
    """A namespace could be bound anew under an xsi:type."""
    last = f'<ds:Transform Algorithm="{names.C14N10}"></ds:Transform></ds:Transforms>'

    def change(info):
        assert last in info
        return info.replace(last, last.replace(names.C14N10, names.EXCLUSIVE))

    caught(
        stage.play(stage.opened(), {"result": turn(patch=in_signed_info(change))}),
        "CONTENT_FORM",
        "STEP_SIGNATURE_UNDECIDED",
    )


# ── documents between and after the steps ───────────────────────────────────────────────────────────────────


def replaced(dossier, label, document):
    held = tuple(Held(h.label, document) if h.label == label else h for h in dossier.held)
    return replace(dossier, held=held)


def annotated(document):
    reader = appending.open_for_signing(document)
    update = appending._Update(document, reader)
    annotation_over_the_amount(update)
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
