"""What a file must hold to be proved for years: for every certificate that counts, its path and an answer about it.

1. Each signature's path, at its best signature time; each timestamp's, at the present or at the time that a later
   timestamp proves; the path of the service that attested a login, at the best signature time.
2. For each certificate of these paths the one answer that settles its status: one that the file holds already, then
   one issued after the time in question, then an older one.
3. What is missing is named: which certificate, and where its status can be asked for.

Gives values; asks no network and writes nothing.
Source: ETSI EN 319 142-1 §6.3, EN 319 122-1 §6.3 and EN 319 132-1 §6.3 (level B-LT), EN 319 102-1 §5.5.4
(answers issued after the best signature time).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from eidkit.asn1 import crl, der, name, ocsp
from eidkit.errors import EidkitError
from eidkit.timestamps.token import signer_of
from eidkit.trust.path import find_path
from eidkit.trust.revocation import status_of
from eidkit.verify import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.errors import Text
    from eidkit.trust.revocation import Status
    from eidkit.trust.store import TrustStore
    from eidkit.verify.evidence import Evidence
    from eidkit.verify.report import Conclusion, Report, TimestampConclusion

_Answers = tuple[tuple[bytes, ...], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Use:
    """A path, the time that its certificates' status is asked for, and from when on an answer is preferred."""

    path: tuple[Certificate, ...]
    at: datetime
    since: datetime


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
class Additions:
    """What a file lacks, as DER octets: certificates, CRLs, OCSP answers; false when it lacks nothing."""

    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]

    def __bool__(self) -> bool:
        return bool(self.certificates or self.crls or self.ocsps)

    def without(self, other: Additions) -> Additions:
        """These but for what is in ``other``."""
        return Additions(
            tuple(one for one in self.certificates if one not in other.certificates),
            tuple(one for one in self.crls if one not in other.crls),
            tuple(one for one in self.ocsps if one not in other.ocsps),
        )

    def joined(self, other: Additions) -> Additions:
        """These and ``other``, each once."""
        more = other.without(self)
        return Additions((*self.certificates, *more.certificates), (*self.crls, *more.crls), (*self.ocsps, *more.ocsps))


@dataclass(frozen=True, slots=True)
class Portion:
    """What one signature lacks that has to hold its own: for itself, and beyond that for its timestamps."""

    own: Additions
    stamps: Additions


@dataclass(slots=True)
class Material:
    """What has to be in the file: certificates, CRLs and OCSP answers, each once; and what is missing."""

    certificates: dict[bytes, None] = field(default_factory=dict)
    crls: dict[bytes, None] = field(default_factory=dict)
    ocsps: dict[bytes, None] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    portions: dict[str, Portion] = field(default_factory=dict)
    """By the identity of a signature; empty where there is one store for the whole document."""

    def additions(self, original: Evidence) -> Additions:
        """What of it is neither in the file's store nor in one of its signatures and timestamps."""
        embedded = _embedded_certificates(original)
        return Additions(
            tuple(item for item in self.certificates if item not in embedded), tuple(self.crls), tuple(self.ocsps)
        )


def needed(report: Report, original: Evidence, evidence: Evidence, trust: TrustStore) -> Material:
    """What ``report`` over ``evidence`` rests on; ``original`` is the evidence before anything was supplied."""
    if original.format == "xml":
        return _apart(report, original, evidence, trust)
    return _needed(report, original, evidence, trust)


def _apart(report: Report, original: Evidence, evidence: Evidence, trust: TrustStore) -> Material:
    """The same for each signature by itself; what another one holds can be had from there."""
    held = _held(original)
    at_hand = replace(evidence, crls=(*evidence.crls, *held[0]), ocsps=(*evidence.ocsps, *held[1]))
    whole = Material()
    for conclusion in report.conclusions:
        alone = replace(original, signatures=(conclusion.evidence,))
        bare = replace(conclusion, timestamps=())
        own, both = (_needed(replace(report, conclusions=(one,)), alone, at_hand, trust) for one in (bare, conclusion))
        first, every = own.additions(alone), both.additions(alone)
        whole.portions[conclusion.id] = Portion(first, every.without(first))
        whole.missing += both.missing
    return whole


def _needed(report: Report, original: Evidence, evidence: Evidence, trust: TrustStore) -> Material:
    material = Material()
    asked: set[tuple[str, str, datetime, datetime]] = set()
    for use in _uses(report, evidence, trust):
        material.certificates.update(dict.fromkeys(one.der for one in use.path))
        for certificate, issuer in pairwise(use.path):
            key = (certificate.sha256, issuer.sha256, use.at, use.since)
            if key not in asked:
                asked.add(key)
                _settle(certificate, issuer, use, original, evidence, report.validation_time, material)
    return material


def holds_answers(original: Evidence) -> bool:
    """Whether there is any CRL or OCSP answer in the file."""
    return any(_held(original))


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
        for certificate, issuer in pairwise(use.path):
            key = (certificate.sha256, issuer.sha256)
            if found.get(key, True):
                own = status_of(certificate, issuer, crls=held[0], ocsps=held[1], at=use.at, now=now)
                found[key] = use.at < now and own.state == "good" and _issued_since(own, use)
    return frozenset(key for key, known in found.items() if known)


