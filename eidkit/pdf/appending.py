"""The next revision: one signature field, its widget and its dictionary, as bytes to append.

What stands in the file is never rewritten from a parsed form: the catalogue, the page and the form are taken
over byte for byte and only the members that a signature needs are set, so that everything else is equal by
value (binding.md §1).  Neither /Info nor the XMP metadata is touched.

The revision, in order: the signature dictionary with its hole, the field, the objects that refer to it, and
one cross-reference section of the kind that the file ends with.
Source: ISO 32000-2 §7.5.6, §12.7.5.5, §12.8.1; ETSI EN 319 142-1 §5.3.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from eidkit.errors import DocumentError, Text
from eidkit.pdf.fields import certification, field_lock, interactive, permitted_level, root_names, signature_fields
from eidkit.pdf.intake import damaged, hostile, open_for_signing, refused
from eidkit.pdf.pages import first_page
from eidkit.pdf.placing import DEMANDS, Target, target
from eidkit.pdf.syntax import WHITE, appended, edited, member, number_of, referred, spans

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.document import Document
    from eidkit.pdf.fields import SignatureField
    from eidkit.pdf.placing import Placing
    from eidkit.pdf.reader import Reader
    from eidkit.pdf.syntax import Spans

MARK = b"\n%\n"
"""Begins a revision after a file that does not end with a line break: tells where the file as shown ends."""

_PRINT_AND_LOCKED = 132
_SIGNATURES_EXIST_APPEND_ONLY = 3


@dataclass(frozen=True, slots=True)
class Revision:
    """Bytes to append at ``offset``; the hole for the hexadecimal CMS starts at ``hole`` inside them.

    ``hole`` is the place of ``<``, ``reserve`` the octets that fit between the brackets.
    """

    offset: int
    data: bytes
    hole: int
    reserve: int

    @property
    def ranges(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The signed ranges of the document with this revision, as (start, end)."""
        return (0, self.offset + self.hole), (
            self.offset + self.hole + 2 * self.reserve + 2,
            self.offset + len(self.data),
        )

    def filled(self, cms: bytes) -> bytes:
        """The bytes with the CMS in the hole; the caller has checked that it fits."""
        digits = cms.hex().encode("ascii")
        return self.data[: self.hole + 1] + digits + self.data[self.hole + 1 + len(digits) :]


def signature_revision(
    document: Document, reserve: int, signing_time: datetime, placing: Placing | None = None
) -> Revision:
    """The revision that adds one signature to ``document``, with a hole of ``reserve`` octets.

    Where ``placing`` says.  Without it, it fills the first empty signature field that asks for nothing special;
    otherwise a new invisible field on the first page.  Raises :class:`DocumentError` when the document cannot be
    signed or forbids it, or has no such place.
    """
    reader = open_for_signing(document)
    with hostile(document.name):
        root = interactive(reader)
        fields = signature_fields(root)
        chosen = target(document.name, reader.root, fields, placing) if placing else Target(_free_field(fields))
        _check_allowed(document.name, root, fields, chosen.field)
        update = Update(document, reader)
        hole = _place(update, chosen, reserve, signing_time)
        return Revision(document.length, ranged(update.finished(), document.length, hole, reserve), hole, reserve)


def _check_allowed(name: str, root: Any, fields: list[SignatureField], chosen: SignatureField | None) -> None:
    values = [field.value for field in fields if field.value is not None]
    locks = [lock for lock in map(field_lock, values) if lock is not None]
    levels = [level for level in (certification(root), *map(permitted_level, values)) if level is not None]
    new_name = chosen.name if chosen else "Signature"
    if 1 in levels or any(lock.locks(new_name) for lock in locks):
        raise DocumentError(
            "pdf-signing-forbidden",
            Text(
                f"{name}: an earlier signature forbids every further change",
                f"{name}: chữ ký trước không cho phép thay đổi tiếp",
            ),
            Text(
                "ask that signer for a version that allows further signatures",
                "yêu cầu người ký trước cho phép ký tiếp",
            ),
        )


def _free_field(fields: list[SignatureField]) -> SignatureField | None:
    """The first empty field without seed values or a lock, which would bind what a signature must be."""
    for field in fields:
        demanding = any(key in field.dictionary for key in DEMANDS)
        if field.value is None and field.number is not None and not demanding:
            return field
    return None


