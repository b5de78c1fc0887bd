"""What a PDF may gain between two signatures of a dossier: DSS and document timestamps (binding.md §6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eidkit.verify.evidence import PdfCoverage, SignatureEvidence


def grew(signatures: Iterable[SignatureEvidence], left: PdfCoverage, until: PdfCoverage | None) -> bool:
    """Whether more than that was added after the signature ``left`` and before ``until`` (None: until today).

    ``signatures`` are all of the file.  A signing revision is judged by its own rule (binding.md §1), and a signature
    in between that no step accounts for has a finding of its own: they are passed over.
    """
    signed = {each.coverage.revision_end: each.coverage for each in signatures if each.coverage is not None}
    goal = until.revision_end if until is not None else None
    reached = left.next_addition
    while reached != goal:
        # Each signature once: where one covers no revision, the next addition is its own.
        passed = signed.pop(reached, None) if reached is not None else None
        if passed is None:
            return True
        reached = passed.next_addition
    return False
