"""CAdES B-LTA as others make it, for the tests: answers into the bag, then an archive timestamp of version 3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from eidkit.asn1 import algorithm, archive, assembly, attributes, cms, der
from eidkit.asn1.outline import Outline, around
from eidkit.document import Document
from eidkit.timestamps.authority import first_token
from eidkit.verify.formats import cades
from tests.preserving.world import World

INDEX_V3 = "0.4.0.19122.1.5"


def rewritten(document: Document, **parts: bytes | None) -> Document:
    """The CMS with some parts (``certificates``, ``crls``, ``signers``, each a whole TLV) replaced."""
    file = cades.open_cms(document)
    assert file is not None
    outline: Outline = replace(file.outline, **parts)  # type: ignore[arg-type]  # parts are those of an Outline
    start, end = outline.encapsulated
    head, tail = around(
        end - start,
        (outline.version, outline.digest_algorithms),
        (outline.certificates or b"", outline.crls or b"", outline.signers),
    )
    return file.binary.replaced(end, file.binary.length, tail).replaced(0, start, head)


def with_answers(document: Document, *crls: bytes, certificates: tuple[bytes, ...] = ()) -> Document:
    """B-LT: the CRLs and certificates in the SignedData's own bags."""
    file = cades.open_cms(document)
    assert file is not None
    known = archive.elements(file.outline.certificates)
    return rewritten(
        document,
        crls=b"\xa1" + der.set_of(dict.fromkeys((*archive.elements(file.outline.crls), *crls)))[1:],
        certificates=b"\xa0" + der.set_of(dict.fromkeys((*known, *certificates)))[1:],
    )


def with_unsigned(document: Document, attribute: bytes, *, number: int = 0) -> Document:
    """One more unsigned attribute on a signature."""
    file = cades.open_cms(document)
    assert file is not None
    signers = list(archive.elements(file.outline.signers))
    signers[number] = assembly.signer_with_unsigned(signers[number], attribute)
    return rewritten(document, signers=der.tlv(der.SET, b"".join(signers)))


def signer_of(document: Document, number: int = 0) -> cms.SignerInfo:
    """One SignerInfo, parsed."""
    file = cades.open_cms(document)
    assert file is not None
    return file.parsed.signers[number]


def archived(
    world: World, document: Document, content: bytes, *, digest: str = "sha256", listed_by: str = "sha256"
) -> Document:
    """B-LTA: an archive timestamp of the world's authority; its index by ``listed_by``."""

    def token_for(octets: bytes) -> bytes:
        return first_token(world.tsa, octets, digest=digest, transport=world.sandbox, clock=world.clock)

    return archived_by(token_for, document, content, digest=digest, listed_by=listed_by)


def archived_by(
    token_for: Callable[[bytes], bytes],
    document: Document,
    content: bytes,
    *,
    digest: str = "sha256",
    listed_by: str = "sha256",
) -> Document:
    """The same with the token that ``token_for`` gives for the octets to cover: everything that is there now."""
    file = cades.open_cms(document)
    assert file is not None
    signer = file.parsed.signers[0]

    def listed(octets: list[bytes]) -> bytes:
        return der.sequence(*(der.encode_octets(hashlib.new(listed_by, one).digest()) for one in octets))

    index = der.sequence(
        algorithm.encode_digest(listed_by),
        listed(list(archive.elements(file.outline.certificates))),
        listed(list(archive.elements(file.outline.crls))),
        listed([der.encode_oid(one.oid) + value for one in signer.unsigned_attributes for value in one.values]),
    )
    octets = file.outline.content_type + hashlib.new(digest, content).digest() + signer.fields + index
    token = assembly.with_unsigned(token_for(octets), attributes.attribute(INDEX_V3, index))
    return with_unsigned(document, attributes.attribute(archive.ARCHIVE_TIMESTAMP_V3, token))
