"""Every algorithm that signs also verifies, and nothing else does."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
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


# ── keys under which one value signs everything ───────────────────────────────────────────────────────────────
P = 2**255 - 19
ORDER_8 = algorithms._Y_OF_ORDER_8
NEUTRAL = b"\x01" + bytes(31)


def test_the_points_of_order_8_are_those_of_the_curve() -> None:
    d = -121665 * pow(121666, -1, P) % P
    assert (d * pow(ORDER_8, 4, P) + 2 * ORDER_8**2 - 1) % P == 0
    squared_x = (ORDER_8**2 - 1) * pow(d * ORDER_8**2 + 1, -1, P) % P
    assert pow(squared_x, (P - 1) // 2, P) == 1


def forged(kind: str, key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey, point: bytes) -> bool:
    """Whether ``point`` and zero are the signature of some text: by chance of one in the key's order, each is."""
    value, row = point.ljust(2 * len(point), b"\0"), algorithms.SIGNATURE_BY_NAME[kind]
    return any(algorithms.verify_signature(key, row, value, b"%d" % number) for number in range(64))


def forged_for_openssl(key: ed25519.Ed25519PublicKey, point: bytes) -> bool:
    for number in range(64):
        with suppress(InvalidSignature):
            key.verify(point + bytes(32), b"%d" % number)
            return True
    return False


@pytest.mark.parametrize("sign", [0, 2**255])
@pytest.mark.parametrize("y", [0, 1, P - 1, P, P + 1, ORDER_8, P - ORDER_8])
def test_no_value_signs_everything_under_ed25519(y: int, sign: int) -> None:
    key = ed25519.Ed25519PublicKey.from_public_bytes((y + sign).to_bytes(32, "little"))
    assert forged_for_openssl(key, NEUTRAL)
    assert not forged("ed25519", key, NEUTRAL)


@pytest.mark.parametrize("sign", [0, 2**455])
@pytest.mark.parametrize("y", [0, 1, 2**448 - 2**224 - 2])
def test_no_value_signs_everything_under_ed448(y: int, sign: int) -> None:
    raw = (y + sign).to_bytes(57, "little")
    key = ed448.Ed448PublicKey.from_public_bytes(raw)
    assert not any(forged("ed448", key, point) for point in (raw, b"\x01" + bytes(56), bytes(57)))
