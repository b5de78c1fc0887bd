"""Where each revision of a PDF begins and ends, by bytes.

A revision ends with the ``%%EOF`` of the ``startxref`` that names its cross-reference section.  Only a chain in
which every section is followed by its own ``startxref … %%EOF``, before the next revision begins, and names no object
beyond its ``/Size``, is accounted for; a revision whose end is not found that way covers nothing and is covered by
nothing.
Source: ISO 32000-2 §7.5.5, §7.5.6, annex F (linearized files: two sections, one revision).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from eidkit.pdf.extents import run_over
from eidkit.pdf.intake import hostile, open_pdf, trailing
from eidkit.pdf.syntax import WHITE
from eidkit.pdf.xref import Ending, Section, ending_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.document import Document
    from eidkit.pdf.reader import Reader

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision: its last section's index, where its ``%%EOF`` ends (None: not accounted for), its startxref."""

    number: int
    index: int
    end: int | None
    startxref: int
    sections: tuple[Section, ...]

    @property
    def touched(self) -> frozenset[int]:
        """The numbers of the objects that it defines, redefines or frees."""
        return frozenset[int]().union(*(section.touched for section in self.sections))


@dataclass(slots=True)
class PdfFile:
    """An opened PDF with its revisions, oldest first; belongs to one thread.

    ``junk`` tells whether other bytes than white space follow the last ``%%EOF``.
    """

    document: Document
    reader: Reader
    revisions: tuple[Revision, ...]
    junk: bool
    cache: dict[Any, Any] = field(default_factory=dict)

    def once(self, key: object, make: Callable[[], T]) -> T:
        """What ``make`` gives, made at the first call with ``key`` and kept as long as the file."""
        if key not in self.cache:
            self.cache[key] = make()
        return cast("T", self.cache[key])

    def resolver(self, revision: int) -> Any:
        """The file through pyHanko's eyes, as it was in that revision."""
        return self.reader.get_historical_resolver(self.revisions[revision].index)

    def size(self, revision: int) -> int:
        """The first object number that the revision does not know."""
        return int(self.reader.xrefs.get_xref_container_info(self.revisions[revision].index).size)

    def covered_by(self, end: int) -> Revision | None:
        """The revision that ends at ``end``: its ``%%EOF`` and nothing but white space before ``end``."""
        for revision in reversed(self.revisions):
            if revision.end is not None and revision.end <= end:
                gap = self.document.read_range(revision.end, min(end, revision.end + 65))
                return revision if end - revision.end <= 64 and not gap.strip(WHITE) else None
        return None

    def reaches_out(self, revision: Revision) -> bool:
        """Whether this or an earlier revision has entries for bytes after its own end, which others may bring."""
        return any(
            one.end is None or max(section.farthest for section in one.sections) >= one.end
            for one in self.revisions[: revision.number + 1]
        )

    def runs_over(self, revision: Revision) -> bool:
        """Whether an object of this or an earlier revision runs on into the bytes of the next one."""
        return any(self._runs_over(one) for one in self.revisions[: revision.number + 1] if one != self.revisions[-1])

    def _runs_over(self, revision: Revision) -> bool:
        offsets = (offset for section in revision.sections for offset in section.offsets)
        end = revision.end
        return self.once(
            ("runs over", revision.number),
            lambda: end is None or run_over(self.document, self.reader, list(offsets), end),
        )

    def holding(self, offset: int) -> Revision | None:
        """The revision in whose bytes ``offset`` lies."""
        for revision in self.revisions:
            if revision.end is None:
                return None
            if offset < revision.end:
                return revision
        return None


def open_file(document: Document) -> PdfFile:
    """The document opened for judging; raises :class:`DocumentError` when it cannot be read at all."""
    reader = open_pdf(document)
    with hostile(document.name):
        return revised(document, reader)


def revised(document: Document, reader: Reader) -> PdfFile:
    """The document that ``reader`` reads, with its revisions."""
    revisions = _revisions(document, reader.sections)
    # Not the last %%EOF of the file but that of the last revision: another one may follow, naming the same.
    return PdfFile(document, reader, revisions, junk=trailing(document, revisions[-1].end))


def _revisions(document: Document, sections: list[Section]) -> tuple[Revision, ...]:
    found: list[Revision] = []
    index = 0
    floor = 0
    while index < len(sections):
        # A linearized file names its first-page section last, though it stands before the main one.
        paired = index == 0 and len(sections) > 1 and sections[1].start < sections[0].start
        group = tuple(sections[index : index + (2 if paired else 1)])
        ending = ending_after(document, group[0].end)
        index += len(group)
        end = ending.end if ending is not None and _accounted(group, ending, floor, paired=paired) else None
        found.append(Revision(len(found), index - 1, end, group[-1].declared, group))
        floor = document.length + 1 if end is None else end
    return tuple(found)


def _accounted(group: tuple[Section, ...], ending: Ending, floor: int, *, paired: bool) -> bool:
    """The section lies after the revision before it and is followed by the startxref that names it."""
    if any(part is not None and part.beyond for section in group for part in (section, section.hybrid)):
        return False
    return ending.startxref == group[-1].declared and (paired or group[0].start >= floor)
