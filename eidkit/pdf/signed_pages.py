"""Which page each signature stands on: where its widget is drawn, otherwise the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eidkit.pdf.fields import SignatureField, signature_fields
from eidkit.pdf.intake import hostile, open_pdf
from eidkit.pdf.pages import page_numbers
from eidkit.pdf.syntax import member, number_of, raw_items

if TYPE_CHECKING:
    from eidkit.document import Document

MAX_PAGES = 5_000
MAX_ANNOTATIONS = 50_000


def signed_pages(document: Document) -> dict[str, int]:
    """The page (from 0) of each signature field, by its name as evidence has it; raises :class:`DocumentError`.

    What the page lists is what is drawn there; ``/P`` of the widget only says so.  An invisible signature has
    the page that its widget is listed on all the same.
    """
    reader = open_pdf(document)
    with hostile(document.name):
        places = _places(reader)
        return {field.name[:80]: _page(field, places) for field in signature_fields(reader.root)}


def _places(reader: Any) -> dict[int, int]:
    """The page (from 0) that lists the annotation with that object number."""
    found: dict[int, int] = {}
    for number, page in list(page_numbers(reader.root).items())[:MAX_PAGES]:
        node = reader.get_object(_reference(reader, number))
        for raw in raw_items(member(node, "/Annots")):
            annotation = number_of(raw)
            if annotation is not None and len(found) < MAX_ANNOTATIONS:
                found.setdefault(annotation, page - 1)
    return found


def _reference(reader: Any, number: int) -> Any:
    from pyhanko.pdf_utils.generic import Reference

    return Reference(number, reader.generation(number), reader)


def _page(field: SignatureField, places: dict[int, int]) -> int:
    kids = [number_of(raw) for raw in raw_items(member(field.dictionary, "/Kids"))[:64]]
    return next((places[number] for number in (field.number, *kids) if number in places), 0)
