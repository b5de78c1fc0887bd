"""A Report as the validation report of ETSI TS 119 102-2 V1.4.1 (XML), not signed.

1. One ``SignatureValidationReport`` for each signature; for a file without one, for each timestamp of its own; for a
   file with neither, one that says that nothing was found.
2. What was judged with, each once, as ``ValidationObject``: certificates, revocation answers, timestamp tokens
   with their own report.  Each has an identifier made of its SHA-256.
3. Reasons stand as ``ReportData``, with a type that names severity and code.

No personal number is written but what stands in the certificates.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from eidkit import algorithms
from eidkit.canonical import format_time
from eidkit.verify.render.elements import Element, element
from eidkit.verify.render.etsi_objects import PROPER_NAMES, Objects, data, digested, indication, message

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from eidkit.policy import Policy
    from eidkit.verify.render.html import Unreadable
    from eidkit.verify.report import Conclusion, Report, TimestampConclusion

NAMESPACE = "http://uri.etsi.org/19102/v1.4.1#"
_NOTHING_FOUND = "urn:cef:dss:mainindication:noSignatureFound"
"""TS 119 102-2 has no identifier for this; EU DSS's is known to those who read such reports."""
_PROCESS = "urn:etsi:019102:validationprocess:"
_STAMPS = {
    "signature": "SignatureTimeStamp", "vri": "SignatureTimeStamp", "archive": "ArchiveTimeStamp",
    "content": "AllDataObjectsTimeStamp", "document": "DocTimeStamp", "references": "RefsOnlyTimeStamp",
}  # fmt: skip


def rendered(reports: Iterable[Report | Unreadable]) -> str:
    """One ``ValidationReport`` over these reports; what could not be read has its place in it."""
    objects = Objects()
    inside = [one for report in reports for one in _reports(report, objects)]
    root = element(
        "ValidationReport", *inside, objects.listed(), xmlns=NAMESPACE, xmlns__ds="http://www.w3.org/2000/09/xmldsig#",
        xmlns__xades="http://uri.etsi.org/01903/v1.3.2#",
    )  # fmt: skip
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n'


def _reports(report: Report | Unreadable, objects: Objects) -> list[Element]:
    """Plan 1."""
    if report.verdict == "NOT-READABLE":
        why = data(message(report.error.code, "error", report.error.problem.en))
        return [_one(element("SignatureValidationStatus", indication("INDETERMINATE"), _sub("GENERIC"), why))]
    for timestamp in report.timestamps:
        objects.timestamp(timestamp)
    if report.conclusions:
        return [_signature(report, conclusion, objects) for conclusion in report.conclusions]
    if report.timestamps:
        return [_timestamp(report, timestamp, objects) for timestamp in report.timestamps]
    said = data(*(message(found.code, found.severity, found.message.en) for found in report.findings))
    status = element("SignatureValidationStatus", element("MainIndication", _NOTHING_FOUND), said)
    return [_one(_policy(report.policy), _times(report.validation_time, None), _document(report, objects), status)]


def _one(*inside: Element | None) -> Element:
    return element("SignatureValidationReport", *inside)


def _signature(report: Report, conclusion: Conclusion, objects: Objects) -> Element:
    evidence = conclusion.evidence
    proof = next(
        (stamp for stamp in (*conclusion.timestamps, *report.timestamps)
         if conclusion.time_proved and stamp.indication == "PASSED" and stamp.time == conclusion.best_signature_time),
        None,
    )  # fmt: skip
    value = element("ds:SignatureValue", base64.b64encode(evidence.value).decode())
    return _one(
        _identifier(evidence.signed_octets, value, conclusion.id, seen=report.document_seen),
        _policy(report.policy),
        _times(report.validation_time, proof, objects),
        _document(report, objects),
        _attributes(report, conclusion, objects),
        _signer(conclusion, objects),
        element("SignatureValidationProcess", element("SignatureValidationProcessID", _PROCESS + _process(report))),
        objects.status("SignatureValidationStatus", conclusion, report.findings),
    )


def _timestamp(report: Report, timestamp: TimestampConclusion, objects: Objects) -> Element:
    """A timestamp that stands for itself."""
    token = timestamp.evidence.token
    return _one(
        _identifier(token, None, timestamp.id, seen=report.document_seen),
        _policy(report.policy),
        _times(report.validation_time, None),
        _document(report, objects),
        objects.status("SignatureValidationStatus", timestamp, report.findings),
    )


def _identifier(octets: bytes, value: Element | None, name: str, *, seen: bool) -> Element:
    """The digest of what the value is over; ``DocHashOnly`` where the document itself was not seen."""
    return element(
        "SignatureIdentifier", digested("DigestAlgAndValue", hashlib.sha256(octets).digest()), value,
        element("HashOnly", "false"),
        element("DocHashOnly", "false" if seen else "true"), element("DAIdentifier", name),
    )  # fmt: skip


