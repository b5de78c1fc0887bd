"""Where bytes may be put into an XML document without touching any other byte.

Positions are found in the *original* bytes of a document that was parsed before and has no DOCTYPE; there
``<`` begins markup and nothing else, so a small scanner finds every tag exactly.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eidkit.errors import DocumentError, Text
from eidkit.xml.parse import refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element

    from eidkit.xml.parse import Tree

_MARKUP = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|</[^>]*>|<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
_UTF8 = frozenset({"utf-8", "utf8"})


def before_end_of_root(tree: Tree) -> int:
    """The offset right before the end tag of the document element; a self-closing one is refused by name."""
    data = tree.data
    require_utf8(tree)
    if tree.root.getnext() is None:
        # Only white space can follow: the last "</" of the document is the one.
        position = data.rfind(b"</")
        if data.rstrip(b" \t\r\n").endswith(b"/>") and not len(tree.root):
            position = -1
    else:
        position = end_tag(tree, tree.root)
    if position < 0:
        raise DocumentError(
            "xml-empty-root",
            Text(
                f"the document element of {tree.name} is empty (<a/>): there is no place for a signature",
                f"phần tử gốc của {tree.name} rỗng, không có chỗ đặt chữ ký",
            ),
            Text(
                "write it with an end tag (<a></a>), or sign a document that has content",
                "ghi phần tử gốc có thẻ đóng (<a></a>)",
            ),
        )
    return position


def end_tag(tree: Tree, element: _Element) -> int:
    """The offset of the end tag of ``element``; -1 when it is self-closing."""
    return insides(tree, (element,))[element][1]


def insides(tree: Tree, elements: Iterable[_Element]) -> dict[_Element, tuple[int, int]]:
    """Where the content of each element begins and ends, found in one walk; (-1, -1) for a self-closing one."""
    wanted = set(elements)
    places = {place: each for place, each in enumerate(tree.root.iter("*")) if each in wanted}
    found: dict[_Element, tuple[int, int]] = {}
    opened: list[tuple[int, int]] = []
    count = 0
    for start, markup in _tags(tree.data):
        if markup.startswith(b"</"):
            place, begin = opened.pop()
            if place in places:
                found[places[place]] = begin, start
            if len(found) == len(wanted):
                return found
            continue
        if not markup.endswith(b"/>"):
            opened.append((count, start + len(markup)))
        elif count in places:
            found[places[count]] = -1, -1
        count += 1
    if len(found) == len(wanted):
        return found
    raise refused("xml-malformed", "its tags do not match", "các thẻ không khớp")


def _tags(data: bytes) -> Iterator[tuple[int, bytes]]:
    for match in _MARKUP.finditer(data):
        markup = match[0]
        if markup[1:2] not in {b"!", b"?"}:
            yield match.start(), markup


def require_utf8(tree: Tree) -> None:
    """Only UTF-8 (with or without byte order mark) is signed: what is put in must be in the file's encoding."""
    encoding = (tree.tree.docinfo.encoding or "utf-8").lower()
    if encoding not in _UTF8 or tree.data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise DocumentError(
            "xml-not-utf8",
            Text(
                f"{tree.name} is in {encoding}, and only UTF-8 is signed",
                f"{tree.name} dùng bảng mã {encoding}, chỉ ký được UTF-8",
            ),
            Text("save it as UTF-8 before signing", "lưu lại bằng UTF-8 trước khi ký"),
        )
