"""The shipped serif face: measure text, encode it, embed only the glyphs that were drawn.

Text is set with precomposed characters (NFC) and no shaping: enough for Vietnamese and the European languages,
not for scripts that join or reorder.  The face has the metrics of Times New Roman.
"""

from __future__ import annotations

import hashlib
import io
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from eidkit.errors import DocumentError, Text
from eidkit.pdf.newfile import Name, Part
from eidkit.pdf.subsetting import KEPT, subset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Style = Literal["regular", "bold", "italic", "bolditalic"]

_EM = 1000
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PER_BLOCK = 100


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One style of the face: glyph numbers and widths (in thousandths of the size) by character."""

    style: Style
    name: str
    glyphs: Mapping[str, int]
    widths: Mapping[str, float]
    metrics: Mapping[str, int]
    box: tuple[int, int, int, int]
    tables: Mapping[str, bytes]

    def width(self, text: str, size: float) -> float:
        """The width of ``text`` in points; refuses a character that the face does not have."""
        return sum(self.widths[character] for character in self.checked(text)) * size / _EM

    def encoded(self, text: str) -> bytes:
        """``text`` as it stands in a content stream: the glyph numbers in hexadecimal."""
        return "".join(f"{self.glyphs[character]:04X}" for character in self.checked(text)).encode("ascii")

    def checked(self, text: str) -> str:
        """``text`` in NFC; raises :class:`DocumentError` for a character that cannot be drawn."""
        composed = unicodedata.normalize("NFC", text)
        missing = sorted(set(composed) - self.glyphs.keys())
        if missing:
            names = ", ".join(f"U+{ord(character):04X}" for character in missing)
            raise DocumentError(
                "character-not-drawable",
                Text(f"the shipped face has no glyph for {names}", f"phông chữ đi kèm không có ký tự {names}"),
                Text("use Latin or Vietnamese letters", "hãy dùng chữ cái Latinh hoặc tiếng Việt"),
                kind="caller",
            )
        return composed

    def font(self, used: Iterable[str]) -> Part:
        """The face as a composite font with the glyphs of ``used`` (ISO 32000-1 §9.7, §9.9)."""
        return _font(self, frozenset(used))

    def subset(self, used: frozenset[str]) -> bytes:
        """The font program with only the glyphs that are drawn, under their own numbers."""
        return subset(self.tables, [self.glyphs[character] for character in used])

    def glyph_widths(self, used: frozenset[str]) -> list[Any]:
        """The /W array: the width of each glyph (ISO 32000-1 §9.7.4.3)."""
        by_glyph = {self.glyphs[character]: self.widths[character] for character in used}
        widths: list[Any] = []
        for glyph in sorted(by_glyph):
            widths += [glyph, [round(by_glyph[glyph], 2)]]
        return widths

    def to_unicode(self, used: frozenset[str]) -> bytes:
        """The CMap that gives each glyph its character back (ISO 32000-1 §9.10.3)."""
        pairs = sorted((self.glyphs[character], character) for character in used)
        lines = [f"<{glyph:04X}> <{character.encode('utf-16-be').hex().upper()}>" for glyph, character in pairs]
        blocks = []
        for start in range(0, len(lines), _PER_BLOCK):
            block = lines[start : start + _PER_BLOCK]
            blocks.append(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n")
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
            + "".join(blocks)
            + "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode("ascii")


@lru_cache(maxsize=64)
def _font(drawn: Face, used: frozenset[str]) -> Part:
    """The same font for the same glyphs: many signatures by one person show the same text."""
    program = drawn.subset(used)
    tag = hashlib.sha256(program).digest()
    name = Name("".join(_ALPHABET[octet % 26] for octet in tag[:6]) + "+" + drawn.name)
    descriptor = Part(
        {
            "Type": Name("FontDescriptor"),
            "FontName": name,
            # Symbolic (4) and serif (2), italic (64) where it is (ISO 32000-1 table 123).
            "Flags": 6 | (64 if "italic" in drawn.style else 0),
            "FontBBox": list(drawn.box),
            **drawn.metrics,
            "FontFile2": Part({"Length1": len(program)}, program),
        }
    )
    descendant = Part(
        {
            "Type": Name("Font"),
            "Subtype": Name("CIDFontType2"),
            "BaseFont": name,
            "CIDSystemInfo": {"Registry": "Adobe", "Ordering": "Identity", "Supplement": 0},
            "FontDescriptor": descriptor,
            "DW": _EM,
            "W": drawn.glyph_widths(used),
            "CIDToGIDMap": Name("Identity"),
        }
    )
    return Part(
        {
            "Type": Name("Font"),
            "Subtype": Name("Type0"),
            "BaseFont": name,
            "Encoding": Name("Identity-H"),
            "DescendantFonts": [descendant],
            "ToUnicode": Part({}, drawn.to_unicode(used)),
        }
    )


@lru_cache(maxsize=4)
def face(style: Style) -> Face:
    """The shipped face in one style."""
    from fontTools.ttLib import TTFont

    data = (resources.files("eidkit.pdf") / "fonts" / f"eidkit-serif-{style}.ttf").read_bytes()
    font = TTFont(io.BytesIO(data), recalcTimestamp=False)
    head = font["head"]
    scale = _EM / head.unitsPerEm
    names = {chr(code): name for code, name in font.getBestCmap().items()}
    metrics = {
        "Ascent": round(font["hhea"].ascent * scale),
        "Descent": round(font["hhea"].descent * scale),
        "CapHeight": round(font["OS/2"].sCapHeight * scale),
        "ItalicAngle": round(font["post"].italicAngle),
        "StemV": 120 if "bold" in style else 80,
    }
    return Face(
        style=style,
        name=str(font["name"].getDebugName(6)),
        glyphs={character: font.getGlyphID(name) for character, name in names.items()},
        widths={character: font["hmtx"][name][0] * scale for character, name in names.items()},
        metrics=metrics,
        box=(round(head.xMin * scale), round(head.yMin * scale), round(head.xMax * scale), round(head.yMax * scale)),
        tables={name: font.reader[name] for name in KEPT},
    )
