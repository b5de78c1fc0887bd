"""RFC 3161 timestamps: checking a token (pure), and asking an authority for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eidkit.timestamps.authority import TimestampAuthority, first_token
    from eidkit.timestamps.token import TokenResult, check_token

_MODULES = {
    "TimestampAuthority": "eidkit.timestamps.authority",
    "first_token": "eidkit.timestamps.authority",
    "TokenResult": "eidkit.timestamps.token",
    "check_token": "eidkit.timestamps.token",
}
__all__ = ["TimestampAuthority", "TokenResult", "check_token", "first_token"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module 'eidkit.timestamps' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
