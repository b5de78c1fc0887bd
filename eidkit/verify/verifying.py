"""``verify``: collect, complete and judge in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.policy import ETSI_BASELINE, Policy
from eidkit.verify.collecting import collect
from eidkit.verify.completing import complete
from eidkit.verify.judging import judge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.binding.authentication import Authentication
    from eidkit.document import Document
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore
    from eidkit.verify.report import Report


def verify(
    document: Document,
    trust: TrustStore,
    *,
    sources: Sources | None = None,
    policy: Policy = ETSI_BASELINE,
    at: datetime | None = None,
    authentications: Sequence[Authentication] = (),
    detached: Document | Sequence[Document] = (),
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Report:
    """The Report on ``document``: every signature judged, every reason given; ``bool(report)`` is the verdict.

    Nothing is trusted but the anchors in ``trust``, and no socket is opened unless ``sources`` holds one.
    ``at`` (with a time zone) replaces the present and proves nothing.  ``authentications`` are the records of
    logins that signatures may be bound to; ``detached`` are contents beside the
    document (of a bare timestamp token, of an XML signature's references).  Raises
    :class:`eidkit.errors.DocumentError` only for what cannot be read at all.
    """
    now = at or clock.now()
    evidence = complete(collect(document, detached=detached), trust, sources, at=now, transport=transport, clock=clock)
    return judge(evidence, trust, policy, at=now, authentications=authentications)
