"""CMS SignedData (RFC 5652): assembled from finished parts, and parsed with its bounds.

Parsing never judges: it returns what is there and *observes* what breaks a rule (each signer's
``observations``).  The checks, in order, for every SignerInfo:

1. its version fits the way it names its certificate (§5.3);
2. there are signed attributes, in DER (§5.3; without them the attributes of one signature can be passed off
   as the content of another);
3. content-type and message-digest: each exactly once with exactly one value, the type that of the content
   (§11.1, §11.2); signing-certificate, signing-time, algorithm protection and signer attributes at most once;
4. the digest algorithm is the one that the signature algorithm uses (§10.1.2; RFC 8419 §3 for EdDSA);
5. CMSAlgorithmProtection, when there, names the algorithms in use (RFC 6211 §3).

The container may be BER; a signed part that is not DER is observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from eidkit.asn1 import algorithm as identifiers
from eidkit.asn1 import attributes, der
from eidkit.asn1.der import DerError
from eidkit.errors import NotSupported
from eidkit.findings import Observation, observed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from eidkit.algorithms import SignatureAlgorithm
    from eidkit.asn1.attributes import Attribute

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
ASSERTION_OID = attributes.ASSERTION_OID

MAX_CMS = 32 * 1024 * 1024
MAX_SIGNERS = 16
MAX_CERTIFICATES = 256
MAX_REVOCATIONS = 256
MAX_ATTRIBUTES = 128

_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
_OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1"
_SINGLE = {
    attributes.CONTENT_TYPE: "content-type",
    attributes.MESSAGE_DIGEST: "message-digest",
    attributes.SIGNING_TIME: "signing-time",
    attributes.ALGORITHM_PROTECTION: "algorithm-protection",
    attributes.SIGNING_CERTIFICATE: "signing-certificate",
    attributes.SIGNING_CERTIFICATE_V2: "signing-certificate-v2",
    attributes.SIGNER_ATTRIBUTES_V2: "signer-attributes-v2",
    attributes.COMMITMENT_TYPE: "commitment-type-indication",
}


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
    outer = der.whole(data).children(limit=2)
    if len(outer) != 2 or der.oid(outer[0]) != SIGNED_DATA:
        raise DerError("not a CMS SignedData")
    parts = outer[1].expect(0xA0).only().expect(der.SEQUENCE).children(limit=6)
    if len(parts) < 4:
        raise DerError("an incomplete SignedData")
    version = der.integer(parts[0])
    parts[1].expect(der.SET)
    content_type, e_content = _content(parts[2])
    bags = {part.tag: part for part in parts[3:-1]}
    if not set(bags) <= {0xA0, 0xA1} or len(bags) != len(parts) - 4:
        raise DerError("unknown or repeated parts in a SignedData")
    infos = parts[-1].expect(der.SET).children(limit=MAX_SIGNERS)
    signers = tuple(_signer(info, content_type, original) for info in infos)
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
            elif kind == _OCSP_BASIC:
                ocsps.append(ocsp_response(parts[1].raw))
    return tuple(crls), tuple(ocsps)


def ocsp_response(basic: bytes) -> bytes:
    """A successful OCSPResponse around a BasicOCSPResponse (RFC 6960 §4.2.1)."""
    inner = der.sequence(der.encode_oid(_OCSP_BASIC), der.encode_octets(basic))
    return der.sequence(b"\x0a\x01\x00", der.explicit(0, inner))


def _certificate_values(signer: SignerInfo) -> tuple[bytes, ...]:
    """Certificates of the certificate-values attribute (EN 319 122-1 §A.1.1.2); an unreadable one gives none."""
    found: list[bytes] = []
    for value in signer.unsigned(attributes.CERTIFICATE_VALUES):
        try:
            found += [node.raw for node in der.whole(value).items(MAX_CERTIFICATES) if node.tag == der.SEQUENCE]
        except DerError:
            continue
    return tuple(found)


def _revocation_values(signer: SignerInfo) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Revocation data of the attributes of CAdES (basic answers) and Adobe (whole answers)."""
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    sources = [(value, False) for value in signer.signed(attributes.ADOBE_REVOCATION)]
    sources += [(value, True) for value in signer.unsigned(attributes.REVOCATION_VALUES)]
    for value, basic in sources:
        try:
            for part in der.whole(value).children(limit=4):
                items = [node.raw for node in part.only().items(MAX_REVOCATIONS)] if part.tag in {0xA0, 0xA1} else []
                if part.tag == 0xA0:
                    crls += items
                else:
                    ocsps += [ocsp_response(item) if basic else item for item in items]
        except DerError:
            continue
    return tuple(crls), tuple(ocsps)


