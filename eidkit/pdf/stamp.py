"""What a visible signature shows, drawn: always the same for the same inputs, page and rectangle.

A :class:`Stamp` holds the inputs; :meth:`Stamp.form` draws them as one form XObject (ISO 32000-2 §8.10, §12.5.5).
The inputs travel in the form's page-piece dictionary (§14.5), so that a verifier can take their digest, draw
them again and compare (:mod:`eidkit.pdf.shown`; docs/adr/0018-appearances.md).

Drawing number 1 must not change: another layout gets another number.  It only darkens what is beneath it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from eidkit import canonical
from eidkit.errors import CanonicalError, DocumentError, Text
from eidkit.pdf.drawing import Canvas, Span
from eidkit.pdf.newfile import Name, Part

if TYPE_CHECKING:
    from eidkit.pdf.geometry import Page, Rectangle
    from eidkit.pdf.images import Picture

DRAWING = 1
MAX_LINES = 24
MAX_LINE = 200
MOST, LEAST, _SMALLER = 10.0, 5.0, 0.25
"""The size of the text in points: Decree 30/2020 asks for 10; no smaller than can be read."""
MAX_SHARE = 1 / 3
"""The part of a page that a stamp may take."""
_LEADING = 1.25
_MARGIN = 4.0
_PICTURE_SHARE = 0.4
_MEMBERS = ("v", "title", "text", "image", "border")
_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""By the page's turn (clockwise): the matrix that turns the drawing back, so that it is seen upright."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The inputs of a visible signature: a title in bold, lines of text, a picture, a border."""

    text: tuple[str, ...] = ()
    title: str | None = None
    picture: Picture | None = None
    border: bool = False

    def __post_init__(self) -> None:
        if self.picture is None and not any(span.text.strip() for span in self.lines):
            raise _refused(
                "stamp-empty",
                "a stamp needs text or an image",
                "hình chữ ký cần có chữ hoặc ảnh",
                "give text= or image=",
            )
        if len(self.lines) > MAX_LINES or any(not 0 < len(span.text) <= MAX_LINE for span in self.lines):
            raise _refused(
                "stamp-text-too-long",
                f"a stamp has at most {MAX_LINES} lines of 1 to {MAX_LINE} characters",
                f"hình chữ ký có tối đa {MAX_LINES} dòng, mỗi dòng từ 1 đến {MAX_LINE} ký tự",
                "shorten the text",
            )
        for span in self.lines:
            _check_characters(span.text)
            # Raises for a character that the face does not have.
            _ = span.width

    @property
    def lines(self) -> tuple[Span, ...]:
        """What is written, from top to bottom, at the largest size."""
        title = (Span(self.title, "bold", MOST),) if self.title is not None else ()
        return title + tuple(Span(line, "regular", MOST) for line in self.text)

    @property
    def inputs(self) -> bytes:
        """What determines the drawing, beside page and rectangle, as canonical JSON."""
        image = self.picture.sha256 if self.picture is not None else None
        return canonical.dumps(
            {"v": DRAWING, "title": self.title, "text": list(self.text), "image": image, "border": self.border}
        )

    @property
    def sha256(self) -> str:
        """The digest of :attr:`inputs`, as a Transaction names it (binding.md §2)."""
        return sha256(self.inputs).hexdigest()

    @classmethod
    def from_inputs(cls, inputs: bytes, picture: Picture | None) -> Stamp:
        """The Stamp of :attr:`inputs`; raises CanonicalError for what is no such thing or names another picture."""
        value = canonical.members(canonical.loads(inputs, exact=True), _MEMBERS, "appearance")
        text = canonical.typed(value["text"], list, "text")
        title = value["title"]
        for line in (*text, *(() if title is None else (title,))):
            canonical.typed(line, str, "text")
        stamp = cls(tuple(text), title, picture, canonical.typed(value["border"], bool, "border"))
        if stamp.inputs != inputs:
            raise _refused(
                "stamp-inputs", "these are the inputs of another drawing", "dữ liệu của hình chữ ký khác", "sign again"
            )
        return stamp

    def check_size(self, page: Page, rectangle: Rectangle) -> None:
        """Refuse a rectangle that is not on the page, takes too much of it, or is too small for the text."""
        width, height = page.size(rectangle)
        if not page.holds(rectangle):
            raise _refused(
                "stamp-outside-page",
                f"the stamp would reach beyond page {page.number}, of which the reader sees {page.millimetres}",
                f"hình chữ ký vượt ra ngoài trang {page.number} (người đọc thấy {page.millimetres})",
                "choose a place on the page; millimetres are those that the reader sees",
            )
        if width * height > MAX_SHARE * page.area:
            raise _refused(
                "stamp-too-large", "the stamp would cover more than a third of the page",
                "hình chữ ký che hơn một phần ba trang", "make it smaller",
            )  # fmt: skip
        self._layout(width, height)

    def form(self, page: Page, rectangle: Rectangle, modified: str) -> Part:
        """The form XObject that draws the stamp upright in ``rectangle`` of ``page``; ``modified`` is a PDF date."""
        width, height = page.size(rectangle)
        canvas = self._drawn(width, height)
        piece = {"LastModified": modified, "Private": self.inputs}
        return Part(
            {
                "Type": Name("XObject"),
                "Subtype": Name("Form"),
                "BBox": [0, 0, round(width, 2), round(height, 2)],
                "Matrix": _upright(page.rotation, round(width, 2), round(height, 2)),
                "Resources": canvas.resources,
                "LastModified": modified,
                "PieceInfo": {"eidkit": piece},
            },
            canvas.content,
        )

    def _drawn(self, width: float, height: float) -> Canvas:
        layout = self._layout(width, height)
        canvas = Canvas(width, height)
        canvas.darken_only()
        if self.picture is not None:
            canvas.picture(*layout.picture, self.picture.part())
        if self.border:
            canvas.frame(0.5, 0.5, width - 1, height - 1)
        y = layout.first
        for span in self.lines:
            canvas.text(layout.left, y, Span(span.text, span.style, layout.size))
            y -= layout.size * _LEADING
        return canvas

    def _layout(self, width: float, height: float) -> _Layout:
        margin = _MARGIN if self.lines or self.border else 0.0
        room = width - 2 * margin, height - 2 * margin
        if min(room) <= 0:
            raise _too_small()
        at, left = (0.0, 0.0, 0.0, 0.0), margin
        if self.picture is not None:
            share = _PICTURE_SHARE if self.lines else 1.0
            scale = min(room[0] * share / self.picture.width, room[1] / self.picture.height)
            across, up = self.picture.width * scale, self.picture.height * scale
            at = (margin if self.lines else (width - across) / 2, (height - up) / 2, across, up)
            left = at[0] + across + _MARGIN
        if not self.lines:
            return _Layout(at, left, 0.0, MOST)
        size = self._size(width - margin - left, room[1])
        block = size * _LEADING * len(self.lines)
        return _Layout(at, left, (height + block) / 2 - size, size)

    def _size(self, across: float, up: float) -> float:
        """The largest size at which every line fits; a rectangle too small for the least one is refused."""
        widest = max(span.width for span in self.lines) / MOST
        size = MOST
        while widest * size > across or size * _LEADING * len(self.lines) > up:
            size -= _SMALLER
            if size < LEAST:
                raise _too_small()
        return size


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the parts stand: the picture (x, y, width, height), the text's left edge, first baseline and size."""

    picture: tuple[float, float, float, float]
    left: float
    first: float
    size: float


