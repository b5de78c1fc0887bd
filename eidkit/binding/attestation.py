"""Attestation: the service key's signature over an Authentication, as a compact JWS (binding.md §3).

What an OTP is worth later is worth this signature.  Here it is made, read and compared; whether its
certificate chains to an anchor of kind *attestation*, and names an attester of the Procedure, is judged by
``verify`` and ``dossier``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from eidkit import algorithms, canonical
from eidkit.binding import jwa, scales, shape
from eidkit.binding.authentication import Assurance
from eidkit.binding.transaction import version
from eidkit.errors import KeyUnusable, NotSupported, SigningError, Text

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from eidkit.binding.authentication import Authentication
    from eidkit.key import SigningKey

TYP = "eidkit-attestation+jwt"
MAX_JWS = 32_768
_CLAIMS = (
    "v",
    "transaction",
    "authentication",
    "subject",
    "method",
    "assurance",
    "proof_class",
    "authenticated_at",
    "issued_at",
)


@dataclass(frozen=True, slots=True)
class AttestationClaims:
    """What the service signed: digests of transaction and authentication, and what it says of the person."""

    transaction: str
    authentication: str
    subject: str
    method: str
    assurance: tuple[Assurance, ...]
    proof_class: str
    authenticated_at: datetime
    issued_at: datetime

    def __post_init__(self) -> None:
        for name in ("transaction", "authentication", "subject"):
            shape.digest(getattr(self, name), name)
        shape.name(self.method, "method")
        shape.one_of(self.proof_class, scales.PROOF_CLASSES, "proof_class")
        for name in ("authenticated_at", "issued_at"):
            object.__setattr__(self, name, shape.moment(getattr(self, name), name))

    @classmethod
    def of(cls, authentication: Authentication, issued_at: datetime) -> AttestationClaims:
        """The claims that ``authentication`` calls for."""
        return cls(
            authentication.transaction.digest,
            authentication.digest,
            authentication.subject,
            authentication.method,
            authentication.assurance,
            authentication.proof_class,
            authentication.authenticated_at,
            issued_at,
        )

    def to_json(self) -> dict[str, Any]:
        """The JWS payload, every member present."""
        return {
            "v": 1,
            "transaction": self.transaction,
            "authentication": self.authentication,
            "subject": self.subject,
            "method": self.method,
            "assurance": [entry.to_json() for entry in self.assurance],
            "proof_class": self.proof_class,
            "authenticated_at": canonical.format_time(self.authenticated_at),
            "issued_at": canonical.format_time(self.issued_at),
        }

    @classmethod
    def from_json(cls, value: Any) -> AttestationClaims:
        """The value of a payload; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _CLAIMS, "attestation")
        version(row["v"], "attestations")
        return cls(
            row["transaction"],
            row["authentication"],
            row["subject"],
            row["method"],
            shape.items(row["assurance"], Assurance.from_json, "assurance"),
            row["proof_class"],
            canonical.parse_time(row["authenticated_at"]),
            canonical.parse_time(row["issued_at"]),
        )


