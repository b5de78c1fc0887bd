"""RFC 3161 messages: TimeStampReq, TimeStampResp and TSTInfo, written and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from eidkit.algorithms import DIGEST_BY_OID
from eidkit.asn1 import algorithm as identifiers
from eidkit.asn1 import der
from eidkit.asn1.der import DerError

if TYPE_CHECKING:
    from datetime import datetime

MAX_RESPONSE = 64 * 1024
GRANTED, GRANTED_WITH_MODS, REJECTION, WAITING = 0, 1, 2, 3
BAD_ALGORITHM, BAD_REQUEST, BAD_DATA_FORMAT, TIME_NOT_AVAILABLE, UNACCEPTED_POLICY = 0, 2, 5, 14, 15
_FAILURES = {
    0: "badAlg", 2: "badRequest", 5: "badDataFormat", 14: "timeNotAvailable", 15: "unacceptedPolicy",
    16: "unacceptedExtension", 17: "addInfoNotAvailable", 25: "systemFailure",
}  # fmt: skip
MAX_SERIAL = 40


@dataclass(frozen=True, slots=True)
class TimestampRequest:
    """What a client asks to be time-stamped: the digest's name, the digest, and how."""

    algorithm: str
    imprint: bytes
    nonce: int | None = None
    policy: str | None = None
    certificates: bool = True


@dataclass(frozen=True, slots=True)
class TimestampResponse:
    """What an authority answered: PKIStatus, its words, failure names, and the token's DER when there is one."""

    status: int
    text: str
    failures: tuple[str, ...]
    token: bytes | None

    @property
    def granted(self) -> bool:
        """Whether there is a token and the status says so (also *granted with modifications*)."""
        return self.status in {GRANTED, GRANTED_WITH_MODS} and self.token is not None


@dataclass(frozen=True, slots=True)
class TstInfo:
    """What a token says (RFC 3161 §2.4.2).  ``algorithm`` is a digest name, or the OID of an unknown one."""

    policy: str
    algorithm: str
    imprint: bytes
    serial: int
    time: datetime
    accuracy: timedelta | None = None
    ordering: bool = False
    nonce: int | None = None
    tsa: bytes | None = None
    """The GeneralName that the token gives its maker (DER); a hint, the certificate decides."""
    critical: tuple[str, ...] = field(default=())
    """OIDs of critical extensions."""


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=16)
def _imprint_head(algorithm: str) -> bytes:
    return identifiers.encode_digest(algorithm)


def _message_imprint(algorithm: str, imprint: bytes) -> bytes:
    return der.sequence(_imprint_head(algorithm), der.encode_octets(imprint))


def encode_request(request: TimestampRequest) -> bytes:
    """The DER of a TimeStampReq."""
    return der.sequence(
        der.encode_integer(1),
        _message_imprint(request.algorithm, request.imprint),
        der.encode_oid(request.policy) if request.policy else b"",
        der.encode_integer(request.nonce) if request.nonce is not None else b"",
        b"\x01\x01\xff" if request.certificates else b"",
    )


def encode_info(info: TstInfo) -> bytes:
    """The DER of a TSTInfo; fractions of a second are written as RFC 3161 demands (no trailing zeros)."""
    return der.sequence(
        der.encode_integer(1),
        der.encode_oid(info.policy),
        _message_imprint(info.algorithm, info.imprint),
        der.encode_integer(info.serial),
        der.tlv(der.GENERALIZED_TIME, _time(info.time)),
        _accuracy(info.accuracy),
        b"\x01\x01\xff" if info.ordering else b"",
        der.encode_integer(info.nonce) if info.nonce is not None else b"",
        der.explicit(0, info.tsa) if info.tsa is not None else b"",
    )


def _time(moment: datetime) -> bytes:
    utc = moment.astimezone(UTC)
    fraction = f".{utc.microsecond:06d}".rstrip("0") if utc.microsecond else ""
    return (utc.strftime("%Y%m%d%H%M%S") + fraction + "Z").encode()


