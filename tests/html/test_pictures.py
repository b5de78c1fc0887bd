"""The pages that people signed, as they were: drawn elsewhere, compared, and never a reason to lose a report."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from eidkit.document import Document
from eidkit.dossier import pictures
from eidkit.pdf import page_pictures
from eidkit.pdf.differing import MAX_BOXES, Box, differing
from eidkit.pdf.page_pictures import DPI, PagePicture, Shot, drawn
from eidkit.pdf.signed_pages import signed_pages

STAMP = 36 / 25.4 * DPI
"""One stamp and the gap after it, in pixels."""


@pytest.fixture(scope="module")
def shown(complete):
    return pictures.shown(complete)


def permits(shown):
    """What is shown of the PDF, step by step."""
    return [shown[step, 0] for step in range(5)]


def test_each_person_signed_page_is_there_as_it_was(shown):
    for one in permits(shown):
        assert not one.altered
        assert [page.number for page in one.pages] == [1]
        assert one.pages[0].png.startswith(b"\x89PNG")


def test_what_came_later_is_boxed_and_nothing_else(shown):
    """Five stamps side by side: after the first, four stand in the box; after the last, nothing."""
    for step, one in enumerate(permits(shown)[:-1]):
        (box,) = one.pages[0].boxes
        left = (18 + 36 * (step + 1)) / 25.4 * DPI
        assert box.left == pytest.approx(left, abs=14)
        assert box.right - box.left == pytest.approx(STAMP * (4 - step), abs=24)
        assert box.top > one.pages[0].height * 0.85
    assert permits(shown)[-1].pages[0].boxes == ()


def test_what_the_file_shows_in_a_box_today_is_there_too(shown):
    page = permits(shown)[0].pages[0]
    (part,) = page.today
    assert part.width == page.boxes[0].right - page.boxes[0].left


def test_of_xml_the_canonical_text_is_shown(shown):
    one = shown[0, 1]
    assert one.text.startswith("<DonDeNghi")
    assert "Signature" not in one.text
    assert not one.altered


def test_a_page_that_was_changed_in_place_is_never_called_what_was_signed(caught):
    found = pictures.shown(caught)
    assert [one.altered for one in permits(found)] == [True] * 5
    page = caught.to_html()
    assert page.count("Altered: this is not what was signed") == 5
    assert "as it was when" not in page


def test_another_page_that_looks_different_today_is_shown(office, judged):
    """Three pages signed on the first; afterwards something is put on the third."""
    document = three_pages(office)
    first = judged(document).conclusions[0]
    (one,) = pictures._of_pdf(document, {(0, 0): first}, 40).values()
    assert [(page.number, bool(page.boxes)) for page in one.pages] == [(1, False), (3, True)]


def three_pages(office):
    """A PDF of three pages, signed, and signed again with a stamp on the third."""
    from eidkit.signing import Appearance, Place, sign

    document = Document.from_bytes(plain_pdf([b"(one) Tj", b"(two) Tj", b"(three) Tj"]), "three.pdf")
    key = office.people["approval"]
    first = sign(document, key, clock=office.sandbox.clock)
    stamp = Appearance(at=Place(3, 20, 100, 60, 20), text="later", border=True)
    return sign(first, key, appearance=stamp, clock=office.sandbox.clock)


def plain_pdf(contents, box="0 0 300 400", extra=b""):
    """A PDF with a page per text, by hand."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(contents)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(contents)}/Kids[{kids}]>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for n, content in enumerate(contents):
        stream = b"BT /F 40 Tf 40 300 Td " + content + b" ET " + extra
        resources = "/Resources<</Font<</F 3 0 R>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents {5 + 2 * n} 0 R{resources}>>".encode())
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream))
    data, offsets = b"%PDF-1.7\n", []
    for number, item in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return data + end % (len(objects) + 1, table, len(objects) + 1, len(data))


def test_a_signature_stands_on_the_page_that_lists_its_widget(office):
    document = three_pages(office)
    assert set(signed_pages(document).values()) == {0, 2}


# ── when it cannot be drawn ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"%PDF-1.7\n" + b"\xff" * 5000, plain_pdf([b"(x) Tj"])[:300], b"not a pdf"]
)
def test_what_is_no_pdf_has_no_picture(data):
    assert drawn(Document.from_bytes(data, "x.pdf"), [Shot(len(data), 0)]) == (None,)


def test_a_page_that_is_not_there_has_no_picture():
    document = Document.from_bytes(plain_pdf([b"(x) Tj"]), "x.pdf")
    first, second = drawn(document, [Shot(document.length, 0), Shot(document.length, 1)])
    assert first.pages == 1
    assert second is None


@pytest.mark.parametrize("box", ["0 0 14400 14400", "0 0 1000000 10", "0 0 99999999 99999999", "0 0 0 0", "0 0 1 1"])
def test_a_page_of_any_size_stays_within_the_bounds(box):
    document = Document.from_bytes(plain_pdf([b"(x) Tj"], box=box), "x.pdf")
    (found,) = drawn(document, [Shot(document.length, 0, 600)])
    assert found is None or (found.width * found.height <= 4_000_000 and max(found.width, found.height) <= 4_000)


