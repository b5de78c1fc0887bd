"""What revocation answers say of a whole path, as findings: one judgement for signatures and for timestamps.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from eidkit.canonical import format_time
from eidkit.findings import Finding, as_warning, finding
from eidkit.trust.revocation import status_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from eidkit.asn1.certificate import Certificate
    from eidkit.trust.revocation import Status


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the status of each certificate of a path.

    ``at``: the time that it is asked for; ``now``: the present, from whose future no answer is believed.
    ``harmless_after``: a revocation that begins later does no harm (None: every one counts).  ``used_at``: when the
    leaf's key was used, proved; a leaf revoked by then has failed, and is not merely unproved (EN 319 102-1 §5.2.6).
    ``unknown``: what a status is that cannot be known.  ``freshness`` and ``weak`` as in
    :func:`eidkit.trust.revocation.status_of`.
    """

    at: datetime
    now: datetime
    harmless_after: datetime | None = None
    used_at: datetime | None = None
    unknown: Literal["error", "warning", "ignored"] = "error"
    freshness: timedelta | None = None
    weak: frozenset[str] = frozenset()


def standing(
    path: Sequence[Certificate], demand: Demand, *, crls: Sequence[bytes], ocsps: Sequence[bytes]
) -> list[Finding]:
    """Why ``path`` (leaf first, anchor last; already verified) may not be relied on for want of a good status."""
    found: list[Finding] = []
    for position, (certificate, issuer) in enumerate(pairwise(path)):
        status = status_of(
            certificate,
            issuer,
            crls=crls,
            ocsps=ocsps,
            at=demand.at,
            now=demand.now,
            freshness=demand.freshness,
            weak=demand.weak,
        )
        found += _findings(certificate, status, demand, is_leaf=position == 0)
    return found


def _findings(certificate: Certificate, status: Status, demand: Demand, *, is_leaf: bool) -> list[Finding]:
    who = certificate.subject_text
    if status.state == "good":
        return []
    if status.state == "hold":
        return [finding("ON_HOLD", who, subject=who)]
    if status.state == "revoked":
        return _revoked(who, status.revoked_at, demand, is_leaf=is_leaf)
    if demand.unknown == "ignored":
        return []
    unknown = finding("STATUS_UNKNOWN", who, subject=who, why=status.why)
    told = unknown if demand.unknown == "error" else as_warning(unknown)
    return [told, *(finding(observation) for observation in status.observations)]


def _revoked(who: str, since: datetime | None, demand: Demand, *, is_leaf: bool) -> list[Finding]:
    if since is not None and demand.harmless_after is not None and demand.harmless_after < since:
        return []
    code = "REVOKED_NO_POE" if is_leaf else "REVOKED_CA_NO_POE"
    if is_leaf and since is not None and demand.used_at is not None and since <= demand.used_at:
        code = "REVOKED"
    return [finding(code, who, subject=who, time=format_time(since) if since else "?")]