def _signer(node: der.Node, content_type: str, original: bytes) -> SignerInfo:
    parts = node.expect(der.SEQUENCE).children(limit=7)
    if len(parts) < 5:
        raise DerError("an incomplete SignerInfo")
    unsigned = parts.pop().expect(0xA1) if parts[-1].tag == 0xA1 else None
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
        seen.append(_malformed("the SignerInfo version does not fit"))
    if signed is None:
        seen.append(_malformed("there are no signed attributes"))
    else:
        _check_encoding(signed, original, seen)
        _check_attributes(signed_attributes, content_type, seen)
        _check_protection(signed_attributes, parts[2], parts[3], seen)
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
    )


def _malformed(why: str) -> Observation:
    return observed("FORMAT_FAILURE", why=why)


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
    wanted = algorithm.digest or ("sha512" if algorithm.name == "ed25519" else None)
    if wanted is not None and wanted != digest:
        seen.append(_malformed(f"digest algorithm {digest} and signature algorithm {algorithm.name} disagree"))
    return identifier.oid, algorithm, salt


def _check_encoding(signed: der.Node, original: bytes, seen: list[Observation]) -> None:
    if original is not signed.data and original.find(signed.raw) < 0:
        seen.append(_malformed("the signed attributes are not in DER"))
        return
    order = [child.raw for child in signed.items()]
    try:
        for child in order:
            _check_strict(der.read(child), 0)
    except DerError:
        seen.append(_malformed("the signed attributes are not in DER"))
    if order != sorted(order):
        seen.append(observed("ATTRIBUTE_ORDER"))


def _check_strict(node: der.Node, depth: int) -> None:
    """Refuse lengths that are not minimal and constructed strings (X.690 §10.1, §10.2)."""
    if depth > der.MAX_DEPTH:
        raise DerError("nested too deep")
    length = node.end - node.content_start
    minimal = 2 if length < 0x80 else 2 + (length.bit_length() + 7) // 8
    if node.content_start - node.start != minimal:
        raise DerError("a length that is not minimal")
    if node.tag & der.CONSTRUCTED:
        if node.tag < 0x40 and node.tag not in {der.SEQUENCE, der.SET}:
            raise DerError("a constructed string")
        for child in node.items():
            _check_strict(child, depth + 1)


def _check_attributes(found: Sequence[Attribute], content_type: str, seen: list[Observation]) -> None:
    for oid, name in _SINGLE.items():
        values = [one.values for one in found if one.oid == oid]
        if not values:
            if oid in {attributes.CONTENT_TYPE, attributes.MESSAGE_DIGEST}:
                seen.append(_malformed(f"there is no {name} attribute"))
        elif len(values) > 1 or len(values[0]) != 1:
            seen.append(_malformed(f"the {name} attribute does not have exactly one value"))
        elif oid == attributes.CONTENT_TYPE and values[0][0] != der.encode_oid(content_type):
            seen.append(_malformed("the content-type attribute names another type"))
        elif oid == attributes.MESSAGE_DIGEST and values[0][0][0] != der.OCTET_STRING:
            seen.append(_malformed("the message-digest attribute is not an octet string"))


