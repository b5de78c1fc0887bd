"""Keys, certificates and signing requests for XML; no sandbox: these tests are about octets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from eidkit import algorithms
from eidkit.document import Document
from eidkit.signing.formats import Request
from eidkit.signing.formats import xml as writing

if TYPE_CHECKING:
    from collections.abc import Callable

FORM = b"""<?xml version="1.0" encoding="UTF-8"?>
<?show form?><!-- a form -->
<form xmlns="urn:example:form" xmlns:q="urn:example:q" xml:lang="vi">
  <name q:kind="full">Nguy\xe1\xbb\x85n Th\xe1\xbb\x8b Lan</name>
  <amount currency="VND">1000</amount>&#13;
</form>
<!-- </form> --><?end </form> ?>
"""


@dataclass(frozen=True)
class Signer:
    """A key with its certificate."""

    key: Any
    der: bytes

    @property
    def pem(self) -> bytes:
        return x509.load_der_x509_certificate(self.der).public_bytes(serialization.Encoding.PEM)

    def value(self, data: bytes, algorithm: algorithms.SignatureAlgorithm) -> bytes:
        if algorithm.family == "eddsa":
            return self.key.sign(data)
        digest = algorithms.hash_object(algorithm.digest or "")
        if algorithm.family == "ecdsa":
            return self.key.sign(data, ec.ECDSA(digest))
        scheme = (
            padding.PKCS1v15()
            if algorithm.family == "rsa-pkcs1"
            else padding.PSS(padding.MGF1(digest), digest.digest_size)
        )
        return self.key.sign(data, scheme, digest)


def _signer(key: Any) -> Signer:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lan")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(0x80ABCDEF12).not_valid_before(begins).not_valid_after(begins.replace(year=2036))
    return Signer(key, made.sign(key, digest).public_bytes(serialization.Encoding.DER))


@pytest.fixture(scope="session")
def signers() -> dict[str, Signer]:
    return {
        "p256": _signer(ec.generate_private_key(ec.SECP256R1())),
        "p384": _signer(ec.generate_private_key(ec.SECP384R1())),
        "p521": _signer(ec.generate_private_key(ec.SECP521R1())),
        "rsa": _signer(rsa.generate_private_key(65537, 2048)),
        "ed25519": _signer(ed25519.Ed25519PrivateKey.generate()),
    }


@pytest.fixture(scope="session")
def request_for(signers: dict[str, Signer]) -> Callable[..., Request]:
    def make(name: str = "p256", *, pss: bool = False, **changes: Any) -> Request:
        signer = signers[name]
        algorithm = algorithms.suited(signer.key.public_key(), pss=pss)
        values: dict[str, Any] = {
            "certificate": signer.der,
            "chain": (),
            "algorithm": algorithm,
            "digest": algorithm.digest or "sha512",
            "token_reserve": 0,
            "assertion": None,
            "claimed_roles": (),
            "commitment": None,
            "signing_time": datetime(2026, 3, 2, 9, 14, 5, tzinfo=UTC),
        }
        return Request(**values | changes)

    return make


@pytest.fixture(scope="session")
def signed(signers: dict[str, Signer], request_for: Callable[..., Request]) -> Callable[..., Document]:
    """``signed(document, "p256", token=b"…", claimed_roles=(…))``: the document with one more signature."""

    def make(document: Document, name: str = "p256", *, token: bytes | None = None, **changes: Any) -> Document:
        request = request_for(name, **changes)
        prepared = writing.prepare(document, request)
        value = signers[name].value(prepared.to_sign, request.algorithm)
        return document.spliced(prepared.offset, writing.finish(prepared, request, value, token))

    return make


@pytest.fixture
def form() -> Document:
    return Document.from_bytes(FORM, "form.xml")


@pytest.fixture(scope="session")
def holds() -> Callable[..., bool]:
    """Whether a SignatureEvidence's value is its first certificate's and all its references match."""

    def check(evidence: Any) -> bool:
        row = algorithms.SIGNATURE_BY_NAME[evidence.algorithm]
        try:
            key = x509.load_der_x509_certificate(evidence.certificates[0]).public_key()
        except (ValueError, UnsupportedAlgorithm):
            return False
        value = algorithms.verify_signature(
            key, row, evidence.value, evidence.signed_octets, salt_length=evidence.salt_length
        )
        return value and bool(evidence.references) and all(r.computed == r.declared for r in evidence.references)

    return check
