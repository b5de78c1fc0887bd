"""The public key of a credential (COSE, RFC 9052 §7, RFC 9053): a fixed list of algorithms, each with its key.

An ECDSA value is DER here (WebAuthn §6.5.5), unlike in COSE itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit import algorithms
from eidkit.auth import webauthn_cbor as cbor
from eidkit.auth.foreign import NotAccepted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

MAX_KEY = 2048
_REASON = "credential-key"
_KTY, _ALG, _CRV, _X, _Y = 1, 3, -1, -2, -3
_N, _E = -1, -2
_OKP, _EC2, _RSA = 1, 2, 3


class Cose(NamedTuple):
    """A row: the COSE number, our algorithm's name, the key type, and its one curve (number, our name, octets)."""

    number: int
    algorithm: str
    kty: int
    curve: tuple[int, str, int] | None = None


ALGORITHMS = {
    # WebAuthn §5.8.5 fixes the curve of each ES algorithm and of EdDSA; Ed448 has its own number (RFC 9864).
    "ES256": Cose(-7, "ecdsa-sha256", _EC2, (1, "p256", 32)),
    "ES384": Cose(-35, "ecdsa-sha384", _EC2, (2, "p384", 48)),
    "ES512": Cose(-36, "ecdsa-sha512", _EC2, (3, "p521", 66)),
    "EdDSA": Cose(-8, "ed25519", _OKP, (6, "ed25519", 32)),
    "Ed448": Cose(-53, "ed448", _OKP, (7, "ed448", 57)),
    "PS256": Cose(-37, "rsa-pss-sha256", _RSA),
    "RS256": Cose(-257, "rsa-pkcs1-sha256", _RSA),
}
"""The algorithms that are taken, by the names of IANA's COSE registry, best liked first."""
_BY_NUMBER = {row.number: name for name, row in ALGORITHMS.items()}


@dataclass(frozen=True, slots=True)
class CredentialKey:
    """A credential's public key and the one algorithm that it is for; ``cose`` is as the authenticator wrote it."""

    cose: bytes = field(repr=False)
    name: str
    key: PublicKeyTypes = field(repr=False, compare=False)

    @classmethod
    def of(cls, cose: bytes) -> CredentialKey:
        """The key in these bytes; NotAccepted for another algorithm, members that do not belong, a weak key."""
        if len(cose) > MAX_KEY:
            raise NotAccepted(_REASON)
        members = cbor.whole(cose, _REASON)
        name = algorithm_name(members.get(_ALG) if isinstance(members, dict) else None)
        row = ALGORITHMS[name]
        if type(members.get(_KTY)) is not int or members[_KTY] != row.kty:
            raise NotAccepted(_REASON)
        try:
            key = _rsa(members) if row.curve is None else _on_curve(members, row.curve)
        except (ValueError, TypeError) as error:
            raise NotAccepted(_REASON) from error
        if not algorithms.key_acceptable(*algorithms.key_kind(key)):
            raise NotAccepted(_REASON)
        return cls(cose, name, key)

    def verify(self, value: bytes, data: bytes) -> bool:
        """Whether ``value`` is this key's signature over ``data``."""
        return verify(self.key, self.name, value, data)


def algorithm_name(number: object) -> str:
    """The name of a COSE number that is taken; NotAccepted."""
    if type(number) is not int or number not in _BY_NUMBER:
        raise NotAccepted("algorithm")
    return _BY_NUMBER[number]


def verify(key: PublicKeyTypes, name: str, value: bytes, data: bytes) -> bool:
    """Whether ``value`` is the signature of ``key`` over ``data`` by the algorithm ``name``."""
    row = algorithms.SIGNATURE_BY_NAME[ALGORITHMS[name].algorithm]
    return algorithms.verify_signature(key, row, value, data)


def _on_curve(members: dict[int | str, Any], curve: tuple[int, str, int]) -> PublicKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

    number, name, size = curve
    edwards = name in {"ed25519", "ed448"}
    names = (_KTY, _ALG, _CRV, _X) if edwards else (_KTY, _ALG, _CRV, _X, _Y)
    if set(members) != set(names) or type(members[_CRV]) is not int or members[_CRV] != number:
        raise ValueError("another curve or other members")
    x, y = members[_X], b"" if edwards else members[_Y]
    # A compressed point (y as a boolean) is not written by authenticators (WebAuthn §6.5.1.1).
    if not isinstance(x, bytes) or not isinstance(y, bytes) or {len(x), len(y) or size} != {size}:
        raise ValueError("not coordinates")
    if name == "ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(x)
    if name == "ed448":
        return ed448.Ed448PublicKey.from_public_bytes(x)
    curves: dict[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    return ec.EllipticCurvePublicKey.from_encoded_point(curves[name], b"\x04" + x + y)


def _rsa(members: dict[int | str, Any]) -> PublicKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import rsa

    modulus, exponent = members.get(_N), members.get(_E)
    if set(members) != {_KTY, _ALG, _N, _E} or not isinstance(modulus, bytes) or not isinstance(exponent, bytes):
        raise ValueError("other members")
    if modulus[:1] == b"\0" or len(exponent) > 4:
        raise ValueError("not numbers of RFC 8230 §4")
    return rsa.RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key()
