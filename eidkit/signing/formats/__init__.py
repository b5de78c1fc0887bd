"""What signing asks of a format: four functions over two values; what preserving asks: :class:`Lasting`.

Each module here writes one format and offers ``prepare``, ``timestamp_octets``, ``finish`` and
``add_timestamp``, or, with a name that ends in ``_lasting``, makes what is signed last; nothing outside this package
knows a format when writing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from eidkit.errors import DocumentError, NotSupported, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from eidkit.algorithms import SignatureAlgorithm
    from eidkit.document import Document
    from eidkit.pdf.placing import Placing
    from eidkit.signing.lasting import Needed
    from eidkit.verify.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be signed with: certificates (DER), algorithm, and what goes into the signed attributes.

    ``digest`` is the hashlib name used for content and attributes; ``token_reserve`` the octets kept free for
    a timestamp token (0: none); ``assertion`` an attestation JWS; ``commitment`` a commitment type OID.
    """

    certificate: bytes
    chain: tuple[bytes, ...]
    algorithm: SignatureAlgorithm
    digest: str
    token_reserve: int
    assertion: str | None
    claimed_roles: tuple[str, ...]
    commitment: str | None
    signing_time: datetime


@dataclass(frozen=True, slots=True)
class Prepared:
    """Bytes to splice into the document at ``offset``, with holes, and the octets to sign.

    ``state`` is whatever the format needs to fill the holes later: JSON-able text and integers only.
    """

    offset: int
    insertion: bytes
    to_sign: bytes
    state: Mapping[str, str | int]


class FormatWriter(Protocol):
    """The shape of a module in this package."""

    def prepare(self, document: Document, request: Request, placing: Placing | None = None, /) -> Prepared:
        """Everything but the signature value; raises :class:`DocumentError` when the document cannot be signed.

        ``placing``: a field or place in a PDF, and what is seen there; other formats are not asked with one.
        """
        ...

    def timestamp_octets(self, prepared: Prepared, request: Request, value: bytes, /) -> bytes:
        """The octets that a signature timestamp covers."""
        ...

    def finish(self, prepared: Prepared, request: Request, value: bytes, token: bytes | None) -> bytes:
        """The finished insertion, with the signature value and, when given, the timestamp token."""
        ...

    def add_timestamp(self, document: Document, token_for: Callable[[bytes], bytes]) -> Document:
        """The document with a signature timestamp on its last signature that has none."""
        ...


def writer(format_: str, name: str) -> FormatWriter:
    """The writer for a document format; a format that cannot be signed yet is refused by name."""
    if format_ == "pdf":
        from eidkit.signing.formats import pdf

        return pdf
    if format_ == "xml":
        from eidkit.signing.formats import xml

        return xml
    if format_ == "cms":
        from eidkit.signing.formats import cms

        return cms
    raise DocumentError(
        "format-not-signable",
        Text(f"{name} is neither PDF nor XML ({format_})", f"{name} không phải PDF hay XML ({format_})"),
        Text(
            'sign it with format="cms" (--format cms), or convert it to PDF',
            'ký với format="cms" (--format cms), hoặc chuyển sang PDF',
        ),
    )


def format_of(document: Document) -> str:
    """The format that ``document`` is signed in as it stands: by content; a CMS takes one more signature."""
    if document.format == "der":
        from eidkit.signing.formats import cms

        return "cms" if cms.is_cms(document) else "der"
    return document.format


def placed(format_: str, document: Document, prepared: Prepared, finished: bytes) -> Document:
    """The signed document: what :meth:`FormatWriter.finish` gave, put where it belongs."""
    if format_ == "cms":
        from eidkit.signing.formats import cms

        return cms.placed(document, prepared, finished)
    return document.spliced(prepared.offset, finished)


# ── preserving ────────────────────────────────────────────────────────────────────────────────────────────


class Stamper(Protocol):
    """Who gives timestamp tokens: over imprints that were computed under ``digest``."""

    @property
    def digest(self) -> str:
        """The digest name."""
        ...

    def token(self, imprint: bytes) -> bytes:
        """A checked token over ``imprint``; raises :class:`eidkit.errors.TimestampUnavailable`."""
        ...


class Lasting(Protocol):
    """A signed document of one format, opened to be made to last; everything it holds keeps its octets."""

    def evidence(self) -> Evidence:
        """What the document itself says."""
        ...

    def proved(self, unproved: Collection[str], stamper: Stamper) -> Document:
        """The document with timestamps that prove when the signatures of these identities were made."""
        ...

    def filled(self, needed: Needed, original: Evidence) -> Document:
        """The document with what it lacks of this by ``original``, its evidence; itself where it lacks nothing."""
        ...

    def sealed(self, needed: Needed, original: Evidence, stamper: Stamper) -> Document:
        """The same, and over everything a timestamp that keeps it provable."""
        ...


def lasting_of(document: Document, detached: Sequence[Document], token_reserve: int) -> Lasting:
    """``document`` opened to be made to last; a format that cannot be is refused by name.

    ``detached``: what it is about that stands beside it; ``token_reserve``: octets to keep free for a token.
    """
    kind = format_of(document)
    if kind == "pdf":
        from eidkit.signing.formats.pdf_lasting import PdfLasting

        return PdfLasting.of(document, token_reserve)
    if kind == "xml":
        from eidkit.signing.formats.xml_lasting import XmlLasting

        return XmlLasting.of(document, detached)
    if kind == "cms":
        from eidkit.signing.formats.cms_lasting import CmsLasting

        return CmsLasting.of(document, detached)
    raise NotSupported(
        "preserve-format",
        Text(
            f"{document.name} ({kind}) is of a format that this release does not preserve",
            f"{document.name} ({kind}) thuộc định dạng mà phiên bản này chưa lưu trữ lâu dài",
        ),
        Text(
            "sign with tsa= and keep the certificates and revocation answers beside the file until then",
            "hãy ký kèm dấu thời gian và lưu chứng thư, dữ liệu thu hồi bên cạnh tệp",
        ),
    )
