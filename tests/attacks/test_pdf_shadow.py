"""Prepared before the signature: what was signed is completed by bytes that come later."""

from __future__ import annotations

import time

import pytest

from eidkit.document import Document
from eidkit.errors import DocumentError
from eidkit.pdf.extents import run_over
from eidkit.signing import sign
from tests.attacks import making
from tests.attacks.making import CATALOGUE, PAGES, TRAILER, form, stream, updated


def waiting_for_a_stream() -> bytes:
    """The page's resources stand, says the cross-reference stream, in object stream 99, which is not there."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources 5 0 R>>"
    body, places = b"%PDF-1.7\n", []
    for number, value in enumerate((CATALOGUE, PAGES, page, stream(b"/X Do")), 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    rows = bytes(5) + b"".join(b"\x01" + place.to_bytes(3) + b"\x00" for place in places)
    rows += bytes((2, 0, 0, 99, 0)) + b"\x01" + len(body).to_bytes(3) + b"\x00"
    section = making.xref_stream(6, b"1 3 1", b"0 7", rows, size=7)
    return body + section + b"startxref\n%d\n%%%%EOF\n" % len(body)


def test_an_object_stream_that_the_signed_file_waits_for(signed_pdf, judged, codes):
    signed = signed_pdf(waiting_for_a_stream())
    assert judged(signed)
    resources, store = b"<</XObject<</X 101 0 R>>>>", b"<</Certs[101 0 R]>>"
    head = b"5 0 102 %d " % (len(resources) + 1)
    packed = stream(head + resources + b" " + store, b"/Type/ObjStm/N 2/First %d" % len(head))
    catalogue = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[8 0 R]/SigFlags 3>>/DSS 102 0 R>>"
    body, places = signed, {}
    for number, value in {101: making.DRAWING, 99: packed, 1: catalogue}.items():
        places[number] = len(body)
        body += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    rows = [b"\x01" + place.to_bytes(3) + b"\x00" for place in (places[1], places[99], len(body), places[101])]
    section = making.xref_stream(
        100, b"1 3 1", b"1 1 99 4", b"".join(rows) + bytes((2, 0, 0, 99, 1)), size=103,
        members=b"/Prev %d" % making.start(signed),
    )  # fmt: skip
    report = judged(body + section + b"startxref\n%d\n%%%%EOF\n" % len(body))
    assert "MODIFIED_AFTER_SIGNING" in codes(report)


def running_over(length: int) -> bytes:
    """A PDF whose page content claims ``length`` bytes: more than there are."""
    body, places = b"%PDF-1.7\n", []
    for number, value in enumerate((CATALOGUE, PAGES, making.PAGE), 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    places.append(len(body))
    body += b"4 0 obj\n<</Length %d>>\nstream\n0 0 m 100 100 l S\n" % length
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"xref\n0 5\n0000000000 65535 f \n%btrailer\n<</Size 5%b>>\nstartxref\n%d\n%%%%EOF\n" % (
        rows, TRAILER, len(body),
    )  # fmt: skip


def test_a_stream_that_runs_over_the_end_of_the_signed_file(sandbox, lan, judged, codes, monkeypatch):
    """Whatever is appended becomes the end of the page's content; no entry changes."""
    monkeypatch.setattr("eidkit.pdf.extents.run_over", lambda *_: False)  # another product signed it
    document = Document.from_bytes(running_over(20_000), "x.pdf")
    done = sign(document, lan, clock=sandbox.clock)
    monkeypatch.undo()
    signed = done.read_range(0, done.length)
    filler = b" " * (20_000 - len(signed)) + making.EVIL
    report = judged(updated(signed, {20: stream(filler), 1: form(b"", b"/DSS<</Certs[20 0 R]>>")}))
    assert "COVERAGE_FAILURE" in codes(report)


def test_such_a_file_is_not_signed(sandbox, lan):
    with pytest.raises(DocumentError) as refused:
        sign(Document.from_bytes(running_over(20_000), "x.pdf"), lan, clock=sandbox.clock)
    assert refused.value.code == "pdf-damaged"


OPEN_ENDS = {
    "a text without an end": b"<</A(x",
    "an array without an end": b"<</A[1 2 3 ",
    "a comment up to the end": b"<</A 1 %",
    "a stream without an end": b"<</Length 0>>\nstream\n",
    "a stream that says it is longer": b"<</Length 99>>\nstream\nendstream",
    "a number that waits for its object": b"4\n%%EOF\n",
}


@pytest.mark.parametrize("name", OPEN_ENDS)
def test_objects_that_whatever_follows_would_close(name):
    text = OPEN_ENDS[name] + b"x" * 40
    data = text if text[:1] == b"4" else b"4 0 obj\n" + text
    assert run_over(Document.from_bytes(data + b")]>> endobj", "x.pdf"), None, [0], len(data))


def test_objects_that_end_in_time(plain_offsets):
    document, offsets = plain_offsets
    assert not run_over(document, None, offsets, document.length)


def test_objects_laid_over_one_another_cost_no_more_than_the_file():
    """A thousand texts, each open up to the end of the file."""
    data = b"1 0 obj(" * 20_000 + b")" * 20_000
    before = time.process_time()
    assert run_over(Document.from_bytes(data, "x.pdf"), None, range(0, 160_000, 8), len(data))
    assert time.process_time() - before < 1


@pytest.fixture
def plain_offsets():
    data = making.pdf()
    return Document.from_bytes(data, "x.pdf"), [data.index(b"%d 0 obj" % number) for number in (1, 2, 3, 4)]
