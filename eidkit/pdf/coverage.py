"""What a PDF signature covers: our own rules on bytes (attacks.md §0; ISO 32000-2 §12.8.1).

1. The signature dictionary is an object of its own with a ``/ByteRange`` of four whole numbers and a
   ``/Contents`` hexadecimal string.
2. The first range begins at 0 and ends where that very string begins; the second begins where it ends.
3. The second range ends at the end of the revision in which the dictionary stands: its ``%%EOF``, then nothing
   but white space.
4. Every cross-reference entry of that revision and the earlier ones lies before their own ends, and so does every
   object to its last byte: bytes that come later must not become their objects.
5. No two signatures end at the same place: only one of them could have been made.
6. Nothing but white space follows the last revision.
7. A dictionary that a later revision put in the place of the signed one says nothing: the signature is looked for
   in the revision at whose end its ranges end, and is *replaced* when it is found there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eidkit.errors import SigningError, Text
from eidkit.pdf.fields import SignatureField, signature_fields
from eidkit.pdf.intake import cautiously
from eidkit.pdf.revisions import PdfFile, Revision, open_file
from eidkit.pdf.syntax import hex_string, member, raw_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.document import Document


MAX_LOOKED_BACK = 8
"""Earlier revisions whose form is walked for a signature that was replaced later."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One signature's place in the file.

    ``hole`` is where ``/Contents`` stands, ``revision`` the revision it covers; ``problems`` are the rules that
    it breaks, in the order of the plan.  ``contents`` are the octets of the hole, padding included.  ``replaced``
    tells that ``field`` is the signature as it was signed, and that a later revision shows another in its place.
    """

    field: SignatureField
    byte_range: tuple[int, ...]
    hole: tuple[int, int] | None
    revision: Revision | None
    contents: bytes
    problems: tuple[str, ...]
    replaced: bool = False

    @property
    def ranges(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """The signed ranges as (start, end), if rules 1 and 2 hold."""
        if self.hole is None or len(self.byte_range) != 4:
            return None
        start, length, second, rest = self.byte_range
        if start != 0 or (length, second) != self.hole or rest < 0:
            return None
        return (0, length), (second, second + rest)

    @property
    def end(self) -> int:
        """Where the second range ends."""
        return self.byte_range[2] + self.byte_range[3] if len(self.byte_range) == 4 else 0


def coverages(file: PdfFile) -> list[Coverage]:
    """The coverage of every signature in the form, in the order in which they were made."""
    filled = [field for field in signature_fields(file.reader.root) if field.value is not None]
    once = {field.value_number if field.value_number is not None else id(field): field for field in reversed(filled)}
    found = [_coverage(file, field) for field in once.values()]
    ends = Counter(one.end for one in found)
    found = [
        replace(one, problems=(*one.problems, "another signature ends at the same place")) if ends[one.end] > 1 else one
        for one in found
    ]
    if file.junk:
        found = [replace(one, problems=(*one.problems, "other bytes follow the end of the file")) for one in found]
    return sorted(found, key=lambda one: (one.end, one.field.name))


def _coverage(file: PdfFile, field: SignatureField) -> Coverage:
    found = _covered(file, field)
    signed: list[Coverage] = []
    if found.problems:
        with cautiously(signed.clear):
            signed += _as_signed(file, found)
    return signed[0] if signed else found


# 7.
def _as_signed(file: PdfFile, found: Coverage) -> Iterator[Coverage]:
    """The signature that the ranges of ``found`` were made for, as it stands in the revision that they cover."""
    revision = file.covered_by(found.end)
    if revision is None or revision == file.revisions[-1]:
        return
    for earlier in _fields_of(file, revision):
        if earlier.value is not None and not earlier.is_timestamp:
            signed = _covered(file, earlier, revision)
            if not signed.problems and signed.byte_range == found.byte_range:
                yield replace(signed, replaced=True)


def _fields_of(file: PdfFile, revision: Revision) -> list[SignatureField]:
    """The signature fields as they were in an earlier revision; of only so many revisions in one file."""
    known: dict[int, list[SignatureField]] = file.once("earlier fields", dict)
    if revision.number not in known and len(known) < MAX_LOOKED_BACK:
        known[revision.number] = signature_fields(file.resolver(revision.number).root)
    return known.get(revision.number, [])


# 1. to 4.
def _covered(file: PdfFile, field: SignatureField, within: Revision | None = None) -> Coverage:
    """The coverage of the value of ``field``, which is as it was in the revision ``within`` (None: as it is now)."""
    byte_range = _byte_range(field.value)
    hole, contents, problems = _contents(file, field, within)
    if len(byte_range) != 4:
        problems.append("/ByteRange is missing or does not have exactly two ranges")
    one = Coverage(field, byte_range, hole, None, contents, tuple(problems))
    if problems:
        return one
    if one.ranges is None:
        return replace(one, problems=("the two ranges do not leave out exactly its own /Contents",))
    revision = file.covered_by(one.end)
    if one.end > file.document.length:
        return replace(one, problems=("the second range goes beyond the file",))
    if revision is None:
        return replace(one, problems=("the second range does not end at the end of a revision",))
    if hole is None or file.holding(hole[0]) != revision:
        return replace(one, problems=("the signature does not stand in the revision that it covers",))
    if file.reaches_out(revision):
        return replace(one, problems=("the signed revision has entries for bytes after its end",))
    if file.runs_over(revision):
        return replace(one, problems=("an object of the signed revision runs on into bytes after its end",))
    return replace(one, revision=revision)


def _byte_range(value: Any) -> tuple[int, ...]:
    items = [item.get_object() for item in raw_items(member(value, "/ByteRange"))[:64]]
    if not all(isinstance(item, int) and item >= 0 for item in items):
        return ()
    return tuple(int(item) for item in items)


def _contents(
    file: PdfFile, field: SignatureField, within: Revision | None
) -> tuple[tuple[int, int] | None, bytes, list[str]]:
    if not isinstance(field.value, dict):
        return None, b"", ["the signature is not a dictionary"]
    if "/Contents" not in field.value:
        return None, b"", ["/Contents is missing"]
    section = None if within is None else within.index
    hole = file.reader.hole(field.value_number, section) if field.value_number is not None else None
    if hole is None:
        return None, b"", ["/Contents is not a hexadecimal string of its own in the file"]
    contents = hex_string(file.document.read_range(*hole))
    return hole, contents, [] if contents.strip(b"\x00") else ["/Contents is empty"]


def last_signature(document: Document) -> tuple[int, int, bytes]:
    """``(start, end, octets)`` of the hole of the signature that the last revision holds.

    Raises :class:`SigningError` when the document has no signature or changed after it.
    """
    file = open_file(document)
    found = [one for one in coverages(file) if one.field.kind == "/Sig" and one.hole is not None]
    if not found:
        raise SigningError(
            "pdf-not-signed",
            Text(f"{document.name} holds no signature", f"{document.name} chưa có chữ ký"),
            Text("sign it first", "hãy ký trước"),
        )
    last = found[-1]
    if last.problems or last.revision is None or last.revision != file.revisions[-1] or last.hole is None:
        raise SigningError(
            "pdf-changed-after-signature",
            Text(
                f"{document.name} was changed after its last signature, which a timestamp inside it would break",
                f"{document.name} đã thay đổi sau chữ ký cuối, thêm dấu thời gian sẽ làm hỏng",
            ),
            Text("use a document timestamp, or sign again", "dùng dấu thời gian tài liệu hoặc ký lại"),
        )
    return *last.hole, last.contents
