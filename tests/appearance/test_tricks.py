"""A signer with a good key who lets readers see other things than the stamp that is named: found out."""

from __future__ import annotations

import pytest
from click import UsageError

from eidkit.cli.stamping import Stamping
from eidkit.document import Document
from eidkit.pdf import placing
from eidkit.pdf.appending import Update
from eidkit.pdf.fields import signature_fields
from eidkit.pdf.newfile import Name, NewFile
from eidkit.signing import Appearance, Place, sign
from eidkit.verify import collect
from tests.appearance.papers import field, paper

STAMP = Appearance(at=Place(1, 100, 100, 60, 18), text="12.500", border=True)
RED = b"<</Type/XObject/Subtype/Form/BBox[0 0 200 50]/Length 24>>stream\n1 0 0 rg 0 0 200 50 re f\nendstream"


def seen(document: Document) -> tuple[bool, list[str]]:
    """Whether a stamp of ours is found, and what is observed."""
    (one,) = collect(document).signatures
    return one.appearance is not None, [found.code for found in one.observations]


def field_and_kid() -> Document:
    """A field that is a widget itself, beside the one that it has as a kid; both stand on the page."""
    file = NewFile()
    tree, page, parent = file.reserve(), file.reserve(), file.reserve()
    widget = {"Type": Name("Annot"), "Subtype": Name("Widget"), "F": 4, "P": page}
    kid = file.add({**widget, "Rect": [100, 100, 300, 150], "Parent": parent})
    own = {**widget, "Rect": [100, 400, 300, 450]}
    file.fill(parent, {**own, "FT": Name("Sig"), "T": "Leader", "Kids": [kid]})
    members = {"Type": Name("Page"), "Parent": tree, "MediaBox": [0, 0, 595, 842], "Annots": [kid, parent]}
    file.fill(page, members)
    file.fill(tree, {"Type": Name("Pages"), "Kids": [page], "Count": 1})
    root = file.add({"Type": Name("Catalog"), "Pages": tree, "AcroForm": {"Fields": [parent]}})
    return Document.from_bytes(file.finish(root, file.add({"Title": "Two"})), "paper.pdf")


def rewriting(monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes) -> None:
    """The widget is written with ``new`` in the place of ``old``."""
    put = Update.put

    def written(update, number, generation, text):
        return put(update, number, generation, text.replace(old, new) if b"/FT/Sig" in text else text)

    monkeypatch.setattr(Update, "put", written)


def test_a_second_drawing_by_the_field_itself(lan, monkeypatch):
    """The kid shows the stamp that is named; its field, which is a widget too, gets a drawing of its own."""
    edit = Update.edit

    def both(update, number, members):
        if "/V" in members:
            form = update.new_number()
            update.put(form, 0, RED)
            members = {**members, "/AP": b"<</N %d 0 R>>" % form}
        edit(update, number, members)

    monkeypatch.setattr(placing, "_named", lambda _name, root, *_: signature_fields(root)[0])
    control = sign(field_and_kid(), lan, appearance=Appearance(at="Leader", text="12.500"))
    monkeypatch.setattr(Update, "edit", both)
    tricked = sign(field_and_kid(), lan, appearance=Appearance(at="Leader", text="12.500"))
    # Even without a drawing the field is a second place, which some viewers fill.
    assert [seen(control)[0], seen(tricked)[0]] == [False, False]


def test_a_field_that_is_a_widget_beside_its_kid_is_refused_by_name(lan):
    with pytest.raises(Exception, match="several places") as refused:
        sign(field_and_kid(), lan, appearance=Appearance(at="Leader", text="12.500"))
    assert refused.value.code == "field-locked"


@pytest.mark.parametrize(
    ("old", "new", "stamped"),
    [
        (b"", b"", True),
        (b"/Subtype/Widget", b"", False),  # no annotation: nothing is drawn
        (b"/F 132", b"/F 128", False),  # on the screen, and not on paper
    ],
)
def test_a_stamp_that_is_there_and_not_drawn(lan, monkeypatch, old, new, stamped):
    rewriting(monkeypatch, old, new) if old else None
    assert seen(sign(paper({}), lan, appearance=STAMP))[0] is stamped


@pytest.mark.parametrize(("members", "stamped"), [({}, True), ({"BM": Name("Difference")}, False), ({"ca": 0}, False)])
def test_a_field_prepared_to_show_a_stamp_otherwise(lan, monkeypatch, members, stamped):
    """Blended with the page, or with no ink left; our own writer refuses it by name."""
    monkeypatch.setattr(placing, "DEMANDS", ())
    prepared = paper({}, fields=(field("Leader", **members),))
    assert seen(sign(prepared, lan, appearance=Appearance(at="Leader", text="12.500")))[0] is stamped


@pytest.mark.parametrize(
    ("rectangle", "found"), [(b"[50 50 400 400]", ["APPEARANCE_OVER_OTHERS"]), (b"[50 500 400 600]", [])]
)
def test_a_drawing_of_another_product_over_the_text_is_said(lan, monkeypatch, rectangle, found):
    """Without a login it is no error; what it may hide is worth a look all the same."""
    put = Update.put

    def drawn(update, number, generation, text):
        if b"/FT/Sig" in text:
            form = update.new_number()
            put(update, form, 0, RED)
            text = text.replace(b"/Rect[0 0 0 0]", b"/Rect%b/AP<</N %d 0 R>>" % (rectangle, form))
        return put(update, number, generation, text)

    monkeypatch.setattr(Update, "put", drawn)
    assert seen(sign(paper({}), lan)) == (False, found)


def filled(sandbox, line):
    """The line as it is seen when somebody signs who has no title."""
    key = sandbox.official("Lan {time} {title}", "000190000077")
    stamping = Stamping((line,), None, None, border=False, at="Leader")
    return stamping.appearance(key.certificate, sandbox.clock.now()).text


def test_braces_in_a_name_are_text(sandbox):
    """What a certificate says is never filled in again."""
    assert filled(sandbox, "Ký bởi {name}") == ("Ký bởi Lan {time} {title}",)


def test_a_place_that_the_certificate_leaves_empty_is_refused_by_name(sandbox):
    with pytest.raises(UsageError, match=r"says nothing for \{title\}"):
        filled(sandbox, "{title} {name}")
