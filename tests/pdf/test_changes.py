"""What later revisions did, each compared once with the one before it."""

from __future__ import annotations

import re
import time

import pytest

from eidkit.document import Document
from eidkit.verify.formats import pdf


def octets(document):
    return document.read_range(0, document.length)


def first(data):
    return pdf.read(Document.from_bytes(data, "x.pdf")).signatures[0]


def summary(data):
    coverage = first(data).coverage
    return coverage.modifications, coverage.modifications_allowed


def last_object(data, number):
    return re.findall(rb"(?:^|\n)%d 0 obj\n(.*?)\nendobj" % number, data, re.DOTALL)[-1]


TRAILER = b"/Root 1 0 R/Info 5 0 R/ID[<0102><0708>]"


@pytest.fixture
def signed(plain, signer):
    return octets(signer.sign(plain))


def test_nothing_after(signed):
    assert summary(signed) == ("none", True)


def test_another_signature_is_an_extension(signed, signer):
    assert summary(octets(signer.sign(Document.from_bytes(signed, "x.pdf")))) == ("extension", True)


def test_a_security_store_is_an_extension(signed, make):
    root = last_object(signed, 1)[:-2] + b"/DSS<</Certs[20 0 R]>>>>"
    stream = b"<</Length 4>>\nstream\nDERS\nendstream"
    later = make.updated(signed, {1: root, 20: stream}, size=21, trailer=TRAILER)
    assert summary(later) == ("extension", True)
    assert pdf.read(Document.from_bytes(later, "x.pdf")).certificates == (b"DERS",)


def additions(data):
    """Where, for each signature, the next revision ends that does more than preserve."""
    return [one.coverage.next_addition for one in pdf.read(Document.from_bytes(data, "x.pdf")).signatures]


STORE = b"<</Length 4>>\nstream\nDERS\nendstream"


def with_store(make, data):
    root = last_object(data, 1)[:-2] + b"/DSS 20 0 R>>"
    return make.updated(data, {1: root, 20: b"<</Certs[21 0 R]>>", 21: STORE}, size=22, trailer=TRAILER)


def test_where_the_next_addition_ends(signed, signer, make):
    """Not at a security store, which preserves; at another signature, and at what no signature answers for."""
    assert additions(signed) == [None]
    kept = with_store(make, signed)
    assert additions(kept) == [None]
    again = octets(signer.sign(Document.from_bytes(kept, "x.pdf")))
    assert additions(again) == [len(again), None]
    told = make.updated(again, {5: b"<</Title(A permit)/ModDate(D:20260302)>>"}, size=40, trailer=TRAILER)
    assert additions(told) == [len(again), len(told) - 1]


def test_a_security_store_written_anew_in_its_place(signed, make):
    kept = with_store(make, signed)
    more = make.updated(kept, {20: b"<</Certs[21 0 R 22 0 R]>>", 22: STORE}, size=23, trailer=TRAILER)
    assert summary(more) == ("extension", True)
    assert additions(more) == [None]


@pytest.mark.parametrize("objects", [{4: STORE}, {5: b"<</Title(Another)>>"}])
def test_what_a_security_store_shares_with_the_document(signed, make, objects):
    """The page's content, and what the document says of itself, named as certificates and then rewritten."""
    root = last_object(signed, 1)[:-2] + b"/DSS<</Certs[4 0 R 5 0 R 21 0 R]>>>>"
    kept = make.updated(signed, {1: root, 21: STORE}, size=22, trailer=TRAILER)
    assert additions(kept) == [None]
    rewritten = make.updated(kept, objects, size=22, trailer=TRAILER)
    assert additions(rewritten) == [len(rewritten) - 1]


def test_an_annotation_written_into_the_list_of_the_page(signed, make):
    """It has no object number of its own."""
    page = re.sub(rb"(/Annots *\[[^]]*)", rb"\1<</Type/Annot/Subtype/Stamp/Rect[0 0 99 99]>>", last_object(signed, 3))
    assert not summary(make.updated(signed, {3: page}, size=20, trailer=TRAILER))[1]


HIDDEN = b"<</Length 5>>\nstream\n(900)\nendstream"


