"""XML: bounded parse, canonicalisation, references and splice; the only door to lxml.

``content_digest`` is what a person was shown and what a signature protects (binding.md §1).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eidkit.xml.content import content_digest

__all__ = ["content_digest"]

_HOMES = {"content_digest": "eidkit.xml.content"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
