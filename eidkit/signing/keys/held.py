"""What every open private key has in common: it is closed, it stays in its process, it is never shown or copied."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self

from eidkit.errors import KeyUnusable, Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from cryptography import x509


class HeldKey:
    """An open key: a context manager, refused after :meth:`close` and after a fork, never pickled."""

    def __init__(self, certificate: x509.Certificate, chain: Sequence[x509.Certificate] = ()) -> None:
        self._process = os.getpid()
        self._open = True
        self.certificate = certificate
        self.chain = tuple(chain)

    def _check_usable(self) -> None:
        if not self._open:
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

    def close(self) -> None:
        """Give the private key back; the certificate stays readable."""
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "" if self._open else "closed, "
        return f"<{type(self).__name__} {state}certificate serial {self.certificate.serial_number:x}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise KeyUnusable(
            "key-not-picklable",
            Text("a private key is never pickled or copied", "không được sao chép hoặc tuần tự hóa khóa bí mật"),
            Text("open the key again where it is needed", "mở lại khóa ở nơi cần dùng"),
            kind="caller",
        )


def mismatch() -> KeyUnusable:
    """The refusal of a certificate that was issued for another key."""
    return KeyUnusable(
        "key-certificate-mismatch",
        Text("the certificate belongs to another key", "chứng thư số không thuộc khóa này"),
        Text("give the certificate that was issued for this key", "dùng đúng chứng thư đã cấp cho khóa"),
    )
