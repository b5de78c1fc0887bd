"""PDF syntax over bytes: one lexer, a parser into pyHanko's objects, and the spans of a dictionary's values.

The parser is strict where readers disagree (a key with two values, an unknown word) and bounded in depth; it never
loops on cut-off input.  Spans let a dictionary be edited in place, so that everything else in it stays as it
was byte for byte.  Source: ISO 32000-2 §7.2, §7.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eidkit.pdf.values import same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_DEPTH = 96
MAX_VALUES = 500_000
"""How many values are parsed in a file, at least."""
WHITE = b"\x00\t\n\x0c\r "

_W = rb"[\x00\t\n\x0c\r ]"
_REGULAR = rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]"
_TOKEN = re.compile(
    rb"(?:" + _W + rb"+|%[^\r\n]*)*+(?:"
    rb"(?P<name>/" + _REGULAR + rb"*+)"
    rb"|(?P<reference>(\d{1,10})" + _W + rb"++(\d{1,5})" + _W + rb"++R(?!" + _REGULAR + rb"))"
    rb"|(?P<integer>[+-]?\d{1,200}(?!" + _REGULAR + rb"))"
    rb"|(?P<real>[+-]?(?:\d{1,200}\.\d{0,200}|\.\d{1,200})(?!" + _REGULAR + rb"))"
    rb"|(?P<dictionary><<)"
    rb"|(?P<end>>>|\]|endobj)"
    rb"|(?P<array>\[)"
    rb"|(?P<hex><[0-9A-Fa-f\x00\t\n\x0c\r ]*+>)"
    rb"|(?P<literal>\()"
    rb"|(?P<word>true|false|null)(?!" + _REGULAR + rb")"
    rb")"
)
_SKIPPED = re.compile(rb"(?:" + _W + rb"+|%[^\r\n]*)*+")
_LITERAL_STOP = re.compile(rb"[()\\\r]")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_HEADER = re.compile(rb"(\d{1,10})" + _W + rb"+(\d{1,5})" + _W + rb"+obj(?!" + _REGULAR + rb")")
_STREAM = re.compile(rb"(?:" + _W + rb"+|%[^\r\n]*)*+stream *(?:\r\n|\n|\r)")
_SIMPLE_ESCAPES = {0x6E: b"\n", 0x72: b"\r", 0x74: b"\t", 0x62: b"\b", 0x66: b"\f"}


class SyntaxProblem(ValueError):
    """Bytes that are not the PDF syntax they should be; ``cut`` when the input ended inside a value."""

    def __init__(self, what: str, *, cut: bool = False) -> None:
        self.cut = cut
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Header:
    """``N G obj``: the object number, its generation, and where its value begins."""

    number: int
    generation: int
    end: int


def object_header(data: bytes, position: int = 0) -> Header:
    """The object header at ``position`` (white space before it is skipped)."""
    start = skip(data, position)
    match = _HEADER.match(data, start)
    if match is None:
        raise SyntaxProblem("no object begins where the cross-reference says", cut=len(data) - start < 32)
    return Header(int(match[1]), int(match[2]), match.end())


def skip(data: bytes, position: int) -> int:
    """The position after white space and comments."""
    match = _SKIPPED.match(data, position)
    return match.end() if match else position


def stream_start(data: bytes, position: int) -> int | None:
    """Where stream data begins, if the keyword ``stream`` follows at ``position``."""
    match = _STREAM.match(data, position)
    return match.end() if match else None


@dataclass(slots=True)
class Values:
    """How many values may still be parsed: a file of a few octets each takes long."""

    left: int = field(default_factory=lambda: MAX_VALUES)

    def spend(self) -> None:
        """One more; raises SyntaxProblem when it is one too many."""
        self.left -= 1
        if self.left < 0:
            raise SyntaxProblem("more values than are read")


class Parser:
    """Parses values out of ``data`` into pyHanko's objects, all with the container reference ``ref``.

    Not thread-safe; make one per object.
    """

    __slots__ = ("_data", "_generic", "_handler", "_ref", "_values")

    def __init__(self, data: bytes, ref: Any) -> None:
        from pyhanko.pdf_utils import generic

        self._data = data
        self._ref = ref
        self._handler = ref.get_pdf_handler()
        self._values: Values = getattr(self._handler, "values", None) or Values()
        self._generic = generic

    def value(self, position: int) -> tuple[Any, int]:
        """The value at ``position`` and where it ends."""
        return self._made(_token(self._data, position), 0)

    def _made(self, match: re.Match[bytes], depth: int) -> tuple[Any, int]:
        """The value that begins with the token ``match``, and where it ends."""
        self._values.spend()
        kind = match.lastgroup
        end = match.end()
        found: Any
        if kind == "name":
            found = self._generic.NameObject(name_text(match["name"]))
        elif kind == "integer":
            found = self._generic.NumberObject(int(match["integer"]))
        elif kind == "reference":
            number = int(match[3])
            if number == 0:
                raise SyntaxProblem("a reference to object 0")
            found = self._generic.IndirectObject(number, int(match[4]), self._handler)
        elif kind in {"dictionary", "array"}:
            if depth >= MAX_DEPTH:
                raise SyntaxProblem(f"nested deeper than {MAX_DEPTH}")
            found, end = self._dictionary(end, depth + 1) if kind == "dictionary" else self._array(end, depth + 1)
        elif kind == "literal":
            raw, end = literal_string(self._data, end)
            found = self._generic.pdf_string(raw)
        else:
            found = self._seldom(kind, match)
        found.container_ref = self._ref
        return found, end

    def _seldom(self, kind: str | None, match: re.Match[bytes]) -> Any:
        """A value of one token, of the kinds that are rare."""
        if kind == "hex":
            return self._generic.pdf_string(hex_string(match["hex"]))
        if kind == "real":
            return self._generic.FloatObject(match["real"].decode("ascii"))
        if kind == "word":
            word = match["word"]
            return self._generic.NullObject() if word == b"null" else self._generic.BooleanObject(word == b"true")
        raise SyntaxProblem("a closing bracket where a value belongs")

    def _array(self, position: int, depth: int) -> tuple[Any, int]:
        items = self._generic.ArrayObject()
        while True:
            match = _token(self._data, position)
            if match["end"] == b"]":
                return items, match.end()
            item, position = self._made(match, depth)
            items.append(item)

    def _dictionary(self, position: int, depth: int) -> tuple[Any, int]:
        members, data = self._generic.DictionaryObject(), self._data
        while True:
            match = _token(data, position)
            if match.lastgroup != "name":
                if match["end"] == b">>":
                    return members, match.end()
                raise SyntaxProblem("a dictionary key is not a name")
            key, position = self._made(match, depth)
            found, position = self._made(_token(data, position), depth)
            # as it stands: pyHanko's own ways of setting check and convert what was made right here
            if key in members and not same(dict.__getitem__(members, key), found):
                raise SyntaxProblem(f"the key {key} has two values in one dictionary")
            dict.__setitem__(members, key, found)


def _token(data: bytes, position: int) -> re.Match[bytes]:
    match = _TOKEN.match(data, position)
    if match is None:
        start = skip(data, position)
        rest = data[start : start + 32]
        # A hex string or number may go on beyond what was read; the caller reads more and tries again.
        raise SyntaxProblem("not a PDF value", cut=len(rest) < 32 or rest[:1] == b"<")
    return match


def name_text(raw: bytes) -> str:
    """A name with its ``#xx`` escapes resolved; UTF-8 if it is, else Latin-1."""
    if b"#" in raw:
        raw = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), raw)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def hex_string(token: bytes) -> bytes:
    """The octets of ``<48 65…>``; an odd last digit counts as its high half."""
    digits = token[1:-1]
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        digits = digits.translate(None, WHITE)
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def literal_string(data: bytes, position: int) -> tuple[bytes, int]:
    """The octets of the ``( … )`` string whose content begins at ``position``, and where it ends."""
    parts: list[bytes] = []
    depth = 1
    while True:
        match = _LITERAL_STOP.search(data, position)
        if match is None:
            raise SyntaxProblem("a string without an end", cut=True)
        parts.append(data[position : match.start()])
        position = match.end()
        mark = match[0]
        if mark == b"\\":
            octets, position = _escaped(data, position)
            parts.append(octets)
        elif mark == b"\r":
            parts.append(b"\n")
            position += data.startswith(b"\n", position)
        else:
            depth += 1 if mark == b"(" else -1
            if depth == 0:
                return b"".join(parts), position
            parts.append(mark)


