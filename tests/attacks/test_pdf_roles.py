"""One object in two roles: what counts as a signature field, a store or a stream's own length is shown as well."""

from __future__ import annotations

import re

import pytest

from eidkit.document import Document
from eidkit.errors import DocumentError
from eidkit.pdf.extents import run_over
from eidkit.signing import sign
from eidkit.verify import collect
from tests.attacks import making
from tests.attacks.making import (
    CATALOGUE,
    CONTENT,
    DRAWING,
    EVIL,
    FALSE_STAMP,
    PAGE,
    PAGES,
    form,
    page,
    stamped,
    stream,
    updated,
)  # fmt: skip

FIELD = b"/FT/Sig/T(S2)/Subtype/Widget/F 132/Rect[0 0 0 0]/V 21 0 R"
"""An invisible field with a false document timestamp: an update that adds one only preserves."""


def field_of(signed: bytes) -> int:
    """The object number of the field of the first signature."""
    found = re.search(rb"/Fields\s*\[\s*(\d+)", signed)
    assert found is not None
    return int(found[1])


def catalogue(signed: bytes, fields: bytes = b"", about: bytes = b"", flags: bytes = b"3") -> bytes:
    """The catalogue of a signed file with further fields and members."""
    value = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[%d 0 R%b]/SigFlags %b>>%b>>"
    return value % (field_of(signed), fields, flags, about)


def modifications(data: bytes) -> str:
    """What is said to have happened after the first signature."""
    first = next(one for one in collect(Document.from_bytes(data, "x.pdf")).signatures)
    assert first.coverage is not None
    return first.coverage.modifications


def resting_on(resources: bytes, content: bytes, *more: bytes, catalogue: bytes = CATALOGUE) -> bytes:
    """A file whose page has such resources."""
    sheet = PAGE.replace(b"/Resources<<>>", b"/Resources<<%b>>" % resources)
    return making.pdf((catalogue, PAGES, sheet, stream(content), *more))


def test_the_control_an_invisible_timestamp(signed_pdf):
    signed = signed_pdf()
    objects = {20: b"<<%b>>" % FIELD, 21: FALSE_STAMP, 1: form(b" 20 0 R"), 3: page(b" 20 0 R")}
    assert modifications(stamped(signed, objects)) == "extension"


def test_a_field_that_is_also_a_page(signed_pdf):
    """The list of pages looks like one of annotations, and viewers do not believe /Count."""
    signed = signed_pdf(
        making.pdf((CATALOGUE, b"<</Type/Pages/Kids 5 0 R/Count 2>>", PAGE[:-2] + b"/Subtype/X>>", CONTENT, b"[3 0 R]"))
    )
    sheet = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/AP<</N 22 0 R>>/Contents 22 0 R/Resources<<>>%b>>" % FIELD
    objects = {20: sheet, 22: DRAWING, 1: catalogue(signed, b" 20 0 R"), 5: b"[3 0 R 20 0 R]", 21: FALSE_STAMP}
    assert modifications(stamped(signed, objects)) == "undefined"


LIKE_A_NOTE = PAGE[:-2] + b"/Subtype/X>>"
LISTS = {
    "empty": (b"7 0 R", b"[]"),
    "empty, behind another reference": (b"8 0 R", b"[]", b"7 0 R"),
    "of pages that look like annotations": (b"7 0 R", b"[8 0 R]", LIKE_A_NOTE),
}
"""The /Kids of object 6, a second node of the page tree, and the objects from 7 on."""
CONTROL = "of annotations only"
APART = {CONTROL: (b"[]", b"[]")}


def with_a_list_of_pages(what: str, first: bytes = b"", second: bytes = b"") -> bytes:
    """Two pages, 3 and 5, with such further members, and a node whose list of pages is an object of its own."""
    kids, *objects = (LISTS | APART)[what]
    node = b"<</Type/Pages/Parent 2 0 R/Count 0/Kids %b>>" % kids
    pages = b"<</Type/Pages/Kids[3 0 R 5 0 R 6 0 R]/Count 2>>"
    return making.pdf(
        (CATALOGUE, pages, PAGE[:-2] + first + b">>", CONTENT, PAGE[:-2] + second + b">>", node, *objects)
    )


