"""What a hardware token holds: private keys that may sign, certificates, and which belongs to which.

A key belongs to a certificate when its public part is the certificate's public key.  Where a token shows no
public part, the same CKA_ID has to do; the value that such a key makes is checked against the certificate before
it is embedded (:meth:`eidkit.signing.Pending.complete`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from eidkit.algorithms import key_kind
from eidkit.asn1 import certificate as certificates
from eidkit.asn1 import der
from eidkit.errors import EidkitError, KeyUnusable, Text
from eidkit.signing.keys import files
from eidkit.signing.keys.held import mismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography import x509

MAX_CHAIN = 8


@dataclass(frozen=True)
class StoredCertificate:
    """A certificate on the token."""

    certificate: x509.Certificate
    id: bytes
    label: str

    @cached_property
    def public(self) -> frozenset[bytes]:
        """The forms in which a token may show this public key."""
        return public_forms(self.certificate)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A private key on the token, by its handle; ``public`` is its modulus or point, when the token shows it."""

    handle: Any
    id: bytes
    label: str
    public: bytes | None
    asks_each_time: bool

    def belongs_to(self, other: StoredCertificate) -> bool:
        """Whether ``other`` was issued for this key, as far as the token shows."""
        if self.public is not None:
            return self.public in other.public
        return bool(self.id) and self.id == other.id


def public_forms(certificate: x509.Certificate) -> frozenset[bytes]:
    """Modulus, or point, as PKCS#11 3.1 §6.1.2 and §6.3.3 store them: raw, wrapped as OCTET STRING, compressed."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key: Any = certificate.public_key()
    kind, _ = key_kind(key)
    if kind == "rsa":
        modulus = key.public_numbers().n
        return frozenset({modulus.to_bytes((modulus.bit_length() + 7) // 8)})
    if kind == "ec":
        forms = (PublicFormat.UncompressedPoint, PublicFormat.CompressedPoint)
        points = [key.public_bytes(Encoding.X962, form) for form in forms]
    elif kind == "ed25519":
        points = [key.public_bytes(Encoding.Raw, PublicFormat.Raw)]
    else:
        return frozenset()
    return frozenset(points) | {der.encode_octets(point) for point in points}


def read_certificates(session: Any) -> list[StoredCertificate]:
    """The X.509 certificates on the token; what cannot be read as one is left out."""
    from cryptography import x509
    from pkcs11 import Attribute, ObjectClass

    found = []
    for one in list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})):
        try:
            certificate = x509.load_der_x509_certificate(_read(one, Attribute.VALUE) or b"")
        except (ValueError, x509.InvalidVersion):
            continue
        found.append(StoredCertificate(certificate, _read(one, Attribute.ID) or b"", _read(one, Attribute.LABEL) or ""))
    return found


def read_keys(session: Any, wanted: bytes | None) -> list[StoredKey]:
    """The private keys that may sign, all or those with the CKA_ID ``wanted``."""
    from pkcs11 import Attribute, ObjectClass

    narrowed = {} if wanted is None else {Attribute.ID: wanted}
    publics = list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, **narrowed}))
    shown = {_read(one, Attribute.ID): _public(one) for one in publics}
    found = []
    for one in list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, **narrowed})):
        if _read(one, Attribute.SIGN) is False:
            continue
        identifier = _read(one, Attribute.ID) or b""
        public = _public(one) or (shown.get(identifier) if identifier else None)
        asks = bool(_read(one, Attribute.ALWAYS_AUTHENTICATE))
        found.append(StoredKey(_able(one), identifier, _read(one, Attribute.LABEL) or "", public, asks))
    return found


def _read(one: Any, attribute: Any) -> Any:
    """An attribute, or None where the token does not show it or shows nonsense."""
    from pkcs11.exceptions import AttributeSensitive, AttributeTypeInvalid, AttributeValueInvalid, FunctionFailed

    try:
        return one[attribute]
    except (AttributeSensitive, AttributeTypeInvalid, AttributeValueInvalid, FunctionFailed, ValueError):
        return None


def _public(one: Any) -> bytes | None:
    from pkcs11 import Attribute

    modulus = _read(one, Attribute.MODULUS)
    if modulus:
        return bytes(modulus).lstrip(b"\0")
    return _read(one, Attribute.EC_POINT) or None


def _able(one: Any) -> Any:
    """The key with a ``sign`` method: python-pkcs11 leaves it out where a token does not show CKA_SIGN."""
    if hasattr(one, "sign"):
        return one
    from pkcs11 import _pkcs11

    native: Any = _pkcs11
    return type("PrivateKey", (native.PrivateKey, native.SignMixin, native.Object), {})(one.wrapper)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The one key that fits, its certificate and the issuers that are at hand."""

    key: StoredKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]


