"""What KeyInfo offers: candidate certificates, and a KeyValue that must agree with them.

Nothing in KeyInfo is trusted: which certificate signed is decided by the signed certificate reference; a
certificate here is a candidate, and a key that stands beside it is only compared (XML Signature 1.1 §4.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.xml.names import DSIG11, ds
from eidkit.xml.signature import Malformed, octets, text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from lxml.etree import _Element

MAX_CERTIFICATES = 100
_CURVES = {
    "urn:oid:1.2.840.10045.3.1.7": "SECP256R1",
    "urn:oid:1.3.132.0.34": "SECP384R1",
    "urn:oid:1.3.132.0.35": "SECP521R1",
    "urn:oid:1.3.132.0.33": "SECP224R1",
    "urn:oid:1.3.132.0.10": "SECP256K1",
    "urn:oid:1.3.36.3.3.2.8.1.1.7": "BrainpoolP256R1",
    "urn:oid:1.3.36.3.3.2.8.1.1.11": "BrainpoolP384R1",
    "urn:oid:1.3.36.3.3.2.8.1.1.13": "BrainpoolP512R1",
}


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """Certificates (DER) in order, serial numbers named beside them, and the public keys given bare."""

    certificates: tuple[bytes, ...] = ()
    serials: tuple[int, ...] = ()
    keys: tuple[PublicKeyTypes, ...] = ()
    problem: str | None = None


def material(key_info: _Element | None) -> KeyMaterial:
    """What ``key_info`` offers; a malformed part is named in ``problem`` and left out."""
    if key_info is None:
        return KeyMaterial()
    certificates: list[bytes] = []
    serials: list[int] = []
    keys: list[PublicKeyTypes] = []
    problem = None
    for element in key_info.iter(
        ds("X509Certificate"), ds("X509SerialNumber"), ds("KeyValue"), f"{{{DSIG11}}}DEREncodedKeyValue"
    ):
        try:
            if element.tag == ds("X509Certificate"):
                certificates.append(octets(element))
            elif element.tag == ds("X509SerialNumber"):
                serials.append(_number(text(element)))
            else:
                keys.append(public_key(element))
        except Malformed as error:
            problem = str(error)
        if len(certificates) > MAX_CERTIFICATES or len(keys) > MAX_CERTIFICATES:
            problem = f"KeyInfo offers more than {MAX_CERTIFICATES} certificates or keys"
            break
    return KeyMaterial(tuple(dict.fromkeys(certificates)), tuple(serials), tuple(keys), problem)


def _number(digits: str) -> int:
    digits = digits.strip()
    if not digits.lstrip("-").isdecimal() or len(digits) > 120:
        raise Malformed("X509SerialNumber is not a number")
    return int(digits)


def public_key(element: _Element) -> PublicKeyTypes:
    """The key of a KeyValue (RSA, DSA, named elliptic curve) or a DEREncodedKeyValue."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        if element.tag == f"{{{DSIG11}}}DEREncodedKeyValue":
            return load_der_public_key(octets(element))
        return _key_value(element)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Malformed("KeyValue is not a key that can be read") from error


def _key_value(element: _Element) -> PublicKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    inner = next((child for child in element if isinstance(child.tag, str)), None)
    if inner is not None and inner.tag == ds("RSAKeyValue"):
        return rsa.RSAPublicNumbers(_part(inner, "Exponent"), _part(inner, "Modulus")).public_key()
    if inner is not None and inner.tag == ds("DSAKeyValue"):
        numbers = dsa.DSAParameterNumbers(_part(inner, "P"), _part(inner, "Q"), _part(inner, "G"))
        return dsa.DSAPublicNumbers(_part(inner, "Y"), numbers).public_key()
    if inner is not None and inner.tag == f"{{{DSIG11}}}ECKeyValue":
        named, point = inner.find(f"{{{DSIG11}}}NamedCurve"), inner.find(f"{{{DSIG11}}}PublicKey")
        curve = _CURVES.get(str(named.get("URI")) if named is not None else "")
        if curve is None or point is None:
            raise Malformed("KeyValue names no curve that is known")
        return ec.EllipticCurvePublicKey.from_encoded_point(getattr(ec, curve)(), octets(point))
    raise Malformed("KeyValue is of an unknown kind")


def _part(element: _Element, name: str) -> int:
    found = element.find(ds(name))
    if found is None:
        raise Malformed(f"KeyValue without {name}")
    return int.from_bytes(octets(found))