def _upright(rotation: int, width: float, height: float) -> list[Any]:
    """The form's matrix: turned back, its lower left corner at the origin (ISO 32000-2 §12.5.5)."""
    away = {0: (0, 0), 90: (height, 0), 180: (width, height), 270: (0, width)}[rotation]
    return [*_TURNS[rotation], *away]


def _check_characters(text: str) -> None:
    try:
        canonical.check_text(text)
    except CanonicalError as error:
        raise _refused(
            "stamp-text-character", "the text holds a control or direction character, or is not in Unicode form NFC",
            "văn bản có ký tự điều khiển hoặc không ở dạng Unicode NFC", "write it as plain lines",
        ) from error  # fmt: skip
    if any(unicodedata.category(character) == "Cf" for character in text):
        # A soft hyphen is nothing on a screen and a minus before an amount when it is drawn.
        raise _refused(
            "stamp-text-character", "the text holds a character that screens do not show, such as a soft hyphen",
            "văn bản có ký tự ẩn, ví dụ dấu gạch nối mềm", "write it as plain lines",
        )  # fmt: skip


def _too_small() -> DocumentError:
    return _refused(
        "stamp-too-small", f"the text does not fit into the rectangle, even at {LEAST:g} points",
        f"khung quá nhỏ cho nội dung, kể cả ở cỡ chữ {LEAST:g}", "make the rectangle larger or the text shorter",
    )  # fmt: skip


def _refused(code: str, en: str, vi: str, remedy: str) -> DocumentError:
    return DocumentError(code, Text(en, vi), Text(remedy, "chỉnh lại hình chữ ký"), kind="caller")
