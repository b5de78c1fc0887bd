"""XML: bounded parse, canonicalisation, references and splice; the only door to lxml.

``content_digest`` is what a person was shown and what a signature protects (binding.md §1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.xml.content import content_digest

__all__ = ["content_digest"]

__getattr__, __dir__ = lazily.loading(__name__, {"content": ("content_digest",)})
