"""The program that draws pages: orders and a PDF on standard input, pixels on standard output, and nothing else.

Started by :mod:`eidkit.pdf.page_pictures`.  Before it looks at the file it gives up what it does not need: memory,
processor time, files to write and core dumps are limited by the operating system where it has such limits (POSIX); its
parent ends it by the clock everywhere.  PDFium's builds here have no JavaScript and no XFA.

Order: one line of JSON ``{"limit": pixels, "seconds": s, "shots": [[length, page, dpi], …]}``, then the file.
Answer: for each shot :data:`HEADER` (pages, width, height; 0 × 0 where there is none), then width × height × 3 bytes.
"""

from __future__ import annotations

import json
import struct
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = struct.Struct(">III")
MAX_ORDER = 64 * 1024
MAX_PIXELS = 4_000_000
MAX_SIDE = 4_000
MEMORY = 1536 * 1024 * 1024
_NOTHING = (0, 0, b"")


def limit_ourselves(seconds: int) -> None:
    """Memory, time, files: taken away for good, as far as the system knows such limits."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock and the bounds on pixels remain
        return
    for what, amount in (
        ("RLIMIT_CORE", 0), ("RLIMIT_CPU", seconds), ("RLIMIT_FSIZE", 0), ("RLIMIT_AS", MEMORY),
    ):  # fmt: skip
        try:
            resource.setrlimit(getattr(resource, what), (amount, amount))
        except (AttributeError, ValueError, OSError):  # a system that does not know this one, or is stricter already
            continue


def answers(order: dict[str, Any], file: bytes) -> Iterator[bytes]:
    """The answer to each shot, in order."""
    left = order["limit"]
    opened: tuple[int, Any] = (-1, None)
    for length, page, dpi in order["shots"]:
        if opened[0] != length:
            _close(opened[1])
            opened = (length, _opened(file[:length]))
        pages = len(opened[1]) if opened[1] is not None else 0
        width, height, pixels = _drawn(opened[1], page, dpi, left) if page < pages else _NOTHING
        left -= width * height
        yield HEADER.pack(pages, width, height) + pixels
    _close(opened[1])


def _opened(data: bytes) -> Any:
    """The file as PDFium reads it, with its forms, or None."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()
    except pypdfium2.PdfiumError:
        return None
    return document


def _close(document: Any) -> None:
    if document is not None:
        document.close()


def _drawn(document: Any, number: int, dpi: int, left: int) -> tuple[int, int, bytes]:
    """Width, height and pixels; made smaller where the page is larger than what is drawn."""
    import pypdfium2

    try:
        page = document[number]
        across, down = page.get_size()
        scale = _scale(across, down, dpi)
        bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
        width, height, stride, channels = bitmap.width, bitmap.height, bitmap.stride, bitmap.n_channels
        data = bytes(bitmap.buffer)
        page.close()
    except (pypdfium2.PdfiumError, ValueError, ArithmeticError):
        return _NOTHING
    if width * height > min(MAX_PIXELS, left):
        return _NOTHING
    rows = (data[at : at + width * channels] for at in range(0, stride * height, stride))
    return width, height, b"".join(_three(row, channels) for row in rows)


def _three(row: bytes, channels: int) -> bytes:
    """Three bytes a pixel, whatever the bitmap has."""
    if channels == 3:
        return row
    three = bytearray(len(row) // channels * 3)
    for colour in range(3):
        three[colour::3] = row[min(colour, channels - 1) :: channels]
    return bytes(three)


def _scale(width: float, height: float, dpi: int) -> float:
    """Pixels a point: ``dpi``, or what keeps the page within the bounds."""
    scale = dpi / 72
    largest = max(width, height)
    if largest <= 0:
        raise ValueError("a page without a size")
    scale = min(scale, (MAX_SIDE - 1) / largest)
    return float(min(scale, (MAX_PIXELS * 0.99 / (width * height)) ** 0.5))


def main() -> None:
    """One order from standard input, answered."""
    order = json.loads(sys.stdin.buffer.readline(MAX_ORDER))
    file = sys.stdin.buffer.read()
    limit_ourselves(order["seconds"])
    for answer in answers(order, file):
        sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
