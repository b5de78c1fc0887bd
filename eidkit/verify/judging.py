"""``judge``: from Evidence to a Report.  A pure function: no network, no clock, no format, no parser of documents.

The same Evidence can be judged again for another date, trust or policy.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError, Text
from eidkit.findings import as_warning, finding, in_order
from eidkit.policy import ETSI_BASELINE, Policy
from eidkit.verify import archival, attesting, basic, horizon
from eidkit.verify.poe import Proofs
from eidkit.verify.report import WORST_FIRST, Conclusion, Report, TimestampConclusion, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from eidkit.binding.authentication import Authentication
    from eidkit.findings import Finding
    from eidkit.trust.store import TrustStore
    from eidkit.verify.evidence import Evidence

_TOKEN_ORDER: tuple[Verdict, ...] = ("FAILED", "INDETERMINATE", "PASSED")


def judge(
    evidence: Evidence,
    trust: TrustStore,
    policy: Policy = ETSI_BASELINE,
    *,
    at: datetime,
    authentications: Sequence[Authentication] = (),
) -> Report:
    """The Report on ``evidence`` as of ``at``, under ``policy`` and the anchors in ``trust``.

    ``at`` stands for the present (with a time zone); it proves nothing about when anything was signed.
    ``authentications`` are the records that signatures may be bound to (binding.md §6).
    """
    at = checked_moment(at)
    context = basic.Context(evidence, trust, policy, at, Proofs(at), tuple(authentications))
    return concluded(context)


def checked_moment(at: datetime) -> datetime:
    """``at``, refused when it has no zone, because it would mean another moment elsewhere."""
    if at.tzinfo is None:
        raise EidkitError(
            "time-naive",
            Text("at= is a time without a zone", "at= là thời điểm không có múi giờ"),
            Text("add tzinfo=datetime.UTC", "thêm tzinfo=datetime.UTC"),
        )
    return at


def looking_ahead(context: basic.Context) -> Callable[[datetime], Report]:
    """The Report as it would be at a later moment, on what the document itself holds; each moment is judged once.

    What this rests on: :mod:`eidkit.verify.horizon`.
    """
    alone = replace(context, evidence=horizon.alone(context.evidence), assumed=True)
    return cache(lambda at: concluded(replace(alone, now=at, proofs=Proofs(at))))


def provable_until(context: basic.Context) -> datetime | None:
    """How long the verdict holds, by judging again for later dates."""
    ahead = looking_ahead(context)
    return horizon.provable_until(context.evidence, context.trust, context.now, lambda at: bool(ahead(at)))


def concluded(context: basic.Context) -> Report:
    """The Report on what ``context`` holds; an attestation of its Evidence, when there is one, is judged first."""
    beginning, evidence, trust = context, context.evidence, context.trust
    attested, said = attesting.vouched(context)
    if attested:
        context = replace(context, evidence=replace(evidence, document_seen=True))
    timestamps, conclusions = archival.judged(context)
    if not context.evidence.document_seen and not evidence.signatures:
        timestamps = tuple(_unseen(timestamp) for timestamp in timestamps)
    findings = in_order(
        [finding(observation) for observation in evidence.observations] + _of_the_whole(evidence, trust) + said
    )
    return Report(
        evidence.name, evidence.sha256, evidence.format, evidence.document_seen,
        _verdict(conclusions, timestamps, findings), context.policy, context.now, conclusions, timestamps, findings,
        beginning,
    )  # fmt: skip


def _unseen(timestamp: TimestampConclusion) -> TimestampConclusion:
    """A timestamp that is all there is, where what it covers was not seen: only the file can show that imprint."""
    if timestamp.indication != "PASSED":
        return timestamp
    missing = finding("DOCUMENT_NOT_SEEN", timestamp.id)
    return replace(
        timestamp, indication="INDETERMINATE", subindication=missing.subindication,
        findings=in_order((*timestamp.findings, missing)),
    )  # fmt: skip


def _of_the_whole(evidence: Evidence, trust: TrustStore) -> list[Finding]:
    found = []
    if not evidence.signatures and not evidence.timestamps:
        found.append(finding("NO_SIGNATURE"))
    if evidence.signatures and not trust.of_kind("signing"):
        found.append(finding("TRUST_EMPTY", None, kind="signing"))
    stamped = bool(evidence.timestamps) or any(s.timestamps for s in evidence.signatures)
    if stamped and not trust.of_kind("timestamping"):
        found.append(as_warning(finding("TRUST_EMPTY", None, kind="timestamping")))
    return found


def _verdict(
    conclusions: Sequence[Conclusion], timestamps: Sequence[TimestampConclusion], findings: Sequence[Finding]
) -> Verdict:
    """The worst signature's; of the document itself when that is worse; a bare token has its own words."""
    if conclusions:
        reached: set[str] = {c.indication for c in conclusions}
        reached |= {f.indication for f in findings if f.severity == "error" and f.indication}
        return next(verdict for verdict in WORST_FIRST if verdict in reached)
    if timestamps:
        return next(verdict for verdict in _TOKEN_ORDER if verdict in {t.indication for t in timestamps})
    return "NO-SIGNATURE"
