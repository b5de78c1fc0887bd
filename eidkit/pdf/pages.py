"""The page tree, walked within bounds (ISO 32000-2 §7.7.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eidkit.pdf.syntax import WHITE, items, member, name_text, number_of, raw_items, referred

if TYPE_CHECKING:
    from eidkit.pdf.reader import Reader

MAX_PAGE_DEPTH = 48
MAX_KIDS = 4096
MAX_NODES = 100_000


def first_page(reader: Reader) -> int | None:
    """The object number of the first page; None when there is none.  Read from the texts, without parsing a page."""
    raw = reader.member_text(reader.root_ref.idnum, "/Pages")
    for _ in range(MAX_PAGE_DEPTH):
        number = referred(raw) if raw is not None else None
        if number is None:
            return None
        kids = reader.member_text(number, "/Kids")
        if kids is None or name_text((reader.member_text(number, "/Type") or b"").strip(WHITE)) == "/Page":
            return number
        if (array := referred(kids)) is not None:
            kids = reader.value_text(array)
        raw = next((kid for kid in items(kids, MAX_KIDS) if not _is_empty(reader, kid)), None)
    return None


def _is_empty(reader: Reader, kid: bytes) -> bool:
    """Whether this node of the tree holds no page."""
    number = referred(kid)
    return number is None or (reader.member_text(number, "/Count") or b"").strip(WHITE) == b"0"


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
