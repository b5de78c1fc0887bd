"""What one ``ds:Signature`` says, read strictly: exactly one of each part, text where text belongs.

XML Signature 1.1 §4: SignedInfo, SignatureValue, KeyInfo (at most one), Object (any number), in this order;
in SignedInfo one CanonicalizationMethod, one SignatureMethod, and References.  Whatever does not fit is a
``problem`` of the signature, never skipped.
"""

from __future__ import annotations

import base64
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
    expected = [ds("SignedInfo"), ds("SignatureValue")]
    rest = names[2:]
    if rest[:1] == [ds("KeyInfo")]:
        rest = rest[1:]
    if names[:2] != expected or any(name != ds("Object") for name in rest):
        raise Malformed("its parts are not SignedInfo, SignatureValue, KeyInfo and Objects, one each in this order")
    key_info = children[2] if len(children) > 2 and names[2] == ds("KeyInfo") else None
    objects = tuple(children[3 if key_info is not None else 2 :])
    info = list(elements(children[0]))
    if [child.tag for child in info[:2]] != [ds("CanonicalizationMethod"), ds("SignatureMethod")]:
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
    if element.tag != ds("Reference"):
        raise Malformed(f"{local(element.tag)} stands where a Reference belongs")
    children = list(elements(element))
    transforms: tuple[_Element, ...] = ()
    if children and children[0].tag == ds("Transforms"):
        transforms = tuple(elements(children.pop(0)))
        if len(transforms) > MAX_TRANSFORMS or any(t.tag != ds("Transform") for t in transforms):
            raise Malformed(f"a Reference with foreign or more than {MAX_TRANSFORMS} Transforms")
    if [child.tag for child in children] != [ds("DigestMethod"), ds("DigestValue")]:
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
    return "".join(str(piece) for piece in element.itertext(with_tail=False))


def octets(element: _Element) -> bytes:
    """The octets of an element that holds base64 and white space."""
    try:
        content = text(element).encode("ascii").translate(None, _SPACE)
        if len(content) > MAX_BASE64:
            raise Malformed(f"{local(element.tag)} is longer than {MAX_BASE64}")
        return base64.b64decode(content, validate=True)
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
