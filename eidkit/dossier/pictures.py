"""What each person signed, to look at: the page as it was then, with what looks different today boxed.

1. A PDF signature's page is drawn from the bytes that it covered (the prefix up to the end of its revision), and the
   same page from the file as it stands.  Where the two drawings differ there is a box.
2. The other pages are compared in small; those that differ are shown too, as far as there is room.
3. Of an XML document the canonical text is shown that the signature protects.
4. What a signature does not fit is never called what was signed (``altered``).
5. Whatever cannot be shown says why; a report is never lost for want of a picture.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError, Text
from eidkit.pdf.differing import Box, differing
from eidkit.pdf.page_pictures import MAX_SHOTS, PagePicture, Shot, drawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eidkit.document import Document
    from eidkit.dossier.report import DossierReport, Examined
    from eidkit.verify.report import Conclusion

MAX_PICTURES = 30
"""Of one report."""
MAX_PAGES_EACH = 3
"""Of one signature: its own page, and others that look different today."""
MAX_COMPARED = 16
"""Pages of one file that are compared."""
MAX_TEXT = 12_000
"""Characters of an XML document that are shown."""
MAX_PARTS = 8
"""Boxes of a page whose content of today is shown."""
_SMALL = 30
_WHY_FEW = Text(
    f"a report shows no more than {MAX_PICTURES} pictures", f"một báo cáo chỉ hiển thị tối đa {MAX_PICTURES} hình"
)
_WHY_PAGE = Text("its page could not be drawn", "không vẽ được trang này")
_WHY_FORMAT = Text("only PDF and XML documents can be shown", "chỉ hiển thị được tài liệu PDF và XML")
_WHY_PART = Text(
    "the signature does not cover the document as a whole", "chữ ký không bao phủ toàn bộ tài liệu theo dạng chuẩn"
)
_WHY_REVISION = Text("which bytes it covers is not clear", "không xác định được phần byte mà chữ ký bao phủ")


@dataclass(frozen=True, slots=True)
class Part:
    """A picture of one box as the file has it today."""

    width: int
    height: int
    png: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it was: its number from 1, the picture, boxes around what looks different today, and that in them.

    ``today`` has a Part for each of ``boxes``, as far as there is room; none where the page is not there any more.
    ``compared`` is false where the page of today could not be drawn.
    """

    number: int
    pages: int
    width: int
    height: int
    png: bytes = field(repr=False)
    compared: bool = True
    boxes: tuple[Box, ...] = ()
    today: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What one signature covered, to look at: pages, or text; ``why`` there is neither.

    ``altered``: the signature does not fit what is there now.  The file has ``pages_today``; ``more_changed`` pages
    look different and are not shown, ``not_compared`` were not looked at.  ``more`` characters of a text are left out.
    """

    altered: bool
    pages: tuple[Page, ...] = ()
    pages_today: int = 0
    more_changed: int = 0
    not_compared: int = 0
    text: str | None = None
    more: int = 0
    why: Text | None = None


Key = tuple[int, int]
"""Step and signature, each counted from 0."""


def shown(report: DossierReport) -> dict[Key, Shown]:
    """For each signature of each step what to look at; nothing is raised for what cannot be shown."""
    lines: dict[str, dict[Key, Conclusion]] = {}
    for step_number, step in enumerate(report.steps):
        for number, line in enumerate(step.signatures):
            if line.conclusion is not None:
                lines.setdefault(line.document, {})[step_number, number] = line.conclusion
    found: dict[Key, Shown] = {}
    for examined in report.documents:
        found |= _of_document(examined, lines.get(examined.label, {}), MAX_PICTURES - _pictures(found.values()))
    return found


def _pictures(shown_: Iterable[Shown]) -> int:
    return sum(len(one.pages) for one in shown_)


def _of_document(examined: Examined, signatures: Mapping[Key, Conclusion], room: int) -> dict[Key, Shown]:
    """4. and 5."""
    try:
        return _by_format(examined.document, signatures, room)
    except EidkitError as error:
        return _without(signatures, error.problem)


def _by_format(document: Document, signatures: Mapping[Key, Conclusion], room: int) -> dict[Key, Shown]:
    if document.format == "xml":
        return _texts(document, signatures)
    if document.format != "pdf":
        return _without(signatures, _WHY_FORMAT)
    fitting = dict(list(signatures.items())[: max(0, room)])
    rest = {key: one for key, one in signatures.items() if key not in fitting}
    return (_of_pdf(document, fitting, room) if fitting else {}) | _without(rest, _WHY_FEW)


def _without(signatures: Mapping[Key, Conclusion], why: Text) -> dict[Key, Shown]:
    """Nothing to look at, and the reason."""
    return {key: Shown(not one.intact, why=why) for key, one in signatures.items()}


def _texts(document: Document, signatures: Mapping[Key, Conclusion]) -> dict[Key, Shown]:
    """3."""
    from eidkit.xml.content import content_text

    text = content_text(document)
    digest, more = hashlib.sha256(text.encode()).hexdigest(), max(0, len(text) - MAX_TEXT)
    found = {}
    for key, one in signatures.items():
        content = one.evidence.content
        altered = not one.intact or (content is not None and content.sha256 != digest)
        part = Shown(altered, why=_WHY_PART)
        found[key] = part if content is None else Shown(altered, text=text[:MAX_TEXT], more=more)
    return found


@dataclass(frozen=True, slots=True)
class _File:
    """A PDF as it stands, and small drawings of its first pages, now and at the end of each revision."""

    document: Document
    compared: range
    small: Mapping[Shot, PagePicture | None]

    @property
    def pages(self) -> int:
        """How many pages it has today; 0 where it cannot be drawn."""
        first = self.small[Shot(self.document.length, 0, _SMALL)]
        return first.pages if first is not None else 0

    def changed(self, end: int, own: int) -> list[int]:
        """The pages, but ``own``, that look different today from how they were in the file's first ``end`` bytes."""
        return [page for page in self.compared if page != own and self._differs(end, page)]

    def unseen(self, end: int, pages: int) -> int:
        """How many of the ``pages`` that the file had then were not compared: too many of them, or not drawn."""
        drawn_ = (page for page in self.compared if page < pages and not self._wanting(end, page))
        return pages - sum(1 for _ in drawn_)

    def _wanting(self, end: int, page: int) -> bool:
        before, after = self._pair(end, page)
        return before is None or (after is None and page < self.pages)

    def _differs(self, end: int, page: int) -> bool:
        before, after = self._pair(end, page)
        return before is not None and not self._wanting(end, page) and not before.looks_like(after)

    def _pair(self, end: int, page: int) -> tuple[PagePicture | None, PagePicture | None]:
        return self.small[Shot(end, page, _SMALL)], self.small[Shot(self.document.length, page, _SMALL)]


