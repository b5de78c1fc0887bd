"""Validation of one signature: EN 319 102-1 V1.4.1 §5.3, §5.5 and §5.6, as far as there is what each needs.

1. Judge each signature timestamp at present (§5.4); where that fails, as of the time at which a document timestamp
   proves that it existed (§5.6).  The document timestamps were judged before, newest first.
2. The earliest time that a good one proves is the best signature time; without one it is the present, unproved.
3. Run the building blocks at that time (§5.2).
4. Judge what happened to the document around the signature, and the login bound to it (binding.md §6).
5. Read the findings against the clauses of the policy; the worst error decides, every reason is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eidkit.canonical import format_time
from eidkit.errors import Text
from eidkit.findings import Finding, Indication, as_warning, finding, in_order
from eidkit.policy import SKEW
from eidkit.timestamps.token import TokenResult, check_token, read, signer_of
from eidkit.trust.standing import Demand, statuses_of
from eidkit.trust.subject import subject_of
from eidkit.verify import blocks, clauses, horizon, levels, longterm, path_references
from eidkit.verify.bound import bound
from eidkit.verify.report import Conclusion, TimestampConclusion
from eidkit.verify.trace import Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.binding.authentication import Authentication
    from eidkit.policy import Policy
    from eidkit.trust.revocation import Status
    from eidkit.trust.store import TrustStore
    from eidkit.verify.evidence import Evidence, PdfCoverage, SignatureEvidence, TimestampEvidence
    from eidkit.verify.poe import Proofs


@dataclass(frozen=True, slots=True)
class Context:
    """What every judgement over one document shares.

    ``proofs``: what the document timestamps judged so far prove.  ``assumed``: the status of a certificate that
    has not ended counts as good where it is not known, because it can be asked for (for looking ahead).
    """

    evidence: Evidence
    trust: TrustStore
    policy: Policy
    now: datetime
    proofs: Proofs
    authentications: tuple[Authentication, ...] = ()
    assumed: bool = False

    @property
    def anchors(self) -> frozenset[str]:
        """SHA-256 of every certificate at which a chain may end."""
        return frozenset(anchor.certificate.sha256 for anchor in self.trust.anchors)

    @property
    def assumed_until(self) -> datetime | None:
        """As in :class:`eidkit.trust.standing.Demand`."""
        return self.now if self.assumed else None


def judge_timestamp(timestamp: TimestampEvidence, context: Context, materials: blocks.Material) -> TimestampConclusion:
    """What one timestamp token is worth: at present (§5.4), or as of when it is proved to have existed (§5.6)."""
    result = _checked(timestamp, context, materials)
    existed = context.proofs.of(timestamp.token)
    proved_at = None
    if result.indication != "PASSED" and existed < context.now:
        past, more = _checked_as_of(existed, timestamp, context, materials)
        if past.indication == "PASSED":
            proved_at = existed
            result, findings = past, (*past.findings, *more)
        else:
            findings = (*result.findings, *more)
    else:
        findings = result.findings
    found = [finding(observation) for observation in timestamp.observations] + list(findings)
    found += _order(timestamp.id, result.time, existed)
    indication, subindication = result.indication, result.subindication
    reason = next((f for f in in_order(found) if f.severity == "error"), None)
    if reason is not None and indication == "PASSED":
        indication, subindication = "INDETERMINATE", reason.subindication
    return TimestampConclusion(
        timestamp.id, timestamp.kind, result.time, result.tsa, result.intact, indication, subindication,
        in_order(found), result.path, timestamp, proved_at, result.statuses,
    )  # fmt: skip


def _checked(
    timestamp: TimestampEvidence, context: Context, materials: blocks.Material, *, existed: datetime | None = None
) -> TokenResult:
    result = check_token(
        timestamp.token,
        imprints=dict(timestamp.imprints),
        anchors=context.trust.of_kind("timestamping"),
        pool=materials.pool,
        crls=materials.crls,
        ocsps=materials.ocsps,
        at=existed or context.now,
        now=context.now if existed else None,
        require_status=context.policy.revocation == "require",
        assumed_until=context.assumed_until,
        freshness=context.policy.freshness,
        weak_allowed=context.policy.weak_algorithms_allowed,
    )
    return _without_ended_signers(result, timestamp, context, materials, at=existed or context.now)


def _without_ended_signers(
    result: TokenResult, timestamp: TimestampEvidence, context: Context, materials: blocks.Material, *, at: datetime
) -> TokenResult:
    """§5.2.6.4, 8): what passed only on an answer by a signer that has ended since does not pass."""
    if result.indication != "PASSED" or all(status.signer_ends is None for status in result.statuses):
        return result
    policy = context.policy
    demand = Demand(
        at, context.now, unknown="error" if policy.revocation == "require" else "ignored",
        assumed_until=context.assumed_until, freshness=policy.freshness, weak=policy.weak_algorithms_allowed,
    )  # fmt: skip
    inside, _ = read(timestamp.token)
    ended = longterm.ended_signers(
        result.path, result.statuses, demand, proofs=context.proofs, crls=(*inside.crls, *materials.crls),
        ocsps=(*inside.ocsps, *materials.ocsps), pool=(*signer_of(timestamp.token)[1], *materials.pool),
    )  # fmt: skip
    if not ended:
        return result
    findings = in_order((*result.findings, *ended))
    return replace(result, indication="INDETERMINATE", subindication=ended[0].subindication, findings=findings)


def _checked_as_of(
    existed: datetime, timestamp: TimestampEvidence, context: Context, materials: blocks.Material
) -> tuple[TokenResult, list[Finding]]:
    """§5.6.2: the token as of ``existed``, resting on nothing that is not proved to be old enough."""
    result = _checked(timestamp, context, materials, existed=existed)
    if result.indication != "PASSED":
        return result, []
    policy = context.policy
    demand = Demand(existed, context.now, freshness=policy.freshness, weak=policy.weak_algorithms_allowed)
    inside, _ = read(timestamp.token)
    more = longterm.unproved(
        result.path,
        result.statuses,
        demand,
        anchors=context.trust.of_kind("timestamping"),
        proofs=context.proofs,
        crls=(*inside.crls, *materials.crls),
        ocsps=(*inside.ocsps, *materials.ocsps),
        pool=materials.pool,
    )
    if more:
        return replace(result, indication="INDETERMINATE"), more
    return result, [finding("PROVED_BY_LATER_TIMESTAMP", timestamp.id, time=format_time(existed))]


def _order(about: str, time: datetime | None, existed: datetime) -> list[Finding]:
    """§5.6.2.3: a token that is proved to have existed before its own time lies."""
    if time is None or time <= existed + SKEW:
        return []
    return [finding("TIMESTAMP_ORDER", about, time=format_time(time), existed=format_time(existed))]


def judge_signature(
    signature: SignatureEvidence, context: Context, document_timestamps: Sequence[TimestampConclusion]
) -> Conclusion:
    """§5.3 and §5.5: what one signature is worth; numbers refer to the plan above.

    Among ``document_timestamps`` are the archive timestamps of the signatures that this one stands in.
    """
    materials = blocks.material(context.evidence, signature)
    level = levels.up_to(context.anchors, signature, context.evidence)
    # 1.
    timestamps = tuple(judge_timestamp(t, context, materials) for t in signature.timestamps)
    # 2.
    over = [t for t in document_timestamps if signature.id in t.evidence.covers]
    proofs = [*timestamps, *over]
    used_at, proved = _best_signature_time(proofs, context.now)
    # 3.
    certificate, named = blocks.identify_signing_certificate(signature, _candidates(signature, materials, context))
    intact, crypto = blocks.verify_cryptographically(signature, certificate)
    steps = [Step("signing-certificate", tuple(named)), Step("cryptography", tuple(crypto))]
    path: tuple[Certificate, ...] = ()
    statuses: tuple[Status, ...] = ()
    if certificate is not None:
        verdict = blocks.validate_certificate(
            certificate, materials, context.trust.of_kind("signing"), context.policy,
            used_at=used_at, proved=proved, now=context.now, proofs=context.proofs,
            assumed_until=context.assumed_until, also=path_references.outside(signature, materials.pool),
        )  # fmt: skip
        path, statuses = verdict.path, verdict.statuses
        older = _older_answer(level, certificate, statuses, used_at) if proved else []
        steps.append(Step("certificate-path", (*verdict.findings, *older)))
        level = _upheld(level, signature, context, (*timestamps, *over), verdict, used_at)
    steps.append(Step("acceptance", tuple(blocks.accept_algorithms(signature, context.policy, used_at))))
    # 4.
    surroundings = _surroundings(signature, context)
    intact = intact and not any(f.code in _BREAKS_INTACT for f in surroundings)
    times = _time_findings(timestamps, over, context, proved=proved)
    times += _content_after(timestamps, used_at) if proved else []
    steps += [Step("format", tuple(surroundings)), Step("time", tuple(times))]
    login = bound(
        signature, context.authentications, trust=context.trust, pool=materials.pool, crls=materials.crls,
        ocsps=materials.ocsps, best_time=used_at, time_proved=proved, signer=certificate, at=context.now,
        policy=context.policy, proofs=context.proofs, assumed_until=context.assumed_until,
    )  # fmt: skip
    if login is not None:
        steps.append(Step("login", login.findings))
    wrong = any(found.severity == "error" for step in steps for found in step.findings)
    seals = [*over, *(t for t in timestamps if t.kind == "archive")]
    if missed := _missed(seals, matters=not proved and wrong):
        steps.append(Step("time", tuple(missed)))
    # 5.
    said = [found for step in steps for found in step.findings]
    if law := clauses.judged(signature, certificate, level, said, context.policy):
        steps.append(Step("policy", tuple(law)))
    ordered = in_order(found for step in steps for found in step.findings)
    indication, subindication = worst(ordered)
    return Conclusion(
        signature, indication, subindication, intact, certificate,
        subject_of(certificate) if certificate else None, path, used_at, proved, timestamps, login, ordered, statuses,
        level, tuple(steps),
    )  # fmt: skip


def _upheld(
    level: str,
    signature: SignatureEvidence,
    context: Context,
    stamps: Sequence[TimestampConclusion],
    verdict: blocks.CertificateVerdict,
    used_at: datetime,
) -> str:
    """The level without timestamps of nobody whom we trust and without answers that say nothing of the signer's path.

    Anybody can put such things into a file; a procedure or policy that demands a level means what can be relied on.
    Where the path cannot be relied on at all, the level stays what the structure says.
    """
    if not verdict.path or any(one.severity == "error" for one in verdict.findings):
        return level
    failed = frozenset(stamp.id for stamp in stamps if not (stamp.intact and stamp.path) or _observed_wrong(stamp))
    statuses = verdict.statuses
    if context.evidence.supplied and level.endswith(("-LT", "-LTA")):
        own = blocks.material(horizon.alone(context.evidence), signature)
        policy = context.policy
        demand = Demand(used_at, context.now, freshness=policy.freshness, weak=policy.weak_algorithms_allowed)
        statuses = statuses_of(verdict.path, demand, crls=own.crls, ocsps=own.ocsps, pool=own.pool)
    known = (status.state != "unknown" or one.ocsp_nocheck for one, status in zip(verdict.path, statuses, strict=False))
    return levels.upheld(level, signature, context.evidence, context.anchors, failed, answered=all(known))


def _observed_wrong(stamp: TimestampConclusion) -> bool:
    """Whether its reader saw something wrong with it, such as an index that names what is not there."""
    return any(finding(one).severity == "error" for one in stamp.evidence.observations)


def _candidates(signature: SignatureEvidence, materials: blocks.Material, context: Context) -> tuple[Certificate, ...]:
    """What may be the signing certificate: where the signature names it by its digest, also an anchor of ours."""
    if not signature.certificate_references:
        return materials.pool
    return (*materials.pool, *(anchor.certificate for anchor in context.trust.of_kind("signing")))


_BREAKS_INTACT = frozenset({"COVERAGE_FAILURE", "FORMAT_FAILURE"})


def worst(found: Sequence[Finding]) -> tuple[Indication, str | None]:
    """The indication and sub-indication of the gravest error; TOTAL-PASSED when there is none."""
    for indication in ("TOTAL-FAILED", "INDETERMINATE"):
        for reason in found:
            if reason.severity == "error" and reason.indication == indication:
                return reason.indication, reason.subindication
    return "TOTAL-PASSED", None


_NOT_OVER = frozenset({"content", "references"})
"""The kinds of timestamps that are not over the signature value."""


def _best_signature_time(proofs: Sequence[TimestampConclusion], now: datetime) -> tuple[datetime, bool]:
    """§5.5.4: the earliest time that a passed timestamp proves, otherwise the time of validation."""
    times = [t.time for t in proofs if t.indication == "PASSED" and t.time is not None and t.kind not in _NOT_OVER]
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
        found.append(finding("UNSIGNED_CONTENT", signature.id, what=_FILLED_AFTERWARDS))
    elif coverage.modifications == "form-fill":
        found.append(finding("FORM_FILLED_AFTER_SIGNING", signature.id, what=Text("form fields", "trường biểu mẫu")))
    elif _changed(coverage) and not any(f.code == "MODIFIED_AFTER_SIGNING" for f in found):
        found.append(finding("MODIFIED_AFTER_SIGNING", signature.id, what=coverage.modifications))
    return found


_FILLED_AFTERWARDS = Text("form fields filled after this signature", "trường biểu mẫu được điền sau chữ ký này")
_PROVED_TIME = Text("a proved signing time (a timestamp)", "thời điểm ký được chứng minh (dấu thời gian)")


def _changed(coverage: PdfCoverage) -> bool:
    return coverage.modifications in {"annotation", "undefined"} or not coverage.modifications_allowed


def _time_findings(
    timestamps: Sequence[TimestampConclusion], over: Sequence[TimestampConclusion], context: Context, *, proved: bool
) -> list[Finding]:
    """``timestamps`` are the signature's own, ``over`` the document timestamps over it."""
    found = [f for timestamp in (*timestamps, *over) for f in _contradicting(timestamp)]
    for timestamp in timestamps:
        # The status of the newest archive timestamp's authority comes into the file with the next one.
        wanting = not _waits(timestamp) or (proved and timestamp.kind != "archive")
        if timestamp.indication != "PASSED" and wanting:
            why: Text | str = next(
                (f.message for f in timestamp.findings if f.severity == "error"), timestamp.indication
            )
            found.append(finding("TIMESTAMP_INVALID", timestamp.id, why=why))
    if proved:
        return found
    found += [_waiting(timestamp) for timestamp in (*timestamps, *over[-1:]) if _waits(timestamp)]
    if context.policy.timestamp_required:
        return [*found, finding("SIG_CONSTRAINTS_FAILURE", None, what=_PROVED_TIME)]
    return [*found, finding("TIME_CLAIMED")]


