"""The signature level of an XML signature, by the properties that it has: never a verdict.

1. Without signed properties that it protects, or where they speak of data that is not signed, it is no XAdES.
2. The baseline (EN 319 132-1 §6.3) demands a claimed time, the signing certificate named and in KeyInfo, every data
   object described, one token for each timestamp, and none of the extended properties; how far it reaches (B-B to
   B-LTA) is asked of :mod:`eidkit.verify.levels`.
3. Otherwise an extended level (EN 319 132-2): BES or EPES, T, then C, X, XL and A, or XL and A at once where there are
   no references to validation data; ERS where it holds an evidence record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.verify import levels
from eidkit.xml import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

    from eidkit.verify.evidence import Evidence, SignatureEvidence
    from eidkit.xml.properties import SignedStatements

_CERTIFICATES = frozenset({"CompleteCertificateRefs", "CompleteCertificateRefsV2"})
_OVER_REFERENCES = frozenset(
    {"SigAndRefsTimeStamp", "SigAndRefsTimeStampV2", "RefsOnlyTimeStamp", "RefsOnlyTimeStampV2"}
)
_REFERENCES = _CERTIFICATES | {
    "CompleteRevocationRefs", "AttributeCertificateRefs", "AttributeCertificateRefsV2", "AttributeRevocationRefs"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Structure:
    """What tells the level of one signature.

    ``identified``: its certificate stands in KeyInfo; ``references`` are the IDs of those to other than its
    properties, ``data`` of those among them to content; ``unsigned`` its unsigned properties.
    """

    statements: SignedStatements | None
    identified: bool
    references: tuple[str | None, ...]
    data: tuple[str | None, ...]
    unsigned: Sequence[_Element]


def level(structure: Structure, signature: SignatureEvidence, evidence: Evidence) -> str:
    """The level of ``signature``, of that structure, in the document that ``evidence`` is about."""
    statements = structure.statements
    # 1.
    if (
        statements is None
        or not structure.references
        or not statements.formats <= {one for one in structure.references if one}
    ):
        return "XML-NOT-ETSI"
    # 2.
    has = [names.local(element.tag) for element in structure.unsigned]
    if "SealingEvidenceRecords" in has:
        return "XAdES-ERS"
    legacy = any(
        names.local(element.tag) == "ArchiveTimeStamp" and names.namespace(element.tag) != names.XADES141
        for element in structure.unsigned
    )
    stamps = sum(stamp.kind == "signature" for stamp in signature.timestamps)
    if (
        statements.signing_time is not None
        and statements.certificates
        and structure.identified
        and statements.formats.issuperset(one or "" for one in structure.data)
        and stamps <= has.count("SignatureTimeStamp")  # requirement n
        and not (legacy or (_REFERENCES | _OVER_REFERENCES).intersection(has))
    ):
        return levels.level("XAdES-B", signature, evidence)
    # 3.
    return f"XAdES-{_extended(frozenset(has), 'EPES' if statements.has_policy else 'BES', stamped=bool(stamps))}"


def _extended(has: frozenset[str], reached: str, *, stamped: bool) -> str:
    referring = bool(_CERTIFICATES & has) and "CompleteRevocationRefs" in has
    values = has >= {"CertificateValues", "RevocationValues"} or "AnyValidationData" in has
    plain = not _REFERENCES & has
    steps = (
        ("T", stamped),
        ("C", referring or plain),
        ("X", bool(_OVER_REFERENCES & has) or plain),
        ("XL", values),
        ("A", "ArchiveTimeStamp" in has),
    )
    for name, met in steps:
        if not met:
            break
        if not (plain and name in {"C", "X"}):
            reached = name
    return reached