@pytest.mark.parametrize(
    "objects",
    [
        {4: HIDDEN},
        {3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 20 0 R/Resources<<>>>>", 20: HIDDEN},
        {2: b"<</Type/Pages/Kids[]/Count 0>>"},
    ],
)
def test_changed_content_is_undefined(signed, make, objects):
    later = make.updated(signed, objects, size=21, trailer=TRAILER)
    assert summary(later) == ("undefined", False)
    assert "MODIFIED_AFTER_SIGNING" in {one.code for one in first(later).observations}


def test_another_page_tree_is_undefined(signed, make):
    root = last_object(signed, 1).replace(b"/Pages 2 0 R", b"/Pages 20 0 R")
    later = make.updated(signed, {1: root, 20: b"<</Type/Pages/Kids[]/Count 0>>"}, size=21, trailer=TRAILER)
    assert summary(later) == ("undefined", False)


def test_a_form_taken_away_leaves_no_signature(signed, make):
    later = make.updated(signed, {1: b"<</Type/Catalog/Pages 2 0 R>>"}, size=21, trailer=TRAILER)
    assert pdf.read(Document.from_bytes(later, "x.pdf")).signatures == ()


def test_an_annotation_added_is_not_allowed(signed, make):
    page = re.sub(rb"/Annots *\[", b"/Annots[20 0 R ", last_object(signed, 3))
    stamp = b"<</Type/Annot/Subtype/Stamp/Rect[0 0 99 99]/AP<</N 21 0 R>>>>"
    assert not summary(make.updated(signed, {3: page, 20: stamp, 21: HIDDEN}, size=22, trailer=TRAILER))[1]


def test_the_worst_revision_decides(signed, make, signer):
    changed = make.updated(signed, {4: HIDDEN}, size=21, trailer=TRAILER)
    again = octets(signer.sign(Document.from_bytes(changed, "x.pdf")))
    evidence = pdf.read(Document.from_bytes(again, "x.pdf"))
    assert [one.coverage.modifications for one in evidence.signatures] == ["undefined", "none"]


def test_a_change_taken_back_is_still_a_change(signed, make):
    changed = make.updated(signed, {4: HIDDEN}, size=21, trailer=TRAILER)
    back = make.updated(changed, {4: last_object(signed, 4)}, size=21, trailer=TRAILER)
    assert summary(back) == ("undefined", False)


def test_a_size_that_shrinks_does_not_make_old_objects_look_new(signed, make):
    small = make.updated(signed, {}, size=4, trailer=TRAILER)
    later = make.updated(small, {4: HIDDEN}, size=21, trailer=TRAILER)
    assert summary(later) == ("undefined", False)


def test_resources_moved_unchanged_to_a_new_object(make, signer):
    """Some products do so when they add a security store; moved and changed it is a change."""
    page = make.page.replace(b"/Resources<<>>", b"/Resources 5 0 R")
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    objects = [make.catalogue, make.pages, page, make.content, b"<</Font<</F 6 0 R>>>>", font]
    signed = octets(signer.sign(Document.from_bytes(make.written(objects), "x.pdf")))
    root = last_object(signed, 1)[:-2] + b"/DSS<</Certs[21 0 R]>>>>"
    store = b"<</Length 4>>\nstream\nDERS\nendstream"
    moved = last_object(signed, 3).replace(b"/Resources 5 0 R", b"/Resources 20 0 R")
    for resources, expected in ((b"6 0 R", ("extension", True)), (b"4 0 R", ("undefined", False))):
        objects_ = {1: root, 3: moved, 20: b"<</Font<</F %b>>>>" % resources, 21: store}
        assert summary(make.updated(signed, objects_, size=22)) == expected


@pytest.mark.parametrize(
    ("font", "expected"),
    [
        (b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", ("extension", True)),
        (b"<</Type/Font/Subtype/Type1/BaseFont/Symbol>>", ("undefined", False)),
    ],
)
def test_a_font_that_loses_its_name(make, signer, font, expected):
    page = make.page.replace(b"/Resources<<>>", b"/Resources<</Font<</F 5 0 R>>>>")
    named = b"<</Type/Font/Subtype/Type1/Name/Helv/BaseFont/Helvetica>>"
    data = make.written([make.catalogue, make.pages, page, make.content, named])
    signed = octets(signer.sign(Document.from_bytes(data, "x.pdf")))
    assert summary(make.updated(signed, {5: font}, size=20)) == expected


def test_a_signature_put_over_content_that_waited_for_it(make, signer):
    """The page refers to an object that does not exist; a later *signature* brings it."""
    page = make.page.replace(b"/Contents 4 0 R", b"/Contents[4 0 R 12 0 R]")
    trailer = b"/Root 1 0 R/Info 5 0 R/ID[<0102><0304>]"
    waiting = make.written([make.catalogue, make.pages, page, make.content, make.info], trailer=trailer)
    signed = octets(signer.sign(Document.from_bytes(waiting, "x.pdf")))
    field = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Two)/F 132/Rect[0 0 0 0]/P 3 0 R/V 9 0 R/AP<</N 12 0 R>>>>"
    value = re.search(rb"(<</Type/Sig/Filter.*?>>)\nendobj", signed, re.DOTALL)[1]
    objects = {
        9: value,
        10: field,
        12: HIDDEN,
        1: re.sub(rb"/Fields *\[", b"/Fields[10 0 R ", last_object(signed, 1)),
        3: re.sub(rb"/Annots *\[", b"/Annots[10 0 R ", last_object(signed, 3)),
    }
    assert summary(make.updated(signed, objects, size=13, trailer=trailer))[1] is False


def form(make, signer, value=b""):
    field = b"<</FT/Tx/T(amount)/Type/Annot/Subtype/Widget/Rect[0 0 50 50]%b/P 3 0 R>>" % value
    catalogue = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>"
    page = make.page.replace(b"/Contents", b"/Annots[5 0 R]/Contents")
    data = make.written([catalogue, make.pages, page, make.content, field], trailer=b"/Root 1 0 R/ID[<0102><0304>]")
    return octets(signer.sign(Document.from_bytes(data, "form.pdf"))), field


def test_a_filled_form_field_is_named_as_such(make, signer):
    signed, field = form(make, signer)
    filled = make.updated(
        signed, {5: field.replace(b"/P 3", b"/V(900)/P 3")}, size=10, trailer=b"/Root 1 0 R/ID[<0102><0708>]"
    )
    assert summary(filled) == ("form-fill", True)


@pytest.mark.parametrize(
    ("method", "parameters", "allowed"),
    [
        (b"DocMDP", b"/P 1/V/1.2", False),
        (b"DocMDP", b"/P 2/V/1.2", True),
        (b"FieldMDP", b"/Action/All/V/1.2", False),
        (b"FieldMDP", b"/Action/Include/Fields[(amount)]/V/1.2", False),
        (b"FieldMDP", b"/Action/Include/Fields[(other)]/V/1.2", True),
        (b"FieldMDP", b"/Action/Exclude/Fields[(amount)]/V/1.2", True),
        (b"FieldMDP", b"/Action/Exclude/Fields[(other)]/V/1.2", False),
    ],
)
def test_certification_and_locks_decide_what_is_allowed(make, signer, monkeypatch, method, parameters, allowed):
    from eidkit.pdf import appending

    reference = b"/Reference[<</Type/SigRef/TransformMethod/%b/TransformParams<</Type/TransformParams%b>>>>]" % (
        method,
        parameters,
    )
    original = appending.Update.put

    def put(self, number, generation, text):
        if text.startswith(b"<</Type/Sig/"):
            # after the hole, so that its place stays right
            text = text[:-2] + reference + b">>"
        return original(self, number, generation, text)

    monkeypatch.setattr(appending.Update, "put", put)
    signed, field = form(make, signer)
    monkeypatch.undo()
    filled = make.updated(
        signed, {5: field.replace(b"/P 3", b"/V(900)/P 3")}, size=10, trailer=b"/Root 1 0 R/ID[<0102><0708>]"
    )
    assert summary(filled) == ("form-fill", allowed)


def test_an_object_stream_rewritten_through_the_security_store(compressed, signer, make):
    """The page stands in an object stream; a later revision names that stream as a certificate and rewrites it."""
    signed = octets(signer.sign(compressed))
    root = re.findall(rb"1 0 obj\n(<</Type/Catalog.*?>>)\nendobj", signed, re.DOTALL)[-1]
    original = re.search(rb"\n5 0 obj\n(<</Type/ObjStm.*?endstream)", signed, re.DOTALL)[1]
    objects = {1: root[:-2] + b"/DSS<</Certs[5 0 R]>>>>", 5: original.replace(b"[0 0 200 200]", b"[0 0 100 100]")}
    assert summary(make.updated(signed, objects, size=30)) == ("undefined", False)
    assert summary(make.updated(signed, {5: objects[5]}, size=30)) == ("undefined", False)


def test_a_freed_object_stream(compressed, signer, make):
    signed = octets(signer.sign(compressed))
    assert not summary(make.updated(signed, {}, size=30, rows=b"5 1\n0000000000 00001 f \n"))[1]


def test_more_paths_than_anyone_can_follow(make, signer):
    """Forty objects, each referring twice to the next: 2⁴⁰ ways to the last one."""
    chain = [b"[%d 0 R %d 0 R]" % (number, number) for number in range(6, 46)]
    catalogue = b"<</Type/Catalog/Pages 2 0 R/Names 5 0 R>>"
    objects = [catalogue, make.pages, make.page, make.content, *chain, b"(end)"]
    signed = octets(signer.sign(Document.from_bytes(make.written(objects), "x.pdf")))
    later = make.updated(signed, {4: HIDDEN}, size=60)
    begun = time.perf_counter()
    assert summary(later) == ("undefined", False)
    assert time.perf_counter() - begun < 5


def test_many_revisions_over_many_objects_are_not_compared_for_ever(make, signer):
    objects = [make.catalogue, make.pages, make.page, make.content, *([b"<</A[1 2 3]>>"] * 4000)]
    data = octets(signer.sign(Document.from_bytes(make.written(objects), "x.pdf")))
    for _ in range(200):
        data = make.updated(data, {10: b"<</A[3 2 1]>>"}, size=5000)
    assert summary(data) == ("undefined", False)
