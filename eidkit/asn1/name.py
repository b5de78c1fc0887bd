"""Distinguished names: readable text, attributes in stored order, and the comparison of RFC 5280 §7.1."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from eidkit.asn1 import der
from eidkit.asn1.der import DerError
from eidkit.identity import masked

UID, SERIAL_NUMBER, ORGANIZATION_IDENTIFIER = "0.9.2342.19200300.100.1.1", "2.5.4.5", "2.5.4.97"
COMMON_NAME, ORGANIZATION, ORGANIZATIONAL_UNIT = "2.5.4.3", "2.5.4.10", "2.5.4.11"
TITLE, SURNAME, GIVEN_NAME, COUNTRY = "2.5.4.12", "2.5.4.4", "2.5.4.42", "2.5.4.6"
EMAIL = "1.2.840.113549.1.9.1"
MAX_ATTRIBUTES = 256
MAX_NAME = 64 * 1024
_LONG_NUMBER = re.compile(r"\d{9,}")
"""As long as a personal number: never shown whole in a message."""

SHORT = {
    COMMON_NAME: "CN", SURNAME: "SN", SERIAL_NUMBER: "serialNumber", COUNTRY: "C", "2.5.4.7": "L", "2.5.4.8": "ST",
    "2.5.4.9": "STREET", ORGANIZATION: "O", ORGANIZATIONAL_UNIT: "OU", TITLE: "T", GIVEN_NAME: "GN",
    "2.5.4.46": "dnQualifier", "2.5.4.65": "pseudonym", ORGANIZATION_IDENTIFIER: "organizationIdentifier",
    UID: "UID", "0.9.2342.19200300.100.1.25": "DC", EMAIL: "E",
}  # fmt: skip


def attributes(name_der: bytes) -> tuple[tuple[str, str], ...]:
    """``(OID, value)`` of every attribute in stored order; a value that is no text is shown as ``#hex``."""
    return tuple((oid, _shown(value)) for part in _parsed(name_der) for oid, value in part)


def text(name_der: bytes) -> str:
    """The name for people, in stored order, ``+`` inside a multi-valued part (after RFC 4514)."""
    return ", ".join(
        "+".join(f"{SHORT.get(oid, oid)}={_escaped(_shown(value))}" for oid, value in part)
        for part in _parsed(name_der)
    )


def shown(name_der: bytes) -> str:
    """The name for messages and logs: ``common name (organisation)``, otherwise the whole; long numbers masked."""
    person, body = common_name(name_der), next(iter(values(name_der, ORGANIZATION)), None)
    parts = [_escaped(part) for part in (person, body) if part]
    said = " (".join(parts) + ")" * (len(parts) - 1) if person else text(name_der)
    return _LONG_NUMBER.sub(lambda found: masked(found[0]), said)


def values(name_der: bytes, oid: str) -> tuple[str, ...]:
    """The values of one attribute type, in stored order."""
    return tuple(value for found, value in attributes(name_der) if found == oid)


def common_name(name_der: bytes) -> str | None:
    """The last (most specific) common name, None when there is none."""
    return next(reversed(values(name_der, COMMON_NAME)), None)


def same(first: bytes, second: bytes) -> bool:
    """Whether two DER Names are the same name (RFC 5280 §7.1); equal bytes always are.  Raises DerError."""
    if first == second:
        return True
    return _prepared(first) == _prepared(second)


def key(name_der: bytes) -> object:
    """A hashable value that is equal for two names exactly when :func:`same` says so; raises DerError."""
    return _prepared(name_der)


@lru_cache(maxsize=512)
def _parsed(name_der: bytes) -> tuple[tuple[tuple[str, der.Node], ...], ...]:
    if len(name_der) > MAX_NAME:
        raise DerError(f"a name above {MAX_NAME} bytes")
    parts = []
    for part in der.whole(name_der).items(limit=MAX_ATTRIBUTES):
        attributes_here = tuple(_attribute(node) for node in part.expect(der.SET).items(limit=MAX_ATTRIBUTES))
        if not attributes_here:
            raise DerError("an empty part of a name")
        parts.append(attributes_here)
    return tuple(parts)


def _attribute(node: der.Node) -> tuple[str, der.Node]:
    pair = node.expect(der.SEQUENCE).children(limit=2)
    if len(pair) != 2:
        raise DerError("not an attribute of a name")
    return der.oid(pair[0]), pair[1]


def _shown(node: der.Node) -> str:
    try:
        return der.string(node)
    except DerError:
        return f"#{node.raw.hex()}"


def _escaped(value: str) -> str:
    """RFC 4514 §2.4, with control and bidirectional characters shown as escapes so that no name can paint a log."""
    out = []
    for position, character in enumerate(value):
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
            out.append("".join(f"\\{octet:02X}" for octet in character.encode("utf-8", errors="surrogatepass")))
        elif (
            character in '"+,;<>\\'
            or (character in " #" and not position)
            or (character == " " and position == len(value) - 1)
        ):
            out.append("\\" + character)
        else:
            out.append(character)
    return "".join(out)


@lru_cache(maxsize=512)
def _prepared(name_der: bytes) -> tuple[frozenset[tuple[str, str | bytes]], ...]:
    return tuple(frozenset((oid, _normal(value)) for oid, value in part) for part in _parsed(name_der))


def _normal(node: der.Node) -> str | bytes:
    """RFC 4518 in short: map, NFKC, case folded, insignificant spaces gone; other syntaxes compare by their bytes."""
    try:
        value = der.string(node)
    except DerError:
        return node.raw
    value = unicodedata.normalize("NFKC", value).casefold()
    return " ".join(unicodedata.normalize("NFKC", value).split())
