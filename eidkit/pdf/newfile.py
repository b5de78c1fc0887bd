"""A new PDF file from plain values: numbered objects, a classic cross-reference table, the same bytes every time.

Objects are pyHanko's; the file around them is written here because pyHanko's writer stamps the present time and
a random ``/ID`` into every file.  For changing a file that exists, see :mod:`eidkit.pdf` instead.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WORTH_KEEPING = 4096


@dataclass(frozen=True, slots=True)
class Name:
    """A PDF name, without its slash."""

    value: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to the object of this number."""

    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """An object of its own inside a value: a dictionary, or with ``data`` a stream; it gets a number when written."""

    entries: Mapping[str, Any]
    data: bytes | None = None
    compressed: bool = True


class NewFile:
    """The objects of a file that is being made.

    Values are plain Python: ``bool int float str bytes list dict``, :class:`Name`, :class:`Ref` and :class:`Part`;
    the keys of a dictionary are names without their slash.  Not for sharing between threads.
    """

    def __init__(self) -> None:
        self._bodies: list[Any] = []

    def reserve(self) -> Ref:
        """A reference whose object is given later with :meth:`fill`."""
        self._bodies.append(None)
        return Ref(len(self._bodies))

    def fill(self, reference: Ref, entries: Mapping[str, Any]) -> Ref:
        """Give a reserved reference its dictionary."""
        self._bodies[reference.number - 1] = _value(self._numbered(dict(entries)))
        return reference

    def add(self, entries: Mapping[str, Any]) -> Ref:
        """Add a dictionary."""
        numbered = self._numbered(dict(entries))
        return self.fill(self.reserve(), numbered)

    def stream(self, data: bytes, entries: Mapping[str, Any] | None = None, *, compressed: bool = True) -> Ref:
        """Add a stream."""
        numbered = self._numbered(dict(entries or {}))
        reference = self.reserve()
        self._bodies[reference.number - 1] = _stream(numbered, data, compressed=compressed)
        return reference

    def _numbered(self, value: Any) -> Any:
        """``value`` with every Part in it added to the file and replaced by its reference."""
        return numbered(value, self._add_part)

    def _add_part(self, part: Part) -> Ref:
        if part.data is None:
            return self.add(part.entries)
        return self.stream(part.data, part.entries, compressed=part.compressed)

    def finish(self, root: Ref, info: Ref) -> bytes:
        """The finished file (ISO 32000-1 §7.5); its ``/ID`` is a digest of its objects."""
        out = io.BytesIO()
        # Four octets above 127 tell transfer programs that the file is binary (ISO 32000-1 §7.5.2).
        out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets = []
        for number, body in enumerate(self._bodies, 1):
            offsets.append(out.tell())
            out.write(f"{number} 0 obj\n".encode())
            body.write_to_stream(out, None)
            out.write(b"\nendobj\n")
        identifier = hashlib.sha256(out.getvalue()).digest()[:16]
        trailer = {"Size": len(offsets) + 1, "Root": root, "Info": info, "ID": [identifier, identifier]}
        start = out.tell()
        out.write(f"xref\n0 {len(offsets) + 1}\n0000000000 65535 f \n".encode())
        for offset in offsets:
            out.write(f"{offset:010d} 00000 n \n".encode())
        out.write(b"trailer\n")
        _value(trailer).write_to_stream(out, None)
        out.write(f"\nstartxref\n{start}\n%%EOF\n".encode())
        return out.getvalue()


def numbered(value: Any, number: Callable[[Part], Ref]) -> Any:
    """``value`` with every :class:`Part` in it replaced by the reference that ``number`` gives it."""
    match value:
        case Part():
            return number(value)
        case dict():
            return {key: numbered(item, number) for key, item in value.items()}
        case list():
            return [numbered(item, number) for item in value]
        case _:
            return value


def written(value: Any, data: bytes | None = None, *, compressed: bool = True) -> bytes:
    """A plain value, without Parts, as it stands in a file; with ``data`` the stream of that dictionary."""
    out = io.BytesIO()
    body = _value(value) if data is None else _stream(value, data, compressed=compressed)
    body.write_to_stream(out, None)
    return out.getvalue()


@lru_cache(maxsize=8)
def _packed(data: bytes) -> bytes:
    """Fonts and pictures are the same in many files."""
    return zlib.compress(data, 9)


def _stream(entries: Mapping[str, Any], data: bytes, *, compressed: bool) -> Any:
    from pyhanko.pdf_utils import generic

    dictionary = dict(entries)
    if compressed:
        dictionary["Filter"] = Name("FlateDecode")
        data = _packed(data) if len(data) > _WORTH_KEEPING else zlib.compress(data, 9)
    body: Any = generic.StreamObject
    return body(_value(dictionary), encoded_data=data)


def _value(value: Any) -> Any:
    """The pyHanko object for a plain value."""
    from pyhanko.pdf_utils import generic

    plain: Any = generic
    match value:
        case Name(text):
            return plain.NameObject("/" + text)
        case Ref(number):
            return plain.IndirectObject(number, 0, None)
        case bool():
            return plain.BooleanObject(value)
        case int():
            return plain.NumberObject(value)
        case float():
            return plain.FloatObject(value)
        case bytes():
            return plain.ByteStringObject(value)
        case str():
            return plain.TextStringObject(value)
        case list():
            return plain.ArrayObject([_value(item) for item in value])
        case dict():
            return plain.DictionaryObject({plain.NameObject("/" + key): _value(item) for key, item in value.items()})
        case _:
            raise TypeError(f"{type(value).__name__} has no PDF form")
