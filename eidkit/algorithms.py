"""Names, OIDs and URIs of algorithms, how long each is strong, and the one place that makes or checks a value.

Tables are data: a row per digest and per signature algorithm.  What may be relied on until when stands in
:mod:`eidkit.catalogue`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from eidkit import catalogue
from eidkit.errors import KeyUnusable, NotSupported, Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

Family = Literal["rsa-pkcs1", "rsa-pss", "ecdsa", "eddsa", "dsa"]


@dataclass(frozen=True, slots=True)
class DigestAlgorithm:
    """A hash: ``name`` as hashlib spells it, OID, XML URI, length in bytes."""

    name: str
    oid: str
    uri: str | None
    size: int

    @property
    def until(self) -> datetime | None:
        """Before when it may be relied on; None without an end."""
        row = catalogue.row_of("hash", self.name)
        return row.end if row else None


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """A way to sign: key family and digest; ``name`` such as ``rsa-pss-sha256``, ``ecdsa-sha384``, ``ed25519``."""

    name: str
    family: Family
    digest: str | None
    """hashlib name; None where the scheme hashes by itself (Ed25519)."""
    oid: str
    uri: str | None
    plain: bool = False
    """True where an ECDSA value is r ‖ s instead of DER (BSI TR-03111 OIDs)."""


_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"

DIGESTS: tuple[DigestAlgorithm, ...] = (
    DigestAlgorithm("sha256", "2.16.840.1.101.3.4.2.1", _ENC + "sha256", 32),
    DigestAlgorithm("sha384", "2.16.840.1.101.3.4.2.2", _MORE + "sha384", 48),
    DigestAlgorithm("sha512", "2.16.840.1.101.3.4.2.3", _ENC + "sha512", 64),
    DigestAlgorithm("sha224", "2.16.840.1.101.3.4.2.4", _MORE + "sha224", 28),
    DigestAlgorithm("sha3_224", "2.16.840.1.101.3.4.2.7", _MORE2007 + "sha3-224", 28),
    DigestAlgorithm("sha3_256", "2.16.840.1.101.3.4.2.8", _MORE2007 + "sha3-256", 32),
    DigestAlgorithm("sha3_384", "2.16.840.1.101.3.4.2.9", _MORE2007 + "sha3-384", 48),
    DigestAlgorithm("sha3_512", "2.16.840.1.101.3.4.2.10", _MORE2007 + "sha3-512", 64),
    DigestAlgorithm("sha1", "1.3.14.3.2.26", _DSIG + "sha1", 20),
    DigestAlgorithm("md5", "1.2.840.113549.2.5", _MORE + "md5", 16),
    DigestAlgorithm("ripemd160", "1.3.36.3.2.1", _ENC + "ripemd160", 20),
)
COMPUTABLE = tuple(digest.name for digest in DIGESTS if digest.name != "ripemd160")
"""The digests that every build of hashlib and ``cryptography`` has."""
DIGEST_BY_NAME = {digest.name: digest for digest in DIGESTS}
DIGEST_BY_OID = {digest.oid: digest for digest in DIGESTS}
DIGEST_BY_URI = {digest.uri: digest for digest in DIGESTS if digest.uri}

_RSA_PKCS1_OIDS = {
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
    "sha224": "1.2.840.113549.1.1.14",
    "sha3_224": "2.16.840.1.101.3.4.3.13",
    "sha3_256": "2.16.840.1.101.3.4.3.14",
    "sha3_384": "2.16.840.1.101.3.4.3.15",
    "sha3_512": "2.16.840.1.101.3.4.3.16",
    "sha1": "1.2.840.113549.1.1.5",
    "md5": "1.2.840.113549.1.1.4",
    "ripemd160": "1.3.36.3.3.1.2",
}
_ECDSA_OIDS = {
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
    "sha224": "1.2.840.10045.4.3.1",
    "sha3_224": "2.16.840.1.101.3.4.3.9",
    "sha3_256": "2.16.840.1.101.3.4.3.10",
    "sha3_384": "2.16.840.1.101.3.4.3.11",
    "sha3_512": "2.16.840.1.101.3.4.3.12",
    "sha1": "1.2.840.10045.4.1",
}
_PLAIN_ECDSA_OIDS = {
    "sha1": "0.4.0.127.0.7.1.1.4.1.1",
    "sha224": "0.4.0.127.0.7.1.1.4.1.2",
    "sha256": "0.4.0.127.0.7.1.1.4.1.3",
    "sha384": "0.4.0.127.0.7.1.1.4.1.4",
    "sha512": "0.4.0.127.0.7.1.1.4.1.5",
    "ripemd160": "0.4.0.127.0.7.1.1.4.1.6",
}
_DSA_OIDS = {"sha1": "1.2.840.10040.4.3", "sha224": "2.16.840.1.101.3.4.3.1", "sha256": "2.16.840.1.101.3.4.3.2"}
RSA_PSS_OID = "1.2.840.113549.1.1.10"
RSA_ENCRYPTION_OID = "1.2.840.113549.1.1.1"
EC_PUBLIC_KEY_OID = "1.2.840.10045.2.1"

_RSA_PKCS1_URIS = {
    "sha1": _DSIG + "rsa-sha1",
    "md5": _MORE + "rsa-md5",
    "ripemd160": _MORE + "rsa-ripemd160",
    **{name: _MORE + f"rsa-{name}" for name in ("sha224", "sha256", "sha384", "sha512")},
}
_RSA_PSS_URIS = {
    **{name: _MORE2007 + f"{name}-rsa-MGF1" for name in ("sha1", "sha224", "sha256", "sha384", "sha512")},
    **{
        name: _MORE2007 + f"{name.replace('_', '-')}-rsa-MGF1"
        for name in ("sha3_224", "sha3_256", "sha3_384", "sha3_512")
    },
}
_ECDSA_URIS = {
    **{name: _MORE + f"ecdsa-{name}" for name in ("sha1", "sha224", "sha256", "sha384", "sha512")},
    "ripemd160": _MORE2007 + "ecdsa-ripemd160",
    **{
        name: "http://www.w3.org/2021/04/xmldsig-more#ecdsa-" + name.replace("_", "-")
        for name in ("sha3_224", "sha3_256", "sha3_384", "sha3_512")
    },
}


def _rows() -> tuple[SignatureAlgorithm, ...]:
    pkcs1 = [
        SignatureAlgorithm(f"rsa-pkcs1-{d}", "rsa-pkcs1", d, oid, _RSA_PKCS1_URIS.get(d))
        for d, oid in _RSA_PKCS1_OIDS.items()
    ]
    pss = [SignatureAlgorithm(f"rsa-pss-{d}", "rsa-pss", d, RSA_PSS_OID, uri) for d, uri in _RSA_PSS_URIS.items()]
    ecdsa = [SignatureAlgorithm(f"ecdsa-{d}", "ecdsa", d, oid, _ECDSA_URIS.get(d)) for d, oid in _ECDSA_OIDS.items()]
    plain = [
        SignatureAlgorithm(f"ecdsa-plain-{d}", "ecdsa", d, oid, None, plain=True)
        for d, oid in _PLAIN_ECDSA_OIDS.items()
    ]
    dsa = [
        SignatureAlgorithm(
            f"dsa-{d}",
            "dsa",
            d,
            oid,
            {"sha1": _DSIG + "dsa-sha1", "sha256": "http://www.w3.org/2009/xmldsig11#dsa-sha256"}.get(d),
        )
        for d, oid in _DSA_OIDS.items()
    ]
    eddsa = [
        SignatureAlgorithm(
            "ed25519", "eddsa", None, "1.3.101.112", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"
        ),
        SignatureAlgorithm("ed448", "eddsa", None, "1.3.101.113", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448"),
    ]
    return (*pkcs1, *pss, *ecdsa, *plain, *dsa, *eddsa)


SIGNATURES: tuple[SignatureAlgorithm, ...] = _rows()
SIGNATURE_BY_NAME = {row.name: row for row in SIGNATURES}
SIGNATURE_BY_OID = {row.oid: row for row in SIGNATURES if row.family != "rsa-pss"}
SIGNATURE_BY_URI = {row.uri: row for row in SIGNATURES if row.uri}

_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
MIN_RSA_BITS = 2048
"""The least that a key has with which something new is made: a login, an attestation."""
_LEAST_BITS = {"rsa": MIN_RSA_BITS, "ec": 256, "ed25519": 256, "ed448": 448}


def digest_acceptable(name: str, at: datetime) -> bool:
    """Whether the digest ``name`` may be relied on for something made at ``at``; unknown names may not."""
    row = catalogue.row_of("hash", name)
    return row is not None and row.acceptable(at)


def key_acceptable(kind: str, bits: int) -> bool:
    """Whether a public key of ``kind`` (``rsa``, ``ec``, ``ed25519``, ``ed448``) is strong enough for something new."""
    return kind in _LEAST_BITS and bits >= _LEAST_BITS[kind]


@dataclass(frozen=True, slots=True)
class Weakness:
    """What is too weak at the time it is judged for: ``name`` with the key's size, and its end (None: never good)."""

    name: str
    end: datetime | None


