"""The digest of an approval: what the next Transaction's ``previous`` names (binding.md §5).

It is over the signature values and not over the files, so that it survives later timestamps and preservation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eidkit import canonical
from eidkit.binding import shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from eidkit.algorithms import SignatureAlgorithm


@dataclass(frozen=True, slots=True)
class ApprovedSignature:
    """One signature of an approval: the labels it covers, the digest of its value, the certificate's SHA-256."""

    documents: tuple[str, ...]
    value: str
    certificate: str

    def __post_init__(self) -> None:
        for label in self.documents:
            shape.name(label, "document label")
        shape.unique(self.documents, "documents")
        shape.digest(self.value, "signature value")
        shape.digest(self.certificate, "certificate")

    def to_json(self) -> dict[str, Any]:
        """``{"documents", "value", "certificate"}``."""
        return {"documents": list(self.documents), "value": self.value, "certificate": self.certificate}


def approval_digest(transaction: str, authentication: str, signatures: Iterable[ApprovedSignature]) -> str:
    """``H("eidkit-approval-1", JCS{v, transaction, authentication, signatures})``; both digests in hex.

    ``signatures`` stand in document order.
    """
    return canonical.digest(
        "eidkit-approval-1",
        {
            "v": 1,
            "transaction": shape.digest(transaction, "transaction digest"),
            "authentication": shape.digest(authentication, "authentication digest"),
            "signatures": [signature.to_json() for signature in signatures],
        },
    )


def signature_value_digest(value: bytes, algorithm: SignatureAlgorithm, key: PublicKeyTypes) -> str:
    """SHA-256 (hex) of a signature value; an ECDSA value first becomes fixed-length r ‖ low s.

    Without that, anyone could turn (r, s) into (r, n - s): another value, another digest, the same signature.
    ``value`` is DER for ECDSA, r ‖ s for the *plain* algorithms, as ``algorithms.verify_signature`` takes it.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    if algorithm.family == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
        value = _low_s(value, key.curve, plain=algorithm.plain)
    return hashlib.sha256(value).hexdigest()


def _low_s(value: bytes, curve: Any, *, plain: bool) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    order: int = curve.group_order
    size = (order.bit_length() + 7) // 8
    try:
        r, s = (
            (int.from_bytes(value[:size]), int.from_bytes(value[size:]))
            if plain and len(value) == 2 * size
            else decode_dss_signature(value)
        )
    except ValueError:
        r = s = 0
    if not (0 < r < order and 0 < s < order):
        shape.refuse("ecdsa-value", "an ECDSA value is malformed", "giá trị ECDSA sai cấu trúc")
    return r.to_bytes(size) + min(s, order - s).to_bytes(size)
