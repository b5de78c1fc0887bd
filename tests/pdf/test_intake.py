"""Files that cannot be judged, or not signed, are refused by name; nothing else escapes."""

from __future__ import annotations

import time
import zlib

import pytest

from eidkit.document import Document
from eidkit.errors import DocumentError, EidkitError
from eidkit.pdf.intake import open_for_signing, open_pdf
from eidkit.verify.formats import pdf


def refusal(data, door=open_pdf):
    with pytest.raises(DocumentError) as caught:
        door(Document.from_bytes(data, "odd.pdf"))
    assert caught.value.remedy.en
    assert caught.value.problem.vi
    return caught.value.code


@pytest.fixture
def objects(make):
    return [make.catalogue, make.pages, make.page, make.content]


def test_an_encrypted_file(make, objects):
    data = make.written(
        [*objects, b"<</Filter/Standard/V 1/R 2/P -4/O<00>/U<00>>>"], trailer=b"/Root 1 0 R/Encrypt 5 0 R"
    )
    assert refusal(data) == "pdf-encrypted"


def test_a_file_that_does_not_begin_as_pdf(make, objects):
    assert refusal(b"junk\n" + make.written(objects)) == "pdf-header"


def test_a_file_that_is_cut_off(make, objects):
    assert refusal(make.written(objects)[:-12]) == "pdf-cut-off"


def test_a_file_with_a_wrong_startxref(make, objects):
    assert refusal(make.written(objects).replace(b"startxref\n", b"startxref\n1")) == "pdf-damaged"


def test_a_file_whose_cross_references_form_a_loop(make, objects):
    data = make.written(objects)
    assert refusal(make.updated(data, {5: b"(x)"}, size=6, previous=len(data) + 18)) == "pdf-damaged"


def test_junk_after_the_end_is_not_signed(make, objects):
    assert refusal(make.written(objects) + b"<script>", open_for_signing) == "pdf-junk-after-end"


def test_a_hybrid_file_is_not_signed_but_read(make, objects):
    stream = b"<</Type/XRef/Size 6/W[1 3 1]/Index[5 1]/Root 1 0 R/Length 5>>\nstream\n\x01\x00\x00\x09\x00\nendstream"
    base = make.written([*objects, stream])
    place = base.index(b"5 0 obj")
    data = base.replace(b"/Root 1 0 R>>\nstartxref", b"/Root 1 0 R/XRefStm %d>>\nstartxref" % place)
    assert refusal(data, open_for_signing) == "pdf-hybrid"
    assert open_pdf(Document.from_bytes(data, "hybrid.pdf")).root["/Type"] == "/Catalog"


def test_an_xfa_form_is_not_signed_and_named_when_read(make, objects):
    form = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]/XFA(<xdp/>)>>>>"
    data = make.written([form, *objects[1:]])
    assert refusal(data, open_for_signing) == "pdf-xfa"
    [observation] = pdf.read(Document.from_bytes(data, "xfa.pdf")).observations
    assert observation.code == "NOT_SUPPORTED"


def test_a_document_without_a_page_is_not_signed(make, signer):
    data = make.written([make.catalogue, b"<</Type/Pages/Kids[]/Count 0>>"])
    assert refusal(data, signer.sign) == "pdf-no-page"


def test_a_bomb_in_an_object_stream_is_stopped():
    data = zlib.compress(b"1 0 <</Type/Catalog/Pages 2 0 R>>" + b" " * 80_000_000)
    head = b"%PDF-1.7\n"
    stream = b"2 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(data)
    body = head + stream + data + b"\nendstream\nendobj\n"
    rows = b"".join(
        kind.to_bytes(1) + place.to_bytes(4) + b"\x00"
        for kind, place in ((0, 0), (2, 2), (1, len(head)), (1, len(body)))
    )
    table = b"3 0 obj\n<</Type/XRef/Size 4/W[1 4 1]/Root 1 0 R/Length %d>>\nstream\n%b\nendstream\nendobj\n"
    assert refusal(body + table % (len(rows), rows) + b"startxref\n%d\n%%%%EOF\n" % len(body)) == "pdf-decode-limit"


@pytest.mark.parametrize(
    "catalogue",
    [
        b"<</Type/Catalog/Pages 2 0 R % a comment that never ends",
        b"<</Type/Catalog/Pages (never closed",
        b"<</Type/Catalog/Pages <41",
        b"[" * 5000,
        b"<<" * 5000,
        b"<</Type/Catalog/Type/Other/Pages 2 0 R>>",
        b"<</Type/Catalog/Pages 2 0 R",
        b"1 0 R",
        b"7 0 R",
        b"(text)",
        b"--5",
    ],
)  # fmt: skip
def test_broken_syntax_is_refused_quickly(make, objects, catalogue):
    begun = time.perf_counter()
    assert refusal(make.written([catalogue, *objects[1:]])) == "pdf-damaged"
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    "rows",
    [
        b"/W[0 0 0]/Index[0 999999999999]",
        b"/W[1 2 1]/Index[0 999999999]",
        b"/W[1 2 99999]",
        b"/W[1 2 1]/Index[0]",
        b"/W 5",
    ],
)
def test_cross_reference_streams_that_promise_too_much(rows):
    head = b"%PDF-1.7\n"
    stream = (
        b"1 0 obj\n<</Type/XRef/Size 4%b/Root 1 0 R/Length 4>>\nstream\n\x01\x00\x00\x00\nendstream\nendobj\n" % rows
    )
    begun = time.perf_counter()
    assert refusal(head + stream + b"startxref\n%d\n%%%%EOF\n" % len(head)) == "pdf-damaged"
    assert time.perf_counter() - begun < 1


def test_two_entries_for_one_object(make, objects):
    data = make.updated(make.written(objects), {5: b"(a)"}, size=6, rows=b"5 1\n0000000017 00000 n \n")
    assert refusal(data) == "pdf-damaged"
    data = make.updated(make.written(objects), {5: b"(a)"}, size=6, rows=b"5 1\n0000000000 00001 f \n")
    assert refusal(data) == "pdf-damaged"


def test_too_many_revisions_are_refused_quickly(make, objects):
    data = bytearray(make.written(objects))
    before = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    for _ in range(1100):
        where = len(data)
        data += b"xref\n0 0\ntrailer\n<</Size 5/Prev %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (before, where)
        before = where
    begun = time.process_time()
    assert refusal(bytes(data)) == "pdf-damaged"
    assert time.process_time() - begun < 3


def test_cycles_in_the_form_and_in_the_page_tree_end(make, signer):
    kid = b"<</T(a)/Kids[5 0 R]>>"
    catalogue = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R 5 0 R]>>>>"
    data = make.written([catalogue, make.pages, make.page, make.content, kid])
    assert pdf.read(Document.from_bytes(data, "cycle.pdf")).signatures == ()
    data = make.written([make.catalogue, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"])
    assert refusal(data, signer.sign) == "pdf-no-page"


def test_random_damage_raises_only_our_errors(plain, signer):
    import random

    signed = signer.sign(signer.sign(plain))
    original = signed.read_range(0, signed.length)
    chance = random.Random(7)  # noqa: S311  # damage, not secrets
    for _ in range(400):
        data = bytearray(original)
        for _ in range(chance.randint(1, 12)):
            place = chance.randrange(len(data))
            data[place : place + chance.randint(0, 3)] = bytes(
                chance.randrange(256) for _ in range(chance.randint(0, 3))
            )
        try:
            pdf.read(Document.from_bytes(bytes(data), "damaged.pdf"))
        except EidkitError:
            continue
