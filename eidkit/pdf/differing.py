"""Where two pictures of a page differ: boxes around it, few enough to look at.

Two drawings of the same content by the same program are equal bit by bit, so any difference is one of content.
Rows are compared whole; only where they differ is a grid of small cells filled, and cells near one another become
one box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eidkit.pdf.page_pictures import PagePicture

CELL = 8
"""Pixels a side."""
MAX_BOXES = 24
_REACH = 3
"""Cells that are at most so far apart belong together: the letters of a word, the lines of a stamp."""
_MARGIN = 4


class Box(NamedTuple):
    """A part of a picture in pixels; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int

    def joined(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box(
            min(self.left, other.left), min(self.top, other.top),
            max(self.right, other.right), max(self.bottom, other.bottom),
        )  # fmt: skip

    def meets(self, other: Box) -> bool:
        """Whether the two share a pixel."""
        return (
            self.left < other.right and other.left < self.right
            and self.top < other.bottom and other.top < self.bottom
        )  # fmt: skip


def differing(before: PagePicture, after: PagePicture | None) -> tuple[Box, ...]:
    """Boxes, from top to bottom, around what differs in ``after``: the whole page when that has another size."""
    whole = Box(0, 0, before.width, before.height)
    if after is None or (before.width, before.height) != (after.width, after.height):
        return (whole,)
    boxes = _apart([_around(group, whole) for group in _groups(_cells(before, after))])
    if len(boxes) > MAX_BOXES:
        first = boxes[0]
        for other in boxes[1:]:
            first = first.joined(other)
        boxes = [first]
    return tuple(sorted(boxes, key=lambda box: (box.top, box.left)))


def _cells(before: PagePicture, after: PagePicture) -> set[tuple[int, int]]:
    """The cells ``(column, row)`` in which a pixel differs."""
    found: set[tuple[int, int]] = set()
    row, cell = before.width * 3, CELL * 3
    for y in range(before.height):
        at = y * row
        first, second = before.pixels[at : at + row], after.pixels[at : at + row]
        if first == second:
            continue
        found.update((x // cell, y // CELL) for x in range(0, row, cell) if first[x : x + cell] != second[x : x + cell])
    return found


def _groups(cells: set[tuple[int, int]]) -> Iterable[list[tuple[int, int]]]:
    """The cells in groups that lie within reach of one another."""
    near = [(x, y) for x in range(-_REACH, _REACH + 1) for y in range(-_REACH, _REACH + 1)]
    left = set(cells)
    while left:
        pending = [left.pop()]
        group = list(pending)
        while pending:
            column, row = pending.pop()
            reached = [one for x, y in near if (one := (column + x, row + y)) in left]
            left.difference_update(reached)
            pending += reached
            group += reached
        yield group


def _around(cells: list[tuple[int, int]], whole: Box) -> Box:
    columns, rows = [column for column, _ in cells], [row for _, row in cells]
    return Box(
        max(whole.left, min(columns) * CELL - _MARGIN),
        max(whole.top, min(rows) * CELL - _MARGIN),
        min(whole.right, (max(columns) + 1) * CELL + _MARGIN),
        min(whole.bottom, (max(rows) + 1) * CELL + _MARGIN),
    )


def _apart(boxes: list[Box]) -> list[Box]:
    """Boxes that do not meet: those that do become one."""
    apart: list[Box] = []
    for box in boxes:
        grown = box
        while (met := next((other for other in apart if other.meets(grown)), None)) is not None:
            apart.remove(met)
            grown = grown.joined(met)
        apart.append(grown)
    return apart
