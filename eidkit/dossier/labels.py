"""Labels: the names that a Procedure gives its documents, and how file names lead to them."""

from __future__ import annotations

import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING

from eidkit.binding import shape
from eidkit.errors import DocumentError, Text
from eidkit.verify.content import MEDIA_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eidkit.binding.procedure import DocumentRule, Procedure
    from eidkit.document import Document


def label_of(name: str) -> str:
    """The label that a file name stands for.

    The name without its last extension, in lower-case ASCII: Vietnamese letters lose their marks, everything
    but letters, digits, ``-`` and ``_`` becomes ``-``.  ``Đơn đề nghị.pdf`` → ``don-de-nghi``.
    """
    stem = PurePath(name).stem.replace("đ", "d").replace("Đ", "d")
    plain = "".join(c for c in unicodedata.normalize("NFKD", stem) if not unicodedata.combining(c)).lower()
    spelled = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in plain)
    return "-".join(part for part in spelled.split("-") if part).strip("_")[:64]


def labelled(documents: Mapping[str, Document] | Iterable[Document]) -> tuple[tuple[str, Document], ...]:
    """``(label, document)`` pairs: as a mapping gives them, otherwise from the file names."""
    from collections.abc import Mapping as AnyMapping

    pairs = (
        tuple(documents.items())
        if isinstance(documents, AnyMapping)
        else tuple((label_of(document.name), document) for document in documents)
    )
    for label, _ in pairs:
        shape.name(label, "document label")
    shape.unique([label for label, _ in pairs], "document labels")
    return pairs


def rule_for(label: str, document: Document, procedure: Procedure) -> DocumentRule:
    """The procedure's rule for ``label``; raises :class:`DocumentError` for an unknown label or another format."""
    rule = next((rule for rule in procedure.documents if rule.label == label), None)
    if rule is None:
        known = ", ".join(rule.label for rule in procedure.documents)
        raise DocumentError(
            "dossier-label-unknown",
            Text(
                f"{document.name}: the procedure has no document {label!r}",
                f"{document.name}: quy trình không có tài liệu {label!r}",
            ),
            Text(
                f"name the file after one of {known}, or give a mapping label → Document",
                f"đặt tên tệp theo một trong {known}",
            ),
        )
    found = MEDIA_TYPES.get(document.format, document.format)
    if found != rule.media_type:
        raise DocumentError(
            "dossier-media-type",
            Text(
                f"{document.name} is {found}, the procedure wants {rule.media_type}",
                f"{document.name} không đúng loại tệp {rule.media_type} mà quy trình yêu cầu",
            ),
            Text("give the document in the format that the procedure names", "cung cấp tài liệu đúng định dạng"),
        )
    return rule


def file_name(label: str, document: Document) -> str:
    """The name of a document inside a dossier folder: label and extension by content."""
    return f"{label}.{document.format if document.format in MEDIA_TYPES else 'bin'}"
