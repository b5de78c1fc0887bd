"""Draw a page: text in the shipped serif face, rules, and nothing that changes from run to run.

:class:`Canvas` collects what is drawn on one page and :meth:`Canvas.pdf` gives the finished file.  Every
character is embedded with its Unicode value, so that a reader (or a court's search index) extracts exactly the
NFC text that was drawn.  The same calls always give the same bytes: there is no clock, no random identifier and
no random subset name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eidkit.pdf.faces import Face, Style, face
from eidkit.pdf.newfile import Name, NewFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from eidkit.pdf.newfile import Part

MILLIMETRE = 72 / 25.4
A4 = (210 * MILLIMETRE, 297 * MILLIMETRE)
_RESOURCES: dict[Style, str] = {"regular": "FR", "bold": "FB", "italic": "FI", "bolditalic": "FZ"}


@dataclass(frozen=True, slots=True)
class Span:
    """Some words in one style and size."""

    text: str
    style: Style = "regular"
    size: float = 13.0

    @property
    def width(self) -> float:
        """The width in points."""
        return face(self.style).width(self.text, self.size)


@dataclass(slots=True)
class Canvas:
    """What is drawn on one page; coordinates are points from the lower left corner.

    Not for sharing between threads while it is being drawn on.
    """

    width: float = A4[0]
    height: float = A4[1]
    _operators: list[bytes] = field(default_factory=list)
    _used: dict[Style, set[str]] = field(default_factory=dict)
    _pictures: list[Part] = field(default_factory=list)
    _darkens: bool = False

    @property
    def content(self) -> bytes:
        """What is drawn, as a content stream."""
        return b"\n".join(self._operators) + b"\n"

    @property
    def resources(self) -> dict[str, Any]:
        """What the content stream refers to: fonts with the glyphs that were drawn, pictures, states."""
        fonts = {_RESOURCES[style]: face(style).font(self._used[style]) for style in sorted(self._used)}
        found: dict[str, Any] = {"Font": fonts} if fonts else {}
        if self._pictures:
            found["XObject"] = {f"I{number}": part for number, part in enumerate(self._pictures)}
        if self._darkens:
            found["ExtGState"] = {"GM": {"Type": Name("ExtGState"), "BM": Name("Multiply")}}
        return found

    def darken_only(self) -> None:
        """From here on, what is drawn hides nothing dark beneath it (blend mode Multiply, ISO 32000-2 §11.3.5.2)."""
        self._darkens = True
        self._operators.append(b"/GM gs")

    def picture(self, x: float, y: float, width: float, height: float, image: Part) -> None:
        """Draw an image XObject into the rectangle whose lower left corner is (x, y)."""
        name = f"I{len(self._pictures)}"
        self._pictures.append(image)
        self._operators.append(f"q {width:.2f} 0 0 {height:.2f} {x:.2f} {y:.2f} cm /{name} Do Q".encode())

    def frame(self, x: float, y: float, width: float, height: float, thickness: float = 0.7) -> None:
        """Draw the outline of a rectangle."""
        self._operators.append(f"{thickness:g} w {x:.2f} {y:.2f} {width:.2f} {height:.2f} re S".encode())

    def text(self, x: float, y: float, span: Span, *, grey: float = 0.0, stretch: float = 0.0) -> None:
        """Draw a span with its left end at ``x``; ``stretch`` is added to each space (points)."""
        drawn = face(span.style)
        self._used.setdefault(span.style, set()).update(drawn.checked(span.text))
        gap = f" {-stretch * 1000 / span.size:.2f} ".encode() if stretch else b" "
        shown = gap.join(_words(drawn, span.text))
        paint, restore = (f"{grey:g} g ", b" 0 g") if grey else ("", b"")
        head = f"BT {paint}/{_RESOURCES[span.style]} {span.size:g} Tf {x:.2f} {y:.2f} Td [".encode()
        self._operators.append(head + shown + b"] TJ" + restore + b" ET")

    def centred(self, middle: float, y: float, span: Span, *, grey: float = 0.0) -> None:
        """Draw a span with its middle at ``middle``."""
        self.text(middle - span.width / 2, y, span, grey=grey)

    def rule(self, x1: float, x2: float, y: float, thickness: float = 0.7) -> None:
        """Draw a horizontal line."""
        self._operators.append(f"{thickness:g} w {x1:.2f} {y:.2f} m {x2:.2f} {y:.2f} l S".encode())

    def paragraph(
        self,
        left: float,
        right: float,
        top: float,
        spans: Sequence[Span],
        *,
        indent: float = 0.0,
        leading: float = 16.5,
    ) -> float:
        """Set spans as one justified paragraph whose first baseline is ``top``; returns the next baseline."""
        y = top
        lines = list(_lines(spans, right - left, indent))
        for number, line in enumerate(lines):
            start = left + (indent if number == 0 else 0.0)
            gaps = sum(span.text.count(" ") for span in line)
            slack = right - start - sum(span.width for span in line)
            stretch = slack / gaps if gaps and number < len(lines) - 1 else 0.0
            x = start
            for span in line:
                self.text(x, y, span, stretch=stretch)
                x += span.width + stretch * span.text.count(" ")
            y -= leading
        return y

    def pdf(self, *, title: str, language: str, created: str) -> bytes:
        """The finished one-page file; ``created`` is a PDF date such as ``D:20261124093000+07'00'``."""
        file = NewFile()
        pages = file.reserve()
        page = file.add(
            {
                "Type": Name("Page"),
                "Parent": pages,
                "MediaBox": [0, 0, round(self.width, 2), round(self.height, 2)],
                "Resources": self.resources,
                # Left uncompressed: a person can find in the file what the page says.
                "Contents": file.stream(self.content, compressed=False),
            }
        )
        file.fill(pages, {"Type": Name("Pages"), "Kids": [page], "Count": 1})
        root = file.add(
            {
                "Type": Name("Catalog"),
                "Pages": pages,
                "Lang": language,
                "ViewerPreferences": {"DisplayDocTitle": True},
            }
        )
        return file.finish(root, file.add({"Title": title, "CreationDate": created, "Producer": "eidkit"}))


def _words(drawn: Face, text: str) -> list[bytes]:
    """Each word as one string, the space after it included, so that extraction gives single spaces."""
    return [b"<" + drawn.encoded(word) + b">" for word in _with_spaces(drawn.checked(text)) if word]


def _with_spaces(text: str) -> list[str]:
    pieces = text.split(" ")
    return [piece + " " for piece in pieces[:-1]] + [pieces[-1]]


def _lines(spans: Sequence[Span], width: float, indent: float) -> Iterable[list[Span]]:
    """Break spans into lines, as many words on each as fit; a space never ends or starts a line."""
    words = [Span(word, span.style, span.size) for span in spans for word in _with_spaces(span.text) if word.strip(" ")]
    line: list[Span] = []
    used, room = 0.0, width - indent
    for word in words:
        bare = Span(word.text.rstrip(" "), word.style, word.size).width
        if line and used + bare > room:
            yield _joined(line)
            line, used, room = [], 0.0, width
        line.append(word)
        used += word.width
    if line:
        yield _joined(line)


def _joined(words: Sequence[Span]) -> list[Span]:
    """Neighbouring words of one style as one span; the last one without its space."""
    line: list[Span] = []
    for word in words:
        if line and (line[-1].style, line[-1].size) == (word.style, word.size):
            line[-1] = Span(line[-1].text + word.text, word.style, word.size)
        else:
            line.append(word)
    line[-1] = Span(line[-1].text.rstrip(" "), line[-1].style, line[-1].size)
    return line
