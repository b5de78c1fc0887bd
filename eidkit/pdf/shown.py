"""What a visible signature shows, read back: its stamp, where, and whether it is drawn as its inputs say.

The plan:
1. the widget stands on exactly one page, nothing in it changes how it is shown, and the field draws nothing else;
2. its appearance is one form that carries inputs, which name a picture that is there;
3. the inputs are drawn again for that page and rectangle, and what stands in the file must be equal to that, object
   for object (streams by what they decode to): a stamp that says one thing and shows another is no stamp of ours.

Everything is looked at as it was in the revision that signed.  Source: ISO 32000-2 §12.5.5, §14.5; binding.md §1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from eidkit.errors import EidkitError
from eidkit.pdf.beneath import Budget, has_text
from eidkit.pdf.fields import BLENDING, HIDING, MAX_WIDGETS, widget_of
from eidkit.pdf.geometry import Page, Rectangle, hundredths
from eidkit.pdf.images import MAX_OCTETS, MAX_PIXELS, Picture
from eidkit.pdf.intake import cautiously
from eidkit.pdf.newfile import Name, Part
from eidkit.pdf.page_tree import page_tree
from eidkit.pdf.stamp import Stamp
from eidkit.pdf.syntax import member, number_of, raw_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.pdf.fields import SignatureField
    from eidkit.pdf.revisions import PdfFile

_PLAIN = frozenset({"/Type", "/Subtype", "/FT", "/T", "/F", "/Rect", "/P", "/V", "/AP"})
_UNUSUAL = frozenset({"/A", "/AA", "/OC", *BLENDING})
_UNSEEN = 1 | 2 | 32
_PRINTED = 4
_WITHOUT_AREA = frozenset({"/Link", "/Popup"})
_PACKING = frozenset({"/Filter", "/Length", "/DecodeParms"})
_DATE = re.compile(r"D:\d{14}(Z|[+-]\d{2}'?\d{2}'?)?")
_CLOSE = Decimal("0.001")
_CHANNELS = {"/DeviceGray": 1, "/DeviceRGB": 3}


@dataclass(frozen=True, slots=True)
class Shown:
    """A stamp of ours on a page."""

    page: Page
    rectangle: Rectangle
    stamp: Stamp
    overlaps: bool = False
    """Whether it reaches over text of the page, or over another field, stamp or annotation that is seen."""


def shown(file: PdfFile, revision: int, field: SignatureField) -> Shown | None:
    """The stamp that the signature's field shows in that revision; None when it shows anything else."""

    def made() -> Shown | None:
        found: list[Shown | None] = [None]
        with cautiously(lambda: None):
            found[0] = _shown(file, revision, field)
        return found[0]

    return file.once(("shown", revision, field.number), made)


def _shown(file: PdfFile, revision: int, field: SignatureField) -> Shown | None:
    if field.number is None:
        return None
    tree, view = page_tree(file, revision), file.resolver(revision)
    view.begin()
    number, widget = widget_of(field.number, _object(view, field.number))
    # 1.
    where = tree.showing(number)
    rectangle = hundredths(member(widget, "/Rect"))
    flags = member(widget, "/F") or 0
    if len(where) != 1 or rectangle is None or not isinstance(flags, int) or flags & HIDING:
        return None
    # A field may be a widget beside the one that it has as a kid: both would be seen.
    if member(widget, "/Subtype") != "/Widget" or (number != field.number and tree.showing(field.number)):
        return None
    named = number_of(dict.get(widget, "/P"))
    if named not in {None, number_of(where[0].reference)} or not _UNUSUAL.isdisjoint(widget):
        return None
    # A widget from before was seen by who signed; a new one has nothing that some viewer may draw from.
    if (number or 0) >= file.size(revision - 1) and not (set(widget) <= _PLAIN and flags & _PRINTED):
        return None
    # 2.
    appearance = member(widget, "/AP")
    form = member(appearance, "/N")
    if set(appearance or {}) != {"/N"} or not hasattr(form, "encoded_data"):
        return None
    modified = member(form, "/LastModified")
    inputs = member(member(member(form, "/PieceInfo"), "/eidkit"), "/Private")
    if not isinstance(modified, str) or not _DATE.fullmatch(modified) or inputs is None:
        return None
    try:
        stamp = Stamp.from_inputs(_octets(inputs), _picture(form))
        stamp.check_size(where[0], rectangle)
    except EidkitError:
        return None
    # 3.
    if not _equal(stamp.form(where[0], rectangle, modified), form):
        return None
    return Shown(
        where[0], rectangle, stamp, _over_text(file, where[0], rectangle) or _overlaps(where[0], rectangle, number)
    )


def covering(file: PdfFile, revision: int, field: SignatureField) -> int | None:
    """The page on which something seen of the field reaches over text or another annotation; None when none does."""
    found: list[int] = []
    with cautiously(lambda: None):
        found += _covering(file, revision, field)
    return found[0] if found else None


