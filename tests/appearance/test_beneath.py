"""A stamp over text of the page, or over other annotations, is a finding of its own."""

from __future__ import annotations

import time

import pytest

from eidkit.pdf.beneath import MAX_OPERATORS, Budget, has_text
from eidkit.pdf.geometry import page
from eidkit.pdf.intake import open_pdf
from eidkit.pdf.newfile import Name, Part
from eidkit.signing import Appearance, Place, sign
from eidkit.verify import collect
from tests.appearance.papers import HELVETICA, field, paper

HERE = (300.0, 500.0, 400.0, 520.0)


def finds(content, box=HERE, **members):
    found = page(open_pdf(paper({"Contents": Part({}, content), **members})).root, 1)
    return has_text(found.dictionary, found.resources, box, Budget())


SHOWN = {
    "a text at the place": b"BT /F 12 Tf 300 505 Td (Lan) Tj ET",
    "a text that begins before": b"BT /F 12 Tf 60 505 Td (a long line of text that goes on and on until there) Tj ET",
    "a text matrix": b"BT /F 1 Tf 12 0 0 12 310 505 Tm (Lan) Tj ET",
    "a transformation": b"q 1 0 0 1 300 500 cm BT /F 12 Tf 5 5 Td (Lan) Tj ET Q",
    "a scaled page": b".5 0 0 .5 0 0 cm BT /F 24 Tf 610 1010 Td (Lan) Tj ET",
    "a second line": b"BT /F 12 Tf 14 TL 300 519 Td T* (Lan) Tj ET",
    "a line of its own": b"BT /F 12 Tf 14 TL 300 519 Td (Lan) ' ET",
    "a line with its own spaces": b'BT /F 12 Tf 14 TL 300 519 Td 1 1 (Lan) " ET',
    "a line and its leading": b"BT /F 12 Tf 300 530 Td 0 -20 TD (Lan) Tj ET",
    "a text in pieces": b"BT /F 12 Tf 200 505 Td [(aaa) -9000 (Lan)] TJ ET",
    "a text after another": b"BT /F 12 Tf 240 505 Td (aaaaaaaaaaaa) Tj (Lan) Tj ET",
    "a text in hexadecimal": b"BT /F 12 Tf 300 505 Td <4C 61 6E> Tj ET",
    "a text after a picture": b"BI /W 1 /H 1 /BPC 8 /CS /G ID \x00 EI BT /F 12 Tf 300 505 Td (Lan) Tj ET",
    "a turned text": b"BT /F 12 Tf 0 1 -1 0 350 450 Tm (a text that goes up) Tj ET",
    "a comment between": b"BT /F 12 Tf % (elsewhere)\n300 505 Td (Lan) Tj ET",
}
NOT_SHOWN = {
    "nothing": b"",
    "a text elsewhere": b"BT /F 12 Tf 60 60 Td (Lan) Tj ET",
    "a short text before": b"BT /F 12 Tf 60 505 Td (Lan) Tj ET",
    "spaces": b"BT /F 12 Tf 300 505 Td (   ) Tj ET",
    "a transformation that was taken back": b"q 1 0 0 1 300 500 cm Q BT /F 12 Tf 5 5 Td (Lan) Tj ET",
    "a frame": b"300 500 100 20 re S",
    "a text inside a picture": b"BI /W 40 ID BT /F 12 Tf 300 505 Td (Lan) Tj ET\x00 EI",
    "no operands": b"BT Tf Td (Lan) Tj cm Tm ET Q Q",
    "cut off": b"BT /F 12 Tf 300 505 Td (Lan",
}


@pytest.mark.parametrize("what", SHOWN)
def test_text_beneath_is_found(what):
    assert finds(SHOWN[what])


@pytest.mark.parametrize("what", NOT_SHOWN)
def test_nothing_is_found_where_nothing_is(what):
    assert not finds(NOT_SHOWN[what])


def test_text_in_a_form_is_found():
    inner = {"Type": Name("XObject"), "Subtype": Name("Form"), "Matrix": [1, 0, 0, 1, 290, 500]}
    form = Part({**inner, "BBox": [0, 0, 100, 100], "Resources": {"Font": {"F": HELVETICA}}}, SHOWN["a transformation"])
    resources = {"XObject": {"X": form}}
    content = b"q 1 0 0 1 -290 -500 cm /X Do Q"
    assert finds(content, Resources=resources)
    assert not finds(b"q 1 0 0 1 200 200 cm /X Do Q", Resources=resources)


def test_a_page_of_operators_ends_the_search_in_time():
    started = time.perf_counter()
    assert not finds(b"q Q " * MAX_OPERATORS + SHOWN["a text at the place"])
    assert time.perf_counter() - started < 2


def test_content_that_cannot_be_decoded_says_nothing_about_the_stamp(lan):
    broken = Part({"Filter": Name("FlateDecode")}, b"no such thing", compressed=False)
    signed = sign(paper({"Contents": broken}), lan, appearance=Appearance(at=Place(1, 20, 30, 60, 20), text="Lan"))
    assert collect(signed).signatures[0].appearance.page == 1


def codes(document):
    return [reason.code for signature in collect(document).signatures for reason in signature.observations]


def test_a_stamp_over_the_amount_is_said(permit, lan):
    """The line with the fee of the decision is about 155 millimetres down."""
    over = sign(permit, lan, appearance=Appearance(at=Place(1, 60, 150, 80, 15), text="99.500.000 đồng"))
    beside = sign(permit, lan, appearance=Appearance(at=Place(1, 20, 258, 80, 15), text="Nguyễn Thị Lan"))
    assert (codes(over), codes(beside)) == (["APPEARANCE_OVERLAPS"], [])


@pytest.mark.parametrize(
    ("members", "found"), [({}, ["APPEARANCE_OVERLAPS"]), ({"F": 2}, []), ({"Subtype": Name("Link")}, [])]
)
def test_a_stamp_over_another_field_is_said(lan, members, found):
    document = paper({"Contents": []}, fields=(field("Leader", [60, 700, 200, 760], **members),))
    assert codes(sign(document, lan, appearance=Appearance(at=Place(1, 20, 30, 60, 20), text="Lan"))) == found
