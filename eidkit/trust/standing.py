"""What revocation answers say of a whole path, as findings: one judgement for signatures and for timestamps.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from eidkit.canonical import format_time
from eidkit.findings import Finding, as_warning, finding
from eidkit.trust.path import find_path
from eidkit.trust.revocation import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from eidkit.asn1.certificate import Certificate
    from eidkit.trust.path import PathResult
    from eidkit.trust.revocation import Status
    from eidkit.trust.store import Anchor
    from eidkit.trust.usage import Purpose


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the status of each certificate of a path.

    ``at``: the time that it is asked for; ``now``: the present, from whose future no answer is believed.
    ``harmless_after``: a revocation or hold that begins later does no harm (None: every one counts).  ``used_at``:
    when the leaf's key was used, proved; a leaf revoked by then has failed, and is not merely unproved (EN 319 102-1
    §5.2.6).  ``unknown``: what a status is that cannot be known.  ``assumed_until``: what is not known counts as good
    for certificates that end later, because it can still be asked for (None: for none).  ``freshness`` and ``weak`` as
    in :func:`eidkit.trust.revocation.status_of`.
    """

    at: datetime
    now: datetime
    harmless_after: datetime | None = None
    used_at: datetime | None = None
    unknown: Literal["error", "warning", "ignored"] = "error"
    assumed_until: datetime | None = None
    freshness: timedelta | None = None
    weak: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """A path, the status of each certificate on it but the anchor, and why these do not let it be relied on."""

    result: PathResult
    statuses: tuple[Status, ...]
    findings: tuple[Finding, ...]


def standing_path(
    leaf: Certificate,
    demand: Demand,
    *,
    pool: Sequence[Certificate],
    anchors: Sequence[Anchor],
    purpose: Purpose,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    also: Callable[[tuple[Certificate, ...]], tuple[Finding, ...]] | None = None,
) -> Standing:
    """The best path from ``leaf``, with its statuses; the leaf's own period is left to the caller.

    Where the status of a certificate speaks against the path, another is looked for (a cross-certificate, a renewed
    authority); without one, the first is the answer.  So it is with what is ``also`` found of a path.
    """

    def spoken(path: tuple[Certificate, ...]) -> tuple[tuple[Status, ...], tuple[Finding, ...]]:
        statuses = statuses_of(path, demand, crls=crls, ocsps=ocsps, pool=pool)
        return statuses, (*standing(path, statuses, demand), *(also(path) if also else ()))

    search = partial(
        find_path,
        leaf,
        pool=pool,
        anchors=anchors,
        at=demand.at,
        purpose=purpose,
        leaf_period=False,
        weak=demand.weak,
    )
    first = search()
    statuses, found = spoken(first.path)
    if first.ok and any(one.severity == "error" for one in found):
        other = search(also=lambda path: spoken(path)[1])
        if other.ok:
            return Standing(other, *spoken(other.path))
    return Standing(first, statuses, found)


def statuses_of(
    path: Sequence[Certificate],
    demand: Demand,
    *,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    pool: Sequence[Certificate] = (),
) -> tuple[Status, ...]:
    """The status of each certificate of ``path`` (leaf first, anchor last; already verified), without the anchor's.

    ``pool``: where others who sign CRLs and OCSP answers for the issuers may be found.
    """
    return tuple(
        status_on(path, position, demand, crls=crls, ocsps=ocsps, pool=pool) for position in range(len(path) - 1)
    )


def status_on(
    path: Sequence[Certificate],
    position: int,
    demand: Demand,
    *,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    pool: Sequence[Certificate] = (),
) -> Status:
    """The status of one certificate of ``path``; all as in :func:`statuses_of`."""
    return status_of(
        path[position],
        path[position + 1],
        above=path[position + 2 :],
        pool=pool,
        crls=crls,
        ocsps=ocsps,
        at=demand.at,
        now=demand.now,
        freshness=demand.freshness,
        weak=demand.weak,
    )


def standing(path: Sequence[Certificate], statuses: Sequence[Status], demand: Demand) -> list[Finding]:
    """Why ``path`` may not be relied on for want of a good status, by the ``statuses`` of its certificates.

    TRY_LATER where every answer that is wanting is there and only too old; without any answer about one of the
    certificates its path fails for a reason of no name of its own (EN 319 102-1 §5.2.6.4, 4) a) and e)).
    """
    later = all(status.aged for status in statuses if status.state == "unknown")
    return [
        found
        for position, (certificate, status) in enumerate(zip(path, statuses, strict=False))
        for found in _findings(certificate, status, demand, is_leaf=position == 0, later=later)
    ]


def _findings(certificate: Certificate, status: Status, demand: Demand, *, is_leaf: bool, later: bool) -> list[Finding]:
    if status.state == "good" or _harmless(status, demand):
        return []
    who = certificate.subject_text
    if status.state == "hold":
        return [finding("ON_HOLD", who, subject=who)]
    if status.state == "revoked":
        return _revoked(who, status.revoked_at, demand, is_leaf=is_leaf)
    assumed = demand.assumed_until is not None and demand.assumed_until < certificate.not_after
    if demand.unknown == "ignored" or assumed:
        return []
    unknown = finding("STATUS_UNKNOWN", who, subject=who, why=status.why)
    unknown = replace(unknown, subindication="TRY_LATER") if later else unknown
    told = unknown if demand.unknown == "error" else as_warning(unknown)
    return [told, *(finding(observation) for observation in status.observations)]


def _harmless(status: Status, demand: Demand) -> bool:
    """Whether a revocation or a hold begins after what it could harm (EN 319 102-1 §5.5.4, 4) a) and 7) a))."""
    since, after = status.revoked_at, demand.harmless_after
    return since is not None and after is not None and after < since


def _revoked(who: str, since: datetime | None, demand: Demand, *, is_leaf: bool) -> list[Finding]:
    code = "REVOKED_NO_POE" if is_leaf else "REVOKED_CA_NO_POE"
    if is_leaf and since is not None and demand.used_at is not None and since <= demand.used_at:
        code = "REVOKED"
    return [finding(code, who, subject=who, time=format_time(since) if since else "?")]