def _escaped(data: bytes, position: int) -> tuple[bytes, int]:
    if position >= len(data):
        raise SyntaxProblem("a string without an end", cut=True)
    octet = data[position]
    if 0x30 <= octet <= 0x37:
        end = position + 1
        while end < position + 3 and data[end : end + 1].isdigit() and data[end] <= 0x37:
            end += 1
        return bytes((int(data[position:end], 8) & 0xFF,)), end
    if octet == 0x0D:
        return b"", position + 1 + data.startswith(b"\n", position + 1)
    if octet == 0x0A:
        return b"", position + 1
    return _SIMPLE_ESCAPES.get(octet, bytes((octet,))), position + 1


# ── spans ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Spans:
    """Where the values of one dictionary stand: name → (start, end); ``end`` is after the closing ``>>``."""

    values: Mapping[str, tuple[int, int]]
    start: int
    end: int


def spans(data: bytes, position: int) -> Spans:
    """The spans of the dictionary at ``position``."""
    match = _token(data, position)
    if match.lastgroup != "dictionary":
        raise SyntaxProblem("a dictionary belongs here")
    found: dict[str, tuple[int, int]] = {}
    start, current = match.start("dictionary"), match.end()
    while True:
        if (plain := _PLAIN_MEMBER.match(data, current)) is not None:
            name, place = name_text(plain[1]), plain.span(2)
        else:
            key = _token(data, current)
            if key["end"] == b">>":
                return Spans(found, start, key.end())
            if key.lastgroup != "name":
                raise SyntaxProblem("a dictionary key is not a name")
            name = name_text(key["name"])
            place = skip(data, key.end()), value_end(data, key.end())
        first = found.setdefault(name, place)
        if first is not place and data[slice(*first)] != data[slice(*place)]:
            raise SyntaxProblem(f"the key {name} has two values in one dictionary")
        current = place[1]


