"""Keys in PEM or DER files, with their certificate beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from eidkit.asn1.pem import is_pem
from eidkit.signing.keys import files
from eidkit.signing.keys.software import SoftwareKey

if TYPE_CHECKING:
    import os


class PemKey(SoftwareKey):
    """A private key file (PKCS#8 or traditional, PEM or DER) and a certificate file, opened once.

    Threads may share it; a forked process opens its own.  Use it as a context manager, or call :meth:`close`.
    """

    @classmethod
    def open(
        cls,
        key: str | os.PathLike[str],
        certificate: str | os.PathLike[str],
        *,
        password: str | bytes | None = None,
    ) -> Self:
        """The key at ``key`` and its certificate at ``certificate`` (the first one; any others are its chain).

        Raises :class:`eidkit.errors.KeyUnusable`: ``key-unreadable``, ``key-password``, ``key-malformed``,
        ``key-certificate-mismatch``.
        """
        private = _private(files.contents(key), Path(key).name, password)
        own, *chain = files.certificates(certificate)
        return cls(private, own, chain)


def _private(data: bytes, name: str, password: str | bytes | None) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    secret = password.encode() if isinstance(password, str) else password
    load = serialization.load_pem_private_key if is_pem(data) else serialization.load_der_private_key
    try:
        return load(data, secret)
    except TypeError as error:  # a password where none is needed, or none where one is
        raise files.wrong_password(name) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        encrypted = secret is not None
        raise (files.wrong_password(name) if encrypted else files.malformed(name, "no private key in it")) from error
