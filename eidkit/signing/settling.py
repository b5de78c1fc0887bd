"""What settles the status of one certificate: the fewest answers, and the certificates of who signed them.

1. What the file holds already, where it is new enough.
2. One answer alone: one issued since the time in question, otherwise the newest.
3. Several together (a list with its delta, a responder or another signer of lists with an answer about itself): what
   is not needed is left out, old answers first.
4. Whoever signed an answer and stands neither in it nor on the path has to be at hand later too.

Asks no network, writes nothing; nothing is believed that :mod:`eidkit.trust.revocation` does not believe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from eidkit.asn1 import crl, name, ocsp
from eidkit.errors import EidkitError
from eidkit.trust.standing import status_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.trust.revocation import Status
    from eidkit.trust.standing import Demand

T = TypeVar("T")
MAX_TRIED = 50
"""How many answers or certificates are tried whether they can be left out; more are kept."""


@dataclass(frozen=True, slots=True)
class Additions:
    """Validation data as DER octets: certificates, CRLs, OCSP answers; false when there is none."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

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
class StatusQuestion:
    """The certificate at ``position`` of a verified path: what is demanded of its status, and who may answer.

    ``since``: from when on an answer is preferred; ``pool``: where signers of answers may be found.
    """

    path: tuple[Certificate, ...]
    position: int
    demand: Demand
    since: datetime
    pool: tuple[Certificate, ...]

    @property
    def certificate(self) -> Certificate:
        """Whose status is asked for."""
        return self.path[self.position]

    @property
    def link(self) -> tuple[str, str]:
        """The certificate and its issuer, by their SHA-256."""
        return self.certificate.sha256, self.path[self.position + 1].sha256

    def status(self, answers: Additions, pool: Sequence[Certificate] | None = None) -> Status:
        """What is known by these answers; ``pool`` in the place of the question's own."""
        signers = self.pool if pool is None else pool
        return status_on(self.path, self.position, self.demand, crls=answers.crls, ocsps=answers.ocsps, pool=signers)

    def recent(self, status: Status) -> bool:
        """Whether a status was told since the time in question, by somebody whose certificate has not ended."""
        alive = status.signer_ends is None or status.signer_ends >= self.demand.now
        return alive and status.this_update is not None and status.this_update >= self.since


@dataclass(frozen=True, slots=True)
class Settled:
    """The status as far as it is known, and what has to be added so that it is known from the file alone."""

    status: Status
    added: Additions


def settle(question: StatusQuestion, held: Additions, more: Additions) -> Settled:
    """What of ``more`` has to be added to ``held``, the answers in the file; nothing where nothing settles it."""
    # 1.
    own = question.status(held)
    if own.state != "unknown" and question.recent(own):
        return Settled(own, _signers(question, own, held))
    best = _alone(question, more)
    if best is None or not question.recent(best.status):
        joined = _together(question, held, more)
        best = joined if best is None or question.recent(joined.status) else best
    if own.state != "unknown" and not question.recent(best.status):
        return Settled(own, _signers(question, own, held))
    return Settled(best.status, best.added.joined(_signers(question, best.status, held.joined(best.added))))


# 2.
def _alone(question: StatusQuestion, more: Additions) -> Settled | None:
    """The first answer that alone settles it and is recent, otherwise the newest."""
    best: Settled | None = None
    for answer in _about(question.certificate, more):
        said = question.status(answer)
        if said.state == "unknown" or said.this_update is None:
            continue
        if question.recent(said):
            return Settled(said, answer)
        if best is None or best.status.this_update is None or said.this_update > best.status.this_update:
            best = Settled(said, answer)
    return best


def _about(certificate: Certificate, more: Additions) -> Iterator[Additions]:
    """Each answer that may be about ``certificate``; quick, and no judgement."""
    for one in more.ocsps:
        if _read(one, lambda data: any(each.serial == certificate.serial for each in ocsp.parse(data).singles)):
            yield Additions(ocsps=(one,))
    for one in more.crls:
        if _read(one, lambda data: _may_list(crl.parse(data), certificate)):
            yield Additions(crls=(one,))


def _may_list(found: crl.Crl, certificate: Certificate) -> bool:
    """Of its issuer, or an indirect one."""
    return found.scope.indirect or name.same(found.issuer, certificate.issuer)


def _read(answer: bytes, question: Callable[[bytes], bool]) -> bool:
    try:
        return question(answer)
    except EidkitError:
        return False


# 3.
def _together(question: StatusQuestion, held: Additions, more: Additions) -> Settled:
    whole = question.status(held.joined(more))
    if whole.state == "unknown":
        return Settled(whole, Additions())

    def enough(kept: Sequence[tuple[bool, bytes]]) -> bool:
        said = question.status(held.joined(_answers(kept)))
        return said.state == whole.state and question.recent(said) >= question.recent(whole)

    every = [*((True, one) for one in more.crls), *((False, one) for one in more.ocsps)]
    fewest = _answers(_fewest(sorted(every, key=_issued), enough))
    return Settled(question.status(held.joined(fewest)), fewest)


def _answers(kept: Sequence[tuple[bool, bytes]]) -> Additions:
    return Additions((), tuple(one for listed, one in kept if listed), tuple(one for listed, one in kept if not listed))


def _issued(answer: tuple[bool, bytes]) -> float:
    """When it was made, as it says; what cannot be read comes first."""
    listed, data = answer
    try:
        return (crl.parse(data).this_update if listed else ocsp.parse(data).produced_at).timestamp()
    except EidkitError:
        return float("-inf")


def _fewest(found: Sequence[T], enough: Callable[[Sequence[T]], bool]) -> list[T]:
    """``found`` without what is not needed, from the first on."""
    kept = list(found)
    for one in found[:MAX_TRIED]:
        fewer = [each for each in kept if each is not one]
        if enough(fewer):
            kept = fewer
    return kept


# 4.
def _signers(question: StatusQuestion, said: Status, answers: Additions) -> Additions:
    """The certificates of the pool without which ``answers`` do not come to what was ``said``."""
    named = [one for one in question.pool if one not in question.path and _signs(one, answers)]
    if not named or said.state == "unknown" or question.status(answers, ()).state == said.state:
        return Additions()

    def enough(kept: Sequence[Certificate]) -> bool:
        return question.status(answers, kept).state == said.state

    signers = _fewest(named, enough) if enough(named) else question.pool  # a path of their own, of issuers beside ours
    return Additions(tuple(one.der for one in signers))


def _signs(certificate: Certificate, answers: Additions) -> bool:
    """Whether one of the answers names ``certificate`` as its signer."""
    return any(
        _read(one, lambda data: name.same(crl.parse(data).issuer, certificate.subject)) for one in answers.crls
    ) or any(_read(one, lambda data: ocsp.parse(data).names(certificate)) for one in answers.ocsps)
