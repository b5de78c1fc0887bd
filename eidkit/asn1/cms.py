"""CMS SignedData (RFC 5652): assembled from finished parts, and parsed with its bounds.

Parsing never judges: it returns what is there and *observes* what breaks a rule (each signer's
``observations``).  The checks, in order, for every SignerInfo:

1. its version fits the way it names its certificate (§5.3);
2. there are signed attributes, in DER (§5.3; without them the attributes of one signature can be passed off
   as the content of another);
3. content-type and message-digest: each exactly once with exactly one value, the type that of the content
   (§11.1, §11.2); signing-certificate, signing-time, algorithm protection and signer attributes at most once
   (commitments may be several: EN 319 122-1 §5.2.3 names no number, and each is read);
4. the digest algorithm is the one that the signature algorithm uses (§10.1.2; RFC 8419 §3 for EdDSA);
5. CMSAlgorithmProtection, when there, names the algorithms in use (RFC 6211 §3).

The container may be BER; a signed part that is not DER is observed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.asn1 import algorithm as identifiers
from eidkit.asn1 import attribute_rules as rules
from eidkit.asn1 import attributes, der, ocsp
from eidkit.asn1.assembly import (
    DATA,
    SIGNED_DATA,
    TST_INFO,
    digest_name,
    issuer_serial,
    parts_of,
    signed_attributes,
    signed_data,
    timestamp_attribute_size,
    with_timestamp,
    with_unsigned,
)
from eidkit.asn1.der import DerError
from eidkit.errors import NotSupported
from eidkit.findings import Observation, observed

if TYPE_CHECKING:
    from eidkit.algorithms import SignatureAlgorithm
    from eidkit.asn1.attributes import Attribute

ASSERTION_OID = attributes.ASSERTION_OID
__all__ = [
    "ASSERTION_OID",
    "DATA",
    "SIGNED_DATA",
    "TST_INFO",
    "SignedData",
    "SignerInfo",
    "answers_in",
    "counter_signer",
    "digest_name",
    "encode_answer",
    "issuer_serial",
    "parse",
    "signed_attributes",
    "signed_data",
    "timestamp_attribute_size",
    "values_in",
    "with_timestamp",
    "with_unsigned",
]

MAX_CMS = 32 * 1024 * 1024
MAX_SIGNERS = 16
MAX_CERTIFICATES = 256
MAX_REVOCATIONS = 256
MAX_ATTRIBUTES = 128

_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signature in a SignedData, as it stands.

    ``issuer_serial`` (name DER, INTEGER content) or ``key_identifier`` is the unprotected hint at the signer's
    certificate.  ``algorithm`` is None when unknown (then observed); ``digest_algorithm`` is a hashlib name or
    the unknown OID.  ``signed_octets`` are what the signature value is over: the signed attributes under the
    tag of SET, exactly as they stand (empty when there are none).
    """

    version: int
    issuer_serial: tuple[bytes, bytes] | None
    key_identifier: bytes | None
    digest_algorithm: str
    signature_oid: str
    algorithm: SignatureAlgorithm | None
    salt_length: int | None
    signed_octets: bytes
    signed_attributes: tuple[Attribute, ...]
    unsigned_attributes: tuple[Attribute, ...]
    signature: bytes
    observations: tuple[Observation, ...]
    fields: bytes = b""
    """All that stands before the unsigned attributes, as it stands: version to signature."""

    def signed(self, oid: str) -> tuple[bytes, ...]:
        """The raw values of all signed attributes of that type."""
        return tuple(value for one in self.signed_attributes if one.oid == oid for value in one.values)

    def unsigned(self, oid: str) -> tuple[bytes, ...]:
        """The raw values of all unsigned attributes of that type."""
        return tuple(value for one in self.unsigned_attributes if one.oid == oid for value in one.values)

    @property
    def message_digest(self) -> bytes | None:
        """The value of the message-digest attribute; None when missing or not an octet string."""
        values = self.signed(attributes.MESSAGE_DIGEST)
        node = der.read(values[0]) if len(values) == 1 else None
        return node.content if node is not None and node.tag == der.OCTET_STRING else None

    @property
    def sorted_octets(self) -> bytes:
        """``signed_octets`` with the attributes in DER order: what a signer that sorted only for signing signed."""
        if not self.signed_octets:
            return b""
        return der.set_of(child.raw for child in der.read(self.signed_octets).items())


@dataclass(frozen=True, slots=True)
class SignedData:
    """A parsed SignedData: content, candidate certificates and revocation data (raw), signatures.

    ``certificates`` and ``crls``/``ocsps`` (OCSPResponse) also hold what the AdES and Adobe attributes carry;
    all of it is untrusted.  ``e_content`` is None for a detached signature.
    """

    version: int
    content_type: str
    e_content: bytes | None
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────


