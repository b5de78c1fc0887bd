"""What is written in a stamp is extracted again, letter by letter."""

from __future__ import annotations

import subprocess
import unicodedata

import pytest

from eidkit.errors import DocumentError
from eidkit.pdf.faces import face
from eidkit.pdf.subsetting import subset
from eidkit.signing import Appearance, Place, sign
from tests.appearance.papers import paper
from tests.interop.oracles import pdf_text, require

AT = Place(1, 20, 30, 120, 60)
VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
ALPHABET = unicodedata.normalize("NFC", "".join(vowel + tone for vowel in VOWELS for tone in TONES)) + "đ"
LINES = (
    ALPHABET[: len(ALPHABET) // 2],
    ALPHABET[len(ALPHABET) // 2 :],
    ALPHABET.upper()[: len(ALPHABET) // 2],
    ALPHABET.upper()[len(ALPHABET) // 2 :],
    "Thời gian: 2026-11-24T09:30:00+07:00",
    "Phí: 12.500.000 ₫ – «đã duyệt»",
)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_every_vietnamese_letter_comes_back(tmp_path, lan, rotation):
    require("pdftotext")
    sign(paper({"Contents": [], "Rotate": rotation}), lan, appearance=Appearance(at=AT, text=LINES)).write(
        tmp_path / "signed.pdf"
    )
    assert pdf_text(tmp_path / "signed.pdf").split("\f")[0].strip().splitlines() == list(LINES)


def test_pypdfium_extracts_the_same(tmp_path, lan):
    """Another engine, through an ordinary page: the appearance is drawn flat into it."""
    pdfium = pytest.importorskip("pypdfium2")
    document = sign(paper({"Contents": []}), lan, appearance=Appearance(at=AT, title="TRƯỞNG PHÒNG", text=LINES))
    with document.open() as file:
        opened = pdfium.PdfDocument(file.read())
    opened.init_forms()
    page = opened[0]
    page.flatten()
    page.close()
    assert opened[0].get_textpage().get_text_range().splitlines() == ["TRƯỞNG PHÒNG", *LINES]
    opened.close()


def test_decomposed_letters_are_composed():
    appearance = Appearance(at=AT, text=unicodedata.normalize("NFD", LINES[0]), title=unicodedata.normalize("NFD", "Ề"))
    assert (appearance.text, appearance.title) == ((LINES[0],), "Ề")


def test_the_fonts_are_embedded_as_subsets(tmp_path, lan):
    require("pdffonts")
    sign(paper({"Contents": []}), lan, appearance=Appearance(at=AT, title="A", text="b")).write(tmp_path / "signed.pdf")
    fonts = subprocess.run(["pdffonts", tmp_path / "signed.pdf"], capture_output=True, check=True, text=True).stdout
    embedded = [line for line in fonts.splitlines() if "EidkitSerif" in line.replace("-", "") or "+" in line]
    assert len(embedded) == 2
    assert all(" yes yes yes " in line for line in embedded)


@pytest.mark.parametrize("style", ["regular", "bold"])
def test_a_subset_draws_its_letters_as_the_whole_face_does(style):
    """Composed letters (ề is e, circumflex and grave) bring their parts along; everything else is empty."""
    import io

    from fontTools.ttLib import TTFont

    whole, letters = face(style), "Ềđ1"
    made = TTFont(io.BytesIO(subset(whole.tables, [whole.glyphs[letter] for letter in letters])))
    order = [f"glyph{number:05d}" for number in range(made["maxp"].numGlyphs)]
    made.setGlyphOrder(order)
    outlines = made["glyf"]
    for letter in letters:
        number = whole.glyphs[letter]
        coordinates, _, _ = outlines[order[number]].getCoordinates(outlines)
        assert len(coordinates) > 3
        assert made["hmtx"][order[number]][0] > 0
    assert outlines[order[whole.glyphs["z"]]].numberOfContours == 0


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": "中文"}, "character-not-drawable"),
        ({"text": "a\tb"}, "stamp-text-character"),
        ({"text": "a\u202eb"}, "stamp-text-character"),
        ({"text": ["x"] * 25}, "stamp-text-too-long"),
        ({"text": "x" * 201}, "stamp-text-too-long"),
        ({"text": "one\n\nthree"}, "stamp-text-too-long"),
        ({"text": ""}, "stamp-empty"),
        ({"text": ["  ", "\u00a0"], "border": True}, "stamp-empty"),
        ({"text": "approved: \u00ad12.500"}, "stamp-text-character"),  # a minus that a screen does not show
        ({"text": "x", "title": ""}, "stamp-text-too-long"),
    ],
)
def test_text_that_cannot_be_shown_is_refused_by_name(given, code):
    with pytest.raises(DocumentError) as refused:
        Appearance(at=AT, **given)
    assert refused.value.code == code