def digest_weakness(name: str, at: datetime, allowed: AbstractSet[str] = frozenset()) -> Weakness | None:
    """Why the digest ``name`` may not be relied on for something made at ``at``; ``allowed``: names that may."""
    row = catalogue.row_of("hash", name)
    if name in allowed or (row is not None and row.acceptable(at)):
        return None
    return Weakness(name, row.end if row else None)


def signature_weakness(
    algorithm: SignatureAlgorithm, at: datetime, allowed: AbstractSet[str] = frozenset()
) -> Weakness | None:
    """Why a signature by ``algorithm`` may not be relied on at ``at``: its digest, or its scheme."""
    within = _signed_within(algorithm.family, algorithm.digest)
    if within is not None and within[0] <= at < within[1]:
        return None
    weak = digest_weakness(algorithm.digest, at, allowed) if algorithm.digest else None
    row = catalogue.row_of("scheme", algorithm.family)
    if weak is not None:
        return Weakness(algorithm.name, weak.end)
    if algorithm.family in allowed or (row is not None and row.acceptable(at)):
        return None
    return Weakness(algorithm.name, row.end if row else None)


def key_weakness(kind: str, bits: int, at: datetime, allowed: AbstractSet[str] = frozenset()) -> Weakness | None:
    """Why a key of ``kind`` and size may not be relied on at ``at``; ``allowed`` names a kind, or one with its size."""
    row = catalogue.row_of("key", kind, bits)
    if kind in allowed or f"{kind}-{bits}" in allowed or (row is not None and row.acceptable(at)):
        return None
    return Weakness(f"{kind}-{bits}", row.end if row else None)