def _accuracy(accuracy: timedelta | None) -> bytes:
    if accuracy is None:
        return b""
    seconds, micros = accuracy.days * 86400 + accuracy.seconds, accuracy.microseconds
    parts = [der.encode_integer(seconds)] if seconds else []
    for number, value in ((0, micros // 1000), (1, micros % 1000)):
        if value:
            parts.append(der.tlv(0x80 | number, der.read(der.encode_integer(value)).content))
    return der.sequence(*parts)


def encode_response(token: bytes) -> bytes:
    """A TimeStampResp that grants ``token``."""
    return der.sequence(der.sequence(der.encode_integer(GRANTED)), token)


def encode_refusal(failure: int, text: str) -> bytes:
    """A TimeStampResp that rejects, with a PKIFailureInfo bit and words."""
    bits = bytearray(failure // 8 + 1)
    bits[failure // 8] |= 0x80 >> failure % 8
    unused = 7 - failure % 8
    status = der.sequence(
        der.encode_integer(REJECTION),
        der.sequence(der.tlv(der.UTF8_STRING, text.encode())),
        der.tlv(der.BIT_STRING, bytes((unused,)) + bytes(bits)),
    )
    return der.sequence(status)


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────


def parse_request(data: bytes) -> TimestampRequest:
    """The TimeStampReq in ``data``; extensions and unknown digests are refused."""
    parts = der.whole(data).children(limit=6)
    if len(parts) < 2 or der.integer(parts[0]) != 1:
        raise DerError("not a timestamp request")
    algorithm, imprint = _read_imprint(parts[1])
    if algorithm not in {row.name for row in DIGEST_BY_OID.values()}:
        raise DerError("an unknown digest in a timestamp request")
    values: dict[int, der.Node] = {}
    for part in parts[2:]:
        if part.tag not in {der.OID, der.INTEGER, der.BOOLEAN} or part.tag in values:
            raise DerError("not a timestamp request")
        values[part.tag] = part
    return TimestampRequest(
        algorithm,
        imprint,
        nonce=der.integer(values[der.INTEGER]) if der.INTEGER in values else None,
        policy=der.oid(values[der.OID]) if der.OID in values else None,
        certificates=der.BOOLEAN in values and der.boolean(values[der.BOOLEAN]),
    )


def parse_response(data: bytes) -> TimestampResponse:
    """The TimeStampResp in ``data``; raises :class:`DerError` for anything else."""
    parts = der.whole(data).children(limit=2)
    if not parts:
        raise DerError("an empty timestamp response")
    fields = parts[0].expect(der.SEQUENCE).children(limit=3)
    if not fields:
        raise DerError("a timestamp response without a status")
    words: list[str] = []
    failures: tuple[str, ...] = ()
    for part in fields[1:]:
        if part.tag == der.SEQUENCE:
            words += [der.string(line) for line in part.children(limit=16)]
        else:
            failures = tuple(_FAILURES.get(bit, str(bit)) for bit in sorted(der.named_bits(part)))
    token = parts[1].expect(der.SEQUENCE).raw if len(parts) > 1 else None
    return TimestampResponse(der.integer(fields[0]), " ".join(words)[:300], failures, token)


def parse_info(data: bytes) -> TstInfo:
    """The TSTInfo in ``data``; version 1 only, no field out of order."""
    parts = der.whole(data).children(limit=10)
    if len(parts) < 5 or der.integer(parts[0]) != 1:
        raise DerError("not a TSTInfo of version 1")
    algorithm, imprint = _read_imprint(parts[2])
    if len(parts[3].content) > MAX_SERIAL:
        raise DerError("a serial number that is too long")
    optional = _optional(parts[5:])
    return TstInfo(
        policy=der.oid(parts[1]),
        algorithm=algorithm,
        imprint=imprint,
        serial=der.integer(parts[3]),
        time=der.time(parts[4].expect(der.GENERALIZED_TIME)),
        accuracy=_read_accuracy(optional[der.SEQUENCE]) if der.SEQUENCE in optional else None,
        ordering=der.BOOLEAN in optional and der.boolean(optional[der.BOOLEAN]),
        nonce=der.integer(optional[der.INTEGER]) if der.INTEGER in optional else None,
        tsa=optional[0xA0].only().raw if 0xA0 in optional else None,
        critical=_critical(optional[0xA1]) if 0xA1 in optional else (),
    )


def _optional(parts: list[der.Node]) -> dict[int, der.Node]:
    order = (der.SEQUENCE, der.BOOLEAN, der.INTEGER, 0xA0, 0xA1)
    found: dict[int, der.Node] = {}
    position = -1
    for part in parts:
        if part.tag not in order or order.index(part.tag) <= position:
            raise DerError("unknown or misplaced fields in a TSTInfo")
        position = order.index(part.tag)
        found[part.tag] = part
    return found


def _read_imprint(node: der.Node) -> tuple[str, bytes]:
    parts = node.expect(der.SEQUENCE).children(limit=2)
    if len(parts) != 2:
        raise DerError("not a message imprint")
    identifier = identifiers.parse(parts[0])
    row = DIGEST_BY_OID.get(identifier.oid)
    imprint = der.octets(parts[1])
    if row is not None and len(imprint) != row.size:
        raise DerError("a message imprint whose length does not fit its digest")
    return (row.name if row is not None else identifier.oid), imprint


def _read_accuracy(node: der.Node) -> timedelta:
    units = {der.INTEGER: "seconds", 0x80: "milliseconds", 0x81: "microseconds"}
    values: dict[str, int] = {}
    for part in node.children(limit=3):
        length = part.end - part.content_start
        if part.tag not in units or units[part.tag] in values or not 1 <= length <= 4:
            raise DerError("not an accuracy")
        values[units[part.tag]] = int.from_bytes(part.content, signed=True)
    if any(value < 0 for value in values.values()):
        raise DerError("not an accuracy")
    return timedelta(**values)


def _critical(extensions: der.Node) -> tuple[str, ...]:
    found = []
    for extension in extensions.children(limit=32):
        parts = extension.expect(der.SEQUENCE).children(limit=3)
        if len(parts) < 2:
            raise DerError("not an extension")
        if parts[1].tag == der.BOOLEAN and der.boolean(parts[1]):
            found.append(der.oid(parts[0]))
    return tuple(found)
