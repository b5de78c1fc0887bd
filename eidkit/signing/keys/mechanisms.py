"""From a signature algorithm to what a PKCS#11 module is asked: the mechanism that hashes, or the bare one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit.algorithms import DIGEST_BY_NAME, ecdsa_from_plain
from eidkit.asn1 import der
from eidkit.errors import KeyUnusable, Text
from eidkit.signing.keys.refusals import FAILED, MECHANISM

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.algorithms import SignatureAlgorithm


class Way(NamedTuple):
    """One way to have data signed: the mechanism, its parameter, and what of the data the module is given."""

    mechanism: Any
    parameter: Any
    given: Callable[[bytes], bytes]


_HASHING = {
    "rsa-pkcs1": "{}_RSA_PKCS",
    "rsa-pss": "{}_RSA_PKCS_PSS",
    "ecdsa": "ECDSA_{}",
}
_BARE = {"rsa-pkcs1": "RSA_PKCS", "rsa-pss": "RSA_PKCS_PSS", "ecdsa": "ECDSA"}
_DIGESTS = ("sha256", "sha384", "sha512")


def ways(algorithm: SignatureAlgorithm, offered: frozenset[int], key_bits: int) -> tuple[Way, ...]:
    """The ways to sign with ``algorithm`` among the mechanisms ``offered``, the best first.

    Raises :class:`KeyUnusable` ``key-mechanism`` when there is none.
    """
    found = tuple(way for way in _all(algorithm, key_bits) if way.mechanism in offered)
    if not found:
        raise KeyUnusable(
            MECHANISM.code,
            Text(f"the hardware token has no {algorithm.name}", f"thiết bị ký không hỗ trợ {algorithm.name}"),
            MECHANISM.remedy,
            kind=MECHANISM.kind,
        )
    return found


def _all(algorithm: SignatureAlgorithm, key_bits: int) -> list[Way]:
    from pkcs11 import MGF, Mechanism

    if algorithm.name == "ed25519":
        return [Way(Mechanism.EDDSA, None, lambda data: data)]
    digest, family = algorithm.digest, algorithm.family
    if digest not in _DIGESTS or family not in _BARE:
        return []
    name = digest.upper()
    parameter = None
    if family == "rsa-pss":
        parameter = (Mechanism[name], MGF[name], DIGEST_BY_NAME[digest].size)
    return [
        Way(Mechanism[_HASHING[family].format(name)], parameter, lambda data: data),
        Way(Mechanism[_BARE[family]], parameter, _shortened(family, digest, key_bits)),
    ]


def _shortened(family: str, digest: str, key_bits: int) -> Callable[[bytes], bytes]:
    """What a bare mechanism signs: DigestInfo (RFC 8017 §9.2), the digest, or its leftmost bits (FIPS 186-5 §6.4.1)."""
    if family == "rsa-pkcs1":
        identifier = der.sequence(der.encode_oid(DIGEST_BY_NAME[digest].oid), der.ENCODED_NULL)
        return lambda data: der.sequence(identifier, der.encode_octets(hashlib.new(digest, data).digest()))
    size = (key_bits + 7) // 8 if family == "ecdsa" else DIGEST_BY_NAME[digest].size
    return lambda data: hashlib.new(digest, data).digest()[:size]


def finished(value: bytes, algorithm: SignatureAlgorithm, key_bits: int) -> bytes:
    """The signature value as the rest of eidkit speaks it: the r ‖ s of a module becomes DER."""
    if algorithm.family != "ecdsa" or algorithm.plain:
        return value
    if len(value) != 2 * ((key_bits + 7) // 8):
        raise FAILED.error()
    return ecdsa_from_plain(value)
