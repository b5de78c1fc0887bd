"""Validation of one signature: basic (EN 319 102-1 V1.4.1 §5.3) and with time (§5.5), chosen by what is there.

1. Judge each signature timestamp and every document timestamp over this signature (§5.4).
2. The earliest time that a good one proves is the best signature time; without one it is the present, unproved.
3. Run the building blocks at that time (§5.2).
4. Judge what happened to the document around the signature, and the login bound to it (binding.md §6).
5. The worst error decides; every reason is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eidkit.findings import Finding, Indication, as_warning, finding, in_order
from eidkit.timestamps.token import check_token
from eidkit.trust.subject import subject_of
from eidkit.verify import blocks
from eidkit.verify.bound import bound
from eidkit.verify.report import Conclusion, TimestampConclusion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.binding.authentication import Authentication
    from eidkit.errors import Text
    from eidkit.policy import Policy
    from eidkit.trust.store import TrustStore
    from eidkit.verify.evidence import Evidence, PdfCoverage, SignatureEvidence, TimestampEvidence


@dataclass(frozen=True, slots=True)
class Context:
    """What every judgement over one document shares."""

    evidence: Evidence
    trust: TrustStore
    policy: Policy
    now: datetime
    authentications: tuple[Authentication, ...] = ()


def judge_timestamp(timestamp: TimestampEvidence, context: Context, materials: blocks.Material) -> TimestampConclusion:
    """§5.4: what one timestamp token is worth, at the time of validation."""
    result = check_token(
        timestamp.token,
        imprints=dict(timestamp.imprints),
        anchors=context.trust.of_kind("timestamping"),
        pool=materials.pool,
        crls=materials.crls,
        ocsps=materials.ocsps,
        at=context.now,
        require_status=context.policy.revocation == "require",
        freshness=context.policy.freshness,
        weak_allowed=context.policy.weak_algorithms_allowed,
    )
    found = [finding(observation) for observation in timestamp.observations] + list(result.findings)
    indication, subindication = result.indication, result.subindication
    if any(f.severity == "error" for f in found) and indication == "PASSED":
        indication = "INDETERMINATE"
    return TimestampConclusion(
        timestamp.id, timestamp.kind, result.time, result.tsa, result.intact, indication, subindication,
        in_order(found), result.path, timestamp,
    )  # fmt: skip


def judge_signature(
    signature: SignatureEvidence, context: Context, document_timestamps: Sequence[TimestampConclusion]
) -> Conclusion:
    """§5.3 and §5.5: what one signature is worth; numbers refer to the plan above."""
    materials = blocks.material(context.evidence, signature)
    # 1.
    timestamps = tuple(judge_timestamp(t, context, materials) for t in signature.timestamps)
    # 2.
    proofs = [*timestamps, *(t for t in document_timestamps if signature.id in t.evidence.covers)]
    used_at, proved = _best_signature_time(proofs, context.now)
    # 3.
    certificate, found = blocks.identify_signing_certificate(signature, materials.pool)
    intact, crypto = blocks.verify_cryptographically(signature, certificate)
    found += crypto
    path: tuple[Certificate, ...] = ()
    if certificate is not None:
        verdict = blocks.validate_certificate(
            certificate, materials, context.trust.of_kind("signing"), context.policy,
            used_at=used_at, proved=proved, now=context.now,
        )  # fmt: skip
        path = verdict.path
        found += verdict.findings
    found += blocks.accept_algorithms(signature, context.policy, used_at)
    # 4.
    surroundings = _surroundings(signature, context)
    found += surroundings
    intact = intact and not any(f.code in _BREAKS_INTACT for f in surroundings)
    found += _time_findings(timestamps, context, proved=proved)
    login = bound(
        signature, context.authentications, trust=context.trust, pool=materials.pool, crls=materials.crls,
        ocsps=materials.ocsps, best_time=used_at, time_proved=proved, signer=certificate, at=context.now,
        policy=context.policy,
    )  # fmt: skip
    if login is not None:
        found += login.findings
    # 5.
    ordered = in_order(found)
    indication, subindication = worst(ordered)
    return Conclusion(
        signature, indication, subindication, intact, certificate,
        subject_of(certificate) if certificate else None, path, used_at, proved, timestamps, login, ordered,
    )  # fmt: skip


_BREAKS_INTACT = frozenset({"COVERAGE_FAILURE", "FORMAT_FAILURE"})


def worst(found: Sequence[Finding]) -> tuple[Indication, str | None]:
    """The indication and sub-indication of the gravest error; TOTAL-PASSED when there is none."""
    for indication in ("TOTAL-FAILED", "INDETERMINATE"):
        for reason in found:
            if reason.severity == "error" and reason.indication == indication:
                return reason.indication, reason.subindication
    return "TOTAL-PASSED", None


def _best_signature_time(proofs: Sequence[TimestampConclusion], now: datetime) -> tuple[datetime, bool]:
    """§5.5.4: the earliest time that a passed timestamp proves, otherwise the time of validation."""
    times = [t.time for t in proofs if t.indication == "PASSED" and t.time is not None and t.kind != "content"]
    return (min(times), True) if times else (now, False)


def _surroundings(signature: SignatureEvidence, context: Context) -> list[Finding]:
    """Structure and surroundings, as the reader saw them; what only the file can show needs the file."""
    found = blocks.format_findings(signature)
    if not signature.assertions:
        # A change in the signing revision deceives only where what was *shown* is bound to the signature.
        found = [as_warning(f) if f.code == "OWN_REVISION_CHANGED" else f for f in found]
    if not context.evidence.document_seen:
        found.append(finding("DOCUMENT_NOT_SEEN", signature.id))
    coverage = signature.coverage
    if coverage is None:
        return found
    if coverage.modifications == "form-fill" and not (
        coverage.modifications_allowed and context.policy.form_filling_allowed
    ):
        found.append(finding("UNSIGNED_CONTENT", signature.id, what="form fields filled after this signature"))
    elif coverage.modifications == "form-fill":
        found.append(finding("FORM_FILLED_AFTER_SIGNING", signature.id, what="form fields"))
    elif _changed(coverage) and not any(f.code == "MODIFIED_AFTER_SIGNING" for f in found):
        found.append(finding("MODIFIED_AFTER_SIGNING", signature.id, what=coverage.modifications))
    return found


def _changed(coverage: PdfCoverage) -> bool:
    return coverage.modifications in {"annotation", "undefined"} or not coverage.modifications_allowed


def _time_findings(timestamps: Sequence[TimestampConclusion], context: Context, *, proved: bool) -> list[Finding]:
    found = []
    for timestamp in timestamps:
        if timestamp.indication != "PASSED":
            why: Text | str = next(
                (f.message for f in timestamp.findings if f.severity == "error"), timestamp.indication
            )
            found.append(finding("TIMESTAMP_INVALID", timestamp.id, why=why))
    if proved:
        return found
    if context.policy.timestamp_required:
        return [*found, finding("SIG_CONSTRAINTS_FAILURE", None, what="a proved signing time (a timestamp)")]
    return [*found, finding("TIME_CLAIMED")]


def with_findings(conclusion: Conclusion, more: Sequence[Finding]) -> Conclusion:
    """``conclusion`` with further findings, its indication recomputed."""
    ordered = in_order((*conclusion.findings, *more))
    indication, subindication = worst(ordered)
    return replace(conclusion, findings=ordered, indication=indication, subindication=subindication)
