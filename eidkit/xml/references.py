"""What a reference points at and what its transforms make of it: one document, an allow-list, no fetching.

The plan (XML Signature 1.1 §4.4.3, attacks on it: wrapping, transform bombs, key confusion):
1. A URI is "", ``#ID``, ``#xpointer(/)``, ``#xpointer(id('ID'))`` or the name of a document handed in beside
   the signature; anything else is *not found*.  An ID that occurs twice, or only in another namespace, is
   not found.  No XPath is ever made of input.
2. Transforms come from the allow-list: enveloped-signature, the one XPath that leaves out every signature (and
   the Filter 2.0 that says the same), canonicalisation, base64.  Any other makes the reference *not supported*.
3. A node-set that is left over is canonicalised with C14N 1.0 (§4.4.3.2).
4. What the digest is over is reported; the caller may use nothing else of the document.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from eidkit.algorithms import DIGEST_BY_URI
from eidkit.errors import DocumentError
from eidkit.xml import names, parse
from eidkit.xml.canonical import INCLUSIVE, Method, NodeSet, canonical
from eidkit.xml.signature import Malformed, algorithm, elements, method_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

    from eidkit.xml.parse import Tree
    from eidkit.xml.signature import SignedReference

MAX_RESOLVED = 1_000
_POINTER_ID = re.compile(r"#xpointer\(\s*id\(\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)\s*\)")
_EVERY_SIGNATURE = re.compile(r"\s*not\(\s*ancestor-or-self::([\w.-]+):Signature\s*\)\s*")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one reference came to.

    ``computed`` is its digest, None when it is not found or not supported (``refused`` says what);
    ``nodes`` what it points at in this document; ``final`` what the digest is over, before it is canonicalised.
    """

    computed: bytes | None
    nodes: NodeSet | None = None
    final: NodeSet | bytes | None = None
    refused: str | None = None


@dataclass(slots=True)
class Resolver:
    """Resolves the references of one document; ``detached`` are contents handed in, by name."""

    tree: Tree
    detached: Mapping[str, bytes] = field(default_factory=dict)
    resolved: int = 0

    def outcome(self, reference: SignedReference, signature: _Element) -> Outcome:
        """The digest that ``reference`` of ``signature`` really has."""
        self.resolved += 1
        if self.resolved > MAX_RESOLVED:
            return Outcome(None, refused=f"more than {MAX_RESOLVED} references in one document")
        try:
            start = self._pointed_at(reference.uri)
            nodes = start if isinstance(start, NodeSet) else None
            if start is None or (reference.type == names.OBJECT and not _is_object(nodes)):
                return Outcome(None)
            final = self._transformed(start, reference.transforms, signature)
            octets = self.octets(final)
        except _Refused as refusal:
            return Outcome(None, refused=str(refusal))
        except DocumentError as error:
            return Outcome(None, refused=error.problem.en)
        computed = digest(reference.digest_uri, octets)
        if computed is None:
            return Outcome(None, nodes, final, refused=f"the digest {reference.digest_uri}")
        return Outcome(computed, nodes, final)

    def octets(self, final: NodeSet | bytes, method: Method = INCLUSIVE) -> bytes:
        """Plan 3: octets as they are, a node-set canonicalised."""
        return canonical(self.tree, final, method) if isinstance(final, NodeSet) else final

    def element(self, uri: str | None) -> _Element | None:
        """The one element that ``#ID`` names."""
        if not uri or not uri.startswith("#"):
            return None
        found = self.tree.by_id(uri[1:])
        return found[0] if len(found) == 1 else None

    def _pointed_at(self, uri: str | None) -> NodeSet | bytes | None:
        if uri is None:
            # §4.4.3.1: the application knows what is meant; with one document handed in, it is that one.
            return next(iter(self.detached.values())) if len(self.detached) == 1 else None
        if not uri:
            return NodeSet(None)
        if not uri.startswith("#"):
            content = self.detached.get(unquote(uri).rpartition("/")[2])
            return content if content is not None else self.detached.get(uri)
        if uri == "#xpointer(/)":
            return NodeSet(None, comments=True)
        pointer = _POINTER_ID.fullmatch(uri)
        if pointer:
            named = self.element(f"#{pointer[1] or pointer[2] or ''}")
            return NodeSet(named, comments=True) if named is not None else None
        element = self.element(uri)
        return NodeSet(element) if element is not None else None

    def _transformed(
        self, start: NodeSet | bytes, transforms: tuple[_Element, ...], signature: _Element
    ) -> NodeSet | bytes:
        current: NodeSet | bytes = start
        for transform in transforms:
            name = algorithm(transform)
            method = method_of(transform)
            if method is not None:
                current = self._canonicalised(current, method)
            elif name == names.BASE64:
                current = _decoded(current)
            elif name in {names.ENVELOPED, names.XPATH, names.FILTER2} and isinstance(current, NodeSet):
                current = self._without(current, _left_out(self.tree, transform, signature))
            else:
                raise _Refused(f"the transform {name or 'without a name'}")
        return current

    def _canonicalised(self, current: NodeSet | bytes, method: Method) -> bytes:
        if isinstance(current, NodeSet):
            return canonical(self.tree, current, method)
        self.tree.spend(len(current))
        return canonical(parse.parse(current), NodeSet(None, comments=True), method)

    @staticmethod
    def _without(nodes: NodeSet, signatures: frozenset[_Element]) -> NodeSet:
        apex = nodes.apex
        if apex is not None and (
            apex in signatures or any(a in signatures for a in apex.iterancestors(names.SIGNATURE))
        ):
            raise _Refused("a transform that leaves nothing of what it is applied to")
        return NodeSet(apex, nodes.comments, nodes.left_out | signatures)


