"""ServiceJws: a statement that the deploying service signed with its attestation key, as a compact JWS (RFC 7515).

Attestations and identity links are such statements.  Each kind has its own ``typ``, so that none can stand for the
other.  Here one is made and read; whether its certificate chains to an anchor of kind *attestation*, and whose it is,
is judged by ``verify`` and ``dossier``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eidkit import algorithms, canonical
from eidkit.binding import jwa, shape
from eidkit.errors import KeyUnusable, NotSupported, SigningError, Text

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from eidkit.key import SigningKey

MAX_JWS = 32_768


@dataclass(frozen=True, slots=True)
class ServiceJws:
    """One signed statement as read: its text, the payload's JSON, the leaf certificate (DER), and ``alg``.

    Reading is no judgement: ask :meth:`signature_holds`, and then who signed.  Threads may share it.
    """

    text: str
    payload: Any = field(repr=False, compare=False)
    certificate: bytes = field(repr=False)
    algorithm: str
    """The JWS ``alg``, one of a fixed list."""
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def read(cls, jws: str, typ: str) -> ServiceJws:
        """The statement of kind ``typ`` in a compact JWS of at most 32,768 characters.

        The header has exactly ``alg``, ``typ`` and ``x5c`` (one certificate); header and payload are RFC 8785 bytes in
        canonical base64url.  Anything else raises :class:`CanonicalError`.
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
        shape.one_of(header["typ"], (typ,), "typ")
        chain = shape.items(header["x5c"], lambda item: shape.base64_bytes(item, "x5c"), "x5c", limit=1)
        if len(chain) != 1 or not chain[0]:
            shape.refuse(
                "attestation-x5c", "x5c holds exactly the service's certificate", "x5c phải có đúng một chứng thư"
            )
        said = canonical.loads(payload, exact=True)
        return cls(jws, said, chain[0], header["alg"], f"{parts[0]}.{parts[1]}".encode("ascii"), signature)

    def signature_holds(self) -> bool:
        """Whether the value is the signature of ``certificate``'s key, with a key that fits ``alg`` and is strong."""
        key = _public_key(self.certificate)
        return key is not None and jwa.verify(key, self.algorithm, self.signature, self.signing_input)


def signed(payload: dict[str, Any], typ: str, key: SigningKey, issued_at: datetime) -> ServiceJws:
    """The statement ``payload`` of kind ``typ``, signed by the service's ``key`` at ``issued_at``.

    The signature is checked against the key's certificate before it is returned.  Raises :class:`KeyUnusable` for a
    certificate outside its period and :class:`NotSupported` for a key that no ``alg`` of the fixed list fits.
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
    header = {"alg": alg, "typ": typ, "x5c": [_certificate_text(key)]}
    head, body = (shape.base64url(canonical.dumps(part)) for part in (header, payload))
    value = key.sign(f"{head}.{body}".encode("ascii"), algorithms.SIGNATURE_BY_NAME[row.algorithm])
    if row.bits is not None:
        value = algorithms.ecdsa_to_plain(value, row.bits)
    made = ServiceJws.read(f"{head}.{body}.{shape.base64url(value)}", typ)
    if not made.signature_holds():
        raise SigningError(
            "attestation-value",
            Text(
                "the service key gave a value that its certificate does not verify",
                "giá trị ký không khớp chứng thư của dịch vụ",
            ),
            Text("check that key and certificate belong together", "kiểm tra khóa và chứng thư có khớp nhau không"),
            kind="configuration",
        )
    return made


def _certificate_text(key: SigningKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return shape.base64_text(key.certificate.public_bytes(Encoding.DER))


def _public_key(certificate: bytes) -> PublicKeyTypes | None:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
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
