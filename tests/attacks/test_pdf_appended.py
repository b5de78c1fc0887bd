"""After the signature: updates that look harmless and change what is shown."""

from __future__ import annotations

import pytest

from tests.attacks import making
from tests.attacks.making import DRAWING, FALSE_STAMP, form, page, stamped, stream, updated

WIDGET = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(S2)/F 4/Rect[0 0 200 200]/P 3 0 R/AP<</N 9 0 R>>%b>>"


@pytest.fixture(scope="module")
def signed(signed_pdf, judged):
    data = signed_pdf()
    assert judged(data)
    return data


def test_an_empty_signature_field_that_covers_the_page(signed, judged, codes):
    report = judged(updated(signed, {8: WIDGET % b"", 9: DRAWING, 1: form(b" 8 0 R"), 3: page(b" 8 0 R")}))
    assert "MODIFIED_AFTER_SIGNING" in codes(report)


def test_a_document_timestamp_that_covers_the_page(signed, judged, codes):
    """Nobody's key is needed: the report judges signatures, and this is none."""
    objects = {8: WIDGET % b"/V 7 0 R", 9: DRAWING, 7: FALSE_STAMP, 1: form(b" 8 0 R"), 3: page(b" 8 0 R")}
    assert "MODIFIED_AFTER_SIGNING" in codes(judged(stamped(signed, objects)))


def test_a_timestamp_under_the_type_of_a_signature_is_still_nobodys(signed, judged, codes):
    stamp = FALSE_STAMP.replace(b"/DocTimeStamp", b"/Sig")
    objects = {8: WIDGET % b"/V 7 0 R", 9: DRAWING, 7: stamp, 1: form(b" 8 0 R"), 3: page(b" 8 0 R")}
    assert "MODIFIED_AFTER_SIGNING" in codes(judged(stamped(signed, objects)))


@pytest.mark.parametrize("generation", [0, 1, 5, 65535])
def test_a_page_content_freed_under_any_generation(signed, judged, codes, generation):
    rows = b"4 1\n0000000000 %05d f \n" % generation
    assert "MODIFIED_AFTER_SIGNING" in codes(judged(updated(signed, {}, rows)))


def test_viewers_told_to_draw_the_form_anew(signed, judged, codes):
    report = judged(updated(signed, {1: form(b"", about=b"/NeedAppearances true")}))
    assert "MODIFIED_AFTER_SIGNING" in codes(report)


EMPTY = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(S2)/F 132/Rect[0 0 0 0]/P 3 0 R%b>>"
ACTING = {
    "a script": EMPTY % b"/AA<</E<</S/JavaScript/JS(1)>>>>",
    "an action": EMPTY % b"/A<</S/URI/URI(http://other.test/)>>",
    "a layer": EMPTY % b"/OC<</Type/OCG/Name(x)>>",
    "a text that viewers draw themselves": EMPTY.replace(b"/Widget", b"/FreeText") % b"/DA(/H 40 Tf)/Contents(9)",
    "a painted background": EMPTY.replace(b"0 0 0 0", b"0 0 200 200") % b"/MK<</BG[1 0 0]>>",
}


@pytest.mark.parametrize("what", ACTING)
def test_a_signature_field_that_brings_more_than_a_place_to_sign(signed, judged, codes, what):
    report = judged(updated(signed, {8: ACTING[what], 1: form(b" 8 0 R"), 3: page(b" 8 0 R")}))
    assert "MODIFIED_AFTER_SIGNING" in codes(report)


def test_a_place_for_the_next_signer_is_welcome(signed, judged):
    """The control: an empty field, with an area and without anything to see."""
    place = EMPTY.replace(b"0 0 0 0", b"0 0 200 200") % b"/MK<<>>"
    assert judged(updated(signed, {8: place, 1: form(b" 8 0 R"), 3: page(b" 8 0 R")}))


REFUSED = {
    "content in a new generation behind the security store": (
        {4: DRAWING, 1: form(b"", b"/DSS<</Certs[4 0 R]>>")}, b"",
    ),
    "an action on opening": ({1: form(b"", b"/OpenAction<</S/JavaScript/JS(1)>>")}, b""),
    "a script among the names": ({1: form(b"", b"/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(1)>>]>>>>")}, b""),
    "an XFA form": ({1: form(b"", about=b"/XFA(x)")}, b""),
    "an optional content group": ({1: form(b"", b"/OCProperties<</OCGs[]/D<<>>>>")}, b""),
    "a text field over the page": (
        {8: WIDGET.replace(b"/Sig", b"/Tx") % b"", 9: DRAWING, 1: form(b" 8 0 R"), 3: page(b" 8 0 R")}, b"",
    ),
    "the signature's own field moved": (
        {6: WIDGET.replace(b"S2", b"Signature1") % b"/V 5 0 R", 9: DRAWING},
        b"",
    ),
    "new permissions": ({1: form(b"", b"/Perms<</UR3 5 0 R>>")}, b""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_changes_that_are_no_extension(signed, judged, name):
    objects, rows = REFUSED[name]
    assert not judged(updated(signed, objects, rows))


def test_a_second_table_that_only_some_viewers_read(signed, judged):
    """/XRefStm of a later revision: the table says nothing new, the stream replaces the page's content."""
    place = len(signed)
    body = signed + b"4 0 obj\n%b\nendobj\n" % DRAWING
    rows = b"\x01" + place.to_bytes(3) + b"\x00\x01" + len(body).to_bytes(3) + b"\x00"
    extra, body = len(body), body + making.xref_stream(8, b"1 3 1", b"4 1 8 1", rows, size=9)
    numbers = (making.start(signed), extra, making.TRAILER, len(body))
    body += (
        b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 9/Prev %d/XRefStm %d%b>>\nstartxref\n%d\n%%%%EOF\n" % numbers
    )
    assert not judged(body)


def test_the_security_store_itself_is_welcome(signed, judged):
    """The control: certificates added later change nothing."""
    report = judged(updated(signed, {8: stream(b"x"), 1: form(b"", b"/DSS<</Certs[8 0 R]>>")}))
    assert report
    assert report.conclusions[0].evidence.coverage.modifications == "extension"


INFO = b"<</Title(A permit)/ModDate(D:20260101000000Z)>>"


@pytest.mark.parametrize(
    ("info", "changed"),
    [(INFO.replace(b"A permit", b"A refusal"), True), (INFO.replace(b"2026", b"2027"), False), (b"<<>>", True)],
    ids=["another title", "another date", "no title"],
)
def test_the_title_that_viewers_show(signed_pdf, judged, codes, info, changed):
    titled = making.pdf((*making.OBJECTS, INFO)).replace(b"/Root 1 0 R", b"/Root 1 0 R/Info 5 0 R")
    data = updated(signed_pdf(titled), {5: info}).replace(b"/Root 1 0 R>>", b"/Root 1 0 R/Info 5 0 R>>")
    assert ("MODIFIED_AFTER_SIGNING" in codes(judged(data))) == changed
