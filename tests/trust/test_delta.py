"""Delta CRLs: they revoke, they bring a list up to date, and they alone may lift a hold."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509

from eidkit.trust.revocation import Status, status_of
from tests.trust.making import DAY, NOW, Party, Pki

HOUR = timedelta(hours=1)
HOLD, REMOVED = x509.ReasonFlags.certificate_hold, x509.ReasonFlags.remove_from_crl
COMPROMISED = x509.ReasonFlags.key_compromise


def entry(party: Party, reason: x509.ReasonFlags) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(party.certificate.serial_number)
    return builder.revocation_date(NOW - 3 * DAY).add_extension(x509.CRLReason(reason), critical=False).build()


def complete(pki: Pki, *entries: x509.RevokedCertificate, number: int = 5, **times: datetime) -> bytes:
    return pki.authority.crl((x509.CRLNumber(number), False), revoked=list(entries), **times)


def delta(
    pki: Pki,
    *entries: x509.RevokedCertificate,
    base: int = 5,
    number: int = 6,
    this: datetime = NOW - HOUR,
    signer: Party | None = None,
) -> bytes:
    extensions = (x509.DeltaCRLIndicator(base), True), (x509.CRLNumber(number), False)
    return pki.authority.crl(*extensions, revoked=list(entries), this=this, signer=signer)


def asked(pki: Pki, *crls: bytes) -> Status:
    return status_of(pki.person.parsed, pki.authority.parsed, crls=crls, ocsps=(), at=NOW, now=NOW)


def test_a_delta_revokes(pki: Pki) -> None:
    status = asked(pki, complete(pki), delta(pki, entry(pki.person, COMPROMISED)))
    assert (status.state, status.reason) == ("revoked", "keyCompromise")


def test_a_delta_brings_a_list_that_ended_up_to_date(pki: Pki) -> None:
    old = complete(pki, this=NOW - 9 * DAY, until=NOW - 2 * DAY)
    assert asked(pki, old).state == "unknown"
    assert asked(pki, old, delta(pki)).state == "good"


@pytest.mark.parametrize(
    ("base", "number", "state"), [(5, 6, "good"), (4, 6, "good"), (6, 7, "unknown"), (5, 5, "unknown")]
)
def test_its_numbers_say_which_list_it_completes(pki: Pki, base: int, number: int, state: str) -> None:
    old = complete(pki, this=NOW - 9 * DAY, until=NOW - 2 * DAY)
    assert asked(pki, old, delta(pki, base=base, number=number)).state == state


def test_a_delta_lifts_a_hold(pki: Pki) -> None:
    held = complete(pki, entry(pki.person, HOLD))
    assert asked(pki, held).state == "hold"
    assert asked(pki, held, delta(pki, entry(pki.person, REMOVED))).state == "good"


def test_nothing_lifts_a_revocation(pki: Pki) -> None:
    gone = complete(pki, entry(pki.person, COMPROMISED))
    assert asked(pki, gone, delta(pki, entry(pki.person, REMOVED))).state == "revoked"


def test_a_delta_that_is_silent_leaves_the_hold(pki: Pki) -> None:
    assert asked(pki, complete(pki, entry(pki.person, HOLD)), delta(pki)).state == "hold"


def test_a_delta_that_belongs_to_a_later_list_lifts_nothing(pki: Pki) -> None:
    held = complete(pki, entry(pki.person, HOLD))
    assert asked(pki, held, delta(pki, entry(pki.person, REMOVED), base=7, number=8)).state == "hold"


def test_a_delta_of_long_ago_does_not_lift_a_hold_of_today(pki: Pki) -> None:
    first = complete(pki, entry(pki.person, HOLD), number=5, this=NOW - 6 * DAY)
    lifted = delta(pki, entry(pki.person, REMOVED), base=5, number=6, this=NOW - 5 * DAY)
    again = complete(pki, entry(pki.person, HOLD), number=7, this=NOW - HOUR)
    assert asked(pki, first, lifted, again).state == "hold"
    assert asked(pki, first, lifted).state == "good"


def test_a_forged_delta_lifts_nothing(pki: Pki) -> None:
    held = complete(pki, entry(pki.person, HOLD))
    assert asked(pki, held, delta(pki, entry(pki.person, REMOVED), signer=pki.root)).state == "hold"


def test_a_hold_that_a_delta_begins_is_a_hold(pki: Pki) -> None:
    assert asked(pki, complete(pki), delta(pki, entry(pki.person, HOLD))).state == "hold"


def test_remove_from_crl_in_a_complete_list_is_a_mistake(pki: Pki) -> None:
    status = asked(pki, complete(pki, entry(pki.person, REMOVED)))
    assert status.state == "unknown"
    assert "removeFromCRL" in status.why.en


@pytest.mark.parametrize("oid", ["2.5.29.20", "2.5.29.60"])
def test_a_number_or_date_that_cannot_be_read_makes_a_list_unusable_and_nothing_else(pki: Pki, oid: str) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x02\x7f"), False
    for extra in ((), ((x509.DeltaCRLIndicator(1), True),)):
        broken = pki.authority.crl(odd, *extra)
        assert asked(pki, broken).state == "unknown"
        assert asked(pki, broken, complete(pki), delta(pki)).state == "good"
