"""XAdES B-B and B-T, enveloped and co-signed, by splicing bytes (EN 319 132-1, binding.md §1).

The plan of :func:`prepare`:
1. Parse the document once, bounded; refuse what could not be verified afterwards: an encoding other than
   UTF-8, an empty document element, signatures that stand elsewhere or that a further signature would break.
2. The content digest: C14N 1.0 of the document without any signature, the same for every co-signer.
3. Signed properties and SignedInfo as canonical text, digests over exactly this text.
4. The place: right before the end tag of the document element, after every earlier signature.  Not one byte
   outside the new ``ds:Signature`` is added or changed.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1 import certificate as x509
from eidkit.asn1 import der
from eidkit.errors import DocumentError, NotSupported, SigningError, Text
from eidkit.signing.formats import Prepared, Request
from eidkit.xml import parse, placement, properties, references, splice, stamps, templates
from eidkit.xml import signature as reading
from eidkit.xml.canonical import EXCLUSIVELY
from eidkit.xml.content import content_octets
from eidkit.xml.names import local

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lxml.etree import _Element

    from eidkit.document import Document
    from eidkit.xml.parse import Tree


def prepare(document: Document, request: Request, _placing: object = None) -> Prepared:
    """The signature without its value; raises :class:`DocumentError` for a document that cannot be signed."""
    # 1.
    tree = parse.load(document)
    offset = splice.before_end_of_root(tree)
    content = content_octets(tree)
    _check_earlier(tree)
    # 2.
    digest = algorithms.DIGEST_BY_NAME[request.digest]
    signature_uri = _uri(request)
    content_digest = hashlib.new(digest.name, content).digest()
    # 3.
    name = f"id-{secrets.token_hex(16)}"
    said = templates.Statements(
        request.signing_time,
        digest.uri or "",
        *_named(request.certificate, digest.name),
        request.claimed_roles,
        request.assertion,
        request.commitment,
    )
    signed = templates.signed_properties(name, said)
    info = templates.signed_info(
        name, signature_uri, digest.uri or "", content_digest, hashlib.new(digest.name, signed.encode()).digest()
    )
    key_info = _key_info(request.certificate, request.chain)
    before, between, after = (piece.encode() for piece in templates.signature(name, info, key_info, signed))
    # 4.
    state: dict[str, str | int] = {"id": name, "value_at": len(before), "unsigned_at": len(before) + len(between)}
    return Prepared(offset, before + between + after, info.encode(), state)


def timestamp_octets(prepared: Prepared, request: Request, value: bytes) -> bytes:
    """What a signature timestamp covers: the SignatureValue element in exclusive C14N (EN 319 132-1 §5.3)."""
    return templates.signature_value(str(prepared.state["id"]), _container_value(request, value)).encode()


def finish(prepared: Prepared, request: Request, value: bytes, token: bytes | None) -> bytes:
    """The finished ``ds:Signature``: the value and, when given, the signature timestamp put into their places."""
    made, value_at, unsigned_at = (
        prepared.insertion,
        int(prepared.state["value_at"]),
        int(prepared.state["unsigned_at"]),
    )
    written = templates.base64(_container_value(request, value)).encode()
    unsigned = b""
    if token is not None:
        stamp = templates.unsigned_signature_properties(templates.signature_timestamp(token))
        unsigned = templates.unsigned_properties(stamp).encode()
    return made[:value_at] + written + made[value_at:unsigned_at] + unsigned + made[unsigned_at:]


def add_timestamp(document: Document, token_for: Callable[[bytes], bytes]) -> Document:
    """The document with a signature timestamp on its last signature that has none; nothing else changes.

    Raises :class:`SigningError` when there is no such signature, when it has no XAdES properties, or when
    another signature covers it, so that adding to it would break that one.
    """
    tree = parse.load(document)
    splice.require_utf8(tree)
    parts = _last_unstamped(tree)
    qualifying = properties.qualifying_of(parts)
    resolver = references.Resolver(tree)
    if qualifying is None:
        raise _refused(
            "xml-not-xades",
            "the signature has no XAdES properties to put a timestamp into",
            "chữ ký không có thuộc tính XAdES",
        )
    octets = stamps.canonical_value(parts, EXCLUSIVELY, resolver)
    before = _digests(document)
    stamped = with_unsigned(document, tree, {qualifying: templates.signature_timestamp(token_for(octets))})
    if _digests(stamped) != before:
        raise _refused(
            "xml-covered",
            "another signature covers this one and would break",
            "chữ ký khác bao phủ chữ ký này và sẽ bị hỏng",
        )
    return stamped


# ── preparing ─────────────────────────────────────────────────────────────────────────────────────────────


def _check_earlier(tree: Tree) -> None:
    """1. A signature that nobody could verify afterwards is not made, and no earlier one is broken."""
    for signature in tree.signatures:
        if not placement.is_accounted(tree, signature):
            raise DocumentError(
                "xml-signature-elsewhere",
                Text(
                    f"{tree.name} holds a signature that is not among the last children of its document element",
                    f"{tree.name} có chữ ký không nằm cuối phần tử gốc",
                ),
                Text(
                    "sign the document in which it stands alone, or the file before that signature",
                    "ký bản chưa có chữ ký đó",
                ),
            )
        if any(
            references.breaks_by_cosigning(tree, reference, signature)
            for reference in reading.read(signature).references
        ):
            raise DocumentError(
                "xml-earlier-signature-breaks",
                Text(
                    f"{tree.name} holds a signature over the whole file that leaves no place for another",
                    f"{tree.name} có chữ ký trên toàn tệp, thêm chữ ký khác sẽ làm hỏng",
                ),
                Text(
                    "have the first signer sign with eidkit, or sign a file around this one",
                    "để người ký đầu tiên ký bằng eidkit",
                ),
            )


def _uri(request: Request) -> str:
    if request.algorithm.uri is None:
        raise NotSupported(
            "algorithm-not-in-xml",
            Text(
                f"{request.algorithm.name} has no name in XML signatures",
                f"{request.algorithm.name} không dùng được trong chữ ký XML",
            ),
            Text("sign with RSA, ECDSA or Ed25519 and SHA-2", "ký bằng RSA, ECDSA hoặc Ed25519"),
        )
    return request.algorithm.uri


@lru_cache(maxsize=64)
def _named(certificate: bytes, digest: str) -> tuple[bytes, bytes]:
    """What names a certificate: its digest, and the ESS IssuerSerial of RFC 5035 (one directoryName, serial number)."""
    parsed = x509.parse(certificate)
    serial = der.sequence(der.sequence(der.tlv(0xA4, parsed.issuer)), der.tlv(der.INTEGER, parsed.serial_octets))
    return hashlib.new(digest, certificate).digest(), serial


@lru_cache(maxsize=64)
def _key_info(certificate: bytes, chain: tuple[bytes, ...]) -> str:
    """The ds:KeyInfo of a signer, who signs more than once."""
    return templates.key_info((certificate, *chain))


def _container_value(request: Request, value: bytes) -> bytes:
    """The value as XML has it: ECDSA as r ‖ s of the curve's length (RFC 9231 §2.3.6)."""
    if request.algorithm.family != "ecdsa" or request.algorithm.plain:
        return value
    _, bits = algorithms.key_kind(x509.parse(request.certificate).public_key())
    return algorithms.ecdsa_to_plain(value, bits)