def test_drawing_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(page_pictures, "SECONDS", 1)
    endless = b" ".join(b"0 0 300 400 re f*" for _ in range(3_000_000))
    document = Document.from_bytes(plain_pdf([b"(x) Tj"], extra=endless), "x.pdf")
    with pytest.raises(Exception, match="no picture of the page") as refused:
        drawn(document, [Shot(document.length, 0, 400)] * 50)
    assert refused.value.code == "picture-not-drawn"


def test_the_other_process_gets_none_of_our_secrets(monkeypatch, tmp_path):
    """It is asked itself, as it starts, what it was given."""
    told = tmp_path / "told.json"
    (tmp_path / "sitecustomize.py").write_text(
        "import json, os, sys\n"
        f"open({str(told)!r}, 'w').write(json.dumps([dict(os.environ), sys.orig_argv[1:], sys.flags.safe_path]))\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("EIDKIT_PIN", "123456")
    document = Document.from_bytes(plain_pdf([b"(x) Tj"]), "secret-name.pdf")
    assert drawn(document, [Shot(document.length, 0)])[0] is not None
    environment, arguments, safe_path = json.loads(told.read_text(encoding="utf-8"))
    assert not {"EIDKIT_PIN", "HOME", "PATH"} & set(environment)
    assert arguments == ["-P", "-m", "eidkit.pdf.rasteriser"]
    assert safe_path, "a module beside the user's files is never taken for ours"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize(
    "attempt", ["with open('written', 'w') as file: file.write('x' * 10)", "bytearray(3 << 30)", "while True: pass"]
)
def test_the_other_process_may_not_write_grow_or_go_on(attempt, tmp_path):
    program = f"from eidkit.pdf.rasteriser import limit_ourselves; limit_ourselves(1)\n{attempt}"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, timeout=30, check=False)
    assert done.returncode != 0
    assert not any(path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("answer", [b"", b"\0" * 11, b"\0" * 13, b"\xff" * 12, b"\0\0\0\1\0\0\0\2\0\0\0\2" + b"x" * 11])
def test_an_answer_that_does_not_fit_is_refused(answer):
    with pytest.raises(Exception, match="answered nonsense"):
        page_pictures._pictures(answer, 1)


def test_a_report_without_pictures_says_so_and_is_whole(complete, monkeypatch):
    """A system that may not start processes."""
    monkeypatch.setattr(page_pictures.sys, "executable", "/nowhere/python")
    page = complete.to_html()
    assert page.count("no picture of the page: no process could be started to draw it") == 5
    assert "Complete and proved" in page
    assert page.count('<section class="card step passed"') == 5


def test_pictures_are_bounded_for_the_whole_report(complete, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PICTURES", 2)
    found = permits(pictures.shown(complete))
    assert [len(one.pages) for one in found] == [1, 1, 0, 0, 0]
    assert "no more than" in found[4].why.en


def test_a_document_that_changes_while_its_report_is_made_is_said(complete, tmp_path):
    path = tmp_path / "permit.pdf"
    examined = complete.documents[0]
    examined.document.write(path)
    document = Document.read(path)
    path.write_bytes(b"something else")
    gone = replace(complete, documents=(replace(examined, document=document), *complete.documents[1:]))
    assert "changed while it was being read" in gone.to_html()


def test_long_text_is_cut_and_said_to_be_cut(complete, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_TEXT", 100)
    page = complete.to_html()
    assert re.search(r"\d+ more characters are not shown", page)


# ── comparing ────────────────────────────────────────────────────────────────────────────────────────────────


def plain(width, height, *dots):
    pixels = bytearray(b"\xff" * (width * height * 3))
    for x, y in dots:
        pixels[(y * width + x) * 3] = 0
    return PagePicture(width, height, 1, bytes(pixels))


def test_equal_pictures_have_no_boxes():
    assert differing(plain(50, 50), plain(50, 50)) == ()


def test_one_pixel_is_a_box_around_it():
    (box,) = differing(plain(200, 200), plain(200, 200, (100, 60)))
    assert box.left <= 100 < box.right
    assert box.top <= 60 < box.bottom
    assert (box.right - box.left) < 20


def test_what_is_near_is_one_box_and_what_is_far_another():
    near, far = (10, 10), (24, 10)
    assert len(differing(plain(400, 400), plain(400, 400, near, far))) == 1
    assert len(differing(plain(400, 400), plain(400, 400, near, (300, 300)))) == 2


def test_a_page_of_another_size_or_none_differs_as_a_whole():
    assert differing(plain(50, 60), plain(60, 50)) == (Box(0, 0, 50, 60),)
    assert differing(plain(50, 60), None) == (Box(0, 0, 50, 60),)


def test_changes_everywhere_are_one_box():
    dots = [(x, y) for x in range(5, 1000, 60) for y in range(5, 1000, 60)]
    assert len(dots) > MAX_BOXES
    assert len(differing(plain(1000, 1000), plain(1000, 1000, *dots))) == 1


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (8, 3)])
@pytest.mark.parametrize("coloured", [False, True])
def test_a_png_gives_back_its_pixels(size, coloured, tmp_path):
    """PDFium's own reader of images is not at hand; the rows are unpacked as the standard says."""
    import struct
    import zlib

    width, height = size
    pixels = bytes((n * 37) % 256 for n in range(width * height)) if coloured else b""
    rgb = b"".join(bytes((p, 255 - p, 0)) if coloured else bytes((n * 16 % 256,)) * 3 for n, p in
                   enumerate(pixels or bytes(width * height)))  # fmt: skip
    data = PagePicture(width, height, 1, rgb).png()
    packed = zlib.decompress(data[data.index(b"IDAT") + 4 : -16])
    found_width, found_height, depth, colour = struct.unpack(">IIBB", data[16:26])
    assert (found_width, found_height) == size
    stride = len(packed) // height
    rows = [packed[y * stride + 1 : (y + 1) * stride] for y in range(height)]
    if colour == 2:
        found = b"".join(rows)
    else:
        assert depth == 4
        values = [value for row in rows for value in [half for b in row for half in (b >> 4, b & 15)][:width]]
        found = b"".join(bytes((value * 17,)) * 3 for value in values)
    assert found == bytes((value >> 4) * 17 for value in rgb)


def appended(document: Document, objects: dict[int, bytes], size: int) -> Document:
    """The document with a revision of plain objects, as any editor would write it."""
    data = document.read_range(0, document.length)
    before = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    table = b""
    for number, content in objects.items():
        table += b"%d 1\n%010d 00000 n \n" % (number, len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    tail = b"xref\n%strailer\n<</Size %d/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    return Document.from_bytes(data + tail % (table, size, before, len(data)), document.name)


@pytest.fixture(scope="module")
def one_signature(office):
    """A PDF of three pages with one invisible signature."""
    from eidkit.signing import sign

    document = Document.from_bytes(plain_pdf([b"(one) Tj", b"(two) Tj", b"(three) Tj"]), "three.pdf")
    return sign(document, office.people["approval"], clock=office.sandbox.clock)


def of_first_signature(document, judged):
    first = judged(document).conclusions[0]
    (one,) = pictures._of_pdf(document, {(0, 0): first}, 40).values()
    return one


def test_a_page_that_was_taken_away_later_is_boxed_as_a_whole(one_signature, judged):
    gone = appended(one_signature, {2: b"<</Type/Pages/Count 2/Kids[6 0 R 8 0 R]>>", 4: b"null"}, 40)
    one = of_first_signature(gone, judged)
    assert one.pages_today == 2
    assert one.pages[0].pages == 3
    assert one.pages[0].boxes, "the first page is another one today"


def test_a_page_that_was_put_in_later_is_told(one_signature, judged):
    more = appended(
        one_signature,
        {
            2: b"<</Type/Pages/Count 4/Kids[4 0 R 6 0 R 8 0 R 30 0 R]>>",
            30: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]>>",
        },
        40,
    )
    one = of_first_signature(more, judged)
    assert (one.pages[0].pages, one.pages_today) == (3, 4)
    assert one.pages[0].boxes == ()


def test_a_filled_field_or_any_other_text_put_over_the_page_is_boxed(one_signature, judged):
    """The page's content is replaced: what was signed is shown, what stands there today is in the box."""
    stream = b"BT /F 40 Tf 40 300 Td (one) Tj 0 -200 Td (more) Tj ET"
    changed = appended(one_signature, {5: b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream)}, 40)
    report = judged(changed)
    assert not report
    (box,) = of_first_signature(changed, judged).pages[0].boxes
    assert box.top > 400 * DPI / 72 * 0.6


