"""SubjectPublicKeyInfo to a usable public key, and which algorithms a key admits."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from eidkit.algorithms import EC_PUBLIC_KEY_OID, RSA_PSS_OID, SignatureAlgorithm, key_kind, verify_signature
from eidkit.asn1 import der, span
from eidkit.asn1.algorithm import AlgorithmIdentifier, read_algorithm, signature_algorithm
from eidkit.errors import NotSupported, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

MAX_SPKI = 16 * 1024
MAX_RSA_BITS = 16_384
_REMEMBERED_UP_TO = 16 * 1024


@lru_cache(maxsize=2_048)
def load_public_key(spki: bytes) -> PublicKeyTypes:
    """The key; raises :class:`NotSupported` for one that cannot be used here, DerError for a malformed one."""
    if len(spki) > MAX_SPKI:
        raise der.DerError("an oversized public key")
    algorithm, value = _parts(spki)
    read, refusals = _reader()
    try:
        key = read(_with_named_curve(spki, algorithm, value))
        kind, bits = key_kind(key)
    except refusals as error:
        raise _unusable(algorithm.oid) from error
    if kind == "rsa" and bits > MAX_RSA_BITS:
        raise _unusable(algorithm.oid)
    return key


@cache
def _reader() -> tuple[Callable[[bytes], PublicKeyTypes], tuple[type[Exception], ...]]:
    """What reads a key, and what it raises for one that cannot be used."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key, (ValueError, TypeError, UnsupportedAlgorithm)


@lru_cache(maxsize=2_048)
def admits(spki: bytes, algorithm: SignatureAlgorithm, salt: int | None) -> bool:
    """Whether a key may be used with ``algorithm``: an RSA-PSS key binds hash and least salt (RFC 4055 §3.1, §3.3)."""
    identifier = _parts(spki)[0]
    if identifier.oid != RSA_PSS_OID:
        return True
    if algorithm.family != "rsa-pss":
        return False
    if identifier.parameters is None:
        return True
    bound, least = signature_algorithm(identifier)
    return bound.digest == algorithm.digest and (salt or 0) >= (least or 0)


def signature_holds(
    spki: bytes, algorithm: SignatureAlgorithm, value: bytes, data: bytes, *, salt_length: int | None = None
) -> bool:
    """Whether ``value`` is the key's signature over ``data``; raises as :func:`load_public_key`.

    Outcomes over short data are remembered by all of it: one document is judged for several moments.
    """
    check = _remembered if len(data) <= _REMEMBERED_UP_TO else _holds
    return check(spki, algorithm, value, data, salt_length)


def _holds(spki: bytes, algorithm: SignatureAlgorithm, value: bytes, data: bytes, salt_length: int | None) -> bool:
    return verify_signature(load_public_key(spki), algorithm, value, data, salt_length=salt_length)


_remembered = lru_cache(maxsize=512)(_holds)


@lru_cache(maxsize=2_048)
def _parts(spki: bytes) -> tuple[AlgorithmIdentifier, bytes]:
    start, stop = span.expect(spki, 0, len(spki), der.SEQUENCE)
    _, middle = span.expect(spki, start, stop, der.SEQUENCE)
    _, end = span.expect(spki, middle, stop, der.BIT_STRING)
    if not end == stop == len(spki):
        raise der.DerError("not a public key")
    return read_algorithm(spki[start:middle]), spki[middle:end]


def _with_named_curve(spki: bytes, algorithm: AlgorithmIdentifier, value: bytes) -> bytes:
    """The same key with its curve named, where explicit parameters are exactly that curve's."""
    if algorithm.oid != EC_PUBLIC_KEY_OID or (algorithm.parameters or b"")[:1] != bytes((der.SEQUENCE,)):
        return spki
    from eidkit.asn1.curves import named_curve, named_parameters

    curve = named_curve(algorithm.parameters or b"")
    if curve is None:
        raise _unusable(algorithm.oid + ", explicit parameters of no named curve")
    return der.sequence(der.sequence(der.encode_oid(EC_PUBLIC_KEY_OID), named_parameters(curve)), value)


def _unusable(what: str) -> NotSupported:
    return NotSupported(
        "key-unsupported",
        Text(f"this public key ({what[:100]}) cannot be used", f"không dùng được khóa công khai này ({what[:100]})"),
        Text("use an RSA, ECDSA (named curve) or Ed25519 key", "dùng khóa RSA, ECDSA hoặc Ed25519"),
    )
