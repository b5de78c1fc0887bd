"""The port through which private keys are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cryptography import x509

    from eidkit.algorithms import SignatureAlgorithm


class SigningKey(Protocol):
    """*(port)* A private key we may use and the certificate that names its holder.

    ``chain`` holds further certificates (issuers), in any order.  An implementation never shows the key in a
    repr, pickle or log.  Unless it says otherwise, threads may share it; after a fork it refuses.
    """

    @property
    def certificate(self) -> x509.Certificate:
        """The holder's certificate."""
        ...

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Other certificates that came with the key."""
        ...

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """The signature value over ``data`` (not over its digest); an ECDSA value is DER."""
        ...