@dataclass(frozen=True, slots=True)
class Attestation:
    """One attestation as read: claims, the leaf certificate (DER), ``alg``, and the parts to check it again.

    Reading is no judgement: ask :meth:`signature_holds`, :meth:`disagreements`, and then who signed.
    Threads may share it.
    """

    text: str
    claims: AttestationClaims
    certificate: bytes
    algorithm: str
    """The JWS ``alg``, one of a fixed list."""
    signing_input: bytes
    signature: bytes

    @classmethod
    def read(cls, jws: str) -> Attestation:
        """The Attestation in a compact JWS of at most 32,768 characters.

        The header has exactly ``alg``, ``typ`` and ``x5c`` (one certificate); header and payload are RFC 8785
        bytes in canonical base64url.  Anything else raises :class:`CanonicalError`.
        """
        parts = jws.split(".") if len(jws) <= MAX_JWS else []
        if len(parts) != 3:
            shape.refuse(
                "attestation-shape",
                "an attestation is one compact JWS of bounded size",
                "attestation không phải JWS gọn hợp lệ",
            )
        header_bytes, payload, signature = (shape.base64url_bytes(part, "attestation") for part in parts)
        header = canonical.members(
            canonical.loads(header_bytes, exact=True), ("alg", "typ", "x5c"), "attestation header"
        )
        shape.one_of(header["alg"], jwa.ALGORITHMS, "alg")
        shape.one_of(header["typ"], (TYP,), "typ")
        chain = shape.items(header["x5c"], lambda item: shape.base64_bytes(item, "x5c"), "x5c", limit=1)
        if len(chain) != 1 or not chain[0]:
            shape.refuse(
                "attestation-x5c", "x5c holds exactly the service's certificate", "x5c phải có đúng một chứng thư"
            )
        claims = AttestationClaims.from_json(canonical.loads(payload, exact=True))
        return cls(jws, claims, chain[0], header["alg"], f"{parts[0]}.{parts[1]}".encode("ascii"), signature)

    def signature_holds(self) -> bool:
        """Whether the value is the signature of ``certificate``'s key, with a key that fits ``alg`` and is strong."""
        key = _public_key(self.certificate)
        return key is not None and jwa.verify(key, self.algorithm, self.signature, self.signing_input)

    def disagreements(self, authentication: Authentication) -> tuple[str, ...]:
        """The members that say something else than ``authentication``; empty when they agree."""
        wanted = AttestationClaims.of(authentication, self.claims.issued_at)
        return tuple(
            entry.name for entry in fields(wanted) if getattr(wanted, entry.name) != getattr(self.claims, entry.name)
        )


def attest(authentication: Authentication, key: SigningKey, issued_at: datetime) -> Authentication:
    """The same Authentication with the service's attestation, issued at ``issued_at``.

    The signature is checked against the key's certificate before it is returned.  Raises
    :class:`KeyUnusable` for a certificate outside its period and :class:`NotSupported` for a key that no
    ``alg`` of the fixed list fits.
    """
    certificate = key.certificate
    if not certificate.not_valid_before_utc <= issued_at <= certificate.not_valid_after_utc:
        raise KeyUnusable(
            "attestation-certificate-period",
            Text("the service's attestation certificate is not valid now", "chứng thư của dịch vụ không còn hiệu lực"),
            Text("renew the attestation key's certificate", "gia hạn chứng thư của khóa dịch vụ"),
            kind="configuration",
        )
    alg = _alg_for(certificate.public_key())
    row = jwa.ALGORITHMS[alg]
    header = {"alg": alg, "typ": TYP, "x5c": [_certificate_text(key)]}
    claims = AttestationClaims.of(authentication, issued_at)
    head, body = (shape.base64url(canonical.dumps(part)) for part in (header, claims.to_json()))
    value = key.sign(f"{head}.{body}".encode("ascii"), algorithms.SIGNATURE_BY_NAME[row.algorithm])
    if row.bits is not None:
        value = algorithms.ecdsa_to_plain(value, row.bits)
    attestation = Attestation.read(f"{head}.{body}.{shape.base64url(value)}")
    if not attestation.signature_holds():
        raise SigningError(
            "attestation-value",
            Text(
                "the service key gave a value that its certificate does not verify",
                "giá trị ký không khớp chứng thư của dịch vụ",
            ),
            Text("check that key and certificate belong together", "kiểm tra khóa và chứng thư có khớp nhau không"),
            kind="configuration",
        )
    return authentication.with_attestation(attestation.text)


def _certificate_text(key: SigningKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return shape.base64_text(key.certificate.public_bytes(Encoding.DER))


def _public_key(certificate: bytes) -> PublicKeyTypes | None:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _alg_for(key: PublicKeyTypes) -> str:
    # The table's order prefers the digest that fits an EC key; for RSA it is PKCS#1 v1.5, which every token has.
    for alg in jwa.ALGORITHMS:
        if jwa.fits(key, alg):
            return alg
    kind, bits = algorithms.key_kind(key)
    raise NotSupported(
        "attestation-key",
        Text(
            f"a {kind} key of {bits} bits cannot sign attestations", f"khóa {kind} {bits} bit không ký được attestation"
        ),
        Text(
            "use P-256, P-384, P-521, Ed25519, or RSA of at least 2048 bits",
            "dùng P-256, P-384, P-521, Ed25519 hoặc RSA từ 2048 bit",
        ),
    )
