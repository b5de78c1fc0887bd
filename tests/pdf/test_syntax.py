"""The one parser that decides which bytes make up an object, and the edits that leave the rest alone."""

from __future__ import annotations

import io

import pytest
from pyhanko.pdf_utils import generic

from eidkit.pdf import syntax
from eidkit.pdf.syntax import Parser, SyntaxProblem
from eidkit.pdf.values import same


class Handler:
    strict = True


REF = generic.Reference(1, 0, Handler())


def parsed(data):
    return Parser(data, REF).value(0)[0]


@pytest.mark.parametrize(
    "data",
    [
        b"<</A 1/B[2 3.5 -.5 +7 (x) <4142> /N#20me true false null 12 0 R]/C<</D<>>>>>",
        b"(a (nested) \\) \\n\\r\\t\\b\\f\\101\\7\\\n\\\\ end)",
        b"[ % comment\n 1 % another\r\n 2 ]",
        b"/Name",
        b"<48 65 6C 6c 6F 7>",
        b"[1 0 R 2 3 R]",
        b"-17",
        b"4.",
    ],
)
def test_values_read_as_pyhanko_reads_them(data):
    stream = io.BytesIO(data + b" ")
    assert same(parsed(data + b" "), generic.read_object(stream, REF))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<<",
        b"[1 2",
        b"(abc",
        b"<41",
        b"<<1 2>>",
        b"<</A 1/A 2>>",
        b"0 0 R",
        b"]",
        b">>",
        b"tru",
        b"--1",
        b"1.2.3",
        b"<4G>",
        b"[" * 200,
    ],
)
def test_what_is_not_a_value_is_refused(data):
    with pytest.raises(SyntaxProblem):
        parsed(data)


@pytest.mark.parametrize("gap", [b" ", b"\r\n", b"%c\n", b""], ids=["space", "line", "comment", "nothing"])
@pytest.mark.parametrize(
    "value",
    [
        b"/N", b"/N#20me", b"(a)", b"<41>", b"[1 -2.5 .5]", b"[]", b"[12 0 R/A]", b"<</D 1>>",
        b" 7", b" -7", b" 1.5", b" 12 0 R", b" 12  0\nR", b" true", b"[1%c\n2]",
    ],
)  # fmt: skip
def test_the_span_of_a_member_is_the_text_of_its_value(value, gap):
    data = b"<</A" + gap + value + gap + b"/B 2>>"
    where = syntax.spans(data, 0)
    assert same(parsed(data[slice(*where.values["/A"])]), dict.__getitem__(parsed(data), "/A"))
    assert data[slice(*where.values["/B"])] == b"2"
    assert where.end == len(data)


@pytest.mark.parametrize(
    "data", [b"<</A 1 0 Rx>>", b"<</A 12x>>", b"<</A[1 x]>>", b"<</A 1 2>>", b"<</A/B/C>>", b"<</A[1 2>>", b"<</A>>"]
)
def test_a_dictionary_of_which_a_member_is_no_value_has_no_spans(data):
    with pytest.raises(SyntaxProblem):
        syntax.spans(data, 0)


def test_the_same_value_twice_under_one_key_is_harmless():
    assert parsed(b"<</A 1/A 1>>") == {"/A": 1}


def test_an_edit_leaves_every_other_byte_alone():
    text = b"<< /A  1 %note\n /B [ 1  2 ] /C (x\\)y) >>"
    assert syntax.edited(text, {"/B": b"[3]", "/D": b"4"}) == b"<< /A  1 %note\n /B  [3]  /C (x\\)y)  /D 4>>"


@pytest.mark.parametrize(
    ("array", "result"),
    [(b"[]", b"[ 7 0 R]"), (b"[1 0 R [2]]", b"[1 0 R [2] 7 0 R]"), (b" [ (]) ] ", b"[ (])  7 0 R]")],
)
def test_an_item_is_appended_inside_the_last_bracket(array, result):
    assert syntax.appended(array, b"7 0 R") == result


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"/1", b"(/1)"),
        (b"1", b"1.0"),
        (b"1", b"true"),
        (b"(a)", b"/a"),
        (b"[1 2]", b"[1 2 3]"),
        (b"1 0 R", b"1 1 R"),
        (b"<</A 1>>", b"<</A/1>>"),
        (b"null", b"0"),
    ],
)
def test_values_of_other_types_are_never_the_same(one, other):
    assert not same(parsed(one + b" "), parsed(other + b" "))


def test_the_hooks_that_the_reader_overrides_still_exist():
    from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
    from pyhanko.pdf_utils.xref import XRefCache

    for name in ("_read_object", "_get_object_from_stream", "get_historical_resolver", "cache_indirect_object"):
        assert callable(getattr(PdfFileReader, name))
    for name in ("get_historical_ref", "get_last_change", "explicit_refs_in_revision", "get_xref_container_info"):
        assert callable(getattr(XRefCache, name))
    assert callable(HistoricalResolver.is_ref_unassignable)
    assert callable(HistoricalResolver._get_usages_of_ref)
