"""PDF: what a file shows, what its signatures cover, what later revisions changed, and how a revision is added.

The only door to pyHanko.  :mod:`~eidkit.pdf.intake` opens hostile files within bounds,
:mod:`~eidkit.pdf.revisions` finds where each revision ends, :mod:`~eidkit.pdf.coverage` judges what a
signature covers, :mod:`~eidkit.pdf.signing_revision` what else the signing revision changed,
:mod:`~eidkit.pdf.changes` what came after it, and :mod:`~eidkit.pdf.appending` writes the next revision.
"""

from __future__ import annotations
