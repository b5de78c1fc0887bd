"""Where something stands on a page: from millimetres as the reader sees it to the page's own coordinates.

A page may begin anywhere, show only a part of itself, be turned, and measure in other units; all of this is
inherited through the page tree or not as ISO 32000-2 §7.7.3.3 says.  The reader sees the crop box, turned clockwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from eidkit.errors import DocumentError, Text
from eidkit.pdf.pages import MAX_NODES, MAX_PAGE_DEPTH
from eidkit.pdf.syntax import SyntaxProblem, member, number_of, raw_items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
CORNERS: tuple[Corner, ...] = get_args(Corner)
Rectangle = tuple[int, int, int, int]
"""Left, bottom, right, top in hundredths of the page's own unit, so that it can be compared exactly."""
MAX_MILLIMETRES = 20_000.0
_HUNDREDTHS = 100
_MILLIMETRE = 72 / 25.4
_DEFAULT_BOX = (0.0, 0.0, 612.0, 792.0)
_INHERITED = ("/MediaBox", "/CropBox", "/Rotate", "/Resources")


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle on a page, in millimetres, as the reader sees the page.

    ``page`` counts from 1, or from the end with -1.  ``x`` and ``y`` are the distances of the rectangle from the
    two edges that meet in ``corner``.
    """

    page: int
    x: float
    y: float
    width: float
    height: float
    corner: Corner = "top-left"

    def __post_init__(self) -> None:
        sizes = (self.x, self.y, self.width, self.height)
        good = all(math.isfinite(size) and abs(size) <= MAX_MILLIMETRES for size in sizes)
        if not good or self.width <= 0 or self.height <= 0 or self.corner not in CORNERS or self.page == 0:
            raise DocumentError(
                "stamp-place",
                Text(
                    "a place is a page (from 1, or -1 for the last) and x, y, width, height in millimetres",
                    "vị trí gồm số trang (từ 1, hoặc -1 là trang cuối) và x, y, rộng, cao tính bằng milimét",
                ),
                Text(f"corners are {', '.join(CORNERS)}", f"các góc: {', '.join(CORNERS)}"),
                kind="caller",
            )


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is shown: number, reference, visible box in its own units, turn (degrees) and unit (points)."""

    number: int
    reference: Any
    box: tuple[float, float, float, float]
    rotation: int
    unit: float
    resources: Any = None

    @property
    def dictionary(self) -> Any:
        """The page object."""
        return self.reference.get_object()

    @property
    def area(self) -> float:
        """The visible area in square points."""
        left, bottom, right, top = self.box
        return (right - left) * (top - bottom) * self.unit * self.unit

    @property
    def millimetres(self) -> str:
        """The visible size as the reader sees it, in whole millimetres."""
        across, up = (size * self.unit / _MILLIMETRE for size in self._seen())
        return f"{across:.0f} × {up:.0f} mm"

    def rectangle(self, place: Place) -> Rectangle:
        """The rectangle of ``place``; may lie outside of the page."""
        scale = _MILLIMETRE / self.unit
        x, y, width, height = (size * scale for size in (place.x, place.y, place.width, place.height))
        across, up = self._seen()
        seen_left = x if place.corner.endswith("left") else across - x - width
        seen_bottom = y if place.corner.startswith("bottom") else up - y - height
        corners = [
            self._own(seen_left, seen_bottom), self._own(seen_left + width, seen_bottom + height)
        ]  # fmt: skip
        xs, ys = zip(*corners, strict=True)
        left, bottom, right, top = (round(edge * _HUNDREDTHS) for edge in (min(xs), min(ys), max(xs), max(ys)))
        return left, bottom, right, top

    def holds(self, rectangle: Rectangle) -> bool:
        """Whether the rectangle lies within what the reader sees."""
        left, bottom, right, top = (round(edge * _HUNDREDTHS) for edge in self.box)
        return left <= rectangle[0] and bottom <= rectangle[1] and rectangle[2] <= right and rectangle[3] <= top

    def size(self, rectangle: Rectangle) -> tuple[float, float]:
        """Width and height of the rectangle as the reader sees it, in points."""
        own = (
            (rectangle[2] - rectangle[0]) * self.unit / _HUNDREDTHS,
            (rectangle[3] - rectangle[1]) * self.unit / _HUNDREDTHS,
        )
        return (own[1], own[0]) if self.rotation in {90, 270} else own

    def _seen(self) -> tuple[float, float]:
        """Width and height of the page as the reader sees it, in its own units."""
        left, bottom, right, top = self.box
        own = right - left, top - bottom
        return (own[1], own[0]) if self.rotation in {90, 270} else own

    def _own(self, x: float, y: float) -> tuple[float, float]:
        """A point from the lower left corner as seen, in the page's own coordinates: the turn undone."""
        left, bottom, right, top = self.box
        match self.rotation:
            case 90:
                return right - y, bottom + x
            case 180:
                return right - x, top - y
            case 270:
                return left + y, top - x
            case _:
                return left + x, bottom + y