def _check_protection(
    found: Sequence[Attribute], digest: der.Node, signature: der.Node, seen: list[Observation]
) -> None:
    values = [value for one in found if one.oid == attributes.ALGORITHM_PROTECTION for value in one.values]
    if not values:
        return
    try:
        agrees = _protects(values[0], digest, signature)
    except DerError:
        agrees = False
    if not agrees:
        seen.append(_malformed("the protected algorithms are not the ones in use"))


def _protects(value: bytes, digest: der.Node, signature: der.Node) -> bool:
    parts = der.whole(value).children(limit=2)
    if len(parts) != 2 or parts[1].tag != 0xA1:
        return False
    protected = der.whole(b"\x30" + parts[1].raw[1:])
    return _same_algorithm(parts[0], digest) and _same_algorithm(protected, signature)


def _same_algorithm(one: der.Node, other: der.Node) -> bool:
    """Equal OIDs and parameters; absent and NULL parameters are the same (RFC 5754 §2)."""
    a, b = identifiers.parse(one), identifiers.parse(other)
    return a.oid == b.oid and (a.parameters or der.ENCODED_NULL) == (b.parameters or der.ENCODED_NULL)


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────


def signed_attributes(
    *,
    message_digest: bytes,
    certificate: bytes,
    content_type: str = DATA,
    claimed_roles: Sequence[str] = (),
    assertion: str | None = None,
    commitment: str | None = None,
    signing_time: datetime | None = None,
    extra: Iterable[bytes] = (),
) -> bytes:
    """The signed attributes of an AdES signature as DER SET OF: the octets to sign.

    Always content-type, message-digest and signing-certificate-v2 (SHA-256); a commitment type OID, claimed
    roles and the attestation JWS ``assertion`` when given.  ``signing_time`` stays None in PAdES baseline
    signatures (EN 319 142-1 §6.3).  ``extra`` holds finished attributes.
    """
    parts = [
        attributes.content_type(content_type),
        attributes.message_digest(message_digest),
        attributes.signing_certificate(certificate),
        *extra,
    ]
    if claimed_roles or assertion is not None:
        parts.append(attributes.signer_attributes(claimed_roles, assertion))
    if commitment is not None:
        parts.append(attributes.commitment_type(commitment))
    if signing_time is not None:
        parts.append(attributes.signing_time(signing_time))
    return der.set_of(parts)


def digest_name(algorithm: SignatureAlgorithm, digest: str) -> str:
    """The digest that goes with ``algorithm``: its own, SHA-512 for Ed25519 (RFC 8419 §3), else ``digest``."""
    return algorithm.digest or ("sha512" if algorithm.name == "ed25519" else digest)


def signed_data(
    *,
    certificate: bytes,
    chain: Sequence[bytes] = (),
    digest: str,
    algorithm: SignatureAlgorithm,
    signed_attributes: bytes,
    signature: bytes,
    unsigned: Sequence[bytes] = (),
    content_type: str = DATA,
    e_content: bytes | None = None,
    key_certificate: bool = True,
) -> bytes:
    """A ContentInfo with one signature; certificates in DER order, ``unsigned`` holds finished attributes.

    ``e_content`` None gives a detached signature.  ``key_certificate=False`` leaves the certificates out.
    """
    version, head = _head(certificate, tuple(chain), digest, content_type, key_certificate)
    middle = der.tlv(0x30, der.encode_oid(content_type) + _e_content(e_content)) if e_content is not None else None
    info = b"".join(
        (
            _signer_head(certificate, digest),
            b"\xa0",
            signed_attributes[1:],
            _signature_identifier(algorithm),
            der.encode_octets(signature),
            b"\xa1" + der.set_of(unsigned)[1:] if unsigned else b"",
        )
    )
    content = head[1] if middle is None else middle
    body = b"".join((version, head[0], content, head[2], der.tlv(der.SET, der.tlv(der.SEQUENCE, info))))
    return der.sequence(_SIGNED_DATA_OID, der.explicit(0, der.tlv(der.SEQUENCE, body)))