def _place(update: Update, chosen: Target, reserve: int, signing_time: datetime) -> int:
    """Write the signature dictionary and what refers to it; where the hole begins."""
    signature = update.new_number()
    head = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:%b)/ByteRange[%b]/Contents" % (
        signing_time.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii"),
        b" " * RANGE_WIDTH,
    )
    start = update.put(signature, 0, b"%b<%b>>>" % (head, b"0" * (2 * reserve)))
    field, spot = chosen.field, chosen.spot
    drawn = spot.drawn(update, signing_time) if spot is not None else b""
    if field is not None and field.number is not None:
        update.edit(field.number, {"/V": b"%d 0 R" % signature})
        if spot is not None and spot.widget is not None:
            update.edit(spot.widget, {"/AP": drawn})
        update.raise_flags()
    elif spot is not None:
        shown = b"/Rect%b/AP%b" % (spot.written_rectangle, drawn)
        _add_field(update, b"Signature", signature, spot.page.reference.idnum, shown)
    else:
        add_invisible_field(update, b"Signature", signature)
    return start + len(head)


def add_invisible_field(update: Update, prefix: bytes, signature: int) -> None:
    """A new invisible field on the first page whose value is object ``signature``, named after ``prefix``."""
    page = first_page(update.reader)
    if page is None:
        raise refused("pdf-no-page", update.document.name)
    _add_field(update, prefix, signature, page, b"/Rect[0 0 0 0]")


def _add_field(update: Update, prefix: bytes, signature: int, page: int, shown: bytes) -> None:
    """A new field whose widget has the members ``shown``, on the page of that object number."""
    name, generation = _free_name(update.reader, prefix), update.reader.generation(page)
    widget = update.new_number()
    update.put(
        widget,
        0,
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(%b)/F %d%b/P %d %d R/V %d 0 R>>"
        % (name, _PRINT_AND_LOCKED, shown, page, generation, signature),
    )
    update.add_annotation(page, widget)
    update.add_field(widget)


RANGE_WIDTH = 2 + 3 * 13
"""Octets kept for ``/ByteRange``."""


def ranged(data: bytes, offset: int, hole: int, reserve: int) -> bytes:
    """The revision with its /ByteRange written into the blanks kept for it."""
    first = offset + hole
    second = first + 2 * reserve + 2
    text = b"0 %d %d %d" % (first, second, offset + len(data) - second)
    place = data.rindex(b"/ByteRange[", 0, hole) + len(b"/ByteRange[")
    return data[:place] + text.ljust(RANGE_WIDTH) + data[place + RANGE_WIDTH :]


def _free_name(reader: Reader, prefix: bytes) -> bytes:
    taken = root_names(interactive(reader))
    number = 1
    while f"{prefix.decode('ascii')}{number}" in taken:
        number += 1
    return b"%b%d" % (prefix, number)