def parse(data: bytes) -> SignedData:
    """The SignedData in a ContentInfo; raises :class:`DerError` for anything else, also bytes after its end."""
    if len(data) > MAX_CMS:
        raise DerError(f"a CMS object of more than {MAX_CMS} bytes")
    try:
        return _signed_data(data, data)
    except DerError:
        normal = der.definite(data)
        if normal == data:
            raise
        return _signed_data(normal, data)


def _signed_data(data: bytes, original: bytes) -> SignedData:
    parts = parts_of(data)
    version = der.integer(parts[0])
    parts[1].expect(der.SET)
    content_type, e_content = _content(parts[2])
    bags = {part.tag: part for part in parts[3:-1]}
    if not set(bags) <= {0xA0, 0xA1} or len(bags) != len(parts) - 4:
        raise DerError("unknown or repeated parts in a SignedData")
    infos = parts[-1].expect(der.SET).children(limit=MAX_SIGNERS)
    budget = der.Budget()
    signers = tuple(_signer(info, content_type, original, budget) for info in infos)
    certificates = _certificates(bags.get(0xA0))
    crls, ocsps = _revocations(bags.get(0xA1))
    for signer in signers:
        certificates += _certificate_values(signer)
        more_crls, more_ocsps = _revocation_values(signer)
        crls, ocsps = crls + more_crls, ocsps + more_ocsps
    return SignedData(version, content_type, e_content, _unique(certificates), _unique(crls), _unique(ocsps), signers)


def _unique(items: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(items))


def _content(node: der.Node) -> tuple[str, bytes | None]:
    parts = node.expect(der.SEQUENCE).children(limit=2)
    if not parts:
        raise DerError("no content type")
    e_content = der.octets(parts[1].expect(0xA0).only()) if len(parts) > 1 else None
    return der.oid(parts[0]), e_content


def _certificates(bag: der.Node | None) -> tuple[bytes, ...]:
    if bag is None:
        return ()
    return tuple(item.raw for item in bag.items(MAX_CERTIFICATES) if item.tag == der.SEQUENCE)


def _revocations(bag: der.Node | None) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    for item in bag.items(MAX_REVOCATIONS) if bag is not None else ():
        if item.tag == der.SEQUENCE:
            crls.append(item.raw)
        elif item.tag == 0xA1:
            parts = item.children(limit=2)
            kind = der.oid(parts[0]) if len(parts) == 2 else ""
            if kind == _OCSP_RESPONSE:
                ocsps.append(parts[1].raw)
            elif kind == ocsp.BASIC_OID:
                ocsps.append(ocsp.encode_response(parts[1].raw))
    return tuple(crls), tuple(ocsps)


def _certificate_values(signer: SignerInfo) -> tuple[bytes, ...]:
    return tuple(
        one
        for value in signer.unsigned(attributes.CERTIFICATE_VALUES)
        for one in values_in(attributes.CERTIFICATE_VALUES, value)[0]
    )


def _revocation_values(signer: SignerInfo) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    for oid, values in (
        (attributes.ADOBE_REVOCATION, signer.signed(attributes.ADOBE_REVOCATION)),
        (attributes.REVOCATION_VALUES, signer.unsigned(attributes.REVOCATION_VALUES)),
    ):
        for value in values:
            _, more_crls, more_ocsps = values_in(oid, value)
            crls += more_crls
            ocsps += more_ocsps
    return tuple(crls), tuple(ocsps)