_SIGNED_DATA_OID = der.encode_oid(SIGNED_DATA)


def _e_content(content: bytes) -> bytes:
    return der.explicit(0, der.encode_octets(content))


@lru_cache(maxsize=256)
def _head(
    certificate: bytes, chain: tuple[bytes, ...], digest: str, content_type: str, with_certificates: bool
) -> tuple[bytes, tuple[bytes, bytes, bytes]]:
    """Version, and the parts of a SignedData that depend on the certificates alone."""
    version = der.encode_integer(1 if content_type == DATA else 3)
    algorithms = der.set_of([identifiers.encode_digest(digest)])
    content = der.sequence(der.encode_oid(content_type))
    bag = b""
    if with_certificates or chain:
        own = (certificate,) if with_certificates else ()
        bag = b"\xa0" + der.set_of(dict.fromkeys((*own, *chain)))[1:]
    return version, (algorithms, content, bag)


@lru_cache(maxsize=256)
def _signer_head(certificate: bytes, digest: str) -> bytes:
    """Version 1, issuer and serial number, digest algorithm."""
    issuer, serial = issuer_serial(certificate)
    return der.encode_integer(1) + der.sequence(issuer, serial) + identifiers.encode_digest(digest)


@lru_cache(maxsize=64)
def _signature_identifier(algorithm: SignatureAlgorithm) -> bytes:
    return identifiers.encode_signature(algorithm)


@lru_cache(maxsize=1024)
def issuer_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Issuer name and serial number of a certificate, both as whole DER values from its own octets."""
    fields = der.whole(certificate).children(limit=3)[0].expect(der.SEQUENCE).children(limit=12)
    if fields and fields[0].tag == 0xA0:
        fields = fields[1:]
    if len(fields) < 6:
        raise DerError("not a certificate")
    return fields[2].expect(der.SEQUENCE).raw, fields[0].expect(der.INTEGER).raw


def with_timestamp(cms: bytes, token: bytes) -> bytes:
    """The same CMS with ``token`` as signature timestamp of its only signer (EN 319 122-1 §5.3)."""
    return with_unsigned(cms, attributes.attribute(attributes.SIGNATURE_TIMESTAMP, token))


def with_unsigned(cms: bytes, attribute: bytes) -> bytes:
    """The same CMS with one more unsigned attribute on its only signer; all signed octets stay as they are."""
    outer = der.whole(cms).children(limit=2)
    if len(outer) != 2 or der.oid(outer[0]) != SIGNED_DATA:
        raise DerError("not a CMS SignedData")
    parts = outer[1].expect(0xA0).only().expect(der.SEQUENCE).children(limit=6)
    info = parts[-1].expect(der.SET).only().expect(der.SEQUENCE)
    fields = info.children(limit=7)
    present = [child.raw for child in fields.pop().items(MAX_ATTRIBUTES)] if fields[-1].tag == 0xA1 else []
    unsigned = b"\xa1" + der.set_of([*present, attribute])[1:]
    signer = der.sequence(*(field.raw for field in fields), unsigned)
    body = b"".join((*(part.raw for part in parts[:-1]), der.tlv(der.SET, signer)))
    return der.sequence(_SIGNED_DATA_OID, der.explicit(0, der.tlv(der.SEQUENCE, body)))


def timestamp_attribute_size(reserve: int) -> int:
    """How many octets an unsigned timestamp attribute takes whose token has at most ``reserve`` octets.

    Includes the growth of the lengths around it, so that a hole of ``len(cms) + this`` holds the stamped CMS.
    """
    framed = len(attributes.attribute(attributes.SIGNATURE_TIMESTAMP, der.tlv(der.SEQUENCE, bytes(reserve))))
    return framed + 5 + 4 * 6