def acceptable_within(kind: str, bits: int, algorithm: SignatureAlgorithm) -> tuple[datetime, datetime] | None:
    """From when and before when a key and a signature's digest and scheme may all be relied on; None: never together.

    Without an end there is the last moment that Python knows.  Not for reasons: the ``…_weakness`` above tell them.
    """
    key, signed = _within(catalogue.row_of("key", kind, bits)), _signed_within(algorithm.family, algorithm.digest)
    return None if key is None or signed is None else (max(key[0], signed[0]), min(key[1], signed[1]))


@lru_cache(maxsize=256)
def _signed_within(family: str, digest: str | None) -> tuple[datetime, datetime] | None:
    scheme = _within(catalogue.row_of("scheme", family))
    hashed = _within(catalogue.row_of("hash", digest)) if digest else _EVER
    return None if scheme is None or hashed is None else (max(scheme[0], hashed[0]), min(scheme[1], hashed[1]))


def _within(row: catalogue.Row | None) -> tuple[datetime, datetime] | None:
    return None if row is None else (row.start or _EVER[0], row.end or _EVER[1])


def ends() -> tuple[datetime, ...]:
    """Every date at which an algorithm of the catalogue ends, in order."""
    return tuple(sorted({row.end for row in catalogue.ROWS if row.end is not None}))


def digests_of(data: bytes) -> tuple[tuple[str, bytes], ...]:
    """``(name, digest)`` of ``data`` under each algorithm of :data:`COMPUTABLE`."""
    return tuple((name, hashlib.new(name, data, usedforsecurity=False).digest()) for name in COMPUTABLE)


