"""The sample documents: right, readable, and the same every time."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from typing import TYPE_CHECKING

import pytest

from eidkit.errors import DocumentError
from eidkit.pdf.drawing import Canvas, Span
from eidkit.pdf.faces import face
from eidkit.sandbox.documents import AMOUNT, AMOUNT_IN_WORDS, SIGNATORY, decision_pdf, form_xml, shown
from tests.interop.oracles import page_count, pdf_text, qpdf_check, require

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def decision(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("decision") / "permit.pdf"
    path.write_bytes(decision_pdf())
    return path


def test_another_process_draws_the_same_bytes() -> None:
    code = "import sys; from eidkit.sandbox.documents import decision_pdf; sys.stdout.buffer.write(decision_pdf())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert other == decision_pdf()


def test_qpdf_finds_no_fault(decision: Path) -> None:
    require("qpdf")
    assert qpdf_check(decision).good


def test_it_is_one_a4_page(decision: Path) -> None:
    require("pdfinfo")
    pages, size = page_count(decision)
    assert (pages, size) == (1, "595.28 x 841.89 pts (A4)")


def test_its_text_comes_back_in_exact_nfc(decision: Path) -> None:
    require("pdftotext")
    text = pdf_text(decision)
    assert text == unicodedata.normalize("NFC", text)
    flat = " ".join(text.split())
    for sentence in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Bến Sen, ngày 24 tháng 11 năm 2026",
        f"Phí sử dụng tạm thời hè phố là {AMOUNT} đồng ({AMOUNT_IN_WORDS}), nộp một lần",
        SIGNATORY,
    ):
        assert sentence in flat


def test_every_font_is_embedded_as_a_subset(decision: Path) -> None:
    require("pdffonts")
    listing = subprocess.run(["pdffonts", str(decision)], capture_output=True, check=True, text=True).stdout
    fonts = listing.splitlines()[2:]
    assert len(fonts) == 4
    assert all(" yes yes yes " in font for font in fonts)


def test_the_amount_can_be_found_and_changed_in_the_bytes() -> None:
    assert decision_pdf().count(shown(AMOUNT)) == 1
    assert len(shown("92.500.000")) == len(shown(AMOUNT))


def test_the_form_is_small_xml_without_a_doctype() -> None:
    form = form_xml()
    assert form.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    assert b"<!" not in form
    assert len(form) < 2048
    assert form.decode() == unicodedata.normalize("NFC", form.decode())


def test_decomposed_text_is_drawn_composed() -> None:
    assert face("regular").encoded(unicodedata.normalize("NFD", "Hạnh phúc")) == face("regular").encoded("Hạnh phúc")


def test_a_character_without_a_glyph_is_refused_by_name() -> None:
    with pytest.raises(DocumentError, match=r"U\+4E2D") as refused:
        Canvas().text(0, 0, Span("中"))
    assert refused.value.code == "character-not-drawable"


def test_a_justified_line_ends_at_the_right_margin(decision: Path) -> None:
    """The first line of Article 1: its last word ends where the text column does (18 mm from the edge)."""
    require("pdftotext")
    boxes = subprocess.run(
        ["pdftotext", "-bbox", str(decision), "-"], capture_output=True, check=True, text=True
    ).stdout
    rightmost = max(float(found) for found in re.findall(r'xMax="([0-9.]+)" yMax="[0-9.]+">\S+<', boxes))
    assert abs(rightmost - (595.28 - 18 * 72 / 25.4)) < 0.1
