"""Document and archive timestamps, walked from the newest to the oldest (EN 319 102-1 V1.4.1 §5.6.3).

The archive timestamps of signatures prove what they list; their conclusions come with their signature's.

1. The newest is judged at present.  What holds proves that everything in the revision it covers existed at its time.
2. Each older one that no longer holds at present is judged as of the time at which a newer one proves that it existed.
3. One that does not hold proves nothing.

Pure: Evidence in, conclusions and proofs of existence out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError
from eidkit.timestamps import token as tokens
from eidkit.verify import blocks
from eidkit.verify.basic import Context, judge_signature, judge_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.verify.evidence import TimestampEvidence
    from eidkit.verify.poe import Proofs
    from eidkit.verify.report import Conclusion, TimestampConclusion


def judged(context: Context) -> tuple[tuple[TimestampConclusion, ...], tuple[Conclusion, ...]]:
    """Document timestamps, newest to oldest (§5.6.3); then each signature, by the process that suits what it has."""
    timestamps, proofs = walked(context)
    context = replace(context, proofs=proofs)
    conclusions: list[Conclusion] = []
    archives: list[TimestampConclusion] = []  # each signature stands before those that stand inside it
    for signature in context.evidence.signatures:
        conclusions.append(judge_signature(signature, context, (*timestamps, *archives)))
        archives += (stamp for stamp in conclusions[-1].timestamps if stamp.kind == "archive")
    return timestamps, tuple(conclusions)


def walked(context: Context) -> tuple[tuple[TimestampConclusion, ...], Proofs]:
    """The conclusions on the document timestamps, oldest first, and what those that hold prove."""
    materials = blocks.material(context.evidence)
    proofs = _archived(context)
    found: list[TimestampConclusion] = []
    for timestamp in reversed(context.evidence.timestamps):
        conclusion = judge_timestamp(timestamp, replace(context, proofs=proofs), materials)
        found.append(conclusion)
        if conclusion.indication == "PASSED" and conclusion.time is not None:
            proofs = proofs.extended(timestamp.holds, conclusion.time)
    return tuple(reversed(found)), proofs


def _archived(context: Context) -> Proofs:
    """What the archive timestamps inside signatures prove, those with the latest times first."""
    proofs = context.proofs
    archives = [
        (timestamp, signature)
        for signature in context.evidence.signatures
        for timestamp in signature.timestamps
        if timestamp.kind in {"archive", "references"} and timestamp.holds
    ]
    materials = {signature.id: blocks.material(context.evidence, signature) for _, signature in archives}
    for timestamp, signature in sorted(archives, key=lambda one: _claimed(one[0], context), reverse=True):
        conclusion = judge_timestamp(timestamp, replace(context, proofs=proofs), materials[signature.id])
        if conclusion.indication == "PASSED" and conclusion.time is not None:
            proofs = proofs.extended(timestamp.holds, conclusion.time)
    return proofs


def _claimed(timestamp: TimestampEvidence, context: Context) -> datetime:
    """The time that a token claims, which orders it; one that cannot be read comes first and proves nothing."""
    try:
        return tokens.read(timestamp.token)[1].time
    except EidkitError:
        return context.now
