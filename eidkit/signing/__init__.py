"""Signing: ``sign``, or ``prepare`` → key → ``Pending.complete``; ``timestamp``; the keys in files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eidkit.signing.keys.pem import PemKey
    from eidkit.signing.keys.pkcs12 import Pkcs12Key
    from eidkit.signing.pending import Pending
    from eidkit.signing.signing import TOKEN_RESERVE, prepare, sign, timestamp

_WHERE = {
    "Pending": "pending",
    "PemKey": "keys.pem",
    "Pkcs12Key": "keys.pkcs12",
    "TOKEN_RESERVE": "signing",
    "prepare": "signing",
    "sign": "signing",
    "timestamp": "signing",
}
__all__ = ["TOKEN_RESERVE", "PemKey", "Pending", "Pkcs12Key", "prepare", "sign", "timestamp"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
