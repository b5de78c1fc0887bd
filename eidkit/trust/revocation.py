"""Was a certificate revoked?  CRLs and OCSP answers judged as what they are: untrusted input.  Pure.

The plan, whose numbers stand at the code:

1. An answer counts only from the certificate's issuer: a CRL under its name and key (with cRLSign where key usage
   is stated), an OCSP answer under its key or that of a responder it named (RFC 6960 §4.2.2.2).
2. The signature is verified every time (successes are remembered by the hash of the whole answer and the key),
   and its algorithm must be strong enough at the time we judge for.  Hashes in CertID, KeyHash and key
   identifiers are only names: any will do.
3. It must be about this certificate: CertID, or the scope of the list (RFC 5280 §6.3.3).  Indirect CRLs are refused
   by name, and so is what has a critical extension that we do not know.  A delta CRL or a list of some reasons
   can revoke, but that it does not list a certificate is refused by name as a "good".
4. It may not be from the future of ``now`` (60 s of skew).  "Good" counts only if the answer was still current at
   ``at``, fresh enough where a freshness is demanded, and could still know an expired certificate.
5. Any valid "revoked" wins, however old the answer: revocation is for ever.  Only a hold ends, and only by a later
   valid answer that no longer has it.
6. Bounds: answers and signature checks are counted; at a bound nothing is "good".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError, Text
from eidkit.trust.answer import MAX_ANSWERS, MAX_CHECKS, Question, Refused, State, Status
from eidkit.trust.listed import statements_of_crl
from eidkit.trust.responded import statements_of_ocsp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta

    from eidkit.asn1.certificate import Certificate
    from eidkit.findings import Observation

    _Reader = Callable[[Question, bytes], Iterator[Status]]

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
) -> Status:
    """The status of ``certificate``, issued by ``issuer`` (already verified), as known for the time ``at``.

    ``now`` is the present or the time of collection: nothing from its future is believed.  ``freshness`` is the
    greatest age of an answer at ``at`` (None: its own nextUpdate decides).  ``weak`` names digests accepted
    whatever the date.  Never raises for what the answers hold.
    """
    question = Question(certificate, issuer, at, now, freshness, weak, crls, ocsps, ask=_answered)
    return _answered(question)


def _answered(question: Question) -> Status:
    budget = MAX_ANSWERS
    for read, answers in ((statements_of_ocsp, question.ocsps), (statements_of_crl, question.crls)):
        for answer in answers[:budget]:
            _read(question, answer, read)
        budget -= len(answers[:budget])
    exceeded = len(question.crls) + len(question.ocsps) > MAX_ANSWERS or question.checks > MAX_CHECKS
    if exceeded:  # (6)
        why = Text(
            f"more than {MAX_ANSWERS} answers or {MAX_CHECKS} signature checks",
            f"quá {MAX_ANSWERS} câu trả lời hoặc {MAX_CHECKS} lần kiểm tra chữ ký",
        )
        question.refuse(question.certificate.sha256, why)
    _note_other_issuers(question)
    return _decided(question, exceeded=exceeded)


def _note_other_issuers(question: Question) -> None:
    """(3) Say by name when the certificate's CRLs come from somebody else than its issuer."""
    try:
        points = question.certificate.distribution_points
    except EidkitError as error:
        question.refuse(question.certificate.sha256, error.problem)
        return
    if not question.statements and any(point.crl_issuer for point in points):
        why = Text(
            "the certificate names another CRL issuer; indirect CRLs are not supported by this release",
            "chứng thư nêu tổ chức phát hành CRL khác; chưa hỗ trợ CRL gián tiếp",
        )
        question.refuse(question.certificate.sha256, why)


def _read(question: Question, answer: bytes, read: _Reader) -> None:
    """Take down the statements of one answer; what is wrong with it becomes an observation."""
    try:
        for statement in read(question, answer):
            question.statements.append(statement)
    except Refused as refusal:
        question.refuse(sha256(answer).hexdigest(), refusal.why)
    except EidkitError as error:
        question.refuse(sha256(answer).hexdigest(), error.problem)


def _decided(question: Question, *, exceeded: bool) -> Status:
    """(5) Revoked before hold before good; the latest good releases an earlier hold."""
    notes = tuple(dict.fromkeys(question.observations))
    by_state: dict[State, list[Status]] = {"revoked": [], "hold": [], "good": [], "unknown": []}
    for statement in question.statements:
        by_state[statement.state].append(statement)
    if by_state["revoked"]:
        return _with(min(by_state["revoked"], key=_since), notes)
    latest = max(by_state["good"], key=_issued, default=None)
    held = max(by_state["hold"], key=_issued, default=None)
    if held is not None and (latest is None or _issued(latest) <= _issued(held)):
        return _with(held, notes)
    if latest is None or exceeded:
        return Status("unknown", observations=notes)
    return _with(latest, notes)


def _with(status: Status, notes: tuple[Observation, ...]) -> Status:
    return replace(status, observations=notes)


_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def _since(status: Status) -> datetime:
    return status.revoked_at or _LONG_AGO


def _issued(status: Status) -> datetime:
    return status.this_update or _LONG_AGO
