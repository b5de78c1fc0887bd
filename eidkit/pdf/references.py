"""References to objects that do not exist yet, found by bytes.

A file can refer to an object number that no revision defines; whoever appends an object of that number then
changes what is shown, though nothing that was there is touched.  So before a revision's new objects count as
harmless, no byte before it may refer to them.  One pass over the file finds the references to objects that
some later revision is the first to define; they can stand in plain bytes and in object streams, nowhere else
(ISO 32000-2 §7.3.10, §7.5.7, §7.8.2).  An entry of a cross-reference stream refers to an object stream, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eidkit.document import CHUNK
from eidkit.pdf.syntax import WHITE, SyntaxProblem
from eidkit.pdf.xref import read_indirect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.pdf.revisions import PdfFile, Revision

_W = rb"[\x00\t\n\x0c\r ]"
_GAP = rb"(?:" + _W + rb"|%[^\r\n]*+[\r\n])+"
"""Not possessive, because Python before 3.11.5 mishandles that; there is but one way to match it all the same."""
_MARK = re.compile(rb"R(?<=[\x00\t\n\x0c\r 0-9]R)")
"""Some readers need no white space before the ``R``."""
_PLAIN = re.compile(rb"(?<!\d)(\d++)" + _W + rb"++\d++" + _W + rb"*+R")
_ENDING = re.compile(_PLAIN.pattern + rb"\Z")
_COMMENTED = re.compile(rb"(?<!\d)(\d++)" + _GAP + rb"\d++(?:" + _GAP + rb")?R\Z")
_ANYWHERE = re.compile(rb"(?<!\d)(\d++)" + _GAP + rb"\d++(?:" + _GAP + rb")?R")
_WINDOW = 4096
_DENSE = 1000
_TRIES = 8
EVERYTHING = 1 << 62
"""Stands for *any number*: a comment so long that what it separates was not looked for."""


def foreseen(file: PdfFile, revision: Revision) -> bool:
    """Whether anything before ``revision`` refers to an object that it is the first to define."""
    before = file.revisions[revision.number - 1].end or 0
    places = _places(file)
    return any(places.get(number, before) < before for number in (EVERYTHING, *_first_defined(file, revision)))


def unreferred(file: PdfFile, start: int, count: int) -> int:
    """From ``start`` on, the first of ``count`` object numbers in a row that nothing in the file refers to."""
    for _ in range(_TRIES):
        wanted = frozenset(range(start, start + count))
        taken = [number for _, number in (*_plain(file, wanted), *_packed(file)) if number in wanted]
        if not taken:
            return start
        start = max(taken) + 1
    raise SyntaxProblem("the file refers to too many objects that it does not have")


def _first_defined(file: PdfFile, revision: Revision) -> frozenset[int]:
    """The numbers that the revision defines and that were nothing before it."""
    return file.once("new", lambda: _new_numbers(file))[revision.number]


def _new_numbers(file: PdfFile) -> list[frozenset[int]]:
    known: set[int] = set()
    found: list[frozenset[int]] = []
    for one in file.revisions:
        found.append(one.touched - known)
        for section in one.sections:
            known.difference_update(section.freed)
            for part in (section, section.hybrid):
                known.update(part.used if part is not None else (), part.packed if part is not None else ())
    return found


def _places(file: PdfFile) -> dict[int, int]:
    """For every object that a later revision is the first to define: where it is first referred to."""
    return file.once("forward", lambda: _forward_places(file))


def _forward_places(file: PdfFile) -> dict[int, int]:
    later = frozenset({EVERYTHING}).union(*(_first_defined(file, one) for one in file.revisions[1:]))
    places: dict[int, int] = {}
    for place, number in (*_plain(file, later), *_packed(file)):
        if number in later:
            places[number] = min(place, places.get(number, place))
    return places


def _plain(file: PdfFile, wanted: frozenset[int]) -> Iterator[tuple[int, int]]:
    document = file.document
    searches = [200 + document.length // 100_000]
    digits = frozenset(b"%d" % number for number in wanted)
    for start in range(0, document.length, CHUNK):
        base = max(0, start - _WINDOW)
        data = document.read_range(base, start + CHUNK)
        if not _plainly_without(data, digits):
            yield from ((base + place, number) for place, number in _in_chunk(data, start - base, searches))


def _plainly_without(data: bytes, digits: frozenset[bytes]) -> bool:
    """For bytes full of references: whether all are spelled plainly and none is to one of these numbers."""
    marks = len(_MARK.findall(data))
    if marks < _DENSE:
        return False
    numbers = _PLAIN.findall(data)
    return len(numbers) == marks and min(numbers)[:1] != b"0" and digits.isdisjoint(numbers)


def _in_chunk(data: bytes, fresh: int, searches: list[int]) -> Iterator[tuple[int, int]]:
    """References that end in ``data[fresh:]``; the bytes before belong to the chunk before.

    ``searches`` counts down how often a comment may be looked behind: chance needs few, more is an attack.
    """
    for mark in _MARK.finditer(data, fresh):
        end = mark.end()
        match = _ENDING.search(data, max(0, end - 64), end)
        if match is not None:
            yield end, _number(match[1])
        elif _after_comment(data[max(0, end - 160) : end - 1]):
            searches[0] -= 1
            window = data[max(0, end - _WINDOW) : end]
            yield from ((end, number) for number in ([EVERYTHING] if searches[0] < 0 else _behind_comment(window)))


def _number(digits: bytes) -> int:
    return int(digits.lstrip(b"0")[:12] or b"0")


def _after_comment(before: bytes) -> bool:
    """Whether a comment may stand between the parts of a reference whose ``R`` follows ``before``.

    Cheap, because other data match often: a comment ends with its line, and something else than a reference's
    first part seldom stands before its ``%``.
    """
    rest = before.rstrip(WHITE)
    head = rest.rstrip(b"0123456789")
    before_generation = head.rstrip(WHITE)
    return (_breaks(before[len(rest) :]) and _line_may_be_comment(rest)) or (
        head != rest and _breaks(head[len(before_generation) :]) and _line_may_be_comment(before_generation)
    )


def _line_may_be_comment(text: bytes) -> bool:
    start = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
    if start == 0:
        return True
    line = text[start:]
    parts = line.split(b"%")[:-1]
    heads = (b"%".join(parts[: count + 1]).rstrip(WHITE) for count in range(len(parts)))
    return any(not head or head[-1:].isdigit() for head in heads)


def _breaks(gap: bytes) -> bool:
    return b"\n" in gap or b"\r" in gap


def _behind_comment(window: bytes) -> list[int]:
    if b"%" not in window:
        return []
    match = _COMMENTED.search(window)
    if match is not None:
        return [_number(match[1])]
    line = window[:-1].rstrip(WHITE)
    return [EVERYTHING] if len(window) == _WINDOW and not _breaks(line) else []


def _packed(file: PdfFile) -> Iterator[tuple[int, int]]:
    from pyhanko.pdf_utils.decode_limits import DecodePurpose

    for index, section in enumerate(file.reader.sections):
        streams = {
            stream for part in (section, section.hybrid) if part is not None for stream, _ in part.packed.values()
        }
        for number in sorted(streams):
            yield section.start, number
            offset = file.reader.place(number, index)
            if not isinstance(offset, int):
                continue
            _, stream, _ = read_indirect(file.document, offset, file.reader)
            data = stream.read_data(DecodePurpose.OBJECT_STREAM)
            yield from ((offset, _number(match[1])) for match in _ANYWHERE.finditer(data))
