"""Whether a signature stands where nothing hides behind it (binding.md §1, "XML").

The XPath that leaves out every ``ds:Signature`` lets co-signers add theirs; it would also let anybody hide content
inside something that looks like one.  So every ``ds:Signature`` must be a last child of the document element
(or a counter-signature inside such a one) and hold nothing foreign.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from eidkit.xml import names
from eidkit.xml.names import SIGNATURE, ds, local, namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from eidkit.xml.canonical import NodeSet
    from eidkit.xml.parse import Tree

_OWN = frozenset(
    {names.DSIG, names.DSIG11, *names.XADES, names.XADES141, names.EXCLUSIVE, names.FILTER2, names.EVIDENCE_RECORD}
)
_SIGNED_INFO, _OBJECT = ds("SignedInfo"), ds("Object")
_PARTS = frozenset({_SIGNED_INFO, ds("SignatureValue"), ds("KeyInfo"), _OBJECT})


def misplaced(tree: Tree, protected: frozenset[_Element]) -> Iterator[str]:
    """Why signatures of this document are not accounted for; ``protected`` are SignedProperties that are signed."""
    for number, signature in enumerate(tree.signatures, start=1):
        name = signature.get("Id") or f"signature {number}"
        if not is_accounted(tree, signature):
            yield f"{name} is not among the last children of the document element"
            continue
        foreign = next(_foreign(signature, protected), None)
        if foreign is not None:
            yield f"{name} holds {foreign}"


def is_accounted(tree: Tree, signature: _Element) -> bool:
    """Whether the signature is a last child of the document element, or a counter-signature of one that is."""
    parent = signature.getparent()
    if parent is None:
        return False
    if parent is tree.root:
        return all(
            following.tag == SIGNATURE for following in signature.itersiblings() if isinstance(following.tag, str)
        )
    outer = next(signature.iterancestors(SIGNATURE), None)
    return outer is not None and counter_signed(signature) is not None and is_accounted(tree, outer)


def counter_signed(signature: _Element) -> _Element | None:
    """The signature in whose unsigned properties this one stands as CounterSignature."""
    holders = [ancestor for _, ancestor in zip(range(6), signature.iterancestors(), strict=False)]
    path = [local(ancestor.tag) for ancestor in holders]
    expected = [
        "CounterSignature",
        "UnsignedSignatureProperties",
        "UnsignedProperties",
        "QualifyingProperties",
        "Object",
        "Signature",
    ]
    if path != expected or any(namespace(h.tag) not in names.XADES for h in holders[:4]) or holders[5].tag != SIGNATURE:
        return None
    return holders[5]


def _foreign(signature: _Element, protected: frozenset[_Element]) -> Iterator[str]:
    """What stands inside a signature, unsigned, and belongs neither to XML-DSig nor to XAdES."""
    inside: list[_Element] = [signature]
    while inside:
        element = inside.pop()
        if element.tag == SIGNATURE and any(child.tag not in _PARTS for child in element):
            yield "parts that no signature has"
        if element.tag == _OBJECT and [local(child.tag) for child in element] != ["QualifyingProperties"]:
            yield "an Object other than its properties"
        mixed = element.text if len(element) else None
        for child in element:
            mixed = (mixed or "") + child.tail if child.tail else mixed
            if not _is_known(child.tag):
                yield (
                    f"the element {local(child.tag)}"
                    if isinstance(child.tag, str)
                    else "a comment or processing instruction"
                )
            elif child.tag != _SIGNED_INFO and child not in protected:
                inside.append(child)
        if _is_text(mixed):
            yield "text between its parts"


@lru_cache(maxsize=1024)
def _is_known(tag: object) -> bool:
    return isinstance(tag, str) and namespace(tag) in _OWN


def _is_text(text: str | None) -> bool:
    return text is not None and bool(text.strip(" \t\r\n"))


def unsigned_content(signature: _Element, signed: frozenset[_Element]) -> Iterator[str]:
    """What stands inside a signature besides its parts and properties, and is not in ``signed``.

    Wherever a reader looks for content by name, it would find this too.
    """
    inside = [signature]
    while inside:
        element = inside.pop()
        holds = element.tag == _OBJECT
        mixed = element.text if holds or len(element) else None
        for child in element:
            mixed = (mixed or "") + child.tail if child.tail else mixed
            if child in signed or child.tag == _SIGNED_INFO or _is_comment(child):
                continue
            if not _is_known(child.tag) or (holds and local(child.tag) != "QualifyingProperties"):
                yield local(child.tag) or "a processing instruction"
            else:
                inside.append(child)
        if _is_text(mixed):
            yield "text"


def covers_document(tree: Tree, nodes: NodeSet | bytes | None) -> bool:
    """Whether what is signed is the whole document but for signatures.

    A reference to the document element leaves out the instructions around it, such as a style sheet's.
    """
    if nodes is None or isinstance(nodes, bytes):
        return False
    around = (*tree.root.itersiblings(), *tree.root.itersiblings(preceding=True))
    return nodes.apex is None or (nodes.apex is tree.root and all(map(_is_comment, around)))


def _is_comment(node: _Element) -> bool:
    """Neither an element nor an instruction, which has a target."""
    return not isinstance(node.tag, str) and not hasattr(node, "target")
