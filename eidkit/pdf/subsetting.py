"""A TrueType font program cut down to some glyphs, under their own numbers: the same bytes every time.

Written here rather than by a font library because a verifier draws an appearance again, years later and with other
releases, and compares (docs/adr/0018-appearances.md).  Only for the shipped faces, which are trusted: no hinting,
no layout tables.  Source: ISO/IEC 14496-22 (OpenType) §4.3 (sfnt), §5.3 (glyf, loca); ISO 32000-2 §9.9.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT = ("glyf", "head", "hhea", "hmtx", "loca", "maxp")
"""The tables of a composite font's program: its text is glyph numbers, so it needs no names and no character map."""
_WORDS, _SCALE, _MORE, _TWO_SCALES, _MATRIX = 0x0001, 0x0008, 0x0020, 0x0040, 0x0080
_MAGIC = 0xB1B0AFBA


def subset(tables: Mapping[str, bytes], glyphs: Iterable[int]) -> bytes:
    """The font program with ``.notdef``, ``glyphs`` and the parts these are composed of; all others are empty."""
    offsets = _offsets(tables)
    kept = _with_parts(tables["glyf"], offsets, {0, *glyphs})
    outlines, places = bytearray(), []
    for number in range(len(offsets) - 1):
        places.append(len(outlines))
        if number in kept:
            outlines += tables["glyf"][offsets[number] : offsets[number + 1]]
            outlines += bytes(-len(outlines) % 4)
    places.append(len(outlines))
    made = {
        **{name: tables[name] for name in KEPT},
        "glyf": bytes(outlines),
        "loca": struct.pack(f">{len(places)}L", *places),
        "hmtx": _advances(tables, kept),
        # The checksum of the whole file is set at the end; offsets in loca are long.
        "head": tables["head"][:8] + bytes(4) + tables["head"][12:50] + b"\x00\x01" + tables["head"][52:],
    }
    return _file(made)


def _offsets(tables: Mapping[str, bytes]) -> tuple[int, ...]:
    if struct.unpack_from(">h", tables["head"], 50)[0]:
        return struct.unpack(f">{len(tables['loca']) // 4}L", tables["loca"])
    return tuple(2 * half for half in struct.unpack(f">{len(tables['loca']) // 2}H", tables["loca"]))


def _with_parts(outlines: bytes, offsets: tuple[int, ...], wanted: set[int]) -> set[int]:
    """``wanted`` and every glyph that one of them is composed of, at any depth."""
    kept: set[int] = set()
    pending = list(wanted)
    while pending:
        number = pending.pop()
        if number not in kept:
            kept.add(number)
            pending += _parts(outlines[offsets[number] : offsets[number + 1]])
    return kept


def _parts(outline: bytes) -> list[int]:
    """The glyphs that a composite outline names; none for a simple one."""
    if not outline or struct.unpack_from(">h", outline)[0] >= 0:
        return []
    found, position, flags = [], 10, _MORE
    while flags & _MORE:
        flags, number = struct.unpack_from(">HH", outline, position)
        found.append(number)
        position += 8 if flags & _WORDS else 6
        position += 8 if flags & _MATRIX else 4 if flags & _TWO_SCALES else 2 if flags & _SCALE else 0
    return found


def _advances(tables: Mapping[str, bytes], kept: set[int]) -> bytes:
    """The horizontal metrics, zero for glyphs that are not there."""
    count = struct.unpack_from(">H", tables["hhea"], 34)[0]
    full, rest = tables["hmtx"][: 4 * count], tables["hmtx"][4 * count :]
    return b"".join(full[4 * n : 4 * n + 4] if n in kept else bytes(4) for n in range(count)) + rest


def _file(tables: Mapping[str, bytes]) -> bytes:
    """The tables as one file, with its directory and checksums."""
    names = sorted(tables)
    power = len(names).bit_length() - 1
    head = struct.pack(
        ">LHHHH", 0x00010000, len(names), 16 << power, power, 16 * len(names) - (16 << power)
    )  # fmt: skip
    directory, body = bytearray(), bytearray()
    start = len(head) + 16 * len(names)
    for name in names:
        data = tables[name]
        directory += struct.pack(">4sLLL", name.encode("ascii"), _checksum(data), start + len(body), len(data))
        if name == "head":
            adjusted = start + len(body) + 8
        body += data + bytes(-len(data) % 4)
    whole = bytearray(head + bytes(directory) + bytes(body))
    struct.pack_into(">L", whole, adjusted, (_MAGIC - _checksum(bytes(whole))) % (1 << 32))
    return bytes(whole)


def _checksum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}L", padded)
    return sum(words) % (1 << 32)
