"""The CBOR that authenticators write (RFC 8949, in the CTAP2 canonical form of CTAP 2.2 §8), read strictly.

Whole numbers, byte and text strings, arrays, maps, false, true and null; lengths definite and in their shortest form,
no key twice, at most four levels (CTAP2's own bound).  Everything else is refused.  Keys may stand in any order,
because order cannot be understood in two ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eidkit.auth.foreign import NotAccepted

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH = 4
MAX_ITEMS = 64
_SIMPLE = {20: False, 21: True, 22: None}


def whole(data: bytes, reason: str) -> Any:
    """The one item that ``data`` is; NotAccepted with ``reason``, also for bytes after it."""
    value, end = first(data, reason)
    if end != len(data):
        raise NotAccepted(reason)
    return value


def first(data: bytes, reason: str, start: int = 0) -> tuple[Any, int]:
    """The item that begins at ``start``, and where it ends; NotAccepted with ``reason``."""
    return _Reader(data, reason).item(start, 0)


class _Reader:
    """One pass over ``data``; every method gives a value and the position after it."""

    def __init__(self, data: bytes, reason: str) -> None:
        self._data = data
        self._reason = reason

    def item(self, at: int, depth: int) -> tuple[Any, int]:
        kind, argument, at = self._head(at)
        if kind == 0:
            return argument, at
        if kind == 1:
            return -1 - argument, at
        if kind in {2, 3}:
            return self._string(kind, argument, at)
        if kind in {4, 5}:
            self._demand(depth < MAX_DEPTH and argument <= MAX_ITEMS)
            read: Callable[[int, int, int], tuple[Any, int]] = self._array if kind == 4 else self._map
            return read(argument, at, depth + 1)
        self._demand(kind == 7 and argument in _SIMPLE)
        return _SIMPLE[argument], at

    def _head(self, at: int) -> tuple[int, int, int]:
        """Major type, argument and position after both; an argument in more octets than it needs is refused."""
        self._demand(at < len(self._data))
        kind, short = divmod(self._data[at], 32)
        at += 1
        if short < 24:
            return kind, short, at
        self._demand(short < 28 and kind != 7)
        size = 1 << (short - 24)
        self._demand(at + size <= len(self._data))
        argument = int.from_bytes(self._data[at : at + size])
        self._demand(argument >= (24 if size == 1 else 1 << (4 * size)))
        return kind, argument, at + size

    def _string(self, kind: int, length: int, at: int) -> tuple[bytes | str, int]:
        end = at + length
        self._demand(end <= len(self._data))
        octets = self._data[at:end]
        if kind == 2:
            return octets, end
        try:
            return octets.decode("utf-8", errors="strict"), end
        except UnicodeDecodeError as error:
            raise NotAccepted(self._reason) from error

    def _array(self, count: int, at: int, depth: int) -> tuple[list[Any], int]:
        found = []
        for _ in range(count):
            value, at = self.item(at, depth)
            found.append(value)
        return found, at

    def _map(self, count: int, at: int, depth: int) -> tuple[dict[int | str, Any], int]:
        found: dict[int | str, Any] = {}
        for _ in range(count):
            key, at = self.item(at, depth)
            # A boolean would be equal to a number.
            self._demand(type(key) in {int, str} and key not in found)
            found[key], at = self.item(at, depth)
        return found, at

    def _demand(self, holds: bool) -> None:
        if not holds:
            raise NotAccepted(self._reason)