class _Refused(Exception):
    """A transform or digest that is not on the allow-list; the text names it."""


def digest(uri: str, octets: bytes) -> bytes | None:
    """The digest under the algorithm ``uri``; None for one that is unknown or not available."""
    row = DIGEST_BY_URI.get(uri)
    if row is None:
        return None
    try:
        return hashlib.new(row.name, octets).digest()
    except ValueError:
        return None


def breaks_by_cosigning(tree: Tree, reference: SignedReference, signature: _Element) -> bool:
    """Whether a further signature at the end of the document element would change what ``reference`` digests."""
    if reference.uri not in {"", "#xpointer(/)"} and Resolver(tree).element(reference.uri) is not tree.root:
        return False
    try:
        taken_out = [
            _left_out(tree, t, signature) for t in reference.transforms if algorithm(t) in {names.XPATH, names.FILTER2}
        ]
    except _Refused:
        return True
    return not taken_out


def is_literal_xpath(transform: _Element) -> bool:
    """Whether this Transform is exactly the XPath of binding.md §1, with ``ds`` bound to XML-DSig."""
    inner = list(transform)
    return (
        algorithm(transform) == names.XPATH
        and len(inner) == 1
        and inner[0].tag == names.ds("XPath")
        and not len(inner[0])
        and inner[0].text == names.XPATH_LITERAL
        and inner[0].nsmap.get("ds") == names.DSIG
    )


def is_content_reference(reference: SignedReference) -> bool:
    """Whether this is the one reference whose digest is the content digest (binding.md §1), to the letter."""
    if reference.uri != "" or len(reference.transforms) != 3:
        return False
    enveloped, xpath, c14n = reference.transforms
    return (
        algorithm(enveloped) == names.ENVELOPED
        and not len(enveloped)
        and is_literal_xpath(xpath)
        and algorithm(c14n) == names.C14N10
        and not len(c14n)
    )


def _left_out(tree: Tree, transform: _Element, signature: _Element) -> frozenset[_Element]:
    """The signatures that an enveloped-signature, XPath or Filter 2.0 transform takes out of its node-set."""
    name = algorithm(transform)
    if name == names.ENVELOPED:
        return frozenset({signature})
    inner = [child for child in elements_of(transform) if child.tag in {names.ds("XPath"), f"{{{names.FILTER2}}}XPath"}]
    text = inner[0].text or "" if len(inner) == 1 and not len(inner[0]) else ""
    if name == names.XPATH:
        match = _EVERY_SIGNATURE.fullmatch(text)
        if match and inner[0].nsmap.get(match[1]) == names.DSIG:
            return frozenset(tree.signatures)
        raise _Refused("an XPath transform other than the one that leaves out signatures")
    if inner and inner[0].get("Filter") == "subtract" and inner[0].nsmap.get("ds") == names.DSIG:
        if text.strip() in {"/descendant::ds:Signature", "//ds:Signature"}:
            return frozenset(tree.signatures)
        if text.strip() == "/*/ds:Signature":
            return frozenset(s for s in tree.signatures if s.getparent() is tree.root)
    raise _Refused("an XPath Filter 2.0 transform other than the one that leaves out signatures")


def elements_of(transform: _Element) -> list[_Element]:
    """The child elements of a transform."""
    try:
        return list(elements(transform))
    except Malformed:
        return []


def _is_object(nodes: NodeSet | None) -> bool:
    """Whether a reference of type Object points at a part of a signature: content there is a wrapping attempt."""
    return nodes is not None and nodes.apex is not None and names.namespace(nodes.apex.tag) == names.DSIG


def _decoded(current: NodeSet | bytes) -> bytes:
    """The base64 transform (§6.6.2): of a node-set, its text without comments and instructions."""
    if isinstance(current, NodeSet):
        if current.apex is None or current.left_out:
            raise _Refused("base64 over a whole document")
        current = text_of(current.apex).encode()
    try:
        return base64.b64decode(current.translate(None, b" \t\r\n"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Refused("a base64 transform over other text") from error
