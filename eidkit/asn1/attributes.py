"""CMS attributes that AdES signatures and timestamp tokens carry: written and read.

Writing joins finished DER; what depends on the certificate alone is kept.  Reading returns values and raises
:class:`~eidkit.asn1.der.DerError` for an attribute that is not what its name says.
Sources: RFC 5652 §11, RFC 5035 (ESS), RFC 6211, ETSI EN 319 122-1 §5.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from eidkit.asn1 import der
from eidkit.asn1.der import DerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
COMMITMENT_TYPE = "1.2.840.113549.1.9.16.2.16"
SIGNER_LOCATION = "1.2.840.113549.1.9.16.2.17"
SIGNER_ATTRIBUTES = "1.2.840.113549.1.9.16.2.18"
SIGNER_ATTRIBUTES_V2 = "0.4.0.19122.1.1"
CONTENT_HINTS = "1.2.840.113549.1.9.16.2.4"
MIME_TYPE = "0.4.0.1733.2.1"
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
CONTENT_TIMESTAMP = "1.2.840.113549.1.9.16.2.20"
COUNTER_SIGNATURE = "1.2.840.113549.1.9.6"
CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
ADOBE_REVOCATION = "1.2.840.113583.1.1.8"
TITLE = "2.5.4.12"
"""The attribute type of a claimed role: a person's function in an organisation, a DirectoryString (X.520 §6.4.3).

Not *role* (2.5.4.72): its syntax is a GeneralName, which some validators do not show, and text in its place makes
others drop the whole attribute.
"""

ASSERTION_OID = "2.25.73864681347487957664276774600807621199.1"
"""``signedAssertionID`` of the attestation that eidkit puts into a signature (binding.md §4): 2.25.<UUID>.1."""

MAX_CERTIFICATE_REFERENCES = 64
MAX_VALUES = 64


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: dotted ``oid`` and its raw values (each a whole TLV)."""

    oid: str
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CertificateId:
    """An ESSCertID or ESSCertIDv2: digest name (or unknown OID), digest, and IssuerSerial (DER) when given."""

    algorithm: str
    digest: bytes
    issuer_serial: bytes | None

    def names(self, certificate: bytes, issuer: bytes, serial_octets: bytes) -> bool:
        """Whether this is the identifier of ``certificate`` (DER) with that issuer name and serial (RFC 5035 §5).

        An issuer given in another form than one directoryName is only a hint and not compared.
        """
        try:
            found = hashlib.new(self.algorithm, certificate, usedforsecurity=False).digest()
        except ValueError:
            return False
        if found != self.digest:
            return False
        return self.issuer_serial is None or issuer_agrees(self.issuer_serial, issuer, serial_octets)


def issuer_agrees(issuer_serial: bytes, issuer: bytes, serial_octets: bytes) -> bool:
    """Whether an IssuerSerial (DER, RFC 5035 §5) names this issuer and serial number; DerError when malformed."""
    parts = der.whole(issuer_serial).children(limit=3)
    if len(parts) < 2:
        raise DerError("not an issuer and serial number")
    names, serial = parts[:2]
    if serial.expect(der.INTEGER).content.lstrip(b"\x00") != serial_octets.lstrip(b"\x00"):
        return False
    directory = [name.only().raw for name in names.expect(der.SEQUENCE).children(limit=8) if name.tag == 0xA4]
    if not directory or issuer in directory:
        return True
    from eidkit.asn1 import name as names_of

    return any(names_of.same(one, issuer) for one in directory)


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────


def attribute(oid: str, *values: bytes) -> bytes:
    """An Attribute of finished values."""
    return der.sequence(_oid(oid), der.set_of(values))


@lru_cache(maxsize=256)
def _oid(dotted: str) -> bytes:
    return der.encode_oid(dotted)


@lru_cache(maxsize=64)
def content_type(oid: str) -> bytes:
    """The content-type attribute (RFC 5652 §11.1)."""
    return attribute(CONTENT_TYPE, _oid(oid))


