"""Strict RFC 8785 JSON (JCS), the digests made over it, and its times.

Everything that eidkit binds is JSON read and written here: UTF-8, NFC, no duplicate member, no float, no
integer above 2**53 - 1, no control or bidirectional-override character.  What does not fit is refused, never
repaired (binding.md: "JSON everywhere").
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from eidkit.errors import CanonicalError, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

type_names = {dict: "object", list: "array", str: "string", int: "integer", bool: "boolean", type(None): "null"}

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32
MAX_BYTES = 16 * 1024 * 1024
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def dumps(value: Any) -> bytes:
    """The RFC 8785 bytes of ``value``; raises :class:`CanonicalError` for anything strict JSON cannot hold."""
    import rfc8785

    check_strict(value)
    return rfc8785.dumps(value)


def loads(data: bytes, *, exact: bool = False) -> Any:
    """The value of strict JSON ``data``; with ``exact`` the bytes must already be canonical.

    Raises :class:`CanonicalError` for bytes that are not UTF-8, duplicate members, floats, large integers,
    text that is not NFC, control or bidirectional characters, deep nesting or more than 16 MiB.
    """
    if len(data) > MAX_BYTES:
        _refuse("json-too-large", f"the JSON is longer than {MAX_BYTES} bytes", "JSON dài quá giới hạn cho phép")
    try:
        text = data.decode("utf-8", errors="strict")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float, parse_int=_integer
        )
    except (ValueError, RecursionError) as error:
        raise _error("json-malformed", f"not strict JSON: {type(error).__name__}", "không phải JSON hợp lệ") from error
    check_strict(value)
    if exact and dumps(value) != data:
        _refuse("json-not-canonical", "the JSON is not in RFC 8785 form", "JSON không ở dạng chuẩn RFC 8785")
    return value


def members(value: Any, names: Iterable[str], what: str) -> dict[str, Any]:
    """``value`` as an object with exactly the members ``names``; anything missing or unknown is refused."""
    expected = set(names)
    if not isinstance(value, dict) or set(value) != expected:
        found = set(value) if isinstance(value, dict) else set()
        missing, unknown = sorted(expected - found), sorted(found - expected)
        _refuse(
            "json-members",
            f"{what}: missing {missing}, unknown {unknown[:8]}",
            f"{what}: thiếu {missing}, không biết {unknown[:8]}",
        )
    return value


def typed(value: Any, kind: type, what: str) -> Any:
    """``value`` if it is exactly of the JSON type ``kind`` (a boolean is no integer), otherwise refused."""
    if type(value) is not kind:
        _refuse("json-type", f"{what} must be {type_names[kind]}", f"{what} phải là {type_names[kind]}")
    return value


def tagged_digest(tag: str, data: bytes) -> str:
    """``H(tag, data)`` of binding.md: lower-case hex of SHA-256(tag ‖ 0x00 ‖ data), the tag in ASCII."""
    return hashlib.sha256(tag.encode("ascii") + b"\x00" + data).hexdigest()


def digest(tag: str, value: Any) -> str:
    """``H(tag, JCS(value))`` in lower-case hex."""
    return tagged_digest(tag, dumps(value))


def is_digest(value: Any) -> bool:
    """Whether ``value`` is 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and len(value) == 64 and all(c in "0123456789abcdef" for c in value)


def format_time(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ``; fractions are cut; a naive time is refused."""
    if moment.tzinfo is None:
        _refuse("time-naive", "a time without a zone was given", "thời điểm không có múi giờ")
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def parse_time(text: Any) -> datetime:
    """The moment of exactly ``YYYY-MM-DDTHH:MM:SSZ``; anything else is refused."""
    try:
        # fromisoformat takes many spellings; only the one that is written back is ours
        moment = datetime.fromisoformat(text) if isinstance(text, str) and text[19:] == "Z" else None
    except ValueError:
        moment = None
    if moment is None or format_time(moment) != text:
        raise _error("time-malformed", "a time is not YYYY-MM-DDTHH:MM:SSZ", "thời điểm sai định dạng")
    return moment


def check_strict(value: Any, depth: int = 0) -> None:
    """Refuse what strict JSON cannot hold: floats, big integers, bad text, other types, deep nesting."""
    if depth > MAX_DEPTH:
        _refuse("json-too-deep", f"the JSON nests deeper than {MAX_DEPTH}", "JSON lồng quá sâu")
    if value is None or value is True or value is False:
        return
    if type(value) is int:
        _check_integer(value)
    elif type(value) is str:
        check_text(value)
    elif type(value) in {list, tuple}:
        for item in value:
            check_strict(item, depth + 1)
    elif type(value) is dict:
        _check_object(value, depth)
    else:
        _refuse("json-type", f"{type(value).__name__} is not JSON here", f"không chấp nhận kiểu {type(value).__name__}")


def check_text(text: str) -> None:
    """Refuse text that is not NFC or holds control, surrogate or bidirectional-override characters."""
    if not unicodedata.is_normalized("NFC", text):
        _refuse("json-not-nfc", "text is not in Unicode form NFC", "văn bản không ở dạng Unicode NFC")
    if text.isascii():
        if not text.isprintable():
            _refuse("json-control", "text holds a control character", "văn bản có ký tự điều khiển")
        return
    for character in text:
        if character in _BIDIRECTIONAL or unicodedata.category(character) in {"Cc", "Cs"}:
            _refuse("json-control", "text holds a control or direction character", "văn bản có ký tự điều khiển")


def _check_integer(value: int) -> None:
    if abs(value) > MAX_INTEGER:
        _refuse("json-integer", "an integer is above 2^53 - 1", "số nguyên vượt quá 2^53 - 1")


def _check_object(value: Mapping[Any, Any], depth: int) -> None:
    for name, item in value.items():
        if type(name) is not str:
            _refuse("json-type", "a member name is not text", "tên thành phần không phải chuỗi")
        check_text(name)
        check_strict(item, depth + 1)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        _refuse("json-duplicate", "a member appears twice", "một thành phần xuất hiện hai lần")
    return result


def _no_float(_: str) -> NoReturn:
    _refuse("json-float", "a number is not an integer", "có số không phải số nguyên")


def _integer(text: str) -> int:
    if len(text) > 17:
        _refuse("json-integer", "an integer is above 2^53 - 1", "số nguyên vượt quá 2^53 - 1")
    if text == "-0":
        _refuse("json-integer", "-0 is not an integer here", "không chấp nhận -0")
    return int(text)


def _error(code: str, en: str, vi: str) -> CanonicalError:
    return CanonicalError(
        code,
        Text(en, vi),
        Text(
            "take the file again from whoever wrote it; eidkit never repairs it", "hãy lấy lại tệp gốc từ nơi phát hành"
        ),
    )


def _refuse(code: str, en: str, vi: str) -> NoReturn:
    raise _error(code, en, vi)
