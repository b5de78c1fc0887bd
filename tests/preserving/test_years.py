"""What a preserved file proves years later, renewed in time or not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from eidkit.identity import Identity
from eidkit.sandbox import people
from eidkit.trust.sources import Sources
from tests.preserving.world import START, YEAR, World, assert_policy_is_baseline, codes, verdict

if TYPE_CHECKING:
    from cryptography import x509

    from eidkit.document import Document
    from eidkit.sandbox.keys import SandboxKey
    from eidkit.verify import Report

PASSED = ("TOTAL-PASSED", None)


def _end(certificate: x509.Certificate | SandboxKey) -> datetime:
    found = getattr(certificate, "certificate", certificate)
    return found.not_valid_after_utc


def _tsa(world: World) -> x509.Certificate:
    return world.sandbox.timestamp_maker.certificate


def _thirty_years(world: World, *, missing: int = 3) -> list[Document]:
    """The file after signing and after each of three renewals, nine years apart, until the one that is missed."""
    world.new_tsa(10)
    states = [world.preserved(world.signed(), stamped=True)]
    for number, under in enumerate(("time-root", "second-root", "second-root")):
        world.pass_years(9)
        if under != "time-root" and under not in world.sandbox.authorities:
            world.new_time_root(under)
        world.new_tsa(10, under=under)
        if number == missing:
            break
        states.append(world.preserved(states[-1], stamped=True))
    return states


# ── B-T, B-LT ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_test_policy_demands_what_the_baseline_does() -> None:
    assert_policy_is_baseline()


def test_b_lt_outlives_the_signer_s_certificate(world: World) -> None:
    signed = world.signed()
    kept = world.preserved(signed)
    world.pass_years(4)
    assert world.clock.now() > _end(world.key)
    assert verdict(world.report(kept)) == PASSED
    assert verdict(world.report(signed)) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")


def test_b_lt_ends_with_the_certificate_of_its_timestamp(world: World) -> None:
    kept = world.preserved(world.signed())
    world.pass_years(5.1)
    report = world.report(kept)
    assert verdict(report) == ("INDETERMINATE", "TRY_LATER")  # §5.2.6.4: the status comes before the period
    assert {"STATUS_UNKNOWN", "OUT_OF_BOUNDS_NO_POE"} <= codes(report)


def test_a_revocation_after_the_timestamp_does_no_harm(world: World) -> None:
    kept = world.preserved(world.signed())
    world.clock.advance(timedelta(days=2))
    world.sandbox.revoke(world.key)
    world.clock.advance(timedelta(days=2))
    assert verdict(world.report(kept)) == PASSED


def test_an_authority_that_is_revoked_later_is_believed_for_what_is_proved_to_be_older(world: World) -> None:
    bare = world.preserved(world.signed())
    kept = world.preserved(bare, stamped=True)
    world.clock.advance(timedelta(days=2))
    world.sandbox.revoke(world.sandbox.authorities["official"].certificate)
    world.clock.advance(timedelta(days=1))
    assert verdict(world.report(kept)) == PASSED
    assert verdict(world.report(bare)) == ("INDETERMINATE", "NO_POE")


def test_a_revocation_before_the_timestamp_fails_it_whatever_the_file_holds(world: World) -> None:
    kept = world.preserved(world.signed())
    world.sandbox.revoke(world.key, world.clock.now() - timedelta(days=1))
    world.clock.advance(timedelta(days=2))
    assert verdict(world.report(kept)) == ("INDETERMINATE", "REVOKED_NO_POE")


# ── B-LTA ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_b_lta_outlives_the_certificate_of_its_signature_timestamp(world: World) -> None:
    signed = world.signed()
    world.new_tsa(12)
    kept = world.preserved(signed, stamped=True)
    world.pass_years(6)
    report = world.report(kept)
    assert verdict(report) == PASSED
    inner = report.conclusions[0].timestamps[0]
    assert inner.proved_at == report.timestamps[0].time
    assert {f.code for f in inner.findings} == {"PROVED_BY_LATER_TIMESTAMP"}


def test_a_key_of_a_timestamp_authority_that_is_compromised_later(world: World) -> None:
    """What a later timestamp covered before the revocation still counts; a bare B-LT does not."""
    old = _tsa(world)
    signed = world.signed()
    bare = world.preserved(signed)
    world.new_tsa(12)
    kept = world.preserved(signed, stamped=True)
    world.clock.advance(timedelta(days=5))
    world.sandbox.revoke(old)
    world.clock.advance(timedelta(days=1))
    inner = world.report(kept).conclusions[0].timestamps[0]
    assert (inner.indication, inner.proved_at) == ("PASSED", world.report(kept).timestamps[0].time)
    assert verdict(world.report(kept)) == PASSED
    assert world.report(bare).conclusions[0].timestamps[0].subindication == "REVOKED_NO_POE"
    world.pass_years(4)
    assert verdict(world.report(kept)) == PASSED
    assert not world.report(bare)


def test_a_revocation_that_is_published_late_still_counts(world: World) -> None:
    """The timestamp's key was lost before the document timestamp; the list that says so is younger than both."""
    old = _tsa(world)
    signed = world.signed()
    lost = world.clock.now() + timedelta(hours=1)
    world.clock.advance(timedelta(hours=2))
    world.new_tsa(12)
    kept = world.preserved(signed, stamped=True)
    world.clock.advance(timedelta(days=1))
    world.sandbox.revoke(old, lost)
    late = Sources.of(crls=world.sandbox.crls())
    world.pass_years(6)
    asked = Sources.of(crls=world.sandbox.crls())
    before = world.report(kept, sources=asked).conclusions[0].timestamps[0]
    assert before.indication == "INDETERMINATE"
    report = world.report(kept, sources=late + asked)
    assert report.conclusions[0].timestamps[0].indication == "INDETERMINATE"
    assert report.conclusions[0].best_signature_time == report.timestamps[0].time