def _policy(policy: Policy) -> Element:
    """Name and version, and a digest over every demand, so that two policies of one name differ."""
    hashed = hashlib.sha256(json.dumps(_plain(policy), sort_keys=True).encode()).digest()
    name = quote(f"{policy.name}-{policy.version}", safe="")
    identified = element(
        "xades:SignaturePolicyId",
        element("xades:SigPolicyId", element("xades:Identifier", f"{PROPER_NAMES}policy-{name}")),
        digested("xades:SigPolicyHash", hashed),
    )
    named = element("PolicyName", f"{policy.name}@{policy.version}")
    whole = element("SignatureValidationPolicy", element("SignaturePolicyIdentifier", identified), named)
    return element("ValidationConstraintsEvaluationReport", whole)


def _plain(value: Any) -> Any:
    """The demands of a policy as JSON: sets in order, what JSON has no word for as its own text."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(str(item) for item in value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | bool | None) else str(value)


def _times(now: datetime, proof: TimestampConclusion | None, objects: Objects | None = None) -> Element:
    """When it was judged, and the earliest time that is proved; the present where nothing proves more."""
    known = proof is not None and proof.time is not None and objects is not None
    time = proof.time if proof is not None and proof.time is not None else now
    return element(
        "ValidationTimeInfo",
        element("ValidationTime", format_time(now)),
        element(
            "BestSignatureTime",
            element("POETime", format_time(time)),
            element("TypeOfProof", "urn:etsi:019102:poetype:validation"),
            element("POEObject", VOReference=objects.timestamp(proof)) if known and objects and proof else None,
        ),
    )


def _document(report: Report, objects: Objects) -> Element:
    """The digest of the file that was judged."""
    digest = bytes.fromhex(report.sha256)
    reference = objects.document(report.document, digest)
    return element(
        "SignersDocument", digested("DigestAlgAndValue", digest),
        element("SignersDocumentRef", VOReference=reference),
    )  # fmt: skip


def _attributes(report: Report, conclusion: Conclusion, objects: Objects) -> Element | None:
    """TS 119 102-2 §A.1: what the signature says of itself, signed or not."""
    evidence = conclusion.evidence
    said: list[Element] = []
    if evidence.signing_time is not None:
        said.append(element("SigningTime", element("Time", format_time(evidence.signing_time)), Signed="true"))
    for reference in evidence.certificate_references:
        if row := algorithms.DIGEST_BY_NAME.get(reference.algorithm):
            digest = base64.b64encode(reference.digest).decode()
            method = element("ds:DigestMethod", Algorithm=row.uri or f"urn:oid:{row.oid}")
            identified = element("CertID", method, element("ds:DigestValue", digest))
            said.append(element("SigningCertificate", identified, Signed="true"))
    for oid in evidence.commitments:
        identifier = element("CommitmentTypeIdentifier", f"urn:oid:{oid}")
        said.append(element("CommitmentTypeIndication", identifier, Signed="true"))
    if roles := [_role(role) for role in evidence.claimed_roles]:
        said.append(element("SignerRole", *roles, Signed="true"))
    over = [stamp for stamp in report.timestamps if conclusion.id in stamp.evidence.covers]
    said += [_stamp(stamp, objects) for stamp in (*conclusion.timestamps, *over) if stamp.time is not None]
    if evidence.coverage is not None:
        said.append(element("ByteRange", " ".join(str(number) for number in evidence.coverage.byte_range)))
    return element("SignatureAttributes", *said) if said else None


def _role(role: str) -> Element:
    return element("RoleDetails", element("Role", role), element("EndorsementType", "claimed"))


def _stamp(timestamp: TimestampConclusion, objects: Objects) -> Element:
    reference = element("AttributeObject", VOReference=objects.timestamp(timestamp))
    time = element("TimeStampValue", format_time(timestamp.time)) if timestamp.time else None
    signed = "true" if timestamp.kind == "content" else "false"
    return element(_STAMPS[timestamp.kind], reference, time, Signed=signed)


def _signer(conclusion: Conclusion, objects: Objects) -> Element | None:
    if conclusion.certificate is None:
        return None
    name = conclusion.signer.name if conclusion.signer else ""
    reference = element("SignerCertificate", VOReference=objects.certificate(conclusion.certificate))
    return element("SignerInformation", reference, element("Signer", name) if name else None)


def _process(report: Report) -> str:
    """The process of EN 319 102-1 that suits what there is: §5.3, §5.5 or §5.6."""
    if report.timestamps or any(one.kind == "archive" for each in report.conclusions for one in each.timestamps):
        return "LTA"
    return "LTVM" if any(each.timestamps for each in report.conclusions) else "Basic"


def _sub(name: str) -> Element:
    return element("SubIndication", f"urn:etsi:019102:subindication:{name}")
