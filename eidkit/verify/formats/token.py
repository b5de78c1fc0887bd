"""A bare RFC 3161 timestamp token as Evidence."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from eidkit.algorithms import DIGESTS
from eidkit.asn1 import der
from eidkit.errors import NotSupported, Text
from eidkit.verify.evidence import Evidence, TimestampEvidence

if TYPE_CHECKING:
    from eidkit.document import Document

MAX_TOKEN = 1024 * 1024
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"


def read(document: Document, detached: Document | None) -> Evidence:
    """The token in ``document`` (DER or PEM), about ``detached`` when that is given.

    Also takes a whole TimeStampResp, of which only the token counts.  A CMS signature that is no timestamp is
    refused by name.
    """
    token = _token(_binary(document.read_bounded(MAX_TOKEN, "a timestamp token")), document.name)
    imprints = tuple((d.name, detached.digest(d.name)) for d in DIGESTS if d.name != "ripemd160") if detached else ()
    evidence = TimestampEvidence("timestamp-token", "content", token, imprints, (detached.name,) if detached else ())
    return Evidence(
        document.name, document.length, document.sha256, "timestamp-token", document_seen=True, timestamps=(evidence,)
    )


def _binary(data: bytes) -> bytes:
    if not data.lstrip().startswith(b"-----BEGIN"):
        return data
    lines = [line for line in data.splitlines() if line and not line.startswith(b"-----")]
    try:
        return base64.b64decode(b"".join(lines), validate=True)
    except ValueError as error:
        raise der.DerError("not base64 between the PEM lines") from error


def _token(data: bytes, name: str) -> bytes:
    outer = der.read(data).expect(der.SEQUENCE)
    parts = outer.children(limit=8)
    if len(parts) == 2 and parts[0].tag == der.SEQUENCE and parts[1].tag == der.SEQUENCE:
        return _token(parts[1].raw, name)  # TimeStampResp: status, token
    if len(parts) == 2 and parts[0].tag == der.OID and der.oid(parts[0]) == _SIGNED_DATA:
        content = parts[1].only().expect(der.SEQUENCE).children(limit=8)
        inner = next((node for node in content if node.tag == der.SEQUENCE), None)
        if inner is not None and der.oid(inner.children(limit=2)[0]) == _TST_INFO:
            return data
    raise NotSupported(
        "format-cms",
        Text(f"{name} is DER, but no timestamp token", f"{name} không phải dấu thời gian"),
        Text("this release reads PDF, XML and timestamp tokens", "phiên bản này đọc PDF, XML và dấu thời gian"),
    )