def choose(
    keys: Sequence[StoredKey],
    held: Sequence[StoredCertificate],
    *,
    label: str | None,
    id_: bytes | None,
    given: Sequence[x509.Certificate],
) -> Chosen:
    """The key with that label (its own or its certificate's) and CKA_ID, or of the certificate ``given`` first."""
    fitting = [one for one in keys if id_ in {None, one.id} and (label is None or label in _labels(one, held))]
    if not fitting:
        raise not_found()
    if given:
        own = given[0]
        ids = {one.id for one in held if one.certificate == own}
        fitting = [one for one in fitting if _is_of(one, own, ids, only=len(fitting) == 1)]
        if not fitting:
            raise mismatch()
    elif len(fitting) > 1:
        fitting = [one for one in fitting if any(one.belongs_to(other) for other in held)] or fitting
    if len(fitting) > 1:
        raise _ambiguous(fitting)
    key = fitting[0]
    own = given[0] if given else _certificate(key, held)
    return Chosen(key, own, _chain(own, [*given[1:], *(one.certificate for one in held)]))


def _labels(key: StoredKey, held: Iterable[StoredCertificate]) -> set[str]:
    """What people may call the key: many tokens label the certificate and leave the key without a name."""
    return {key.label, *(one.label for one in held if key.belongs_to(one))}


def _is_of(key: StoredKey, own: x509.Certificate, ids: set[bytes], *, only: bool) -> bool:
    if key.public is not None:
        return key.public in public_forms(own)
    return key.id in ids or (only and not ids)


def _certificate(key: StoredKey, held: Sequence[StoredCertificate]) -> x509.Certificate:
    """The one certificate on the token that was issued for ``key``."""
    own = list(dict.fromkeys(one.certificate for one in held if key.belongs_to(one)))
    if len(own) == 1:
        return own[0]
    if own:
        raise KeyUnusable(
            "key-certificate-ambiguous",
            Text(f"the hardware token holds {len(own)} certificates of this key", f"khóa này có {len(own)} chứng thư"),
            Text("hand in the one to sign with as certificate=", "chỉ rõ chứng thư bằng certificate="),
            kind="caller",
        )
    if key.id and any(one.id == key.id for one in held):
        raise mismatch()
    raise KeyUnusable(
        "key-certificate-missing",
        Text("the hardware token holds no certificate of this key", "thiết bị ký không có chứng thư của khóa này"),
        Text("hand it in as certificate=", "truyền chứng thư bằng certificate="),
    )


def _chain(own: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The issuers of ``own`` among ``others``, one after the other; nobody else's certificate leaves the token."""
    found: list[x509.Certificate] = []
    ends = [own]
    while ends and len(found) < MAX_CHAIN:
        child = ends.pop()
        above = [one for one in dict.fromkeys(others) if one not in (*found, own) and _issued(child, one)]
        found += above
        ends += above
    return tuple(found[:MAX_CHAIN])


def _issued(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        below, above = certificates.of(child), certificates.of(issuer)
        return below.issuer == above.subject and certificates.verify_issued(below, above)
    except EidkitError:
        return False


def given_certificates(certificate: x509.Certificate | str | os.PathLike[str] | None) -> list[x509.Certificate]:
    """The certificate that was handed in, and what else its file holds."""
    if certificate is None:
        return []
    if isinstance(certificate, str | os.PathLike):
        return files.certificates(certificate)
    return [certificate]


def not_found() -> KeyUnusable:
    """The refusal when no key fits what the caller asked for."""
    return KeyUnusable(
        "key-not-found",
        Text("no such private key is on the hardware token", "không tìm thấy khóa bí mật trên thiết bị ký"),
        Text("check label= and id=; without them the only key is taken", "kiểm tra label= và id="),
        kind="caller",
    )


def _ambiguous(keys: Sequence[StoredKey]) -> KeyUnusable:
    ids = ", ".join(sorted(one.id[:8].hex() or "none" for one in keys))
    return KeyUnusable(
        "key-ambiguous",
        Text(f"{len(keys)} keys on the hardware token fit (ids {ids})", f"có {len(keys)} khóa phù hợp (id {ids})"),
        Text("name one with id=, label= or certificate=", "chỉ rõ bằng id=, label= hoặc certificate="),
        kind="caller",
    )
