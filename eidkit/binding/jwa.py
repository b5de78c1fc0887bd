"""The JWS algorithms that are taken (RFC 7518 §3.1, RFC 8037 §3.1): a fixed list, each with the one key that fits.

No ``none``, no MAC: where a public key is expected nothing else is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eidkit import algorithms

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


class Jwa(NamedTuple):
    """A row: our algorithm's name, the key's kind, and for EC the one curve that fits."""

    algorithm: str
    kind: str
    curve: str | None = None
    bits: int | None = None


ALGORITHMS = {
    "ES256": Jwa("ecdsa-sha256", "ec", "secp256r1", 256),
    "ES384": Jwa("ecdsa-sha384", "ec", "secp384r1", 384),
    "ES512": Jwa("ecdsa-sha512", "ec", "secp521r1", 521),
    "RS256": Jwa("rsa-pkcs1-sha256", "rsa"),
    "RS384": Jwa("rsa-pkcs1-sha384", "rsa"),
    "RS512": Jwa("rsa-pkcs1-sha512", "rsa"),
    "PS256": Jwa("rsa-pss-sha256", "rsa"),
    "PS384": Jwa("rsa-pss-sha384", "rsa"),
    "PS512": Jwa("rsa-pss-sha512", "rsa"),
    "EdDSA": Jwa("ed25519", "ed25519"),
}


def fits(key: PublicKeyTypes, alg: str) -> bool:
    """Whether ``key`` is of the kind, curve and strength that ``alg`` needs."""
    row = ALGORITHMS.get(alg)
    if row is None:
        return False
    kind, bits = algorithms.key_kind(key)
    curve = getattr(getattr(key, "curve", None), "name", None)
    return kind == row.kind and algorithms.key_acceptable(kind, bits) and row.curve in {None, curve}


def verify(key: PublicKeyTypes, alg: str, value: bytes, signing_input: bytes) -> bool:
    """Whether ``value`` is the JWS signature of ``key`` by ``alg``; an ECDSA value is r ‖ s of exact length."""
    if not fits(key, alg):
        return False
    row = ALGORITHMS[alg]
    if row.bits is not None:
        if len(value) != 2 * ((row.bits + 7) // 8):
            return False
        value = algorithms.ecdsa_from_plain(value)
    return algorithms.verify_signature(key, algorithms.SIGNATURE_BY_NAME[row.algorithm], value, signing_input)
