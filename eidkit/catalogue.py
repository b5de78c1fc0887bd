"""Which algorithms may be relied on until when: a dated catalogue in the shape of ETSI TS 119 312, as data.

A row says of a hash, a signature scheme, or the keys of one kind within a range of sizes: acceptable for what is
proved to have been made from ``start`` and before ``end``; None where no source puts a date.  What stands in no row is
never acceptable.  A catalogue that was released is not edited: a changed one gets another version, and a policy names
the one that it was written for.

Compared with TS 119 312 V2.1.1 (2026-06): its annex D gives the same ends for everything that had ended before.  It
would have SHA-224 and RSA keys below 3,000 bits end on 2026-01-01 where nothing speaks against it; its clause 8.4 lets
certificates with such keys be issued until the end of 2026 and run until the end of 2028, which is the end here.  It
recommends Ed25519 and Ed448 without an end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Use = Literal["hash", "scheme", "key"]
VERSION = "2026-11"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what, from and until when, and the public source that says so; sizes in bits, for keys alone."""

    use: Use
    name: str
    end: datetime | None
    source: str
    clause: str = ""
    note: str = ""
    least: int = 0
    below: int | None = None
    start: datetime | None = None

    def covers(self, bits: int) -> bool:
        """Whether a key of this many bits falls in the row."""
        return self.least <= bits and (self.below is None or bits < self.below)

    def acceptable(self, at: datetime) -> bool:
        """Whether what was made at ``at`` may be relied on."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


def _end(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


_TS = "ETSI TS 119 312 V1.5.1"
_OLD = "ETSI TS 102 176-1 V2.1.1"
_NIST = "NIST FIPS 202"
_LEGACY = "legacy: suited to check what exists, not for new signatures"
_HASHES, _SCHEMES, _KEYS = "hash functions", "signature schemes", "key sizes"

ROWS: tuple[Row, ...] = (
    Row("hash", "md5", _end(2004, 8), _OLD, _HASHES, "historical"),
    Row("hash", "sha1", _end(2012, 8), _TS, _HASHES, "historical"),
    Row("hash", "ripemd160", _end(2014, 8), _TS, _HASHES, "historical; not computed by eidkit"),
    Row("hash", "sha224", _end(2029, 1), _TS, _HASHES, _LEGACY),
    Row("hash", "sha3_224", _end(2029, 1), _NIST, "", "in no ETSI table: ends with SHA-224, whose strength it has"),
    Row("hash", "sha256", None, _TS, _HASHES, "recommended"),
    Row("hash", "sha384", None, _TS, _HASHES, "recommended"),
    Row("hash", "sha512", None, _TS, _HASHES, "recommended"),
    Row("hash", "sha3_256", None, _TS, _HASHES, "recommended"),
    Row("hash", "sha3_384", None, _TS, _HASHES, "recommended"),
    Row("hash", "sha3_512", None, _TS, _HASHES, "recommended"),
    Row("scheme", "rsa-pkcs1", _end(2029, 1), _TS, _SCHEMES, _LEGACY),
    Row("scheme", "rsa-pss", None, _TS, _SCHEMES, "recommended"),
    Row("scheme", "ecdsa", None, _TS, _SCHEMES, "recommended"),
    Row("scheme", "eddsa", None, "NIST FIPS 186-5", "7", "in no ETSI table: no end is known"),
    Row("scheme", "dsa", _end(2029, 1), _TS, _SCHEMES, "keys of this kind stand in no row: never accepted"),
    Row("key", "rsa", _end(2010, 8), _TS, _KEYS, "historical", 786, 1024),
    Row("key", "rsa", _end(2019, 10), _TS, _KEYS, "historical", 1024, 1900),
    Row("key", "rsa", _end(2029, 1), _TS, _KEYS, _LEGACY, 1900, 3000),
    Row("key", "rsa", None, _TS, _KEYS, "recommended", 3000),
    Row("key", "ec", _end(2012, 8), _TS, _KEYS, "historical", 160, 224),
    Row("key", "ec", _end(2021, 10), _TS, _KEYS, "historical", 224, 256),
    Row("key", "ec", None, _TS, _KEYS, "recommended", 256),
    Row("key", "ed25519", None, "NIST FIPS 186-5", "7", "in no ETSI table: no end is known"),
    Row("key", "ed448", None, "NIST FIPS 186-5", "7", "in no ETSI table: no end is known"),
)

_NAMED = {(row.use, row.name): row for row in ROWS if row.use != "key"}
_KEYS_ALONE = tuple(row for row in ROWS if row.use == "key")
_SIZED = {name: tuple(row for row in _KEYS_ALONE if row.name == name) for name in {row.name for row in _KEYS_ALONE}}


def row_of(use: Use, name: str, bits: int = 0) -> Row | None:
    """The row about a hash, a scheme, or a key of ``bits``; None where there is none: never acceptable."""
    if use == "key":
        for row in _SIZED.get(name, ()):
            if row.covers(bits):
                return row
        return None
    return _NAMED.get((use, name))
