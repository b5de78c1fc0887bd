"""Two states of one XML document: whether the later one grew from the earlier by signing and preserving alone."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from eidkit.xml import parse, properties, signature
from eidkit.xml.canonical import EXCLUSIVELY, METHODS, NodeSet, canonical, remove
from eidkit.xml.names import C14N10, ds

if TYPE_CHECKING:
    from lxml.etree import _Element

    from eidkit.document import Document
    from eidkit.xml.parse import Tree

_WITH_COMMENTS = METHODS[C14N10 + "#WithComments"]


def grew_from(later: Document, earlier: Document) -> bool:
    """Whether ``later`` is ``earlier`` with nothing but whole signatures and whole unsigned properties added.

    What was added is taken out of ``later`` again and the canonical forms, comments included, are compared: so
    every octet of ``earlier`` counts (KeyInfo, certificates, timestamp tokens) but those that only say how it is
    written down.  Both were read before: what is no XML at all is somebody else's finding.  Raises
    :class:`eidkit.errors.DocumentError` for what breaks the bounds.
    """
    if _one_signature_more(later.read_bounded(parse.MAX_BYTES, "XML"), earlier.read_bounded(parse.MAX_BYTES, "XML")):
        return True
    before, after = parse.load(earlier), parse.load(later)
    then = {_value(element): element for element in before.signatures}
    try:
        for element in after.signatures:
            kept = then.get(_value(element))
            if kept is None:
                remove(element)
            else:
                _take_out_additions(after, element, before, kept)
    except signature.Malformed:
        return False
    return _octets(before) == _octets(after)


_LAST_TAG = re.compile(rb"</[^<>]+>[ \t\r\n]*")
_BEGINS = b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" '
_ENDS = b"</ds:Signature>"
_TAGS = re.compile(rb"</?ds:Signature[ \t\r\n/>]")


def _one_signature_more(later: bytes, earlier: bytes) -> bool:
    """Whether ``later`` is ``earlier`` with one signature, as our writer puts it, before the last end tag.

    That is what every step does, and it is told from the octets alone: where the document element ends at the end of
    the file, what stands before its end tag is its content; and what begins with the only start tag of that name
    and ends with the only end tag is one whole element.
    """
    place = earlier.rfind(b"</")
    if place < 0 or not _LAST_TAG.fullmatch(earlier, place):
        return False
    added = later[place : len(later) - (len(earlier) - place)]
    return (
        later.startswith(earlier[:place])
        and later[place + len(added) :] == earlier[place:]
        and added.startswith(_BEGINS)
        and added.endswith(_ENDS)
        and len(_TAGS.findall(added)) == 2
    )


def _value(element: _Element) -> str:
    """The signature value as it is written; it tells signatures apart."""
    value = element.find(ds("SignatureValue"))
    return signature.text_of(value) if value is not None else ""


def _octets(tree: Tree) -> bytes:
    return canonical(tree, NodeSet(None, comments=True), _WITH_COMMENTS)


def _take_out_additions(after: Tree, now: _Element, before: Tree, then: _Element) -> None:
    """Make the unsigned properties of ``now`` those of ``then``: EN 319 132-1 §5.1.3, only ever added to."""
    mine, its = (properties.qualifying_of(signature.read(element)) for element in (now, then))
    for name in ("UnsignedProperties", "UnsignedSignatureProperties"):
        mine, its = properties.child(mine, name), properties.child(its, name)
        if mine is not None and its is None:
            _take_out(mine)
            return
    if mine is None or its is None:
        return
    known = Counter(_property(before, each) for each in its if isinstance(each.tag, str))
    for each in [child for child in mine if isinstance(child.tag, str)]:
        octets = _property(after, each)
        if known[octets]:
            known[octets] -= 1
        else:
            _take_out(each)


def _property(tree: Tree, element: _Element) -> bytes:
    return canonical(tree, NodeSet(element), EXCLUSIVELY)


def _take_out(element: _Element) -> None:
    """Take out ``element`` and the blanks after it."""
    if not (element.tail or "").strip():
        element.tail = None
    remove(element)
