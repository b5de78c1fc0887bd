"""What one ``ds:Signature`` says, read strictly: exactly one of each part, text where text belongs.

XML Signature 1.1 §4: SignedInfo, SignatureValue, KeyInfo (at most one), Object (any number), in this order;
in SignedInfo one CanonicalizationMethod, one SignatureMethod, and References.  Whatever does not fit is a
``problem`` of the signature, never skipped.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.xml.canonical import METHODS, Method
from eidkit.xml.names import EXCLUSIVE, ds, local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

MAX_REFERENCES = 64
MAX_TRANSFORMS = 5
MAX_BASE64 = 16 * 1024 * 1024
_SPACE = b" \t\r\n"
_SIGNED_PARTS, _METHODS = (
    [ds("SignedInfo"), ds("SignatureValue")],
    [ds("CanonicalizationMethod"), ds("SignatureMethod")],
)
_KEY_INFO, _OBJECT, _REFERENCE = ds("KeyInfo"), ds("Object"), ds("Reference")
_TRANSFORMS, _TRANSFORM = ds("Transforms"), ds("Transform")
_DIGEST = [ds("DigestMethod"), ds("DigestValue")]


class Malformed(Exception):
    """A part of a signature that is not as the schema has it; the text says which."""


@dataclass(frozen=True, slots=True)
class SignedReference:
    """One ds:Reference as it stands."""

    element: _Element
    uri: str | None
    id: str | None
    type: str | None
    transforms: tuple[_Element, ...]
    digest_uri: str
    declared: bytes


@dataclass(frozen=True, slots=True)
class SignatureParts:
    """The parts of one ds:Signature; ``problem`` names the first thing that is malformed."""

    element: _Element
    id: str | None
    signed_info: _Element | None = None
    canonicalization: Method | None = None
    canonicalization_uri: str = ""
    method: _Element | None = None
    references: tuple[SignedReference, ...] = ()
    value_element: _Element | None = None
    value: bytes = b""
    key_info: _Element | None = None
    objects: tuple[_Element, ...] = ()
    problem: str | None = None


def read(element: _Element) -> SignatureParts:
    """The parts of a ds:Signature element."""
    try:
        return _read(element)
    except Malformed as problem:
        return SignatureParts(element, element.get("Id"), problem=str(problem))


def _read(element: _Element) -> SignatureParts:
    children = list(elements(element))
    names = [child.tag for child in children]
    rest = names[2:]
    if rest[:1] == [_KEY_INFO]:
        rest = rest[1:]
    if names[:2] != _SIGNED_PARTS or any(name != _OBJECT for name in rest):
        raise Malformed("its parts are not SignedInfo, SignatureValue, KeyInfo and Objects, one each in this order")
    key_info = children[2] if len(children) > 2 and names[2] == _KEY_INFO else None
    objects = tuple(children[3 if key_info is not None else 2 :])
    info = list(elements(children[0]))
    if [child.tag for child in info[:2]] != _METHODS:
        raise Malformed("SignedInfo does not begin with its two methods")
    if not 1 <= len(info) - 2 <= MAX_REFERENCES:
        raise Malformed(f"SignedInfo holds no Reference, or more than {MAX_REFERENCES}")
    return SignatureParts(
        element,
        element.get("Id"),
        children[0],
        method_of(info[0]),
        algorithm(info[0]),
        info[1],
        tuple(reference(child) for child in info[2:]),
        children[1],
        octets(children[1]),
        key_info,
        objects,
    )


def reference(element: _Element) -> SignedReference:
    """One ds:Reference, of SignedInfo or of a Manifest."""
    if element.tag != _REFERENCE:
        raise Malformed(f"{local(element.tag)} stands where a Reference belongs")
    children = list(elements(element))
    transforms: tuple[_Element, ...] = ()
    if children and children[0].tag == _TRANSFORMS:
        transforms = tuple(elements(children.pop(0)))
        if len(transforms) > MAX_TRANSFORMS or any(t.tag != _TRANSFORM for t in transforms):
            raise Malformed(f"a Reference with foreign or more than {MAX_TRANSFORMS} Transforms")
    if [child.tag for child in children] != _DIGEST:
        raise Malformed("a Reference without exactly one DigestMethod and DigestValue")
    return SignedReference(
        element,
        element.get("URI"),
        element.get("Id"),
        element.get("Type"),
        transforms,
        algorithm(children[0]),
        octets(children[1]),
    )


def elements(parent: _Element) -> Iterator[_Element]:
    """The child elements; text between them, which no schema of a signature has, is refused."""
    if parent.text and not parent.text.isspace():
        raise Malformed(f"text stands between the parts of {local(parent.tag)}")
    for child in parent:
        if child.tail and not child.tail.isspace():
            raise Malformed(f"text stands between the parts of {local(parent.tag)}")
        if isinstance(child.tag, str):
            yield child


def text(element: _Element) -> str:
    """The text of an element that holds nothing but text: no element, comment or instruction inside."""
    if len(element):
        raise Malformed(f"{local(element.tag)} holds more than text")
    return element.text or ""


def text_of(element: _Element) -> str:
    """All character data inside, as the canonical form has it: comments and instructions neither split nor hide any."""
    return "".join(str(piece) for piece in element.itertext())


def octets(element: _Element) -> bytes:
    """The octets of an element that holds base64 and white space."""
    return _decoded(element, text(element))


def octets_of(element: _Element) -> bytes:
    """The same where comments may stand in it, which the canonical form leaves out: they hide nothing."""
    if any(isinstance(child.tag, str) or hasattr(child, "target") for child in element):
        raise Malformed(f"{local(element.tag)} holds more than text")
    return _decoded(element, text_of(element))


def _decoded(element: _Element, encoded: str) -> bytes:
    try:
        content = encoded.encode("ascii").translate(None, _SPACE)
        if len(content) > MAX_BASE64:
            raise Malformed(f"{local(element.tag)} is longer than {MAX_BASE64}")
        return binascii.a2b_base64(content, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{local(element.tag)} is not base64") from error


def algorithm(element: _Element) -> str:
    """The Algorithm attribute; empty when it is missing."""
    return str(element.get("Algorithm") or "")


def method_of(element: _Element | None) -> Method | None:
    """The canonicalisation method that an element names, with its PrefixList; None for an unknown one."""
    if element is None:
        return None
    known = METHODS.get(algorithm(element))
    if known is None or not known.exclusive:
        return known
    for child in element:
        if child.tag == f"{{{EXCLUSIVE}}}InclusiveNamespaces":
            return Method(
                known.uri,
                exclusive=True,
                comments=known.comments,
                prefixes=tuple((child.get("PrefixList") or "").split()),
            )
    return known
