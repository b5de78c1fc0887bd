"""The commitment types that a signature may state: one row each, in the spelling of every place that names them.

A Procedure says the name, CMS the OID (ETSI EN 319 122-1 §5.2.3, RFC 5126 §5.11.1), XAdES the URI
(EN 319 132-1 §5.2.3).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from eidkit.errors import NotSupported, Text


class Commitment(NamedTuple):
    """A commitment type: its name here, its dotted OID, its URI in XAdES."""

    name: str
    oid: str
    uri: str


ROWS = (
    Commitment("proof-of-origin", "1.2.840.113549.1.9.16.6.1", "http://uri.etsi.org/01903/v1.2.2#ProofOfOrigin"),
    Commitment("proof-of-receipt", "1.2.840.113549.1.9.16.6.2", "http://uri.etsi.org/01903/v1.2.2#ProofOfReceipt"),
    Commitment("proof-of-delivery", "1.2.840.113549.1.9.16.6.3", "http://uri.etsi.org/01903/v1.2.2#ProofOfDelivery"),
    Commitment("proof-of-sender", "1.2.840.113549.1.9.16.6.4", "http://uri.etsi.org/01903/v1.2.2#ProofOfSender"),
    Commitment("proof-of-approval", "1.2.840.113549.1.9.16.6.5", "http://uri.etsi.org/01903/v1.2.2#ProofOfApproval"),
    Commitment("proof-of-creation", "1.2.840.113549.1.9.16.6.6", "http://uri.etsi.org/01903/v1.2.2#ProofOfCreation"),
)
BY_NAME = {row.name: row for row in ROWS}
PROOF_OF_APPROVAL = BY_NAME["proof-of-approval"]
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,38})){1,32}")


def oid_of(commitment: str) -> str:
    """The OID of a commitment by its name here, or the dotted OID that it is already; raises NotSupported."""
    if commitment in BY_NAME:
        return BY_NAME[commitment].oid
    if _OID.fullmatch(commitment):
        return commitment
    raise NotSupported(
        "commitment-unknown",
        Text(f"{commitment[:64]!r} is no commitment type", f"{commitment[:64]!r} không phải loại cam kết"),
        Text(f"use an OID or one of {', '.join(BY_NAME)}", f"dùng OID hoặc một trong {', '.join(BY_NAME)}"),
    )