@pytest.mark.parametrize("what", LISTS)
def test_nothing_is_signed_into_a_list_of_pages(sandbox, lan, what):
    """Viewers that do not believe /Count would show a page more."""
    shared = with_a_list_of_pages(what, first=b"/Annots 7 0 R")
    with pytest.raises(DocumentError) as refused:
        sign(Document.from_bytes(shared, "x.pdf"), lan, clock=sandbox.clock)
    assert refused.value.code == "pdf-list-of-pages"


@pytest.mark.parametrize("what", [*LISTS, CONTROL])
@pytest.mark.parametrize("also", ["the array", "the page and the array"])
def test_a_field_that_joins_a_list_of_pages(signed_pdf, what, also):
    about = b"/Annots 7 0 R"
    signed = signed_pdf(with_a_list_of_pages(what, second=about))
    objects = {20: b"<<%b/P 5 0 R>>" % FIELD, 21: FALSE_STAMP, 1: catalogue(signed, b" 20 0 R")}
    objects[7] = (LISTS | APART)[what][1][:-1] + b" 20 0 R]"
    if also != "the array":
        objects[5] = PAGE[:-2] + about + b">>"
    assert modifications(stamped(signed, objects)) == ("extension" if what == CONTROL else "undefined")


def test_a_field_that_is_also_a_piece_of_the_page_s_content(signed_pdf):
    sheet = PAGE.replace(b"/Contents 4 0 R", b"/Contents 5 0 R/Annots 5 0 R")
    pieces = stream(b"0 0 m 1 1 l S", b"/Subtype/X"), b"[4 0 R]"
    signed = signed_pdf(making.pdf((CATALOGUE, PAGES, sheet, *pieces)))
    array = re.findall(rb"\n5 0 obj\s*\[([^\]]*)\]", signed)[-1]
    objects = {
        20: stream(EVIL, FIELD), 1: catalogue(signed, b" 20 0 R"), 5: b"[%b 20 0 R]" % array, 21: FALSE_STAMP,
    }  # fmt: skip
    assert modifications(stamped(signed, objects)) == "undefined"


def test_a_field_that_is_also_an_action(signed_pdf):
    opening = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/GoTo/D[3 0 R/Fit]/Next 5 0 R>>>>"
    signed = signed_pdf(making.pdf((opening, PAGES, PAGE, CONTENT, b"[]")))
    acting = b"<</S/JavaScript/JS(app.alert(1))%b>>" % FIELD
    root = catalogue(signed, b" 20 0 R", opening.partition(b"2 0 R")[2][:-2])
    objects = {20: acting, 1: root, 5: b"[20 0 R]", 21: FALSE_STAMP}
    assert modifications(stamped(signed, objects)) == "undefined"


@pytest.mark.parametrize("rectangle", [b"[0 0 200 200 0]", b"[0 0 200]", b"(0 0 200 200)"])
def test_a_rectangle_that_some_viewers_read_in_part(signed_pdf, rectangle):
    signed = signed_pdf()
    seen = b"<<%b/AP<</N 22 0 R>>>>" % FIELD.replace(b"[0 0 0 0]", rectangle).replace(b"/F 132", b"/F 4")
    objects = {20: seen, 22: DRAWING, 1: form(b" 20 0 R"), 3: page(b" 20 0 R"), 21: FALSE_STAMP}
    assert modifications(stamped(signed, objects)) in {"annotation", "undefined"}


def test_a_drawing_that_is_called_like_the_store(signed_pdf):
    """Its resource name is /DSS, so that nothing but the store seems to lead to it."""
    drawn = stream(b"0 0 m 1 1 l S", b"/Type/XObject/Subtype/Form/BBox[0 0 200 200]/Resources<<>>")
    root = b"<</Type/Catalog/Pages 2 0 R/DSS<</Certs[5 0 R]>>>>"
    signed = signed_pdf(resting_on(b"/XObject<</DSS 5 0 R>>", b"/DSS Do", drawn, catalogue=root))
    assert modifications(updated(signed, {5: DRAWING})) == "undefined"


BESIDE_A_STORE = {
    "a drawing": (b"/XObject 1 0 R", b"/DSS Do", making.DRAWING),
    "a font": (b"/Font 1 0 R", b"BT /DSS 12 Tf (a) Tj ET", b"<</Type/Font/Subtype/Type3/CharProcs<<>>>>"),
    "a graphics state": (b"/ExtGState 1 0 R", b"/DSS gs", b"<</ca 0>>"),
    "a pattern": (b"/Pattern 1 0 R", b"/Pattern cs /DSS scn", b"<</PatternType 2/Shading<<>>>>"),
}


