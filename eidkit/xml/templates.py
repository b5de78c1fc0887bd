"""A XAdES signature as text that is already canonical, so that what is hashed is what is written.

Every element below is in the form that exclusive C14N gives it as an apex: namespaces declared where they are
first used inside the piece, start and end tags, attributes in order, no white space.  A digest can therefore be
taken over the very bytes that go into the file (EN 319 132-1, XML Signature 1.1).
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.canonical import format_time
from eidkit.errors import SigningError, Text
from eidkit.xml import names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Literal

_DS = f' xmlns:ds="{names.DSIG}"'
_XADES = f' xmlns:xades="{names.XADES132}"'
_XADES141 = f' xmlns:xadesv141="{names.XADES141}"'
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Statements:
    """What the signed properties will say; ``issuer_serial`` is the DER of an ESS IssuerSerial."""

    signing_time: datetime
    digest_uri: str
    certificate_digest: bytes
    issuer_serial: bytes
    claimed_roles: tuple[str, ...]
    assertion: str | None
    commitment: str | None


def text(value: str) -> str:
    """Character data as C14N writes it; characters that XML cannot hold are refused."""
    if _ILLEGAL.search(value):
        raise SigningError(
            "xml-illegal-character",
            Text("a claimed role holds a character that XML cannot hold", "vai trò có ký tự không hợp lệ trong XML"),
            Text("take the control character out", "bỏ ký tự điều khiển"),
        )
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def base64(octets: bytes) -> str:
    """Standard base64 in one line."""
    return b64encode(octets).decode("ascii")


def signed_properties(name: str, said: Statements) -> str:
    """SignedProperties with SigningTime, SigningCertificateV2, roles, format and commitment (EN 319 132-1 §5.2)."""
    time = format_time(said.signing_time)
    return (
        f'<xades:SignedProperties{_XADES} Id="{name}-properties"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{time}</xades:SigningTime>"
        "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod{_DS} Algorithm="{said.digest_uri}"></ds:DigestMethod>'
        f"<ds:DigestValue{_DS}>{base64(said.certificate_digest)}</ds:DigestValue></xades:CertDigest>"
        f"<xades:IssuerSerialV2>{base64(said.issuer_serial)}</xades:IssuerSerialV2></xades:Cert></xades:SigningCertificateV2>"
        f"{_roles(said)}</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>"
        f'<xades:DataObjectFormat ObjectReference="#{name}-content">'
        "<xades:MimeType>text/xml</xades:MimeType></xades:DataObjectFormat>"
        f"{_commitment(said.commitment)}</xades:SignedDataObjectProperties></xades:SignedProperties>"
    )


def _roles(said: Statements) -> str:
    """SignerRoleV2 (§5.2.6): what is claimed, and our attestation as a signed assertion (binding.md §4)."""
    if not said.claimed_roles and said.assertion is None:
        return ""
    claimed = "".join(f"<xades:ClaimedRole>{text(role)}</xades:ClaimedRole>" for role in said.claimed_roles)
    roles = f"<xades:ClaimedRoles>{claimed}</xades:ClaimedRoles>" if claimed else ""
    asserted = ""
    if said.assertion is not None:
        approval = f'<a:Approval xmlns:a="{names.APPROVAL}">{base64(said.assertion.encode("ascii"))}</a:Approval>'
        one = f"<xades:SignedAssertion>{approval}</xades:SignedAssertion>"
        asserted = f"<xades:SignedAssertions>{one}</xades:SignedAssertions>"
    return f"<xades:SignerRoleV2>{roles}{asserted}</xades:SignerRoleV2>"


def _commitment(oid: str | None) -> str:
    if oid is None:
        return ""
    known = names.COMMITMENT_URIS.get(oid)
    identifier = (
        f"<xades:Identifier>{known}</xades:Identifier>"
        if known
        else f'<xades:Identifier Qualifier="OIDAsURN">urn:oid:{text(oid)}</xades:Identifier>'
    )
    return (
        f"<xades:CommitmentTypeIndication><xades:CommitmentTypeId>{identifier}</xades:CommitmentTypeId>"
        "<xades:AllSignedDataObjects></xades:AllSignedDataObjects></xades:CommitmentTypeIndication>"
    )


def signed_info(name: str, signature_uri: str, digest_uri: str, content: bytes, properties: bytes) -> str:
    """SignedInfo with the two references of binding.md §1: the document by its three transforms, the properties."""
    digested = f'<ds:DigestMethod Algorithm="{digest_uri}"></ds:DigestMethod>'
    return (
        f'<ds:SignedInfo{_DS}><ds:CanonicalizationMethod Algorithm="{names.EXCLUSIVE}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{signature_uri}"></ds:SignatureMethod>'
        f'<ds:Reference Id="{name}-content" URI=""><ds:Transforms>'
        f'<ds:Transform Algorithm="{names.ENVELOPED}"></ds:Transform>'
        f'<ds:Transform Algorithm="{names.XPATH}"><ds:XPath>{names.XPATH_LITERAL}</ds:XPath></ds:Transform>'
        f'<ds:Transform Algorithm="{names.C14N10}"></ds:Transform></ds:Transforms>'
        f"{digested}<ds:DigestValue>{base64(content)}</ds:DigestValue></ds:Reference>"
        f'<ds:Reference Type="{names.SIGNED_PROPERTIES}" URI="#{name}-properties"><ds:Transforms>'
        f'<ds:Transform Algorithm="{names.EXCLUSIVE}"></ds:Transform></ds:Transforms>'
        f"{digested}<ds:DigestValue>{base64(properties)}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )


def key_info(certificates: tuple[bytes, ...]) -> str:
    """KeyInfo with these certificates."""
    offered = "".join(f"<ds:X509Certificate>{base64(der)}</ds:X509Certificate>" for der in certificates)
    return f"<ds:KeyInfo><ds:X509Data>{offered}</ds:X509Data></ds:KeyInfo>"


def signature(name: str, info: str, key: str, properties: str) -> tuple[str, str, str]:
    """The whole ds:Signature in three pieces: the value goes after the first, unsigned properties after the second.

    ``key`` is the finished KeyInfo.
    """
    opened = f'<ds:Object><xades:QualifyingProperties{_XADES} Target="#{name}">{properties}'
    return (
        f'<ds:Signature{_DS} Id="{name}">{info}{_value_start(name)}',
        f"</ds:SignatureValue>{key}{opened}",
        "</xades:QualifyingProperties></ds:Object></ds:Signature>",
    )


def _value_start(name: str) -> str:
    return f'<ds:SignatureValue{_DS} Id="{name}-value">'


def signature_value(name: str, value: bytes) -> str:
    """The SignatureValue element in exclusive C14N: what a signature timestamp covers (EN 319 132-1 §5.3)."""
    return f"{_value_start(name)}{base64(value)}</ds:SignatureValue>"


def signature_timestamp(token: bytes) -> str:
    """A SignatureTimeStamp over the exclusively canonicalised SignatureValue."""
    return (
        f"<xades:SignatureTimeStamp{_XADES}>"
        f'<ds:CanonicalizationMethod{_DS} Algorithm="{names.EXCLUSIVE}"></ds:CanonicalizationMethod>'
        f"<xades:EncapsulatedTimeStamp>{base64(token)}</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
    )


def archive_timestamp(token: bytes) -> str:
    """An ArchiveTimeStamp of 1.4.1 over exclusively canonicalised elements (EN 319 132-1 §5.5.2)."""
    return (
        f"<xadesv141:ArchiveTimeStamp{_XADES141}>"
        f'<ds:CanonicalizationMethod{_DS} Algorithm="{names.EXCLUSIVE}"></ds:CanonicalizationMethod>'
        f"<xades:EncapsulatedTimeStamp{_XADES}>{base64(token)}</xades:EncapsulatedTimeStamp>"
        "</xadesv141:ArchiveTimeStamp>"
    )


def certificate_values(certificates: Sequence[bytes]) -> str:
    """CertificateValues with these (EN 319 132-1 §5.4.1); nothing where there are none."""
    inside = _encapsulated("X509Certificate", certificates)
    return f"<xades:CertificateValues{_XADES}>{inside}</xades:CertificateValues>" if inside else ""


def revocation_values(crls: Sequence[bytes], ocsps: Sequence[bytes]) -> str:
    """RevocationValues with these (EN 319 132-1 §5.4.2); nothing where there are none."""
    lists, answers = _encapsulated("CRLValue", crls), _encapsulated("OCSPValue", ocsps)
    inside = f"<xades:CRLValues>{lists}</xades:CRLValues>" if lists else ""
    inside += f"<xades:OCSPValues>{answers}</xades:OCSPValues>" if answers else ""
    return f"<xades:RevocationValues{_XADES}>{inside}</xades:RevocationValues>" if inside else ""


def validation_data(
    name: Literal["TimeStampValidationData", "AnyValidationData"],
    certificates: Sequence[bytes],
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
) -> str:
    """Both of these in a property of 1.4.1 (EN 319 132-1 §5.5.1); nothing where there are none."""
    inside = certificate_values(certificates) + revocation_values(crls, ocsps)
    return f"<xadesv141:{name}{_XADES141}>{inside}</xadesv141:{name}>" if inside else ""


def _encapsulated(what: str, values: Sequence[bytes]) -> str:
    return "".join(f"<xades:Encapsulated{what}>{base64(one)}</xades:Encapsulated{what}>" for one in values)


def unsigned_signature_properties(inner: str) -> str:
    """UnsignedSignatureProperties around finished properties."""
    return f"<xades:UnsignedSignatureProperties{_XADES}>{inner}</xades:UnsignedSignatureProperties>"


def unsigned_properties(inner: str) -> str:
    """UnsignedProperties around a finished UnsignedSignatureProperties."""
    return f"<xades:UnsignedProperties{_XADES}>{inner}</xades:UnsignedProperties>"
