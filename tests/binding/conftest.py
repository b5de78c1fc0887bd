from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eidkit.binding.authentication import (
    Assurance,
    Authentication,
    ChallengeFacts,
    Check,
    Disclosure,
    Proof,
    subject_commitment,
)
from eidkit.binding.procedure import Procedure
from eidkit.binding.transaction import ProcedureReference, Transaction, TransactionDocument
from eidkit.identity import Identity

NOW = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
HERE = Path(__file__).parent
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")


def hex_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Key:
    """A key and a self-made certificate, for attestations."""

    def __init__(self, private, *, years: int = 2) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ed25519
        from cryptography.hazmat.primitives.hashes import SHA256

        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Service")])
        self.private = private
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(private.public_key())
            .serial_number(7)
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(NOW + timedelta(days=365 * years))
            .sign(private, None if isinstance(private, ed25519.Ed25519PrivateKey) else SHA256())
        )
        self.chain = ()

    def sign(self, data, algorithm):
        from cryptography.hazmat.primitives.asymmetric import ec, padding

        from eidkit.algorithms import hash_object

        if algorithm.family == "eddsa":
            return self.private.sign(data)
        digest = hash_object(algorithm.digest)
        if algorithm.family == "ecdsa":
            return self.private.sign(data, ec.ECDSA(digest))
        return self.private.sign(data, padding.PKCS1v15(), digest)


@pytest.fixture(scope="session")
def service_key():
    from cryptography.hazmat.primitives.asymmetric import ec

    return Key(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def transaction() -> Transaction:
    return Transaction(
        dossier_id="H56.01-261124-0001",
        dossier_nonce="11" * 32,
        procedure=ProcedureReference("permit", "1", hex_of("procedure")),
        step="approval",
        role="head-of-unit",
        kind="person",
        action=("approve", "advances"),
        max_age=900,
        text=("vi", "Phê duyệt hồ sơ H56.01-261124-0001"),
        documents=(
            TransactionDocument("permit", "application/pdf", 1234, hex_of("permit")),
            TransactionDocument(
                "form", "application/xml", None, hex_of("form"), tuple(sorted((hex_of("a"), hex_of("b"))))
            ),
        ),
        previous=hex_of("previous"),
    )


@pytest.fixture
def authentication(transaction: Transaction) -> Authentication:
    proof = b'{"v":1}'
    salt = bytes(range(32))
    return Authentication(
        transaction=transaction,
        method="totp",
        factors=("have",),
        assurance=(Assurance("vn-2024", "1", "policy"),),
        challenge=ChallengeFacts("22" * 32, NOW, NOW + timedelta(minutes=5), "permits"),
        authenticated_at=NOW + timedelta(seconds=40),
        proof_class="attested",
        proof=Proof.of("application/vnd.eidkit.otp+json", proof),
        checks=(Check("code", "RFC 6238 §5.2"),),
        warnings=(),
        subject=subject_commitment(LAN, salt),
        disclosure=Disclosure(LAN, salt, proof),
    )


@pytest.fixture
def vectors() -> dict:
    return json.loads((HERE / "vectors.json").read_text("utf-8"))


@pytest.fixture
def procedure() -> Procedure:
    return Procedure.read(HERE / "procedure.toml")
