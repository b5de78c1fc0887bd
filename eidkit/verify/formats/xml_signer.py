"""How an XML signature was made and by whom it says: algorithm, value, signing certificate."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1 import certificate as x509
from eidkit.errors import EidkitError
from eidkit.xml import names
from eidkit.xml import signature as reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

    from eidkit.asn1.certificate import Certificate
    from eidkit.verify.evidence import CertificateReference
    from eidkit.xml.keys import KeyMaterial

MAX_CANDIDATES = 10
_PARAMETERS = f"{{{names.MORE2007}}}RSAPSSParams"


def algorithm(method: _Element | None) -> tuple[str, int | None]:
    """The signature algorithm's name (its URI, when unknown), and the salt length that RSASSA-PSS parameters state."""
    if method is None:
        return "", None
    uri = reading.algorithm(method)
    if uri == names.RSA_PSS:
        return _pss(method) or (uri, None)
    row = algorithms.SIGNATURE_BY_URI.get(uri)
    return (row.name, None) if row else (uri, None)


def _pss(method: _Element) -> tuple[str, int | None] | None:
    """RFC 9231 §2.3.9: SHA-256, MGF1 with the same hash and its length as salt unless the parameters differ."""
    digest, salt = "sha256", None
    parameters = method.find(_PARAMETERS)
    if parameters is not None:
        stated = parameters.find(names.ds("DigestMethod"))
        row = algorithms.DIGEST_BY_URI.get(reading.algorithm(stated)) if stated is not None else None
        if stated is not None and row is None:
            return None
        digest = row.name if row else digest
        length = parameters.find(f"{{{names.MORE2007}}}SaltLength")
        if length is not None:
            text = (length.text or "").strip()
            if not text.isdecimal() or len(text) > 4:
                return None
            salt = int(text)
        inner = parameters.find(f"{{{names.MORE2007}}}MaskGenerationFunction/{names.ds('DigestMethod')}")
        if (
            inner is not None
            and algorithms.DIGEST_BY_URI.get(reading.algorithm(inner)) != algorithms.DIGEST_BY_NAME[digest]
        ):
            return None
    return f"rsa-pss-{digest}", salt


def der_value(algorithm_name: str, value: bytes) -> bytes:
    """The value as a judge takes it: the r ‖ s of ECDSA and DSA (RFC 9231 §2.3.6) as DER; DER stays as it is."""
    row = algorithms.SIGNATURE_BY_NAME.get(algorithm_name)
    if row is None or row.family not in {"ecdsa", "dsa"} or row.plain or _is_der(value):
        return value
    try:
        return algorithms.ecdsa_from_plain(value)
    except ValueError:
        return value


def _is_der(value: bytes) -> bool:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    if value[:1] != b"\x30":
        return False
    try:
        return encode_dss_signature(*decode_dss_signature(value)) == value
    except ValueError:
        return False


def signer(
    material: KeyMaterial,
    candidates: Sequence[bytes],
    named: Sequence[CertificateReference],
    signature: tuple[str, int | None, bytes, bytes],
) -> Certificate | None:
    """The certificate that the container means: the one named by digest, by serial, alone, or whose key fits.

    ``signature`` is algorithm, salt length, value and signed octets.  This is a hint, never a proof.
    """
    for der in candidates if named else ():
        if is_named(der, named):
            return _parsed(der)
    readable = [
        c for c in map(_parsed, material.certificates[:MAX_CANDIDATES] or candidates[:MAX_CANDIDATES]) if c is not None
    ]
    if len(readable) < 2:
        return readable[0] if readable else None
    by_serial = [c for c in readable if c.serial in material.serials]
    if len(by_serial) == 1 and len(material.serials) == 1:
        return by_serial[0]
    return next((c for c in readable if _fits(c, *signature)), readable[0])


def is_named(certificate: bytes, named: Sequence[CertificateReference]) -> bool:
    """Whether the first signed reference is the digest of this certificate (DER)."""
    first = next(iter(named), None)
    known = first is not None and first.algorithm in algorithms.DIGEST_BY_NAME
    return first is not None and known and _digest(first.algorithm, certificate) == first.digest


def _fits(certificate: Certificate, name: str, salt: int | None, value: bytes, octets: bytes) -> bool:
    row = algorithms.SIGNATURE_BY_NAME.get(name)
    if row is None:
        return False
    try:
        return algorithms.verify_signature(certificate.public_key(), row, value, octets, salt_length=salt)
    except EidkitError:
        return False


def _digest(name: str, der: bytes) -> bytes | None:
    try:
        return hashlib.new(name, der).digest()
    except ValueError:
        return None


def _parsed(der: bytes) -> Certificate | None:
    try:
        return x509.parse(der)
    except EidkitError:
        return None


def disagrees(material: KeyMaterial, certificate: Certificate | None) -> bool:
    """Whether KeyInfo holds bare keys and none of them is the certificate's."""
    if certificate is None or not material.keys:
        return False
    try:
        key = certificate.public_key()
    except EidkitError:
        return True
    return all(other != key for other in material.keys)


def bare_key(material: KeyMaterial, candidates: Sequence[bytes]) -> bytes | None:
    """The one public key (DER SubjectPublicKeyInfo) of a KeyInfo that brings no certificate."""
    if candidates or len(material.keys) != 1:
        return None
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return material.keys[0].public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