def test_three_renewals_last_thirty_years(world: World) -> None:
    final = _thirty_years(world)[-1]
    world.clock.advance(START + 30 * YEAR - world.clock.now())
    report = world.report(final)
    assert verdict(report) == PASSED
    assert report.conclusions[0].best_signature_time.year == 2026
    assert [t.indication for t in report.timestamps] == ["PASSED"] * 4


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missed_renewal_fails_with_its_finding(missing: int) -> None:
    world = World()
    states = _thirty_years(world, missing=missing)
    world.clock.advance(START + 30 * YEAR - world.clock.now())
    for state in states:
        report = world.report(state)
        assert verdict(report) == ("INDETERMINATE", "NO_POE")
        assert "RENEWAL_MISSED" in codes(report)
        assert report.provable_until is None


def test_a_renewal_that_comes_too_late_is_refused(world: World) -> None:
    from eidkit.errors import SigningError

    kept = world.preserved(world.signed(), stamped=True)
    world.pass_years(6)
    world.new_tsa(10)
    with pytest.raises(SigningError) as caught:
        world.preserved(kept, stamped=True)
    assert caught.value.code == "preserve-not-valid"


def test_a_missed_renewal_is_only_a_warning_while_something_else_proves_the_time(world: World) -> None:
    signed = world.signed()
    world.new_tsa(1)
    kept = world.preserved(signed, stamped=True)
    world.pass_years(2)
    report = world.report(kept)
    assert verdict(report) == PASSED
    assert "RENEWAL_MISSED" in codes(report)


# ── until when ────────────────────────────────────────────────────────────────────────────────────────────


