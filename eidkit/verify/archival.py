"""Document timestamps, walked from the newest to the oldest (EN 319 102-1 V1.4.1 §5.6.3).

1. The newest is judged at present.  What holds proves that everything in the revision it covers existed at its time.
2. Each older one that no longer holds at present is judged as of the time at which a newer one proves that it existed.
3. One that does not hold proves nothing.

Pure: Evidence in, conclusions and proofs of existence out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eidkit.verify import blocks
from eidkit.verify.basic import Context, judge_timestamp

if TYPE_CHECKING:
    from eidkit.verify.poe import Proofs
    from eidkit.verify.report import TimestampConclusion


def walked(context: Context) -> tuple[tuple[TimestampConclusion, ...], Proofs]:
    """The conclusions on the document timestamps, oldest first, and what those that hold prove."""
    materials = blocks.material(context.evidence)
    proofs = context.proofs
    found: list[TimestampConclusion] = []
    for timestamp in reversed(context.evidence.timestamps):
        conclusion = judge_timestamp(timestamp, replace(context, proofs=proofs), materials)
        found.append(conclusion)
        if conclusion.indication == "PASSED" and conclusion.time is not None:
            proofs = proofs.extended(timestamp.holds, conclusion.time)
    return tuple(reversed(found)), proofs
