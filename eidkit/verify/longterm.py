"""Past validation of a certificate path (EN 319 102-1 V1.4.1 §5.6.2.1, §5.6.2.2): what must have existed by when.

A path may be relied on for a past time although its certificates have ended since, but only on what is proved to
have existed while those who made it could be relied on: afterwards a lost or broken key can make anything, with any
date.  From the anchor down, with a limit that slides back:

1. The anchor vouches for what existed before its own end, that of its key's size, and the date that we put on it.
2. The certificate below it, and the answer about that certificate, must be proved to have existed by that limit.
3. A certificate whose signature uses an algorithm that has become weak must have existed while it was not.
4. The limit slides to the end of the certificate, of its key's size, or to its revocation: it vouches for what existed
   until then.

The leaf's own limit is not judged here: its period and revocation are compared with the proved time by the caller.
A pure function; where nothing has ended it finds nothing.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1.algorithm import signature_algorithm
from eidkit.canonical import format_time
from eidkit.errors import EidkitError, Text
from eidkit.findings import Finding, as_warning, finding
from eidkit.findings.strength import too_weak
from eidkit.trust.standing import status_on

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.trust.revocation import Status
    from eidkit.trust.standing import Demand
    from eidkit.trust.store import Anchor
    from eidkit.verify.poe import Proofs


MAX_RULED_OUT = 20
"""How many answers about one certificate are ruled out before its status counts as not known."""


def unproved(
    path: Sequence[Certificate],
    statuses: Sequence[Status],
    demand: Demand,
    *,
    anchors: Sequence[Anchor],
    proofs: Proofs,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    pool: Sequence[Certificate] = (),
) -> list[Finding]:
    """Why ``path`` (leaf first, anchor last), judged for ``demand.at``, rests on what is not proved to be old enough.

    ``statuses`` are those of its certificates as judged with all answers.  The leaf itself existed at ``demand.at``:
    what it signed names it.
    """
    if not path:
        return []
    # 1.
    limit = min(demand.now, _end(path[-1], anchors), _key_end(path[-1], demand))
    found: list[Finding] = []
    for position, (certificate, issuer) in reversed(list(enumerate(pairwise(path)))):
        status = statuses[position]
        existed = proofs.of_digest(certificate.sha256)
        if position == 0:
            existed = min(existed, demand.at)
        # 2.
        if existed > limit:
            what = Text(f"the certificate of {certificate.subject_text}", f"chứng thư của {certificate.subject_text}")
            found.append(_no_proof(certificate, what, issuer, limit))
        elif limit < demand.now and status.state == "good":
            by_then = _by(limit, proofs, crls), _by(limit, proofs, ocsps)
            signers = [one for one in pool if proofs.of_digest(one.sha256) <= limit]
            known = status_on(path, position, demand, crls=by_then[0], ocsps=by_then[1], pool=signers)
            if known.state != "good":
                who = certificate.subject_text
                what = Text(f"the answer that {who} was not revoked", f"dữ liệu thu hồi của {who}")
                found.append(_no_proof(certificate, what, issuer, limit))
        # 3.
        found += _lapsed(certificate, existed, demand)
        # 4.
        limit = min(limit, certificate.not_after, status.revoked_at or limit, _key_end(certificate, demand))
    return found


def ended_signers(
    path: Sequence[Certificate],
    statuses: Sequence[Status],
    demand: Demand,
    *,
    proofs: Proofs,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    pool: Sequence[Certificate] = (),
) -> list[Finding]:
    """§5.2.6.4, 8): which "good" of ``path`` rests on a signer (no issuer) whose certificate has ended since.

    Nobody knows who has that key now, so such an answer counts only if it is proved to have existed before that end.
    """
    found: list[Finding] = []
    for position, status in enumerate(statuses if demand.unknown != "ignored" else ()):
        certificate, ends = path[position], status.signer_ends
        assumed = demand.assumed_until is not None and demand.assumed_until < certificate.not_after
        if ends is None or ends >= demand.now or assumed:
            continue
        if not _good_otherwise(path, position, demand, proofs, crls, ocsps, pool):
            who = certificate.subject_text
            ended = finding("REVOCATION_OUT_OF_BOUNDS_NO_POE", who, subject=who, time=format_time(ends))
            found.append(ended if demand.unknown == "error" else as_warning(ended))
    return found


def _good_otherwise(
    path: Sequence[Certificate],
    position: int,
    demand: Demand,
    proofs: Proofs,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    pool: Sequence[Certificate],
) -> bool:
    """Whether a status is "good" without the answers whose signers ended before these are proved to have existed."""
    ruled_out: set[str | None] = set()
    for _ in range(MAX_RULED_OUT):
        left = [[one for one in every if sha256(one).hexdigest() not in ruled_out] for every in (crls, ocsps)]
        status = status_on(path, position, demand, crls=left[0], ocsps=left[1], pool=pool)
        if status.state != "good":
            return False
        ends, digest = status.signer_ends, status.source_sha256
        if ends is None or ends >= demand.now or (digest is not None and proofs.of_digest(digest) <= ends):
            return True
        ruled_out.add(digest)
    return False


def _end(anchor: Certificate, anchors: Sequence[Anchor]) -> datetime:
    """Until when the anchor counts: its end, or the latest date that was put on it."""
    own = anchor.not_after
    return max((min(own, one.sunset or own) for one in anchors if one.certificate == anchor), default=own)


def _by(limit: datetime, proofs: Proofs, answers: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(answer for answer in answers if proofs.of(answer) <= limit)


def _lapsed(certificate: Certificate, existed: datetime, demand: Demand) -> list[Finding]:
    """What the certificate was signed with was strong enough when it is proved to have existed."""
    try:
        algorithm, _ = signature_algorithm(certificate.signature_algorithm)
    except EidkitError:
        return []
    weak = algorithms.signature_weakness(algorithm, existed, demand.weak)
    what = Text(f"the certificate of {certificate.subject_text}", f"chứng thư của {certificate.subject_text}")
    return [too_weak(certificate.sha256, what, weak, existed)] if weak else []


def _key_end(certificate: Certificate, demand: Demand) -> datetime:
    """Until when what this certificate's key signed may be relied on for the size of the key; the present if it may."""
    try:
        kind, bits = algorithms.key_kind(certificate.public_key())
    except EidkitError:
        return demand.now
    weak = algorithms.key_weakness(kind, bits, demand.now, demand.weak)
    return (weak.end or demand.at) if weak else demand.now


def _no_proof(certificate: Certificate, what: Text, issuer: Certificate, limit: datetime) -> Finding:
    return finding("NO_POE", certificate.subject_text, what=what, time=format_time(limit), issuer=issuer.subject_text)
