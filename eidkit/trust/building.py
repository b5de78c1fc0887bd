"""The search for a path: every way from a certificate up to an anchor, most promising first, within bounds.

The numbers are those of the plan in :mod:`eidkit.trust.path`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1.certificate import Certificate, verify_issued
from eidkit.errors import EidkitError, Text
from eidkit.findings import Finding, finding
from eidkit.trust import name_constraints, policies
from eidkit.trust.link import authority_findings, common_findings, key_findings, period_findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from eidkit.trust.policies import PolicyInputs
    from eidkit.trust.store import Anchor
    from eidkit.trust.usage import Purpose

MAX_DEPTH = 10
MAX_SIGNATURE_CHECKS = 100
MAX_POOL = 1_000
MAX_STEPS = 1_000
MAX_LOOKS = 10_000
MAX_WHOLE_PATHS = 100
MAX_ALTERNATIVES = 8
_USUAL_BITS = {"rsa": 4096, "ec": 256, "ed25519": 256}
_UNUSUAL_EFFORT = 8

Path = tuple[Certificate, ...]
Reasons = tuple[Finding, ...]
_Offer = tuple[Certificate, "Anchor | None", int]
_Candidate = tuple[Certificate, "Anchor | None", int, Reasons]


@dataclass(frozen=True, slots=True)
class Found:
    """One whole path with everything that speaks against it, and the policies that hold on it."""

    path: Path
    anchor: Anchor
    findings: Reasons
    errors: int
    policies: frozenset[str]


@dataclass(slots=True)
class Search:
    """One search.  ``best`` is the path with the fewest errors so far."""

    leaf: Certificate
    anchors: tuple[Anchor, ...]
    at: datetime
    purpose: Purpose
    weak: frozenset[str]
    inputs: PolicyInputs
    also: Callable[[Path], Iterable[Finding]] | None = None
    """What else speaks against a path that holds so far (revocation); asked of a few paths only."""
    checks: int = 0
    steps: int = 0
    looks: int = 0
    whole: int = 0
    asked: int = 0
    exhausted: str | None = None
    best: Found | None = None
    refused: list[Finding] = field(default_factory=list)
    comparisons: name_constraints.Effort = field(default_factory=name_constraints.Effort)
    _by_subject: dict[object, list[_Offer]] = field(default_factory=dict)
    _authorities: dict[tuple[bytes, object], int] = field(default_factory=dict)
    """Name and key → a small number: a path that meets one twice goes in a circle (RFC 4158 §2.4.2)."""
    _links: dict[tuple[str, bytes], bool] = field(default_factory=dict)
    _judgements: dict[tuple[str, int], Reasons] = field(default_factory=dict)

    def collect(self, pool: Iterable[Certificate]) -> None:
        """(1) Put the anchors, and what else is offered, under their subjects; malformed names stand for themselves."""
        seen = {anchor.certificate.sha256 for anchor in self.anchors}
        most = len(seen) + MAX_POOL
        for anchor in self.anchors:
            self._offer(anchor.certificate, anchor)
        for certificate in pool:
            if certificate.sha256 in seen:
                continue
            if len(seen) >= most:
                self.exhausted = f"more than {MAX_POOL} candidate certificates"
                break
            seen.add(certificate.sha256)
            self._offer(certificate, None)

    def _offer(self, certificate: Certificate, anchor: Anchor | None) -> None:
        offer = certificate, anchor, self._authority(certificate)
        self._by_subject.setdefault(certificate.subject_key, []).append(offer)

    def _authority(self, certificate: Certificate) -> int:
        return self._authorities.setdefault((certificate.spki, certificate.subject_key), len(self._authorities))

    def start(self, own: Reasons) -> None:
        """Begin with the leaf and its own findings; it may itself be an anchor (a pinned certificate)."""
        self.refused.extend(own)
        for anchor in self.anchors:
            if anchor.certificate == self.leaf:
                self._complete((self.leaf,), anchor, own + tuple(_sunset(anchor, self.at)))
        if not self._settled():
            keys = {key for key, _ in self._authorities}
            # only an authority can be met again: the name of a leaf need not be read
            self._climb((self.leaf,), (self._authority(self.leaf),) if self.leaf.spki in keys else (), own)

    def _settled(self) -> bool:
        return self.best is not None and not self.best.errors

    def _spent(self) -> bool:
        """(6) Whether a bound was reached; the first one is noted."""
        for count, bound, what in (
            (self.checks, MAX_SIGNATURE_CHECKS, "signature checks"),
            (self.steps, MAX_STEPS, "steps"),
            (self.looks, MAX_LOOKS, "looks at candidates"),
            (self.whole, MAX_WHOLE_PATHS, "whole paths"),
            (self.asked, MAX_ALTERNATIVES, "paths whose status is asked"),
        ):
            if count >= bound:
                self.exhausted = self.exhausted or f"more than {bound} {what}"
                return True
        return False

    def _climb(self, path: Path, met: tuple[int, ...], found: Reasons) -> None:
        for candidate, anchor, authority, own in self._candidates(path, met):
            if self._settled() or self._spent():
                break
            self.steps += 1
            if not self._issued(path[-1], candidate):  # (2)
                self.refused.extend(reason for reason in own if reason.code == "NOT_SUPPORTED")
            elif anchor is not None:
                self._complete((*path, candidate), anchor, found + own)
            elif len(path) < MAX_DEPTH:
                self._climb((*path, candidate), (*met, authority), found + own)
            else:
                self.exhausted = f"more than {MAX_DEPTH} certificates"

    def _issued(self, below: Certificate, issuer: Certificate) -> bool:
        """(2) Whether the issuer's key signed what is below it; asked once per key."""
        link = (below.sha256, issuer.spki)
        holds = self._links.get(link)
        if holds is None:
            self.checks += _effort(issuer)
            holds = self._links[link] = verify_issued(below, issuer)
        return holds

    def _candidates(self, path: Path, met: tuple[int, ...]) -> list[_Candidate]:
        """(1) Everything named as the issuer, most promising first, each with what is wrong with it (3)."""
        below = path[-1]
        offered = self._by_subject.get(below.issuer_key, ())
        if not offered:
            return []
        self.looks += len(offered)
        ranked: list[tuple[tuple[int, int, bool, int], _Candidate]] = []
        for number, (certificate, anchor, authority) in enumerate(offered):
            if authority in met and (anchor is None or certificate in path):
                continue
            try:
                found = self._judged(certificate, anchor, path)
                rank = _identifier_rank(below.authority_key_identifier, certificate.subject_key_identifier)
            except EidkitError as error:
                why = malformed(error)
                self.refused.append(finding("CERTIFICATE_CHAIN_GENERAL_FAILURE", certificate.sha256, why=why))
                continue
            order = (_errors(found), rank, anchor is None, number)
            ranked.append((order, (certificate, anchor, authority, found)))
        if len(ranked) > 1:
            ranked.sort(key=lambda entry: entry[0])
        return [candidate for _, candidate in ranked]

    def _judged(self, certificate: Certificate, anchor: Anchor | None, path: Path) -> Reasons:
        """(3)–(5) What is wrong with ``certificate`` as the issuer above ``path``."""
        if anchor is not None and not anchor.constrained:
            return (*key_findings(certificate, self.at, self.weak), *_sunset(anchor, self.at))
        between = sum(not below.self_issued for below in path[1:]) if len(path) > 1 else 0
        if anchor is not None:
            return (*self._judge(certificate, between, is_anchor=True), *_sunset(anchor, self.at))
        known = self._judgements.get((certificate.sha256, between))
        if known is None:
            known = self._judgements[certificate.sha256, between] = self._judge(certificate, between, is_anchor=False)
        return known

    def _judge(self, certificate: Certificate, between: int, *, is_anchor: bool) -> Reasons:
        found = authority_findings(certificate, between, self.purpose, is_anchor=is_anchor)
        found += period_findings(certificate, self.at, is_leaf=False)
        found += common_findings(certificate, self.at, self.weak, is_anchor=is_anchor)
        return tuple(found)

    def _complete(self, path: Path, anchor: Anchor, found: Reasons) -> None:
        """(4) Judge a whole path from its anchor down, and keep it if nothing better is known."""
        self.whole += 1
        try:
            own = name_constraints.findings(path, self.comparisons, anchor_binds=anchor.constrained)
            held, others = policies.judged(path, self.inputs, anchor_binds=anchor.constrained)
        except EidkitError as error:
            why = malformed(error)
            own, held = [finding("CERTIFICATE_CHAIN_GENERAL_FAILURE", path[0].sha256, why=why)], frozenset()
            others = []
        found = (*found, *own, *others)
        if self.also is not None and not _errors(found):
            self.asked += 1
            found = (*found, *self.also(path))
        errors = _errors(found)
        if self.best is None or errors < self.best.errors:
            self.best = Found(path, anchor, found, errors, held)

    def reasons(self) -> Reasons:
        """Why there is no path at all."""
        missing = finding("NO_CERTIFICATE_CHAIN_FOUND", self.leaf.sha256, subject=self.leaf.subject_text)
        return (missing, *self.refused, *self.ended())

    def ended(self) -> Reasons:
        """(6) That the search ended at a bound, and may have missed a better path."""
        if self.exhausted is None:
            return ()
        why = Text(
            f"the search was ended at its bound, {self.exhausted}",
            f"việc tìm kiếm dừng ở giới hạn ({self.exhausted})",
        )
        return (finding("CERTIFICATE_CHAIN_GENERAL_FAILURE", self.leaf.sha256, why=why),)


