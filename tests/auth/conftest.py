from __future__ import annotations

import base64
import hashlib
import logging
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from eidkit.auth.codes import PERIOD, Seed
from eidkit.auth.stores import Stores
from eidkit.binding.transaction import Transaction, TransactionDocument
from eidkit.clock import FixedClock
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.sandbox.partner import SandboxPartner
from tests.servers import KINDS, SHARED, Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from eidkit.sandbox.keys import SandboxKey

NOW = datetime(2026, 3, 2, 9, 14, 10, tzinfo=UTC)
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")
WEEK = timedelta(days=7)


class Key:
    """A key and a self-made certificate, for attestations."""

    def __init__(self) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.hashes import SHA256

        self.private = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Service")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.private.public_key())
        builder = builder.serial_number(7).not_valid_before(NOW - WEEK).not_valid_after(NOW + WEEK)
        self.certificate = builder.sign(self.private, SHA256())
        self.chain = ()

    def sign(self, data, algorithm):
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.hashes import SHA256

        assert algorithm.name == "ecdsa-sha256"
        return self.private.sign(data, ec.ECDSA(SHA256()))


class Phone:
    """An authenticator app that scanned the QR code."""

    def __init__(self, uri: str) -> None:
        query = parse_qs(urlsplit(uri).query)
        secret = query["secret"][0]
        raw = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self.seed = Seed.of(raw, int(query.get("digits", ["6"])[0]), query.get("algorithm", ["SHA1"])[0].lower())

    def code(self, moment: datetime, steps: int = 0) -> str:
        return self.seed.code(int(moment.timestamp()) // PERIOD + steps)

    def wrong(self, moment: datetime) -> str:
        near = {self.code(moment, steps) for steps in range(-4, 5)}
        return next(f"{n:06d}" for n in range(20) if f"{n:06d}" not in near)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def service_key() -> Key:
    return Key()


@pytest.fixture(params=["memory", "sqlite"])
def stores(request, tmp_path) -> Stores:
    if request.param == "memory":
        return Stores.memory()
    return Stores.sqlite(tmp_path / "auth.db", key=secrets.token_bytes(32))


@pytest.fixture
def memory() -> Stores:
    return Stores.memory()


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def transaction() -> Transaction:
    return Transaction(
        dossier_id="H56.01-261124-0001",
        dossier_nonce="11" * 32,
        procedure=("permit", "1", _hex("procedure")),
        step="approval",
        role="head-of-unit",
        kind="person",
        action=("approve", "advances"),
        max_age=900,
        text=("vi", "Phê duyệt hồ sơ H56.01-261124-0001"),
        documents=(TransactionDocument("form", "application/xml", None, _hex("form")),),
    )


@pytest.fixture
def other_transaction(transaction) -> Transaction:
    return replace(transaction, dossier_id="H56.01-261124-0002")


@pytest.fixture
def reasons(caplog):
    """Why answers were refused so far, as the log tells it."""
    caplog.set_level(logging.INFO, "eidkit.auth")
    return lambda: [record.code for record in caplog.records]


@pytest.fixture
def sandbox(clock) -> Sandbox:
    return Sandbox.create(clock=clock)


@pytest.fixture
def lan(sandbox) -> SandboxKey:
    """The key of an official, with a certificate that may sign and log in."""
    return sandbox.official("Nguyễn Thị Lan", "000190000022")


@pytest.fixture(scope="session")
def relying_key() -> RSAPrivateKey:
    """The RSA key for which a partner encrypts, made once."""
    return SandboxPartner().private


@pytest.fixture(scope="session")
def make_phone():
    return Phone


def _place(kind: str, request: pytest.FixtureRequest, folder: Path) -> Place:
    if kind in {"postgresql", "redis"}:
        return request.getfixturevalue(f"{kind}_server").place()
    return Place(kind, str(folder / "a.db"))


@pytest.fixture(params=KINDS)
def every(request, tmp_path) -> Iterator[Place]:
    """Empty stores of each kind, one after the other."""
    place = _place(request.param, request, tmp_path)
    yield place
    place.close()


@pytest.fixture(params=SHARED)
def shared(request, tmp_path) -> Iterator[Place]:
    """Empty stores of each kind that processes may share."""
    place = _place(request.param, request, tmp_path)
    yield place
    place.close()