# ── adding a timestamp ────────────────────────────────────────────────────────────────────────────────────


def _last_unstamped(tree: Tree) -> reading.SignatureParts:
    for signature in reversed(tree.signatures):
        if placement.counter_signed(signature) is not None:
            continue
        parts = reading.read(signature)
        stamped = any(
            stamps.is_signature_timestamp(element) for element in properties.unsigned(properties.qualifying_of(parts))
        )
        if parts.problem is None and not stamped:
            return parts
    raise _refused(
        "xml-nothing-to-timestamp",
        "there is no signature without a timestamp",
        "không có chữ ký nào thiếu dấu thời gian",
    )


def with_unsigned(document: Document, tree: Tree, additions: Mapping[_Element, str]) -> Document:
    """Properties put at the end of the unsigned signature properties of each QualifyingProperties.

    Those around them are made when they are missing.
    """
    wanted: list[tuple[_Element, str]] = []
    for qualifying, text in additions.items():
        try:
            holder = properties.child(qualifying, "UnsignedProperties")
            inner = properties.child(holder, "UnsignedSignatureProperties")
        except reading.Malformed as problem:
            raise _refused("xml-malformed-properties", str(problem), "thuộc tính không ký bị sai cấu trúc") from problem
        if inner is not None:
            wanted.append((inner, text))
        elif holder is not None:
            wanted.append((holder, templates.unsigned_signature_properties(text)))
        else:
            made = templates.unsigned_properties(templates.unsigned_signature_properties(text))
            wanted.append((qualifying, made))
    places = splice.insides(tree, [element for element, _ in wanted])
    splices = []
    for element, text in wanted:
        begin, end = places[element]
        if begin < 0:
            raise _refused(
                "xml-no-room",
                "its unsigned properties are written as an empty tag",
                "phần thuộc tính không ký là thẻ rỗng",
            )
        # UnsignedDataObjectProperties follow what is put into UnsignedProperties.
        splices.append((begin if local(element.tag) == "UnsignedProperties" else end, text.encode()))
    for place, octets in sorted(splices, reverse=True):
        document = document.spliced(place, octets)
    return document


def _digests(document: Document) -> dict[str, list[bytes | None]]:
    tree = parse.load(document)
    resolver = references.Resolver(tree)
    return {
        f"{number}": [
            resolver.outcome(reference, signature).computed for reference in reading.read(signature).references
        ]
        for number, signature in enumerate(tree.signatures)
    }


def _refused(code: str, en: str, vi: str) -> SigningError:
    return SigningError(code, Text(en, vi), Text("sign the document again with tsa=", "ký lại kèm tsa="))
