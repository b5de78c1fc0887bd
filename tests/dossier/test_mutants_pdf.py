"""binding.md §1 broken in the signing revision of a PDF, and by what draws over it.

A bend of our own writer makes each revision, so that signature, timestamp and login are good and only the
revision holds more than it may.
"""

from __future__ import annotations

import re

import pytest

from eidkit.pdf import appending
from eidkit.pdf.syntax import edited, raw_items, spans

_OWN = ("OWN_REVISION_CHANGED", "STEP_SIGNATURE_UNDECIDED")


def bent(method, change):
    """A patch of ``Update.<method>`` for the permit alone; ``change(real, update, *given)`` replaces it."""

    def patch(monkeypatch, label):
        if label == "permit":
            real = getattr(appending.Update, method)
            monkeypatch.setattr(appending.Update, method, lambda update, *given: change(real, update, *given))

    return patch


def adding(change):
    """A patch that lets ``change(update)`` write more before the revision is finished."""

    def finished(real, update):
        change(update)
        return real(update)

    return bent("finished", finished)


def in_trailer(change):
    return bent("_trailer", lambda real, update, size: change(update, real(update, size)))


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
    update.add_annotation(first_page(update).idnum, number)


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
    update = appending.Update(permit, appending.open_for_signing(permit))
    # The signature takes the first new number, the widget the second.
    update.edit(page(update), {"/Contents": b"[%d 0 R %d 0 R]" % (contents(update), update._size + 2)})
    files, stage.files = stage.files, {**stage.files, "permit": permit.spliced(permit.length, update.finished())}
    try:
        dossier = stage.opened()
    finally:
        stage.files = files
    bring = adding(lambda update: update.put(update.new_number(), 0, stream(OTHER_AMOUNT)))
    caught(stage.play(dossier, {"reception": turn(patch=bring)}, ("reception",)), *_OWN)