def message_digest(digest: bytes) -> bytes:
    """The message-digest attribute (RFC 5652 §11.2)."""
    return attribute(MESSAGE_DIGEST, der.encode_octets(digest))


def signing_time(moment: datetime) -> bytes:
    """The signing-time attribute (RFC 5652 §11.3); PAdES baseline signatures must not carry it."""
    return attribute(SIGNING_TIME, der.encode_time(moment))


@lru_cache(maxsize=1024)
def signing_certificate(certificate: bytes) -> bytes:
    """The signing-certificate-v2 attribute by SHA-256, its DEFAULT algorithm left out (RFC 5035 §4, DER)."""
    identifier = der.sequence(der.encode_octets(hashlib.sha256(certificate).digest()))
    return attribute(SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier)))


@lru_cache(maxsize=64)
def commitment_type(oid: str) -> bytes:
    """The commitment-type-indication attribute without qualifiers (EN 319 122-1 §5.2.3)."""
    return attribute(COMMITMENT_TYPE, der.sequence(_oid(oid)))


def signer_attributes(roles: Iterable[str] = (), assertion: str | None = None) -> bytes:
    """The signer-attributes-v2 attribute: claimed roles and our signed assertion (EN 319 122-1 §5.2.6.1).

    ``claimedAttributes [0]`` holds a title attribute for each role, in order; ``signedAssertions [2]`` one
    SignedAssertion: the JWS ``assertion`` in canonical standard base64, as a PrintableString (some validators
    drop the whole attribute for another string type).  The ETSI module tags explicitly.
    """
    parts = []
    claimed = [attribute(TITLE, der.tlv(der.UTF8_STRING, role.encode())) for role in roles]
    if claimed:
        parts.append(der.explicit(0, der.sequence(*claimed)))
    if assertion is not None:
        text = der.tlv(der.PRINTABLE_STRING, b64encode(assertion.encode("ascii")))
        parts.append(der.explicit(2, der.sequence(der.sequence(_oid(ASSERTION_OID), text))))
    return attribute(SIGNER_ATTRIBUTES_V2, der.sequence(*parts))


def algorithm_protection(digest_identifier: bytes, signature_identifier: bytes) -> bytes:
    """The CMSAlgorithmProtection attribute (RFC 6211), from two encoded AlgorithmIdentifiers."""
    return attribute(ALGORITHM_PROTECTION, der.sequence(digest_identifier, b"\xa1" + signature_identifier[1:]))


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────


def certificate_ids(attributes: Sequence[Attribute]) -> tuple[CertificateId, ...]:
    """The first identifier of each signing-certificate attribute, v1 and v2: the signing certificate itself.

    An attribute that names no certificate is malformed.
    """
    return tuple(_certificate_id(named[0], v2=v2) for named, v2 in _certificates_named(attributes))


def further_certificate_ids(attributes: Sequence[Attribute]) -> tuple[CertificateId, ...]:
    """The other identifiers in these attributes: of issuers, which restrict the path (RFC 5035 §5.4)."""
    return tuple(_certificate_id(one, v2=v2) for named, v2 in _certificates_named(attributes) for one in named[1:])


def _certificates_named(attributes: Sequence[Attribute]) -> Iterator[tuple[list[der.Node], bool]]:
    """The identifiers of each attribute, at least one, and whether it is of version 2."""
    for one in attributes:
        if one.oid in {SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2}:
            for value in one.values:
                identifiers = der.whole(value).first().expect(der.SEQUENCE)
                named = identifiers.children(limit=MAX_CERTIFICATE_REFERENCES)
                if not named:
                    raise DerError("a signing-certificate attribute that names no certificate")
                yield named, one.oid == SIGNING_CERTIFICATE_V2


def _certificate_id(node: der.Node, *, v2: bool) -> CertificateId:
    parts = node.expect(der.SEQUENCE).children(limit=3)
    name = "sha256" if v2 else "sha1"
    if v2 and parts and parts[0].tag == der.SEQUENCE:
        from eidkit.algorithms import DIGEST_BY_OID

        oid = der.oid(parts.pop(0).first())
        name = DIGEST_BY_OID[oid].name if oid in DIGEST_BY_OID else oid
    if not 1 <= len(parts) <= 2:
        raise DerError("not a certificate identifier")
    issuer_serial = parts[1].expect(der.SEQUENCE).raw if len(parts) > 1 else None
    return CertificateId(name, der.octets(parts[0]), issuer_serial)


