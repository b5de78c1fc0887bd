"""PAdES signatures: an incremental update whose hole holds a CMS (EN 319 142-1, signature level B-B and B-T).

The hole is computed, not guessed: the CMS with the longest signature value that the key can give, and the
reserve for a timestamp token that was asked for.  What does not fit is refused by name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from eidkit.asn1 import attributes, certificate, cms
from eidkit.errors import SigningError, Text
from eidkit.pdf.appending import Revision, signature_revision
from eidkit.pdf.intake import hostile
from eidkit.signing.formats import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.algorithms import SignatureAlgorithm
    from eidkit.document import Document
    from eidkit.pdf.placing import Placing
    from eidkit.signing.formats import Request


def prepare(document: Document, request: Request, placing: Placing | None = None) -> Prepared:
    """The revision to append, and the signed attributes to sign; raises DocumentError when it may not be signed."""
    digest = cms.digest_name(request.algorithm, request.digest)
    blank = _attributes(request, bytes(hash_size(digest)))
    reserve = _cms_size(
        request.certificate, request.chain, digest, request.algorithm, len(blank), request.token_reserve
    )
    revision = signature_revision(document, reserve, request.signing_time, placing)
    covered = document.spliced(document.length, revision.data)
    to_sign = _attributes(request, covered.digest(digest, revision.ranges))
    return Prepared(
        revision.offset, revision.data, to_sign, {"hole": revision.hole, "reserve": reserve, "digest": digest}
    )


def timestamp_octets(_prepared: Prepared, _request: Request, value: bytes) -> bytes:
    """What a signature timestamp covers: the octets of the signature value (EN 319 122-1 §5.3)."""
    return value


def finish(prepared: Prepared, request: Request, value: bytes, token: bytes | None) -> bytes:
    """The revision with the CMS in its hole."""
    unsigned = [attributes.attribute(attributes.SIGNATURE_TIMESTAMP, token)] if token is not None else []
    container = cms.signed_data(
        certificate=request.certificate,
        chain=request.chain,
        digest=str(prepared.state["digest"]),
        algorithm=request.algorithm,
        signed_attributes=prepared.to_sign,
        signature=value,
        unsigned=unsigned,
    )
    reserve = int(prepared.state["reserve"])
    if len(container) > reserve:
        raise _too_small(len(container) - reserve)
    return Revision(prepared.offset, prepared.insertion, int(prepared.state["hole"]), reserve).filled(container)


def add_timestamp(document: Document, token_for: Callable[[bytes], bytes]) -> Document:
    """The document with a signature timestamp in the reserve of its last signature.

    Refused by name when that signature has one, when later revisions exist (they would be broken), or when the
    reserve is too small.
    """
    from eidkit.asn1 import der
    from eidkit.pdf.coverage import last_signature

    with hostile(document.name):
        start, end, octets = last_signature(document)
    container = der.read(octets).raw
    parsed = cms.parse(container)
    if len(parsed.signers) != 1 or parsed.signers[0].unsigned(attributes.SIGNATURE_TIMESTAMP):
        raise SigningError(
            "pdf-timestamped-already",
            Text(
                f"the last signature of {document.name} has a timestamp",
                f"chữ ký cuối của {document.name} đã có dấu thời gian",
            ),
            Text("nothing to do", "không cần làm gì"),
        )
    stamped = cms.with_timestamp(container, token_for(parsed.signers[0].signature))
    room = (end - start - 2) // 2
    if len(stamped) > room:
        raise _too_small(len(stamped) - room)
    digits = stamped.hex().encode("ascii").ljust(end - start - 2, b"0")
    return document.replaced(start, end, b"<" + digits + b">")


def hash_size(digest: str) -> int:
    """The length of a digest in octets."""
    from eidkit.algorithms import DIGEST_BY_NAME

    return DIGEST_BY_NAME[digest].size


def _attributes(request: Request, message_digest: bytes) -> bytes:
    return cms.signed_attributes(
        message_digest=message_digest,
        certificate=request.certificate,
        claimed_roles=request.claimed_roles,
        assertion=request.assertion,
        commitment=request.commitment,
    )


@lru_cache(maxsize=64)
def _cms_size(
    der: bytes, chain: tuple[bytes, ...], digest: str, algorithm: SignatureAlgorithm, attributes_size: int, token: int
) -> int:
    """The most octets that the finished CMS can have; the signed attributes count by their length alone."""
    placeholder = b"\x31\x83" + (attributes_size - 5).to_bytes(3) + bytes(attributes_size - 5)
    container = cms.signed_data(
        certificate=der,
        chain=chain,
        digest=digest,
        algorithm=algorithm,
        signed_attributes=placeholder,
        signature=bytes(_signature_size(der)),
    )
    return len(container) + (cms.timestamp_attribute_size(token) if token else 0)


def _signature_size(der: bytes) -> int:
    """The longest signature value of the certificate's key; for ECDSA the longest DER form of (r, s)."""
    from eidkit.algorithms import key_kind

    kind, bits = key_kind(certificate.parse(der).public_key())
    octets = (bits + 7) // 8
    return {"ed25519": 64, "ed448": 114, "ec": 2 * (octets + 3) + 3, "dsa": 2 * (octets + 3) + 3}.get(kind, octets)


def _too_small(missing: int) -> SigningError:
    return SigningError(
        "pdf-reserve-too-small",
        Text(
            f"the space kept for the signature is {missing} octets too small",
            f"chỗ dành cho chữ ký thiếu {missing} byte",
        ),
        Text(
            "sign again with a larger token_reserve; the timestamp token is unusually large",
            "ký lại với chỗ dành lớn hơn cho dấu thời gian",
        ),
    )
