"""Keys in PKCS#12 files (``.p12``, ``.pfx``; RFC 7292)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from eidkit.signing.keys import files
from eidkit.signing.keys.software import SoftwareKey

if TYPE_CHECKING:
    import os


class Pkcs12Key(SoftwareKey):
    """A key and certificate from a PKCS#12 file, opened once.

    Use it as a context manager, or call :meth:`close`, so that the key does not outlive its use.
    """

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, password: str | bytes | None) -> Self:
        """The key in the file at ``path``.

        Raises :class:`eidkit.errors.KeyUnusable`: ``key-unreadable``, ``key-password``, ``key-malformed`` (no
        key or no certificate in it).
        """
        from cryptography.hazmat.primitives.serialization import pkcs12

        name = Path(path).name
        data = files.contents(path)
        secret = password.encode() if isinstance(password, str) else password
        try:
            private, certificate, others = pkcs12.load_key_and_certificates(data, secret)
        except ValueError as error:
            raise (
                files.wrong_password(name)
                if b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07" in data
                else files.malformed(name, "not PKCS#12")
            ) from error
        if private is None or certificate is None:
            raise files.malformed(name, "it holds no key with its certificate")
        return cls(private, certificate, others)