def _of_pdf(document: Document, signatures: Mapping[Key, Conclusion], room: int) -> dict[Key, Shown]:
    """1. and 2.: two rounds of drawing, small ones to compare and large ones to show."""
    from eidkit.pdf.signed_pages import signed_pages

    places = signed_pages(document)
    ends = {key: end for key, one in signatures.items() if (end := _end(one, document)) is not None}
    file = _compared(document, ends.values())
    changed = {key: file.changed(end, places.get(signatures[key].id, 0)) for key, end in ends.items()}
    wanted = {key: [places.get(signatures[key].id, 0), *changed[key][: MAX_PAGES_EACH - 1]] for key in ends}
    _fit(wanted, room)
    shots = {
        Shot(length, page) for key, pages in wanted.items() for page in pages for length in (ends[key], document.length)
    }
    large = _drawn(document, sorted(shots, key=lambda shot: (shot.length, shot.page)))
    found = _without({key: one for key, one in signatures.items() if key not in ends}, _WHY_REVISION)
    for key, pages in wanted.items():
        drawn_ = [_page(file, large, ends[key], page) for page in pages]
        kept = tuple(page for page in drawn_ if page is not None)
        hidden = len([page for page in changed[key] if page not in pages])
        left = file.unseen(ends[key], kept[0].pages) if kept else 0
        found[key] = (
            Shown(not signatures[key].intact, kept, pages_today=file.pages, more_changed=hidden, not_compared=left)
            if kept
            else Shown(not signatures[key].intact, why=_WHY_PAGE)
        )
    return found


def _compared(document: Document, ends: Iterable[int]) -> _File:
    lengths = [document.length, *sorted({*ends} - {document.length})]  # today's first: every comparison needs it
    compared = range(min(MAX_COMPARED, MAX_SHOTS // len(lengths)))
    return _File(document, compared, _drawn(document, [Shot(n, page, _SMALL) for n in lengths for page in compared]))


def _fit(wanted: dict[Key, list[int]], room: int) -> None:
    """Every signature has its own page before any has another."""
    room -= len(wanted)
    for pages in wanted.values():
        more = max(0, min(room, len(pages) - 1))
        room -= more
        del pages[1 + more :]


def _page(file: _File, large: Mapping[Shot, PagePicture | None], end: int, page: int) -> Page | None:
    """The page as it was; without boxes where it is there today and could not be drawn."""
    before, after = large[Shot(end, page)], large[Shot(file.document.length, page)]
    if before is None:
        return None
    compared = after is not None or page >= file.pages
    boxes = differing(before, after) if compared else ()
    return Page(
        page + 1, before.pages, before.width, before.height, before.png(), compared, boxes, _today(boxes, after)
    )


def _today(boxes: tuple[Box, ...], after: PagePicture | None) -> tuple[Part, ...]:
    if after is None:
        return ()
    parts = [after.cut(*box) for box in boxes[:MAX_PARTS]]
    return tuple(Part(part.width, part.height, part.png()) for part in parts if part.pixels)


def _end(one: Conclusion, document: Document) -> int | None:
    """Where the revision that the signature covers ends in the file."""
    coverage = one.evidence.coverage
    return coverage.revision_end if coverage is not None and 0 < coverage.revision_end <= document.length else None


def _drawn(document: Document, shots: list[Shot]) -> dict[Shot, PagePicture | None]:
    return dict(zip(shots, drawn(document, shots), strict=True))
