"""Keys in files: opened once, never shown, refused with a remedy."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit import algorithms
from eidkit.errors import KeyUnusable
from eidkit.sandbox import Sandbox
from eidkit.sandbox.keys import SandboxKey
from eidkit.signing import PemKey, Pkcs12Key

PASSWORD = "not-a-real-secret"


@pytest.fixture(scope="module")
def lan(sandbox: Sandbox) -> SandboxKey:
    return sandbox.official("Nguyễn Thị Lan", "001199000011")


@pytest.fixture
def p12(lan: SandboxKey, tmp_path: Path) -> Path:
    path = tmp_path / "lan.p12"
    path.write_bytes(lan.pkcs12(PASSWORD))
    return path


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "ed25519"])
def test_a_pkcs12_key_signs_what_its_certificate_verifies(sandbox: Sandbox, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "key.p12"
    path.write_bytes(sandbox.official("Trần Văn Bình", "001199000012", key=kind).pkcs12(PASSWORD))
    with Pkcs12Key.open(path, password=PASSWORD) as key:
        algorithm = algorithms.suited(key.certificate.public_key())
        value = key.sign(b"data", algorithm)
        assert algorithms.verify_signature(key.certificate.public_key(), algorithm, value, b"data")
        assert key.chain


@pytest.mark.parametrize("password", ["wrong", "", None])
def test_a_wrong_password_is_named_and_not_shown(p12: Path, password: str | None) -> None:
    with pytest.raises(KeyUnusable) as caught:
        Pkcs12Key.open(p12, password=password)
    assert caught.value.code == "key-password"
    assert "wrong" not in str(caught.value)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.p12"
    path.write_bytes(b"hello")
    with pytest.raises(KeyUnusable) as caught:
        Pkcs12Key.open(path, password="x")
    assert caught.value.code == "key-malformed"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable) as caught:
        Pkcs12Key.open(tmp_path / "none.p12", password="x")
    assert caught.value.code == "key-unreadable"


def test_a_closed_key_refuses(p12: Path) -> None:
    with Pkcs12Key.open(p12, password=PASSWORD) as key:
        algorithm = algorithms.suited(key.certificate.public_key())
    with pytest.raises(KeyUnusable) as caught:
        key.sign(b"x", algorithm)
    assert caught.value.code == "key-closed"


def test_a_key_is_never_pickled_copied_or_shown(p12: Path) -> None:
    key = Pkcs12Key.open(p12, password=PASSWORD)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(KeyUnusable):
            attempt(key)
    assert "PRIVATE" not in repr(key)
    assert PASSWORD not in repr(key)


def test_a_key_opened_before_a_fork_refuses_after_it(p12: Path) -> None:
    key = Pkcs12Key.open(p12, password=PASSWORD)
    algorithm = algorithms.suited(key.certificate.public_key())
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            key.sign(b"x", algorithm)
        except KeyUnusable as error:
            os.write(write, error.code.encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"key-forked"


def _pem_files(key: SandboxKey, folder: Path, password: str | None = None) -> tuple[Path, Path]:
    private, certificate = folder / "key.pem", folder / "cert.pem"
    private.write_bytes(key.pem(password))
    certificate.write_bytes(key.certificate.public_bytes(Encoding.PEM))
    return private, certificate


def test_a_pem_key_signs(lan: SandboxKey, tmp_path: Path) -> None:
    key = PemKey.open(*_pem_files(lan, tmp_path))
    algorithm = algorithms.suited(key.certificate.public_key())
    assert algorithms.verify_signature(key.certificate.public_key(), algorithm, key.sign(b"x", algorithm), b"x")


@pytest.mark.parametrize("password", ["wrong", None])
def test_an_encrypted_pem_key_wants_its_password(lan: SandboxKey, tmp_path: Path, password: str | None) -> None:
    with pytest.raises(KeyUnusable) as caught:
        PemKey.open(*_pem_files(lan, tmp_path, PASSWORD), password=password)
    assert caught.value.code == "key-password"


def test_a_certificate_of_another_key_is_refused(sandbox: Sandbox, lan: SandboxKey, tmp_path: Path) -> None:
    private, certificate = _pem_files(lan, tmp_path)
    other = sandbox.official("Lê Văn Cường", "001199000013")
    certificate.write_bytes(other.certificate.public_bytes(Encoding.PEM))
    with pytest.raises(KeyUnusable) as caught:
        PemKey.open(private, certificate)
    assert caught.value.code == "key-certificate-mismatch"


def test_another_familys_algorithm_is_refused(p12: Path) -> None:
    with Pkcs12Key.open(p12, password=PASSWORD) as key, pytest.raises(KeyUnusable) as caught:
        key.sign(b"x", algorithms.SIGNATURE_BY_NAME["rsa-pss-sha256"])
    assert caught.value.code == "key-algorithm"
