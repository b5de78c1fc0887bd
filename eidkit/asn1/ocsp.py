"""OCSP answers and requests (RFC 6960): parsed by offsets, every field kept as it stands."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eidkit.algorithms import DIGEST_BY_NAME
from eidkit.asn1 import der, extension, name
from eidkit.asn1.algorithm import AlgorithmIdentifier, encode_digest
from eidkit.asn1.algorithm import parse as parse_algorithm
from eidkit.asn1.certificate import verify_signed
from eidkit.asn1.remembered import Remembered
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate

BASIC_OID = "1.3.6.1.5.5.7.48.1.1"
MAX_OCSP = 4 * 1024 * 1024
MAX_SINGLES = 1_000
MAX_CERTIFICATES = 20
_BUDGET = 32 * 1024 * 1024
_STATUS = {1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}


class OcspRefused(EidkitError):
    """A responder that answered with an error status instead of a statement."""

    kind = "outside"
    retryable = True


@dataclass(frozen=True, slots=True)
class Single:
    """What an answer says of one certificate; ``digest`` is the hash OID of its CertID."""

    digest: AlgorithmIdentifier
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    status: Literal["good", "revoked", "unknown"]
    revoked_at: datetime | None
    reason: int
    this_update: datetime
    next_update: datetime | None
    extensions: extension.Extensions

    @property
    def archive_cutoff(self) -> datetime | None:
        """Back to which expiry date the responder still knows (RFC 6960 §4.4.4)."""
        entry = self.extensions.get(extension.OCSP_ARCHIVE_CUTOFF)
        return None if entry is None else der.time(der.whole(entry[1], der.GENERALIZED_TIME))

    def is_about(self, certificate: Certificate, issuer: Certificate) -> bool:
        """Whether its CertID names ``certificate`` as issued by ``issuer`` (RFC 6960 §4.1.1)."""
        if self.serial != certificate.serial:
            return False
        names = identifiers(issuer, self.digest, certificate.issuer)
        return names is not None and names == (self.issuer_name_hash, self.issuer_key_hash)


@dataclass(frozen=True, slots=True, eq=False)
class OcspResponse:
    """One BasicOCSPResponse; make it with :func:`parse`.  ``sha256`` is the hash of the whole object, in hex."""

    sha256: str
    tbs: bytes
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    certificates: tuple[bytes, ...]
    responder_name: bytes | None
    responder_key_hash: bytes | None
    produced_at: datetime
    singles: tuple[Single, ...]
    extensions: extension.Extensions

    @property
    def nonce(self) -> bytes | None:
        """The number of the question that it answers; some responders leave the inner OCTET STRING out."""
        entry = self.extensions.get(extension.OCSP_NONCE)
        if entry is None:
            return None
        try:
            return der.whole(entry[1], der.OCTET_STRING).content
        except der.DerError:
            return entry[1]

    def signed_by(self, responder: Certificate) -> bool:
        """Whether ``responder``'s key signed this answer."""
        return verify_signed(self.sha256, self.tbs, self.signature_algorithm, self.signature, responder)

    def names(self, responder: Certificate) -> bool:
        """Whether its ResponderID is ``responder`` (by name, or by the SHA-1 of its key)."""
        if self.responder_name is not None:
            return name.same(self.responder_name, responder.subject)
        return self.responder_key_hash == responder.once("key hash", lambda: _key_hash(responder))


def _key_hash(responder: Certificate) -> bytes:
    return hashlib.sha1(key_bits(responder), usedforsecurity=False).digest()


def key_bits(certificate: Certificate) -> bytes:
    """The public key's BIT STRING octets: what KeyHash and issuerKeyHash are over."""
    parts = der.whole(certificate.spki).children(limit=2)
    if len(parts) != 2:
        raise der.DerError("not a public key")
    return der.bits(parts[1])


def identifiers(
    issuer: Certificate, digest: AlgorithmIdentifier, issuer_name: bytes | None = None
) -> tuple[bytes, bytes] | None:
    """``(issuerNameHash, issuerKeyHash)`` under a hash; None when the hash is unknown."""
    from eidkit.asn1.algorithm import digest_algorithm
    from eidkit.errors import NotSupported

    try:
        known = digest_algorithm(digest)
        hashes = [
            hashlib.new(known, part, usedforsecurity=False)
            for part in (issuer_name or issuer.subject, key_bits(issuer))
        ]
    except (NotSupported, ValueError):
        return None
    return hashes[0].digest(), hashes[1].digest()


def _parse(data: bytes) -> OcspResponse:
    if len(data) > MAX_OCSP:
        raise der.DerError(f"an OCSP answer above {MAX_OCSP} bytes")
    first, *rest = _parts(der.whole(data))
    if first.tag == der.ENUMERATED:  # OCSPResponse; a bare BasicOCSPResponse (CAdES) begins with its ResponseData
        status = der.integer(first)
        if status != 0:
            raise _refused(status)
        if len(rest) != 1:
            raise der.DerError("a successful OCSP answer without its statement")
        parts = rest[0].expect(0xA0).only().expect(der.SEQUENCE).children(limit=2)
        if len(parts) != 2 or der.oid(parts[0]) != BASIC_OID:
            raise der.DerError("an OCSP answer of an unknown type")
        first, *rest = _parts(der.whole(der.octets(parts[1])))
    if not 2 <= len(rest) <= 3:
        raise der.DerError("not a basic OCSP answer")
    certificates: tuple[bytes, ...] = ()
    if len(rest) == 3:
        listed = rest[2].expect(0xA0).only().expect(der.SEQUENCE)
        certificates = tuple(node.raw for node in listed.items(limit=MAX_CERTIFICATES))
    return _response(data, first.expect(der.SEQUENCE), parse_algorithm(rest[0]), der.bits(rest[1]), certificates)


