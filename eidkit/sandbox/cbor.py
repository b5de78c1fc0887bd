"""The CBOR that a make-believe authenticator writes, in the canonical form of CTAP 2.2 §8."""

from __future__ import annotations

from typing import Any


def encoded(value: Any) -> bytes:
    """``value`` (int, bytes, str, bool, None, list, dict) as CBOR; a map's keys by type, length, octets."""
    if isinstance(value, bool) or value is None:
        return bytes([{False: 0xF4, True: 0xF5, None: 0xF6}[value]])
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        octets = value.encode("utf-8")
        return _head(3, len(octets)) + octets
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(encoded(one) for one in value)
    pairs = sorted(((encoded(key), encoded(one)) for key, one in value.items()), key=lambda pair: _order(pair[0]))
    return _head(5, len(pairs)) + b"".join(key + one for key, one in pairs)


def _order(key: bytes) -> tuple[int, int, bytes]:
    return key[0] >> 5, len(key), key


def _head(kind: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([kind << 5 | argument])
    size = next(size for size in (1, 2, 4, 8) if argument < 1 << (8 * size))
    return bytes([kind << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + argument.to_bytes(size)
