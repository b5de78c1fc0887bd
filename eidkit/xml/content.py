"""The content digest of an XML document: what a person was shown and what a signature protects."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eidkit.xml import parse
from eidkit.xml.canonical import INCLUSIVE, NodeSet, canonical
from eidkit.xml.names import SIGNATURE

if TYPE_CHECKING:
    from eidkit.document import Document
    from eidkit.xml.parse import Tree


def content_digest(document: Document) -> str:
    """SHA-256 (lower-case hex) of the document as shown (binding.md §1).

    That is C14N 1.0 without comments of the document node, every ``ds:Signature`` at any depth left out: the
    same before and after signing and for every co-signer.  Raises :class:`eidkit.errors.DocumentError`.
    """
    return hashlib.sha256(content_octets(parse.load(document))).hexdigest()


def content_text(document: Document) -> str:
    """What :func:`content_digest` is the digest of, as text for people to read (canonical form is UTF-8)."""
    return content_octets(parse.load(document)).decode("utf-8")


def content_octets(tree: Tree) -> bytes:
    """The octets that :func:`content_digest` is the digest of."""
    if tree.root.tag == SIGNATURE:
        raise parse.refused(
            "xml-only-a-signature",
            "it is itself a signature and shows nothing",
            "tài liệu chỉ là một chữ ký",
            "give the signed document",
        )
    return canonical(tree, NodeSet(None, left_out=frozenset(tree.signatures)), INCLUSIVE)