def _contradicting(timestamp: TimestampConclusion) -> tuple[Finding, ...]:
    """§5.5.4: two timestamps that hold and contradict each other leave the signature without a time to judge it at."""
    errors = {found.code: found for found in timestamp.findings if found.severity == "error"}
    # An authority that has ended since said what it said.
    return (errors["TIMESTAMP_ORDER"],) if {"TIMESTAMP_ORDER"} <= errors.keys() <= _OF_TIME else ()


_OF_TIME = {"TIMESTAMP_ORDER", "OUT_OF_BOUNDS_NO_POE"}


def _content_after(timestamps: Sequence[TimestampConclusion], used_at: datetime) -> list[Finding]:
    """§5.5.4: a timestamp that was signed is older than any over the signature, or one of the two lies."""
    return [
        found
        for stamp in timestamps
        if stamp.kind == "content" and {f.code for f in stamp.findings if f.severity == "error"} <= _OF_TIME
        for found in _order(stamp.id, stamp.time, used_at)
    ]


def _waits(timestamp: TimestampConclusion) -> bool:
    """Whether only the status of its authority is wanting for it to hold."""
    errors = {found.code for found in timestamp.findings if found.severity == "error"}
    return timestamp.indication != "PASSED" and errors == {"STATUS_UNKNOWN"}


