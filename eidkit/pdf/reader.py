"""pyHanko's reader over our own cross-reference reading and our own parser.

pyHanko gives the object model, the views of earlier revisions and the difference rules; which bytes make up
an object is decided here, once, for every check.  The hooks are internal to pyHanko, so its minor version is
pinned and a test guards them.  A ``Reader`` belongs to one thread.

This module imports pyHanko when it is loaded: import it inside functions only.
"""

from __future__ import annotations

import logging
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodeLimits, DecodePurpose, DocumentDecodeBudget
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.pdf_utils.xref import (
    ObjStreamRef,
    TrailerDictionary,
    XRefCache,
    XRefSection,
    XRefSectionData,
    XRefSectionMetaInfo,
    XRefSectionType,
)

from eidkit.pdf.syntax import WHITE, Parser, SyntaxProblem, Values, object_header, skip, spans, value_end
from eidkit.pdf.xref import MAX_OBJECT, Section, object_text, read_indirect, read_sections

if TYPE_CHECKING:
    from eidkit.document import Document
    from eidkit.pdf.syntax import Header, Spans
    from eidkit.pdf.xref import Ending

MAX_DECODED = 128 * 1024 * 1024
_MAX_PACKED = 200_000
VALUES_PER_OBJECT = 100
"""How many values are parsed beyond :data:`eidkit.pdf.syntax.MAX_VALUES`, for each object of the file."""
# What it would warn about is a fact in the evidence or an error of ours.
logging.getLogger("pyhanko").addHandler(logging.NullHandler())
_HEADER = re.compile(rb"%PDF-(\d)\.(\d)")
_CONTENTS = re.compile(rb"/Contents[\x00\t\n\x0c\r ]*<[0-9A-Fa-f\x00\t\n\x0c\r ]{200}")


