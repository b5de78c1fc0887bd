"""DER by offsets: a reader that slices the original bytes, and a writer that joins finished parts.

The reader is tolerant where real files are (long-form lengths, BER booleans are seen as they stand) and
bounded everywhere; it never re-encodes, so what is hashed or verified is always the span that was read.
Indefinite lengths are normalised only by :func:`definite`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from eidkit.errors import DocumentError, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, ENUMERATED = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A
UTF8_STRING, SEQUENCE, SET, PRINTABLE_STRING = 0x0C, 0x30, 0x31, 0x13
TELETEX_STRING, IA5_STRING, UTC_TIME, GENERALIZED_TIME, BMP_STRING, UNIVERSAL_STRING = (
    0x14,
    0x16,
    0x17,
    0x18,
    0x1E,
    0x1C,
)
CONSTRUCTED = 0x20
MAX_DEPTH = 64
MAX_ITEMS = 400_000
_END = b"\x00\x00"
_PRIMITIVE = "a primitive value stands where a structure belongs"


class DerError(DocumentError):
    """Bytes that are not the DER they should be."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "der-malformed",
            Text(f"malformed DER: {what}", f"dữ liệu DER sai cấu trúc: {what}"),
            Text("get the object again from its issuer", "lấy lại dữ liệu từ nơi phát hành"),
        )

    def __reduce__(self) -> tuple[object, ...]:
        return DerError, (self.problem.en.removeprefix("malformed DER: "),)


class Node(NamedTuple):
    """One TLV inside ``data``: identifier octet ``tag``, where it starts, where its content starts and ends.

    A named tuple because it is made for every TLV of every object: a frozen dataclass takes more than twice as long.
    """

    data: bytes
    tag: int
    start: int
    content_start: int
    end: int

    @property
    def content(self) -> bytes:
        """The content octets."""
        return self.data[self.content_start : self.end]

    @property
    def raw(self) -> bytes:
        """The whole TLV, exactly as it stands."""
        return self.data[self.start : self.end]

    def children(self, limit: int = MAX_ITEMS) -> list[Node]:
        """The TLVs inside a constructed node."""
        if not self.tag & CONSTRUCTED:
            raise DerError(_PRIMITIVE)
        found: list[Node] = []
        data, position, end = self.data, self.content_start, self.end
        while position < end:
            node = read(data, position, end)
            found.append(node)
            position = node.end
            if len(found) > limit:
                raise DerError(f"more than {limit} items")
        return found

    def items(self, limit: int = MAX_ITEMS) -> Iterator[Node]:
        """The TLVs inside a constructed node, one by one."""
        if not self.tag & CONSTRUCTED:
            raise DerError(_PRIMITIVE)
        position, count = self.content_start, 0
        while position < self.end:
            node = read(self.data, position, self.end)
            yield node
            position = node.end
            count += 1
            if count > limit:
                raise DerError(f"more than {limit} items")

    def expect(self, tag: int) -> Node:
        """This node, if its identifier octet is ``tag``."""
        if self.tag != tag:
            raise DerError(f"tag 0x{self.tag:02x} where 0x{tag:02x} belongs")
        return self

    def first(self) -> Node:
        """The first TLV inside."""
        for inner in self.items():
            return inner
        raise DerError("an empty structure")

    def only(self) -> Node:
        """The single TLV inside (an explicit tag, an attribute with one value)."""
        inner = self.children(limit=2)
        if len(inner) != 1:
            raise DerError("exactly one value belongs here")
        return inner[0]


def read(data: bytes, start: int = 0, end: int | None = None) -> Node:
    """The TLV at ``start``; its length must be definite and lie before ``end``."""
    stop = len(data) if end is None else end
    if start + 2 > stop:
        raise DerError("cut off")
    tag, first = data[start], data[start + 1]
    if tag & 0x1F == 0x1F:
        raise DerError("a multi-byte tag")
    position = start + 2
    if first < 0x80:
        length = first
    else:
        count = first & 0x7F
        if not 1 <= count <= 5 or position + count > stop:
            raise DerError("an indefinite or oversized length")
        length = int.from_bytes(data[position : position + count])
        position += count
    if position + length > stop:
        raise DerError("cut off")
    return Node(data, tag, start, position, position + length)


def whole(data: bytes, tag: int = SEQUENCE) -> Node:
    """The one TLV that ``data`` is; trailing bytes are refused."""
    node = read(data).expect(tag)
    if node.end != len(data):
        raise DerError("bytes after the end")
    return node


@dataclass(slots=True)
class Budget:
    """How many TLVs a walk through nested ones may still meet."""

    left: int = MAX_ITEMS

    def spend(self) -> None:
        """One TLV more; raises DerError when it is one too many."""
        self.left -= 1
        if self.left < 0:
            raise DerError("more items in one another than are read")


