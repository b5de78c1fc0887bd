"""Small PDFs written by hand, and a key to sign them with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from eidkit.algorithms import SignatureAlgorithm, suited
from eidkit.document import Document
from eidkit.signing.formats import Request
from eidkit.signing.formats import pdf as writer

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Signer:
    """A P-256 key with a self-signed certificate, and the shortest way to sign a document with it."""

    key: ec.EllipticCurvePrivateKey
    certificate: bytes

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return suited(self.key.public_key())

    def request(self, **changes: object) -> Request:
        values: dict[str, object] = {
            "certificate": self.certificate, "chain": (), "algorithm": self.algorithm, "digest": "sha256",
            "token_reserve": 0, "assertion": None, "claimed_roles": (), "commitment": None, "signing_time": NOW,
        }  # fmt: skip
        return Request(**{**values, **changes})  # type: ignore[arg-type]

    def value(self, octets: bytes, digest: hashes.HashAlgorithm | None = None) -> bytes:
        return self.key.sign(octets, ec.ECDSA(digest or hashes.SHA256()))

    def sign(self, document: Document, **changes: object) -> Document:
        request = self.request(**changes)
        prepared = writer.prepare(document, request)
        finished = writer.finish(prepared, request, self.value(prepared.to_sign), None)
        return document.spliced(prepared.offset, finished)


@pytest.fixture(scope="session")
def signer() -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nguyễn Thị Thử")])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 4711, NOW - timedelta(days=1), NOW + timedelta(days=999)
    )
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    return Signer(key, certificate.public_bytes(serialization.Encoding.DER))


CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<<>>>>"
CONTENT = b"<</Length 24>>\nstream\n0 0 m 100 100 l S (100) \nendstream"
INFO = b"<</Title(A permit)>>"


def written(objects: list[bytes], *, trailer: bytes = b"/Root 1 0 R", start: bytes = b"%PDF-1.7\n") -> bytes:
    """A PDF with a classic cross-reference table; object numbers count from 1."""
    parts, places = [start], []
    for number, value in enumerate(objects, 1):
        places.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, value))
    where = sum(map(len, parts))
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, rows))
    parts.append(b"trailer\n<</Size %d%b>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, where))
    return b"".join(parts)


def updated(
    data: bytes,
    objects: dict[int, bytes],
    *,
    size: int,
    trailer: bytes = b"/Root 1 0 R",
    previous: int | None = None,
    rows: bytes = b"",
) -> bytes:
    """``data`` with an incremental update that defines ``objects``; ``rows`` are put before its cross-references."""
    parts, places = [data], {}
    for number, value in objects.items():
        places[number] = sum(map(len, parts))
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, value))
    where = sum(map(len, parts))
    rows += b"".join(b"%d 1\n%010d 00000 n \n" % item for item in sorted(places.items()))
    before = int(data[data.rindex(b"startxref") + 9 :].split()[0]) if previous is None else previous
    parts.append(
        b"xref\n%btrailer\n<</Size %d/Prev %d%b>>\nstartxref\n%d\n%%%%EOF\n" % (rows, size, before, trailer, where)
    )
    return b"".join(parts)


def packed(members: list[bytes]) -> bytes:
    """A PDF whose catalogue, page tree and page stand in an object stream, with a cross-reference stream."""
    texts = [b"%b " % member for member in members]
    places = [sum(map(len, texts[:position])) for position in range(len(texts))]
    head = b" ".join(b"%d %d" % (number, place) for number, place in enumerate(places, 1)) + b" "
    stream = len(members) + 2
    body = b"%PDF-1.7\n"
    content_at = len(body)
    body += b"%d 0 obj\n%b\nendobj\n" % (len(members) + 1, CONTENT)
    stream_at = len(body)
    data = head + b"".join(texts)
    body += b"%d 0 obj\n<</Type/ObjStm/N %d/First %d/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (
        stream, len(members), len(head), len(data), data,
    )  # fmt: skip
    where = len(body)
    rows = b"\x00\x00\x00\x00\xff" + b"".join(bytes((2, 0, 0, stream, index)) for index in range(len(members)))
    rows += b"".join(b"\x01" + place.to_bytes(3) + b"\x00" for place in (content_at, stream_at, where))
    size = stream + 2
    body += b"%d 0 obj\n<</Type/XRef/Size %d/W[1 3 1]/Root 1 0 R/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (
        stream + 1, size, len(rows), rows,
    )  # fmt: skip
    return body + b"startxref\n%d\n%%%%EOF\n" % where


@dataclass(frozen=True)
class Builders:
    written = staticmethod(written)
    updated = staticmethod(updated)
    packed = staticmethod(packed)
    catalogue, pages, page, content, info = CATALOGUE, PAGES, PAGE, CONTENT, INFO


@pytest.fixture(scope="session")
def make() -> Builders:
    return Builders()


@pytest.fixture
def plain() -> Document:
    """One page, one classic cross-reference table, an /Info and an /ID."""
    trailer = b"/Root 1 0 R/Info 5 0 R/ID[<0102><0304>]"
    return Document.from_bytes(written([CATALOGUE, PAGES, PAGE, CONTENT, INFO], trailer=trailer), "permit.pdf")


@pytest.fixture
def compressed() -> Document:
    """The same page inside an object stream."""
    page = PAGE.replace(b"/Contents 4 0 R", b"/Contents 4 0 R/Annots[]")
    return Document.from_bytes(packed([CATALOGUE, PAGES, page]), "packed.pdf")