class Reader(PdfFileReader):
    """A PDF read within bounds; every object comes from our own parser.

    ``holes`` maps the place of an object to where its ``/Contents`` hexadecimal string stands in the file: that
    string is left out of the parsed object, because every reserved byte would be paid for again at each open.
    """

    def __init__(self, document: Document, ending: Ending) -> None:
        self._security_handler = None
        self.strict = True
        budget = DocumentDecodeBudget(base_allowance=MAX_DECODED, max_ratio=20)
        self._decode_context = DecodeContext(DecodeLimits(document_budget=budget), input_size=document.length)
        self.resolved_objects: dict[tuple[int, int], Any] = {}
        self.values = Values()
        self._header_version = _version(document)
        self._input_version = None
        self._historical_resolver_cache: dict[int, Any] = {}
        self._embedded_signatures = None
        self.document = document
        self.holes: dict[int, tuple[int, int]] = {}
        self._packed: dict[int, dict[int, tuple[int, int, bytes]]] = {}
        self._places: dict[int, Any] = {}
        self._texts: dict[int, bytes] = {}
        self._members: dict[int, Spans] = {}
        self.stream = None
        self.ending = ending
        self.last_startxref = self.startxref = ending.startxref
        self._xrefs: XRefCache | None = None
        self.xrefs = XRefCache(self, [])
        self.sections: list[Section] = read_sections(document, ending.startxref, self)
        self.values.left += VALUES_PER_OBJECT * sum(len(one.used) + len(one.packed) for one in self.sections)
        self.trailer = TrailerDictionary()
        self.trailer.container_ref = generic.TrailerReference(self)
        for section in reversed(self.sections):
            self.trailer.add_trailer_revision(section.trailer)
        self.has_xref_stream = self.sections[-1].number is not None
        self._xrefs = None

    @property
    def xrefs(self) -> XRefCache:
        """The sections as pyHanko looks objects up in them, made when an object is first asked for."""
        if self._xrefs is None:
            self._xrefs = XRefCache(self, _adapted(self, self.sections))
        return self._xrefs

    @xrefs.setter
    def xrefs(self, found: XRefCache) -> None:
        self._xrefs = found

    @cached_property
    def root_ref(self) -> generic.Reference:
        """The reference to the document catalogue."""
        return super().root_ref

    @property
    def size(self) -> int:
        """The number after the greatest that an object of any revision has, or is said to have."""
        return max(max(_top(section), _top(section.hybrid)) for section in self.sections)

    def place(self, number: int, revision: int | None = None) -> int | ObjStreamRef | None:
        """Where object ``number`` (generation 0 or not) stands in a revision; None: nowhere."""
        last = len(self.sections) - 1 if revision is None else revision
        for section in reversed(self.sections[: last + 1]):
            for part in (section, section.hybrid):
                if part is None:
                    continue
                if number in part.used:
                    return part.used[number][0]
                if number in part.packed:
                    return ObjStreamRef(*part.packed[number])
                if number in part.freed and part is section and section.hybrid is None:
                    return None
        return None

    def get_historical_resolver(self, revision: int) -> View:
        """The file as it was after that cross-reference section."""
        if revision not in self._historical_resolver_cache:
            self._historical_resolver_cache[revision] = View(self, revision)
        found: View = self._historical_resolver_cache[revision]
        return found

    def generation(self, number: int) -> int:
        """The generation of object ``number`` in the newest revision (0 inside an object stream)."""
        for section in reversed(self.sections):
            for part in (section, section.hybrid):
                if part is not None and number in part.used:
                    return part.used[number][1]
                if part is not None and number in part.packed:
                    return 0
        return 0

    def value_text(self, number: int) -> bytes:
        """The text of the value of object ``number`` in the newest revision, as it stands in the file."""
        if number not in self._texts:
            self._read_text(number)
        return self._texts[number]

    def members(self, number: int) -> Spans:
        """Where the members of object ``number``, a dictionary, stand in its text."""
        text = self.value_text(number)
        if number not in self._members:
            self._members[number] = spans(text, 0)
        return self._members[number]

    def member_text(self, number: int, key: str) -> bytes | None:
        """The text of one member of object ``number``; None when it has none of that name."""
        place = self.members(number).values.get(key)
        return self.value_text(number)[slice(*place)] if place is not None else None

    def _read_text(self, number: int) -> None:
        """Keep the text of an object, and the spans of a dictionary, which tell where it ends."""
        marker = self.place(number)
        if marker is None:
            raise SyntaxProblem(f"object {number} is not in the file")
        if isinstance(marker, ObjStreamRef):
            self._get_object_from_stream(number, marker.obj_stream_id, marker.ix_in_stream)
            _, start, data = self._packed[marker.obj_stream_id][number]
            self._keep_text(number, data[skip(data, start) :])
            return
        size = 2048
        while number not in self._texts:
            text = object_text(self.document, marker, size)
            try:
                header = object_header(text)
                self._check_place(header, number)
                self._keep_text(number, text[skip(text, header.end) :])
            except SyntaxProblem as problem:
                if not problem.cut or len(text) < size or size > MAX_OBJECT:
                    raise
            size *= 8

    def _keep_text(self, number: int, text: bytes) -> None:
        if text.startswith(b"<<"):
            self._members[number] = where = spans(text, 0)
            self._texts[number] = text[: where.end]
        else:
            self._texts[number] = text[: value_end(text, 0)]

    def _check_place(self, header: Header, number: int) -> None:
        if (header.number, header.generation) != (number, self.generation(number)):
            raise SyntaxProblem(f"object {number} is not where the cross-reference says")

    def hole(self, number: int, revision: int | None = None) -> tuple[int, int] | None:
        """Where the ``/Contents`` hexadecimal string of object ``number`` stands in the file, brackets included.

        As it was after the cross-reference section ``revision``; None: now.
        """
        marker = self.place(number, revision)
        if not isinstance(marker, int):
            return None
        if marker not in self.holes:
            self._without_contents(marker)
        return self.holes.get(marker)

    def _read_object(
        self,
        ref: Any,
        marker: Any,
        never_decrypt: bool = False,  # noqa: ARG002  # pyHanko's hook; encrypted files are refused
        as_metadata_stream: bool = False,
    ) -> Any:
        if marker is None:
            return _null(ref)
        if isinstance(marker, ObjStreamRef):
            return self._get_object_from_stream(ref.idnum, marker.obj_stream_id, marker.ix_in_stream)
        identity, found = self.object_at(marker)
        if identity != (ref.idnum, ref.generation):
            raise SyntaxProblem(f"object {ref.idnum} is not where the cross-reference says")
        if as_metadata_stream and isinstance(found, generic.StreamObject):
            return _metadata(found)
        return found

    def object_at(self, offset: int) -> tuple[tuple[int, int], Any]:
        """Number, generation and value of the object that begins at ``offset``."""
        text = object_text(self.document, offset)
        own = text.find(b"endobj")
        if _CONTENTS.search(text, 0, own if own >= 0 else len(text)):
            shortened = self._without_contents(offset)
            if shortened is not None:
                return shortened
        identity, found, _ = read_indirect(self.document, offset, self, text)
        return identity, found

    def _without_contents(self, offset: int) -> tuple[tuple[int, int], Any] | None:
        """The dictionary at ``offset`` parsed with an empty ``/Contents``, the place of which is remembered."""
        size = 32 * 1024
        while True:
            text = object_text(self.document, offset, size)
            try:
                header = object_header(text)
                if not text.startswith(b"<<", skip(text, header.end)):
                    return None
                where = spans(text, header.end)
                break
            except SyntaxProblem as problem:
                if not problem.cut or len(text) < size or size > MAX_OBJECT:
                    raise
            size *= 4
        start, end = where.values.get("/Contents", (0, 0))
        if text[start : start + 1] != b"<" or text[start : start + 2] == b"<<":
            return None
        if not text.startswith(b"endobj", skip(text, where.end)):
            return None
        ref = generic.Reference(header.number, header.generation, self)
        short = b"".join((text[where.start : start], b"<>", text[end : where.end]))
        found, _ = Parser(short, ref).value(0)
        self.holes[offset] = (offset + start, offset + end)
        return (header.number, header.generation), found

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        packed = self._packed.get(stmnum)
        place = self.place(stmnum)
        # an object stream's number may be reused in a later revision: only a stable one is cached
        if packed is None or place != self._places.get(stmnum):
            packed = self._unpacked(stmnum)
            self._packed[stmnum], self._places[stmnum] = packed, place
        if idnum not in packed or packed[idnum][0] != idx:
            raise SyntaxProblem(f"object {idnum} is not in its object stream")
        _, start, data = packed[idnum]
        found, _ = Parser(data, generic.Reference(idnum, 0, self)).value(start)
        if isinstance(found, generic.IndirectObject):
            raise SyntaxProblem("an object stream holds a bare reference")
        return found

    def _unpacked(self, number: int) -> dict[int, tuple[int, int, bytes]]:
        stream: Any = generic.Reference(number, 0, self).get_object()
        if not isinstance(stream, generic.StreamObject) or dict.get(stream, "/Type") != "/ObjStm":
            raise SyntaxProblem("an object stream that is none")
        count, first = stream["/N"], stream["/First"]
        data = stream.read_data(DecodePurpose.OBJECT_STREAM)
        if not isinstance(count, int) or not isinstance(first, int) or not 0 <= count <= _MAX_PACKED:
            raise SyntaxProblem("an object stream with an unusable header")
        pairs = [int(token) for token in data[: int(first)].translate(bytes.maketrans(WHITE, b" " * 6)).split()]
        if len(pairs) < 2 * count:
            raise SyntaxProblem("an object stream with an unusable header")
        found: dict[int, tuple[int, int, bytes]] = {}
        for position in range(int(count)):
            if pairs[2 * position] in found:
                raise SyntaxProblem("an object stream that holds one object twice")
            found[pairs[2 * position]] = (position, int(first) + pairs[2 * position + 1], data)
        return found


