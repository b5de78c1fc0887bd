"""A CMS SignedData by offsets over a file of any size: where its content lies; everything else in memory.

Containers may be BER: lengths may be indefinite and the content may come in segments (RFC 5652 §5.1, X.690 §8.1,
§8.7).  The content is never read here, only walked over; what stands around it is bounded by
:data:`eidkit.asn1.cms.MAX_CMS`, the segments by :data:`MAX_SEGMENTS`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eidkit.asn1 import der
from eidkit.asn1.assembly import SIGNED_DATA
from eidkit.asn1.der import DerError

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_SEGMENTS = 500_000
MAX_AROUND = 32 * 1024 * 1024
MAX_PADDING = 4096
"""Zero octets that may follow a file: some makers write in blocks."""
_MAX_SMALL = 64 * 1024
_INDEFINITE = 0x80
_END = b"\x00\x00"
_SEGMENTED = der.OCTET_STRING | der.CONSTRUCTED
_OID_SIGNED_DATA = der.encode_oid(SIGNED_DATA)
_ELEMENT, _ALGORITHM, _VALUE = 1, 3, 5
"""How deep the parts of a SignedData may be BER: elements of the bags and values of attributes are what they are."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts of a SignedData as they stand, but for the content, of which only the spans are told.

    ``content`` is None for a detached signature; ``encapsulated`` is the span of the whole encapContentInfo.
    ``content_type``, ``version``, ``digest_algorithms``, ``certificates``, ``crls`` and ``signers`` are whole TLVs;
    ``padding`` is the number of zero octets after all of it.
    """

    content_type: bytes
    content: tuple[Span, ...] | None
    encapsulated: Span
    version: bytes
    digest_algorithms: bytes
    certificates: bytes | None
    crls: bytes | None
    signers: bytes
    padding: int = 0

    @property
    def without_content(self) -> bytes:
        """The same SignedData, detached: a ContentInfo whose parts are what they were."""
        return der.sequence(_OID_SIGNED_DATA, der.explicit(0, der.sequence(*self._parts)))

    @property
    def as_ber(self) -> bytes:
        """The same with indefinite lengths around, for a reader that then expects them inside too."""
        head = b"\x30\x80" + _OID_SIGNED_DATA + b"\xa0\x80\x30\x80"
        return head + b"".join(self._parts) + 3 * _END

    def definite(self) -> Outline:
        """The same with every length written out, but for the content."""
        return replace(
            self,
            digest_algorithms=_definite(self.digest_algorithms, _ALGORITHM),
            certificates=_definite(self.certificates, _ELEMENT) if self.certificates is not None else None,
            crls=_definite(self.crls, _ELEMENT) if self.crls is not None else None,
            signers=_definite(self.signers, _VALUE),
        )

    @property
    def _parts(self) -> tuple[bytes, ...]:
        bags = (self.certificates or b"", self.crls or b"")
        return (self.version, self.digest_algorithms, der.sequence(self.content_type), *bags, self.signers)


def _definite(part: bytes, depth: int) -> bytes:
    """``part`` without indefinite lengths; as it stands, to the octet, where it has none down to ``depth``."""
    try:
        _check_definite(der.read(part), depth, der.Budget())
    except DerError:
        return der.read(der.definite(b"\x30\x80" + part + _END)).content  # normalised inside one that needs it
    return part


def _check_definite(node: der.Node, depth: int, budget: der.Budget) -> None:
    if depth and node.tag & der.CONSTRUCTED:
        for inner in node.items():
            budget.spend()
            _check_definite(inner, depth - 1, budget)


def around(content: int, before: tuple[bytes, ...], after: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """What stands before and after an encapContentInfo of ``content`` octets in a ContentInfo: its head and tail."""
    first, last = b"".join(before), b"".join(after)
    body = len(first) + content + len(last)
    inner = der.header(der.SEQUENCE, body)
    wrapper = der.header(0xA0, len(inner) + body)
    rest = len(wrapper) + len(inner) + body
    return (
        der.header(der.SEQUENCE, len(_OID_SIGNED_DATA) + rest) + _OID_SIGNED_DATA + wrapper + inner + first,
        last,
    )


def outline(file: BinaryIO, length: int) -> Outline:
    """The outline of the ContentInfo that ``file`` is, from its beginning to its end; DerError for anything else.

    Only zero octets may follow, :data:`MAX_PADDING` at most.
    """
    return _Walk(file, length).signed_data()


class _Walk:
    """Positions move forwards only; an end of None is that of an indefinite length."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file, self._length = file, length

    def signed_data(self) -> Outline:
        position, info_end = self._enter(0, der.SEQUENCE, self._length)
        kind, position = self._take(position)
        if kind != _OID_SIGNED_DATA:
            raise DerError("not a CMS SignedData")
        position, wrapper_end = self._enter(position, 0xA0, info_end)
        position, end = self._enter(position, der.SEQUENCE, wrapper_end)
        version, position = self._take(position)
        digests, position = self._take(position)
        start = position
        position, inner_end = self._enter(position, der.SEQUENCE, end)
        content_type, position = self._take(position)
        content, position = self._content(position, inner_end)
        position = self._leave(position, inner_end)
        encapsulated = (start, position)
        parts, position = self._rest(position, end)
        padding = self._padding(self._leave(self._leave(position, wrapper_end), info_end))
        bags = {part[0]: part for part in parts[:-1]}
        if not parts or len(bags) != len(parts) - 1 or not set(bags) <= {0xA0, 0xA1} or parts[-1][0] != der.SET:
            raise DerError("unknown or repeated parts in a SignedData")
        return Outline(
            content_type, content, encapsulated, version, digests, bags.get(0xA0), bags.get(0xA1), parts[-1], padding
        )

    def _padding(self, position: int) -> int:
        rest = self._length - position
        if rest < 0 or rest > MAX_PADDING or self._read(position, rest).strip(b"\x00"):
            raise DerError("bytes after the end")
        return rest

    def _header(self, position: int) -> tuple[int, int, int | None]:
        """Tag, start of the content, and its length (None: indefinite)."""
        octets = self._read(position, 8)
        if len(octets) < 2 or octets[0] & 0x1F == 0x1F:
            raise DerError("cut off, or a multi-byte tag")
        first = octets[1]
        if first < _INDEFINITE:
            return octets[0], position + 2, first
        if first == _INDEFINITE:
            if not octets[0] & der.CONSTRUCTED:
                raise DerError("an indefinite primitive")
            return octets[0], position + 2, None
        count = first & 0x7F
        if not 1 <= count <= 6 or len(octets) < 2 + count:
            raise DerError("an oversized length")
        return octets[0], position + 2 + count, int.from_bytes(octets[2 : 2 + count])

    def _enter(self, position: int, tag: int, limit: int | None) -> tuple[int, int | None]:
        found, start, size = self._header(position)
        if found != tag:
            raise DerError(f"tag 0x{found:02x} where 0x{tag:02x} belongs")
        end = None if size is None else start + size
        if (end or start) > (self._length if limit is None else limit):
            raise DerError("cut off")
        return start, end

    def _more(self, position: int, end: int | None) -> bool:
        return self._read(position, 2) != _END if end is None else position < end

    def _leave(self, position: int, end: int | None) -> int:
        if self._more(position, end) or (end is not None and position != end):
            raise DerError("more than belongs here")
        return position + 2 if end is None else end

    def _take(self, position: int) -> tuple[bytes, int]:
        """A whole small TLV, and where it ends."""
        octets = self._read(position, _MAX_SMALL)
        end = der.end_of(octets, 0, len(octets), der.Budget())
        return octets[:end], position + end

    def _content(self, position: int, end: int | None) -> tuple[tuple[Span, ...] | None, int]:
        if not self._more(position, end):
            return None, position
        position, wrapper_end = self._enter(position, 0xA0, end)
        tag, start, size = self._header(position)
        stop = self._length if wrapper_end is None else wrapper_end
        if tag == der.OCTET_STRING and size is not None and start + size <= stop:
            return ((start, start + size),), self._leave(start + size, wrapper_end)
        if tag != _SEGMENTED:
            raise DerError("content that is not an octet string")
        spans, position = self._segments(start, None if size is None else start + size, stop)
        return spans, self._leave(position, wrapper_end)

    def _segments(self, position: int, end: int | None, stop: int) -> tuple[tuple[Span, ...], int]:
        spans: list[Span] = []
        while self._more(position, end):
            tag, start, size = self._header(position)
            if tag != der.OCTET_STRING or size is None or start + size > stop:
                raise DerError("a segment of the content that is not an octet string")
            spans.append((start, start + size))
            if len(spans) > MAX_SEGMENTS:
                raise DerError(f"content in more than {MAX_SEGMENTS} segments")
            position = start + size
        return tuple(spans), self._leave(position, end)

    def _rest(self, position: int, end: int | None) -> tuple[list[bytes], int]:
        """The parts after the content, read at once."""
        stop = self._length if end is None else end
        if stop - position > MAX_AROUND:
            raise DerError(f"more than {MAX_AROUND} octets beside the content")
        octets = self._read(position, stop - position)
        parts: list[bytes] = []
        at, budget = 0, der.Budget()
        while (octets[at : at + 2] != _END) if end is None else at < len(octets):
            after = der.end_of(octets, at, len(octets), budget)
            parts.append(octets[at:after])
            if len(parts) > 3:
                raise DerError("unknown or repeated parts in a SignedData")
            at = after
        return parts, self._leave(position + at, end)

    def _read(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        return self._file.read(max(0, min(size, self._length - position)))
