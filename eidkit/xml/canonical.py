"""Canonical octets of a document or of a sub-tree, with whole ``ds:Signature`` elements left out.

C14N 1.0 (inclusive), exclusive C14N 1.0 with InclusiveNamespaces, and C14N 1.1, each with or without comments.

The plan:
1. A whole document is canonicalised by libxml2 from the tree as it stands.
2. A sub-tree is first made a document of its own (written out with the namespaces in scope, parsed again):
   canonicalised in place, its grandchildren would get a spurious ``xmlns=""``.  Only exclusive C14N without a
   prefix list is right in place.
3. What an inclusive form inherits from ancestors that are left out is put on the apex: every ``xml:*``
   attribute (C14N 1.0 §2.4); only xml:lang and xml:space, and a joined xml:base (C14N 1.1 §2.4).
4. Signatures are left out of a copy, their tail text kept; the tree itself is never changed.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.xml import exclusive
from eidkit.xml.names import C14N10, C14N11, EXCLUSIVE, SIGNATURE, XML
from eidkit.xml.parse import refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element, _ElementTree

    from eidkit.xml.parse import Tree


_SLOW = 16
"""How much longer than libxml2 the canonicaliser of :mod:`eidkit.xml.exclusive` takes, for the bound on work."""


@dataclass(frozen=True, slots=True)
class Method:
    """A canonicalisation method; ``prefixes`` is the PrefixList of exclusive C14N (``#default`` included)."""

    uri: str
    exclusive: bool = False
    comments: bool = False
    version11: bool = False
    prefixes: tuple[str, ...] = ()


INCLUSIVE = Method(C14N10)
EXCLUSIVELY = Method(EXCLUSIVE, exclusive=True)
METHODS = {
    method.uri: method
    for method in (
        INCLUSIVE,
        Method(C14N10 + "#WithComments", comments=True),
        EXCLUSIVELY,
        Method(EXCLUSIVE + "WithComments", exclusive=True, comments=True),
        Method(C14N11, version11=True),
        Method(C14N11 + "#WithComments", comments=True, version11=True),
    )
}


@dataclass(frozen=True, slots=True)
class NodeSet:
    """Which nodes: those of ``apex`` (None: the document with all around it) without the ``left_out`` signatures.

    ``comments`` is false where the reference leaves comments out (XML Signature §4.4.3.3).
    """

    apex: _Element | None
    comments: bool = False
    left_out: frozenset[_Element] = frozenset()


def canonical(tree: Tree, nodes: NodeSet, method: Method) -> bytes:
    """The canonical octets of ``nodes``; raises :class:`DocumentError` when there is no canonical form."""
    key = (nodes.apex, nodes.comments, nodes.left_out, method)
    known = tree.remembered(key)
    if known is not None:
        return known
    tree.spend(0)
    octets = _canonical(tree, nodes, method)
    elements = 0 if method.exclusive else octets.count(b"</")
    tree.spend(len(octets) * (_SLOW if "#default" in method.prefixes else 1), elements)
    tree.remember(key, octets)
    return octets


def _canonical(tree: Tree, nodes: NodeSet, method: Method) -> bytes:
    from lxml import etree

    comments = method.comments and nodes.comments
    apex = nodes.apex
    if apex is None or (
        apex is tree.root and not nodes.left_out and apex.getnext() is None and apex.getprevious() is None
    ):
        return _written(_without(tree.tree, tree.root, nodes.left_out), method, comments)  # 1. and 4.
    if method.exclusive and not method.prefixes and not nodes.left_out:
        try:
            return etree.tostring(apex, method="c14n", exclusive=True, with_comments=comments, with_tail=False)
        except etree.C14NError as error:
            raise _no_form() from error
    return subtree(apex, nodes.left_out, method, comments=comments)


def subtree(apex: _Element, left_out: Iterable[_Element], method: Method, *, comments: bool) -> bytes:
    """The canonical octets of the element ``apex`` and what is in it; steps 2 to 4 of the plan."""
    fresh = _alone(apex)
    if not method.exclusive:
        _inherit(apex, fresh, version11=method.version11)
    places = _places(apex, left_out)
    if places and places[0] == 0 and apex.tag == SIGNATURE:
        return b""
    _cut(fresh, places)
    return _written(fresh.getroottree(), method, comments)


def _written(tree: _ElementTree | None, method: Method, comments: bool) -> bytes:
    from lxml import etree

    if tree is None:
        return b""
    if "#default" in method.prefixes:
        return exclusive.octets(tree.getroot(), method.prefixes, comments=comments)
    prefixes = list(method.prefixes) if method.prefixes else None
    try:
        return etree.tostring(
            tree, method="c14n", exclusive=method.exclusive, with_comments=comments, inclusive_ns_prefixes=prefixes
        )
    except etree.C14NError as error:
        raise _no_form() from error


def _no_form() -> Exception:
    return refused(
        "xml-no-canonical-form", "it has no canonical form (a relative namespace URI?)", "không có dạng chuẩn (C14N)"
    )


def _alone(apex: _Element) -> _Element:
    from lxml import etree

    data = etree.tostring(apex, encoding="utf-8", with_tail=False)
    return etree.fromstring(
        data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=len(data) > 9_000_000)
    )