def test_a_page_of_today_that_cannot_be_drawn_is_not_called_different(one_signature, judged, monkeypatch):
    """Room for one drawing only: the other half of the comparison is missing, and that is said."""
    large = drawn(one_signature, [Shot(one_signature.length, 0)])[0]
    stream = b"BT ET"
    changed = appended(one_signature, {5: b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream)}, 40)
    monkeypatch.setattr(page_pictures, "MAX_DRAWN", large.width * large.height + 10)
    one = of_first_signature(changed, judged)
    assert [page.compared for page in one.pages] == [False]
    assert one.pages[0].boxes == ()


def test_pages_beyond_the_bound_are_said_not_to_be_compared(office, judged):
    from eidkit.signing import sign

    document = Document.from_bytes(plain_pdf([b"(x) Tj"] * (pictures.MAX_COMPARED + 4)), "long.pdf")
    signed = sign(document, office.people["approval"], clock=office.sandbox.clock)
    assert of_first_signature(signed, judged).not_compared == 4


def test_a_file_with_more_signatures_than_pictures_still_has_pictures(complete):
    """Many revisions: fewer pages of each are compared, none is lost."""
    line = complete.steps[0].signatures[0]
    step = replace(complete.steps[0], signatures=(line,) * 200)
    found = pictures.shown(replace(complete, steps=(step,)))
    assert len(found) == 200
    assert sum(bool(one.pages) for one in found.values()) == pictures.MAX_PICTURES