def _covering(file: PdfFile, revision: int, field: SignatureField) -> Iterator[int]:
    tree, view = page_tree(file, revision), file.resolver(revision)
    view.begin()
    kids = raw_items(member(field.dictionary, "/Kids"))[:MAX_WIDGETS]
    for number in (field.number, *map(number_of, kids)):
        rectangle = hundredths(member(_object(view, number), "/Rect")) if number is not None else None
        if rectangle is None:
            continue
        for page in tree.showing(number):
            if _over_text(file, page, rectangle) or _overlaps(page, rectangle, number):
                yield page.number


def _over_text(file: PdfFile, page: Page, rectangle: Rectangle) -> bool:
    """Whether the page has text there, as far as this file's budget lets it be looked at."""
    left, bottom, right, top = (edge / 100 for edge in rectangle)
    found = [False]
    # Content that cannot be decoded says nothing about the stamp.
    with cautiously(lambda: None):
        found[0] = has_text(page.dictionary, page.resources, (left, bottom, right, top), file.once("beneath", Budget))
    return found[0]


def _overlaps(page: Page, rectangle: Rectangle, number: int | None) -> bool:
    for raw in raw_items(member(page.dictionary, "/Annots")):
        other, flags = raw.get_object(), member(raw.get_object(), "/F") or 0
        box = hundredths(member(other, "/Rect"))
        if number_of(raw) == number or box is None or str(member(other, "/Subtype")) in _WITHOUT_AREA:
            continue
        if isinstance(flags, int) and flags & _UNSEEN:
            continue
        if max(box[0], rectangle[0]) < min(box[2], rectangle[2]) and max(box[1], rectangle[1]) < min(
            box[3], rectangle[3]
        ):
            return True
    return False


def _object(view: Any, number: int) -> Any:
    from pyhanko.pdf_utils.generic import Reference

    return view.get_object(Reference(number, view.reader.generation(number), view)).get_object()


def _octets(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes) else bytes(value.original_bytes)


def _picture(form: Any) -> Picture | None:
    """The picture that the form draws, as it stands there; None when there is none."""
    image = member(member(member(form, "/Resources"), "/XObject"), "/I0")
    if image is None:
        return None
    width, height = member(image, "/Width"), member(image, "/Height")
    channels = _CHANNELS.get(str(member(image, "/ColorSpace")))
    if not isinstance(width, int) or not isinstance(height, int) or channels is None:
        return None
    if not (0 < width * height <= MAX_PIXELS and len(image.encoded_data) <= 4 * MAX_OCTETS + 2 * MAX_PIXELS):
        return None
    mask = member(image, "/SMask")
    opacity = mask.data if mask is not None else None
    if str(member(image, "/Filter")) == "/DCTDecode":
        return Picture("jpeg", width, height, channels, image.encoded_data, opacity)
    return Picture("samples", width, height, channels, image.data, opacity)


def _equal(expected: Any, found: Any) -> bool:
    """Whether a value of the file is the plain value ``expected``; references are followed where a Part stands."""
    if isinstance(expected, Part):
        return _equal_part(expected, found.get_object())
    if isinstance(expected, dict):
        return isinstance(found, dict) and _members(expected, found, frozenset())
    if isinstance(expected, list):
        items = raw_items(found)
        return len(items) == len(expected) and all(map(_equal, expected, items))
    return _same(expected, found)


def _equal_part(part: Part, found: Any) -> bool:
    if hasattr(found, "encoded_data") != (part.data is not None) or not hasattr(found, "raw_get"):
        return False
    if part.data is None:
        return _members(part.entries, found, frozenset())
    if not part.compressed:
        return _members(part.entries, found, frozenset({"/Length"})) and found.encoded_data == part.data
    packed = str(member(found, "/Filter") or "/FlateDecode") == "/FlateDecode" and "/DecodeParms" not in found
    return packed and _members(part.entries, found, _PACKING) and found.data == part.data


def _members(expected: Any, found: Any, left_out: frozenset[str]) -> bool:
    names = {str(key) for key in found} - left_out
    return names == {f"/{key}" for key in expected} and all(
        _equal(value, dict.get(found, f"/{key}")) for key, value in expected.items()
    )


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, Name):
        return type(found).__name__ == "NameObject" and found == f"/{expected.value}"
    if isinstance(expected, bool) or isinstance(found, bool):
        return False
    if isinstance(expected, int | float):
        return isinstance(found, int | Decimal) and abs(Decimal(str(expected)) - Decimal(found)) < _CLOSE
    if isinstance(expected, str):
        return type(found).__name__ == "TextStringObject" and str(found) == expected
    return isinstance(expected, bytes) and _octets(found) == expected