def commitments(attributes: Sequence[Attribute]) -> tuple[str, ...]:
    """The commitment type OIDs."""
    values = _values(attributes, COMMITMENT_TYPE)
    return tuple(der.oid(der.whole(value).first()) for value in values)


def claimed_roles(attributes: Sequence[Attribute]) -> tuple[str, ...]:
    """The claimed roles of signer-attributes and signer-attributes-v2, as far as they are text."""
    return tuple(role for part in _signer_parts(attributes) if part.tag == 0xA0 for role in _roles(part.only()))


def _roles(claimed: der.Node) -> Iterable[str]:
    for one in claimed.expect(der.SEQUENCE).children(limit=MAX_VALUES):
        read = _attribute(one)
        for value in read.values:
            text = _text(der.read(value))
            if text is not None:
                yield text


def _text(node: der.Node) -> str | None:
    """A role's text: a plain string, or the roleName of an X.509 RoleSyntax."""
    if node.tag == der.SEQUENCE:
        names = [part for part in node.children(limit=4) if part.tag == 0xA1]
        if not names:
            return None
        inner = names[0].only()
        return inner.content.decode("latin-1") if inner.tag in {0x81, 0x82, 0x86} else None
    if node.tag & 0xE0:
        return None
    try:
        return der.string(node)
    except DerError:
        return None


def assertions(attributes: Sequence[Attribute]) -> tuple[str, ...]:
    """The attestation JWS texts of our signed assertions, in order; one not in its exact form is malformed."""
    found = []
    for part in _signer_parts(attributes, v2_only=True):
        if part.tag == 0xA2:
            for record in part.only().expect(der.SEQUENCE).children(limit=MAX_VALUES):
                fields = record.expect(der.SEQUENCE).children(limit=2)
                if fields and der.oid(fields[0]) == ASSERTION_OID:
                    if len(fields) != 2:
                        raise DerError("a signed assertion without a value")
                    found.append(_jws(fields[1].expect(der.PRINTABLE_STRING).content))
    return tuple(found)


def _jws(text: bytes) -> str:
    try:
        jws = b64decode(text, validate=True)
        if b64encode(jws) != text:
            raise DerError("a signed assertion that is not canonical base64")
        return jws.decode("ascii")
    except ValueError as error:
        raise DerError("a signed assertion that is not canonical base64") from error


def _signer_parts(attributes: Sequence[Attribute], *, v2_only: bool = False) -> Iterable[der.Node]:
    wanted = {SIGNER_ATTRIBUTES_V2} if v2_only else {SIGNER_ATTRIBUTES_V2, SIGNER_ATTRIBUTES}
    for one in attributes:
        if one.oid in wanted:
            for value in one.values:
                yield from der.whole(value).children(limit=8)


def claimed_time(attributes: Sequence[Attribute]) -> datetime | None:
    """The signing-time attribute's moment, if there is one."""
    values = _values(attributes, SIGNING_TIME)
    return der.time(der.read(values[0])) if values else None


def parse_set(node: der.Node, limit: int) -> tuple[Attribute, ...]:
    """The attributes inside a SET OF Attribute, whatever tag it bears."""
    return tuple(_attribute(child) for child in node.children(limit=limit))


def _attribute(node: der.Node) -> Attribute:
    parts = node.expect(der.SEQUENCE).children(limit=2)
    if len(parts) != 2:
        raise DerError("not an attribute")
    values = parts[1].expect(der.SET).children(limit=MAX_VALUES)
    return Attribute(der.oid(parts[0]), tuple(value.raw for value in values))


def _values(attributes: Sequence[Attribute], oid: str) -> list[bytes]:
    return [value for one in attributes if one.oid == oid for value in one.values]