def _errors(found: Reasons) -> int:
    return sum(each.severity == "error" for each in found) if found else 0


def _effort(issuer: Certificate) -> int:
    """How many signature checks one check by this key counts for: unusual keys take ten times as long and more."""
    return issuer.once("effort", lambda: _effort_of(issuer))


def _effort_of(issuer: Certificate) -> int:
    try:
        kind, bits = algorithms.key_kind(issuer.public_key())
    except EidkitError:
        return 1  # it verifies nothing
    return 1 if bits <= _USUAL_BITS.get(kind, 0) else _UNUSUAL_EFFORT


def malformed(error: EidkitError) -> Text:
    """What to say of a certificate that cannot be read to its end."""
    return Text(f"the certificate is malformed ({error.problem.en})", f"chứng thư sai cấu trúc ({error.problem.vi})")


def _identifier_rank(wanted: bytes | None, offered: bytes | None) -> int:
    if wanted is None or offered is None:
        return 1
    return 0 if wanted == offered else 2


def _sunset(anchor: Anchor, at: datetime) -> list[Finding]:
    """(5) The date that we ourselves put on an anchor (EN 319 102-1 §5.2.6.4, 3))."""
    if anchor.sunset is None or at < anchor.sunset:
        return []
    root, day = anchor.certificate.subject_text, f"{anchor.sunset:%Y-%m-%d}"
    why = Text(
        f"the trusted root {root} is not trusted from {day} on", f"gốc tin cậy {root} không còn được tin cậy từ {day}"
    )
    found = finding("CHAIN_CONSTRAINTS_FAILURE", anchor.certificate.sha256, why=why)
    return [replace(found, subindication="NO_CERTIFICATE_CHAIN_FOUND_NO_POE")]