def _parts(node: der.Node) -> list[der.Node]:
    parts = node.children(limit=4)
    if not parts:
        raise der.DerError("an empty OCSP answer")
    return parts


def _response(
    data: bytes, tbs: der.Node, algorithm: AlgorithmIdentifier, signature: bytes, certificates: tuple[bytes, ...]
) -> OcspResponse:
    """ResponseData (RFC 6960 §4.2.1)."""
    parts = tbs.children(limit=5)
    if parts and parts[0].tag == 0xA0 and der.integer(parts.pop(0).only()) != 0:
        raise der.DerError("not a version of OCSP")
    if not 3 <= len(parts) <= 4:
        raise der.DerError("not OCSP response data")
    responder = key_hash = None
    if parts[0].tag == 0xA1:
        responder = parts[0].only().expect(der.SEQUENCE).raw
    elif parts[0].tag == 0xA2:
        key_hash = der.octets(parts[0].only())
    else:
        raise der.DerError("not a responder identifier")
    extensions = _extensions(parts[3]) if len(parts) == 4 else {}
    return OcspResponse(
        hashlib.sha256(data).hexdigest(),
        tbs.raw,
        algorithm,
        signature,
        certificates,
        responder,
        key_hash,
        der.time(parts[1].expect(der.GENERALIZED_TIME)),
        tuple(_single(node) for node in parts[2].expect(der.SEQUENCE).items(limit=MAX_SINGLES)),
        extensions,
    )


def _extensions(node: der.Node) -> extension.Extensions:
    inner = node.expect(0xA1).only().expect(der.SEQUENCE)
    return extension.parse(inner.data, inner.content_start, inner.end)


def _single(node: der.Node) -> Single:
    parts = node.expect(der.SEQUENCE).children(limit=5)
    if len(parts) < 3:
        raise der.DerError("not a single OCSP answer")
    identifier = parts[0].expect(der.SEQUENCE).children(limit=4)
    if len(identifier) != 4:
        raise der.DerError("not a CertID")
    status, revoked_at, reason = _status(parts[1])
    next_update, extensions = None, {}
    rest = parts[3:]
    if rest and rest[0].tag == 0xA0:
        next_update = der.time(rest.pop(0).only().expect(der.GENERALIZED_TIME))
    if rest and rest[0].tag == 0xA1:
        extensions = _extensions(rest.pop(0))
    if rest:
        raise der.DerError("not a single OCSP answer")
    return Single(
        parse_algorithm(identifier[0]),
        der.octets(identifier[1]),
        der.octets(identifier[2]),
        der.integer(identifier[3].expect(der.INTEGER)),
        status,
        revoked_at,
        reason,
        der.time(parts[2].expect(der.GENERALIZED_TIME)),
        next_update,
        extensions,
    )


def _status(node: der.Node) -> tuple[Literal["good", "revoked", "unknown"], datetime | None, int]:
    if node.tag == 0x80 and node.content == b"":
        return "good", None, 0
    if node.tag == 0x82 and node.content == b"":
        return "unknown", None, 0
    if node.tag != 0xA1:
        raise der.DerError("not a certificate status")
    parts = node.children(limit=2)
    if not parts:
        raise der.DerError("a revocation without its time")
    reason = der.integer(parts[1].expect(0xA0).only().expect(der.ENUMERATED)) if len(parts) == 2 else 0
    return "revoked", der.time(parts[0].expect(der.GENERALIZED_TIME)), reason


parse = Remembered(_parse, _BUDGET)
"""The answer in an OCSPResponse or bare BasicOCSPResponse; raises DerError, OcspRefused for an error status."""


def encode_request(certificate: Certificate, issuer: Certificate, *, nonce: bytes | None = None) -> bytes:
    """An OCSPRequest about one certificate; CertID with SHA-1, the one hash that every responder knows."""
    digest = AlgorithmIdentifier(DIGEST_BY_NAME["sha1"].oid)
    names = identifiers(issuer, digest, certificate.issuer)
    if names is None:
        raise der.DerError("not an issuer")
    identifier = der.sequence(
        encode_digest("sha1"),
        der.encode_octets(names[0]),
        der.encode_octets(names[1]),
        der.tlv(der.INTEGER, certificate.serial_octets),
    )
    body = der.sequence(der.sequence(identifier))
    if nonce is not None:
        value = der.encode_octets(der.encode_octets(nonce))
        body += der.explicit(2, der.sequence(der.sequence(der.encode_oid(extension.OCSP_NONCE), value)))
    return der.sequence(der.sequence(body))


def encode_response(basic: bytes) -> bytes:
    """A successful OCSPResponse around a BasicOCSPResponse (RFC 6960 §4.2.1)."""
    inner = der.sequence(der.encode_oid(BASIC_OID), der.encode_octets(basic))
    return der.sequence(b"\x0a\x01\x00", der.explicit(0, inner))


def _refused(status: int) -> OcspRefused:
    shown = _STATUS.get(status, f"status {status}")
    return OcspRefused(
        "ocsp-refused",
        Text(f"the OCSP responder answered {shown}", f"máy chủ OCSP trả lời {shown}"),
        Text("try again later, or give a CRL", "thử lại sau, hoặc cung cấp CRL"),
    )
