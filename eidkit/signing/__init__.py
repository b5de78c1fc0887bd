"""Signing: ``sign``, or ``prepare`` → key → ``Pending.complete``; ``timestamp``, ``preserve``; the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.signing.appearance import Appearance, Place
    from eidkit.signing.keys.pem import PemKey
    from eidkit.signing.keys.pkcs11 import Pkcs11Key
    from eidkit.signing.keys.pkcs12 import Pkcs12Key
    from eidkit.signing.pending import Pending
    from eidkit.signing.preserving import preserve
    from eidkit.signing.signing import TOKEN_RESERVE, prepare, sign, timestamp

__all__ = [
    "TOKEN_RESERVE",
    "Appearance",
    "PemKey",
    "Pending",
    "Pkcs11Key",
    "Pkcs12Key",
    "Place",
    "prepare",
    "preserve",
    "sign",
    "timestamp",
]

__getattr__, __dir__ = lazily.loading(
    __name__,
    {
        "appearance": ("Appearance", "Place"),
        "keys.pem": ("PemKey",),
        "keys.pkcs11": ("Pkcs11Key",),
        "keys.pkcs12": ("Pkcs12Key",),
        "pending": ("Pending",),
        "preserving": ("preserve",),
        "signing": ("TOKEN_RESERVE", "prepare", "sign", "timestamp"),
    },
)
