"""RFC 3161 timestamps: checking a token (pure), and asking an authority for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.timestamps.authority import TimestampAuthority, first_token
    from eidkit.timestamps.token import TokenResult, check_token

__all__ = ["TimestampAuthority", "TokenResult", "check_token", "first_token"]

__getattr__, __dir__ = lazily.loading(
    __name__, {"authority": ("TimestampAuthority", "first_token"), "token": ("TokenResult", "check_token")}
)
