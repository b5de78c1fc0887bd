"""PEM text (RFC 7468) to DER blocks, bounded."""

from __future__ import annotations

import binascii
import re

from eidkit.asn1.der import DerError

MAX_PEM = 64 * 1024 * 1024
CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s([^-]*+(?:-(?!----)[^-]*+)*)-----END \1-----")
"""No body holds five dashes, so that a text of many beginnings is not read once for each of them."""


def is_pem(data: bytes) -> bool:
    """Whether ``data`` is a text with PEM blocks, and not DER that happens to hold the words."""
    return b"-----BEGIN " in data and not (data[:1] == b"\x30" and data[1:2] >= b"\x80")


def blocks(data: bytes, limit: int = 1_000) -> list[tuple[str, bytes]]:
    """``(label, DER)`` of each block, in order; raises DerError past ``limit`` or for broken base64."""
    if len(data) > MAX_PEM:
        raise DerError(f"a PEM text above {MAX_PEM} bytes")
    found: list[tuple[str, bytes]] = []
    for match in _BLOCK.finditer(data):
        if len(found) >= limit:
            raise DerError(f"more than {limit} PEM blocks")
        body = match[2]
        if b":" in body:  # RFC 1421 headers end at the first empty line
            body = body.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
        try:
            found.append((match[1].decode("ascii"), binascii.a2b_base64(b"".join(body.split()), strict_mode=True)))
        except (binascii.Error, ValueError) as error:
            raise DerError("broken base64 in a PEM block") from error
    return found
