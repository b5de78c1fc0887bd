"""Small PDFs to stamp: pages that are turned, cut, moved and scaled, and forms with fields of every kind.

A page shows where its edges are to the reader: a dot 30 by 40 millimetres from the top left corner *as seen*.
"""

from __future__ import annotations

import struct
import zlib

from eidkit.document import Document
from eidkit.pdf.newfile import Name, NewFile, Part

HELVETICA = Part({"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name("Helvetica")})


def paper(*pages: dict[str, object], above: dict[str, object] | None = None, fields: tuple[Part, ...] = ()) -> Document:
    """A PDF with these pages (the members that differ from an A4 page), ``above`` inherited by all of them.

    ``fields`` stand in the form and on the last page.
    """
    file = NewFile()
    tree, kids = file.reserve(), []
    form = [file.add(field.entries) for field in fields]
    for number, members in enumerate(pages, 1):
        entries = {
            "Type": Name("Page"),
            "Parent": tree,
            "Resources": {"Font": {"F": HELVETICA}},
            "Contents": Part({}, b"BT /F 18 Tf 60 60 Td (page %d) Tj ET" % number),
            **members,
        }
        if form and number == len(pages):
            entries["Annots"] = form
        kids.append(file.add(entries))
    shared = {"MediaBox": [0, 0, 595, 842], **(above or {})}
    file.fill(tree, {"Type": Name("Pages"), "Kids": kids, "Count": len(kids), **shared})
    root = {"Type": Name("Catalog"), "Pages": tree}
    if form:
        root["AcroForm"] = {"Fields": form}
    return Document.from_bytes(file.finish(file.add(root), file.add({"Title": "A paper"})), "paper.pdf")


def field(name: str, rectangle: list[float] | None = None, **members: object) -> Part:
    """A signature field that is its own widget."""
    return Part(
        {
            "Type": Name("Annot"),
            "Subtype": Name("Widget"),
            "FT": Name("Sig"),
            "T": name,
            "F": 4,
            "Rect": rectangle or [100, 100, 300, 150],
            **members,
        }
    )


def png(width: int, height: int, colour: int, bits: int, rows: list[bytes], *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG with these rows, each with its filter; ``extra`` chunks stand before the samples."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))

    header = struct.pack(">LLBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *(chunk(*one) for one in extra), chunk(b"IDAT", zlib.compress(b"".join(rows)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def seal(size: int = 64) -> bytes:
    """A red ring on a transparent ground."""
    rows = []
    middle = (size - 1) / 2
    for y in range(size):
        row = bytearray(b"\x00")
        for x in range(size):
            away = ((x - middle) ** 2 + (y - middle) ** 2) ** 0.5
            row += bytes((200, 0, 0, 255 if 0.72 * middle < away < 0.95 * middle else 0))
        rows.append(bytes(row))
    return png(size, size, 6, 8, rows)
