"""What the reader sees on the page of a signed PDF, as a value.

For documents that people look at: the signature itself proves no more and no less with it.  Where a login is bound
to the signature, the Transaction names the appearance, and only that one can be signed (binding.md §2).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eidkit.errors import NotSupported, Text
from eidkit.pdf.geometry import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.binding.transaction import ShownAppearance
    from eidkit.document import Document
    from eidkit.pdf.placing import Placing
    from eidkit.pdf.stamp import Stamp

__all__ = ["Appearance", "Place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A stamp: lines of text, an image, or both, at a place on a page.

    ``at``: a :class:`Place` in millimetres, or the full name of an empty signature field of the document, whose
    own rectangle is then used.  ``text``: lines (or one text with line breaks) in Latin or Vietnamese letters,
    set in the shipped serif face at 10 points, smaller when they need it, down to 5.  ``title``: a line in bold
    above them.  ``image``: the bytes of a PNG or JPEG, at most 2 MiB and two million pixels; it stands left of
    the text, or fills the place.  ``border``: an outline.

    Raises :class:`eidkit.errors.DocumentError` when there is nothing to show, too much of it, a character that
    the face lacks, or an image that cannot be used.  Threads may share it.
    """

    at: Place | str
    text: str | Sequence[str] = ()
    title: str | None = None
    image: bytes | None = field(default=None, repr=False)
    border: bool = False
    stamp: Stamp = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from eidkit.pdf.images import picture
        from eidkit.pdf.stamp import Stamp

        given = self.text.splitlines() if isinstance(self.text, str) else self.text
        lines = tuple(unicodedata.normalize("NFC", line) for line in given)
        title = unicodedata.normalize("NFC", self.title) if self.title is not None else None
        object.__setattr__(self, "text", lines)
        object.__setattr__(self, "title", title)
        drawn = picture(self.image) if self.image is not None else None
        object.__setattr__(self, "stamp", Stamp(lines, title, drawn, self.border))

    @property
    def placing(self) -> Placing:
        """What signing is asked for."""
        from eidkit.pdf.placing import Placing

        if isinstance(self.at, str):
            return Placing(field=self.at, stamp=self.stamp)
        return Placing(place=self.at, stamp=self.stamp)

    def shown_on(self, document: Document, label: str) -> ShownAppearance:
        """The appearance as a Transaction names it: page, rectangle and digest of the inputs, on ``document``.

        Raises :class:`eidkit.errors.DocumentError` when it cannot be put there.
        """
        from eidkit.binding.transaction import ShownAppearance
        from eidkit.pdf.placing import located

        check_pdf(document)
        spot = located(document, self.placing)
        if spot is None:
            raise AssertionError("a stamp is drawn somewhere")
        return ShownAppearance(label, spot.page.number, spot.rectangle, self.stamp.sha256)


def check_pdf(document: Document) -> None:
    """Refuse a document that has no pages to draw on and no fields to fill."""
    if document.format != "pdf":
        raise NotSupported(
            "appearance-pdf-only",
            Text(
                f"{document.name} is not a PDF: nothing can be shown on it",
                f"{document.name} không phải PDF nên không thể hiển thị chữ ký",
            ),
            Text("leave appearance= and field= out for this document", "bỏ appearance= và field= với tài liệu này"),
        )
