"""Timestamps of a XAdES signature and what each must be about (EN 319 132-1 §5.2.8, §5.3, §5.5.2, annex A.1.5).

1. Over the data objects, the signature value, or the references to validation data: a few elements.
2. Archive timestamps, of 1.4.1 and of 1.3.2: every signed object, the parts of the signature, and each unsigned
   property that stands before the timestamp.  Each covers what the one before it covers, so what is hashed for one
   serves the next.
3. What says with Include what it covers, but for the data objects, is not judged and proves nothing here; nor is a
   token in another form than RFC 3161.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal

from eidkit.algorithms import COMPUTABLE
from eidkit.errors import DocumentError
from eidkit.xml import names, parse
from eidkit.xml.canonical import INCLUSIVE, METHODS, Method, NodeSet, canonical
from eidkit.xml.names import ds, local
from eidkit.xml.properties import child, children, unsigned
from eidkit.xml.references import Outcome
from eidkit.xml.signature import Malformed, algorithm, method_of, octets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from hashlib import _Hash

    from lxml.etree import _Element

    from eidkit.xml.properties import SignedStatements
    from eidkit.xml.references import Resolver
    from eidkit.xml.signature import SignatureParts, SignedReference

    Found = list[tuple[SignedReference, Outcome]]
    Kind = Literal["signature", "content", "archive", "references"]
    Piece = _Element | Outcome

MAX_TIMESTAMPS = 50
_HASHING = 8
"""How much longer canonicalising takes than hashing, for the bound on work."""

_REFERENCES = ("CompleteRevocationRefs", "AttributeRevocationRefs")
_REFERENCES_V1 = ("CompleteCertificateRefs", "AttributeCertificateRefs", *_REFERENCES)
_REFERENCES_V2 = ("CompleteCertificateRefsV2", "AttributeCertificateRefsV2", *_REFERENCES)
_STAMP = ("SignatureTimeStamp",)
_OVER_REFERENCES: dict[str, tuple[bool, tuple[str, ...]]] = {
    "SigAndRefsTimeStamp": (True, (*_STAMP, *_REFERENCES_V1)),
    "SigAndRefsTimeStampV2": (True, (*_STAMP, *_REFERENCES_V2)),
    "RefsOnlyTimeStamp": (False, _REFERENCES_V1),
    "RefsOnlyTimeStampV2": (False, _REFERENCES_V2),
}
"""Whether the signature value belongs to it, and which of the properties before it (annex A.1.5.1, A.1.5.2)."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One token in the property ``name`` with what it is about: ``octets``, or ``pieces``; neither: not judged."""

    kind: Kind
    token: bytes
    name: str
    octets: bytes | None = None
    pieces: Pieces | None = None


@dataclass(frozen=True, slots=True)
class Pieces:
    """What one timestamp is over, in order: elements, and what references came to.

    ``references`` name the outcomes, in order.
    """

    head: tuple[Piece, ...]
    tail: tuple[_Element, ...]
    references: tuple[str, ...]
    method: Method
    hashing: Hashing = field(repr=False, compare=False)

    @property
    def elements(self) -> tuple[_Element, ...]:
        """The elements alone."""
        return tuple(piece for piece in (*self.head, *self.tail) if not isinstance(piece, Outcome))

    def digest(self, name: str) -> bytes | None:
        """The digest of all of it under the algorithm ``name``; None when it cannot be made."""
        return self.hashing.digest(self, name) if name in COMPUTABLE else None


