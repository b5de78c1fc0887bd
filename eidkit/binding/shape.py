"""Checks of shape that the values of this package share, and strict base64.

A value that passes is well formed; whether it is *true* is for the verifier to recompute.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from eidkit import canonical
from eidkit.errors import CanonicalError, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
MAX_TEXT = 4096
MAX_ITEMS = 256
FIRST_YEAR, LAST_YEAR = 1970, 9998
T = TypeVar("T")


def refuse(code: str, en: str, vi: str) -> NoReturn:
    """Raise the :class:`CanonicalError` of a value whose shape is wrong."""
    raise CanonicalError(
        code,
        Text(en, vi),
        Text("correct the value where it is written; eidkit never repairs it", "hãy sửa giá trị tại nơi tạo ra nó"),
    )


def text(value: Any, what: str, *, limit: int = MAX_TEXT, empty: bool = False) -> str:
    """``value`` as strict text of at most ``limit`` characters, not empty unless allowed."""
    checked: str = canonical.typed(value, str, what)
    canonical.check_text(checked)
    if len(checked) > limit or not (checked or empty):
        refuse("text-length", f"{what} must have 1 to {limit} characters", f"{what} phải có từ 1 đến {limit} ký tự")
    return checked


def name(value: Any, what: str) -> str:
    """``value`` as a name that is safe in a path: lower-case ASCII letters, digits, ``-`` and ``_``, at most 64."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        refuse(
            "name-spelling",
            f"{what} must be lower-case letters, digits, - or _",
            f"{what} chỉ gồm chữ thường, số, - và _",
        )
    return value


def digest(value: Any, what: str) -> str:
    """``value`` as 64 lower-case hexadecimal digits."""
    if not canonical.is_digest(value):
        refuse(
            "digest-spelling",
            f"{what} must be 64 lower-case hexadecimal digits",
            f"{what} phải gồm 64 chữ số hex thường",
        )
    return str(value)


def one_of(value: Any, allowed: Iterable[str], what: str) -> str:
    """``value`` as one of the texts ``allowed``."""
    choices = tuple(allowed)
    if not isinstance(value, str) or value not in choices:
        refuse(
            "value-unknown",
            f"{what} must be one of {', '.join(choices)}",
            f"{what} phải là một trong {', '.join(choices)}",
        )
    return value


def whole(value: Any, what: str, least: int = 0) -> int:
    """``value`` as an integer from ``least`` to 2**53 - 1."""
    checked: int = canonical.typed(value, int, what)
    if not least <= checked <= canonical.MAX_INTEGER:
        refuse("integer-range", f"{what} must be at least {least}", f"{what} phải từ {least} trở lên")
    return checked


def items(value: Any, read: Callable[[Any], T], what: str, *, limit: int = MAX_ITEMS) -> tuple[T, ...]:
    """Each element of the JSON array ``value`` as ``read`` takes it; at most ``limit`` elements."""
    checked: list[Any] = canonical.typed(value, list, what)
    if len(checked) > limit:
        refuse("too-many", f"{what} has more than {limit} entries", f"{what} có quá {limit} mục")
    return tuple(read(item) for item in checked)


def unique(values: Iterable[str], what: str) -> None:
    """Refuse a repeated value."""
    seen = list(values)
    if len(set(seen)) != len(seen):
        refuse("not-unique", f"{what} repeats a value", f"{what} có giá trị lặp lại")


def moment(value: datetime, what: str) -> datetime:
    """``value`` as a UTC time in whole seconds: the form in which every time is bound.

    At the ends of the calendar nobody could add a tolerance to it any more, so those are refused.
    """
    if value.tzinfo is None:
        refuse("time-naive", f"{what} has no time zone", f"{what} không có múi giờ")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        refuse(
            "time-range",
            f"{what} lies in the years {FIRST_YEAR} to {LAST_YEAR}",
            f"{what} phải trong các năm {FIRST_YEAR} đến {LAST_YEAR}",
        )
    return canonical.parse_time(canonical.format_time(value))


def base64url(data: bytes) -> str:
    """``data`` in base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def base64url_bytes(value: Any, what: str) -> bytes:
    """The bytes of canonical base64url: no padding, no other characters, no unused bits set."""
    if isinstance(value, str) and _BASE64URL.fullmatch(value) and len(value) % 4 != 1:
        data = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        if base64url(data) == value:
            return data
    refuse("base64-spelling", f"{what} is not canonical base64url", f"{what} không phải base64url chuẩn")


def base64_text(data: bytes) -> str:
    """``data`` in standard base64, padded, in one line."""
    return base64.b64encode(data).decode("ascii")


def base64_bytes(value: Any, what: str) -> bytes:
    """The bytes of canonical standard base64: padded, no white space, no unused bits set."""
    if isinstance(value, str) and value.isascii():
        try:
            data = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if base64_text(data) == value:
            return data
    refuse("base64-spelling", f"{what} is not canonical base64", f"{what} không phải base64 chuẩn")