def test_provable_until_names_the_end_that_comes_first(world: World) -> None:
    bare, signed = world.signed(stamped=False), world.signed()
    assert world.report(bare).provable_until == _end(world.key)
    assert world.report(signed).provable_until == _end(world.key)  # nothing in it says that she was not revoked
    kept, first = world.preserved(signed), _tsa(world)
    assert world.report(kept).provable_until == _end(first)
    second = world.new_tsa(9)
    sealed = world.preserved(kept, stamped=True)
    assert world.report(sealed).provable_until == _end(second)


def test_a_renewal_moves_the_date_and_the_verdict_keeps_it(world: World) -> None:
    kept = world.preserved(world.signed(), stamped=True)
    until = world.report(kept).provable_until
    assert until == _end(_tsa(world))
    world.pass_years(4)
    new = world.new_tsa(10)
    renewed = world.preserved(kept, stamped=True)
    assert world.report(renewed).provable_until == _end(new)
    world.clock.advance(until - world.clock.now())
    assert world.report(kept)
    world.clock.advance(timedelta(seconds=1))
    assert not world.report(kept)
    assert world.report(renewed)


def test_the_end_of_an_authority_counts_for_what_nothing_proves_older(world: World) -> None:
    """A B-LT file rests on answers that its authority could make up once its own certificate has ended."""
    world.new_tsa(25, under="time-root")
    world.pass_years(1)
    kept = world.preserved(world.signed())
    ends = [
        world.sandbox.authorities[slug].certificate.not_valid_after_utc for slug in ("official", "root", "time-root")
    ]
    assert world.report(kept).provable_until == min(ends)


def test_an_issuing_authority_that_ends_before_its_root(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tsa_years=10)
    monkeypatch.setattr("eidkit.sandbox.authority._AUTHORITY_LIFE", 4 * YEAR)
    short = world.sandbox.authorities["root"].subordinate("short", people.authority("Short CA"), "p256", START)
    world.sandbox.authorities["short"] = short
    key = world.sandbox.issue(people.authority("Lan"), Identity("vn-mst", "0100000000", "Lan"), by="short")
    bare = world.preserved(world.signed(key=key))
    kept = world.preserved(bare, stamped=True)
    assert world.report(bare).provable_until == _end(short)
    world.pass_years(5)
    assert verdict(world.report(bare)) == ("INDETERMINATE", "NO_POE")
    assert verdict(world.report(kept)) == PASSED


def test_a_verdict_that_rests_on_answers_beside_the_file_is_provable_only_today(world: World) -> None:
    signed = world.signed()
    beside = Sources.of(crls=world.sandbox.crls())
    world.pass_years(4)
    fresh = Sources.of(crls=world.sandbox.crls())
    report = world.report(signed, sources=beside + fresh)
    assert verdict(report) == PASSED
    assert report.provable_until == world.clock.now()


def test_no_date_where_nothing_holds(world: World) -> None:
    report: Report = world.report(world.signed(), offline=True)
    assert not report
    assert report.provable_until is None
    assert report.to_json()["provable_until"] is None


# ── without asking anybody ────────────────────────────────────────────────────────────────────────────────


def test_offline_the_newest_timestamp_waits_for_its_status_and_the_report_names_what_settles_it(world: World) -> None:
    """EN 319 102-1 §5.2.5: an answer past its nextUpdate is not fresh; only the newest timestamp's need be."""
    kept = world.preserved(world.signed(), stamped=True)
    assert verdict(world.report(kept, offline=True)) == PASSED
    world.clock.advance(timedelta(days=8))
    report = world.report(kept, offline=True)
    assert verdict(report) == ("INDETERMINATE", "TRY_LATER")
    [waits, *_] = [f for f in report.conclusions[0].findings if f.code == "TIMESTAMP_WAITS_FOR_STATUS"]
    assert "--crl" in waits.remedy.en
    assert "TIMESTAMP_INVALID" not in codes(report)
    fresh = Sources.of(crls=[world.sandbox.authorities["time-root"].crl(world.clock.now())])
    assert verdict(world.report(kept, sources=fresh)) == PASSED