class Hashing:
    """Digests over pieces; what is hashed for one timestamp serves those that begin with the same pieces."""

    __slots__ = ("_kept", "_resolver")

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._kept: dict[tuple[str, Method], tuple[tuple[Piece, ...], _Hash]] = {}

    def digest(self, pieces: Pieces, name: str) -> bytes | None:
        """The digest of ``pieces`` under ``name``."""
        method, head = pieces.method, pieces.head
        done, state = self._kept.get((name, method)) or ((), hashlib.new(name, usedforsecurity=False))
        if head[: len(done)] != done:
            done, state = (), hashlib.new(name, usedforsecurity=False)
        state = state.copy()
        try:
            self._add(state, head[len(done) :], method)
            self._kept[name, method] = head, state.copy()
            self._add(state, pieces.tail, method)
        except DocumentError:
            return None
        return state.digest()

    def _add(self, state: _Hash, pieces: tuple[Piece, ...], method: Method) -> None:
        for piece in pieces:
            made = _octets(piece, method, self._resolver)
            self._resolver.tree.spend(len(made) // _HASHING)
            state.update(made)


def of_signature(
    parts: SignatureParts,
    found: Found,
    statements: SignedStatements | None,
    qualifying: _Element | None,
    resolver: Resolver,
) -> Iterator[Stamp]:
    """Every timestamp of one signature, in document order, at most 50."""
    return islice(_all(parts, found, statements, qualifying, resolver), MAX_TIMESTAMPS)


def _all(
    parts: SignatureParts,
    found: Found,
    statements: SignedStatements | None,
    qualifying: _Element | None,
    resolver: Resolver,
) -> Iterator[Stamp]:
    if statements is not None:
        about_data = child(statements.element, "SignedDataObjectProperties")
        for name in ("AllDataObjectsTimeStamp", "IndividualDataObjectsTimeStamp"):
            for element in children(about_data, name):
                yield from _tokens("content", element, octets=_content(element, found, resolver))
    before: list[_Element] = []
    hashing = Hashing(resolver)
    for element in unsigned(qualifying):
        name = local(element.tag)
        if name == "SignatureTimeStamp":
            yield from _tokens("signature", element, octets=signature_octets(parts, element, resolver))
        elif name in _OVER_REFERENCES:
            kind: Kind = "archive" if _OVER_REFERENCES[name][0] else "references"
            yield from _tokens(kind, element, pieces=_over_references(parts, before, element, hashing))
        elif name == "ArchiveTimeStamp":
            yield from _tokens("archive", element, pieces=archived(parts, found, before, element, hashing))
        elif name.endswith(("TimeStamp", "TimeStampV2")):
            yield from _tokens("archive", element)
        before.append(element)


def signature_octets(parts: SignatureParts, element: _Element | None, resolver: Resolver) -> bytes | None:
    """The canonical SignatureValue, as the timestamp's CanonicalizationMethod has it (§5.3)."""
    method = _method(element)
    if parts.value_element is None or method is None:
        return None
    try:
        return _octets(parts.value_element, method, resolver)
    except DocumentError:
        return None


def canonical_value(parts: SignatureParts, method: Method, resolver: Resolver) -> bytes:
    """The SignatureValue of a well-formed signature in the canonical form of ``method``."""
    return canonical(resolver.tree, NodeSet(parts.value_element, comments=True), method)


def is_signature_timestamp(element: _Element) -> bool:
    """Whether an unsigned property is a SignatureTimeStamp."""
    return local(element.tag) == "SignatureTimeStamp"


def _tokens(
    kind: Kind, element: _Element, *, octets: bytes | None = None, pieces: Pieces | None = None
) -> Iterator[Stamp]:
    name = local(element.tag)
    held = children(element, "EncapsulatedTimeStamp")
    if not held:
        yield Stamp(kind, b"", name)
    for each in held:
        yield Stamp(kind, _token(each), name, octets, pieces)


def _token(held: _Element) -> bytes:
    """The token; empty, so that it proves nothing, where it is no base64."""
    try:
        return octets(held)
    except Malformed:
        return b""


def _method(element: _Element | None) -> Method | None:
    stated = next((c for c in element if c.tag == ds("CanonicalizationMethod")), None) if element is not None else None
    if stated is None or not algorithm(stated):
        return INCLUSIVE
    return method_of(stated) if algorithm(stated) in METHODS else None


def _octets(piece: Piece, method: Method, resolver: Resolver) -> bytes:
    """The canonical octets of an element, or what a reference came to after its transforms (§4.5)."""
    if not isinstance(piece, Outcome):
        return canonical(resolver.tree, NodeSet(piece, comments=True), method)
    if piece.final is None:
        raise _not_there()
    return resolver.octets(piece.final, method)


# ── 1. ────────────────────────────────────────────────────────────────────────────────────────────────────


def _content(element: _Element, found: Found, resolver: Resolver) -> bytes | None:
    """§5.2.8: the processed data objects, all but the signed properties or those that Include names."""
    method = _method(element)
    if method is None:
        return None
    chosen = [(r, o) for r, o in found if r.type not in names.SIGNED_PROPERTIES_TYPES]
    included = children(element, "Include")
    if included:
        wanted = [str(i.get("URI") or "").removeprefix("#") for i in included]
        chosen = [pair for name in wanted for pair in found if pair[0].id == name]
        if len(chosen) != len(wanted):
            return None
    try:
        pieces = [_octets(outcome, method, resolver) for _, outcome in chosen]
        resolver.tree.spend(sum(map(len, pieces)))
    except DocumentError:
        return None
    return b"".join(pieces)


def _over_references(
    parts: SignatureParts, before: list[_Element], element: _Element, hashing: Hashing
) -> Pieces | None:
    """Annex A.1.5: the properties of these names before it, after the signature value where that belongs to it."""
    method = _method(element)
    if method is None or children(element, "Include"):
        return None
    over_value, wanted = _OVER_REFERENCES[local(element.tag)]
    value = (parts.value_element,) if over_value and parts.value_element is not None else ()
    chosen = tuple(each for each in before if local(each.tag) in wanted)
    return Pieces((*value, *chosen), (), (), method, hashing)


# ── 2. ────────────────────────────────────────────────────────────────────────────────────────────────────


def archived(
    parts: SignatureParts, found: Found, before: list[_Element], element: _Element | Method, hashing: Hashing
) -> Pieces | None:
    """§5.5.2.2, not distributed: data objects, parts of the signature, properties before this one, other Objects.

    ``element`` is the timestamp, or the method for one that is about to be made.  Of 1.3.2 only the Objects belong to
    it that no reference points at (TS 101 903 V1.3.2 §7.7).
    """
    if isinstance(element, Method):
        method, whole = element, True
    else:
        stated = _method(element)
        if stated is None or children(element, "Include"):
            return None
        method, whole = stated, names.namespace(element.tag) == names.XADES141
    own = [part for part in (parts.signed_info, parts.value_element, parts.key_info) if part is not None]
    objects = [item for item in parts.objects if not any(local(c.tag) == "QualifyingProperties" for c in item)]
    if not whole:
        pointed = {outcome.nodes.apex for _, outcome in found if outcome.nodes is not None}
        objects = [item for item in objects if item not in pointed]
    outcomes = [outcome for _, outcome in found]
    references = tuple(reference.uri or "" for reference, _ in found)
    return Pieces((*outcomes, *own, *before), tuple(objects), references, method, hashing)


def _not_there() -> DocumentError:
    return parse.refused("xml-not-there", "a signed object is not there", "thiếu một đối tượng được ký")
