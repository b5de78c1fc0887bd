"""From a certificate to an anchor of ours: path building and validation (RFC 5280 §6, RFC 9618, RFC 5937), pure.

The plan, whose numbers stand at the code (:mod:`eidkit.trust.building`):

1. Candidates for an issuer: our anchors and the pool, by name (RFC 5280 §7.1).  Key identifiers only order them.
2. A candidate counts only once its key has verified the signature below it; only then does the search descend.
3. Each certificate is judged as it joins: version, basic constraints, path length, key usage, extended usage,
   period, critical extensions, algorithms by date.  What breaks is a finding, so that the best path that failed
   can be shown with its reasons; a path without any error wins at once.
4. A path that reached an anchor is judged from there down: name constraints, certificate policies.
5. The anchor's own constraints bind too (RFC 5937), and so do its period and its sunset.  It need not be
   self-signed, and its own signature is never looked at: we chose it.
6. Bounds: depth, signature checks, steps, candidates, comparisons of names, paths whose revocation is asked about.
   At a bound the search ends and says so; it never passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError
from eidkit.findings import Finding, finding, in_order
from eidkit.trust.building import MAX_DEPTH, MAX_POOL, MAX_SIGNATURE_CHECKS, Search, malformed
from eidkit.trust.link import common_findings, leaf_findings, period_findings
from eidkit.trust.policies import ASKS_NOTHING, PolicyInputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.trust.store import Anchor
    from eidkit.trust.usage import Purpose

__all__ = ["MAX_DEPTH", "MAX_POOL", "MAX_SIGNATURE_CHECKS", "PathResult", "PolicyInputs", "find_path"]


@dataclass(frozen=True, slots=True)
class PathResult:
    """What was found: the path, leaf first and anchor last (empty: none), its anchor, and every reason.

    ``policies`` is the user-constrained policy set (RFC 5280 §6.1.6).  True exactly when there is a path and no error
    among the findings.
    """

    path: tuple[Certificate, ...]
    anchor: Anchor | None
    findings: tuple[Finding, ...]
    policies: frozenset[str] = frozenset()

    @property
    def ok(self) -> bool:
        """Whether the path holds."""
        return bool(self.path) and all(found.severity != "error" for found in self.findings)

    def __bool__(self) -> bool:
        return self.ok


def find_path(
    leaf: Certificate,
    *,
    pool: Iterable[Certificate],
    anchors: Sequence[Anchor],
    at: datetime,
    purpose: Purpose,
    leaf_period: bool = True,
    weak: frozenset[str] = frozenset(),
    policies: PolicyInputs = ASKS_NOTHING,
    also: Callable[[tuple[Certificate, ...]], Iterable[Finding]] | None = None,
) -> PathResult:
    """The best path from ``leaf`` to one of ``anchors``, valid at ``at`` for ``purpose``.

    ``pool`` holds candidate certificates from anywhere; being in it proves nothing.  ``leaf_period=False``
    leaves the leaf's own period to the caller (who may know better when the signature was made).  ``weak``
    names digests, kinds of keys and single sizes of them (``"sha1"``, ``"dsa"``, ``"rsa-1024"``) accepted whatever
    the date.  ``policies`` is what is asked of certificate policies.  ``also`` says what else speaks against a path
    (its revocation status): where it finds an error, another path is looked for.
    """
    if not anchors:
        return PathResult((), None, (finding("TRUST_EMPTY", leaf.sha256, kind=purpose),))
    search = Search(leaf, tuple(anchors), at, purpose, weak, policies, also)
    search.collect(pool)
    try:
        own = leaf_findings(leaf, purpose)
        if leaf_period:
            own += period_findings(leaf, at, is_leaf=True)
        own += common_findings(leaf, at, weak)
        search.start(tuple(own))
    except EidkitError as error:
        why = malformed(error)
        return PathResult((), None, (finding("CERTIFICATE_CHAIN_GENERAL_FAILURE", leaf.sha256, why=why),))
    if search.best is None:
        return PathResult((), None, in_order(search.reasons()))
    best = search.best
    found = (*best.findings, *search.ended()) if best.errors else best.findings
    return PathResult(best.path, best.anchor, in_order(found), best.policies)
