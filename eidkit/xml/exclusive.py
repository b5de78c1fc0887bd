"""Exclusive C14N with ``#default`` in its PrefixList, which libxml2 is not told of by its binding.

Exclusive XML Canonicalization 1.0 §3: a namespace is written where it is first visibly used; those of the list
(``#default`` is the default namespace) as inclusive C14N writes them.  Slower than libxml2, and only used here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.xml.names import XML, local, namespace
from eidkit.xml.parse import query, refused

if TYPE_CHECKING:
    from lxml.etree import _Element


MAX_BYTES = 4 * 1024 * 1024


def octets(root: _Element, prefixes: tuple[str, ...], *, comments: bool) -> bytes:
    """The canonical octets of a document by its root; ``prefixes`` as the PrefixList has them."""
    from lxml import etree

    if len(etree.tostring(root, encoding="utf-8")) > MAX_BYTES:
        raise refused(
            "xml-too-costly", f"a PrefixList with #default over more than {MAX_BYTES} bytes", "quá lớn cho #default"
        )
    wanted = frozenset("" if prefix == "#default" else prefix for prefix in prefixes)
    before = [_other(node, comments) for node in reversed(list(root.itersiblings(preceding=True)))]
    after = [_other(node, comments) for node in root.itersiblings()]
    parts = [f"{written}\n" for written in before if written]
    parts += _element(root, {"": ""}, wanted, comments)
    parts += [f"\n{written}" for written in after if written]
    return "".join(parts).encode()


def _element(element: _Element, rendered: dict[str, str], wanted: frozenset[str], comments: bool) -> list[str]:
    scope = {prefix or "": uri or "" for prefix, uri in element.nsmap.items()}
    attributes = _attributes(element)
    used = {element.prefix or "", *(prefix for _, prefix, _, _ in attributes if prefix not in {"", "xml"})}
    shown = {p: scope.get(p, "") for p in used | (wanted & scope.keys()) if p != "xml"}
    shown = {prefix: uri for prefix, uri in shown.items() if rendered.get(prefix) != uri}
    if any(uri and ":" not in uri for uri in shown.values()):
        raise refused("xml-no-canonical-form", "it has a relative namespace URI", "URI không gian tên tương đối")
    name = f"{element.prefix}:{local(element.tag)}" if element.prefix else local(element.tag)
    parts = [f"<{name}"]
    parts += [f' xmlns{":" + prefix if prefix else ""}="{_value(uri)}"' for prefix, uri in sorted(shown.items())]
    parts += [f' {prefix + ":" if prefix else ""}{own}="{_value(value)}"' for _, prefix, own, value in attributes]
    parts += [">", _text(element.text)]
    inner = rendered | shown
    for child in element:
        if isinstance(child.tag, str):
            parts += _element(child, inner, wanted, comments)
        else:
            parts.append(_other(child, comments))
        parts.append(_text(child.tail))
    return [*parts, f"</{name}>"]


def _attributes(element: _Element) -> list[tuple[str, str, str, str]]:
    """Namespace, prefix, local name and value of each attribute, in canonical order."""
    found = []
    for place, (name, value) in enumerate(element.attrib.items(), start=1):
        uri = namespace(name)
        prefix = "xml" if uri == XML else ""
        if uri and not prefix:
            prefix = str(query("name(@*[$place])")(element, place=place)).partition(":")[0]
        found.append((uri, prefix, local(name), str(value)))
    return sorted(found, key=lambda attribute: (attribute[0], attribute[2]))


def _other(node: _Element, comments: bool) -> str:
    """A comment or processing instruction inside the element."""
    from lxml import etree

    written = etree.tostring(node, encoding="unicode", with_tail=False)
    return "" if written.startswith("<!--") and not comments else written.replace("\r", "&#xD;")


def _text(text: str | None) -> str:
    if not text:
        return ""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _value(value: str) -> str:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return escaped.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
