"""OCSP answers as a situation wants them: by the authority or a delegate of it, with the right or without, old, forged.

The authority behind them publishes no list, so that the answer alone decides.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from eidkit.algorithms import signer, suited
from eidkit.asn1 import algorithm as identifiers
from eidkit.asn1 import certificate as certificates
from eidkit.asn1 import der, ocsp
from eidkit.asn1.certificate import Certificate
from eidkit.asn1.extension import OCSP_ARCHIVE_CUTOFF, OCSP_NONCE
from eidkit.sandbox import people
from eidkit.sandbox.authority import ANSWER_LIFE, Authority
from eidkit.sandbox.keys import certificate_hash, generate

DAY = timedelta(days=1)
_CUTOFF = der.sequence(
    der.encode_oid(OCSP_ARCHIVE_CUTOFF),
    der.encode_octets(der.encode_generalized_time(datetime(2012, 1, 1, tzinfo=UTC))),
)


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answers, and what is wrong with it."""

    by: Literal["authority", "delegate", "without right"] = "authority"
    delegate_ends: datetime | None = None
    """When the delegate's certificate ends; long after everything when None."""
    always_at: datetime | None = None
    """The one moment at which it answered; when asked for, when None."""
    unknown: bool = False
    about_another: bool = False
    forged: bool = False
    nonce: bool = False
    drops_ended: bool = False
    """It does not say that it still knows certificates that have ended (archive cutoff, RFC 6960 §4.4.4)."""


def answer(authority: Authority, certificate: x509.Certificate, how: Answering, asked: datetime) -> bytes:
    """The OCSPResponse (DER) about ``certificate`` that somebody who asks at ``asked`` gets."""
    at = how.always_at or asked
    key, responder = _signer(authority, how, at)
    digest = hashlib.sha1(ocsp.key_bits(responder), usedforsecurity=False).digest()
    data = der.sequence(
        der.explicit(2, der.encode_octets(digest)),
        der.encode_generalized_time(at),
        der.sequence(_single(authority, certificate, how, at)),
        _nonce() if how.nonce else b"",
    )
    algorithm = suited(key.public_key())
    value = signer(key, algorithm)(data + (b"!" if how.forged else b""))
    chain = b"" if how.by == "authority" else der.explicit(0, der.sequence(responder.der))
    return ocsp.encode_response(
        der.sequence(data, identifiers.encode_signature(algorithm), der.tlv(der.BIT_STRING, b"\x00" + value), chain)
    )


def _single(authority: Authority, certificate: x509.Certificate, how: Answering, at: datetime) -> bytes:
    serial = certificate.serial_number + how.about_another
    issuer, subject = certificates.of(authority.certificate), certificates.of(certificate)
    identifier = der.sequence(
        identifiers.encode_digest("sha1"),
        der.encode_octets(hashlib.sha1(subject.issuer, usedforsecurity=False).digest()),
        der.encode_octets(hashlib.sha1(ocsp.key_bits(issuer), usedforsecurity=False).digest()),
        der.encode_integer(serial),
    )
    entry = authority.revoked.get(certificate.serial_number)
    status = b"\x82\x00" if how.unknown else b"\x80\x00"
    if entry is not None and entry.at <= at:
        status = der.tlv(0xA1, der.encode_generalized_time(entry.at) + der.explicit(0, b"\x0a\x01\x01"))
    times = der.encode_generalized_time(at) + der.explicit(0, der.encode_generalized_time(at + ANSWER_LIFE))
    kept = [] if how.drops_ended else [der.explicit(1, der.sequence(_CUTOFF))]
    return der.sequence(identifier, status, times, *kept)


def _nonce() -> bytes:
    value = der.encode_octets(der.encode_octets(b"\x5a" * 16))
    return der.explicit(1, der.sequence(der.sequence(der.encode_oid(OCSP_NONCE), value)))


def _signer(authority: Authority, how: Answering, at: datetime) -> tuple[Any, Certificate]:
    """The authority itself, or a delegate certified by it a month before."""
    if how.by == "authority":
        return authority.key, certificates.of(authority.certificate)
    key, end = generate("p256"), how.delegate_ends or at + 3000 * DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(people.authority("Sandbox OCSP"))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(at, end) - 30 * DAY)
        .not_valid_after(end)
        .add_extension(x509.OCSPNoCheck(), critical=False)
    )
    if how.by == "delegate":
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    return key, certificates.of(builder.sign(authority.key, certificate_hash(authority.key)))
