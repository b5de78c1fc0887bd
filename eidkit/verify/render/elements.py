"""XML written as text: elements whose text and attributes are escaped, whatever they hold.

What XML 1.0 has no place for (control characters, half a surrogate pair) becomes the replacement character.  For
writing only; XML of others is read by :mod:`eidkit.xml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Element:
    """An element that is escaped already; its ``str`` is XML."""

    markup: str

    def __str__(self) -> str:
        return self.markup


def element(name: str, *inside: Element | str | None, **attributes: str) -> Element:
    """The element ``name`` with what is inside (text is escaped, None left out) and its attributes.

    A colon in an attribute's name is written as two underscores, because Python has no other place for it.
    """
    said = "".join(f' {key.replace("__", ":")}="{_text(value)}"' for key, value in attributes.items())
    content = "".join(str(one) if isinstance(one, Element) else _text(one) for one in inside if one is not None)
    return Element(f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>")


def _text(value: str) -> str:
    """``value`` escaped; line ends and tabs as references, so that a reader gets back what was there."""
    shown = escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value))
    return shown.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")
