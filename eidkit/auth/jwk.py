"""PinnedKey: a public key of a provider that we decided to trust, and from when until when (RFC 7517, RFC 7638)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from eidkit import algorithms, canonical
from eidkit.algorithms import MIN_RSA_BITS
from eidkit.binding import jwa, shape
from eidkit.errors import EidkitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ABOUT = ("kid", "alg", "use")
MAX_KEYS = 64


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """One public JWK, named by its RFC 7638 thumbprint; ``valid_until`` is ``None`` while it has no end.

    ``jwk`` is its canonical JSON with public members only.  A key counts for a proof made from ``valid_from`` on
    under a signature proved not later than ``valid_until``.  Threads may share it.
    """

    jwk: str = field(repr=False)
    valid_from: datetime
    valid_until: datetime | None = None
    thumbprint: str = field(init=False)

    def __post_init__(self) -> None:
        public = _public(canonical.loads(self.jwk.encode(), exact=True))
        if canonical.dumps(public).decode() != self.jwk:
            shape.refuse(
                "jwk-members", "a pinned key has other members than a public key", "khóa ghim có thành phần thừa"
            )
        object.__setattr__(self, "valid_from", shape.moment(self.valid_from, "from"))
        if self.valid_until is not None:
            object.__setattr__(self, "valid_until", shape.moment(self.valid_until, "until"))
        object.__setattr__(self, "thumbprint", _imported(self.jwk)[1])

    @classmethod
    def of(cls, jwk: Mapping[str, Any], valid_from: datetime, valid_until: datetime | None = None) -> PinnedKey:
        """The pin of a JWK as a provider publishes it; private and symmetric keys are refused."""
        return cls(canonical.dumps(_public(jwk)).decode(), valid_from, valid_until)

    @property
    def kid(self) -> str | None:
        """The name that the provider gives it."""
        return _members(self.jwk).get("kid")

    def public_key(self) -> PublicKeyTypes:
        """The key itself."""
        return _imported(self.jwk)[0]

    def suits(self, alg: str) -> bool:
        """Whether it may verify ``alg``: kind, curve, strength, and what it says of its own use."""
        said = _members(self.jwk)
        return said.get("use", "sig") == "sig" and said.get("alg", alg) == alg and jwa.fits(self.public_key(), alg)

    def to_json(self) -> dict[str, Any]:
        """``{"jwk", "thumbprint", "from", "until"}``."""
        until = None if self.valid_until is None else canonical.format_time(self.valid_until)
        return {
            "jwk": dict(_members(self.jwk)),
            "thumbprint": self.thumbprint,
            "from": canonical.format_time(self.valid_from),
            "until": until,
        }

    @classmethod
    def from_json(cls, value: Any) -> PinnedKey:
        """The pin of its stored form; a thumbprint that is not the key's is refused."""
        row = canonical.members(value, ("jwk", "thumbprint", "from", "until"), "pinned key")
        until = None if row["until"] is None else canonical.parse_time(row["until"])
        pin = cls(canonical.dumps(row["jwk"]).decode(), canonical.parse_time(row["from"]), until)
        if pin.thumbprint != row["thumbprint"]:
            shape.refuse("jwk-thumbprint", "a thumbprint is not that of its key", "thumbprint không khớp với khóa")
        return pin


def usable(keys: object, valid_from: datetime) -> tuple[PinnedKey, ...]:
    """The keys of a published set that can verify something here; the others are left out."""
    found = []
    for key in keys[:MAX_KEYS] if isinstance(keys, list) else ():
        try:
            pin = PinnedKey.of(key, valid_from)
        except EidkitError:
            continue
        if any(pin.suits(alg) for alg in jwa.ALGORITHMS):
            found.append(pin)
    return tuple(found)


def chosen(keys: Iterable[PinnedKey], kid: object, alg: str) -> PinnedKey | None:
    """The one key that a token with this ``kid`` and ``alg`` can be signed by; ``None`` for none or several.

    Without a ``kid`` only a single key can be meant; never the first of several.
    """
    suited = {pin.thumbprint: pin for pin in keys if pin.suits(alg) and (kid is None or pin.kid == kid)}
    return next(iter(suited.values())) if len(suited) == 1 else None


def thumbprint_of(public: PublicKeyTypes) -> str:
    """The RFC 7638 thumbprint of a public key that we hold ourselves."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    match algorithms.key_kind(public)[0]:
        case "ec":
            return ECKey.import_key(pem).thumbprint()
        case "rsa":
            return RSAKey.import_key(pem).thumbprint()
    return OKPKey.import_key(pem).thumbprint()


def _public(jwk: Any) -> dict[str, Any]:
    kind = jwk.get("kty") if isinstance(jwk, dict) else None
    if not isinstance(kind, str) or kind not in _PUBLIC or _PRIVATE & jwk.keys():
        shape.refuse("jwk-kind", "not a public RSA, EC or OKP key", "không phải khóa công khai RSA, EC hoặc OKP")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        shape.refuse("jwk-use", "the key is not for verifying", "khóa không dùng để kiểm tra chữ ký")
    if kind == "RSA" and len(shape.base64url_bytes(jwk.get("n"), "jwk n")) * 8 < MIN_RSA_BITS:
        shape.refuse("jwk-weak", f"an RSA key has at least {MIN_RSA_BITS} bits", "khóa RSA quá ngắn")
    names = ("kty", *_PUBLIC[kind])
    public = {name: shape.text(jwk.get(name), f"jwk {name}", limit=4096) for name in names}
    return public | {name: shape.text(jwk[name], f"jwk {name}", limit=255) for name in _ABOUT if name in jwk}


@lru_cache(maxsize=256)
def _members(jwk: str) -> dict[str, str]:
    members: dict[str, str] = canonical.loads(jwk.encode())
    return members


@lru_cache(maxsize=256)
def _imported(jwk: str) -> tuple[PublicKeyTypes, str]:
    from joserfc import jwk as jose
    from joserfc.errors import JoseError

    members = _members(jwk)
    try:
        # Only the numbers: what the set says of use and algorithm is judged by ``suits``.
        key = jose.import_key({name: members[name] for name in ("kty", *_PUBLIC[members["kty"]])})
        return cast("PublicKeyTypes", key.public_key), key.thumbprint()
    except (JoseError, ValueError, TypeError, KeyError) as error:
        shape.refuse("jwk-malformed", f"a key cannot be read ({type(error).__name__})", "không đọc được khóa")
