"""The content digest of binding.md §1: what a person is shown and what a signature protects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.binding.transaction import PDF
from eidkit.errors import DocumentError, Text
from eidkit.verify.evidence import ContentDigest

if TYPE_CHECKING:
    from eidkit.document import Document

MEDIA_TYPES = {"pdf": PDF, "xml": "application/xml"}
"""Of the formats that can be bound to a login; the format's name is also the extension of its files."""


def content_digest(document: Document) -> ContentDigest:
    """Digest (and, for PDF, length) of the document as shown; other formats than PDF and XML are refused by name."""
    if document.format == "pdf":
        return ContentDigest(document.sha256, document.length)
    if document.format == "xml":
        from eidkit import xml

        return ContentDigest(xml.content_digest(document), None)
    raise DocumentError(
        "format-not-bindable",
        Text(f"{document.name} is neither PDF nor XML", f"{document.name} không phải PDF hay XML"),
        Text("give the PDF or XML form of the document", "cung cấp bản PDF hoặc XML của tài liệu"),
    )
