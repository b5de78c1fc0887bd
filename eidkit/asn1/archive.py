"""Archive timestamps of CMS signatures: the index of what one covers, and the octets that its imprint is over.

Sources: ETSI EN 319 122-1 §5.5 (archive-time-stamp-v3, ats-hash-index-v3), Annex A.2 (ats-hash-index), TS 101 733
V2.2.1 §6.4.1 (archive-time-stamp-v2), EN 319 122-1 §A.1.5 (CAdES-C-timestamp).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.asn1 import algorithm as identifiers
from eidkit.asn1 import assembly, attributes, der
from eidkit.asn1.der import DerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eidkit.asn1.cms import SignedData, SignerInfo

ARCHIVE_TIMESTAMP_V3 = "0.4.0.1733.2.4"
ARCHIVE_TIMESTAMP_V2 = "1.2.840.113549.1.9.16.2.48"
ARCHIVE_TIMESTAMP_V1 = "1.2.840.113549.1.9.16.2.27"
LONG_TERM_VALIDATION = "0.4.0.1733.2.2"
COMPLETE_CERTIFICATE_REFERENCES = "1.2.840.113549.1.9.16.2.21"
COMPLETE_REVOCATION_REFERENCES = "1.2.840.113549.1.9.16.2.22"
REFERENCES_TIMESTAMP = "1.2.840.113549.1.9.16.2.26"
SIGNATURE_AND_REFERENCES_TIMESTAMP = "1.2.840.113549.1.9.16.2.25"
INTERNAL_EVIDENCE_RECORD = "1.2.840.113549.1.9.16.2.49"
EXTERNAL_EVIDENCE_RECORD = "1.2.840.113549.1.9.16.2.50"
_INDEX_V3 = "0.4.0.19122.1.5"
_INDEXES = (_INDEX_V3, "0.4.0.19122.1.4", "0.4.0.1733.2.5")
_MAX_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class HashIndex:
    """What an archive timestamp lists: digests under ``algorithm`` of certificates, answers, unsigned attributes.

    ``octets`` is the whole value, which its imprint covers.
    """

    octets: bytes
    algorithm: str
    certificates: tuple[bytes, ...]
    revocations: tuple[bytes, ...]
    attributes: tuple[bytes, ...]


def index_in(token: SignedData) -> HashIndex:
    """The one index in the unsigned attributes of an archive timestamp v3; DerError when there is none, or several."""
    found = [(oid, value) for oid in _INDEXES for value in token.signers[0].unsigned(oid)] if token.signers else []
    if len(found) != 1:
        raise DerError("an archive timestamp without exactly one index of what it covers")
    (oid, octets) = found[0]
    parts = der.whole(octets).children(limit=4)
    named = "sha256"  # the default of the first versions; the third always names it
    if len(parts) == 4:
        named = identifiers.digest_algorithm(identifiers.parse(parts.pop(0)))
    elif oid == _INDEX_V3:
        raise DerError("an index of an archive timestamp that names no digest algorithm")
    if len(parts) != 3:
        raise DerError("not an index of an archive timestamp")
    lists = [tuple(der.octets(one) for one in part.expect(der.SEQUENCE).children(_MAX_ENTRIES)) for part in parts]
    return HashIndex(octets, named, lists[0], lists[1], lists[2])


def encode_index(
    algorithm: str, certificates: Iterable[bytes], revocations: Iterable[bytes], signer: SignerInfo
) -> bytes:
    """An ats-hash-index-v3 of these elements of the bags and of every unsigned attribute value of ``signer``."""
    values = (der.encode_oid(one.oid) + value for one in signer.unsigned_attributes for value in one.values)

    def listed(objects: Iterable[bytes]) -> bytes:
        return der.sequence(*(der.encode_octets(hashlib.new(algorithm, one).digest()) for one in objects))

    identifier = identifiers.encode_digest(algorithm)
    return der.sequence(identifier, listed(certificates), listed(revocations), listed(values))


def with_index(token: bytes, index: bytes) -> bytes:
    """An archive timestamp v3: the token with its index as an unsigned attribute (EN 319 122-1 §5.5.2)."""
    return assembly.with_unsigned(token, attributes.attribute(_INDEX_V3, index))


def elements(bag: bytes | None) -> tuple[bytes, ...]:
    """The elements of a bag of certificates or answers, each as it stands."""
    return tuple(item.raw for item in der.read(bag).items(_MAX_ENTRIES)) if bag else ()


def attribute_forms(signer: SignerInfo) -> Iterator[tuple[str, bytes, tuple[bytes, ...]]]:
    """Each unsigned attribute value: its type, itself, and the octets that an index may name it by.

    Version 3 hashes type and value, version 1 the whole attribute; either binds the value.
    """
    for one in signer.unsigned_attributes:
        kind = der.encode_oid(one.oid)
        whole = (  # the same objects for every value, so that none is hashed or kept twice
            attributes.attribute(one.oid, *one.values),
            der.sequence(kind, der.tlv(der.SET, b"".join(one.values))),
            kind + der.set_of(one.values),
        )
        for value in one.values:
            yield one.oid, value, (kind + value, *whole)


def imprinted_v3(content_type: bytes, content_digest: bytes, signer: SignerInfo, index: bytes) -> bytes:
    """The octets under the imprint of an archive timestamp v3 with this index (EN 319 122-1 §5.5.3)."""
    return content_type + content_digest + signer.fields + index


def imprinted_c(signer: SignerInfo) -> bytes:
    """The octets under a CAdES-C-timestamp: the value, its timestamps, the references (EN 319 122-1 §A.1.5.1)."""
    wanted = (attributes.SIGNATURE_TIMESTAMP, COMPLETE_CERTIFICATE_REFERENCES, COMPLETE_REVOCATION_REFERENCES)
    return signer.signature + b"".join(_inner(signer, oid) for oid in wanted)


def _inner(signer: SignerInfo, oid: str) -> bytes:
    return b"".join(
        der.encode_oid(one.oid) + der.set_of(one.values) for one in signer.unsigned_attributes if one.oid == oid
    )


def unsigned_v2(signer: SignerInfo, kept: frozenset[bytes]) -> tuple[bytes, bytes]:
    """The unsigned attributes under an archive timestamp v2: bare, and with tag and length (both are in use).

    ``kept`` are the archive timestamps that stood there before; the others are left out.
    """
    parts = []
    for one in signer.unsigned_attributes:
        values = one.values
        if one.oid in {ARCHIVE_TIMESTAMP_V2, ARCHIVE_TIMESTAMP_V3}:
            values = tuple(value for value in values if value in kept)
        if values:
            parts.append(der.sequence(der.encode_oid(one.oid), der.tlv(der.SET, b"".join(values))))
    bare = b"".join(parts)
    return bare, der.tlv(0xA1, bare)


def digest(algorithm: str, *octets: bytes) -> bytes | None:
    """The digest of ``octets`` one after another; None for an unknown algorithm."""
    try:
        state = hashlib.new(algorithm, usedforsecurity=False)
    except ValueError:
        return None
    for part in octets:
        state.update(part)
    return state.digest()
