"""OCSP answers (RFC 6960) at the caller's time: what issues them by library cannot set ``producedAt``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eidkit.algorithms import signer, suited
from eidkit.asn1 import algorithm as identifiers
from eidkit.asn1 import certificate as certificates
from eidkit.asn1 import der, ocsp
from eidkit.asn1.extension import OCSP_NONCE
from eidkit.errors import EidkitError
from eidkit.trust.answer import REASONS

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from eidkit.sandbox.authority import Authority, Revocation

MALFORMED = b"\x30\x03\x0a\x01\x01"
"""OCSPResponse malformedRequest."""

_GOOD, _UNKNOWN = b"\x80\x00", b"\x82\x00"
_REASONS = {name: number for number, name in REASONS.items()}
MAX_ASKED = 16


def answer(authority: Authority, request: bytes, now: datetime, life: timedelta) -> bytes:
    """The OCSPResponse (DER) to a DER request, signed by the authority itself."""
    try:
        asked, nonce = _asked(request)
    except EidkitError:
        return MALFORMED
    times = der.encode_generalized_time(now) + der.explicit(0, der.encode_generalized_time(now + life))
    singles = [
        der.sequence(certificate_id.raw, _status(authority, certificate_id, now), times) for certificate_id in asked
    ]
    data = der.sequence(
        der.explicit(2, der.encode_octets(_key_hash(authority))),
        der.encode_generalized_time(now),
        der.sequence(*singles),
        der.explicit(1, der.sequence(nonce)) if nonce else b"",
    )
    algorithm = suited(authority.key.public_key())
    value = signer(authority.key, algorithm)(data)
    signature = der.tlv(der.BIT_STRING, b"\x00" + value)
    return ocsp.encode_response(der.sequence(data, identifiers.encode_signature(algorithm), signature))


def _asked(request: bytes) -> tuple[list[der.Node], bytes]:
    """The CertIDs of an OCSPRequest and its nonce extension (empty when there is none)."""
    parts = der.whole(request).first().expect(der.SEQUENCE).children(limit=4)
    entries = next((part for part in parts if part.tag == der.SEQUENCE), None)
    if entries is None:
        raise der.DerError("an OCSP request without a certificate")
    asked = [entry.first().expect(der.SEQUENCE) for entry in entries.children(limit=MAX_ASKED)]
    for certificate_id in asked:
        _serial(certificate_id)
    nonce = b""
    for part in parts:
        if part.tag == 0xA2:
            for extension in part.only().children(limit=8):
                if der.oid(extension.first()) == OCSP_NONCE:
                    nonce = extension.raw
    return asked, nonce


def _serial(certificate_id: der.Node) -> int:
    fields = certificate_id.children(limit=4)
    if len(fields) != 4:
        raise der.DerError("not a CertID")
    return der.integer(fields[3])


def _status(authority: Authority, certificate_id: der.Node, now: datetime) -> bytes:
    serial = _serial(certificate_id)
    entry = authority.revoked.get(serial)
    if entry is not None and entry.at <= now:
        return _revoked(entry)
    return _GOOD if serial in authority.issued else _UNKNOWN


def _revoked(entry: Revocation) -> bytes:
    reason = der.tlv(der.ENUMERATED, bytes((_REASONS[entry.reason],)))
    return der.tlv(0xA1, der.encode_generalized_time(entry.at) + der.explicit(0, reason))


def _key_hash(authority: Authority) -> bytes:
    """SHA-1 of the public key's bits: only a name (RFC 6960 §4.2.1)."""
    bits = ocsp.key_bits(certificates.of(authority.certificate))
    return hashlib.sha1(bits, usedforsecurity=False).digest()
