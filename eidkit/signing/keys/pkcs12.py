"""Keys in PKCS#12 files (``.p12``, ``.pfx``; RFC 7292)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from eidkit.asn1 import der
from eidkit.errors import EidkitError
from eidkit.signing.keys import files
from eidkit.signing.keys.software import SoftwareKey

if TYPE_CHECKING:
    import os


MAX_ROUNDS = 6_000_000
"""Rounds of all key derivations that a file asks for before its password is known to be right: some seconds."""


class Pkcs12Key(SoftwareKey):
    """A key and certificate from a PKCS#12 file, opened once.

    Use it as a context manager, or call :meth:`close`, so that the key does not outlive its use.
    Threads may share it; a forked process opens its own.
    """

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, password: str | bytes | None) -> Self:
        """The key in the file at ``path``.

        Raises :class:`eidkit.errors.KeyUnusable`: ``key-unreadable``, ``key-password``, ``key-malformed`` (no
        key or no certificate in it).
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import pkcs12

        name = Path(path).name
        data = files.contents(path)
        secret = password.encode() if isinstance(password, str) else password
        try:
            rounds = _rounds(der.whole(der.definite(data)))
        except EidkitError as error:
            raise files.malformed(name, "not PKCS#12") from error
        if rounds > MAX_ROUNDS:
            raise files.malformed(name, f"its password would have to be derived in more than {MAX_ROUNDS} rounds")
        try:
            private, certificate, others = pkcs12.load_key_and_certificates(data, secret)
        except UnsupportedAlgorithm as error:
            raise files.malformed(name, "it is protected in a way that is not supported") from error
        except ValueError as error:
            raise (
                files.wrong_password(name)
                if b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07" in data
                else files.malformed(name, "not PKCS#12")
            ) from error
        if private is None or certificate is None:
            raise files.malformed(name, "it holds no key with its certificate")
        return cls(private, certificate, others)


def _rounds(node: der.Node, depth: int = 0) -> int:
    """The rounds of every key derivation that stands in the open: each INTEGER that follows a salt.

    RFC 7292 §4 (MacData), appendix C (pkcs-12PbeParams); RFC 8018 §A.2 (PBKDF2-params).
    """
    total, previous = 0, 0
    for child in node.items() if depth < der.MAX_DEPTH else ():
        if child.tag == der.INTEGER and previous == der.OCTET_STRING:
            total += max(der.integer(child), 0)
        elif child.tag & der.CONSTRUCTED:
            total += _rounds(child, depth + 1)
        elif child.tag == der.OCTET_STRING and child.content[:1] == bytes((der.SEQUENCE,)):
            total += _rounds_inside(child.content, depth + 1)
        previous = child.tag
    return total


def _rounds_inside(content: bytes, depth: int) -> int:
    try:
        return _rounds(der.whole(content), depth)
    except EidkitError:
        return 0  # a key or a ciphertext that happens to begin like a SEQUENCE
