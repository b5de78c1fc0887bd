"""Answers by responders whose certificates have ended since (EN 319 102-1 §5.2.6.4, 8))."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from eidkit.asn1 import crl as lists
from eidkit.sandbox.keys import generate
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import verify_certificate
from tests.preserving.world import World, codes, verdict
from tests.trust.making import NOW, Party, Pki, self_signed

if TYPE_CHECKING:
    from eidkit.document import Document

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PASSED = ("TOTAL-PASSED", None)
OUT = ("INDETERMINATE", "REVOCATION_OUT_OF_BOUNDS_NO_POE")


class Answered:
    """A world of today in which a responder answers for Lan; its certificate ends in five hours."""

    def __init__(self) -> None:
        # OCSP answers are stamped with the real present
        self.world = World(start=datetime.now(UTC).replace(microsecond=0) - 2 * HOUR)
        self.signed = self.world.signed()
        self.world.clock.advance(2 * HOUR + timedelta(minutes=1))
        issuer = self.world.sandbox.authorities["official"]
        authority = Party(issuer.key, issuer.certificate)
        now = self.world.clock.now()
        responder = authority.responder(begins=now - DAY, ends=now + 5 * HOUR, key=generate("p256"))
        lan = Party(generate("p256"), self.world.key.certificate)  # of Lan only the certificate is asked about
        self.answer = authority.ocsp(lan, responder=responder, this=now - HOUR, until=now + 2 * DAY)
        own = issuer.certificate.subject.public_bytes()
        self.others = tuple(one for one in self.world.sandbox.crls() if lists.parse(one).issuer != own)

    @property
    def sources(self) -> Sources:
        """The responder's answer about Lan, lists about everybody else."""
        return Sources.of(crls=self.others, ocsps=(self.answer,))

    def kept(self, *, stamped: bool) -> Document:
        """B-LT, or B-LTA with ``stamped``, by these answers."""
        return self.world.preserved(self.signed, stamped=stamped, sources=self.sources)


@pytest.fixture
def answered() -> Answered:
    return Answered()


def test_while_its_responder_lives_an_answer_counts(answered: Answered) -> None:
    assert verdict(answered.world.report(answered.kept(stamped=False), sources=answered.sources)) == PASSED


def test_afterwards_it_counts_only_if_it_is_proved_to_be_older(answered: Answered) -> None:
    kept, sealed = (answered.kept(stamped=stamped) for stamped in (False, True))
    answered.world.clock.advance(6 * HOUR)
    report = answered.world.report(kept, sources=answered.sources)
    assert verdict(report) == OUT
    assert "REVOCATION_OUT_OF_BOUNDS_NO_POE" in codes(report)
    assert verdict(answered.world.report(sealed, sources=answered.sources)) == PASSED


def test_another_answer_by_the_issuer_does_as_well(answered: Answered) -> None:
    kept = answered.kept(stamped=False)
    fresh = answered.world.sandbox.authorities["official"].crl(answered.world.clock.now() - HOUR)
    answered.world.clock.advance(6 * HOUR)
    sources = answered.sources + Sources.of(crls=(fresh,))
    assert verdict(answered.world.report(kept, sources=sources)) == PASSED


def test_the_end_of_the_responder_is_told_ahead(answered: Answered) -> None:
    """Once Lan's certificate has ended nobody can be asked about her again."""
    kept = answered.kept(stamped=False)
    until = answered.world.report(kept, sources=answered.sources).provable_until
    assert until == answered.world.key.certificate.not_valid_after_utc


def test_a_renewal_rests_on_what_the_seal_before_proved(answered: Answered) -> None:
    sealed = answered.kept(stamped=True)
    answered.world.clock.advance(6 * HOUR)
    renewed = answered.world.preserved(sealed, stamped=True)
    answered.world.pass_years(3.5)
    assert verdict(answered.world.report(renewed)) == PASSED


def test_preserving_replaces_an_answer_whose_responder_has_ended(answered: Answered) -> None:
    kept = answered.kept(stamped=False)
    answered.world.clock.advance(6 * HOUR)
    fresh = answered.world.sandbox.authorities["official"].crl(answered.world.clock.now())
    sealed = answered.world.preserved(kept, stamped=True, sources=answered.sources + Sources.of(crls=(fresh,)))
    assert fresh in answered.world.report(sealed, offline=True).context.evidence.crls
    answered.world.pass_years(3.5)
    time_root = answered.world.sandbox.authorities["time-root"].crl(answered.world.clock.now())
    assert verdict(answered.world.report(sealed, sources=Sources.of(crls=(time_root,)))) == PASSED


def test_of_a_certificate_alone_it_leaves_the_status_open() -> None:
    root = self_signed("Root")
    authority = root.issue("Authority", authority=True)
    pki = Pki(root, authority, authority.issue("Person"))
    ended = authority.responder(ends=NOW - HOUR)
    answers = [authority.ocsp(pki.person, responder=ended), root.crl()]
    trust = TrustStore.of([root.certificate], "signing")
    given = {"intermediates": [authority.certificate], "at": NOW}
    report = verify_certificate(pki.person.certificate, trust, revocation=answers, **given)
    assert (report.verdict, report.subindication) == ("INDETERMINATE", "REVOCATION_OUT_OF_BOUNDS_NO_POE")
    assert verify_certificate(pki.person.certificate, trust, revocation=[*answers, authority.crl()], **given)
