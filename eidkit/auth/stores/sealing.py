"""Sealing at rest: AES-256-GCM under the caller's key, bound to the place where it lies (NIST SP 800-38D)."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError, StoreError, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_SIZE = 32
_KEY_ID = 8
_NONCE = 12


class Sealer:
    """Seals under the first key, opens under any; a sealed text begins with the id of its key."""

    __slots__ = ("_ciphers", "_current")
    _ciphers: dict[bytes, AESGCM]
    _current: bytes

    def __init__(self, key: bytes, former: Sequence[bytes] = ()) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        for candidate in (key, *former):
            if len(candidate) != KEY_SIZE:
                raise EidkitError(
                    "stores-key",
                    Text("a store key has exactly 32 random bytes", "khóa của stores phải gồm đúng 32 byte ngẫu nhiên"),
                    Text(
                        "make one with secrets.token_bytes(32) and keep it in a vault",
                        "tạo bằng secrets.token_bytes(32) và cất giữ an toàn",
                    ),
                    kind="configuration",
                )
        self._ciphers = {_key_id(each): AESGCM(each) for each in (*former, key)}
        self._current = _key_id(key)

    def succeeded_by(self, key: bytes) -> Sealer:
        """A sealer under ``key`` that opens also what this one opens."""
        after = Sealer(key)
        after._ciphers = {**self._ciphers, **after._ciphers}
        return after

    def seal(self, plain: bytes, place: str) -> bytes:
        """Key id ‖ nonce ‖ ciphertext and tag; ``place`` is authenticated with it."""
        nonce = os.urandom(_NONCE)
        return self._current + nonce + self._ciphers[self._current].encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """The plain bytes, or StoreError."""
        from cryptography.exceptions import InvalidTag

        cipher = self._ciphers.get(sealed[:_KEY_ID])
        nonce = sealed[_KEY_ID : _KEY_ID + _NONCE]
        try:
            if cipher is None:
                raise _unopened()
            return cipher.decrypt(nonce, sealed[_KEY_ID + _NONCE :], place.encode())
        except (InvalidTag, ValueError) as error:
            raise _unopened() from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether ``sealed`` lies under the present key."""
        return sealed[:_KEY_ID] == self._current

    def __repr__(self) -> str:
        return f"Sealer({len(self._ciphers)} keys)"


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"eidkit-store-key-1\x00" + key).digest()[:_KEY_ID]


def _unopened() -> StoreError:
    return StoreError(
        "store-sealed",
        Text("something in the store does not open with this key", "không mở được dữ liệu trong kho bằng khóa này"),
        Text(
            "give the key (or former key) it was sealed with; if that is right, the store was tampered with",
            "dùng đúng khóa; nếu khóa đúng thì dữ liệu đã bị can thiệp",
        ),
        kind="configuration",
        retryable=False,
    )
