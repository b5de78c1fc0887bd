"""What a signature must cover, and every way to make it cover less."""

from __future__ import annotations

import re

import pytest

from eidkit.document import Document
from eidkit.errors import DocumentError
from eidkit.verify.formats import pdf


def octets(document):
    return document.read_range(0, document.length)


def problems(data):
    [signature] = pdf.read(Document.from_bytes(data, "x.pdf")).signatures
    return [dict(one.values)["why"] for one in signature.observations if one.code == "COVERAGE_FAILURE"]


def with_range(data, text):
    """The signed bytes with another /ByteRange of the same width."""
    found = re.search(rb"/ByteRange\[([^\]]*)\]", data)
    return data[: found.start(1)] + text.ljust(len(found[1])) + data[found.end(1) :]


@pytest.fixture
def signed(plain, signer):
    return octets(signer.sign(plain))


@pytest.fixture
def numbers(signed):
    return [int(one) for one in re.search(rb"/ByteRange\[([^\]]*)\]", signed)[1].split()]


def test_an_untouched_signature_has_no_problem(signed):
    assert problems(signed) == []


@pytest.mark.parametrize(
    ("position", "change"), [(0, 1), (1, -1), (1, 1), (2, 1), (2, -1), (2, 2), (3, -2), (3, 1), (3, 5000)]
)
def test_every_number_of_the_ranges_counts(signed, numbers, position, change):
    numbers[position] += change
    assert problems(with_range(signed, b"%d %d %d %d" % tuple(numbers)))


@pytest.mark.parametrize(
    "text", [b"", b"0 10", b"0 10 20", b"0 10 20 30 40 50", b"0 1.5 20 30", b"null", b"0 -1 20 30"]
)
def test_other_than_two_ranges(signed, text):
    assert problems(with_range(signed, text)) == ["/ByteRange is missing or does not have exactly two ranges"]


@pytest.mark.parametrize("key", [b"/ByteRange", b"/Contents"])
def test_a_missing_member(signed, key):
    assert problems(signed.replace(key, key[:-1] + b"x"))


def test_contents_that_are_null(signed):
    hole = re.search(rb"/Contents(<[0-9a-f]+>)", signed)
    assert problems(signed.replace(hole[1], b" null".ljust(len(hole[1])))) == [
        "/Contents is not a hexadecimal string of its own in the file"
    ]


def test_contents_of_zeros(signed):
    hole = re.search(rb"/Contents<([0-9a-f]+)>", signed)
    assert "/Contents is empty" in problems(signed.replace(hole[1], b"0" * len(hole[1])))


def test_a_second_string_in_the_hole(signed):
    """The hole holds ``<cms> /Junk <…>``: what is left out is not exactly the signature's own string."""
    hole = re.search(rb"/Contents<([0-9a-f]+)>", signed)[1]
    cut = hole[:-40] + b">/Junk<" + hole[-33:]
    assert len(cut) == len(hole)
    assert problems(signed.replace(hole, cut))


def test_bytes_after_the_end_that_no_revision_accounts_for(signed):
    assert problems(signed + b"<script>alert(1)</script>") == ["other bytes follow the end of the file"]
    assert problems(signed + b"\r\n \x00\n") == []


def test_an_appended_end_that_names_the_same_cross_references(signed, plain):
    """Incremental saving without cross-references: the last startxref is repeated after new objects."""
    last = signed[signed.rindex(b"startxref") :]
    assert problems(signed + b"4 0 obj\n<</Length 5>>\nstream\n(900)\nendstream\nendobj\n" + last)


def test_an_entry_that_waits_for_bytes_after_the_signature(make, signer):
    """Object 4 stands nowhere yet; bytes put there later would become the page's content, and touch nothing."""
    objects = [make.catalogue, make.pages, make.page, make.content]
    data = make.written(objects)
    row = re.findall(rb"\d{10} 00000 n", data)[3]
    signed = octets(signer.sign(Document.from_bytes(data, "x.pdf")))
    assert problems(signed.replace(row, b"0000009000 00000 n")) == [
        "the signed revision has entries for bytes after its end"
    ]
    with pytest.raises(DocumentError):
        signer.sign(Document.from_bytes(data.replace(row, b"0000009000 00000 n"), "x.pdf"))


def test_the_range_of_an_earlier_revision_end(signed, make):
    later = make.updated(signed, {9: b"(later)"}, size=10)
    assert problems(later) == []
    numbers = [int(one) for one in re.search(rb"/ByteRange\[([^\]]*)\]", signed)[1].split()]
    numbers[3] = len(later) - numbers[2]
    assert problems(with_range(later, b"%d %d %d %d" % tuple(numbers)))


def test_two_signatures_cannot_end_at_the_same_place(signed, make, plain):
    """A second field whose dictionary is a copy of the first, in the same revision."""
    [signature] = pdf.read(Document.from_bytes(signed, "x.pdf")).signatures
    size = int(re.findall(rb"/Size (\d+)", signed)[-1])
    value = re.search(rb"(<</Type/Sig/Filter.*?>>)\nendobj", signed, re.DOTALL)[1]
    field = b"<</FT/Sig/T(Copy)/Subtype/Widget/Rect[0 0 0 0]/V %d 0 R>>" % size
    root = re.findall(rb"1 0 obj\n(<</Type/Catalog.*?>>)\nendobj", signed, re.DOTALL)[-1]
    root = root.replace(b"/Fields[", b"/Fields[%d 0 R " % (size + 1))
    data = make.updated(
        signed, {1: root, size: value, size + 1: field}, size=size + 2, trailer=b"/Root 1 0 R/Info 5 0 R"
    )
    evidence = pdf.read(Document.from_bytes(data, "x.pdf"))
    assert len(evidence.signatures) == 2
    assert all(any(one.code == "COVERAGE_FAILURE" for one in each.observations) for each in evidence.signatures)
    assert signature.coverage.covers_whole_document


def test_flipping_any_byte_of_a_small_signed_file_is_noticed(plain, signer):
    """Exhaustive: every byte within the signed ranges."""
    signed = octets(signer.sign(plain))
    hole = re.search(rb"/Contents(<[0-9a-f]+>)", signed)
    for place in range(len(signed)):
        if hole.start(1) <= place < hole.end(1):
            continue
        data = bytearray(signed)
        data[place] ^= 0x01
        assert not _intact(bytes(data)), place


def _intact(data):
    from eidkit.errors import EidkitError

    try:
        signatures = pdf.read(Document.from_bytes(data, "x.pdf")).signatures
    except EidkitError:
        return False
    broken = {"COVERAGE_FAILURE", "FORMAT_FAILURE"}
    return bool(signatures) and all(
        one.references
        and all(reference.declared == reference.computed for reference in one.references)
        and not any(observation.code in broken for observation in one.observations)
        for one in signatures
    )
