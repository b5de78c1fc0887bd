"""From a certificate to an anchor of ours: path building and validation (RFC 5280 §6, RFC 5937), pure.

The plan, whose numbers stand at the code:

1. Candidates for an issuer: our anchors and the pool, by name (RFC 5280 §7.1).  Key identifiers only order them.
2. A candidate counts only once its key has verified the signature below it; only then does the search descend.
3. Each certificate is judged as it joins: version, basic constraints, path length, key usage, extended usage,
   period, critical extensions, algorithms by date.  What breaks is a finding, so that the best path that failed
   can be shown with its reasons; a path without any error wins at once.
4. What this engine does not do is refused by name wherever it stands: name constraints, policy mappings, policy
   constraints, inhibit-any-policy when critical, critical extensions it does not know.
5. The anchor's own constraints bind too (RFC 5937), and so do its period and its sunset.  It need not be
   self-signed, and its own signature is never looked at: we chose it.
6. Bounds: depth, signature checks, candidates.  At a bound the search ends and says so; it never passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1 import name
from eidkit.asn1.certificate import Certificate, verify_issued
from eidkit.errors import EidkitError, Text
from eidkit.findings import Finding, finding, in_order
from eidkit.trust.link import authority_findings, common_findings, leaf_findings, period_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from eidkit.trust.store import Anchor
    from eidkit.trust.usage import Purpose

MAX_DEPTH = 10
MAX_SIGNATURE_CHECKS = 100
MAX_POOL = 1_000
_USUAL_BITS = {"rsa": 4096, "ec": 256, "ed25519": 256}
_UNUSUAL_EFFORT = 8


@dataclass(frozen=True, slots=True)
class PathResult:
    """What was found: the path, leaf first and anchor last (empty: none), its anchor, and every reason.

    True exactly when there is a path and no error among the findings.
    """

    path: tuple[Certificate, ...]
    anchor: Anchor | None
    findings: tuple[Finding, ...]

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
) -> PathResult:
    """The best path from ``leaf`` to one of ``anchors``, valid at ``at`` for ``purpose``.

    ``pool`` holds candidate certificates from anywhere; being in it proves nothing.  ``leaf_period=False``
    leaves the leaf's own period to the caller (who may know better when the signature was made).  ``weak``
    names digests and key kinds (``"sha1"``, ``"dsa"``, ``"rsa"``) accepted whatever the date.
    """
    if not anchors:
        return PathResult((), None, (finding("TRUST_EMPTY", leaf.sha256, kind=purpose),))
    search = _Search(leaf, tuple(anchors), at, purpose, weak)
    search.collect(pool)
    try:
        own = leaf_findings(leaf, purpose)
        if leaf_period:
            own += period_findings(leaf, at, is_leaf=True)
        own += common_findings(leaf, at, weak)
        search.start(tuple(own))
    except EidkitError as error:
        why = _malformed(error)
        return PathResult((), None, (finding("CERTIFICATE_CHAIN_GENERAL_FAILURE", leaf.sha256, why=why),))
    return search.result()


@dataclass(slots=True)
class _Search:
    """One search.  ``best`` is the path with the fewest errors so far."""

    leaf: Certificate
    anchors: tuple[Anchor, ...]
    at: datetime
    purpose: Purpose
    weak: frozenset[str]
    pool: tuple[Certificate, ...] = ()
    checks: int = 0
    exhausted: str | None = None
    best: tuple[tuple[Certificate, ...], Anchor, tuple[Finding, ...]] | None = None
    refused: list[Finding] = field(default_factory=list)

    def collect(self, pool: Iterable[Certificate]) -> None:
        seen: dict[Certificate, None] = {}
        for certificate in pool:
            if len(seen) >= MAX_POOL:
                self.exhausted = f"more than {MAX_POOL} candidate certificates"
                break
            seen[certificate] = None
        self.pool = tuple(seen)

    def start(self, own: tuple[Finding, ...]) -> None:
        """Begin with the leaf and its own findings; it may itself be an anchor (a pinned certificate)."""
        self.refused.extend(own)
        for anchor in self.anchors:
            if anchor.certificate == self.leaf:
                self._complete((self.leaf,), anchor, own + tuple(_sunset(anchor, self.at)))
        if not self._settled():
            self._climb((self.leaf,), own)

    def _settled(self) -> bool:
        return self.best is not None and not _errors(self.best[2])

    def _climb(self, path: tuple[Certificate, ...], found: tuple[Finding, ...]) -> None:
        for candidate, anchor, own in self._candidates(path):
            if self._settled() or self.checks >= MAX_SIGNATURE_CHECKS:
                break
            self.checks += _effort(candidate)
            if not verify_issued(path[-1], candidate):  # (2)
                self.refused.extend(reason for reason in own if reason.code == "NOT_SUPPORTED")
                continue
            if anchor is not None:
                self._complete((*path, candidate), anchor, found + own)
            elif len(path) < MAX_DEPTH:
                self._climb((*path, candidate), found + own)
            else:
                self.exhausted = f"more than {MAX_DEPTH} certificates"
        if self.checks >= MAX_SIGNATURE_CHECKS and not self._settled():  # (6)
            self.exhausted = f"more than {MAX_SIGNATURE_CHECKS} signature checks"

    def _candidates(
        self, path: tuple[Certificate, ...]
    ) -> list[tuple[Certificate, Anchor | None, tuple[Finding, ...]]]:
        """(1) Everything named as the issuer, most promising first, each with what is wrong with it (3)."""
        below = path[-1]
        wanted, identifier = below.issuer, below.authority_key_identifier
        ranked: list[tuple[int, int, bool, int, Certificate, Anchor | None, tuple[Finding, ...]]] = []
        anchored = {anchor.certificate for anchor in self.anchors}
        offered: list[tuple[Certificate, Anchor | None]] = [(anchor.certificate, anchor) for anchor in self.anchors]
        offered += [(certificate, None) for certificate in self.pool if certificate not in anchored]
        for certificate, anchor in offered:
            try:
                if certificate in path or not name.same(certificate.subject, wanted):
                    continue
                found = self._judged(certificate, anchor, path)
                rank = _identifier_rank(identifier, certificate.subject_key_identifier)
            except EidkitError as error:
                why = _malformed(error)
                self.refused.append(finding("CERTIFICATE_CHAIN_GENERAL_FAILURE", certificate.sha256, why=why))
                continue
            ranked.append((len(_errors(found)), rank, anchor is None, len(ranked), certificate, anchor, found))
        ranked.sort(key=lambda entry: entry[:4])
        return [(certificate, anchor, found) for *_, certificate, anchor, found in ranked]

    def _judged(
        self, certificate: Certificate, anchor: Anchor | None, path: tuple[Certificate, ...]
    ) -> tuple[Finding, ...]:
        """(3)–(5) What is wrong with ``certificate`` as the issuer above ``path``."""
        between = sum(not below.self_issued for below in path[1:])
        found = authority_findings(certificate, between, self.purpose, is_anchor=anchor is not None)
        found += period_findings(certificate, self.at, is_leaf=False)
        found += common_findings(certificate, self.at, self.weak, is_anchor=anchor is not None)
        if anchor is not None:
            found += _sunset(anchor, self.at)
        return tuple(found)

    def _complete(self, path: tuple[Certificate, ...], anchor: Anchor, found: tuple[Finding, ...]) -> None:
        if self.best is None or len(_errors(found)) < len(_errors(self.best[2])):
            self.best = (path, anchor, found)

    def result(self) -> PathResult:
        """The best path; without one, why there is none."""
        if self.best is not None:
            path, anchor, found = self.best
            return PathResult(path, anchor, in_order(found))
        missing = finding("NO_CERTIFICATE_CHAIN_FOUND", self.leaf.sha256, subject=self.leaf.subject_text)
        reasons = list(self.refused)
        if self.exhausted is not None:
            why = f"the search was ended at its bound, {self.exhausted}"
            reasons.append(finding("CERTIFICATE_CHAIN_GENERAL_FAILURE", self.leaf.sha256, why=why))
        return PathResult((), None, in_order((missing, *reasons)))


def _errors(found: Iterable[Finding]) -> list[Finding]:
    return [each for each in found if each.severity == "error"]


def _effort(issuer: Certificate) -> int:
    """How many signature checks one check by this key counts for: unusual keys take ten times as long and more."""
    try:
        kind, bits = algorithms.key_kind(issuer.public_key())
    except EidkitError:
        return 1  # it verifies nothing
    return 1 if bits <= _USUAL_BITS.get(kind, 0) else _UNUSUAL_EFFORT


def _malformed(error: EidkitError) -> Text:
    return Text(f"the certificate is malformed ({error.problem.en})", f"chứng thư sai cấu trúc ({error.problem.vi})")


def _identifier_rank(wanted: bytes | None, offered: bytes | None) -> int:
    if wanted is None or offered is None:
        return 1
    return 0 if wanted == offered else 2


def _sunset(anchor: Anchor, at: datetime) -> list[Finding]:
    """(5) The date that we ourselves put on an anchor."""
    if anchor.sunset is None or at < anchor.sunset:
        return []
    root, day = anchor.certificate.subject_text, f"{anchor.sunset:%Y-%m-%d}"
    why = Text(
        f"the trusted root {root} is not trusted from {day} on", f"gốc tin cậy {root} không còn được tin cậy từ {day}"
    )
    return [finding("CHAIN_CONSTRAINTS_FAILURE", anchor.certificate.sha256, why=why)]
