"""One bounded parse of an XML document: no DOCTYPE, no entities, no network, one tree from end to end.

The plan of :func:`load`:
1. Bound the bytes, the markup and the encodings before anything is parsed.
2. Refuse a DOCTYPE where it may stand, in the prolog, before the parser sees it (and again after).
3. Parse once.  Everything else (canonical forms, references, what is reported) reads this tree.
4. Bound what makes canonicalisation slow: depth, attributes and namespaces of one element, signatures.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, cast

from eidkit.errors import DocumentError, Text
from eidkit.xml.names import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import XPath, _Element, _ElementTree, _ElementUnicodeResult

    from eidkit.document import Document

MAX_BYTES = 100 * 1024 * 1024
MAX_MARKUP = 4_000_000
MAX_DEPTH = 256
MAX_ATTRIBUTES = 256
MAX_NAMESPACES = 64
MAX_SIGNATURES = 100
_FEW = 8
_TEXT_LIMIT = 10_000_000
"""libxml2 refuses longer text nodes, and deeper trees than 256, unless told otherwise."""

_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARATION = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ENCODINGS = re.compile(r"utf-?8|(?:us-)?ascii|utf-16(?:le|be)?|iso-8859-\d{1,2}|windows-125[0-8]", re.IGNORECASE)
_IDS = ("Id", "ID", "id", "xml:id")


class Tree:
    """A parsed document: ``root``, its ``signatures`` in document order, and its elements by ID.

    One thread at a time may use it; it lives as long as one read or one preparation.
    """

    __slots__ = ("_cached", "_ids", "_namespaces", "_spent", "_split", "data", "name", "root", "signatures", "tree")

    def __init__(self, tree: _ElementTree, data: bytes, name: str) -> None:
        self.tree = tree
        self.root: _Element = tree.getroot()
        self.data = data
        self.name = name
        self.signatures: tuple[_Element, ...] = tuple(self.root.iter(SIGNATURE))
        self._ids: dict[str, list[_Element]] | None = None
        self._cached: dict[object, bytes] = {}
        self._spent = 0
        self._namespaces: int | None = None
        self._split: bool | None = None

    def by_id(self, value: str) -> tuple[_Element, ...]:
        """The elements whose ID (Id, ID, id without namespace, or xml:id) is ``value``: one, none, or too many."""
        if self._ids is None:
            self._ids = {}
            for name in _IDS:
                if name.encode() in self.data or self.data[:2] in _UTF16:
                    for text in cast("list[_ElementUnicodeResult]", query(f"/descendant::*/@{name}")(self.root)):
                        self._ids.setdefault(str(text), []).append(cast("_Element", text.getparent()))
        return tuple(dict.fromkeys(self._ids.get(value, ())))

    def has_split_text(self) -> bool:
        """Whether a comment stands inside a text, which a careless reader takes for two."""
        if self._split is None:
            self._split = b"<!--" in self.data and any(_splits(comment) for comment in _comments(self.root))
        return self._split

    def spend(self, octets: int, elements: int = 0) -> None:
        """Count canonical octets; more than 32 MiB plus eight times the document are refused.

        For each of ``elements`` libxml2 compares all namespaces in scope with each other; a few comparisons take
        it as long as one octet.  With 0 it only says whether anything is left.
        """
        self._spent += octets + elements * self.namespaces**2 // 4
        if self._spent > 32 * 1024 * 1024 + 8 * len(self.data):
            raise refused(
                "xml-too-costly", "its references ask for too much canonicalisation", "tham chiếu đòi xử lý quá nhiều"
            )

    @property
    def namespaces(self) -> int:
        """The most namespaces that an element of the document has in scope."""
        if self._namespaces is None:
            self._namespaces = _most_namespaces(self)
        return self._namespaces

    def remembered(self, key: object) -> bytes | None:
        """The canonical octets kept under ``key``."""
        return self._cached.get(key)

    def remember(self, key: object, octets: bytes) -> None:
        """Keep canonical octets that another reference will ask for again, within twice the document's size."""
        if sum(map(len, self._cached.values())) + len(octets) <= 1024 * 1024 + 2 * len(self.data):
            self._cached[key] = octets


def load(document: Document) -> Tree:
    """The parsed document; raises :class:`DocumentError` with the bound or rule that it breaks."""
    return parse(document.read_bounded(MAX_BYTES, "XML"), document.name)