def end_of(data: bytes, position: int, stop: int, budget: Budget) -> int:
    """Where the TLV at ``position`` ends, whichever way its length is written; read to the end mark, no further."""
    depth = 0
    while True:
        if depth and data.startswith(_END, position):
            depth, position = depth - 1, position + 2
        elif data[position + 1 : position + 2] == b"\x80":
            if depth > MAX_DEPTH or not data[position] & CONSTRUCTED:
                raise DerError("nested too deep, or an indefinite primitive")
            depth, position = depth + 1, position + 2
        else:
            position = read(data, position, stop).end
        if not depth:
            return position
        budget.spend()


def definite(data: bytes) -> bytes:
    """``data`` with indefinite (BER) lengths made definite and constructed strings joined; DER comes back as is.

    Only containers may be BER (CMS allows it); what is *signed* inside must be DER and is checked as it stands.
    """
    if not _has_indefinite(data):
        return data
    encoded, end = _normalised(data, Budget())
    if end != len(data):
        raise DerError("bytes after the end")
    return encoded


def _has_indefinite(data: bytes) -> bool:
    return len(data) > 1 and (data[1] == 0x80 or b"\x80" in data[:64])


def _normalised(data: bytes, budget: Budget) -> tuple[bytes, int]:
    """The first TLV of ``data`` with definite lengths, and where it ends.

    Without recursion: a call a TLV, at a depth that a file chooses, can cost a stack of its own each time.
    """
    open_ones: list[tuple[int, list[bytes], int | None, int]] = []
    position, stop = 0, len(data)
    while True:
        made = None
        if open_ones and _closes(data, position, open_ones[-1][2]):
            tag, parts, end, _ = open_ones.pop()
            position += 2 if end is None else 0
            made = _joined(tag, parts)
        else:
            budget.spend()
            limit = open_ones[-1][3] if open_ones else stop
            if data[position + 1 : position + 2] == b"\x80":
                if not data[position] & CONSTRUCTED:
                    raise DerError("an indefinite primitive")
                open_ones.append((data[position], [], None, limit))
                position += 2
            else:
                node = read(data, position, limit)
                if node.tag & CONSTRUCTED:
                    open_ones.append((node.tag, [], node.end, node.end))
                    position = node.content_start
                else:
                    made, position = node.raw, node.end
            if len(open_ones) > MAX_DEPTH:
                raise DerError("nested too deep")
        if made is not None:
            if not open_ones:
                return made, position
            open_ones[-1][1].append(made)


def _closes(data: bytes, position: int, end: int | None) -> bool:
    return data.startswith(_END, position) if end is None else position == end


def _joined(tag: int, parts: list[bytes]) -> bytes:
    if tag == OCTET_STRING | CONSTRUCTED:
        return tlv(OCTET_STRING, b"".join(read(part).expect(OCTET_STRING).content for part in parts))
    if tag == BIT_STRING | CONSTRUCTED:
        # Only the last segment may leave bits unused, and each says how many (X.690 §8.6.4).
        contents = [read(part).expect(BIT_STRING).content for part in parts]
        if not contents or not all(contents) or any(one[:1] != b"\x00" for one in contents[:-1]):
            raise DerError("a bit string in segments that do not fit")
        return tlv(BIT_STRING, contents[-1][:1] + b"".join(one[1:] for one in contents))
    return tlv(tag, b"".join(parts))


# ── values ────────────────────────────────────────────────────────────────────────────────────────────────


def integer(node: Node) -> int:
    """The value of an INTEGER or ENUMERATED of at most 512 octets."""
    if node.tag not in {INTEGER, ENUMERATED} or not 1 <= node.end - node.content_start <= 512:
        raise DerError("not an integer")
    return int.from_bytes(node.content, signed=True)


def boolean(node: Node) -> bool:
    """The value of a BOOLEAN (any non-zero octet is true, as BER says)."""
    if node.tag != BOOLEAN or node.end - node.content_start != 1:
        raise DerError("not a boolean")
    return node.content != b"\x00"


def oid(node: Node) -> str:
    """The dotted form of an OBJECT IDENTIFIER."""
    return oid_text(node.expect(OID).content)


def oid_text(content: bytes) -> str:
    """The dotted form of OBJECT IDENTIFIER content octets."""
    if not content or len(content) > 128 or content[-1] & 0x80:
        raise DerError("not an object identifier")
    arcs, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def octets(node: Node) -> bytes:
    """The content of an OCTET STRING."""
    return node.expect(OCTET_STRING).content


def bits(node: Node) -> bytes:
    """The octets of a BIT STRING without unused bits."""
    content = node.expect(BIT_STRING).content
    if content[:1] != b"\x00":
        raise DerError("a bit string with unused bits where octets belong")
    return content[1:]


