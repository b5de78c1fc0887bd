"""A private key held in memory: loaded once, used many times, never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eidkit import algorithms
from eidkit.signing.keys.held import HeldKey, mismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography import x509

    from eidkit.algorithms import SignatureAlgorithm


class SoftwareKey(HeldKey):
    """A :class:`eidkit.key.SigningKey` in this process's memory.

    Threads may share it.  It works only in the process that opened it: after a fork it refuses.  It cannot be
    pickled, and its repr shows the certificate's serial number only.
    """

    def __init__(self, private: Any, certificate: x509.Certificate, chain: Sequence[x509.Certificate] = ()) -> None:
        if private.public_key() != certificate.public_key():
            raise mismatch()
        super().__init__(certificate, chain)
        self._private = private
        self._signers: dict[str, Callable[[bytes], bytes]] = {}

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """The signature value over ``data``; an ECDSA value is DER; RSA-PSS uses salt length = hash length."""
        self._check_usable()
        signer = self._signers.get(algorithm.name)
        if signer is None:
            signer = self._signers[algorithm.name] = algorithms.signer(self._private, algorithm)
        return signer(data)

    def close(self) -> None:
        """Forget the private key; the certificate stays readable."""
        super().close()
        self._private = None
        self._signers.clear()
