"""Empty signature fields that are there already are used when named, and refused by name when they cannot be."""

from __future__ import annotations

import pytest

from eidkit.document import Document
from eidkit.errors import DocumentError, SigningError
from eidkit.pdf.newfile import Name, Part
from eidkit.signing import Appearance, Place, sign
from eidkit.verify import collect
from tests.appearance.papers import field, paper

TEXT = {"text": "Nguyễn Thị Lan", "border": True}


def fields_of(document):
    from eidkit.pdf.fields import signature_fields
    from eidkit.pdf.intake import open_pdf

    return {one.name: one for one in signature_fields(open_pdf(document).root)}


def only(document):
    (signature,) = collect(document).signatures
    return signature


def with_kid(rectangle=(100, 100, 300, 150), **members):
    """A field whose widget is an object of its own."""
    widget = {"Type": Name("Annot"), "Subtype": Name("Widget"), "Rect": list(rectangle), "F": 4, **members}
    file_field = {"FT": Name("Sig"), "T": "Leader"}
    return widget, file_field


def two_objects(kids: int = 1) -> Document:
    """A form whose field has its widget (or two) as kids, each knowing its parent."""
    from eidkit.pdf.newfile import NewFile

    file = NewFile()
    tree, page, parent = file.reserve(), file.reserve(), file.reserve()
    widgets = []
    for number in range(kids):
        widget, members = with_kid((100, 100 + 100 * number, 300, 150 + 100 * number))
        widgets.append(file.add({**widget, "Parent": parent, "P": page}))
    file.fill(parent, {**members, "Kids": widgets})
    file.fill(page, {"Type": Name("Page"), "Parent": tree, "MediaBox": [0, 0, 595, 842], "Annots": widgets})
    file.fill(tree, {"Type": Name("Pages"), "Kids": [page], "Count": 1})
    root = file.add({"Type": Name("Catalog"), "Pages": tree, "AcroForm": {"Fields": [parent]}})
    return Document.from_bytes(file.finish(root, file.add({"Title": "Two objects"})), "paper.pdf")


def test_a_stamp_in_a_field_has_its_rectangle(lan, looked_at):
    document = paper({"Contents": []}, fields=(field("Clerk"), field("Leader", [300.5, 400.25, 480, 460])))
    signed = sign(document, lan, appearance=Appearance(at="Leader", **TEXT))
    assert fields_of(signed)["Leader"].value is not None
    assert fields_of(signed)["Clerk"].value is None
    assert only(signed).appearance.rectangle == (30050, 40025, 48000, 46000)
    assert only(signed).observations == ()
    left, _, right, bottom = looked_at(signed).inked()
    # 10 pixels a millimetre, the frame half a point inside.
    assert (left, right, bottom) == pytest.approx((1060, 1693, 2970 - 1412), abs=4)


def test_a_field_whose_widget_is_another_object(lan, looked_at):
    signed = sign(two_objects(), lan, appearance=Appearance(at="Leader", **TEXT))
    assert only(signed).appearance.rectangle == (10000, 10000, 30000, 15000)
    assert only(signed).coverage.own_revision == "clean"
    assert looked_at(signed).inked()[0] == pytest.approx(353, abs=4)


def test_a_field_inside_another(lan):
    inner = field("Leader")
    outer = Part({"T": "Approval", "Kids": [inner]})
    document = paper({}, fields=(outer,))
    signed = sign(document, lan, field="Approval.Leader")
    assert only(signed).id == "Approval.Leader"


@pytest.mark.parametrize("document", [paper({}, fields=(field("Clerk"), field("Leader"))), two_objects()])
def test_an_unseen_signature_in_a_named_field(lan, document):
    signed = sign(document, lan, field="Leader")
    assert only(signed).id == "Leader"
    assert (only(signed).appearance, only(signed).coverage.own_revision) == (None, "clean")


def test_a_place_never_takes_an_empty_field(lan):
    """The form's own empty field stays for whom it is meant."""
    document = paper({}, fields=(field("Leader"),))
    signed = sign(document, lan, appearance=Appearance(at=Place(1, 10, 10, 60, 15), **TEXT))
    assert fields_of(signed)["Leader"].value is None
    assert len(fields_of(signed)) == 2


LOCKING = {"TransformMethod": Name("FieldMDP"), "TransformParams": {"Action": Name("All")}}
LOCK = Part({"Type": Name("Sig"), "Reference": [LOCKING]})
REFUSED = {
    "unknown": ("field-unknown", "Nobody", ()),
    "of another type": ("field-not-signature", "Amount", ()),
    "signed": ("field-signed", "Leader", (field("Leader", V=Part({"Type": Name("Sig")})),)),
    "read-only": ("field-locked", "Leader", (field("Leader", Ff=1),)),
    "with seed values": ("field-locked", "Leader", (field("Leader", SV={"Type": Name("SV")}),)),
    "with a lock": ("field-locked", "Leader", (field("Leader", Lock={"Action": Name("All")}),)),
    "that acts": ("field-locked", "Leader", (field("Leader", A={"S": Name("URI"), "URI": "http://x.test/"}),)),
    "locked by an earlier signature": ("pdf-signing-forbidden", "Leader", (field("Clerk", V=LOCK), field("Leader"))),
    "one of two of that name": ("field-ambiguous", "Leader", (field("Leader"), field("Leader", [9, 9, 200, 99]))),
    "blended": ("field-locked", "Leader", (field("Leader", BM=Name("Difference")),)),
    "hidden": ("field-invisible", "Leader", (field("Leader", F=2),)),
    "without an area": ("field-invisible", "Leader", (field("Leader", [0, 0, 0, 0]),)),
    "beyond the page": ("stamp-outside-page", "Leader", (field("Leader", [500, 100, 700, 150]),)),
    "too small": ("stamp-too-small", "Leader", (field("Leader", [100, 100, 110, 105]),)),
}
AMOUNT = Part({"Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Tx"), "T": "Amount", "Rect": [0, 0, 9, 9]})


@pytest.mark.parametrize("why", REFUSED)
def test_a_field_that_cannot_take_the_stamp_is_refused_by_name(lan, why):
    code, name, fields = REFUSED[why]
    with pytest.raises(DocumentError) as refused:
        sign(paper({}, fields=(AMOUNT, *fields)), lan, appearance=Appearance(at=name, **TEXT))
    assert refused.value.code == code


@pytest.mark.parametrize("why", list(REFUSED)[:7])
def test_a_field_that_cannot_be_signed_is_refused_by_name(lan, why):
    code, name, fields = REFUSED[why]
    with pytest.raises(DocumentError) as refused:
        sign(paper({}, fields=(AMOUNT, *fields)), lan, field=name)
    assert refused.value.code == code


def test_the_refusal_names_the_fields_there_are(lan):
    with pytest.raises(DocumentError) as refused:
        sign(paper({}, fields=(field("Clerk"), field("Leader"))), lan, field="leader")
    assert "'Clerk', 'Leader'" in refused.value.remedy.en


def test_a_field_with_several_places_is_refused_by_name(lan):
    with pytest.raises(DocumentError) as refused:
        sign(two_objects(2), lan, field="Leader")
    assert refused.value.code == "field-locked"


def test_a_hidden_field_can_be_signed_unseen(lan):
    assert only(sign(paper({}, fields=(field("Leader", F=2),)), lan, field="Leader")).id == "Leader"


def test_the_place_is_said_once(lan):
    with pytest.raises(SigningError) as refused:
        sign(paper({}, fields=(field("Leader"),)), lan, appearance=Appearance(at="Leader", **TEXT), field="Leader")
    assert refused.value.code == "appearance-and-field"
