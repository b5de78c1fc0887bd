"""A picture is taken as what is drawn: every kind of PNG by its samples, a JPEG as it is; within bounds."""

from __future__ import annotations

import random
import struct
import subprocess
import time
import zlib
from contextlib import suppress

import pytest

from eidkit.errors import DocumentError
from eidkit.pdf.images import MAX_OCTETS, picture
from eidkit.signing import Appearance, Place, sign
from tests.appearance.papers import paper, png, seal
from tests.interop.oracles import require

AT = Place(1, 20, 30, 40, 40)


def filtered(line, above, step, kind):
    """A row as PNG's filter ``kind`` writes it (ISO/IEC 15948 §9.2), after the standard's own formulas."""
    out = bytearray([kind])
    for place, value in enumerate(line):
        left = line[place - step] if place >= step else 0
        up, corner = above[place], above[place - step] if place >= step else 0
        near = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
        out.append((value - (0, left, up, (left + up) // 2, near)[kind]) & 255)
    return bytes(out)


def noise(size):
    return bytes(random.Random(7).randrange(256) for _ in range(size))  # noqa: S311 - a picture, not a secret


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_every_filter(kind, colour, channels):
    width, height = 7, 5
    samples, above, rows = noise(width * height * channels), bytes(width * channels), []
    for start in range(0, len(samples), width * channels):
        line = samples[start : start + width * channels]
        rows.append(filtered(line, above, channels, kind))
        above = line
    found = picture(png(width, height, colour, 8, rows))
    opaque = channels - (colour in {4, 6})
    assert found.data == b"".join(samples[n : n + opaque] for n in range(0, len(samples), channels))
    assert found.opacity == (samples[opaque::channels] if colour in {4, 6} else None)


@pytest.mark.parametrize(
    ("colour", "bits", "row", "extra", "data", "opacity"),
    [
        (0, 1, b"\xa0", [], b"\xff\x00\xff", None),
        (0, 2, b"\x18", [], b"\x00\x55\xaa", None),
        (0, 4, b"\x0f\x70", [], b"\x00\xff\x77", None),
        (0, 16, b"\x12\x34\x56\x78\x9a\xbc", [], b"\x12\x56\x9a", None),
        (3, 2, b"\x18", [(b"PLTE", bytes(range(9)))], bytes(range(9)), None),
        (3, 8, b"\x02\x01", [(b"PLTE", bytes(range(9))), (b"tRNS", b"\x10\x20")], b"\6\7\x08\3\4\5", b"\xff\x20"),
        (0, 8, b"\x01\x02\x03", [(b"tRNS", b"\x00\x02")], b"\x01\x02\x03", b"\xff\x00\xff"),
    ],
)  # fmt: skip
def test_every_depth(colour, bits, row, extra, data, opacity):
    found = picture(png(2 if opacity == b"\xff\x20" else 3, 1, colour, bits, [b"\x00" + row], *extra))
    assert (found.data, found.opacity) == (data, opacity)


def test_the_digest_is_of_what_is_drawn():
    """The same picture packed otherwise has the same digest; another pixel has another."""
    one = picture(png(2, 1, 0, 8, [b"\x00\x01\x02"]))
    assert picture(png(2, 1, 0, 8, [b"\x01\x01\x01"])).sha256 == one.sha256
    assert picture(png(2, 1, 0, 8, [b"\x00\x01\x03"])).sha256 != one.sha256
    assert picture(png(1, 2, 0, 8, [b"\x00\x01", b"\x00\x02"])).sha256 != one.sha256


def test_a_jpeg_goes_in_as_it_is(lan, looked_at, tmp_path):
    require("pdftoppm")
    sign(paper({}), lan).write(tmp_path / "page.pdf")
    jpeg = subprocess.run(
        ["pdftoppm", "-jpeg", "-r", "20", tmp_path / "page.pdf"], capture_output=True, check=True
    ).stdout
    found = picture(jpeg)
    assert (found.kind, found.data, found.channels) == ("jpeg", jpeg, 3)
    signed = sign(paper({"Contents": []}), lan, appearance=Appearance(at=AT, image=jpeg))
    with signed.open() as file:
        assert jpeg in file.read()
    assert looked_at(signed).inked()


def test_a_seal_is_seen_in_its_size_and_colour(lan, looked_at):
    """20 millimetres are 200 pixels; the ground of the seal stays that of the page."""
    appearance = Appearance(at=Place(1, 20, 30, 20, 20), image=seal())
    shown = looked_at(sign(paper({"Contents": []}), lan, appearance=appearance))
    left, top, right, bottom = shown.inked()
    assert (left, top, right, bottom) == pytest.approx((205, 305, 395, 495), abs=4)
    red, green, blue = shown.pixel(left + 10, (top + bottom) // 2)
    assert red > 150
    assert max(green, blue) < 60
    assert shown.pixel(300, 400) == (255, 255, 255)


def test_the_proportions_are_kept(lan, looked_at):
    wide = png(4, 1, 0, 8, [b"\x00\x00\x00\x00\x00"])
    left, top, right, bottom = looked_at(
        sign(paper({"Contents": []}), lan, appearance=Appearance(at=AT, image=wide))
    ).inked()
    assert (right - left, bottom - top) == pytest.approx((400, 100), abs=4)


def broken(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


SMALL = png(2, 1, 0, 8, [b"\x00\x01\x02"])
HUGE = png(60_000, 60_000, 0, 8, [b"\x00"])
BOMB = png(2, 1, 0, 8, [bytes(50_000_000)])
CMYK = b"\xff\xd8\xff\xc0\x00\x14\x08\x00\x10\x00\x10\x04" + bytes(12) + b"\xff\xd9"
REFUSED = {
    "neither": (b"GIF89a" + bytes(40), "stamp-image-format"),
    "nothing": (b"", "stamp-image-format"),
    "too many octets": (bytes(MAX_OCTETS + 1), "stamp-image-too-large"),
    "too many pixels": (HUGE, "stamp-image-too-large"),
    "more samples than pixels": (BOMB, "stamp-image-damaged"),
    "a damaged chunk": (broken(SMALL, 20), "stamp-image-damaged"),
    "cut off": (SMALL[:45], "stamp-image-damaged"),
    "no pixels": (png(0, 1, 0, 8, [b"\x00"]), "stamp-image-damaged"),
    "an unknown colour type": (png(1, 1, 5, 8, [b"\x00\x00"]), "stamp-image-damaged"),
    "an unknown depth": (png(1, 1, 2, 4, [b"\x00\x00\x00"]), "stamp-image-damaged"),
    "an unknown filter": (png(2, 1, 0, 8, [b"\x05\x01\x02"]), "stamp-image-damaged"),
    "no palette": (png(2, 1, 3, 8, [b"\x00\x01\x02"]), "stamp-image-damaged"),
    "a colour beyond the palette": (png(2, 1, 3, 8, [b"\x00\x01\x02"], (b"PLTE", bytes(3))), "stamp-image-damaged"),
    "ink colours": (CMYK, "stamp-image-kind"),
    "a cut off JPEG": (CMYK[:9], "stamp-image-damaged"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_an_image_that_cannot_be_used_is_refused_by_name(why):
    data, code = REFUSED[why]
    started = time.perf_counter()
    with pytest.raises(DocumentError) as refused:
        Appearance(at=AT, image=data)
    assert refused.value.code == code
    assert time.perf_counter() - started < 1


def test_an_interlaced_png_is_refused_by_name():
    header = struct.pack(">LLBBBBB", 2, 1, 8, 0, 0, 0, 1)
    plain = struct.pack(">LLBBBBB", 2, 1, 8, 0, 0, 0, 0)
    data = SMALL.replace(plain, header).replace(
        struct.pack(">L", zlib.crc32(b"IHDR" + plain)), struct.pack(">L", zlib.crc32(b"IHDR" + header))
    )
    with pytest.raises(DocumentError) as refused:
        picture(data)
    assert refused.value.code == "stamp-image-kind"


def test_no_bytes_that_are_nearly_a_picture_raise_anything_else():
    for data in (SMALL, seal(8), CMYK):
        for place in range(len(data)):
            for bent in (broken(data, place), data[:place]):
                with suppress(DocumentError):
                    picture(bent)
