"""Small files that would take long or much: each is refused, or judged, in a moment."""

from __future__ import annotations

import time
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from eidkit.asn1 import certificate, der
from eidkit.binding import Procedure
from eidkit.document import Document
from eidkit.errors import EidkitError
from eidkit.pdf import syntax
from eidkit.signing import Pkcs12Key
from eidkit.trust.path import find_path
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import collect
from tests.attacks import making
from tests.conftest import NOON

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def quickly(call: Callable[[], object]) -> EidkitError | None:
    """The error of ours that ``call`` ends with, within a second of work."""
    before = time.process_time()
    try:
        call()
        error = None
    except EidkitError as found:
        error = found
    assert time.process_time() - before < 1
    return error


@pytest.mark.parametrize("read", [lambda path: TrustStore.read(path, "signing"), Sources.read])
def test_a_pem_text_of_many_beginnings(tmp_path, read):
    place = tmp_path / "roots.pem"
    place.write_bytes(b"-----BEGIN CERTIFICATE-----\n" * 7_000)
    assert quickly(lambda: read(place)) is not None


TOML = {
    "deep": b"a=" + b"[" * 50_000,
    "a long number": b"a=" + b"9" * 5_000,
    "a long key": b".".join([b"a"] * 50_000) + b"=1",
    "not text": b"\xff",
}


@pytest.mark.parametrize("name", TOML)
def test_toml_that_takes_the_parser_long_or_down(tmp_path, name):
    (tmp_path / "trust.toml").write_bytes(TOML[name])
    (tmp_path / "root.pem").write_bytes(b"")
    (tmp_path / "procedure.toml").write_bytes(TOML[name])
    assert quickly(lambda: TrustStore.read(tmp_path, "signing")).code == "trust-unreadable"
    assert quickly(lambda: Procedure.read(tmp_path / "procedure.toml")).code == "toml-malformed"


def test_a_key_file_that_asks_for_two_thousand_million_rounds(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    plain = pkcs12.serialize_key_and_certificates(b"x", key, None, None, serialization.BestAvailableEncryption(b"x"))
    authentic = der.whole(plain).children()
    guard = authentic[-1].children()
    rounds = der.sequence(*(part.raw for part in guard[:2]), der.encode_integer(2**31 - 1))
    place = _written(tmp_path, der.sequence(*(part.raw for part in authentic[:-1]), rounds))
    assert quickly(lambda: Pkcs12Key.open(place, password="x")).code == "key-malformed"


def _written(folder: Path, data: bytes) -> Path:
    place = folder / "key.p12"
    place.write_bytes(data)
    return place


@pytest.mark.parametrize("kind", [0, 1])
def test_millions_of_cross_reference_entries_in_four_kilobytes(kind):
    body = making.pdf()
    entries = zlib.compress(bytes([kind]) * 4_000_000, 9)
    section = making.xref_stream(
        9, b"1 0 0", b"10 4000000", entries, size=4_000_010,
        members=b"/Filter/FlateDecode/Prev %d" % making.start(body),
    )  # fmt: skip
    data = body + section + b"startxref\n%d\n%%%%EOF\n" % len(body)
    assert quickly(lambda: collect(Document.from_bytes(data, "x.pdf"))).code == "pdf-damaged"


def test_a_hundred_namesakes_with_slow_keys_as_issuer(sandbox):
    """Each signature of a document could bring a signer of its own, so the search must be short."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "M")])
    key = ec.generate_private_key(ec.SECP256R1())

    def issued(public, serial):
        made = x509.CertificateBuilder(name, name, public, serial, NOON - timedelta(1), NOON + timedelta(1))
        made = made.add_extension(x509.BasicConstraints(serial < 1000, None), critical=True)
        return certificate.parse(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))

    slow = [ec.generate_private_key(ec.BrainpoolP512R1()).public_key() for _ in range(50)]
    pool = [issued(public, number) for number, public in enumerate(slow, 1)]
    leaves = [issued(key.public_key(), 1000 + number) for number in range(20)]
    anchors = sandbox.trust.of_kind("signing")
    before = time.process_time()
    for leaf in leaves:
        assert not find_path(leaf, pool=pool, anchors=anchors, at=NOON, purpose="signing")
    assert time.process_time() - before < 1


def test_many_namespaces_under_many_signatures(judged):
    """Each asks for a canonical form of its own, in which every element compares all namespaces."""
    names = " ".join(f'xmlns:n{number}="u:{number}"' for number in range(60))
    reference = (
        f'<ds:Reference URI=""><ds:Transforms>{making.ENVELOPED}{making.C14N}</ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>"
    )
    signature = (
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>'
        f"{reference}</ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>"
    )
    data = f"<form {names}>{'<a/>' * 30_000}{signature * 60}</form>".encode()
    before = time.process_time()
    assert not judged(data, "f.xml")
    assert time.process_time() - before < 2


@pytest.mark.parametrize("value", [b"[]", b"<<>>", b"[" * 40 + b"]" * 40], ids=["arrays", "dictionaries", "nested"])
def test_a_page_of_more_values_than_are_read(signed_pdf, monkeypatch, value):
    """Few octets each, and a page is parsed as it was in every revision."""
    monkeypatch.setattr(syntax, "MAX_VALUES", 20_000)
    crowded = making.PAGE[:-2] + b"/X[%b]>>" % (value * (40_000 // len(value)))
    data = making.pdf((making.CATALOGUE, making.PAGES, crowded, making.CONTENT))
    signed = signed_pdf(data)
    (one,) = collect(Document.from_bytes(signed, "x.pdf")).signatures
    assert one.coverage.own_revision == "other-changes"