def pages(root: Any) -> Iterator[Page]:
    """The pages under the document catalogue ``root``, in order; within bounds."""
    return (found for found, _ in leaves(root, set()))


def leaves(root: Any, above_pages: set[int]) -> Iterator[tuple[Page, dict[str, Any]]]:
    """Each page with what it inherits; the numbers of the objects above pages go into ``above_pages``.

    So do those of the arrays that list pages, or would if they were not empty.
    """
    pending: list[tuple[Any, dict[str, Any], int]] = [(dict.get(root, "/Pages"), {}, 0)]
    seen: set[int] = set()
    count = 0
    while pending:
        raw, above, depth = pending.pop()
        number = number_of(raw)
        node = raw.get_object() if number is not None and number not in seen else None
        if not isinstance(node, dict):
            continue
        seen.add(number or 0)
        if len(seen) > MAX_NODES or depth > MAX_PAGE_DEPTH:
            raise SyntaxProblem("a page tree that is too large")
        values = {**above, **_own(node)}
        kids = raw_items(member(node, "/Kids"))
        if "/Kids" in node:
            above_pages |= {number or 0, *_numbers_of(dict.get(node, "/Kids"))}
        if kids:
            pending += [(kid, values, depth + 1) for kid in reversed(kids)]
        else:
            count += 1
            yield page_of(count, raw, above), above


def _numbers_of(raw: Any) -> set[int]:
    """The number that a reference names, and that of the object which holds its value at last."""
    holder = getattr(raw.get_object(), "container_ref", None) if number_of(raw) is not None else None
    return {number for number in (number_of(raw), number_of(holder)) if number is not None}


def page(root: Any, number: int) -> Page | None:
    """Page ``number`` from 1, or counted from the end when negative; None when there is none."""
    if number > 0:
        return next((one for one in pages(root) if one.number == number), None)
    everything = list(pages(root))
    return everything[number] if -len(everything) <= number < 0 else None


def page_of(number: int, reference: Any, inherited: Mapping[str, Any]) -> Page:
    """Page ``number`` at ``reference``, with what it inherits where it says nothing itself."""
    node = reference.get_object()
    values = {**inherited, **_own(node)}
    media = numbers(values.get("/MediaBox")) or _DEFAULT_BOX
    crop = numbers(values.get("/CropBox")) or media
    box = max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3])
    if box[0] >= box[2] or box[1] >= box[3]:
        box = media
    turn = values.get("/Rotate")
    unit = member(node, "/UserUnit")
    return Page(
        number,
        reference,
        box,
        int(turn) % 360 if isinstance(turn, int) and turn % 90 == 0 else 0,
        float(unit) if _is_number(unit) and 0 < unit < 1e6 else 1.0,
        values.get("/Resources"),
    )


def _own(node: Any) -> dict[str, Any]:
    return {key: value for key in _INHERITED if (value := member(node, key)) is not None}


def numbers(array: Any) -> tuple[float, float, float, float] | None:
    """The four numbers of a PDF rectangle, put in order; None for anything else."""
    items = [raw.get_object() for raw in raw_items(array)]
    if len(items) != 4 or not all(_is_number(item) and abs(item) < 1e9 for item in items):
        return None
    one, two, three, four = map(float, items)
    return min(one, three), min(two, four), max(one, three), max(two, four)


Matrix = tuple[float, float, float, float, float, float]
"""``[a b c d e f]`` of a transformation (ISO 32000-2 §8.3.3)."""


def matrix(array: Any) -> Matrix | None:
    """The transformation in a PDF array; None for anything else."""
    items = [raw.get_object() for raw in raw_items(array)]
    if len(items) != 6 or not all(_is_number(item) for item in items):
        return None
    a, b, c, d, e, f = map(float, items)
    return a, b, c, d, e, f


def product(one: Matrix, other: Matrix) -> Matrix:
    """First ``one``, then ``other``."""
    a, b, c, d, e, f = one
    k, m, n, p, s, t = other
    return a * k + b * n, a * m + b * p, c * k + d * n, c * m + d * p, e * k + f * n + s, e * m + f * p + t


def _is_number(item: Any) -> bool:
    from decimal import Decimal

    return isinstance(item, int | float | Decimal) and math.isfinite(item)


def hundredths(array: Any) -> Rectangle | None:
    """A PDF rectangle in the form that is compared; None when it is none."""
    edges = numbers(array)
    if edges is None:
        return None
    left, bottom, right, top = (round(edge * _HUNDREDTHS) for edge in edges)
    return left, bottom, right, top


def written_rectangle(rectangle: Rectangle) -> bytes:
    """The rectangle as it stands in a file."""
    return b"[%b]" % b" ".join(_decimal(edge) for edge in rectangle)


def _decimal(value: int) -> bytes:
    sign, (whole, rest) = "-" if value < 0 else "", divmod(abs(value), _HUNDREDTHS)
    text = f"{sign}{whole}.{rest:02d}".rstrip("0").rstrip(".")
    return text.encode("ascii")
