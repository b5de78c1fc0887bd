"""AlgorithmIdentifier: OIDs and parameters to the names of :mod:`eidkit.algorithms`, and back.

Sources: RFC 4055 (RSA), RFC 5754 and 5758 (SHA-2, ECDSA), RFC 8410 (EdDSA), BSI TR-03111 (plain ECDSA).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from eidkit.algorithms import (
    DIGEST_BY_NAME,
    DIGEST_BY_OID,
    EC_PUBLIC_KEY_OID,
    RSA_ENCRYPTION_OID,
    RSA_PSS_OID,
    SIGNATURE_BY_NAME,
    SIGNATURE_BY_OID,
    SignatureAlgorithm,
)
from eidkit.asn1 import der
from eidkit.errors import NotSupported, Text

MGF1_OID = "1.2.840.113549.1.1.8"
DSA_KEY_OID = "1.2.840.10040.4.1"
_OIW_SHA1_RSA = "1.3.14.3.2.29"
_SHA1_IDENTIFIER = der.sequence(der.encode_oid("1.3.14.3.2.26"))
_PREFIX_BY_KEY_OID = {RSA_ENCRYPTION_OID: "rsa-pkcs1", EC_PUBLIC_KEY_OID: "ecdsa", DSA_KEY_OID: "dsa"}
_NOTHING = (None, der.ENCODED_NULL)
MAX_SALT = 512


@dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """An algorithm's dotted OID and its parameters as they stand (the raw TLV, None when absent)."""

    oid: str
    parameters: bytes | None = None


def parse(node: der.Node) -> AlgorithmIdentifier:
    """The AlgorithmIdentifier at ``node`` (RFC 5280 §4.1.1.2); raises DerError."""
    parts = node.expect(der.SEQUENCE).children(limit=2)
    if not 1 <= len(parts) <= 2:
        raise der.DerError("an algorithm identifier has one or two parts")
    return AlgorithmIdentifier(der.oid(parts[0]), parts[1].raw if len(parts) == 2 else None)


@lru_cache(maxsize=256)
def read_algorithm(raw: bytes) -> AlgorithmIdentifier:
    """The AlgorithmIdentifier that ``raw`` is, remembered."""
    return parse(der.whole(raw))


def signature_algorithm(
    identifier: AlgorithmIdentifier, digest_hint: str | None = None
) -> tuple[SignatureAlgorithm, int | None]:
    """The signature algorithm and, for RSA-PSS, its salt length (None elsewhere).

    ``digest_hint`` is the digest named beside it (CMS), for identifiers that name only a key type.  Raises
    :class:`NotSupported` with the OID, :class:`DerError` for malformed parameters.
    """
    oid, parameters = identifier.oid, identifier.parameters
    if oid == RSA_PSS_OID:
        return _pss(parameters)
    if oid in _PREFIX_BY_KEY_OID:
        row = SIGNATURE_BY_NAME.get(f"{_PREFIX_BY_KEY_OID[oid]}-{digest_hint}")
    elif oid == _OIW_SHA1_RSA:
        row = SIGNATURE_BY_NAME["rsa-pkcs1-sha1"]
    else:
        row = SIGNATURE_BY_OID.get(oid)
    if row is None:
        raise _unsupported("signature", oid)
    if row.family == "eddsa" and parameters is not None:
        raise der.DerError("parameters where RFC 8410 allows none")
    if row.family == "rsa-pkcs1" and parameters not in _NOTHING:
        raise der.DerError("parameters where RFC 4055 allows only NULL")
    return row, None


def _pss(parameters: bytes | None) -> tuple[SignatureAlgorithm, int]:
    """RFC 4055 §3.1: hash, MGF1 with the same hash, salt length, trailer field 1; defaults mean SHA-1 and 20."""
    if parameters is None:
        raise der.DerError("RSA-PSS without its parameters")
    digest, mask, salt = "sha1", "sha1", 20
    previous = -1
    for part in der.whole(parameters).children(limit=4):
        number = part.tag - 0xA0
        if not previous < number <= 3:
            raise der.DerError("not RSA-PSS parameters")
        previous = number
        value = part.only()
        if number == 0:
            digest = digest_algorithm(parse(value))
        elif number == 1:
            mask = _mask_digest(parse(value))
        elif number == 2:
            salt = der.integer(value)
        elif der.integer(value) != 1:
            raise der.DerError("an RSA-PSS trailer other than 1")
    row = SIGNATURE_BY_NAME.get(f"rsa-pss-{digest}")
    if row is None or mask != digest:
        raise _unsupported("signature", f"{RSA_PSS_OID} ({digest}, MGF1 {mask})")
    if not 0 <= salt <= MAX_SALT:
        raise der.DerError("an RSA-PSS salt length out of bounds")
    return row, salt


def _mask_digest(identifier: AlgorithmIdentifier) -> str:
    if identifier.oid != MGF1_OID:
        raise _unsupported("mask generation", identifier.oid)
    return digest_algorithm(parse(der.whole(identifier.parameters or _SHA1_IDENTIFIER)))


def digest_algorithm(identifier: AlgorithmIdentifier) -> str:
    """The digest's name; raises :class:`NotSupported` with the OID."""
    row = DIGEST_BY_OID.get(identifier.oid)
    if row is None or identifier.parameters not in _NOTHING:
        raise _unsupported("digest", identifier.oid)
    return row.name


def encode_digest(name: str) -> bytes:
    """The AlgorithmIdentifier of a digest: SHA-1 and MD5 with NULL, all others without parameters (RFC 5754 §2)."""
    row = DIGEST_BY_NAME.get(name)
    if row is None:
        raise _unsupported("digest", name)
    oid = der.encode_oid(row.oid)
    return der.sequence(oid, der.ENCODED_NULL) if name in {"sha1", "md5"} else der.sequence(oid)


def encode_signature(algorithm: SignatureAlgorithm) -> bytes:
    """The AlgorithmIdentifier to write; RSA-PSS states its hash, MGF1 with that hash and salt = hash length."""
    oid = der.encode_oid(algorithm.oid)
    if algorithm.family == "rsa-pkcs1":
        return der.sequence(oid, der.ENCODED_NULL)
    if algorithm.family != "rsa-pss" or algorithm.digest is None:
        return der.sequence(oid)
    digest = DIGEST_BY_NAME[algorithm.digest]
    # RFC 4055 §2.1: inside RSA-PSS parameters, hash identifiers carry NULL.
    identifier = der.sequence(der.encode_oid(digest.oid), der.ENCODED_NULL)
    parameters = der.sequence(
        der.explicit(0, identifier),
        der.explicit(1, der.sequence(der.encode_oid(MGF1_OID), identifier)),
        der.explicit(2, der.encode_integer(digest.size)),
    )
    return der.sequence(oid, parameters)


def _unsupported(kind: str, oid: str) -> NotSupported:
    shown = oid[:80]
    return NotSupported(
        "algorithm-unsupported",
        Text(f"the {kind} algorithm {shown} is not supported", f"thuật toán {shown} chưa được hỗ trợ"),
        Text("use SHA-256 or stronger with RSA, ECDSA or Ed25519", "dùng SHA-256 trở lên với RSA, ECDSA hoặc Ed25519"),
    )