def values_in(oid: str, value: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    """Certificates, CRLs and OCSP answers in a value of certificate-values, revocation-values or Adobe's attribute.

    EN 319 122-1 §A.1.1.2, §A.1.2.2 (basic answers), ISO 32000-2 §12.8.3.3.2 (whole ones); an unreadable one gives none.
    """
    found: dict[str, list[bytes]] = {"certificates": [], "crls": [], "ocsps": []}
    with suppress(DerError):
        if oid == attributes.CERTIFICATE_VALUES:
            items = der.whole(value).items(MAX_CERTIFICATES)
            found["certificates"] += [node.raw for node in items if node.tag == der.SEQUENCE]
        elif oid in {attributes.REVOCATION_VALUES, attributes.ADOBE_REVOCATION}:
            basic = oid == attributes.REVOCATION_VALUES
            for part in der.whole(value).children(limit=4):
                raws = [node.raw for node in part.only().items(MAX_REVOCATIONS)] if part.tag in {0xA0, 0xA1} else []
                if part.tag == 0xA0:
                    found["crls"] += raws
                else:
                    found["ocsps"] += [ocsp.encode_response(raw) if basic else raw for raw in raws]
    return tuple(found["certificates"]), tuple(found["crls"]), tuple(found["ocsps"])


def encode_answer(response: bytes) -> bytes:
    """An OCSPResponse as an element of the bag of answers (RFC 5940 §2)."""
    return b"\xa1" + der.sequence(der.encode_oid(_OCSP_RESPONSE), response)[1:]


def answers_in(element: bytes) -> tuple[bytes, ...]:
    """The CRL, or the OCSP answers, that one element of the bag of answers is."""
    crls, ocsps = _revocations(der.read(der.tlv(0xA1, element)))
    return crls + ocsps


def counter_signer(value: bytes, budget: der.Budget) -> SignerInfo:
    """The signature that a countersignature attribute holds: over another signature's value (RFC 5652 §11.4)."""
    return _signer(der.whole(value), None, value, budget)


def _signer(node: der.Node, content_type: str | None, original: bytes, budget: der.Budget) -> SignerInfo:
    parts = node.expect(der.SEQUENCE).children(limit=7)
    if len(parts) < 5:
        raise DerError("an incomplete SignerInfo")
    unsigned = parts.pop().expect(0xA1) if parts[-1].tag == 0xA1 else None
    fields = b"".join(part.raw for part in parts)
    signed = parts.pop(3) if parts[3].tag == 0xA0 else None
    if len(parts) != 5:
        raise DerError("unknown parts in a SignerInfo")
    issuer_serial, key_identifier = _signer_hint(parts[1])
    seen: list[Observation] = []
    digest = _digest_name(parts[2], seen)
    signature_oid, algorithm, salt = _signature_algorithm(parts[3], digest, seen)
    signed_attributes = attributes.parse_set(signed, MAX_ATTRIBUTES) if signed is not None else ()
    version = der.integer(parts[0])
    if version != (1 if key_identifier is None else 3):
        seen.append(rules.malformed("the SignerInfo version does not fit", "phiên bản SignerInfo không phù hợp"))
    if signed is None:
        seen.append(rules.NO_SIGNED_ATTRIBUTES)
    else:
        rules.check_encoding(signed, original, seen, budget)
        rules.check_attributes(signed_attributes, content_type, seen)
        rules.check_protection(signed_attributes, parts[2], parts[3], seen)
    return SignerInfo(
        version=version,
        issuer_serial=issuer_serial,
        key_identifier=key_identifier,
        digest_algorithm=digest,
        signature_oid=signature_oid,
        algorithm=algorithm,
        salt_length=salt,
        signed_octets=b"\x31" + signed.raw[1:] if signed is not None else b"",
        signed_attributes=signed_attributes,
        unsigned_attributes=attributes.parse_set(unsigned, MAX_ATTRIBUTES) if unsigned is not None else (),
        signature=der.octets(parts[4]),
        observations=tuple(seen),
        fields=fields,
    )


def _signer_hint(node: der.Node) -> tuple[tuple[bytes, bytes] | None, bytes | None]:
    if node.tag == der.SEQUENCE:
        parts = node.children(limit=2)
        if len(parts) != 2:
            raise DerError("not an issuer and serial number")
        return (parts[0].expect(der.SEQUENCE).raw, parts[1].expect(der.INTEGER).content), None
    if node.tag == 0x80:
        return None, node.content
    if node.tag == 0xA0:  # a key identifier tagged explicitly, seen in the wild
        return None, der.octets(node.only())
    raise DerError("not a signer identifier")


def _digest_name(node: der.Node, seen: list[Observation]) -> str:
    identifier = identifiers.parse(node)
    try:
        return identifiers.digest_algorithm(identifier)
    except NotSupported:
        seen.append(observed("NOT_SUPPORTED", what=f"digest algorithm {identifier.oid}"))
        return identifier.oid


def _signature_algorithm(
    node: der.Node, digest: str, seen: list[Observation]
) -> tuple[str, SignatureAlgorithm | None, int | None]:
    identifier = identifiers.parse(node)
    try:
        algorithm, salt = identifiers.signature_algorithm(identifier, digest)
    except NotSupported:
        seen.append(observed("NOT_SUPPORTED", what=f"signature algorithm {identifier.oid}"))
        return identifier.oid, None, None
    if digest_name(algorithm, digest) != digest:
        seen.append(
            rules.malformed(
                f"digest algorithm {digest} and signature algorithm {algorithm.name} disagree",
                f"thuật toán băm {digest} và thuật toán ký {algorithm.name} không khớp",
            )
        )
    return identifier.oid, algorithm, salt
