"""Where objects end: none of a revision may run on into bytes that come after it.

An object is read from where its entry points, as far as its own text says; a stream says so by ``/Length``.  One
that is not closed before its revision ends is completed by whatever is appended later, so that it shows other
content although no entry changed.

1. Each object is read up to the end of its revision and no further; a value cut off there runs over.
2. A stream runs over when its ``/Length`` leads past the end, or when no ``endstream`` stands before it.
3. A value that cannot be read is another matter (readers refuse or repair it), as long as an ``endobj`` ends it.
4. Objects do not overlap much: what is read in all is bounded by the size of the file.
Source: ISO 32000-2 §7.3.8, §7.3.10, §7.5.6.
"""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from eidkit.pdf.intake import cautiously
from eidkit.pdf.syntax import SyntaxProblem, object_header, skip, spans, stream_start, value_end

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eidkit.document import Document
    from eidkit.pdf.reader import Reader

_LEAST_READ, _FIRST_READ = 256, 16 * 1024
_SMALL = 64 * 1024
_READ_AT_ONCE = 1024 * 1024
_KEYWORD = 32
_NESTING = 16
_USUAL_NESTING = 3


def run_over(document: Document, reader: Reader, offsets: Iterable[int], stop: int) -> bool:
    """Whether one of the objects at ``offsets`` does not end before ``stop``."""
    left = 2 * stop + _SMALL
    ordered = sorted({offset for offset in offsets if offset < stop})
    file = document.read_range(0, stop) if stop <= _READ_AT_ONCE else None
    for offset, following in pairwise([*ordered, stop]):
        end = _plain_end(file, offset) if file is not None else None
        if end is None:
            end = _end(document, reader, offset, stop, likely=following)
        if end is None:
            return True
        # 4.
        left -= end - offset
        if left < 0:
            return True
    return False


def _end(document: Document, reader: Reader, offset: int, stop: int, *, likely: int) -> int | None:
    """Where the object at ``offset`` ends, ``likely`` before the next; None when it is not closed before ``stop``."""
    size = min(max(likely - offset, _LEAST_READ), _FIRST_READ)
    while True:
        text = document.read_range(offset, min(offset + size, stop))
        whole = offset + len(text) >= stop
        if (plain := _plain_end(text, 0)) is not None:
            return offset + plain
        try:
            return _end_in(text, document, reader, offset, stop)
        except SyntaxProblem as problem:
            if whole or not problem.cut:
                # 1. and 3.
                closed = -1 if problem.cut else document.read_range(offset, stop).find(b"endobj")
                return None if closed < 0 else offset + closed
        size *= 8


def _usual_object() -> re.Pattern[bytes]:
    """An object whose value is a dictionary or an array with a few levels in it, without comments."""
    white = rb"[\x00\t\n\f\r ]"
    simple = rb"[^<>\[\]()%]++|\((?:[^()\\]++|\\[\s\S])*+\)|<[0-9A-Fa-f\x00\t\n\f\r ]*+>"
    array = rb"\[(?:%b)*+\]" % simple
    value = rb"<<(?:%b|%b)*+>>" % (simple, array)
    array = rb"\[(?:%b|%b|%b)*+\]" % (simple, array, value)
    for _ in range(_USUAL_NESTING):
        value = rb"<<(?:%b|%b|%b)*+>>" % (simple, array, value)
    return re.compile(
        rb"\d{1,10}" + white + rb"++\d{1,5}" + white + rb"++obj" + white + rb"*+"
        rb"(?:" + value + rb"|" + array + rb")" + white + rb"*+(endobj|stream)"
    )


_USUAL = _usual_object()
_TRUSTED = sys.version_info >= (3, 11, 5)
"""Before, ``re`` went on at a wrong place after a possessive group whose alternative had begun to match."""
_NOT_BRACKETS = bytes(octet for octet in range(256) if octet not in b"[]<>")
_STREAM_BEGINS = re.compile(rb"stream(?:\r\n|\n)")
_TEXTS = re.compile(rb"\((?:[^()\\]|\\[\s\S])*+\)")


def _plain_end(text: bytes, start: int) -> int | None:
    """Where in ``text`` an object without comments and odd texts ends, as most do; None for any other.

    Up to ``endobj`` or ``stream`` its brackets must close, and a stream must state its length once and plainly.
    """
    usual = _USUAL.match(text, start, start + _FIRST_READ) if _TRUSTED else None
    if usual is not None:
        ending, streams = usual.start(1), usual[1] == b"stream"
    else:
        opening = text.find(b"stream", start, start + _FIRST_READ)
        closing = text.find(b"endobj", start, opening if opening >= 0 else start + _FIRST_READ)
        ending, streams = (closing, False) if closing >= 0 else (opening, True)
        if ending < 0 or not _closed(text[start:ending]):
            return None
    if not streams:
        return ending
    begins = _STREAM_BEGINS.match(text, ending)
    length = _DIRECT_LENGTH.search(text, start, ending)
    if begins is None or length is None or len(_LENGTH_KEY.findall(text, start, ending)) != 1:
        return None
    end = begins.end() + int(length[1])
    return end if text.find(b"endstream", end, end + _KEYWORD) >= 0 else None


def _closed(head: bytes) -> bool:
    if b"%" in head:
        return False
    if b"(" in head:
        head = _TEXTS.sub(b"", head)
        if b"(" in head or b")" in head:
            return False
    elif b")" in head:
        return False
    brackets = head.translate(None, _NOT_BRACKETS)
    for _ in range(_NESTING):
        if not brackets:
            return True
        brackets = brackets.replace(b"[]", b"").replace(b"<>", b"")
    return not brackets


_LENGTH_KEY = re.compile(rb"/Length(?![A-Za-z0-9])|/(?:L(?:e(?:n(?:g(?:th?)?)?)?)?)?#")
"""The key, also in a spelling with escapes, so that two of it are never taken for one."""
_DIRECT_LENGTH = re.compile(rb"/Length[\x00\t\n\f\r ]++(\d{1,11})(?=[\x00\t\n\f\r ]*+(?:/|>>))")


def _end_in(text: bytes, document: Document, reader: Reader, offset: int, stop: int) -> int | None:
    start = skip(text, object_header(text).end)
    end = value_end(text, start)
    payload = stream_start(text, end)
    if payload is None:
        if len(text) - skip(text, end) < _KEYWORD and offset + len(text) < stop:
            raise SyntaxProblem("the keyword stream may follow", cut=True)
        return offset + end
    # 2.
    first = offset + payload
    place = spans(text, start).values.get("/Length")
    length = _length(text[slice(*place)], reader) if place is not None else None
    if length is not None:
        if first + length > stop:
            return None
        if b"endstream" in document.read_range(first + length, min(first + length + _KEYWORD, stop)):
            return first + length
    # A reader that cannot use the length looks for the keyword.
    found = document.read_range(first, stop).find(b"endstream")
    return None if found < 0 else first + found


def _length(text: bytes, reader: Reader) -> int | None:
    """The number that ``/Length`` gives, itself or by reference; None when it gives none."""
    from pyhanko.pdf_utils.generic import Reference

    parts = text.split()
    if not 0 < len(parts) <= 3 or not all(part.isdigit() and len(part) < 12 for part in parts[:2]):
        return None
    if len(parts) == 1:
        return int(parts[0])
    found: list[int] = []
    with cautiously(found.clear):
        value: Any = Reference(int(parts[0]), int(parts[1]), reader).get_object()
        found += [int(value)] if isinstance(value, int) and value >= 0 else []
    return found[0] if found else None