def named_bits(node: Node) -> frozenset[int]:
    """The positions set in a named BIT STRING (key usage, reason flags)."""
    content = node.expect(BIT_STRING).content
    if not 1 <= len(content) <= 9:
        raise DerError("not a named bit string")
    return frozenset(8 * i + b for i, octet in enumerate(content[1:]) for b in range(8) if octet & 0x80 >> b)


def time(node: Node) -> datetime:
    """The moment of a UTCTime or GeneralizedTime (fractions of a second kept)."""
    text = node.content.decode("ascii", errors="replace")
    if node.tag == UTC_TIME:
        if len(text) < 11 or not text[:10].isdigit():
            raise DerError("not a time")
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif node.tag != GENERALIZED_TIME:
        raise DerError("not a time")
    return _moment(text)


def _moment(text: str) -> datetime:
    try:
        body, offset = _zone(text)
        digits, _, fraction = body.partition(".")
        if not digits.isdigit() or len(digits) not in {12, 14} or (fraction and not fraction.isdigit()):
            raise DerError("not a time")
        return (
            moment(int(digits.ljust(14, "0")))
            - offset
            + timedelta(microseconds=int(fraction[:6].ljust(6, "0")) if fraction else 0)
        )
    except (ValueError, OverflowError) as error:
        raise DerError("not a time") from error


def moment(digits: int) -> datetime:
    """The moment in UTC that the fourteen digits of a year, month, day, hour, minute and second write, or ValueError.

    Without ``strptime``, which takes ten times as long.
    """
    minutes, second = divmod(digits, 100)
    hours, minute = divmod(minutes, 100)
    days, hour = divmod(hours, 100)
    months, day = divmod(days, 100)
    year, month = divmod(months, 100)
    return datetime(year, month, day, hour, minute, second, 0, UTC)


def _zone(text: str) -> tuple[str, timedelta]:
    if text.endswith("Z"):
        return text[:-1], timedelta()
    if len(text) > 5 and text[-5] in "+-" and text[-4:].isdigit():
        away = timedelta(hours=int(text[-4:-2]), minutes=int(text[-2:]))
        return text[:-5], away if text[-5] == "+" else -away
    raise DerError("a time without a zone")


_STRINGS = {
    UTF8_STRING: "utf-8",
    PRINTABLE_STRING: "latin-1",
    TELETEX_STRING: "latin-1",
    IA5_STRING: "latin-1",
    0x12: "ascii",
    0x1A: "latin-1",
    BMP_STRING: "utf-16-be",
    UNIVERSAL_STRING: "utf-32-be",
}


def string(node: Node) -> str:
    """The text of any ASN.1 character string."""
    try:
        return node.content.decode(_STRINGS[node.tag])
    except (KeyError, UnicodeDecodeError) as error:
        raise DerError("not readable text") from error


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────


def tlv(tag: int, content: bytes) -> bytes:
    """The DER TLV of ``content`` under the identifier octet ``tag``."""
    return header(tag, len(content)) + content


def header(tag: int, length: int) -> bytes:
    """What stands before ``length`` octets of content under the identifier octet ``tag``."""
    if length < 0x80:
        return bytes((tag, length))
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size)


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE of finished parts."""
    return tlv(SEQUENCE, b"".join(parts))


def set_of(parts: Iterable[bytes]) -> bytes:
    """DER SET OF: the parts sorted by their octets (X.690 §11.6)."""
    return tlv(SET, b"".join(sorted(parts)))


def explicit(number: int, content: bytes) -> bytes:
    """A constructed context-specific tag around ``content``."""
    return tlv(0xA0 | number, content)


def encode_integer(value: int) -> bytes:
    """INTEGER."""
    return tlv(INTEGER, value.to_bytes((value.bit_length() // 8) + 1, signed=True))


def encode_oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    arcs = [int(arc) for arc in dotted.split(".")]
    content = b"".join(_base128(arc) for arc in (40 * arcs[0] + arcs[1], *arcs[2:]))
    return tlv(OID, content)


def _base128(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | value & 0x7F)
    return bytes(reversed(groups))


def encode_octets(content: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(OCTET_STRING, content)


def encode_generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime in UTC, whole seconds."""
    return tlv(GENERALIZED_TIME, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def encode_time(moment: datetime) -> bytes:
    """UTCTime through 2049, GeneralizedTime after (RFC 5280 §4.1.2.5, RFC 5652 §11.3)."""
    utc = moment.astimezone(UTC)
    if 1950 <= utc.year < 2050:
        return tlv(UTC_TIME, utc.strftime("%y%m%d%H%M%SZ").encode())
    return encode_generalized_time(utc)


ENCODED_NULL = b"\x05\x00"