class View(HistoricalResolver):
    """An earlier revision, which may be asked for objects only so often.

    The difference rules follow every *path* to an object, and a small file can have more paths than anyone can
    walk.
    """

    def __init__(self, reader: Reader, revision: int) -> None:
        super().__init__(reader, revision)
        self._allowance = self._asked = 0
        self.begin()

    def begin(self) -> None:
        """Count from nothing, for the next comparison."""
        self._asked = 0
        self._allowance = 15_000 + 30 * int(self.reader.xrefs.get_xref_container_info(self.revision).size)

    def get_object(self, ref: Any, as_metadata_stream: bool = False) -> Any:
        """The object as it was; raises SyntaxProblem when asked too often."""
        self._asked += 1
        if self._asked > self._allowance:
            raise SyntaxProblem("more paths through the file than can be followed")
        return super().get_object(ref, as_metadata_stream)


def _version(document: Document) -> tuple[int, int]:
    match = _HEADER.match(document.read_range(0, 16))
    if match is None:
        raise SyntaxProblem("the file does not begin with %PDF-")
    return int(match[1]), int(match[2])


def _null(ref: Any) -> Any:
    """A reference to nothing is a reference to null (ISO 32000-2 §7.3.10)."""
    nothing = generic.NullObject()
    nothing.container_ref = ref
    return nothing


