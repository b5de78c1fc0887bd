"""A bare RFC 3161 timestamp token as Evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.algorithms import COMPUTABLE
from eidkit.asn1 import cms, der, pem
from eidkit.errors import NotSupported, Text
from eidkit.verify.evidence import Evidence, TimestampEvidence

if TYPE_CHECKING:
    from eidkit.document import Document

MAX_TOKEN = 1024 * 1024


def read(document: Document, detached: Document | None) -> Evidence:
    """The token in ``document`` (DER or PEM), about ``detached`` when that is given.

    Also takes a whole TimeStampResp, of which only the token counts.  A CMS signature that is no timestamp is
    refused by name.
    """
    token = _token(_binary(document.read_bounded(MAX_TOKEN, "a timestamp token")), document.name)
    imprints = tuple((name, detached.digest(name)) for name in COMPUTABLE) if detached else ()
    evidence = TimestampEvidence("timestamp-token", "content", token, imprints, (detached.name,) if detached else ())
    return Evidence(
        document.name, document.length, document.sha256, "timestamp-token", document_seen=True, timestamps=(evidence,)
    )


def _binary(data: bytes) -> bytes:
    if not pem.is_pem(data):
        return data
    found = pem.blocks(data, limit=1)
    if not found:
        raise der.DerError("no block in this PEM text")
    return found[0][1]


def _token(data: bytes, name: str) -> bytes:
    outer = der.read(data).expect(der.SEQUENCE)
    parts = outer.children(limit=8)
    if len(parts) == 2 and parts[0].tag == der.SEQUENCE and parts[1].tag == der.SEQUENCE:
        return _token(parts[1].raw, name)  # TimeStampResp: status, token
    if len(parts) == 2 and parts[0].tag == der.OID and der.oid(parts[0]) == cms.SIGNED_DATA:
        content = parts[1].only().expect(der.SEQUENCE).children(limit=8)
        inner = next((node for node in content if node.tag == der.SEQUENCE), None)
        if inner is not None and der.oid(inner.children(limit=2)[0]) == cms.TST_INFO:
            return data
    raise NotSupported(
        "format-cms",
        Text(f"{name} is DER, but no timestamp token", f"{name} không phải dấu thời gian"),
        Text("this release reads PDF, XML and timestamp tokens", "phiên bản này đọc PDF, XML và dấu thời gian"),
    )
