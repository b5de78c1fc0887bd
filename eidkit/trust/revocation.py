"""Was a certificate revoked?  CRLs and OCSP answers judged as what they are: untrusted input.  Pure.

The plan, whose numbers stand at the code:

1. An answer counts only from who may speak for the certificate's issuer.  A CRL: the issuer itself, or another
   certificate that the list's issuer has for this, whose path ends at the same anchor and stands under the same
   authorities (a new key, a key for lists alone); under another name only where the certificate names it
   (cRLIssuer) and the list says that it is indirect.  An OCSP answer: the issuer's key or that of a responder that it
   named (RFC 6960 §4.2.2.2).  Whoever signs has a status of its own, and it must be good.
2. The signature is verified every time (successes are remembered by the hash of the whole answer and the key),
   and its algorithm must be strong enough at the time we judge for.  Hashes in CertID, KeyHash and key
   identifiers are only names: any will do.
3. It must be about this certificate: CertID, or the scope of the list (RFC 5280 §6.3.3).  Lists of some reasons are
   "good" only together, when they cover all reasons.  What has a critical extension that we do not know is refused.
4. It may not be from the future of ``now`` (60 s of skew).  "Good" counts only if the answer was still current at
   ``at``, fresh enough where a freshness is demanded, and could still know an expired certificate.
5. Any valid "revoked" wins, however old the answer: revocation is for ever.  Only a hold ends, and only by a later
   valid answer that no longer has it.  A delta counts beside the complete list that it belongs to; that it lists a
   certificate counts alone.
6. Bounds: answers, signature checks and questions about signers are counted; at a bound nothing is "good".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError, Text
from eidkit.trust.answer import (
    ALL_REASONS,
    HOLD_FLAG,
    MAX_ANSWERS,
    MAX_CHECKS,
    Question,
    Refused,
    State,
    Statement,
    Status,
)
from eidkit.trust.listed import read_lists
from eidkit.trust.responded import statements_of_ocsp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from eidkit.asn1.certificate import Certificate
    from eidkit.findings import Observation

__all__ = ["MAX_ANSWERS", "MAX_CHECKS", "Status", "status_of"]


def status_of(
    certificate: Certificate,
    issuer: Certificate,
    *,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    at: datetime,
    now: datetime,
    freshness: timedelta | None = None,
    weak: frozenset[str] = frozenset(),
    above: Sequence[Certificate] = (),
    pool: Sequence[Certificate] = (),
) -> Status:
    """The status of ``certificate``, issued by ``issuer`` (already verified), as known for the time ``at``.

    ``now`` is the present or the time of collection: nothing from its future is believed.  ``freshness`` is the
    greatest age of an answer at ``at`` (None: its own nextUpdate decides).  ``weak`` names digests accepted
    whatever the date.  ``above`` is the verified path that continues over ``issuer``, the anchor last; ``pool`` are
    certificates among which others who sign for the issuer may be.  Never raises for what the answers hold.
    """
    return _answered(
        Question(certificate, (issuer, *above), at, now, freshness, weak, crls, ocsps, ask=_answered, pool=pool)
    )


def _answered(question: Question) -> Status:
    ocsps = question.ocsps[:MAX_ANSWERS]
    for answer in ocsps:
        _read(question, answer)
    read_lists(question, question.crls[: MAX_ANSWERS - len(ocsps)])
    exceeded = len(question.crls) + len(question.ocsps) > MAX_ANSWERS or question.checks > MAX_CHECKS
    if exceeded:  # (6)
        why = Text(
            f"more than {MAX_ANSWERS} answers or {MAX_CHECKS} signature checks",
            f"quá {MAX_ANSWERS} câu trả lời hoặc {MAX_CHECKS} lần kiểm tra chữ ký",
        )
        question.refuse(question.certificate.sha256, why)
    return _decided(question, exceeded=exceeded)


def _read(question: Question, answer: bytes) -> None:
    """Take down the statements of one OCSP answer; what is wrong with it becomes an observation."""
    try:
        question.statements.extend(statements_of_ocsp(question, answer))
    except Refused as refusal:
        question.refuse(sha256(answer).hexdigest(), refusal)
    except EidkitError as error:
        question.refuse(sha256(answer).hexdigest(), error.problem)


def _decided(question: Question, *, exceeded: bool) -> Status:
    """(5) Revoked before hold before good; a later good that can speak of holds releases an earlier hold."""
    said: dict[State, list[Statement]] = {"revoked": [], "hold": [], "good": [], "unknown": []}
    for each in question.statements:
        said[each.status.state].append(each)
    good = said["good"]
    if said["revoked"]:
        return _with(min((each.status for each in said["revoked"]), key=_since), question)
    if said["hold"]:
        held = max((each.status for each in said["hold"]), key=_issued)
        released = max((_issued(each.status) for each in good if HOLD_FLAG in each.covers), default=_LONG_AGO)
        if released <= _issued(held):
            return _with(held, question)
    if not good or exceeded:
        return _with(Status("unknown", aged=question.aged and not exceeded), question)
    if frozenset().union(*(each.covers for each in good)) != ALL_REASONS:  # (3)
        why = Text(
            "the CRLs given are only about some reasons of revocation", "các CRL chỉ nói về một số lý do thu hồi"
        )
        question.refuse(good[0].status.source_sha256 or "", why)
        return _with(Status("unknown"), question)
    return _with(max((each.status for each in good), key=_issued), question)


def _with(status: Status, question: Question) -> Status:
    if not question.observations:
        return status
    notes: tuple[Observation, ...] = tuple(dict.fromkeys(question.observations))
    return replace(status, observations=notes)


_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def _since(status: Status) -> datetime:
    return status.revoked_at or _LONG_AGO


def _issued(status: Status) -> datetime:
    return status.this_update or _LONG_AGO
