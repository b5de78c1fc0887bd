"""What we trust and how trust is followed: anchors, certificate paths, revocation, sources, subjects.

``path``, ``revocation`` and ``subject`` are pure functions; only ``sources`` reaches a Transport, and only the
one that was handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.trust.path import PathResult, find_path
    from eidkit.trust.revocation import Status, status_of
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import Anchor, TrustStore
    from eidkit.trust.subject import Subject, subject_of

__all__ = [
    "Anchor",
    "PathResult",
    "Sources",
    "Status",
    "Subject",
    "TrustStore",
    "find_path",
    "status_of",
    "subject_of",
]

__getattr__, __dir__ = lazily.loading(
    __name__,
    {
        "path": ("PathResult", "find_path"),
        "revocation": ("Status", "status_of"),
        "sources": ("Sources",),
        "store": ("Anchor", "TrustStore"),
        "subject": ("Subject", "subject_of"),
    },
)