class Update:
    """The objects of one revision, in the order they are written."""

    def __init__(self, document: Document, reader: Reader) -> None:
        self.document = document
        self.reader = reader
        self._size = reader.size
        self._next = self._size
        last = document.read_range(document.length - 1, document.length)
        self._parts = [] if last in {b"\n", b"\r"} else [MARK]
        self._length = sum(map(len, self._parts))
        self._texts: dict[int, bytes] = {}
        self._places: dict[int, tuple[int, int]] = {}

    @property
    def next_number(self) -> int:
        """The number that the next new object gets."""
        return self._next

    def skip_to(self, number: int) -> None:
        """Give new objects numbers from ``number`` on."""
        self._next = max(self._next, number)

    def new_number(self) -> int:
        """A number that no object of the file has."""
        self._next += 1
        return self._next - 1

    def put(self, number: int, generation: int, text: bytes) -> int:
        """Write an object now; where its text begins, counted from the start of the revision."""
        head = b"%d %d obj\n" % (number, generation)
        self._places[number] = (self._length, generation)
        self._parts += [head, text, b"\nendobj\n"]
        start = self._length + len(head)
        self._length = start + len(text) + len(b"\nendobj\n")
        return start

    def text(self, number: int) -> bytes:
        """The text of an object of the file, with the changes made so far."""
        if number not in self._texts:
            return self.reader.value_text(number)
        return self._texts[number]

    def _members(self, number: int) -> Spans:
        """Where the members of an object stand in its text."""
        return spans(self._texts[number], 0) if number in self._texts else self.reader.members(number)

    def edit(self, number: int, changes: dict[str, bytes]) -> None:
        """Set members of a dictionary object of the file; written when the revision is finished."""
        self._texts[number] = edited(self.text(number), changes, self._members(number))

    def add_annotation(self, page: int, widget: int) -> None:
        """Put the widget on the page of that object number."""
        self._append_to(page, "/Annots", b"%d 0 R" % widget)

    def add_field(self, widget: int) -> None:
        """Put the field into the form, which is made when there is none."""
        root = self.reader.root_ref.idnum
        item = b"%d 0 R" % widget
        form = self._member(root, "/AcroForm")
        if form is None:
            self.edit(root, {"/AcroForm": b"<</Fields[%b]/SigFlags %d>>" % (item, _SIGNATURES_EXIST_APPEND_ONLY)})
            return
        number = referred(form)
        if number is not None:
            self._append_to(number, "/Fields", item)
        else:
            self.edit(root, {"/AcroForm": _with_item(form, spans(form, 0), "/Fields", item)})
        self.raise_flags()

    def raise_flags(self) -> None:
        """SigFlags: signatures exist, append only."""
        root = self.reader.root_ref.idnum
        form = self._member(root, "/AcroForm") or b""
        number = referred(form)
        text = self.text(number) if number is not None else form
        flags = member(self.reader.root["/AcroForm"], "/SigFlags")
        wanted = (int(flags) if isinstance(flags, int) else 0) | _SIGNATURES_EXIST_APPEND_ONLY
        if flags == wanted:
            return
        changed = edited(text, {"/SigFlags": b"%d" % wanted})
        if number is not None:
            self._texts[number] = changed
        else:
            self.edit(root, {"/AcroForm": changed})

    def _member(self, number: int, key: str) -> bytes | None:
        """The text of one member of an object; None when it has none of that name."""
        place = self._members(number).values.get(key)
        return self.text(number)[slice(*place)] if place is not None else None

    def _append_to(self, number: int, key: str, item: bytes) -> None:
        """Append to the array member of an object, or to the array that the member refers to."""
        array = referred(self._member(number, key) or b"")
        if array is not None:
            from eidkit.pdf.page_tree import lists_pages

            if lists_pages(self.reader.root, array):
                raise refused("pdf-list-of-pages", self.document.name)
            self._texts[array] = appended(self.text(array), item)
        else:
            self._texts[number] = _with_item(self.text(number), self._members(number), key, item)

    def finished(self) -> bytes:
        """The whole revision, with its cross-references and trailer."""
        for number in sorted(self._texts):
            if self._texts[number] != self.reader.value_text(number):
                self.put(number, self.reader.generation(number), self._texts[number])
        write = self._stream if self.reader.has_xref_stream else self._table
        write()
        return b"".join(self._parts)

    def _trailer(self, size: int) -> bytes:
        """The trailer's members; /Root, /Info and the first /ID stay as they are."""
        trailer = self.reader.trailer
        parts = [b"/Size %d/Prev %d" % (size, self.reader.startxref)]
        for key in ("/Root", "/Info"):
            raw: Any = trailer.raw_get(key) if key in trailer else None
            if raw is not None:
                if number_of(raw) is None:
                    raise damaged(self.document.name, f"{key} of the trailer is not a reference")
                parts.append(b"%b %d %d R" % (key.encode("ascii"), raw.idnum, raw.generation))
        if "/ID" in trailer:
            first = trailer["/ID"][0].original_bytes
            parts.append(b"/ID[<%b><%b>]" % (first.hex().encode(), os.urandom(16).hex().encode()))
        return b"".join(parts)

    def _table(self) -> None:
        lines = [b"xref\n"]
        numbers = sorted(self._places)
        for first in _runs(numbers):
            lines.append(b"%d %d\n" % (first[0], len(first)))
            lines += [b"%010d %05d n \n" % (self._offset(number), self._places[number][1]) for number in first]
        where = self.document.length + self._length
        size = max(self._next, self._size)
        self._parts += [*lines, b"trailer\n<<%b>>\nstartxref\n%d\n%%%%EOF\n" % (self._trailer(size), where)]

    def _stream(self) -> None:
        own = self.new_number()
        where = self.document.length + self._length
        self._places[own] = (self._length, 0)
        runs = list(_runs(sorted(self._places)))
        rows = b"".join(
            b"\x01" + self._offset(number).to_bytes(6) + self._places[number][1].to_bytes(2)
            for run in runs
            for number in run
        )
        index = b" ".join(b"%d %d" % (run[0], len(run)) for run in runs)
        self._parts += [
            b"%d 0 obj\n<</Type/XRef/W[1 6 2]/Index[%b]%b/Length %d>>\nstream\n"
            % (own, index, self._trailer(self._next), len(rows)),
            rows,
            b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % where,
        ]

    def _offset(self, number: int) -> int:
        return self.document.length + self._places[number][0]


def _with_item(dictionary: bytes, members: Spans, key: str, item: bytes) -> bytes:
    """The dictionary text with one more item in its array ``key``, which is made when it is missing or null."""
    where = members.values.get(key)
    array = dictionary[where[0] : where[1]] if where else b"null"
    longer = b"[" + item + b"]" if array.strip(WHITE) == b"null" else appended(array, item)
    return edited(dictionary, {key: longer}, members)


def _runs(numbers: list[int]) -> list[list[int]]:
    """Ascending numbers in runs without gaps."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
