"""A private key held in memory: loaded once, used many times, never shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self

from eidkit import algorithms
from eidkit.errors import KeyUnusable, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from cryptography import x509

    from eidkit.algorithms import SignatureAlgorithm


class SoftwareKey:
    """A :class:`eidkit.key.SigningKey` in this process's memory.

    Threads may share it.  It works only in the process that opened it: after a fork it refuses.  It cannot be
    pickled, and its repr shows the certificate's subject only.
    """

    def __init__(self, private: Any, certificate: x509.Certificate, chain: Sequence[x509.Certificate] = ()) -> None:
        if private.public_key() != certificate.public_key():
            raise KeyUnusable(
                "key-certificate-mismatch",
                Text("the certificate belongs to another key", "chứng thư số không thuộc khóa này"),
                Text("give the certificate that was issued for this key", "dùng đúng chứng thư đã cấp cho khóa"),
            )
        self._private = private
        self._process = os.getpid()
        self._signers: dict[str, Callable[[bytes], bytes]] = {}
        self.certificate = certificate
        self.chain = tuple(chain)

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """The signature value over ``data``; an ECDSA value is DER; RSA-PSS uses salt length = hash length."""
        if self._private is None:
            raise KeyUnusable(
                "key-closed",
                Text("the key was closed", "khóa đã đóng"),
                Text("sign inside the with block, or open the key again", "ký trong khối with hoặc mở lại khóa"),
                kind="caller",
            )
        if os.getpid() != self._process:
            raise KeyUnusable(
                "key-forked",
                Text("the key was opened before a fork", "khóa được mở trước khi tách tiến trình"),
                Text("open the key in the process that signs", "mở khóa trong tiến trình ký"),
                kind="caller",
            )
        signer = self._signers.get(algorithm.name)
        if signer is None:
            signer = self._signers[algorithm.name] = algorithms.signer(self._private, algorithm)
        return signer(data)

    def close(self) -> None:
        """Forget the private key; the certificate stays readable."""
        self._private = None
        self._signers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed, " if self._private is None else ""
        return f"<{type(self).__name__} {state}certificate serial {self.certificate.serial_number:x}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise KeyUnusable(
            "key-not-picklable",
            Text("a private key is never pickled or copied", "không được sao chép hoặc tuần tự hóa khóa bí mật"),
            Text("open the key again where it is needed", "mở lại khóa ở nơi cần dùng"),
            kind="caller",
        )
