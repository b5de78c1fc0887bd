"""Bodies that a partner encrypted for us: ``{"data", "key"}``, AES in ECB mode under a key wrapped for our RSA key.

Neither half is authenticated (SP 800-38A §6.1, RFC 8017 §7.2), so this hides a body on its way and proves nothing
of who wrote it: that is the connection's to prove.  What must not happen is that we become an oracle which opens
other people's bodies piece by piece (Bleichenbacher 1998, Vaudenay 2002):

1. Shape first, which depends on no key: one object of exactly two members, canonical base64, lengths that can be.
2. The wrapped key is unwrapped by our key, which may live in hardware.  Whatever comes of it that is no AES key is
   replaced by a random one, and the work goes on the same (implicit rejection).
3. A padding that is wrong gives nothing.  The caller has one answer for all of it: a body gives one refusal, and a
   code goes on as a made-up one, which the partner then refuses like any other (:func:`opened_code`).
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from eidkit.algorithms import MIN_RSA_BITS
from eidkit.auth import foreign
from eidkit.auth.callback import MAX_CODE
from eidkit.auth.foreign import NotAccepted
from eidkit.binding import shape
from eidkit.errors import EidkitError, KeyUnusable, Text
from eidkit.files import read_bounded

if TYPE_CHECKING:
    import os
    from typing import Self

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

BLOCK = 16
MAX_KEY_FILE = 64 * 1024
_AES_KEYS = frozenset({16, 24, 32})


class DecryptionKey(Protocol):
    """*(port)* Our private RSA key for which a partner encrypts: in a file, in an HSM, with a remote service.

    An implementation never shows the key in a repr, pickle or log.  Threads may share it.
    """

    @property
    def size(self) -> int:
        """The length of its modulus in bytes: the only length that a wrapped key can have."""
        ...

    def decrypt(self, wrapped: bytes) -> bytes:
        """What RSAES-PKCS1-v1_5 (RFC 8017 §7.2.2) makes of ``wrapped``; ValueError when it makes nothing of it.

        Any other exception means that the key could not be used at all, and reaches the caller as it is.
        """
        ...


class PemDecryptionKey:
    """A private RSA key from a file (PKCS#8 or traditional, PEM); threads may share it."""

    __slots__ = ("_private",)

    def __init__(self, private: RSAPrivateKey) -> None:
        if private.key_size < MIN_RSA_BITS:
            raise _unusable(f"an RSA key has at least {MIN_RSA_BITS} bits", f"khóa RSA có ít nhất {MIN_RSA_BITS} bit")
        self._private = private

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, password: str | bytes | None = None) -> Self:
        """The key at ``path``; raises :class:`KeyUnusable` when there is no RSA key that opens with ``password``."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        secret = password.encode() if isinstance(password, str) else password
        try:
            private = load_pem_private_key(read_bounded(path, MAX_KEY_FILE), secret)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            name = Path(path).name
            raise _unusable(
                f"{name} holds no key, or another password", f"{name} không có khóa hoặc sai mật khẩu"
            ) from (error)
        if not isinstance(private, RSAPrivateKey):
            raise _unusable("the key is not an RSA key", "không phải khóa RSA")
        return cls(private)

    @property
    def size(self) -> int:
        """The length of its modulus in bytes."""
        return (self._private.key_size + 7) // 8

    def decrypt(self, wrapped: bytes) -> bytes:
        """What RSAES-PKCS1-v1_5 makes of ``wrapped``; ValueError, or noise, when that is nothing."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        return self._private.decrypt(wrapped, PKCS1v15())

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled")


def opened_body(body: bytes, key: DecryptionKey) -> bytes:
    """What is inside ``{"data", "key"}``; NotAccepted with one reason, whatever it was.

    A body that is not encrypted is refused: otherwise whoever stands between could choose that.
    """
    try:
        row = foreign.json_object(body, "sealed-body")
        if row.keys() != {"data", "key"}:
            raise NotAccepted("sealed-body")
        data, wrapped = (_bytes(row[name]) for name in ("data", "key"))
    except EidkitError as error:
        raise NotAccepted("sealed-body") from error
    plain = _opened(data, wrapped, key)
    if plain is None:
        raise NotAccepted("sealed-body")
    return plain


def opened_code(code: str, wrapped_key: str, key: DecryptionKey) -> str:
    """The authorization code inside ``code``, or a made-up one that nobody was given.

    The browser is anybody's, so a code that does not open must look like one that the partner does not know: the same
    exchange follows.  NotAccepted only for what no key could open.
    """
    try:
        data, wrapped = shape.base64_bytes(code, "code"), shape.base64_bytes(wrapped_key, "encrypt_key")
    except EidkitError as error:
        raise NotAccepted("code") from error
    if len(data) > MAX_CODE:
        raise NotAccepted("code")
    made_up = secrets.token_urlsafe(32)
    try:
        plain = _opened(data, wrapped, key)
    except NotAccepted:
        raise NotAccepted("code") from None
    found = (plain or b"").decode("ascii", errors="replace")
    return found if found and found.isascii() and found.isprintable() else made_up


def _opened(data: bytes, wrapped: bytes, key: DecryptionKey) -> bytes | None:
    """The plan: 1. for lengths, then 2. and 3."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import ECB
    from cryptography.hazmat.primitives.padding import PKCS7

    if len(wrapped) != key.size or not data or len(data) % BLOCK:
        raise NotAccepted("sealed-body")
    instead = secrets.token_bytes(32)
    try:
        unwrapped = key.decrypt(wrapped)
    except ValueError:
        unwrapped = b""
    usable = unwrapped if len(unwrapped) in _AES_KEYS else instead
    decryptor = Cipher(AES(usable), ECB()).decryptor()  # noqa: S305 - the partner's format; nothing here relies on it for more than hiding
    padded = decryptor.update(data) + decryptor.finalize()
    unpadder = PKCS7(8 * BLOCK).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return None


def _bytes(value: object) -> bytes:
    return shape.base64_bytes(value, "sealed body")


def _unusable(en: str, vi: str) -> KeyUnusable:
    return KeyUnusable(
        "decryption-key",
        Text(en, vi),
        Text(
            "give the RSA key whose public half the partner was given",
            "dùng khóa RSA có phần công khai đã gửi cho đối tác",
        ),
    )
