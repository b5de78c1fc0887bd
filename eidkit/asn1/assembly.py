"""CMS SignedData put together from finished parts; what depends on certificates alone is kept.

Nothing is parsed that was just written: a signature costs a few microseconds beside the key's own work.
Sources: RFC 5652, ETSI EN 319 122-1 and EN 319 142-1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from eidkit.asn1 import algorithm as identifiers
from eidkit.asn1 import attributes, der
from eidkit.asn1.der import DerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from eidkit.algorithms import SignatureAlgorithm

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
MAX_UNSIGNED = 128


def signed_attributes(
    *,
    message_digest: bytes,
    certificate: bytes,
    content_type: str | None = DATA,
    claimed_roles: Sequence[str] = (),
    assertion: str | None = None,
    commitment: str | None = None,
    signing_time: datetime | None = None,
    extra: Iterable[bytes] = (),
) -> bytes:
    """The signed attributes of an AdES signature as DER SET OF: the octets to sign.

    Always content-type, message-digest and signing-certificate-v2 (SHA-256); a commitment type OID, claimed
    roles and the attestation JWS ``assertion`` when given.  ``signing_time`` stays None in PAdES baseline
    signatures (EN 319 142-1 §6.3).  ``extra`` holds finished attributes.  ``content_type`` None: a counter-signature,
    which names none (RFC 5652 §11.4).
    """
    parts = [
        *([attributes.content_type(content_type)] if content_type is not None else ()),
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


def parts_of(cms: bytes) -> list[der.Node]:
    """The four to six parts of the SignedData in a ContentInfo (RFC 5652 §5.1); raises DerError for anything else."""
    outer = der.whole(cms).children(limit=2)
    if len(outer) != 2 or der.oid(outer[0]) != SIGNED_DATA:
        raise DerError("not a CMS SignedData")
    parts = outer[1].expect(0xA0).only().expect(der.SEQUENCE).children(limit=6)
    if len(parts) < 4:
        raise DerError("an incomplete SignedData")
    return parts


def with_timestamp(cms: bytes, token: bytes) -> bytes:
    """The same CMS with ``token`` as signature timestamp of its only signer (EN 319 122-1 §5.3)."""
    return with_unsigned(cms, attributes.attribute(attributes.SIGNATURE_TIMESTAMP, token))


def with_unsigned(cms: bytes, attribute: bytes) -> bytes:
    """The same CMS with one more unsigned attribute on its only signer; all signed octets stay as they are."""
    parts = parts_of(cms)
    signer = signer_with_unsigned(parts[-1].expect(der.SET).only().raw, attribute)
    body = b"".join((*(part.raw for part in parts[:-1]), der.tlv(der.SET, signer)))
    return der.sequence(_SIGNED_DATA_OID, der.explicit(0, der.tlv(der.SEQUENCE, body)))


def signer_with_unsigned(signer: bytes, attribute: bytes) -> bytes:
    """The same SignerInfo with one more unsigned attribute."""
    fields, present = _unsigned(signer)
    return _with_unsigned(fields, present, [*(child.raw for child in present), attribute])


def signer_with_values(signer: bytes, oid: str, changed: Callable[[bytes], bytes]) -> bytes:
    """The same SignerInfo with each value of its unsigned attributes of that type ``changed``, in their order.

    An attribute of which nothing changes keeps its octets.
    """
    fields, present = _unsigned(signer)
    made = []
    for child in present:
        parts = child.expect(der.SEQUENCE).children(limit=2)
        values = [value.raw for value in parts[1].items(MAX_UNSIGNED)] if len(parts) == 2 else []
        now = [changed(value) for value in values] if values and der.oid(parts[0]) == oid else values
        made.append(child.raw if now == values else attributes.attribute(oid, *now))
    return _with_unsigned(fields, present, made) if made else signer


def _unsigned(signer: bytes) -> tuple[bytes, list[der.Node]]:
    """All that stands before the unsigned attributes, and these."""
    fields = der.whole(signer).children(limit=7)
    if len(fields) < 5:
        raise DerError("an incomplete SignerInfo")
    present = list(fields.pop().items(MAX_UNSIGNED)) if fields[-1].tag == 0xA1 else []
    return b"".join(field.raw for field in fields), present


def _with_unsigned(fields: bytes, before: Sequence[der.Node], now: list[bytes]) -> bytes:
    """A SignerInfo with these unsigned attributes: in DER order, but left as they stand where they had another.

    Some timestamps are over several of them in the order in which they stand.
    """
    raws = [child.raw for child in before]
    unsigned = b"\xa1" + der.set_of(now)[1:] if raws == sorted(raws) else der.tlv(0xA1, b"".join(now))
    return der.sequence(fields, unsigned)


def timestamp_attribute_size(reserve: int) -> int:
    """How many octets an unsigned timestamp attribute takes whose token has at most ``reserve`` octets.

    Includes the growth of the lengths around it, so that a hole of ``len(cms) + this`` holds the stamped CMS.
    """
    framed = len(attributes.attribute(attributes.SIGNATURE_TIMESTAMP, der.tlv(der.SEQUENCE, bytes(reserve))))
    return framed + 5 + 4 * 6
