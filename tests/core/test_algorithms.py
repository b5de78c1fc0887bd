"""Every algorithm that signs also verifies, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from eidkit import algorithms
from eidkit.errors import NotSupported


@pytest.fixture(scope="module")
def keys() -> dict[str, PrivateKeyTypes]:
    return {
        "rsa": rsa.generate_private_key(65537, 2048),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }


def _signed(key: PrivateKeyTypes, algorithm: algorithms.SignatureAlgorithm, data: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    digest = algorithms.hash_object(algorithm.digest or "")
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(digest))
    assert isinstance(key, rsa.RSAPrivateKey)
    if algorithm.family == "rsa-pss":
        return key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    return key.sign(data, padding.PKCS1v15(), digest)


_CASES = [("rsa", d, pss) for d in ("sha256", "sha384", "sha512") for pss in (False, True)]
_CASES += [(k, d, False) for k in ("p256", "p384") for d in ("sha256", "sha384", "sha512")]
_CASES += [("ed25519", None, False)]


@pytest.mark.parametrize(("name", "digest", "pss"), _CASES)
def test_a_signature_holds_only_for_its_key_data_and_algorithm(keys, name, digest, pss) -> None:  # type: ignore[no-untyped-def]
    public = keys[name].public_key()
    algorithm = algorithms.suited(public, digest, pss=pss)
    value = _signed(keys[name], algorithm, b"data")
    assert algorithms.verify_signature(public, algorithm, value, b"data")
    assert not algorithms.verify_signature(public, algorithm, value, b"datb")
    assert not algorithms.verify_signature(public, algorithm, value[:-1] + bytes([value[-1] ^ 1]), b"data")
    for other in {"rsa", "p256", "ed25519"} - {name}:
        assert not algorithms.verify_signature(keys[other].public_key(), algorithm, value, b"data")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("rsa", "rsa-pkcs1-sha256"), ("p256", "ecdsa-sha256"), ("p384", "ecdsa-sha384"), ("ed25519", "ed25519")],
)
def test_the_default_fits_the_key(keys, name, expected) -> None:  # type: ignore[no-untyped-def]
    assert algorithms.suited(keys[name].public_key()).name == expected


@pytest.mark.parametrize(
    ("name", "digest", "pss"),
    [("rsa", "sha1", False), ("rsa", "md5", True), ("p256", "sha256", True), ("ed25519", "sha256", False)],
)
def test_a_weak_or_unsuited_choice_is_refused(keys, name, digest, pss) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotSupported):
        algorithms.suited(keys[name].public_key(), digest, pss=pss)


def test_a_plain_value_comes_back_from_der(keys) -> None:  # type: ignore[no-untyped-def]
    value = keys["p256"].sign(b"x", ec.ECDSA(algorithms.hash_object("sha256")))
    plain = algorithms.ecdsa_to_plain(value, 256)
    assert len(plain) == 64
    assert algorithms.ecdsa_from_plain(plain) == value


def test_digests_end_on_their_date() -> None:
    assert algorithms.digest_acceptable("sha1", datetime(2010, 1, 1, tzinfo=UTC))
    assert not algorithms.digest_acceptable("sha1", datetime(2020, 1, 1, tzinfo=UTC))
    assert algorithms.digest_acceptable("sha256", datetime(2090, 1, 1, tzinfo=UTC))
    assert not algorithms.digest_acceptable("whirlpool", datetime(2000, 1, 1, tzinfo=UTC))