def _waiting(timestamp: TimestampConclusion) -> Finding:
    time = format_time(timestamp.time) if timestamp.time else "?"
    return finding("TIMESTAMP_WAITS_FOR_STATUS", timestamp.id, time=time, tsa=timestamp.tsa or "?")


def _older_answer(level: str, certificate: Certificate, statuses: Sequence[Status], used_at: datetime) -> list[Finding]:
    """§5.5.4: a level that promises validation data has an answer about the signer issued after the signature."""
    told = statuses[0].this_update if statuses and statuses[0].state == "good" else None
    if not level.endswith(("-LT", "-LTA", "-LTV")) or told is None or told >= used_at.replace(microsecond=0):
        return []
    subject = certificate.subject_text
    return [finding("STATUS_BEFORE_SIGNATURE", subject, subject=subject, time=format_time(told))]


def _missed(seals: Sequence[TimestampConclusion], *, matters: bool) -> list[Finding]:
    """Document and archive timestamps over a signature, none of which holds, the newest for want of a renewal."""
    if not seals or any(t.indication == "PASSED" for t in seals):
        return []
    why = next((f.message for f in seals[-1].findings if f.code == "OUT_OF_BOUNDS_NO_POE"), None)
    if why is None:
        return []
    missed = finding("RENEWAL_MISSED", seals[-1].id, why=why)
    return [missed if matters else as_warning(missed)]


def with_findings(conclusion: Conclusion, more: Sequence[Finding]) -> Conclusion:
    """``conclusion`` with further findings, its indication recomputed."""
    ordered = in_order((*conclusion.findings, *more))
    indication, subindication = worst(ordered)
    steps = (*conclusion.steps, Step("login", tuple(more)))
    return replace(conclusion, findings=ordered, indication=indication, subindication=subindication, steps=steps)
