"""A picture for a stamp: PNG or JPEG read within bounds, and put into a PDF as what is drawn.

A JPEG goes in as it is.  A PNG is unpacked to plain samples, its transparency beside them, so that a verifier needs
no PNG reader to tell that the picture is the one that was approved.  Not for showing pictures: interlaced PNGs and
JPEGs in ink colours (CMYK) are refused by name.
Source: ISO/IEC 15948 (PNG) §5, §9, §11; ITU-T T.81 (JPEG) §B.2.2; ISO 32000-2 §8.9.5, §11.6.5.2.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from eidkit.errors import DocumentError, Text
from eidkit.pdf.newfile import Name, Part

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_OCTETS = 2 * 1024 * 1024
MAX_PIXELS = 2_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""By PNG colour type: grey, colours, palette, grey with transparency, colours with transparency."""
_NOT_FRAMES = frozenset({0xC4, 0xC8, 0xCC})
_SPACES = {1: "DeviceGray", 3: "DeviceRGB"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is drawn: its size in pixels, ``channels`` (1 grey, 3 RGB) of 8 bits, and its transparency.

    ``kind`` ``"jpeg"``: ``data`` is the file; ``"samples"``: ``data`` are the samples, row by row.
    """

    kind: Literal["jpeg", "samples"]
    width: int
    height: int
    channels: int
    data: bytes
    opacity: bytes | None = None

    @property
    def sha256(self) -> str:
        """The digest of what is drawn: of kind, size, samples and transparency, each with its length."""
        running = hashlib.sha256(f"{self.kind} {self.width} {self.height} {self.channels}".encode("ascii"))
        for part in (self.data, self.opacity or b""):
            running.update(len(part).to_bytes(8) + part)
        return running.hexdigest()

    def part(self) -> Part:
        """The image XObject (ISO 32000-2 §8.9.5), its transparency as a soft mask."""
        entries = _entries(self.width, self.height, self.channels)
        if self.opacity is not None:
            entries["SMask"] = Part(_entries(self.width, self.height, 1), self.opacity)
        if self.kind == "jpeg":
            return Part({**entries, "Filter": Name("DCTDecode")}, self.data, compressed=False)
        return Part(entries, self.data)


def _entries(width: int, height: int, channels: int) -> dict[str, object]:
    return {
        "Type": Name("XObject"),
        "Subtype": Name("Image"),
        "Width": width,
        "Height": height,
        "ColorSpace": Name(_SPACES[channels]),
        "BitsPerComponent": 8,
    }


@lru_cache(maxsize=16)
def picture(data: bytes) -> Picture:
    """The picture in ``data`` (PNG or JPEG); :class:`DocumentError` for anything else, too large or damaged."""
    if len(data) > MAX_OCTETS:
        raise _refused(
            "stamp-image-too-large", f"the image has {len(data)} octets, at most {MAX_OCTETS} are taken",
            f"ảnh có {len(data)} byte, tối đa {MAX_OCTETS}",
        )  # fmt: skip
    try:
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(_JPEG):
            return _jpeg(data)
    except (ValueError, LookupError, struct.error, zlib.error) as error:
        raise _refused("stamp-image-damaged", "the image cannot be read", "không đọc được ảnh") from error
    raise _refused("stamp-image-format", "the image is neither PNG nor JPEG", "ảnh không phải PNG hay JPEG")


def _refused(code: str, en: str, vi: str) -> DocumentError:
    return DocumentError(
        code,
        Text(en, vi),
        Text(
            "save it again as an ordinary PNG or JPEG, no larger than it will be printed",
            "lưu lại ảnh dạng PNG hoặc JPEG thông thường, không lớn hơn cỡ in",
        ),
    )


def _check_size(width: int, height: int) -> None:
    if not (width and height):
        raise ValueError("an empty picture")
    if width * height > MAX_PIXELS:
        raise _refused(
            "stamp-image-too-large", f"the image has {width} × {height} pixels, at most {MAX_PIXELS} are taken",
            f"ảnh có {width} × {height} điểm ảnh, tối đa {MAX_PIXELS}",
        )  # fmt: skip


# ── JPEG ──────────────────────────────────────────────────────────────────────────────────────────────────


def _jpeg(data: bytes) -> Picture:
    position = 2
    while True:
        marker, length = struct.unpack_from(">HH", data, position)
        if marker >> 8 != 0xFF or length < 2:
            raise ValueError("not a marker")
        if 0xC0 <= marker & 0xFF <= 0xCF and marker & 0xFF not in _NOT_FRAMES:
            break
        position += 2 + length
    bits, height, width, channels = struct.unpack_from(">BHHB", data, position + 4)
    _check_size(width, height)
    if bits != 8 or channels not in _SPACES or not data.rstrip(b"\x00\r\n").endswith(b"\xff\xd9"):
        raise _refused("stamp-image-kind", "the JPEG is not an ordinary grey or RGB one", "ảnh JPEG không thông dụng")
    return Picture("jpeg", width, height, channels, data)


# ── PNG ───────────────────────────────────────────────────────────────────────────────────────────────────


def _png(data: bytes) -> Picture:
    chunks: dict[bytes, bytes] = {}
    for name, content in _chunks(data):
        chunks[name] = chunks.get(name, b"") + content if name == b"IDAT" else content
    width, height, bits, colour, packing, filtering, interlaced = struct.unpack(">LLBBBBB", chunks[b"IHDR"])
    _check_size(width, height)
    if interlaced or packing or filtering:
        raise _refused("stamp-image-kind", "the PNG is interlaced", "ảnh PNG dạng xen kẽ (interlaced)")
    channels = _CHANNELS[colour]
    if bits not in ({1, 2, 4, 8} if colour == 3 else {1, 2, 4, 8, 16} if colour == 0 else {8, 16}):
        raise ValueError("no such depth")
    row = (width * channels * bits + 7) // 8
    samples = _samples(_inflated(chunks[b"IDAT"], (row + 1) * height), row, max(1, channels * bits // 8))
    eight = _eight_bits(samples, row, width * channels, bits, scaled=colour != 3)
    transparent = chunks.get(b"tRNS")
    if colour == 3:
        return _palette(width, height, eight, chunks[b"PLTE"], transparent)
    if colour in {4, 6}:
        return _split(width, height, eight, channels)
    opacity = None
    if transparent is not None:
        opacity = _keyed(eight, channels, bits, transparent)
    return Picture("samples", width, height, channels, eight, opacity)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_PNG)
    while True:
        length, name = struct.unpack_from(">L4s", data, position)
        content = data[position + 8 : position + 8 + length]
        (check,) = struct.unpack_from(">L", data, position + 8 + length)
        if zlib.crc32(name + content) != check:
            raise ValueError("a damaged chunk")
        if name == b"IEND":
            return
        yield name, content
        position += 12 + length


def _inflated(packed: bytes, size: int) -> bytes:
    """Exactly ``size`` octets: what grows beyond them is damaged, and never held."""
    running = zlib.decompressobj()
    found = running.decompress(packed, size + 1)
    if len(found) != size:
        raise ValueError("another number of samples")
    return found


def _samples(filtered: bytes, row: int, step: int) -> bytes:
    """The rows without their filters (§9.2)."""
    rows: list[bytes] = []
    above = bytes(row)
    for start in range(0, len(filtered), row + 1):
        above = _FILTERS[filtered[start]](filtered[start + 1 : start + 1 + row], above, step)
        rows.append(above)
    return b"".join(rows)


def _plain(line: bytes, _above: bytes, _step: int) -> bytes:
    return line


def _sub(line: bytes, _above: bytes, step: int) -> bytes:
    found = bytearray(line)
    for channel in range(step):
        values: list[int] = list(accumulate(line[channel::step], _summed))
        found[channel::step] = bytes(values)
    return bytes(found)


def _summed(one: int, other: int) -> int:
    return (one + other) & 255


def _up(line: bytes, above: bytes, _step: int) -> bytes:
    return bytes(map(_summed, line, above))


def _average(line: bytes, above: bytes, step: int) -> bytes:
    found = bytearray(step) + line
    for place, over in enumerate(above, step):
        found[place] = (found[place] + (found[place - step] + over) // 2) & 255
    return bytes(found[step:])


def _paeth(line: bytes, above: bytes, step: int) -> bytes:
    found = bytearray(step) + line
    over = bytes(step) + above
    for place in range(step, len(found)):
        left, up, corner = found[place - step], over[place], over[place - step]
        to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        nearest = left if to_left <= to_up and to_left <= to_corner else up if to_up <= to_corner else corner
        found[place] = (found[place] + nearest) & 255
    return bytes(found[step:])


_FILTERS = (_plain, _sub, _up, _average, _paeth)


def _eight_bits(samples: bytes, row: int, count: int, bits: int, *, scaled: bool) -> bytes:
    """One octet a sample: the high octet of two, or each of those packed into one (``scaled`` to 0..255)."""
    if bits == 8:
        return samples
    if bits == 16:
        return samples[::2]
    factor = 255 // ((1 << bits) - 1) if scaled else 1
    unpacked = [
        bytes(((octet >> shift) & ((1 << bits) - 1)) * factor for shift in range(8 - bits, -1, -bits))
        for octet in range(256)
    ]
    rows = (samples[start : start + row] for start in range(0, len(samples), row))
    return b"".join(b"".join([unpacked[octet] for octet in line])[:count] for line in rows)


def _palette(width: int, height: int, places: bytes, colours: bytes, transparent: bytes | None) -> Picture:
    if len(colours) % 3 or max(places) * 3 >= len(colours):
        raise ValueError("a colour that is not in the palette")
    planes = [places.translate(colours[channel::3].ljust(256, b"\x00")) for channel in range(3)]
    samples = bytearray(3 * len(places))
    for channel, plane in enumerate(planes):
        samples[channel::3] = plane
    opacity = places.translate(transparent[:256].ljust(256, b"\xff")) if transparent is not None else None
    return Picture("samples", width, height, 3, bytes(samples), opacity)


def _split(width: int, height: int, samples: bytes, channels: int) -> Picture:
    """Colours and transparency, which PNG has side by side, apart."""
    colours = channels - 1
    kept = bytearray(len(samples) // channels * colours)
    for channel in range(colours):
        kept[channel::colours] = samples[channel::channels]
    return Picture("samples", width, height, colours, bytes(kept), samples[colours::channels])


def _keyed(samples: bytes, channels: int, bits: int, key: bytes) -> bytes:
    """Transparent where a pixel has the one colour that ``tRNS`` names (§11.3.2.1), as far as 8 bits tell."""
    wanted = struct.unpack(f">{channels}H", key)
    colour = bytes(value >> 8 if bits == 16 else value * 255 // ((1 << bits) - 1) for value in wanted)
    pixels = (samples[start : start + channels] for start in range(0, len(samples), channels))
    return bytes(0 if pixel == colour else 255 for pixel in pixels)
