"""``collect``: from a Document to Evidence.  The format is decided by content."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eidkit.document import Document
from eidkit.errors import DocumentError, NotSupported, Text
from eidkit.verify import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eidkit.verify.evidence import Evidence


MAX_TIMESTAMPS = 512
"""Timestamps in all of one document: each is judged with every certificate and answer that the document holds."""


def collect(document: Document, *, detached: Document | Sequence[Document] = ()) -> Evidence:
    """All facts about ``document``, in no case a verdict.

    ``detached`` are contents that stand beside the document: what a bare timestamp token or a CMS signature is
    about, or what references of an XML signature name.  Raises :class:`DocumentError` for what
    cannot be read at all, with the reason and a remedy; everything else is a fact in the Evidence.
    """
    return bounded(_reader(document, (detached,) if isinstance(detached, Document) else tuple(detached))(document))


def load_evidence(
    saved: bytes,
    *,
    document: Document | None = None,
    detached: Document | Sequence[Document] = (),
    attestation: Document | None = None,
) -> Evidence:
    """The Evidence that ``saved`` (JSON of :func:`save_evidence`) holds.

    With ``document`` (and its ``detached`` contents) the document is collected again and a difference is
    refused; certificates and answers that had been added are kept.  Without it the Evidence counts as not seen,
    and a report over it says so, but where an ``attestation`` holds: a signature (CMS, with a timestamp) over
    :func:`evidence_statement` by somebody whose anchor of kind *attestation* the verifier trusts.
    """
    evidence = bounded(stored.from_json(saved))
    if document is None:
        attested = _attestation(evidence, attestation) if attestation else None
        return replace(evidence, document_seen=False, attestation=attested)
    fresh = collect(document, detached=detached)
    if stored.facts(fresh) != stored.facts(evidence):
        raise DocumentError(
            "evidence-other-document",
            Text("the stored evidence does not describe this document", "chứng cứ đã lưu không phải của tài liệu này"),
            Text("give the document that the evidence was collected from", "cung cấp đúng tài liệu gốc của chứng cứ"),
        )
    return stored.with_supplied(fresh, evidence)


def bounded(evidence: Evidence, *, more: int = 0) -> Evidence:
    """``evidence`` as it is, refused when it holds more timestamps than are judged, or would with ``more``."""
    count = more + len(evidence.timestamps) + sum(len(one.timestamps) for one in evidence.signatures)
    if count <= MAX_TIMESTAMPS:
        return evidence
    raise DocumentError(
        "timestamps-too-many",
        Text(
            f"{evidence.name} holds, or would hold, {count} timestamps; {MAX_TIMESTAMPS} are judged",
            f"{evidence.name} có (hoặc sẽ có) {count} dấu thời gian; tối đa {MAX_TIMESTAMPS}",
        ),
        Text("take out those that prove nothing more", "hãy bỏ các dấu thời gian không cần thiết"),
    )


def evidence_statement(evidence: Evidence) -> Document:
    """What to sign, with ``format="cms"`` and a timestamp, so that ``evidence`` counts without its document.

    Refused for Evidence whose document was not seen: who signs says that the facts are the file's.
    """
    from eidkit.verify import attesting

    if not evidence.document_seen:
        raise DocumentError(
            "evidence-not-seen",
            Text(
                f"{evidence.name} was not seen, so its evidence cannot be vouched for",
                f"chưa thấy {evidence.name} nên không thể chứng nhận chứng cứ",
            ),
            Text("collect the evidence from the document", "hãy thu thập chứng cứ từ tài liệu"),
        )
    return Document.from_bytes(attesting.statement_of(evidence), f"{evidence.name}.statement.json")


def _attestation(evidence: Evidence, attestation: Document) -> Evidence:
    from eidkit.verify import attesting

    return collect(attestation, detached=Document.from_bytes(attesting.statement_of(evidence), "statement.json"))


def save_evidence(evidence: Evidence) -> bytes:
    """The Evidence as JSON: bytes in base64, no verdict."""
    return stored.to_json(evidence)


def _reader(document: Document, detached: tuple[Document, ...]) -> Callable[[Document], Evidence]:
    if document.format == "pdf":
        from eidkit.verify.formats import pdf

        return pdf.read
    if document.format == "xml":
        from eidkit.verify.formats import xml

        return lambda found: xml.read(found, detached=detached)
    if document.format == "der":
        from eidkit.verify.formats import cades

        return lambda found: cades.read(found, detached)
    if document.format == "zip":
        raise NotSupported(
            "format-container",
            Text(
                f"{document.name} is a ZIP container (ASiC); this release does not read them",
                f"{document.name} là gói ASiC, chưa hỗ trợ",
            ),
            Text(
                "take the documents and signatures out of it, or use a later release",
                "hãy tách tài liệu ra hoặc dùng phiên bản mới hơn",
            ),
        )
    raise DocumentError(
        "format-unknown",
        Text(
            f"{document.name} is neither PDF, XML, a CMS signature nor a timestamp token",
            f"{document.name} không phải PDF, XML, chữ ký CMS hay dấu thời gian",
        ),
        Text(
            "check that this is the signed file and that it arrived whole",
            "kiểm tra đúng tệp đã ký và tệp không bị cắt",
        ),
    )
