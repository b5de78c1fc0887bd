"""``complete``: Evidence with what it lacks, from the Sources that the caller chose.

Revocation answers are asked for only where a chain already ends at one of our anchors, so that a certificate
cannot choose whom we talk to.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from eidkit.asn1.certificate import readable
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import EidkitError
from eidkit.timestamps.token import signer_of
from eidkit.trust.chasing import chased
from eidkit.trust.path import find_path
from eidkit.verify import blocks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import Anchor, AnchorKind, TrustStore
    from eidkit.verify.evidence import Evidence

    _Leaf = tuple[Certificate, tuple[Certificate, ...], AnchorKind]


def complete(
    evidence: Evidence,
    trust: TrustStore,
    sources: Sources | None,
    *,
    at: datetime | None = None,
    transport: Transport | None = None,
    problems: list[EidkitError] | None = None,
    clock: Clock = SYSTEM_CLOCK,
    settled: Collection[tuple[str, str]] = (),
) -> Evidence:
    """``evidence`` with certificates and revocation answers from ``sources`` added; without sources, as it is.

    What could not be fetched is added to ``problems``, never raised.  ``settled`` are pairs of a certificate and its
    issuer (SHA-256) that the network is not to be asked about.
    """
    if sources is None:
        return evidence
    now = at or clock.now()
    given = (*sources.certificates(), *_issuers(evidence, trust, sources, transport, problems))
    own = {*evidence.certificates, *evidence.crls, *evidence.ocsps}
    if given:
        evidence = replace(evidence, certificates=_joined(evidence.certificates, given))
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    asked: set[tuple[str, str]] = set()
    given_only = replace(sources, network=False) if sources.network else sources
    if not sources.network and (evidence.signatures or evidence.timestamps or evidence.attestation):
        # Given answers are given for every chain; which of them they are about is the judge's to find out.
        crls, ocsps = list(sources.given_crls), list(sources.given_ocsps)
    for subject, issuer in _links(evidence, trust, now) if sources.network else ():
        if (subject.sha256, issuer.sha256) in asked:
            continue
        asked.add((subject.sha256, issuer.sha256))
        asking = given_only if (subject.sha256, issuer.sha256) in settled else sources
        found_crls, found_ocsps = asking.revocation(subject, issuer, transport=transport, at=now, problems=problems)
        crls += found_crls
        ocsps += found_ocsps
    return replace(
        evidence,
        crls=_joined(evidence.crls, crls),
        ocsps=_joined(evidence.ocsps, ocsps),
        supplied=evidence.supplied
        | {hashlib.sha256(item).hexdigest() for item in {*given, *crls, *ocsps} if item not in own},
    )


def _issuers(
    evidence: Evidence,
    trust: TrustStore,
    sources: Sources,
    transport: Transport | None,
    problems: list[EidkitError] | None,
) -> list[bytes]:
    """Issuers that are missing, from where certificates say that they are; none unless the sources chase."""
    if not sources.chase:
        return []
    given = tuple(readable(sources.certificates()))
    found: list[bytes] = []
    for leaf, pool, kind in _leaves(evidence):
        anchors = trust.of_kind(kind)
        missing = chased(leaf, (*pool, *given), anchors, sources, transport=transport, problems=problems)
        found += [one.der for one in missing]
    return found


def _joined(first: Sequence[bytes], second: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _links(evidence: Evidence, trust: TrustStore, now: datetime) -> Iterator[tuple[Certificate, Certificate]]:
    """Each certificate whose status matters, with its issuer, on chains that end at an anchor of ours."""
    for leaf, pool, kind in _leaves(evidence):
        anchors: tuple[Anchor, ...] = trust.of_kind(kind)
        path = find_path(leaf, pool=pool, anchors=anchors, at=_inside(leaf, now), purpose="any", leaf_period=False).path
        yield from pairwise(path)


def _leaves(evidence: Evidence) -> Iterator[_Leaf]:
    for signature in evidence.signatures:
        pool = blocks.material(evidence, signature).pool
        certificate, _ = blocks.identify_signing_certificate(signature, pool)
        if certificate is not None:
            yield certificate, pool, "signing"
        for assertion in signature.assertions:
            attester = _attester(assertion)
            if attester is not None:
                yield attester, pool, "attestation"
        for timestamp in signature.timestamps:
            yield from _tsa(timestamp.token, pool)
    pool = blocks.material(evidence).pool
    for timestamp in evidence.timestamps:
        yield from _tsa(timestamp.token, pool)
    if evidence.attestation is not None:
        given = (*evidence.attestation.certificates, *evidence.certificates)
        for leaf, candidates, kind in _leaves(replace(evidence.attestation, certificates=given)):
            yield leaf, candidates, "attestation" if kind == "signing" else kind


def _tsa(token: bytes, pool: tuple[Certificate, ...]) -> Iterator[_Leaf]:
    try:
        certificate, embedded = signer_of(token, pool)
    except EidkitError:
        return
    if certificate is not None:
        yield certificate, (*embedded, *pool), "timestamping"


def _attester(assertion: str) -> Certificate | None:
    from eidkit.binding.attestation import Attestation

    try:
        found = readable([Attestation.read(assertion).certificate])
    except EidkitError:
        return None
    return found[0] if found else None


def _inside(leaf: Certificate, now: datetime) -> datetime:
    """A moment at which the chain can be looked for: now, or the end of an expired certificate."""
    return min(now, leaf.not_after)
