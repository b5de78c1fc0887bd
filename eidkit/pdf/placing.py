"""Where a signature goes: into a field that is there already, or to a place on a page, seen or not.

A field that is asked for by name is used or refused by name; nothing else is done in its stead.
Source: ISO 32000-2 §12.7.4.1 (flags), §12.7.5.5 (signature fields), §12.8.2 (locks).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from eidkit.errors import DocumentError, Text
from eidkit.pdf.fields import BLENDING, HIDING, kind_of, signature_fields, widget_of
from eidkit.pdf.geometry import hundredths, page, pages, written_rectangle
from eidkit.pdf.intake import hostile, open_for_signing
from eidkit.pdf.newfile import Part, Ref, numbered, written
from eidkit.pdf.syntax import member, number_of, raw_items

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.document import Document
    from eidkit.pdf.appending import Update
    from eidkit.pdf.fields import SignatureField
    from eidkit.pdf.geometry import Page, Place, Rectangle
    from eidkit.pdf.stamp import Stamp

DEMANDS = ("/SV", "/Lock", "/A", "/AA", "/OC", *BLENDING)
"""Members of a field that bind what a signature in it must be, that act, or that change how a stamp looks."""


@dataclass(frozen=True, slots=True)
class Placing:
    """What is asked for: a field by its full name, or a place; ``stamp`` is what the reader shall see there."""

    field: str | None = None
    place: Place | None = None
    stamp: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """A rectangle on a page with the stamp to draw; ``widget`` the number of the widget that is there already."""

    page: Page
    rectangle: Rectangle
    stamp: Stamp
    widget: int | None = None

    def drawn(self, update: Update, signing_time: datetime) -> bytes:
        """Write the stamp's objects; the text of the widget's ``/AP``."""
        modified = signing_time.strftime("D:%Y%m%d%H%M%SZ")
        form = _put(update, self.stamp.form(self.page, self.rectangle, modified))
        return b"<</N %d 0 R>>" % form.number

    @property
    def written_rectangle(self) -> bytes:
        """The text of the widget's ``/Rect``."""
        return written_rectangle(self.rectangle)


@dataclass(frozen=True, slots=True)
class Target:
    """Where exactly: the field to fill (None: a new one), and the spot to draw on (None: nothing is seen)."""

    field: SignatureField | None
    spot: Spot | None = None


def target(name: str, root: Any, fields: Sequence[SignatureField], asked: Placing) -> Target:
    """The Target for what is ``asked`` of the document called ``name``; raises :class:`DocumentError`."""
    field = _named(name, root, fields, asked.field) if asked.field is not None else None
    if asked.stamp is None:
        return Target(field)
    if field is not None:
        spot = _on_widget(name, root, field, asked.stamp)
    elif asked.place is not None:
        found = page(root, asked.place.page)
        if found is None:
            _refuse(
                "stamp-page", f"{name} has no page {asked.place.page}", f"{name} không có trang {asked.place.page}",
                "count pages from 1, or from the end with -1",
            )  # fmt: skip
        spot = Spot(found, found.rectangle(asked.place), asked.stamp)
    else:
        _refuse("stamp-place", "a stamp needs a place or a field", "hình chữ ký cần có vị trí", "say where it goes")
    asked.stamp.check_size(spot.page, spot.rectangle)
    return Target(field, spot)


def located(document: Document, asked: Placing) -> Spot | None:
    """The spot that signing ``document`` as ``asked`` draws on; None when nothing would be seen."""
    reader = open_for_signing(document)
    with hostile(document.name):
        return target(document.name, reader.root, signature_fields(reader.root), asked).spot


def _named(name: str, root: Any, fields: Sequence[SignatureField], wanted: str) -> SignatureField:
    """The empty signature field called ``wanted``."""
    called = [one for one in fields if one.name == wanted]
    if len(called) > 1:
        _refuse(
            "field-ambiguous", f"{name} has {len(called)} signature fields called {wanted!r}",
            f"{name} có {len(called)} trường chữ ký cùng tên {wanted!r}", "name another field, or none for a new one",
        )  # fmt: skip
    field = called[0] if called else None
    if field is None:
        kind = kind_of(root, wanted)
        empty = ", ".join(repr(one.name) for one in fields if one.value is None) or "—"
        if kind is not None:
            _refuse(
                "field-not-signature", f"the field {wanted!r} of {name} is no signature field ({kind})",
                f"trường {wanted!r} của {name} không phải trường chữ ký", f"empty signature fields: {empty}",
            )  # fmt: skip
        _refuse(
            "field-unknown", f"{name} has no field called {wanted!r}", f"{name} không có trường {wanted!r}",
            f"empty signature fields: {empty}",
        )  # fmt: skip
    if field.value is not None:
        _refuse(
            "field-signed", f"the field {wanted!r} of {name} is signed already",
            f"trường {wanted!r} của {name} đã có chữ ký", "name an empty field, or none for a new one",
        )  # fmt: skip
    demands = [key for key in DEMANDS if any(key in widget for widget in field.widgets)]
    kids = raw_items(member(field.dictionary, "/Kids"))
    several = len(kids) > 1 or (kids and "/Rect" in field.dictionary)
    if demands or field.read_only or field.number is None or several:
        why = ", ".join(demands) or ("read-only" if field.read_only else "several places, or no object of its own")
        _refuse(
            "field-locked", f"the field {wanted!r} of {name} is locked or asks for what eidkit does not write ({why})",
            f"trường {wanted!r} của {name} bị khóa hoặc có yêu cầu riêng ({why})",
            "name another field, or none for a new one",
        )  # fmt: skip
    return field


def _on_widget(name: str, root: Any, field: SignatureField, stamp: Stamp) -> Spot:
    """The place of a field's own widget."""
    number, widget = widget_of(field.number, field.dictionary)
    rectangle, flags = hundredths(member(widget, "/Rect")), member(widget, "/F") or 0
    where = [one for one in pages(root) if number in map(number_of, raw_items(member(one.dictionary, "/Annots")))]
    empty = rectangle is None or rectangle[0] == rectangle[2] or rectangle[1] == rectangle[3]
    if rectangle is None or empty or len(where) != 1 or not isinstance(flags, int) or flags & HIDING:
        _refuse(
            "field-invisible", f"the field {field.name!r} of {name} shows nothing on a page",
            f"trường {field.name!r} của {name} không hiển thị trên trang", "give a place, or sign without a stamp",
        )  # fmt: skip
    return Spot(where[0], rectangle, stamp, number)


def _put(update: Update, part: Part) -> Ref:
    """Write an object and those inside it."""
    entries = numbered(dict(part.entries), lambda inside: _put(update, inside))
    number = update.new_number()
    update.put(number, 0, written(entries, part.data, compressed=part.compressed))
    return Ref(number)


def _refuse(code: str, en: str, vi: str, remedy: str) -> NoReturn:
    raise DocumentError(code, Text(en, vi), Text(remedy, "chọn trường hoặc vị trí khác"), kind="caller")
