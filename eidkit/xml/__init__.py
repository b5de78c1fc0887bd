"""XML: bounded parse, canonicalisation, references and splice; the only door to lxml.

``content_digest`` is what a person was shown and what a signature protects (binding.md §1); ``grew_from`` tells
whether one state of a document grew from another by signing and preserving alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.xml.content import content_digest
    from eidkit.xml.states import grew_from

__all__ = ["content_digest", "grew_from"]

__getattr__, __dir__ = lazily.loading(__name__, {"content": ("content_digest",), "states": ("grew_from",)})