_PLAIN_MEMBER = re.compile(
    _W + rb"*+(/" + _REGULAR + rb"*+)" + _W + rb"*+"
    rb"(/" + _REGULAR + rb"*+"
    rb"|\d{1,10}" + _W + rb"++\d{1,5}" + _W + rb"++R(?!" + _REGULAR + rb")"
    rb"|[+-]?\d{1,200}(?!" + _REGULAR + rb")"
    rb"|\[[\x00\t\n\x0c\r 0-9+\-.]*+\])"
)
"""A key and its value, where this is a name, a reference, an integer or an array of numbers, and no comment stands."""
_FLAT_STRING = re.compile(rb"(?:[^()\\]|\\[\s\S])*+\)")
"""The rest of a literal string without brackets inside, escapes skipped over: only its end is wanted."""
_PLAIN_RUN = re.compile(
    rb"(?:[\x00\t\n\f\r 0-9+\-.]++|\[[\x00\t\n\f\r 0-9+\-.]*+\]"
    rb"|/[^\x00\t\n\f\r ()<>\[\]{}/%]*|R(?=[\x00\t\n\f\r \]>/]))*"
)
"""Numbers (also in flat arrays), names and references inside brackets, at a stride: glyph widths are thousands."""


def value_end(data: bytes, position: int) -> int:
    """Where the value that begins at ``position`` ends."""
    open_brackets: list[bytes] = []
    while True:
        if open_brackets:
            position = _PLAIN_RUN.match(data, position).end()  # type: ignore[union-attr]  # it always matches
        match = _token(data, position)
        position = match.end()
        kind = match.lastgroup
        if kind == "dictionary":
            open_brackets.append(b">>")
        elif kind == "array":
            open_brackets.append(b"]")
        elif kind == "literal":
            flat = _FLAT_STRING.match(data, position)
            position = flat.end() if flat else literal_string(data, position)[1]
        elif kind == "end" and (not open_brackets or match["end"] != open_brackets.pop()):
            raise SyntaxProblem("a closing bracket where a value belongs")
        if len(open_brackets) > MAX_DEPTH:
            raise SyntaxProblem(f"nested deeper than {MAX_DEPTH}")
        if not open_brackets:
            return position


def edited(data: bytes, changes: Mapping[str, bytes], where: Spans | None = None) -> bytes:
    """The dictionary text ``data`` with members set to new value texts; all else stays byte for byte.

    ``where``: its spans, when they are known.
    """
    where = where or spans(data, 0)
    text = data[where.start : where.end]
    replaced = sorted(
        ((where.values[name], value) for name, value in changes.items() if name in where.values), reverse=True
    )
    added = b"".join(
        b" %b %b" % (name.encode("ascii"), value) for name, value in changes.items() if name not in where.values
    )
    result = text[:-2] + added + b">>"
    for (start, end), value in replaced:
        result = result[: start - where.start] + b" " + value + b" " + result[end - where.start :]
    return result


def appended(array: bytes, item: bytes) -> bytes:
    """The array text with one more item at its end."""
    start = skip(array, 0)
    end = value_end(array, start)
    if array[start : start + 1] != b"[":
        raise SyntaxProblem("an array belongs here")
    return array[start : end - 1] + b" " + item + b"]"


_REFERENCE = re.compile(
    rb"[\x00\t\n\x0c\r ]*(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+R[\x00\t\n\x0c\r ]*"
)


def referred(text: bytes) -> int | None:
    """The object number that a value's text refers to; None when it is no reference."""
    reference = _REFERENCE.fullmatch(text)
    return int(reference[1]) if reference is not None else None


def items(array: bytes, most: int) -> Iterator[bytes]:
    """The texts of the first ``most`` items of the array that ``array`` is the text of."""
    opening = _token(array, 0)
    if opening.lastgroup != "array":
        raise SyntaxProblem("an array belongs here")
    position = opening.end()
    for _ in range(most):
        start = skip(array, position)
        if array.startswith(b"]", start):
            return
        position = value_end(array, start)
        yield array[start:position]


# ── members ───────────────────────────────────────────────────────────────────────────────────────────────


def member(dictionary: Any, key: str) -> Any:
    """The value of ``key`` with references followed; None when it is missing, null, or no dictionary is given."""
    raw = dict.get(dictionary, key) if isinstance(dictionary, dict) else None
    value = raw.get_object() if raw is not None else None
    return None if value is None or type(value).__name__ == "NullObject" else value


def raw_items(array: Any) -> list[Any]:
    """The items of an array as they stand, references not followed; empty for anything else."""
    return list(list.__iter__(array)) if isinstance(array, list) else []


def number_of(raw: Any) -> int | None:
    """The object number that a reference names; None for a value that is no reference."""
    number = getattr(raw, "idnum", None)
    return int(number) if isinstance(number, int) else None