def key_kind(key: PublicKeyTypes) -> tuple[str, int]:
    """``("rsa"|"ec"|"ed25519"|"ed448"|"dsa"|"other", bits)`` of a public key."""
    kind = _KIND_BY_TYPE.get(type(key))
    if kind is None:
        kind = _KIND_BY_TYPE[type(key)] = _kind(key)
    if kind in _FIXED_BITS:
        return kind, _FIXED_BITS[kind]
    sized: Any = getattr(key, "curve", key)
    return kind, sized.key_size


_KIND_BY_TYPE: dict[type, str] = {}
_FIXED_BITS = {"ed25519": 256, "ed448": 448, "other": 0}


def _kind(key: PublicKeyTypes) -> str:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    kinds = {
        "rsa": rsa.RSAPublicKey,
        "ec": ec.EllipticCurvePublicKey,
        "ed25519": ed25519.Ed25519PublicKey,
        "ed448": ed448.Ed448PublicKey,
        "dsa": dsa.DSAPublicKey,
    }
    return next((kind for kind, of in kinds.items() if isinstance(key, of)), "other")


def suited(key: PublicKeyTypes, digest: str | None = None, *, pss: bool = False) -> SignatureAlgorithm:
    """The algorithm to sign with, for this key: the digest asked for, or the one that fits its strength."""
    kind, bits = key_kind(key)
    if kind in {"ed25519", "ed448"} and digest in {None, "sha512"} and not pss:
        return SIGNATURE_BY_NAME[kind]
    chosen = digest or (
        "sha384" if kind == "ec" and 256 < bits <= 384 else "sha512" if kind == "ec" and bits > 384 else "sha256"
    )
    name = {"rsa": f"rsa-{'pss' if pss else 'pkcs1'}-{chosen}", "ec": f"ecdsa-{chosen}"}.get(kind)
    if name not in SIGNATURE_BY_NAME or (pss and kind != "rsa") or chosen not in {"sha256", "sha384", "sha512"}:
        raise NotSupported(
            "algorithm-unsuited",
            Text(
                f"a {kind} key cannot sign with {digest or 'the default digest'}{' and PSS' if pss else ''}",
                f"khóa {kind} không ký được với {digest}",
            ),
            Text(
                "use SHA-256, SHA-384 or SHA-512 with RSA or ECDSA, or Ed25519 without a digest",
                "dùng SHA-256, SHA-384 hoặc SHA-512",
            ),
        )
    return SIGNATURE_BY_NAME[name]


_KINDS = {"rsa": ("rsa-pkcs1", "rsa-pss"), "ec": ("ecdsa",), "dsa": ("dsa",)}
"""The families of a kind of key; an Edwards key has the one algorithm of its own name."""


def _fits(kind: str, algorithm: SignatureAlgorithm) -> bool:
    return algorithm.name == kind or algorithm.family in _KINDS.get(kind, ())


@lru_cache(maxsize=64)
def _scheme(algorithm: SignatureAlgorithm, salt_length: int | None) -> tuple[Any, ...]:
    """What ``cryptography`` wants beside the data: padding and hash, or nothing; raises ValueError for no such hash."""
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    if algorithm.family == "eddsa":
        return ()
    digest = hash_object(algorithm.digest or "")
    if algorithm.family == "rsa-pkcs1":
        return padding.PKCS1v15(), digest
    if algorithm.family == "rsa-pss":
        return padding.PSS(padding.MGF1(digest), digest.digest_size if salt_length is None else salt_length), digest
    return (ec.ECDSA(digest) if algorithm.family == "ecdsa" else digest,)


def verify_signature(
    key: PublicKeyTypes, algorithm: SignatureAlgorithm, value: bytes, data: bytes, *, salt_length: int | None = None
) -> bool:
    """Whether ``value`` is ``key``'s signature over ``data``; the key's type must fit the algorithm's family.

    An ECDSA value is DER (r ‖ s for the *plain* algorithms).  For RSA-PSS, MGF1 uses the same digest and
    ``salt_length`` must be the one that the algorithm's parameters state (default: the digest's length).  Nothing holds
    under an Ed25519 or Ed448 key of small order: one value would be its signature over everything.
    """
    kind = key_kind(key)[0]
    if not _fits(kind, algorithm) or _of_small_order(kind, key):
        return False
    try:
        verifier: Any = key
        verifier.verify(ecdsa_from_plain(value) if algorithm.plain else value, data, *_scheme(algorithm, salt_length))
    except _refusals():
        return False
    return True