@pytest.mark.parametrize("what", BESIDE_A_STORE)
def test_a_store_that_is_drawn_because_the_catalogue_lists_resources(signed_pdf, what):
    resources, content, store = BESIDE_A_STORE[what]
    signed = signed_pdf(resting_on(resources, content))
    out = updated(signed, {20: store, 1: catalogue(signed, b"", b"/DSS 20 0 R")})
    assert modifications(out) == "undefined"


@pytest.mark.parametrize(
    "parts",
    [
        {1: (b"", b"/Extensions 22 0 R", b"3"), 21: FALSE_STAMP},
        {1: (b"", b"", b"22 0 R"), 21: FALSE_STAMP.replace(b"/Filter", b"/More 22 0 R/Filter")},
        {1: (b"", b"", b"3"), 21: FALSE_STAMP.replace(b"/Filter", b"/Subtype/Type3/CharProcs<</a 22 0 R>>/Filter")},
    ],
    ids=["the extensions", "the flags of the form", "the signature itself"],
)
def test_a_drawing_in_the_place_of(signed_pdf, parts):
    signed = signed_pdf()
    fields, about, flags = parts[1]
    root = catalogue(signed, fields + b" 20 0 R", about, flags)
    objects = {20: b"<<%b>>" % FIELD, 22: DRAWING, 1: root, 3: page(b" 20 0 R"), 21: parts[21]}
    assert modifications(stamped(signed, objects)) == "undefined"


def test_annotations_that_are_a_drawing(signed_pdf):
    """The page lists its own drawings: /Annots is one of their names."""
    signed = signed_pdf(resting_on(b"/XObject 3 0 R", b"/Annots Do"))
    sheet = re.findall(rb"\n3 0 obj\s*(<<.*?>>)\s*endobj", signed, re.DOTALL)[-1]
    evil = re.sub(rb"/Annots\s*\[[^\]]*\]", b"/Annots 22 0 R", sheet)
    objects = {20: b"<<%b>>" % FIELD, 22: DRAWING, 1: form(b" 20 0 R"), 3: evil, 21: FALSE_STAMP}
    assert modifications(stamped(signed, objects)) == "undefined"


@pytest.mark.parametrize("spelling", [b"50 0R", b"050 %x\n0R", b"50\n0R", b"50 %x\n0 %y\nR"])
def test_a_reference_that_only_some_readers_see(signed_pdf, spelling):
    """The second page waits for an object; nobody reads that page when the first is signed."""
    second = PAGE.replace(b"4 0 R", b"[4 0 R %b]" % spelling)
    signed = signed_pdf(making.pdf((CATALOGUE, b"<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>", PAGE, CONTENT, second)))
    out = updated(signed, {50: stream(EVIL), 1: catalogue(signed, b"", b"/DSS<</Certs[50 0 R]>>")})
    assert modifications(out) == "undefined"


def test_no_new_object_takes_a_number_that_is_waited_for(signed_pdf):
    second = PAGE.replace(b"4 0 R", b"[4 0 R 6 0R]")
    signed = signed_pdf(making.pdf((CATALOGUE, b"<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>", PAGE, CONTENT, second)))
    assert field_of(signed) > 6


KEYS = [b"/Len#67th", b"/Lengt#68", b"/Leng#74h", b"/L#65ngth", b"/#4cength"]


@pytest.mark.parametrize("key", KEYS)
def test_a_length_spelled_with_escapes(sandbox, lan, key):
    """Another /Length inside, which ends in time, must not be taken for the stream's own."""
    value = b"<<%b 20000/DecodeParms<</Length 17/X 1>>>>\nstream\n0 0 m 100 100 l S\nendstream" % key
    data = making.pdf((CATALOGUE, PAGES, PAGE, value))
    document = Document.from_bytes(data, "x.pdf")
    assert run_over(document, None, [data.index(b"4 0 obj")], len(data))
    with pytest.raises(DocumentError) as refused:
        sign(document, lan, clock=sandbox.clock)
    assert refused.value.code == "pdf-damaged"