def _metadata(stream: Any) -> Any:
    from pyhanko.pdf_utils.metadata.xmp_xml import MetadataStream

    found = MetadataStream(dict(stream), encoded_data=stream.encoded_data)
    found.container_ref = stream.container_ref
    return found


def _adapted(reader: Reader, sections: list[Section]) -> list[XRefSection]:
    """The sections as pyHanko keeps them, each with the greatest /Size so far.

    What is *new* in a revision is judged by object numbers beyond the size before it; a size that shrinks, or
    that hides objects, would make an old object look new.  What is *freed* is the object that was there,
    whatever generation the entry states.
    """
    adapted = []
    size = 0
    generations: dict[int, int] = {}
    for section in sections:
        size = max(size, _top(section), _top(section.hybrid))
        adapted.append(_adapted_one(reader, section, size, generations))
        for part in (section.hybrid, section):
            if part is not None:
                generations |= dict.fromkeys(part.packed, 0)
                generations |= {number: generation for number, (_, generation) in part.used.items()}
    return adapted


def _top(section: Section | None) -> int:
    if section is None:
        return 0
    return max(
        int(dict.get(section.trailer, "/Size", 0)),
        *(max(part, default=-1) + 1 for part in (section.used, section.packed)),
    )


def _adapted_one(reader: Reader, section: Section, size: int, generations: dict[int, int]) -> XRefSection:
    kind = XRefSectionType.STANDARD if section.number is None else XRefSectionType.STREAM
    data = XRefSectionData()
    data.freed = {
        number: generations[number] + 1 if number in generations else following
        for number, following in section.freed.items()
        if number
    }
    data.standard_xrefs = {
        number: (generation, offset) for number, (offset, generation) in section.used.items() if number
    }
    data.xrefs_in_objstm = {number: ObjStreamRef(*place) for number, place in section.packed.items() if number}
    data.obj_streams_used = {stream for stream, _ in section.packed.values()}
    data.explicit_refs_in_revision = {
        *((number, generation) for number, (generation, _) in data.standard_xrefs.items()),
        *((number, 0) for number in data.xrefs_in_objstm),
        *((number, following - 1) for number, following in data.freed.items()),
    }
    if section.hybrid is not None:
        data.hybrid = _adapted_one(reader, section.hybrid, size, generations)
        kind = XRefSectionType.HYBRID_MAIN
    stream_ref = generic.Reference(section.number, 0, reader) if section.number is not None else None
    meta = XRefSectionMetaInfo(kind, size, section.declared, section.start, section.end, stream_ref)
    return XRefSection(meta, data)
