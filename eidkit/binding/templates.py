"""The text templates of a Procedure: ``{name}`` from a closed list, nothing else (binding.md §0)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eidkit.binding import shape
from eidkit.errors import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eidkit.errors import Text

PLACES = frozenset({"dossier", "step_title", "role", "action", "documents", "person"})
_PLACE = re.compile(r"\{([a-z_]*)\}")


def check(template: Text) -> None:
    """Refuse a template with a place that is not in the closed list, or with a stray brace."""
    for sentence in (template.en, template.vi):
        shape.text(sentence, "text template")
        if not set(_PLACE.findall(sentence)) <= PLACES or re.search(r"[{}]", _PLACE.sub("", sentence)):
            shape.refuse(
                "template-place",
                f"a text may hold only {', '.join(sorted(PLACES))} in braces",
                "văn bản có chỗ điền không hợp lệ",
            )


def needs_person(template: Text) -> bool:
    """Whether the template shows the person's name."""
    return any("{person}" in sentence for sentence in (template.en, template.vi))


def filled(template: Text, language: str, values: Mapping[str, str]) -> str:
    """The template of ``language`` with its places filled, in one pass: a value is never itself a template."""
    return _PLACE.sub(lambda place: values[place.group(1)], in_language(template, language))


def in_language(text: Text, language: str) -> str:
    """The sentence in ``language``, ``en`` or ``vi``."""
    return text.in_language(shape.one_of(language, LANGUAGES, "language"))
