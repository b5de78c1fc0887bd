"""What every way of the code flow refuses of a callback, whoever the person logged in at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eidkit.auth import otp
from tests.auth.portals import BINH, LAN, PartnerPortal, ProviderPortal


@pytest.fixture(params=["provider", "partner"])
def portal(request, stores, clock, transaction):
    if request.param == "provider":
        return ProviderPortal(stores, clock, transaction)
    return PartnerPortal(stores, clock, transaction, request.getfixturevalue("relying_key"))


def test_the_expected_person_comes_back(portal):
    assert portal.login(LAN, subject=LAN).identity == LAN


def test_a_callback_is_used_once(portal, reasons):
    challenge = portal.begin()
    callback = portal.idp.answer(challenge.url, LAN)
    portal.verify(callback, challenge)
    portal.refused(callback, challenge)
    assert reasons() == ["challenge-unknown"]


def test_whatever_fails_the_challenge_is_used(portal, reasons):
    challenge = portal.begin()
    callback = portal.idp.answer(challenge.url, LAN)
    portal.refused({**callback, "state": "x"}, challenge)
    portal.refused(callback, challenge)
    assert reasons() == ["state", "challenge-unknown"]


def test_a_callback_for_another_session_is_refused(portal, reasons):
    attacker, victim = portal.begin(), portal.begin()
    portal.refused(portal.idp.answer(attacker.url, BINH), victim)
    assert reasons() == ["state"]


def test_another_person_than_the_expected_is_refused(portal, reasons):
    challenge = portal.begin(subject=LAN)
    portal.refused(portal.idp.answer(challenge.url, BINH), challenge)
    assert reasons() == ["other-person"]


def test_an_expired_challenge_is_refused(portal, clock, reasons):
    challenge = portal.begin()
    callback = portal.idp.answer(challenge.url, LAN)
    clock.advance(timedelta(minutes=5, seconds=1))
    portal.refused(callback, challenge)
    assert reasons() == ["challenge-time"]


def test_another_audience_is_refused_when_asked_for(portal, reasons):
    portal.refused(audience="taxes")
    assert reasons() == ["challenge-audience"]


def test_a_challenge_of_another_way_is_refused(portal, reasons, clock, transaction):
    portal.refused({}, otp.begin(LAN, transaction, audience="permits", stores=portal.stores, clock=clock))
    assert reasons() == ["challenge-method"]
