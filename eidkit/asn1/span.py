"""The cheapest TLV reader: offsets in, offsets out, no object made.

:class:`eidkit.asn1.der.Node` is the comfortable reader; this one serves the hot loops of certificates and CRLs.
"""

from __future__ import annotations

from functools import lru_cache

from eidkit.asn1.der import DerError, oid_text


def header(data: bytes, position: int, stop: int) -> tuple[int, int, int]:
    """``(tag, content start, end)`` of the TLV at ``position``, which must lie before ``stop``; raises DerError."""
    if position + 2 > stop:
        raise DerError("cut off")
    tag, length = data[position], data[position + 1]
    if tag & 0x1F == 0x1F:
        raise DerError("a multi-byte tag")
    position += 2
    if length >= 0x80:
        count = length & 0x7F
        if not 1 <= count <= 5 or position + count > stop:
            raise DerError("an indefinite or oversized length")
        length = int.from_bytes(data[position : position + count], "big")
        position += count
    end = position + length
    if end > stop:
        raise DerError("cut off")
    return tag, position, end


def expect(data: bytes, position: int, stop: int, tag: int) -> tuple[int, int]:
    """``(content start, end)`` of the TLV at ``position`` if its identifier octet is ``tag``."""
    start = position + 2
    if start <= stop and data[position] == tag and data[position + 1] < 0x80:
        end = start + data[position + 1]  # the usual case, without a second call
        if end <= stop:
            return start, end
    found, start, end = header(data, position, stop)
    if found != tag:
        raise DerError(f"tag 0x{found:02x} where 0x{tag:02x} belongs")
    return start, end


@lru_cache(maxsize=512)
def oid(content: bytes) -> str:
    """The dotted form of OBJECT IDENTIFIER content octets, remembered."""
    return oid_text(content)
