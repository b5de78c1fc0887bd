"""CMS files as an attacker makes them: signers taken apart and put together again, with real keys where one is his."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1 import archive, assembly, attributes, certificate, der
from tests.cms.archiving import rewritten
from tests.cms.conftest import CONTENT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eidkit.document import Document
    from eidkit.sandbox import SandboxKey

SHA256 = hashlib.sha256(CONTENT).digest()


def fields_of(signer: bytes) -> list[bytes]:
    """The parts of a SignerInfo, each a whole TLV."""
    return [part.raw for part in der.whole(signer).children()]


def signers_of(document: Document) -> list[bytes]:
    """The SignerInfos of a file."""
    from eidkit.verify.formats import cades

    file = cades.open_cms(document)
    assert file is not None
    return list(archive.elements(file.outline.signers))


def with_signers(document: Document, signers: Sequence[bytes]) -> Document:
    """The file with other SignerInfos."""
    return rewritten(document, signers=der.tlv(der.SET, b"".join(signers)))


def with_fields(document: Document, change: Callable[[list[bytes]], list[bytes]]) -> Document:
    """The file whose first SignerInfo has other parts."""
    first, *others = signers_of(document)
    return with_signers(document, [der.sequence(*change(fields_of(first))), *others])


def signed_again(document: Document, key: SandboxKey, signed: Sequence[bytes]) -> Document:
    """The file whose first signature is over exactly these attributes, in DER order, by the holder of ``key``."""
    octets = der.set_of(signed)
    algorithm = algorithms.suited(certificate.of(key.certificate).public_key(), None)
    value = key.sign(octets, algorithm)

    def change(fields: list[bytes]) -> list[bytes]:
        return [*fields[:3], b"\xa0" + octets[1:], fields[4], der.encode_octets(value)]

    return with_fields(document, change)


def usual(key: SandboxKey, *, digest: bytes = SHA256, content_type: str = assembly.DATA) -> list[bytes]:
    """The attributes that belong into a signature by ``key`` over the permit."""
    return [
        attributes.content_type(content_type),
        attributes.message_digest(digest),
        attributes.signing_certificate(certificate.of(key.certificate).der),
    ]
