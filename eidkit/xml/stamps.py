"""Timestamps of a XAdES signature and the octets that each must be about (EN 319 132-1 §5.2.8, §5.3, §5.5.2).

``octets`` None means: this kind is not judged, and ``why`` names it; its token proves nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from eidkit.errors import DocumentError
from eidkit.xml import names
from eidkit.xml.canonical import INCLUSIVE, METHODS, Method, NodeSet, canonical
from eidkit.xml.names import ds, local
from eidkit.xml.properties import child, children, unsigned
from eidkit.xml.signature import Malformed, algorithm, method_of, octets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from eidkit.xml.properties import SignedStatements
    from eidkit.xml.references import Outcome, Resolver
    from eidkit.xml.signature import SignatureParts, SignedReference

    Found = list[tuple[SignedReference, Outcome]]

MAX_TIMESTAMPS = 50


@dataclass(frozen=True, slots=True)
class Stamp:
    """One token with what it is about."""

    kind: Literal["signature", "content", "archive"]
    token: bytes
    octets: bytes | None
    why: str = ""


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
                yield from _tokens("content", element, _content(element, found, resolver), name)
    before: list[_Element] = []
    for element in unsigned(qualifying):
        name = local(element.tag)
        if name == "SignatureTimeStamp":
            yield from _tokens("signature", element, signature_octets(parts, element, resolver), name)
        elif element.tag == f"{{{names.XADES141}}}ArchiveTimeStamp":
            yield from _tokens("archive", element, _archive(parts, found, before, element, resolver), name)
        elif name.endswith(("TimeStamp", "TimeStampV2")):
            yield from _tokens("archive", element, None, name)
        before.append(element)


def signature_octets(parts: SignatureParts, element: _Element | None, resolver: Resolver) -> bytes | None:
    """The canonical SignatureValue, as the timestamp's CanonicalizationMethod has it (§5.3)."""
    method = _method(element)
    if parts.value_element is None or method is None:
        return None
    return _canonical(resolver, parts.value_element, method)


def canonical_value(parts: SignatureParts, method: Method, resolver: Resolver) -> bytes:
    """The SignatureValue of a well-formed signature in the canonical form of ``method``."""
    return canonical(resolver.tree, NodeSet(parts.value_element, comments=True), method)


def is_signature_timestamp(element: _Element) -> bool:
    """Whether an unsigned property is a SignatureTimeStamp."""
    return local(element.tag) == "SignatureTimeStamp"


def _tokens(
    kind: Literal["signature", "content", "archive"], element: _Element, about: bytes | None, name: str
) -> Iterator[Stamp]:
    for held in children(element, "EncapsulatedTimeStamp"):
        try:
            yield Stamp(kind, octets(held), about, name)
        except Malformed:
            yield Stamp(kind, b"", about, name)


def _method(element: _Element | None) -> Method | None:
    stated = next((c for c in element if c.tag == ds("CanonicalizationMethod")), None) if element is not None else None
    if stated is None or not algorithm(stated):
        return INCLUSIVE
    return method_of(stated) if algorithm(stated) in METHODS else None


def _canonical(resolver: Resolver, element: _Element, method: Method) -> bytes | None:
    try:
        return canonical(resolver.tree, NodeSet(element, comments=True), method)
    except DocumentError:
        return None


def _processed(outcome: Outcome, method: Method, resolver: Resolver) -> bytes | None:
    if outcome.final is None:
        return None
    try:
        return resolver.octets(outcome.final, method)
    except DocumentError:
        return None


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
    return _joined([_processed(outcome, method, resolver) for _, outcome in chosen], resolver)


def _archive(
    parts: SignatureParts, found: Found, before: list[_Element], element: _Element, resolver: Resolver
) -> bytes | None:
    """§5.5.2.2, not distributed: data objects, parts of the signature, properties before this one, other Objects."""
    method = _method(element)
    if method is None or children(element, "Include"):
        return None
    pieces = [_processed(outcome, method, resolver) for _, outcome in found]
    nodes = [parts.signed_info, parts.value_element, parts.key_info, *before]
    nodes += [item for item in parts.objects if not any(local(c.tag) == "QualifyingProperties" for c in item)]
    pieces += [_canonical(resolver, node, method) for node in nodes if node is not None]
    return _joined(pieces, resolver)


def _joined(pieces: list[bytes | None], resolver: Resolver) -> bytes | None:
    """All pieces one after another; None when one could not be made, or when the document asks for too much."""
    found = [piece for piece in pieces if piece is not None]
    try:
        resolver.tree.spend(sum(map(len, found)))
    except DocumentError:
        return None
    return b"".join(found) if len(found) == len(pieces) else None
