"""The signature level of a CMS signature, by the attributes that it has: never a verdict.

1. Without a signing-certificate attribute, or with two of one version, it is plain CMS.
2. The baseline (EN 319 122-1 §6.3) demands a claimed time, the certificates, and none of the extended attributes; how
   far it reaches (B-B to B-LTA) is asked of :mod:`eidkit.verify.levels`.
3. Otherwise an extended level (EN 319 122-2): BES or EPES, T, then C, X, XL and A, or A at once where there are no
   references; ERS where the file holds an evidence record of the kind that fits (inside or beside its content).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.asn1 import archive, attributes
from eidkit.verify import levels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eidkit.asn1.cms import SignerInfo
    from eidkit.verify.evidence import Evidence, SignatureEvidence

_REFERENCES = frozenset({archive.COMPLETE_CERTIFICATE_REFERENCES, archive.COMPLETE_REVOCATION_REFERENCES})
_VALUES = frozenset({attributes.CERTIFICATE_VALUES, attributes.REVOCATION_VALUES})
_OVER_REFERENCES = frozenset({archive.REFERENCES_TIMESTAMP, archive.SIGNATURE_AND_REFERENCES_TIMESTAMP})
_ARCHIVES = frozenset(
    {archive.ARCHIVE_TIMESTAMP_V1, archive.ARCHIVE_TIMESTAMP_V2, archive.ARCHIVE_TIMESTAMP_V3}
    | {archive.LONG_TERM_VALIDATION}
)
_EXTENDED = _REFERENCES | _VALUES | _OVER_REFERENCES | _ARCHIVES - {archive.ARCHIVE_TIMESTAMP_V3}


def recorded(signers: Iterable[SignerInfo], *, attached: bool) -> bool:
    """Whether one of the signatures holds an evidence record for content that is inside, or beside the file."""
    wanted = archive.INTERNAL_EVIDENCE_RECORD if attached else archive.EXTERNAL_EVIDENCE_RECORD
    return any(signer.unsigned(wanted) for signer in signers)


def level(signature: SignatureEvidence, signer: SignerInfo, evidence: Evidence, *, record: bool = False) -> str:
    """The level of ``signature``, which ``signer`` holds, in the file that ``evidence`` is about.

    ``record``: the file holds an evidence record.
    """
    # 1.
    references = (attributes.SIGNING_CERTIFICATE, attributes.SIGNING_CERTIFICATE_V2)
    if {len(signer.signed(oid)) for oid in references} not in ({1}, {0, 1}) or signer.message_digest is None:
        return "CMS-NOT-ETSI"
    # 2.
    has = frozenset(one.oid for one in signer.unsigned_attributes)
    if record:
        return "CAdES-ERS"
    if _baseline(signature, signer, evidence) and not has & _EXTENDED:
        return levels.level("CAdES-B", signature, evidence)
    # 3.
    return f"CAdES-{_extended(signer, has)}"


def _baseline(signature: SignatureEvidence, signer: SignerInfo, evidence: Evidence) -> bool:
    typed = signature.counter_signature_of is not None or len(signer.signed(attributes.CONTENT_TYPE)) == 1
    return typed and len(signer.signed(attributes.SIGNING_TIME)) == 1 and bool(evidence.certificates)


def _extended(signer: SignerInfo, has: frozenset[str]) -> str:
    stamped = attributes.SIGNATURE_TIMESTAMP in has
    if stamped and has & _ARCHIVES and not has & _REFERENCES:
        return "A"
    steps = (
        ("T", stamped),
        ("C", has >= _REFERENCES),
        ("X", bool(has & _OVER_REFERENCES)),
        ("XL", has >= _VALUES),
        ("A", bool(has & _ARCHIVES)),
    )
    reached = "EPES" if signer.signed(attributes.SIGNATURE_POLICY) else "BES"
    for name, met in steps:
        if not met:
            break
        reached = name
    return reached
