"""How long a verdict holds without new evidence: the dates at which something ends, and the first that matters.

Looking ahead rests on what the *document* holds: answers that were handed in or fetched beside it may be lost by
then.  The status of a certificate that has not ended counts as good as long as nothing says otherwise, because it
can still be asked for; so the dates are ends of certificates, sunsets of anchors and ends of algorithms, never the
nextUpdate of an answer.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1 import ocsp
from eidkit.asn1.certificate import readable
from eidkit.binding.attestation import Attestation
from eidkit.errors import EidkitError
from eidkit.timestamps.token import signer_of
from eidkit.verify import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.trust.store import TrustStore
    from eidkit.verify.evidence import Evidence

SOON = timedelta(seconds=1)
"""What holds at an end no longer holds so long after it."""


def alone(evidence: Evidence) -> Evidence:
    """The evidence without answers that are not in the document itself."""
    if not evidence.supplied:
        return evidence

    def own(answers: Sequence[bytes]) -> tuple[bytes, ...]:
        return tuple(one for one in answers if hashlib.sha256(one).hexdigest() not in evidence.supplied)

    return replace(evidence, crls=own(evidence.crls), ocsps=own(evidence.ocsps))


def provable_until(
    evidence: Evidence, trust: TrustStore, now: datetime, holds: Callable[[datetime], bool]
) -> datetime | None:
    """The first end after ``now`` past which ``holds`` is false; the last end when none is, None without any.

    What has ceased to hold does not come back, so the ends are searched by halves.  ``now`` itself where the verdict
    rests on answers beside the document alone.
    """
    ends = sorted({end for end in _ends(evidence, trust) if end > now})
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        if holds(ends[middle] + SOON):
            low = middle + 1
        else:
            high = middle
    if not low and not holds(now):
        return now
    return ends[low] if ends else None


def _ends(evidence: Evidence, trust: TrustStore) -> Iterator[datetime]:
    certificates = dict.fromkeys(_certificates(evidence))
    yield from (certificate.not_after for certificate in certificates)
    for anchor in trust.anchors:
        yield anchor.certificate.not_after
        if anchor.sunset is not None:
            # at its sunset for what is judged at present, after it for what must be proved to be older
            yield from (anchor.sunset - SOON, anchor.sunset)
    yield from (end - SOON for end in algorithms.ends())


def _certificates(evidence: Evidence) -> Iterator[Certificate]:
    yield from blocks.material(evidence).pool
    for signature in evidence.signatures:
        yield from readable(signature.certificates)
        yield from (one for stamp in signature.timestamps for one in _inside(stamp.token))
        yield from _responders(signature.ocsps)
        yield from _attesters(signature.assertions)
    yield from (one for stamp in evidence.timestamps for one in _inside(stamp.token))
    yield from _responders(evidence.ocsps)
    if evidence.attestation is not None:
        yield from _certificates(evidence.attestation)


def _responders(answers: Sequence[bytes]) -> Iterator[Certificate]:
    """The certificates inside OCSP answers: once their signer has ended, these count only if proved to be older."""
    for answer in answers:
        with suppress(EidkitError):
            yield from readable(ocsp.parse(answer).certificates)


def _attesters(assertions: Sequence[str]) -> Iterator[Certificate]:
    """Those who attested the logins that signatures carry."""
    for assertion in assertions:
        with suppress(EidkitError):
            yield from readable([Attestation.read(assertion).certificate])


def _inside(token: bytes) -> tuple[Certificate, ...]:
    try:
        return signer_of(token)[1]
    except EidkitError:
        return ()
