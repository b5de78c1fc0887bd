"""The page tree, walked within bounds (ISO 32000-2 §7.7.3)."""

from __future__ import annotations

from typing import Any

from eidkit.pdf.syntax import member, number_of, raw_items

MAX_PAGE_DEPTH = 48
MAX_NODES = 100_000


def first_page(root: Any) -> Any:
    """The reference to the first page under the document catalogue ``root``; None when there is none."""
    raw: Any = dict.get(root, "/Pages")
    for _ in range(MAX_PAGE_DEPTH):
        node = raw.get_object() if number_of(raw) is not None else None
        if not isinstance(node, dict):
            return None
        if member(node, "/Type") == "/Page" or "/Kids" not in node:
            return raw
        kids = raw_items(member(node, "/Kids"))
        raw = next((kid for kid in kids[:4096] if member(kid.get_object(), "/Count") != 0), None)
    return None


def page_numbers(root: Any) -> dict[int, int]:
    """The number of each page, from 1, by its object number."""
    found: dict[int, int] = {}
    seen: set[int] = set()
    pending: list[Any] = [dict.get(root, "/Pages")]
    while pending and len(seen) < MAX_NODES:
        number = number_of(raw := pending.pop())
        if number is None or number in seen:
            continue
        seen.add(number)
        node = raw.get_object()
        kids = raw_items(member(node, "/Kids"))
        if kids:
            pending += reversed(kids)
        elif isinstance(node, dict):
            found[number] = len(found) + 1
    return found