# The y of the points whose order is 1, 2, 4 (1, -1, 0) and 8 (d·y⁴ + 2·y² = 1) on the curves of RFC 8032 §5, which
# OpenSSL takes for keys; of Ed448 there are no points of order 8.
_P25519, _P448 = 2**255 - 19, 2**448 - 2**224 - 1
_Y_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = {
    "ed25519": (255, _P25519, frozenset({0, 1, _P25519 - 1, _Y_OF_ORDER_8, _P25519 - _Y_OF_ORDER_8})),
    "ed448": (455, _P448, frozenset({0, 1, _P448 - 1})),
}


def _of_small_order(kind: str, key: Any) -> bool:
    """Whether a key is a point under which one value signs whatever one likes; every spelling of the point counts."""
    if kind not in _SMALL_ORDER:
        return False
    bits, prime, points = _SMALL_ORDER[kind]
    return int.from_bytes(key.public_bytes_raw(), "little") % 2**bits % prime in points


@cache
def _refusals() -> tuple[type[Exception], ...]:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    return InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError


def check_family(key: PublicKeyTypes, algorithm: SignatureAlgorithm) -> None:
    """Raise :class:`KeyUnusable` unless the private half of ``key`` can sign with ``algorithm``."""
    kind, _ = key_kind(key)
    if not _fits(kind, algorithm):
        raise KeyUnusable(
            "key-algorithm",
            Text(f"a {kind} key cannot sign with {algorithm.name}", f"khóa {kind} không ký được bằng {algorithm.name}"),
            Text("leave the algorithm to eidkit, or choose one of the key's family", "để eidkit tự chọn thuật toán"),
            kind="caller",
        )


def signer(private: PrivateKeyTypes, algorithm: SignatureAlgorithm) -> Callable[[bytes], bytes]:
    """A function from data to the signature value of ``private`` over it; its parameters are prepared once.

    An ECDSA value is DER (r ‖ s for the *plain* algorithms), the salt of RSA-PSS as long as the digest.  Raises
    :class:`KeyUnusable` for a key of another family.
    """
    key: Any = private
    check_family(key.public_key(), algorithm)
    scheme = _scheme(algorithm, None)
    if algorithm.plain:
        return lambda data: ecdsa_to_plain(key.sign(data, *scheme), key.key_size)
    return lambda data: bytes(key.sign(data, *scheme))


def implemented(algorithm: SignatureAlgorithm) -> bool:
    """Whether values of this algorithm can be checked here at all (its digest has an implementation)."""
    try:
        return algorithm.digest is None or hash_object(algorithm.digest) is not None
    except ValueError:
        return False


def ecdsa_from_plain(value: bytes) -> bytes:
    """The DER form of an r ‖ s value; raises ValueError when its length is odd or zero."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half, odd = divmod(len(value), 2)
    if odd or not half:
        raise ValueError("an r ‖ s value has two equal halves")
    return encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))


def ecdsa_to_plain(value: bytes, key_bits: int) -> bytes:
    """The fixed-length r ‖ s form of a DER value, for a curve of ``key_bits``."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    size = (key_bits + 7) // 8
    r, s = decode_dss_signature(value)
    return r.to_bytes(size) + s.to_bytes(size)


@cache
def hash_object(name: str) -> HashAlgorithm:
    """The ``cryptography`` hash for a digest name; raises ValueError for one it does not have."""
    from cryptography.hazmat.primitives import hashes

    table: dict[str, type[HashAlgorithm]] = {
        "sha1": hashes.SHA1, "sha224": hashes.SHA224, "sha256": hashes.SHA256, "sha384": hashes.SHA384,
        "sha512": hashes.SHA512, "sha3_224": hashes.SHA3_224, "sha3_256": hashes.SHA3_256,
        "sha3_384": hashes.SHA3_384, "sha3_512": hashes.SHA3_512, "md5": hashes.MD5,
    }  # fmt: skip
    if name not in table:
        raise ValueError(f"no implementation of {name}")
    return table[name]()
