"""Extensions of certificates, CRLs and OCSP answers, and the general names and distribution points inside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from eidkit.asn1 import der, span

MAX_EXTENSIONS = 64
MAX_NAMES = 4_096
_REMEMBERED = 128
"""How many values are remembered of an extension whose value is short and one of a few everywhere."""
URI_TAG, DIRECTORY_TAG, EMAIL_TAG = 0x86, 0xA4, 0x81

SUBJECT_KEY_IDENTIFIER, KEY_USAGE = "2.5.29.14", "2.5.29.15"
SUBJECT_ALT_NAME, ISSUER_ALT_NAME = "2.5.29.17", "2.5.29.18"
BASIC_CONSTRAINTS, NAME_CONSTRAINTS = "2.5.29.19", "2.5.29.30"
CRL_NUMBER, REASON_CODE, HOLD_INSTRUCTION, INVALIDITY_DATE = "2.5.29.20", "2.5.29.21", "2.5.29.23", "2.5.29.24"
DELTA_CRL, ISSUING_DISTRIBUTION_POINT, CERTIFICATE_ISSUER = "2.5.29.27", "2.5.29.28", "2.5.29.29"
CRL_DISTRIBUTION_POINTS, CERTIFICATE_POLICIES, POLICY_MAPPINGS = "2.5.29.31", "2.5.29.32", "2.5.29.33"
AUTHORITY_KEY_IDENTIFIER, POLICY_CONSTRAINTS = "2.5.29.35", "2.5.29.36"
EXTENDED_KEY_USAGE, FRESHEST_CRL, INHIBIT_ANY_POLICY = "2.5.29.37", "2.5.29.46", "2.5.29.54"
EXPIRED_CERTS_ON_CRL = "2.5.29.60"
AUTHORITY_INFO_ACCESS, SUBJECT_INFO_ACCESS = "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11"
OCSP_NOCHECK, OCSP_NONCE, OCSP_ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.5", "1.3.6.1.5.5.7.48.1.2", "1.3.6.1.5.5.7.48.1.6"
ACCESS_OCSP, ACCESS_CA_ISSUERS = "1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2"

Extensions = dict[str, tuple[bool, bytes]]
"""Dotted OID → (critical, value octets)."""


def parse(data: bytes, start: int, stop: int) -> Extensions:
    """The extensions in the SEQUENCE content ``data[start:stop]``; one that stands twice is refused (RFC 5280 §4.2)."""
    found: Extensions = {}
    while start < stop:
        position, end = span.expect(data, start, stop, der.SEQUENCE)
        start = end
        content, after = span.expect(data, position, end, der.OID)
        oid = span.oid(data[content:after])
        tag, content, after = span.header(data, after, end)
        critical = False
        if tag == der.BOOLEAN:
            if after - content != 1:
                raise der.DerError("not a boolean")
            critical = data[content] != 0
            tag, content, after = span.header(data, after, end)
        if tag != der.OCTET_STRING or after != end:
            raise der.DerError("not an extension")
        if oid in found:
            raise der.DerError(f"the extension {oid} stands twice")
        if len(found) >= MAX_EXTENSIONS:
            raise der.DerError(f"more than {MAX_EXTENSIONS} extensions")
        found[oid] = (critical, data[content:after])
    return found


@dataclass(frozen=True, slots=True)
class DistributionPoint:
    """One place where a CRL is said to be: GeneralName TLVs, a name relative to the issuer, reasons, CRL issuer."""

    names: tuple[bytes, ...] = ()
    relative: bytes | None = None
    reasons: frozenset[int] | None = None
    crl_issuer: tuple[bytes, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """The URIs among ``names``."""
        return uris(self.names)


def distribution_points(value: bytes) -> tuple[DistributionPoint, ...]:
    """CRLDistributionPoints (RFC 5280 §4.2.1.13)."""
    return tuple(_distribution_point(node) for node in der.whole(value).items(limit=MAX_NAMES))


def _distribution_point(node: der.Node) -> DistributionPoint:
    names: tuple[bytes, ...] = ()
    relative: bytes | None = None
    reasons: frozenset[int] | None = None
    issuer: tuple[bytes, ...] = ()
    previous = 0
    for part in node.expect(der.SEQUENCE).items(limit=3):
        number = part.tag & 0x1F
        if part.tag & 0xC0 != 0x80 or number < previous:
            raise der.DerError("not a distribution point")
        previous = number + 1
        if part.tag == 0xA0:
            names, relative = distribution_point_name(part)
        elif part.tag == 0x81:
            reasons = flags(part)
        elif part.tag == 0xA2:
            issuer = general_names(part)
        else:
            raise der.DerError("not a distribution point")
    return DistributionPoint(names, relative, reasons, issuer)


def distribution_point_name(node: der.Node) -> tuple[tuple[bytes, ...], bytes | None]:
    """DistributionPointName inside its explicit tag: full names, or the content of a relative name."""
    choice = node.only()
    if choice.tag == 0xA0:
        names = general_names(choice)
        if not names:
            raise der.DerError("a distribution point name without a name")
        return names, None
    if choice.tag == 0xA1:
        return (), choice.content
    raise der.DerError("not a distribution point name")


def general_names(node: der.Node) -> tuple[bytes, ...]:
    """The raw GeneralName TLVs inside ``node`` (its own tag is not looked at)."""
    return tuple(child.raw for child in node.items(limit=MAX_NAMES))


def flags(node: der.Node) -> frozenset[int]:
    """A named BIT STRING under any tag."""
    return der.named_bits(der.Node(node.data, der.BIT_STRING, node.start, node.content_start, node.end))


def uris(names: tuple[bytes, ...]) -> tuple[str, ...]:
    """The uniformResourceIdentifiers among GeneralName TLVs, as ASCII text; others are left out."""
    found = []
    for name in names:
        if name[0] == URI_TAG:
            content = der.read(name).content
            if content.isascii() and len(content) <= 2_048:
                found.append(content.decode("ascii"))
    return tuple(found)


def access_urls(value: bytes, method: str) -> tuple[str, ...]:
    """The URIs of one access method in AuthorityInfoAccess (RFC 5280 §4.2.2.1)."""
    found: list[bytes] = []
    for node in der.whole(value).items(limit=MAX_NAMES):
        parts = node.expect(der.SEQUENCE).children(limit=2)
        if len(parts) != 2:
            raise der.DerError("not an access description")
        if der.oid(parts[0]) == method:
            found.append(parts[1].raw)
    return uris(tuple(found))


def key_identifier(value: bytes) -> bytes | None:
    """The keyIdentifier of AuthorityKeyIdentifier (RFC 5280 §4.2.1.1)."""
    position, stop = span.expect(value, 0, len(value), der.SEQUENCE)
    if stop != len(value):
        raise der.DerError("bytes after the end")
    for _ in range(3):
        if position == stop:
            return None
        tag, content, position = span.header(value, position, stop)
        if tag == 0x80:
            return value[content:position]
    if position != stop:
        raise der.DerError("not an authority key identifier")
    return None


@lru_cache(maxsize=_REMEMBERED)
def key_usage(value: bytes) -> frozenset[int]:
    """The bits that are set (RFC 5280 §4.2.1.3)."""
    return der.named_bits(der.whole(value, der.BIT_STRING))


@lru_cache(maxsize=_REMEMBERED)
def basic_constraints(value: bytes) -> tuple[bool, int | None]:
    """``(is a CA, path length)``; an explicit ``cA FALSE`` is read as it is meant (RFC 5280 §4.2.1.9)."""
    parts = der.whole(value).children(limit=2)
    authority = False
    if parts and parts[0].tag == der.BOOLEAN:
        authority = der.boolean(parts.pop(0))
    length = der.integer(parts.pop(0)) if parts else None
    if parts or (length is not None and length < 0):
        raise der.DerError("not basic constraints")
    return authority, length


@lru_cache(maxsize=_REMEMBERED)
def key_purposes(value: bytes) -> frozenset[str]:
    """The OIDs of ExtendedKeyUsage (RFC 5280 §4.2.1.12)."""
    found = frozenset(der.oid(node) for node in der.whole(value).items(limit=256))
    if not found:
        raise der.DerError("an empty extended key usage")
    return found
