"""A stamp stands upright and where it was asked for, as the reader sees the page."""

from __future__ import annotations

import pytest

from eidkit.errors import DocumentError
from eidkit.pdf.geometry import CORNERS, page
from eidkit.pdf.intake import open_pdf
from eidkit.signing import Appearance, Place, sign
from tests.appearance.papers import paper

FRAMED = {"text": "I", "border": True}
BLANK = {"Contents": []}
X, Y, WIDTH, HEIGHT = 20, 30, 50, 12


def places(picture, corner):
    """Left, top, right, bottom in pixels (10 a millimetre) of the rectangle X, Y, WIDTH, HEIGHT from that corner."""
    left = 10 * X if corner.endswith("left") else picture.width - 10 * (X + WIDTH)
    top = 10 * Y if corner.startswith("top") else picture.height - 10 * (Y + HEIGHT)
    return left, top, left + 10 * WIDTH, top + 10 * HEIGHT


@pytest.mark.parametrize("rotation", [0, 90, 180, 270, -90])
@pytest.mark.parametrize("corner", CORNERS)
def test_the_stamp_is_where_it_was_asked_for(lan, looked_at, rotation, corner):
    """A page that is turned (inherited), shows a part of itself and begins elsewhere."""
    document = paper(
        {**BLANK, "CropBox": [-20, 150, 480, 700]}, above={"Rotate": rotation, "MediaBox": [-100, 100, 500, 900]}
    )
    picture = looked_at(sign(document, lan, appearance=Appearance(at=Place(1, X, Y, WIDTH, HEIGHT, corner), **FRAMED)))
    found, asked = picture.inked(), places(picture, corner)
    assert all(abs(one - other) <= 3 for one, other in zip(found, asked, strict=True)), (found, asked)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_stamp_is_upright(lan, looked_at, rotation):
    """A capital I is much taller than it is wide."""
    document = paper({**BLANK, "Rotate": rotation})
    left, top, right, bottom = looked_at(
        sign(document, lan, appearance=Appearance(at=Place(1, X, Y, WIDTH, HEIGHT), text="I"))
    ).inked()
    assert (bottom - top) > 1.5 * (right - left)


def test_a_page_with_another_unit(lan):
    """/UserUnit 2: a unit of the page is 2/72 inch, and millimetres stay millimetres."""
    document = paper({"UserUnit": 2.0})
    shown = Appearance(at=Place(1, 0, 0, 25.4, 12.7), text="I").shown_on(document, "paper")
    assert shown.rectangle == (0, 84200 - 1800, 3600, 84200)


def test_the_last_page(permit):
    document = paper({}, {}, {})
    assert Appearance(at=Place(-1, 10, 10, 50, 10), text="I").shown_on(document, "paper").page == 3


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (Place(4, 10, 10, 50, 10), "stamp-page"),
        (Place(-4, 10, 10, 50, 10), "stamp-page"),
        (Place(1, 170, 10, 50, 10), "stamp-outside-page"),
        (Place(1, 10, -1, 50, 10), "stamp-outside-page"),
        (Place(1, 0, 0, 209, 150), "stamp-too-large"),
        (Place(1, 10, 10, 8, 2), "stamp-too-small"),
        (Place(1, 10, 10, 50, 1), "stamp-too-small"),
    ],
)
def test_a_place_that_cannot_be_is_refused_by_name(lan, place, code):
    appearance = Appearance(at=place, text="Nguyễn Thị Lan")
    with pytest.raises(DocumentError) as refused:
        sign(paper({}, {}, {}), lan, appearance=appearance)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "given",
    [
        (0, 1, 1, 1, 1),
        (1, 1, 1, 0, 1),
        (1, 1, 1, 1, -1),
        (1, float("nan"), 1, 1, 1),
        (1, float("inf"), 1, 1, 1),
        (1, 1, 1, 1, 1, "middle"),
    ],
)
def test_a_place_without_sense_is_refused(given):
    with pytest.raises(DocumentError) as refused:
        Place(*given)
    assert refused.value.code == "stamp-place"


@pytest.mark.parametrize("turn", [45, "x", None])
def test_a_turn_without_sense_is_none(turn):
    document = paper({"Rotate": turn} if turn is not None else {})
    assert page(open_pdf(document).root, 1).rotation == 0


def test_a_page_whose_visible_box_is_nowhere_shows_all_of_it():
    found = page(open_pdf(paper({"CropBox": [900, 900, 950, 950]})).root, 1)
    assert found.box == (0, 0, 595, 842)


def test_text_shrinks_until_it_fits(lan, looked_at):
    large = Appearance(at=Place(1, 10, 10, 60, 10), text="Nguyễn Thị Lan")
    small = Appearance(at=Place(1, 10, 10, 17, 10), text="Nguyễn Thị Lan")

    def width(appearance):
        left, _, right, _ = looked_at(sign(paper(BLANK), lan, appearance=appearance)).inked()
        return right - left

    assert width(small) < 0.75 * width(large)
    assert width(small) <= 170


def test_what_is_dark_beneath_a_stamp_stays_dark(lan, looked_at):
    """An opaque white image over a black square: a stamp only darkens."""
    from tests.appearance.papers import png

    black = b"0 g 100 700 50 50 re f"
    document = paper({"Contents": _stream(black)})
    white = png(2, 2, 2, 8, [b"\x00" + b"\xff" * 6] * 2)
    before = looked_at(document)
    after = looked_at(sign(document, lan, appearance=Appearance(at=Place(1, 20, 20, 60, 60), image=white)))
    assert after.data == before.data


def _stream(content):
    from eidkit.pdf.newfile import Part

    return Part({}, content)