# ── leaving signatures out ────────────────────────────────────────────────────────────────────────────────


def _without(tree: _ElementTree, root: _Element, left_out: frozenset[_Element]) -> _ElementTree | None:
    if not left_out:
        return tree
    places = _places(root, left_out)
    if places and places[0] == 0 and root.tag == SIGNATURE:
        return None
    twin = copy.deepcopy(tree)
    _cut(twin.getroot(), places)
    return twin


def _places(apex: _Element, left_out: Iterable[_Element]) -> list[int]:
    """Where the signatures to leave out stand among all signatures of ``apex``, in document order."""
    wanted = set(left_out)
    if not wanted:
        return []
    return [place for place, element in enumerate(apex.iter(SIGNATURE)) if element in wanted]


def _cut(root: _Element, places: list[int]) -> None:
    if not places:
        return
    signatures = list(root.iter(SIGNATURE))
    for place in places:
        remove(signatures[place])


def remove(element: _Element) -> None:
    """Take ``element`` out of its tree and leave its tail text where it is."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
        element.tail = None
    parent.remove(element)


# ── what an apex inherits ─────────────────────────────────────────────────────────────────────────────────

_BASE = f"{{{XML}}}base"
_SIMPLE11 = (f"{{{XML}}}lang", f"{{{XML}}}space")


def _inherit(apex: _Element, fresh: _Element, *, version11: bool) -> None:
    ancestors = list(apex.iterancestors())
    for ancestor in ancestors:
        for name, value in ancestor.attrib.items():
            if (
                isinstance(name, str)
                and name.startswith(f"{{{XML}}}")
                and name not in fresh.attrib
                and (not version11 or name in _SIMPLE11)
            ):
                fresh.set(name, value)
    if version11 and any(_BASE in ancestor.attrib for ancestor in ancestors):
        base = _joined_base([str(e.attrib[_BASE]) for e in (*reversed(ancestors), apex) if _BASE in e.attrib])
        if base:
            fresh.set(_BASE, base)
        else:
            fresh.attrib.pop(_BASE, "")


def _joined_base(values: list[str]) -> str:
    """The xml:base of an apex whose ancestors are left out: their values and its own, joined (C14N 1.1 §2.4)."""
    joined = values[0]
    for value in values[1:]:
        joined = join_references(joined, value)
    return joined


_URI = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)


def join_references(base: str, reference: str) -> str:
    """RFC 3986 §5.2.2 as C14N 1.1 §2.4 changes it: the base may be relative, and fragments are dropped."""
    scheme, authority, path, query = _URI.fullmatch(reference).groups()[:4]  # type: ignore[union-attr]  # it matches anything
    base_scheme, base_authority, base_path, base_query = _URI.fullmatch(base).groups()[:4]  # type: ignore[union-attr]
    if base_path.rpartition("/")[2] == "..":
        base_path += "/"  # C14N 1.1 §2.4: a trailing ".." of the base is a directory
    if scheme is None:
        scheme = base_scheme
        if authority is None:
            authority = base_authority
            if not path:
                path, query = base_path, query if query is not None else base_query
            elif not path.startswith("/"):
                merged = (
                    f"/{path}"
                    if base_authority is not None and not base_path
                    else base_path.rpartition("/")[0] + "/" + path
                )
                path = merged if "/" in base_path or base_authority is not None else path
    return _recomposed(scheme, authority, _without_dots(path), query)


def _recomposed(scheme: str | None, authority: str | None, path: str, query: str | None) -> str:
    head = f"{scheme}:" if scheme is not None else ""
    host = f"//{authority}" if authority is not None else ""
    return f"{head}{host}{path}" + (f"?{query}" if query is not None else "")


def _without_dots(path: str) -> str:
    """The path without dot segments; leading ``..`` of a relative path are kept (C14N 1.1 §2.4)."""
    absolute = path.startswith("/")
    segments = [s for i, s in enumerate(path.split("/")) if s or i == 0 or i == path.count("/")]
    kept: list[str] = []
    for segment in segments[1:] if absolute else segments:
        if segment == "..":
            if kept and kept[-1] != "..":
                kept.pop()
            elif not absolute:
                kept.append("..")
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."} and (kept or absolute):
        kept.append("")
    return ("/" if absolute else "") + "/".join(kept)
