"""Cross-reference sections: where every object of every revision stands, read from the last one backwards.

Only what the ``startxref`` and ``/Prev`` chain names counts; nothing is guessed or repaired, because readers
guess differently.  Every count that the file states is bounded before it is believed.
Source: ISO 32000-2 §7.5.4, §7.5.5, §7.5.8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eidkit.pdf.syntax import Parser, SyntaxProblem, object_header, skip, stream_start

if TYPE_CHECKING:
    from eidkit.document import Document

MAX_SECTIONS = 1000
MAX_ENTRIES = 4_000_000
_SMALL = 65_536
MAX_OBJECT = 32 * 1024 * 1024
_TAIL = 2048
_FIRST_READ = 2048
_END = re.compile(rb"startxref[\x00\t\n\x0c\r ]+(\d{1,12})[\x00\t\n\x0c\r ]+%%EOF")


@dataclass(frozen=True, slots=True)
class Ending:
    """``startxref N %%EOF``: the number, where the keyword starts, and where ``%%EOF`` ends."""

    startxref: int
    start: int
    end: int


@dataclass(slots=True)
class Section:
    """One cross-reference section as it stands.

    ``declared`` is the number that named it, ``start`` and ``end`` the bytes of the section with its trailer.
    ``used`` maps object numbers to (offset, generation), ``packed`` to (object stream, index), ``freed`` to the
    next generation.  ``number`` is the object number of a cross-reference stream.  ``beyond`` tells that it names
    objects beyond its ``/Size``, which some readers see and others do not.
    """

    declared: int
    start: int
    end: int = 0
    used: dict[int, tuple[int, int]] = field(default_factory=dict)
    packed: dict[int, tuple[int, int]] = field(default_factory=dict)
    freed: dict[int, int] = field(default_factory=dict)
    trailer: Any = None
    number: int | None = None
    hybrid: Section | None = None
    beyond: bool = False

    @property
    def touched(self) -> frozenset[int]:
        """The numbers of all objects that the section redefines or frees, number 0 left out."""
        hybrid = self.hybrid.touched if self.hybrid is not None else frozenset()
        return frozenset({*self.used, *self.packed, *self.freed, *hybrid} - {0})

    @property
    def entries(self) -> int:
        """How many entries it has."""
        own = len(self.used) + len(self.packed) + len(self.freed)
        return own if self.hybrid is None else own + self.hybrid.entries

    @property
    def farthest(self) -> int:
        """The greatest offset that an entry, or ``/XRefStm``, names."""
        return max(self.offsets, default=0)

    @property
    def offsets(self) -> list[int]:
        """The offsets that its entries name, and ``/XRefStm`` with its own."""
        own = [offset for number, (offset, _) in self.used.items() if number]
        return own if self.hybrid is None else [*own, self.hybrid.start, *self.hybrid.offsets]

    @property
    def previous(self) -> int | None:
        """The value of ``/Prev``."""
        return _integer(self.trailer, "/Prev")


def last_ending(document: Document) -> Ending | None:
    """The last ``startxref … %%EOF`` within the last two kilobytes."""
    base = max(0, document.length - _TAIL)
    matches = list(_END.finditer(document.read_range(base, document.length)))
    return Ending(int(matches[-1][1]), base + matches[-1].start(), base + matches[-1].end()) if matches else None


def ending_after(document: Document, position: int) -> Ending | None:
    """The first ``startxref … %%EOF`` within two kilobytes after ``position``."""
    match = _END.search(document.read_range(position, position + _TAIL))
    return Ending(int(match[1]), position + match.start(), position + match.end()) if match else None


def read_sections(document: Document, startxref: int, handler: Any) -> list[Section]:
    """All sections, oldest first, following ``/Prev``."""
    sections: list[Section] = []
    left = _most_entries(document)
    seen: set[int] = set()
    position: int | None = startxref
    while position is not None:
        if position in seen:
            raise SyntaxProblem("the cross-reference sections form a loop")
        seen.add(position)
        if len(sections) >= MAX_SECTIONS:
            raise SyntaxProblem(f"more than {MAX_SECTIONS} revisions")
        section = _section(document, position, handler)
        left -= section.entries
        if left < 0:
            raise SyntaxProblem("more cross-reference entries than the file has room for objects")
        if not sections:
            _check_size(document, section)
        sections.append(section)
        position = section.previous
    sections.reverse()
    return sections


def _most_entries(document: Document) -> int:
    """How many entries are believed in all: compressed, a few bytes can state millions."""
    return min(MAX_ENTRIES, 2 * max(document.length, _SMALL))


def _check_size(document: Document, section: Section) -> None:
    size = _integer(section.trailer, "/Size")
    if size is None or not 0 < size <= max(document.length, _SMALL):
        raise SyntaxProblem("the trailer's /Size cannot be right")


def _section(document: Document, position: int, handler: Any) -> Section:
    if not 0 <= position < document.length:
        raise SyntaxProblem("a cross-reference section outside the file")
    head = document.read_range(position, position + 64)
    start = position + skip(head, 0)
    if document.read_range(start, start + 4) == b"xref":
        section = _table(document, position, start, handler)
        extra = _integer(section.trailer, "/XRefStm")
        if extra is not None:
            section.hybrid = _stream(document, extra, extra, handler)
        return section
    return _stream(document, position, start, handler)


def _integer(dictionary: Any, key: str) -> int | None:
    value = dict.get(dictionary, key)
    if value is None:
        return None
    if not isinstance(value, int):
        raise SyntaxProblem(f"{key} is not a number")
    return int(value)


# ── classic tables ────────────────────────────────────────────────────────────────────────────────────────


def _table(document: Document, declared: int, start: int, handler: Any) -> Section:
    from pyhanko.pdf_utils.generic import TrailerReference

    size = 4096
    while True:
        data = document.read_range(start + 4, start + 4 + size)
        found = data.find(b"trailer")
        if found >= 0:
            break
        if len(data) < size or size > MAX_OBJECT * 4:
            raise SyntaxProblem("a cross-reference table without a trailer")
        size *= 4
    section = Section(declared, start)
    _once(section, _fill(section, data[:found].split()))
    position = start + 4 + found + len(b"trailer")
    section.trailer, length = _whole_value(document, position, TrailerReference(handler))
    section.end = position + length
    _inside(section)
    return section


def _fill(section: Section, tokens: list[bytes]) -> int:
    """Read ``first count (offset generation n|f)*`` groups, a column at a time; how many entries there are."""
    position = total = 0
    try:
        while position < len(tokens):
            first, count = int(tokens[position]), int(tokens[position + 1])
            group = tokens[position + 2 : position + 2 + 3 * count]
            if first < 0 or count < 0 or len(group) != 3 * count:
                raise SyntaxProblem("a cross-reference table that ends too early")
            position += 2 + 3 * count
            total += count
            offsets = list(map(int, group[0::3]))
            generations = list(map(int, group[1::3]))
            kinds = group[2::3]
            numbers = range(first, first + count)
            if kinds.count(b"n") == count:
                section.used.update(zip(numbers, zip(offsets, generations, strict=True), strict=True))
                continue
            for number, offset, generation, kind in zip(numbers, offsets, generations, kinds, strict=True):
                if kind == b"n":
                    section.used[number] = (offset, generation)
                elif kind == b"f":
                    section.freed[number] = generation
                else:
                    raise SyntaxProblem("an unknown kind of cross-reference entry")
    except (ValueError, IndexError) as error:
        raise SyntaxProblem("a malformed cross-reference table") from error
    return total


def _once(section: Section, entries: int) -> None:
    """Every number has one entry: readers differ on which of two they believe."""
    if len(section.used) + len(section.packed) + len(section.freed) != entries:
        raise SyntaxProblem("a cross-reference section with two entries for one object")
    if not section.used.keys().isdisjoint(section.freed) or not section.packed.keys().isdisjoint(
        section.used.keys() | section.freed.keys()
    ):
        raise SyntaxProblem("a cross-reference section with two entries for one object")


# ── cross-reference streams ───────────────────────────────────────────────────────────────────────────────


def _stream(document: Document, declared: int, start: int, handler: Any) -> Section:
    from pyhanko.pdf_utils.decode_limits import DecodePurpose

    header, stream, end = read_indirect(document, start, handler)
    if dict.get(stream, "/Type") != "/XRef":
        raise SyntaxProblem("no cross-reference section where one is named")
    section = Section(declared, start, end, trailer=stream, number=header[0])
    widths = [int(width) for width in dict.get(stream, "/W", ())]
    index = [int(value) for value in dict.get(stream, "/Index", (0, _integer(stream, "/Size") or 0))]
    if len(widths) < 3 or any(not 0 <= width <= 8 for width in widths) or not sum(widths):
        raise SyntaxProblem("a cross-reference stream with unusable widths")
    counts = index[1::2]
    if len(index) % 2 or any(value < 0 for value in index) or sum(counts) > _most_entries(document):
        raise SyntaxProblem("a cross-reference stream with an unusable index")
    width = sum(widths)
    data = stream.read_data(DecodePurpose.XREF_STREAM, expected_size=sum(counts) * (width + 1))
    if len(data) < width * sum(counts):
        raise SyntaxProblem("a cross-reference stream that ends too early")
    position = 0
    for first, count in zip(index[0::2], counts, strict=True):
        _fill_packed(section, data, position, widths, first, count)
        position += width * count
    _once(section, sum(counts))
    _inside(section)
    return section


def _fill_packed(section: Section, data: bytes, position: int, widths: list[int], first: int, count: int) -> None:
    a, b = widths[0], widths[0] + widths[1]
    c, width = b + widths[2], sum(widths)
    for number in range(first, first + count):
        row = data[position : position + width]
        position += width
        kind = int.from_bytes(row[:a]) if a else 1
        second, third = int.from_bytes(row[a:b]), int.from_bytes(row[b:c])
        if kind == 1:
            section.used[number] = (second, third)
        elif kind == 2:
            section.packed[number] = (second, third)
        elif kind == 0:
            section.freed[number] = third


def _inside(section: Section) -> None:
    """Object numbers lie below ``/Size``: a reader that believes it does not see the others (ISO 32000-2 §7.5.5)."""
    size = _integer(section.trailer, "/Size")
    if size is None:
        raise SyntaxProblem("a cross-reference section without /Size")
    highest = max((max(part, default=0) for part in (section.used, section.packed)), default=0)
    section.beyond = highest >= size


# ── objects ───────────────────────────────────────────────────────────────────────────────────────────────


def object_text(document: Document, offset: int, size: int = _FIRST_READ) -> bytes:
    """``size`` bytes at ``offset``, for a parser that asks for more when they are not enough."""
    if not 0 <= offset < document.length:
        raise SyntaxProblem("an object outside the file")
    return document.read_range(offset, offset + size)


def _whole_value(document: Document, offset: int, ref: Any) -> tuple[Any, int]:
    size = _FIRST_READ
    while True:
        data = object_text(document, offset, size)
        try:
            return Parser(data, ref).value(0)
        except SyntaxProblem as problem:
            if not problem.cut or len(data) < size or size > MAX_OBJECT:
                raise
        size *= 8


def read_indirect(
    document: Document, offset: int, handler: Any, begun: bytes = b""
) -> tuple[tuple[int, int], Any, int]:
    """``(number, generation)``, the value and the end of the object at ``offset``; a stream with its data.

    ``begun``: its first bytes, when they were read already.
    """
    size = len(begun) or _FIRST_READ
    while True:
        data = begun or object_text(document, offset, size)
        begun = b""
        try:
            return _indirect(document, data, offset, handler)
        except SyntaxProblem as problem:
            if not problem.cut or len(data) < size or size > MAX_OBJECT:
                raise
        size *= 8


def _indirect(document: Document, data: bytes, offset: int, handler: Any) -> tuple[tuple[int, int], Any, int]:
    from pyhanko.pdf_utils.generic import DictionaryObject, Reference

    header = object_header(data)
    ref = Reference(header.number, header.generation, handler)
    found, end = Parser(data, ref).value(header.end)
    identity = (header.number, header.generation)
    after = skip(data, end)
    if data.startswith(b"endobj", after):
        return identity, found, offset + after + len(b"endobj")
    payload = stream_start(data, end)
    if payload is None:
        raise SyntaxProblem("an object without an end", cut=len(data) - after < 32)
    if not isinstance(found, DictionaryObject):
        raise SyntaxProblem("a stream without a dictionary")
    stream, stop = _with_data(document, found, offset + payload, handler)
    stream.container_ref = ref
    return identity, stream, stop


def _with_data(document: Document, members: Any, start: int, handler: Any) -> tuple[Any, int]:
    """The stream whose data begin at ``start``: exactly ``/Length`` bytes, then ``endstream``."""
    from pyhanko.pdf_utils.generic import IndirectObject, StreamObject

    length = dict.get(members, "/Length")
    if isinstance(length, IndirectObject):
        length = handler.get_object(length.reference)
    if not isinstance(length, int) or not 0 <= length <= document.length - start:
        raise SyntaxProblem("a stream without a usable length")
    data = document.read_range(start, start + int(length) + 16)
    tail = data[int(length) :].lstrip(b"\r\n ")
    if not tail.startswith(b"endstream"):
        raise SyntaxProblem("a stream whose length is wrong")
    end = start + len(data) - len(tail) + len(b"endstream")
    after = document.read_range(end, end + 32)
    gap = skip(after, 0)
    return StreamObject(members, encoded_data=data[: int(length)]), end + gap + 6 * after.startswith(b"endobj", gap)
