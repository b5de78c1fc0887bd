"""A Report as the JSON contract of ``eidkit verify --json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import canonical
from eidkit.verify.render.detailed import of_signature, of_timestamp
from eidkit.verify.report import SCHEMA, ReportJson, SignatureJson, SignerJson, TimestampJson
from eidkit.version import VERSION

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.findings import Finding
    from eidkit.verify.report import Conclusion, Report, TimestampConclusion


def rendered(report: Report, *, detailed: bool = False) -> ReportJson:
    """Every key of the contract; what a later release fills is there and null."""
    said = _rendered(report)
    if detailed:
        for one, conclusion in zip(said["signatures"], report.conclusions, strict=True):
            one["blocks"] = [block.to_json() for block in of_signature(report, conclusion)]
        for stamp, judged in zip(said["timestamps"], report.timestamps, strict=True):
            stamp["blocks"] = [of_timestamp(judged).to_json()]
    return said


def _rendered(report: Report) -> ReportJson:
    return {
        "schema": SCHEMA,
        "eidkit": VERSION,
        "document": report.document,
        "sha256": report.sha256,
        "format": report.format,
        "document_seen": report.document_seen,
        "verdict": report.verdict,
        "policy": report.policy.name,
        "policy_version": report.policy.version,
        "validation_time": canonical.format_time(report.validation_time),
        "provable_until": _time(report.provable_until),
        "signatures": [_signature(conclusion) for conclusion in report.conclusions],
        "timestamps": [_timestamp(timestamp) for timestamp in report.timestamps],
        "findings": [found.to_json() for found in report.findings],
    }


def _signature(conclusion: Conclusion) -> SignatureJson:
    evidence = conclusion.evidence
    coverage = evidence.coverage
    return {
        "id": evidence.id,
        "level": conclusion.level,
        "signer": _signer(conclusion),
        "intact": conclusion.intact,
        "indication": conclusion.indication,
        "subindication": conclusion.subindication,
        "signing_time": _time(evidence.signing_time),
        "best_signature_time": canonical.format_time(conclusion.best_signature_time),
        "algorithms": {"signature": evidence.algorithm, "digest": evidence.digest_algorithm},
        "scope": [
            {"name": name, "algorithm": algorithm, "digest": digest} for name, algorithm, digest in evidence.scope
        ],
        "covers_whole_document": coverage.covers_whole_document if coverage else None,
        "modifications": coverage.modifications if coverage else None,
        "modifications_allowed": coverage.modifications_allowed if coverage else None,
        "own_revision": coverage.own_revision if coverage else None,
        "claimed_roles": list(evidence.claimed_roles),
        "commitments": list(evidence.commitments),
        "path": [certificate.sha256 for certificate in conclusion.path],
        "timestamps": [_timestamp(timestamp) for timestamp in conclusion.timestamps],
        "authentication": conclusion.authentication.to_json() if conclusion.authentication else None,
        "counter_signature_of": evidence.counter_signature_of,
        "findings": [found.to_json() for found in _findings(conclusion)],
        "blocks": None,
    }


def _findings(conclusion: Conclusion) -> tuple[Finding, ...]:
    """The signature's findings, then those of timestamps that did not pass."""
    failed = (timestamp for timestamp in conclusion.timestamps if timestamp.indication != "PASSED")
    return (*conclusion.findings, *(found for timestamp in failed for found in timestamp.findings))


def _signer(conclusion: Conclusion) -> SignerJson:
    subject, certificate = conclusion.signer, conclusion.certificate
    return {
        "name": subject.name if subject else None,
        "person": subject.person.name if subject and subject.person else None,
        "organisation": subject.organisation.name if subject and subject.organisation else None,
        "title": subject.title if subject else None,
        "certificate_sha256": certificate.sha256 if certificate else None,
    }


def _timestamp(timestamp: TimestampConclusion) -> TimestampJson:
    return {
        "id": timestamp.id,
        "kind": timestamp.kind,
        "time": _time(timestamp.time),
        "tsa": timestamp.tsa,
        "intact": timestamp.intact,
        "indication": timestamp.indication,
        "subindication": timestamp.subindication,
        "blocks": None,
    }


def _time(moment: datetime | None) -> str | None:
    return canonical.format_time(moment) if moment else None
