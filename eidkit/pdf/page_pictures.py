"""Pictures of pages, drawn by another process: what a file looks like, whoever made it.

Drawing a page runs a large C++ library over bytes that anybody may have sent, so it never happens in the process
that judges.  :mod:`eidkit.pdf.rasteriser` is the other process: it gets the bytes and nothing else (no arguments,
no environment, no open file), limits itself, and gives back bare pixels whose sizes are checked here.  Whatever
goes wrong there is a refusal with a reason here.  A picture is for looking at; no verdict rests on it.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eidkit.errors import DocumentError, Text
from eidkit.pdf.rasteriser import HEADER, MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.document import Document

DPI = 110
"""Small print can be read, and an A4 page stays near 60 kB."""
MAX_LENGTH = 64 * 1024 * 1024
MAX_SHOTS = 400
MAX_DRAWN = 72_000_000
"""Pixels of all pictures of one call."""
SECONDS = 30
_KEPT = ("SYSTEMROOT", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")
"""Of our environment: what an interpreter may need to start.  Passwords and PINs are never in these."""
_SIXTEEN = bytes(round((value >> 4) * 17) for value in range(256))
_NIBBLE = bytes(value >> 4 for value in range(256))


@dataclass(frozen=True, slots=True)
class Shot:
    """A page to be drawn: page ``page`` (from 0) of the file's first ``length`` bytes, in dots per inch."""

    length: int
    page: int
    dpi: int = DPI


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One page as pixels, three bytes each (red, green, blue), row by row; ``pages`` is how many the file has then."""

    width: int
    height: int
    pages: int
    pixels: bytes = field(repr=False)

    def looks_like(self, other: PagePicture | None) -> bool:
        """Whether ``other`` is the same picture, bit by bit."""
        return other is not None and (self.width, self.height, self.pixels) == (other.width, other.height, other.pixels)

    def cut(self, left: int, top: int, right: int, bottom: int) -> PagePicture:
        """A part of the picture, in its pixels; what lies outside it is left out."""
        right, bottom = min(right, self.width), min(bottom, self.height)
        row = self.width * 3
        rows = (self.pixels[y * row + left * 3 : y * row + right * 3] for y in range(top, bottom))
        return PagePicture(max(0, right - left), max(0, bottom - top), self.pages, b"".join(rows))

    def png(self) -> bytes:
        """The picture as a PNG file in sixteen shades; grey where the page is (ISO/IEC 15948)."""
        red, green, blue = (self.pixels[start::3] for start in range(3))
        if red == green == blue:
            depth, colour, rows = 4, 0, _packed(red.translate(_NIBBLE), self.width)
        else:
            row = self.width * 3
            shades = self.pixels.translate(_SIXTEEN)
            depth, colour, rows = 8, 2, [shades[at : at + row] for at in range(0, len(shades), row)]
        header = struct.pack(">IIBBBBB", self.width, self.height, depth, colour, 0, 0, 0)
        data = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
        chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _packed(shades: bytes, width: int) -> list[bytes]:
    """Rows of two pixels a byte, the left one in the high half."""
    rows = []
    for at in range(0, len(shades), width):
        row = shades[at : at + width] + b"\0" * (width % 2)
        left, right = int.from_bytes(row[0::2], "big"), int.from_bytes(row[1::2], "big")
        rows.append((left << 4 | right).to_bytes(len(row) // 2, "big"))
    return rows


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def drawn(document: Document, shots: Sequence[Shot]) -> tuple[PagePicture | None, ...]:
    """A PagePicture for each of ``shots``, None for a page that cannot be drawn (or is not there).

    One process for all of them; at most :data:`MAX_LENGTH` bytes, :data:`MAX_SHOTS` pages, :data:`MAX_DRAWN` pixels
    and :data:`SECONDS` seconds.  Raises :class:`DocumentError` when nothing can be drawn at all.
    """
    if document.length > MAX_LENGTH or len(shots) > MAX_SHOTS:
        raise _refused(
            f"no more than {MAX_LENGTH >> 20} MB and {MAX_SHOTS} pages are drawn",
            f"chỉ vẽ tệp tới {MAX_LENGTH >> 20} MB và {MAX_SHOTS} trang",
        )
    if not shots:
        return ()
    asked = {"limit": MAX_DRAWN, "seconds": SECONDS, "shots": [(shot.length, shot.page, shot.dpi) for shot in shots]}
    order = json.dumps(asked).encode() + b"\n"
    answer = _asked(order + document.read_range(0, document.length))
    return tuple(_pictures(answer, len(shots)))


def _asked(order: bytes) -> bytes:
    """What the other process answers; raises when it does not end well and in time."""
    command = [sys.executable or "python3", "-P", "-m", "eidkit.pdf.rasteriser"]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module, fixed arguments
            command, input=order, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS, check=False,
            env=environment, close_fds=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise _refused(
            f"drawing it takes more than {SECONDS} seconds", f"việc vẽ trang mất hơn {SECONDS} giây"
        ) from error
    except OSError as error:
        raise _refused("no process could be started to draw it", "không khởi động được tiến trình vẽ trang") from error
    if done.returncode:
        raise _refused("the program that draws pages gave up on it", "chương trình vẽ trang không xử lý được tệp này")
    return done.stdout


def _pictures(answer: bytes, count: int) -> list[PagePicture | None]:
    """The answer taken apart; nothing in it is believed but bytes that have the length they must have."""
    found: list[PagePicture | None] = []
    position = 0
    for _ in range(count):
        if position + HEADER.size > len(answer):
            break
        pages, width, height = HEADER.unpack_from(answer, position)
        position += HEADER.size
        size = width * height * 3
        if width * height > MAX_PIXELS or position + size > len(answer):
            break
        found.append(PagePicture(width, height, pages, answer[position : position + size]) if size else None)
        position += size
    if len(found) != count or position != len(answer):
        raise _refused("the program that draws pages answered nonsense", "chương trình vẽ trang trả lời sai")
    return found


def _refused(en: str, vi: str) -> DocumentError:
    return DocumentError(
        "picture-not-drawn",
        Text(f"no picture of the page: {en}", f"không có hình của trang: {vi}"),
        Text("open the file itself in a PDF viewer", "mở chính tệp đó bằng trình xem PDF"),
    )
