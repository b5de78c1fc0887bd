"""A PDF made to last: one more revision with the security store it lacks and, when asked, a document timestamp.

Source: ETSI EN 319 142-1 §5.4, §6.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.errors import Text, TimestampUnavailable
from eidkit.pdf.preserving_revision import preserving_revision
from eidkit.pdf.revisions import open_file
from eidkit.pdf.security_store import SecurityStore
from eidkit.verify.formats import pdf

if TYPE_CHECKING:
    from collections.abc import Collection

    from eidkit.document import Document
    from eidkit.pdf.revisions import PdfFile
    from eidkit.signing.formats import Stamper
    from eidkit.signing.lasting import Needed
    from eidkit.verify.evidence import Evidence


@dataclass(frozen=True, slots=True)
class PdfLasting:
    """A PDF opened to be preserved; ``reserve`` octets are kept free for a token."""

    document: Document
    file: PdfFile
    reserve: int

    @classmethod
    def of(cls, document: Document, reserve: int) -> PdfLasting:
        """``document``, opened once for reading and for appending."""
        return cls(document, open_file(document), reserve)

    def evidence(self) -> Evidence:
        """As in :class:`eidkit.signing.formats.Lasting`."""
        return pdf.read_file(self.file)

    def proved(self, _unproved: Collection[str], stamper: Stamper) -> Document:
        """A document timestamp is over every signature."""
        return self._stamped(SecurityStore(), stamper)

    def filled(self, needed: Needed, original: Evidence) -> Document:
        """One revision with the store."""
        store = _store(needed, original)
        if not store:
            return self.document
        return self.document.spliced(
            self.document.length, preserving_revision(self.document, store, None, self.file).data
        )

    def sealed(self, needed: Needed, original: Evidence, stamper: Stamper) -> Document:
        """Store and document timestamp in one revision."""
        return self._stamped(_store(needed, original), stamper)

    def _stamped(self, store: SecurityStore, stamper: Stamper) -> Document:
        document = self.document
        revision = preserving_revision(document, store, self.reserve, self.file)
        covered = document.spliced(document.length, revision.data)
        token = stamper.token(covered.digest(stamper.digest, revision.ranges))
        if len(token) > revision.reserve:
            raise TimestampUnavailable(
                "timestamp-reserve",
                Text(
                    f"the timestamp token has {len(token)} octets and {revision.reserve} were kept free",
                    "dấu thời gian lớn hơn chỗ đã dành",
                ),
                Text("preserve with a larger token_reserve=", "dùng token_reserve= lớn hơn"),
                kind="caller",
                retryable=False,
            )
        return document.spliced(document.length, revision.filled(token))


def _store(needed: Needed, original: Evidence) -> SecurityStore:
    missing = needed.additions(original)
    return SecurityStore(missing.certificates, missing.crls, missing.ocsps)