def _past_uses(report: Report, evidence: Evidence, trust: TrustStore) -> Iterator[Use]:
    """As :func:`_uses`, each timestamp for the time of the first document or archive timestamp over it, if any."""
    seals = [seal for seal in report.timestamps if usable(seal) and seal.time is not None]
    for conclusion in report.conclusions:
        best = conclusion.best_signature_time
        yield _use(conclusion.path, best, best)
        yield from _attester(conclusion, evidence, trust)
        own = [stamp for stamp in conclusion.timestamps if usable(stamp)]
        archives = [stamp for stamp in own if stamp.kind == "archive" and stamp.time is not None]
        over = [*(seal for seal in seals if conclusion.id in seal.evidence.covers), *archives]
        yield from (_of(stamp, _first_time(over, report)) for stamp in own if stamp not in archives)
        yield from (_of(stamp, _first_time(archives[n + 1 :], report)) for n, stamp in enumerate(archives))
    for number, seal in enumerate(seals):
        yield _of(seal, _first_time(seals[number + 1 :], report))


def _first_time(seals: Sequence[TimestampConclusion], report: Report) -> datetime:
    return next((seal.time for seal in seals if seal.time is not None), report.validation_time)


def _issued_since(status: Status, use: Use) -> bool:
    return status.this_update is not None and status.this_update >= use.since


# 1.
def _uses(report: Report, evidence: Evidence, trust: TrustStore) -> Iterator[Use]:
    now = report.validation_time
    for conclusion in report.conclusions:
        best = conclusion.best_signature_time
        yield _use(conclusion.path, best, best)
        yield from _attester(conclusion, evidence, trust)
        yield from (_of(timestamp, now) for timestamp in conclusion.timestamps if usable(timestamp))
    yield from (_of(timestamp, now) for timestamp in report.timestamps if usable(timestamp))


def usable(timestamp: TimestampConclusion) -> bool:
    """Whether a timestamp holds, or would with an answer about its certificates."""
    return all(found.code == "STATUS_UNKNOWN" for found in timestamp.findings if found.severity == "error")


def _of(timestamp: TimestampConclusion, now: datetime) -> Use:
    return _use(timestamp.path, timestamp.proved_at or now, timestamp.time or now)


def _attester(conclusion: Conclusion, evidence: Evidence, trust: TrustStore) -> Iterator[Use]:
    login, anchors = conclusion.authentication, trust.of_kind("attestation")
    if login is None or login.attester is None or not anchors:
        return
    best = conclusion.best_signature_time
    pool = blocks.material(evidence, conclusion.evidence).pool
    found = find_path(login.attester, pool=pool, anchors=anchors, at=best, purpose="attestation", leaf_period=False)
    if found.path:
        yield _use(found.path, best, best)


def _use(path: tuple[Certificate, ...], at: datetime, since: datetime) -> Use:
    """Answers tell their time in whole seconds."""
    return Use(path, at, since.replace(microsecond=0))


# 2.
def _settle(
    certificate: Certificate,
    issuer: Certificate,
    use: Use,
    original: Evidence,
    evidence: Evidence,
    now: datetime,
    material: Material,
) -> None:
    """Put the answer that settles the status of ``certificate`` into ``material``, or say that there is none."""

    def status(answers: _Answers) -> Status:
        return status_of(certificate, issuer, crls=answers[0], ocsps=answers[1], at=use.at, now=now)

    held = _held(original)
    own = status(held)
    if own.state != "unknown" and _issued_since(own, use):
        return
    crls = tuple(item for item in evidence.crls if item not in held[0])
    ocsps = tuple(item for item in evidence.ocsps if item not in held[1])
    alone: list[_Answers] = [((), (one,)) for one in ocsps if _may_tell(one, certificate)]
    alone += [((one,), ()) for one in crls if _may_list(one, certificate)]
    best: tuple[tuple[bool, datetime], _Answers] | None = None
    for answers in alone:
        said = status(answers)
        if said.state == "unknown" or said.this_update is None:
            continue
        rank = (said.this_update >= use.since, said.this_update)
        if best is None or rank[0] > best[0][0] or (rank[0] == best[0][0] and not rank[0] and rank[1] > best[0][1]):
            best = rank, answers
    if best is not None and (own.state == "unknown" or best[0][0]):
        _keep(material, best[1])
    elif own.state == "unknown":
        _together(certificate, status, (crls, ocsps), held, material)


def _may_list(item: bytes, certificate: Certificate) -> bool:
    """Whether a list may be about ``certificate``: of its issuer, or an indirect one; quick, and no judgement."""
    try:
        found = crl.parse(item)
    except EidkitError:
        return False
    return found.scope.indirect or name.same(found.issuer, certificate.issuer)


def _may_tell(item: bytes, certificate: Certificate) -> bool:
    try:
        return any(single.serial == certificate.serial for single in ocsp.parse(item).singles)
    except EidkitError:
        return False


def _together(
    certificate: Certificate,
    status: Callable[[_Answers], Status],
    more: _Answers,
    held: _Answers,
    material: Material,
) -> None:
    """No answer settles it alone: all of them do (a responder with an answer about itself), or nothing does."""
    said = status(((*held[0], *more[0]), (*held[1], *more[1])))
    if said.state == "unknown":
        # 3.
        material.missing.append(Missing(certificate, said.why))
    else:
        _keep(material, more)


def _keep(material: Material, answers: _Answers) -> None:
    material.crls.update(dict.fromkeys(answers[0]))
    material.ocsps.update(dict.fromkeys(answers[1]))


def _held(original: Evidence) -> _Answers:
    """Every answer in the file: its store's, its signatures' and its timestamps'."""
    crls = [*original.crls, *(crl for signature in original.signatures for crl in signature.crls)]
    ocsps = [*original.ocsps, *(ocsp for signature in original.signatures for ocsp in signature.ocsps)]
    return tuple(dict.fromkeys(crls)), tuple(dict.fromkeys(ocsps))


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
