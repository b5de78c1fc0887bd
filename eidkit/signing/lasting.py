"""What a file must hold to be proved for years: for every certificate that counts, its path and an answer about it.

1. Each signature's path, at its best signature time; each timestamp's, at the present or at the time that a later
   timestamp proves; the path of the service that attested a login, at the best signature time.
2. For each certificate of these paths what settles its status (:mod:`eidkit.signing.settling`).
3. What is missing is named: which certificate, and where its status can be asked for.

Gives values; asks no network and writes nothing.
Source: ETSI EN 319 142-1 §6.3, EN 319 122-1 §6.3 and EN 319 132-1 §6.3 (level B-LT), EN 319 102-1 §5.5.4
(answers issued after the best signature time).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eidkit.asn1 import der
from eidkit.errors import EidkitError
from eidkit.signing import settling
from eidkit.signing.settling import Additions
from eidkit.timestamps.token import signer_of
from eidkit.trust.path import find_path
from eidkit.trust.standing import Demand
from eidkit.verify import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.errors import Text
    from eidkit.trust.store import TrustStore
    from eidkit.verify.evidence import Evidence
    from eidkit.verify.report import Conclusion, Report, TimestampConclusion

    _Pool = tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """A path, the time that its certificates' status is asked for, and from when on an answer is preferred.

    ``pool``: certificates at hand, among which signers of answers may be.
    """

    path: tuple[Certificate, ...]
    at: datetime
    since: datetime
    pool: tuple[Certificate, ...]

    def questions(self, report: Report) -> Iterator[settling.StatusQuestion]:
        """One for each certificate but the anchor, under what the report's policy demands."""
        policy, now = report.policy, report.validation_time
        demand = Demand(self.at, now, freshness=policy.freshness, weak=policy.weak_algorithms_allowed)
        for position in range(len(self.path) - 1):
            yield settling.StatusQuestion(self.path, position, demand, self.since, self.pool)


@dataclass(frozen=True, slots=True)
class Missing:
    """A certificate whose status nothing at hand settles, and why."""

    certificate: Certificate
    why: Text

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where its status can be asked for, as the certificate says."""
        try:
            return tuple(dict.fromkeys((*self.certificate.crl_distribution_points, *self.certificate.ocsp_urls)))
        except der.DerError:
            return ()


@dataclass(frozen=True, slots=True)
class Portion:
    """What one signature lacks that has to hold its own: for itself, and beyond that for its timestamps."""

    own: Additions
    stamps: Additions


@dataclass(slots=True)
class Needed:
    """What has to be in the file: certificates, CRLs and OCSP answers, each once; and what is missing."""

    certificates: dict[bytes, None] = field(default_factory=dict)
    crls: dict[bytes, None] = field(default_factory=dict)
    ocsps: dict[bytes, None] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    portions: dict[str, Portion] = field(default_factory=dict)
    """By the identity of a signature; empty where there is one store for the whole document."""

    def take(self, certificate: Certificate, found: settling.Settled) -> None:
        """What settles the status of ``certificate``, or that nothing does."""
        if found.status.state == "unknown":
            # 3.
            self.missing.append(Missing(certificate, found.status.why))
        self.certificates.update(dict.fromkeys(found.added.certificates))
        self.crls.update(dict.fromkeys(found.added.crls))
        self.ocsps.update(dict.fromkeys(found.added.ocsps))

    def additions(self, original: Evidence) -> Additions:
        """What of it is neither in the file's store nor in one of its signatures and timestamps."""
        embedded = _embedded_certificates(original)
        return Additions(
            tuple(item for item in self.certificates if item not in embedded), tuple(self.crls), tuple(self.ocsps)
        )


def needed(report: Report, original: Evidence, evidence: Evidence, trust: TrustStore) -> Needed:
    """What ``report`` over ``evidence`` rests on; ``original`` is the evidence before anything was supplied."""
    if original.format == "xml":
        return _apart(report, original, evidence, trust)
    return _needed(report, original, evidence, trust)


def _apart(report: Report, original: Evidence, evidence: Evidence, trust: TrustStore) -> Needed:
    """The same for each signature by itself; what another one holds can be had from there."""
    held = _held(original)
    at_hand = replace(evidence, crls=(*evidence.crls, *held.crls), ocsps=(*evidence.ocsps, *held.ocsps))
    whole = Needed()
    for conclusion in report.conclusions:
        alone = replace(original, signatures=(conclusion.evidence,))
        bare = replace(conclusion, timestamps=())
        own, both = (_needed(replace(report, conclusions=(one,)), alone, at_hand, trust) for one in (bare, conclusion))
        first, every = own.additions(alone), both.additions(alone)
        whole.portions[conclusion.id] = Portion(first, every.without(first))
        whole.missing += both.missing
    return whole


def _needed(report: Report, original: Evidence, evidence: Evidence, trust: TrustStore) -> Needed:
    needed = Needed()
    held = _held(original)
    more = Additions((), evidence.crls, evidence.ocsps).without(held)
    asked: set[tuple[str, str, datetime, datetime]] = set()
    for use in _uses(report, evidence, trust):
        needed.certificates.update(dict.fromkeys(one.der for one in use.path))
        for question in use.questions(report):
            key = (*question.link, use.at, use.since)
            if key not in asked:
                asked.add(key)
                needed.take(question.certificate, settling.settle(question, held, more))
    return needed


