"""Certificates, CRLs and OCSP answers told apart by their content, PEM or DER."""

from __future__ import annotations

from eidkit.asn1 import certificate as x509
from eidkit.asn1 import der, pem

_PEM_KINDS = {**dict.fromkeys(pem.CERTIFICATE_LABELS, "certificate"), "X509 CRL": "crl", "OCSP RESPONSE": "ocsp"}


def kinds_in(data: bytes) -> list[tuple[str, bytes]]:
    """``(kind, DER)`` of everything in a PEM or DER file; empty for anything else."""
    if pem.is_pem(data):
        try:
            found = pem.blocks(data)
        except der.DerError:
            return []
        return [(_PEM_KINDS[label], block) for label, block in found if label in _PEM_KINDS]
    kind = _kind(data)
    return [] if kind is None else [(kind, data)]


def _kind(data: bytes) -> str | None:
    """By structure: an OCSP answer begins with its status, a CRL's fourth field is a time, a certificate parses."""
    try:
        first, *rest = der.whole(data).children(limit=4)
        if first.tag == der.ENUMERATED:
            return "ocsp"
        if first.tag != der.SEQUENCE or len(rest) != 2:
            return None
        inside = [node.tag for _, node in zip(range(5), first.items(), strict=False)]
    except der.DerError:
        return None
    if inside[:1] == [der.INTEGER] and inside[1:3] == [der.SEQUENCE, der.SEQUENCE] and inside[3:4] != [der.SEQUENCE]:
        return "crl"
    if inside[:2] == [der.SEQUENCE, der.SEQUENCE] and inside[2:3] in ([der.UTC_TIME], [der.GENERALIZED_TIME]):
        return "crl"
    try:
        x509.parse(data)
    except der.DerError:
        return None
    return "certificate"
