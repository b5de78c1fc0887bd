"""A bare RFC 3161 timestamp token as Evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.algorithms import COMPUTABLE
from eidkit.asn1 import cms, der, pem, tsp
from eidkit.errors import DocumentError, NotSupported, Text
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
    """The token that ``data`` is (BER as well: RFC 5652 §5 asks for DER only inside), or that a response carries."""
    parts = der.read(der.definite(data)).expect(der.SEQUENCE).children(limit=8)
    if parts and parts[0].tag == der.SEQUENCE and len(parts) <= 2:
        return _granted(tsp.parse_response(data), name)
    if len(parts) == 2 and parts[0].tag == der.OID and der.oid(parts[0]) == cms.SIGNED_DATA:
        content = parts[1].only().expect(der.SEQUENCE).children(limit=8)
        inner = next((node for node in content if node.tag == der.SEQUENCE), None)
        if inner is not None and der.oid(inner.children(limit=2)[0]) == cms.TST_INFO:
            return data
    raise NotSupported(
        "format-cms",
        Text(
            f"{name} is DER, but neither a CMS signature nor a timestamp token",
            f"{name} không phải chữ ký CMS hay dấu thời gian",
        ),
        Text("give the signed file", "hãy đưa tệp đã ký"),
    )


def _granted(response: tsp.TimestampResponse, name: str) -> bytes:
    if response.token is not None:
        return response.token
    said = ", ".join((*response.failures, response.text)) or f"status {response.status}"
    raise DocumentError(
        "timestamp-refused",
        Text(f"{name} holds no token, the authority refused: {said}", f"{name} không có dấu thời gian: {said}"),
        Text("ask the timestamp authority again", "yêu cầu lại dấu thời gian"),
    )