def holds_answers(original: Evidence) -> bool:
    """Whether there is any CRL or OCSP answer in the file."""
    return bool(_held(original))


def settled(report: Report, original: Evidence, trust: TrustStore) -> frozenset[tuple[str, str]]:
    """The links that what the file holds settles for a past time, as certificate and issuer (SHA-256).

    Nobody need be asked about them again.  ``report`` is over ``original``, the file alone, and takes the status of
    what has not ended for good where it is not known.
    """
    if not holds_answers(original):
        return frozenset()
    held = _held(original)
    now = report.validation_time
    found: dict[tuple[str, str], bool] = {}
    for use in _past_uses(report, original, trust):
        for question in use.questions(report):
            if found.get(question.link, True):
                own = question.status(held)
                found[question.link] = use.at < now and own.state == "good" and question.recent(own)
    return frozenset(key for key, known in found.items() if known)


def _past_uses(report: Report, evidence: Evidence, trust: TrustStore) -> Iterator[Use]:
    """As :func:`_uses`, each timestamp for the time of the first document or archive timestamp over it, if any."""
    seals = [seal for seal in report.timestamps if usable(seal) and seal.time is not None]
    for conclusion in report.conclusions:
        pool = blocks.material(evidence, conclusion.evidence).pool
        yield from _signer_and_attester(conclusion, pool, trust)
        own = [stamp for stamp in conclusion.timestamps if usable(stamp)]
        archives = [stamp for stamp in own if stamp.kind == "archive" and stamp.time is not None]
        over = [*(seal for seal in seals if conclusion.id in seal.evidence.covers), *archives]
        yield from (_of(stamp, _first_time(over, report), pool) for stamp in own if stamp not in archives)
        yield from (_of(stamp, _first_time(archives[n + 1 :], report), pool) for n, stamp in enumerate(archives))
    pool = blocks.material(evidence).pool
    for number, seal in enumerate(seals):
        yield _of(seal, _first_time(seals[number + 1 :], report), pool)


def _first_time(seals: Sequence[TimestampConclusion], report: Report) -> datetime:
    return next((seal.time for seal in seals if seal.time is not None), report.validation_time)


# 1.
def _uses(report: Report, evidence: Evidence, trust: TrustStore) -> Iterator[Use]:
    now = report.validation_time
    for conclusion in report.conclusions:
        pool = blocks.material(evidence, conclusion.evidence).pool
        yield from _signer_and_attester(conclusion, pool, trust)
        yield from (_of(timestamp, now, pool) for timestamp in conclusion.timestamps if usable(timestamp))
    pool = blocks.material(evidence).pool
    yield from (_of(timestamp, now, pool) for timestamp in report.timestamps if usable(timestamp))


def usable(timestamp: TimestampConclusion) -> bool:
    """Whether a timestamp holds, or would with an answer about its certificates."""
    return all(found.code == "STATUS_UNKNOWN" for found in timestamp.findings if found.severity == "error")


def _of(timestamp: TimestampConclusion, now: datetime, pool: _Pool) -> Use:
    inside = signer_of(timestamp.evidence.token)[1]
    return _use(timestamp.path, timestamp.proved_at or now, timestamp.time or now, (*inside, *pool))


def _signer_and_attester(conclusion: Conclusion, pool: _Pool, trust: TrustStore) -> Iterator[Use]:
    """The path of the signer, and that of the service that attested the login."""
    best = conclusion.best_signature_time
    yield _use(conclusion.path, best, best, pool)
    login, anchors = conclusion.authentication, trust.of_kind("attestation")
    if login is None or login.attester is None or not anchors:
        return
    found = find_path(login.attester, pool=pool, anchors=anchors, at=best, purpose="attestation", leaf_period=False)
    if found.path:
        yield _use(found.path, best, best, pool)


def _use(path: tuple[Certificate, ...], at: datetime, since: datetime, pool: _Pool) -> Use:
    """Answers tell their time in whole seconds."""
    return Use(path, at, since.replace(microsecond=0), pool)


# 2.
def _held(original: Evidence) -> Additions:
    """Every answer in the file: its store's, its signatures' and its timestamps'."""
    crls = [*original.crls, *(crl for signature in original.signatures for crl in signature.crls)]
    ocsps = [*original.ocsps, *(ocsp for signature in original.signatures for ocsp in signature.ocsps)]
    return Additions((), tuple(dict.fromkeys(crls)), tuple(dict.fromkeys(ocsps)))


def _embedded_certificates(evidence: Evidence) -> frozenset[bytes]:
    found = {*evidence.certificates, *(one for signature in evidence.signatures for one in signature.certificates)}
    for token in _tokens(evidence):
        try:
            found.update(certificate.der for certificate in signer_of(token)[1])
        except EidkitError:
            continue
    return frozenset(found)


def _tokens(evidence: Evidence) -> Sequence[bytes]:
    own = [timestamp.token for signature in evidence.signatures for timestamp in signature.timestamps]
    return [*own, *(timestamp.token for timestamp in evidence.timestamps)]
