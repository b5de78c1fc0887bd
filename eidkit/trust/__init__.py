"""What we trust and how trust is followed: anchors, certificate paths, revocation, sources, subjects.

``path``, ``revocation`` and ``subject`` are pure functions; only ``sources`` reaches a Transport, and only the
one that was handed in.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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

_HOMES = {
    "Anchor": "store",
    "PathResult": "path",
    "Sources": "sources",
    "Status": "revocation",
    "Subject": "subject",
    "TrustStore": "store",
    "find_path": "path",
    "status_of": "revocation",
    "subject_of": "subject",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
