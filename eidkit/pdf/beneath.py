"""Whether text of the page stands where a stamp is drawn.

The operators that place text are followed (ISO 32000-2 §8.4.4, §9.4), forms included; how wide a text is, is
estimated (half its size a letter), because a font's widths prove nothing.  Pictures and lines are not looked at: a
scan is one picture of the whole page, and every stamp stands on it.  A hint for people, never a verdict.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eidkit.pdf.geometry import matrix, product
from eidkit.pdf.syntax import SyntaxProblem, literal_string, member, raw_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.pdf.geometry import Matrix

MAX_CONTENT = 8 * 1024 * 1024
MAX_OPERATORS = 200_000
MAX_FORMS = 8
_STACK = 512
_LETTER, _ABOVE, _BELOW = 0.5, 0.75, -0.2
_UNIT: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_REGULAR = rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]"
_PIECE = re.compile(
    rb"(?:[\x00\t\n\x0c\r \[\]{}]+|%[^\r\n]*|<<|>>)*+"
    rb"(?:(?P<number>[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20}))(?!" + _REGULAR + rb")"
    rb"|(?P<name>/" + _REGULAR + rb"*+)"
    rb"|(?P<hex><[0-9A-Fa-f\x00\t\n\x0c\r ]*+>)"
    rb"|(?P<literal>\()"
    rb"|(?P<operator>" + _REGULAR + rb"++))"
)
_END_OF_IMAGE = re.compile(rb"[\x00\t\n\x0c\r ]EI(?!" + _REGULAR + rb")")
Area = tuple[float, float, float, float]
"""Left, bottom, right, top in the page's own coordinates."""


@dataclass(slots=True)
class Budget:
    """How much of a file may still be looked at: octets of content, and operators in it."""

    content: int = MAX_CONTENT
    operators: int = MAX_OPERATORS


def has_text(page: Any, resources: Any, area: Area, budget: Budget) -> bool:
    """Whether the page shows text that reaches into ``area``.

    False also when the ``budget`` is spent before any was found.
    """
    contents = member(page, "/Contents")
    streams = [raw.get_object() for raw in raw_items(contents)] if isinstance(contents, list) else [contents]
    walk = _Walk(area, budget)
    with suppress(_Found, SyntaxProblem):
        data = b"\n".join(walk.decoded(stream) for stream in streams if hasattr(stream, "encoded_data"))
        walk.follow(data, resources, _UNIT, 0)
        return False
    return walk.found


class _Found(Exception):
    """Text was found in the area, or no more is looked at."""


@dataclass(slots=True)
class _Graphics:
    """What q saves and Q restores."""

    ctm: Matrix
    size: float = 0.0
    letters: float = 1.0
    leading: float = 0.0
    scale: float = 1.0


