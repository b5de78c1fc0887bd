"""Certificate revocation lists (RFC 5280 §5): parsed by offsets, looked up without reading every entry.

A small list is walked at once, so that one malformed entry refuses all of it.  A large one is searched for the
DER of the serial number, with a check of what stands around the hit; after some look-ups an index is made.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.asn1 import der, extension, name, span
from eidkit.asn1.algorithm import read_algorithm
from eidkit.asn1.certificate import read_time, verify_signed
from eidkit.asn1.remembered import Remembered

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate

MAX_CRL = 64 * 1024 * 1024
WALKED_UP_TO = 32 * 1024
LOOKUPS_BEFORE_INDEX = 30
_BUDGET = 96 * 1024 * 1024

# what only a full walk can judge: a critical entry extension
_CRITICAL = re.compile(rb"\x01\x01[^\x00]\x04", re.DOTALL)
_SEARCHED_FROM = 4  # octets: a shorter serial number stands too often in a large list


@dataclass(frozen=True, slots=True)
class Entry:
    """One revoked certificate: when, why (CRLReason number, 0 when not said), and its entry extensions."""

    revoked_at: datetime
    reason: int
    extensions: extension.Extensions


@dataclass(frozen=True, slots=True)
class Scope:
    """IssuingDistributionPoint (RFC 5280 §5.2.5): which certificates and reasons a list is about."""

    names: tuple[bytes, ...] = ()
    relative: bytes | None = None
    only_user: bool = False
    only_authority: bool = False
    only_attribute: bool = False
    reasons: frozenset[int] | None = None
    indirect: bool = False

    @property
    def partition(self) -> bool:
        """Whether it is the list of one distribution point."""
        return bool(self.names) or self.relative is not None


class Crl:
    """One CRL; make it with :func:`parse`.  ``sha256`` is the hash of the whole object, in hex."""

    __slots__ = (
        "_entries",
        "_foreign",
        "_index",
        "_lookups",
        "der",
        "extensions",
        "issuer",
        "next_update",
        "sha256",
        "signature",
        "signature_algorithm",
        "tbs",
        "this_update",
        "version",
    )

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_CRL:
            raise der.DerError(f"a CRL above {MAX_CRL} bytes")
        self.der = data
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._index: dict[bytes, int] | None = None
        self._foreign: dict[tuple[object, bytes], int] = {}
        self._lookups = 0
        start, stop = span.expect(data, 0, len(data), der.SEQUENCE)
        if stop != len(data):
            raise der.DerError("bytes after the end")
        content, end = span.expect(data, start, stop, der.SEQUENCE)
        self.tbs = data[start:end]
        inner = self._read_tbs(data, content, end)
        _, after = span.expect(data, end, stop, der.SEQUENCE)
        if data[end:after] != inner:
            raise der.DerError("two different signature algorithms (RFC 5280 §5.1.1.2)")
        self.signature_algorithm = read_algorithm(inner)
        content, end = span.expect(data, after, stop, der.BIT_STRING)
        if end != stop or content == end or data[content]:
            raise der.DerError("not a signature value")
        self.signature = data[content + 1 : end]
        self._judge_entries()

    def _read_tbs(self, data: bytes, position: int, stop: int) -> bytes:
        self.version = 1
        tag, content, end = span.header(data, position, stop)
        if tag == der.INTEGER:
            if data[content:end] != b"\x01":
                raise der.DerError("not a version of CRLs")
            self.version = 2
            position = end
        _, end = span.expect(data, position, stop, der.SEQUENCE)
        algorithm = data[position:end]
        position = end
        _, end = span.expect(data, position, stop, der.SEQUENCE)
        self.issuer = data[position:end]
        self.this_update, position = read_time(data, end, stop)
        self.next_update: datetime | None = None
        if position < stop and data[position] in {der.UTC_TIME, der.GENERALIZED_TIME}:
            self.next_update, position = read_time(data, position, stop)
        self._entries = (position, position)
        if position < stop and data[position] == der.SEQUENCE:
            self._entries = span.expect(data, position, stop, der.SEQUENCE)
            position = self._entries[1]
        self.extensions: extension.Extensions = {}
        if position < stop:
            content, position = span.expect(data, position, stop, 0xA0)
            start, end = span.expect(data, content, position, der.SEQUENCE)
            if self.version != 2 or end != position or position != stop:
                raise der.DerError("extensions where none belong")
            self.extensions = extension.parse(data, start, end)
        return algorithm

    def _judge_entries(self) -> None:
        """Walk a small list, and every list in which something stands that a search could miss."""
        start, stop = self._entries
        small = stop - start <= WALKED_UP_TO or self.version == 1
        if small or self.scope.indirect or _CRITICAL.search(self.der, start, stop):
            self._index = self._walked()

    @property
    def scope(self) -> Scope:
        """Its issuing distribution point; the empty Scope without one.  Raises DerError when malformed."""
        entry = self.extensions.get(extension.ISSUING_DISTRIBUTION_POINT)
        return Scope() if entry is None else _scope(entry[1])

    @property
    def expired_kept_since(self) -> datetime | None:
        """From when on certificates stay on the list after they expired (X.509 expiredCertsOnCRL)."""
        entry = self.extensions.get(extension.EXPIRED_CERTS_ON_CRL)
        return None if entry is None else der.time(der.whole(entry[1], der.GENERALIZED_TIME))

    @property
    def number(self) -> int | None:
        """Its CRL number; None when it has none."""
        return self._number(extension.CRL_NUMBER)

    @property
    def base_number(self) -> int | None:
        """The number of the list that this delta completes; None for a complete list."""
        return self._number(extension.DELTA_CRL)

    def _number(self, oid: str) -> int | None:
        entry = self.extensions.get(oid)
        return None if entry is None else der.integer(der.whole(entry[1], der.INTEGER))

    def signed_by(self, issuer: Certificate) -> bool:
        """Whether ``issuer``'s key signed this list."""
        return verify_signed(self.sha256, self.tbs, self.signature_algorithm, self.signature, issuer)

    def find(self, serial_octets: bytes, holder: object = None) -> Entry | None:
        """The entry of a serial number (INTEGER content); None when it is not listed.  Raises DerError.

        ``holder``, in an indirect list: the comparable name of the certificate's issuer, None for the list's own.
        """
        serial = minimal(serial_octets)
        if holder is not None:
            foreign = self._foreign.get((holder, serial))
            return None if foreign is None else self._entry(foreign)
        if self._index is None:
            self._lookups += 1
            if len(serial) < _SEARCHED_FROM:
                self._index = self._walked()
            elif self._lookups == LOOKUPS_BEFORE_INDEX:
                with suppress(der.DerError):  # a large list is judged the same at its first look-up and its last
                    self._index = self._walked()
        position = self._searched(serial) if self._index is None else self._index.get(serial)
        return None if position is None else self._entry(position)

    def _searched(self, serial: bytes) -> int | None:
        """Where the entry of ``serial`` starts, by searching its octets and looking at what stands around them."""
        start, stop = self._entries
        hit = self.der.find(serial, start, stop)
        while hit != -1:
            position = self._entry_around(hit, hit + len(serial))
            if position is not None:
                return position
            hit = self.der.find(serial, hit + 1, stop)
        return None

    def _entry_around(self, hit: int, after: int) -> int | None:
        """Where the entry starts whose serial number ends at ``after``; needless leading octets are allowed."""
        data, (start, stop) = self.der, self._entries
        first, pad = hit, 0xFF if data[hit] >= 0x80 else 0
        while first > start and data[first - 1] == pad and hit - first < 64:
            first -= 1
        for width in (2, 3, 4):
            position = first - 2 - width
            if position < start or data[first - 2] != der.INTEGER or data[first - 1] != after - first:
                continue
            if self._is_entry(position, first - 2, after, stop):
                return position
        return None

    def _is_entry(self, position: int, serial: int, after: int, stop: int) -> bool:
        """Whether an entry starts at ``position``: content at ``serial``, then a time, and all lengths fit."""
        try:
            content, end = span.expect(self.der, position, stop, der.SEQUENCE)
            tag, _, time_end = span.header(self.der, after, end)
        except der.DerError:
            return False
        if content != serial or tag not in {der.UTC_TIME, der.GENERALIZED_TIME}:
            return False
        return time_end == end or self.der[time_end] == der.SEQUENCE

    def _walked(self) -> dict[bytes, int]:
        """Serial number → where its entry starts, for every entry; raises DerError for a malformed one.

        In an indirect list an entry may say that it, and those after it, are another issuer's: these go elsewhere.
        """
        data, (position, stop) = self.der, self._entries
        index: dict[bytes, int] = {}
        holder: object = None
        while position < stop:
            length = data[position + 3] if position + 36 <= stop else 0
            after, end = position + 4 + length, position + 2 + data[position + 1]
            # the usual entry in short form: a positive minimal serial number, UTCTime, at most a reason code
            if (
                0 < length <= 20
                and data[position] == 0x30
                and data[position + 2] == der.INTEGER
                and 0 < data[position + 4] < 0x80
                and data[after : after + 2] == b"\x17\x0d"
                and (end == after + 15 or (end == after + 29 and self._is_reason(after + 15, end)))
                and end <= stop
                and holder is None
            ):
                index.setdefault(data[position + 4 : after], position)
                position = end
            else:
                position, holder = self._walk_one(position, stop, index, holder)
        return index

    def _is_reason(self, position: int, end: int) -> bool:
        return self.version == 2 and self.der.startswith(_REASON_ONLY, position, end)

    def _walk_one(self, start: int, stop: int, index: dict[bytes, int], holder: object) -> tuple[int, object]:
        """Read one entry of any shape into ``index``; gives back where it ends, and whose the next one is."""
        data = self.der
        content, position = span.expect(data, start, stop, der.SEQUENCE)
        first, after = span.expect(data, content, position, der.INTEGER)
        tag, _, time_end = span.header(data, after, position)
        if first == after or tag not in {der.UTC_TIME, der.GENERALIZED_TIME}:
            raise der.DerError("not an entry of a CRL")
        if time_end != position:
            stated = self._check_extensions(time_end, position).get(extension.CERTIFICATE_ISSUER)
            holder = holder if stated is None else self._holder(stated[1])
        serial = minimal(data[first:after])
        if holder is None:
            index.setdefault(serial, start)
        else:
            self._foreign.setdefault((holder, serial), start)
        return position, holder

    def _holder(self, value: bytes) -> object:
        """Whose certificates the entries from here on are (RFC 5280 §5.3.3); None for the list's own issuer."""
        named = [raw for raw in extension.general_names(der.whole(value)) if raw[0] == extension.DIRECTORY_TAG]
        if not named:
            raise der.DerError("an entry whose issuer has no directory name")
        holder = name.key(der.read(named[0]).content)
        return None if holder == name.key(self.issuer) else holder

    def _check_extensions(self, position: int, stop: int) -> extension.Extensions:
        start, end = span.expect(self.der, position, stop, der.SEQUENCE)
        if end != stop or self.version != 2:
            raise der.DerError("entry extensions where none belong")
        if stop - position == 14 and self.der[position : position + 13] == _REASON_ONLY:
            return {extension.REASON_CODE: (False, self.der[position + 11 : stop])}
        found = extension.parse(self.der, start, end)
        for oid, (critical, _) in found.items():
            if critical and oid not in _KNOWN_ENTRY_EXTENSIONS:
                raise der.DerError(f"the critical entry extension {oid} (RFC 5280 §5.3)")
        if extension.CERTIFICATE_ISSUER in found and not self.scope.indirect:
            raise der.DerError("entries of another issuer in a list that is not indirect")
        return found

    def _entry(self, position: int) -> Entry:
        data = self.der
        content, stop = span.expect(data, position, len(data), der.SEQUENCE)
        _, after = span.expect(data, content, stop, der.INTEGER)
        moment, after = read_time(data, after, stop)
        found = self._check_extensions(after, stop) if after < stop else {}
        reason = 0
        if extension.REASON_CODE in found:
            reason = der.integer(der.whole(found[extension.REASON_CODE][1], der.ENUMERATED))
        return Entry(moment, reason, found)