def parse(data: bytes, name: str = "XML") -> Tree:
    """Like :func:`load`, for bytes; the numbers are the plan's."""
    # 1.
    if data.count(b"<") > MAX_MARKUP:
        raise refused("xml-too-large", f"it holds more than {MAX_MARKUP} tags", "có quá nhiều thẻ")
    prolog = _readable_prolog(data)
    # 2.
    if prolog[_PROLOG.match(prolog).end() :][:9] == b"<!DOCTYPE":  # type: ignore[union-attr]  # it matches the empty prolog
        raise _doctype()
    # 3.
    tree = _parsed(data)
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        raise _doctype()
    if tree.docinfo.xml_version != "1.0":
        raise refused("xml-version", "it is XML 1.1, which has no canonical form", "XML 1.1 không có dạng chuẩn")
    # 4.
    found = Tree(tree, data, name)
    _check_shape(found)
    return found


def _readable_prolog(data: bytes) -> bytes:
    """The start of the document as ASCII-compatible bytes; encodings that could hide markup are refused."""
    if data[:2] in _UTF16 and data[2:4] != b"\x00\x00":
        try:
            return data.decode("utf-16").encode()
        except UnicodeError as error:
            raise refused("xml-malformed", "its UTF-16 is malformed", "UTF-16 không hợp lệ") from error
    start = data.removeprefix(_BOM)
    declared = _DECLARATION.match(start)
    if (
        start.lstrip()[:1] != b"<"
        or start[1:2] == b"\x00"
        or (declared and not _ENCODINGS.fullmatch(declared[1].decode()))
    ):
        raise refused(
            "xml-encoding", "its encoding is not one that is read", "bảng mã không được hỗ trợ", "save it as UTF-8"
        )
    return start


def _parsed(data: bytes) -> _ElementTree:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=len(data) > _TEXT_LIMIT,
        remove_blank_text=False,
    )
    try:
        return etree.fromstring(data, parser).getroottree()
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None) or 1
        raise refused(
            "xml-malformed",
            f"it is not well-formed XML (line {line})",
            f"XML không hợp lệ (dòng {line})",
            "get the file again",
        ) from error


def _check_shape(tree: Tree) -> None:
    if len(tree.data) > _TEXT_LIMIT and query("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")(tree.root):
        raise refused("xml-too-deep", f"it nests deeper than {MAX_DEPTH}", f"lồng sâu quá {MAX_DEPTH} lớp")
    if tree.data.count(b"=") > MAX_ATTRIBUTES and query(f"boolean(//*[count(@*) > {MAX_ATTRIBUTES}])")(tree.root):
        raise refused(
            "xml-too-many-attributes", f"an element has more than {MAX_ATTRIBUTES} attributes", "quá nhiều thuộc tính"
        )
    if tree.namespaces > MAX_NAMESPACES:
        raise refused(
            "xml-too-many-namespaces",
            f"an element sees more than {MAX_NAMESPACES} namespaces",
            "quá nhiều không gian tên",
        )
    if len(tree.signatures) > MAX_SIGNATURES:
        raise refused("xml-too-many-signatures", f"it holds more than {MAX_SIGNATURES} signatures", "quá nhiều chữ ký")


def _comments(root: _Element) -> Iterator[_Element]:
    from lxml import etree

    return root.iter(etree.Comment)


def _splits(comment: _Element) -> bool:
    """Whether text follows the comment and text stands before it (or before the comments that it follows)."""
    if not (comment.tail or "").strip():
        return False
    before = comment.getprevious()
    while before is not None and not isinstance(before.tag, str) and not (before.tail or "").strip():
        before = before.getprevious()
    parent = comment.getparent()
    text = before.tail if before is not None else parent.text if parent is not None else None
    return bool((text or "").strip())


def _most_namespaces(tree: Tree) -> int:
    """The most prefixes in scope at once, in one walk over the declarations; of few, how many there are."""
    from lxml import etree

    declared = tree.data.count(b"xmlns")
    if declared <= _FEW and tree.data[:2] not in _UTF16:
        return declared
    scope: list[str] = []
    most = 0
    for event, found in etree.iterwalk(tree.root, events=("start-ns", "end-ns")):
        if event == "start-ns":
            scope.append(found[0])
            most = max(most, len(scope) if len(scope) <= most else len(set(scope)))
        else:
            scope.pop()
    return most


@cache
def query(expression: str) -> XPath:
    """A compiled XPath of our own; never one made of input."""
    from lxml import etree

    return etree.XPath(expression)


def _doctype() -> DocumentError:
    return refused(
        "xml-doctype",
        "it has a DOCTYPE, which can change what it says",
        "có DOCTYPE, có thể làm thay đổi nội dung",
        "remove the DOCTYPE",
    )


def refused(code: str, en: str, vi: str, remedy: str = "ask for a plain XML file") -> DocumentError:
    """The error for a document that is refused: why, in both languages."""
    return DocumentError(
        code,
        Text(f"the XML document is refused: {en}", f"tài liệu XML bị từ chối: {vi}"),
        Text(remedy, "yêu cầu tệp XML thông thường"),
    )