@dataclass(slots=True)
class _Walk:
    """The walk through a page's content."""

    area: Area
    budget: Budget
    found: bool = False
    resources: Any = None
    graphics: _Graphics = field(default_factory=lambda: _Graphics(_UNIT))
    saved: list[_Graphics] = field(default_factory=list)
    text: Matrix = _UNIT
    line: Matrix = _UNIT
    depth: int = 0

    def decoded(self, stream: Any) -> bytes:
        """The content of a stream, as long as there is not too much of it."""
        data: bytes = stream.data
        self.budget.content -= len(data)
        if self.budget.content < 0:
            raise _Found
        return data

    def follow(self, data: bytes, resources: Any, ctm: Matrix, depth: int) -> None:
        """Every operator of ``data``."""
        outside = self.resources, self.graphics, self.saved, self.depth
        self.resources, self.graphics, self.saved, self.depth = resources, _Graphics(ctm), [], depth
        operands: list[Any] = []
        position = 0
        while (match := _PIECE.match(data, position)) is not None:
            kind, position = match.lastgroup, match.end()
            if kind == "number":
                operands.append(float(match["number"]))
            elif kind == "name":
                operands.append(match["name"].decode("latin-1"))
            elif kind == "hex":
                operands.append(len(match["hex"]) // 2)
            elif kind == "literal":
                shown, position = literal_string(data, position)
                operands.append(len(shown) if shown.strip() else 0)
            else:
                position = self._operate(match["operator"], operands, data, position)
                operands.clear()
            if len(operands) > _STACK:
                del operands[: _STACK // 2]
        self.resources, self.graphics, self.saved, self.depth = outside

    def _operate(self, operator: bytes, operands: list[Any], data: bytes, position: int) -> int:
        self.budget.operators -= 1
        if self.budget.operators < 0:
            raise _Found
        if operator == b"ID":
            end = _END_OF_IMAGE.search(data, position)
            return end.end() if end is not None else len(data)
        action = _ACTIONS.get(operator)
        if action is not None:
            # An operator with other operands than it should have draws nothing that can be followed.
            with suppress(ValueError, TypeError, IndexError, OverflowError):
                action(self, operands)
        return position

    def save(self, _operands: list[Any]) -> None:
        """``q``."""
        if len(self.saved) < _STACK:
            old = self.graphics
            self.saved.append(_Graphics(old.ctm, old.size, old.letters, old.leading, old.scale))

    def restore(self, _operands: list[Any]) -> None:
        """``Q``."""
        if self.saved:
            self.graphics = self.saved.pop()

    def transform(self, operands: list[Any]) -> None:
        """``cm``."""
        self.graphics.ctm = product(_matrix(operands), self.graphics.ctm)

    def begin(self, _operands: list[Any]) -> None:
        """``BT``."""
        self.text = self.line = _UNIT

    def choose(self, operands: list[Any]) -> None:
        """``Tf``: the size, and how many octets make a letter."""
        font = member(member(self.resources, "/Font"), operands[-2])
        self.graphics.size = float(operands[-1])
        self.graphics.letters = 0.5 if str(member(font, "/Subtype")) == "/Type0" else 1.0

    def place(self, operands: list[Any]) -> None:
        """``Tm``."""
        self.text = self.line = _matrix(operands)

    def move(self, operands: list[Any]) -> None:
        """``Td``."""
        x, y = map(float, operands[-2:])
        self.text = self.line = product((1.0, 0.0, 0.0, 1.0, x, y), self.line)

    def move_and_lead(self, operands: list[Any]) -> None:
        """``TD``."""
        self.graphics.leading = -float(operands[-1])
        self.move(operands)

    def next_line(self, _operands: list[Any]) -> None:
        """``T*``."""
        self.move([0.0, -self.graphics.leading])

    def lead(self, operands: list[Any]) -> None:
        """``TL``."""
        self.graphics.leading = float(operands[-1])

    def stretch(self, operands: list[Any]) -> None:
        """``Tz``."""
        self.graphics.scale = float(operands[-1]) / 100

    def show_on_next_line(self, operands: list[Any]) -> None:
        """``'`` and ``"``."""
        self.next_line(operands)
        self.show(operands[-1:])

    def show(self, operands: list[Any]) -> None:
        """``Tj`` and ``TJ``: texts (their lengths) and, between them, distances."""
        size, scale = self.graphics.size, self.graphics.scale
        for operand in operands:
            if isinstance(operand, float):
                across = -operand / 1000 * size * scale
            else:
                across = operand * self.graphics.letters * _LETTER * size * scale
                self._check(across, size)
            self.text = product((1.0, 0.0, 0.0, 1.0, across, 0.0), self.text)

    def _check(self, across: float, size: float) -> None:
        shown = product(self.text, self.graphics.ctm)
        corners = [(x, y) for x in (0.0, across) for y in (_BELOW * size, _ABOVE * size)]
        xs = [shown[0] * x + shown[2] * y + shown[4] for x, y in corners]
        ys = [shown[1] * x + shown[3] * y + shown[5] for x, y in corners]
        left, bottom, right, top = self.area
        if across and max(min(xs), left) < min(max(xs), right) and max(min(ys), bottom) < min(max(ys), top):
            self.found = True
            raise _Found

    def draw(self, operands: list[Any]) -> None:
        """``Do``: a form is walked through, a picture is not."""
        form = member(member(self.resources, "/XObject"), operands[-1])
        if str(member(form, "/Subtype")) == "/Form" and self.depth < MAX_FORMS:
            own = product(matrix(member(form, "/Matrix")) or _UNIT, self.graphics.ctm)
            text = self.text, self.line
            self.follow(self.decoded(form), member(form, "/Resources") or self.resources, own, self.depth + 1)
            self.text, self.line = text


def _matrix(operands: list[Any]) -> Matrix:
    a, b, c, d, e, f = map(float, operands[-6:])
    return a, b, c, d, e, f


_ACTIONS: dict[bytes, Callable[[_Walk, list[Any]], None]] = {
    b"q": _Walk.save,
    b"Q": _Walk.restore,
    b"cm": _Walk.transform,
    b"BT": _Walk.begin,
    b"Tf": _Walk.choose,
    b"Tm": _Walk.place,
    b"Td": _Walk.move,
    b"TD": _Walk.move_and_lead,
    b"T*": _Walk.next_line,
    b"TL": _Walk.lead,
    b"Tz": _Walk.stretch,
    b"Tj": _Walk.show,
    b"TJ": _Walk.show,
    b"'": _Walk.show_on_next_line,
    b'"': _Walk.show_on_next_line,
    b"Do": _Walk.draw,
}
