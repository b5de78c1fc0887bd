"""Private keys of the make-believe people, agencies and authorities.  They are worth nothing outside a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from eidkit.algorithms import signer
from eidkit.asn1 import certificate as certificates
from eidkit.errors import NotSupported, Text

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384

    from eidkit.algorithms import SignatureAlgorithm
    from eidkit.identity import Identity

    PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

KeyKind = Literal["rsa2048", "rsa3072", "p256", "p384", "p521", "ed25519"]


def generate(kind: str) -> PrivateKey:
    """A fresh private key of that kind; RSA takes its time."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if kind.startswith("rsa") and kind in get_args(KeyKind):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    curves: dict[str, type[ec.EllipticCurve]] = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}
    if kind in curves:
        return ec.generate_private_key(curves[kind]())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    raise NotSupported(
        "sandbox-key",
        Text(f"the sandbox makes no {kind[:20]!r} keys", f"sandbox không tạo khóa {kind[:20]!r}"),
        Text(f"use one of {', '.join(get_args(KeyKind))}", f"dùng một trong {', '.join(get_args(KeyKind))}"),
    )


def certificate_hash(key: PrivateKey) -> SHA256 | SHA384 | None:
    """The hash with which ``key`` signs certificates and revocation data (None for Ed25519)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256:
        return hashes.SHA384()
    return hashes.SHA256()


class SandboxKey:
    """A make-believe holder's key: a SigningKey, with the Identity that its certificate names.

    Threads and forked processes may share it.  Never use it for anything that matters.
    """

    __slots__ = ("_key", "certificate", "chain", "identity")

    def __init__(
        self,
        key: PrivateKey,
        certificate: x509.Certificate,
        chain: tuple[x509.Certificate, ...],
        identity: Identity,
    ) -> None:
        self._key = key
        self.certificate = certificate
        self.chain = chain
        self.identity = identity

    def __repr__(self) -> str:
        return f"SandboxKey({self.identity!r})"

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """The signature value over ``data``; raises :class:`KeyUnusable` when the key is of another family."""
        return signer(self._key, algorithm)(data)

    @property
    def private_key(self) -> PrivateKey:
        """The bare private key, for tests that need one."""
        return self._key

    @property
    def certificate_der(self) -> bytes:
        """The certificate's DER."""
        return certificates.of(self.certificate).der

    def pkcs12(self, password: str = "sandbox") -> bytes:  # noqa: S107 - the sandbox's password is public
        """Key, certificate and chain as an encrypted PKCS#12 file."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.serialization import pkcs12

        return pkcs12.serialize_key_and_certificates(
            self.identity.name.encode(),
            self._key,
            self.certificate,
            list(self.chain),
            serialization.BestAvailableEncryption(password.encode()),
        )

    def pem(self, password: str | None = None) -> bytes:
        """Key (PKCS#8, encrypted when a password is given), certificate and chain as PEM."""
        from cryptography.hazmat.primitives.serialization import Encoding

        certificates = (self.certificate, *self.chain)
        return private_pem(self._key, password) + b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def private_pem(key: PrivateKey, password: str | None = None) -> bytes:
    """PKCS#8 PEM of a private key."""
    from cryptography.hazmat.primitives import serialization

    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password.encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def load_private_pem(data: bytes) -> PrivateKey:
    """The private key that :func:`private_pem` wrote without a password."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(data, None)
    if isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        return key
    raise NotSupported(
        "sandbox-key",
        Text("a stored sandbox key is of an unknown kind", "khóa sandbox đã lưu không rõ loại"),
        Text("make a new sandbox", "tạo sandbox mới"),
    )