_KNOWN_ENTRY_EXTENSIONS = {
    extension.REASON_CODE,
    extension.INVALIDITY_DATE,
    extension.HOLD_INSTRUCTION,
    extension.CERTIFICATE_ISSUER,
}
_REASON_ONLY = bytes.fromhex("300c300a0603551d1504030a01")  # the usual entry extension: a reason code alone


def minimal(serial: bytes) -> bytes:
    """INTEGER content without needless leading octets."""
    start = 0
    while start < len(serial) - 1 and (
        (serial[start] == 0 and serial[start + 1] < 0x80) or (serial[start] == 0xFF and serial[start + 1] >= 0x80)
    ):
        start += 1
    return serial[start:] if start else serial


_FLAGS = {0x81: "only_user", 0x82: "only_authority", 0x84: "indirect", 0x85: "only_attribute"}


def _scope(value: bytes) -> Scope:
    names: tuple[bytes, ...] = ()
    relative: bytes | None = None
    reasons: frozenset[int] | None = None
    flags: dict[str, bool] = {}
    previous = -1
    for part in der.whole(value).items(limit=6):
        if part.tag & 0xC0 != 0x80 or part.tag & 0x1F <= previous:
            raise der.DerError("not an issuing distribution point")
        previous = part.tag & 0x1F
        if part.tag == 0xA0:
            names, relative = extension.distribution_point_name(part)
        elif part.tag == 0x83:
            reasons = extension.flags(part)
        elif part.tag in _FLAGS and part.end - part.content_start == 1:
            flags[_FLAGS[part.tag]] = part.content != b"\x00"
        else:
            raise der.DerError("not an issuing distribution point")
    return Scope(names, relative, reasons=reasons, **flags)


parse = Remembered(Crl, _BUDGET)
"""The CRL that some bytes (DER) are; raises DerError.  Parses are remembered by content, within a budget."""
