"""What a preserved CMS proves years later, renewed in time or not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eidkit.document import Document
from eidkit.errors import SigningError
from eidkit.trust.sources import Sources
from eidkit.verify import collect, load_evidence, save_evidence
from eidkit.verify.judging import judge
from tests.preserving.test_cms_levels import CONTENT, PERMIT, signed
from tests.preserving.world import LASTING, START, YEAR, World, codes, verdict

PASSED = ("TOTAL-PASSED", None)


def _thirty_years(world: World, document: Document, *, missing: int = 3, **more: Document) -> list[Document]:
    """The file after signing and after each of three renewals, nine years apart, until the one that is missed."""
    world.new_tsa(10)
    states = [world.preserved(document, stamped=True, **more)]
    for number, under in enumerate(("time-root", "second-root", "second-root")):
        world.pass_years(9)
        if under != "time-root" and under not in world.sandbox.authorities:
            world.new_time_root(under)
        world.new_tsa(10, under=under)
        if number == missing:
            break
        states.append(world.preserved(states[-1], stamped=True, **more))
    world.clock.advance(START + 30 * YEAR - world.clock.now())
    return states


def test_b_lt_outlives_the_signer_s_certificate(world: World) -> None:
    bare = signed(world)
    kept = world.preserved(bare)
    world.pass_years(4)
    assert verdict(world.report(kept)) == PASSED
    assert not world.report(bare)


def test_b_lta_outlives_the_certificate_of_its_signature_timestamp(world: World) -> None:
    document = signed(world)
    world.new_tsa(12)
    kept = world.preserved(document, stamped=True)
    world.pass_years(6)
    report = world.report(kept)
    assert verdict(report) == PASSED
    inner, archived = report.conclusions[0].timestamps
    assert inner.proved_at == archived.time


def test_three_renewals_last_thirty_years(world: World) -> None:
    report = world.report(_thirty_years(world, signed(world))[-1])
    assert verdict(report) == PASSED
    assert report.conclusions[0].best_signature_time.year == 2026
    assert [t.indication for t in report.conclusions[0].timestamps] == ["PASSED"] * 5


def test_three_renewals_of_a_signature_beside_its_file(world: World) -> None:
    states = _thirty_years(world, signed(world, attached=False), detached=PERMIT)
    assert verdict(world.report(states[-1], detached=PERMIT)) == PASSED


def test_two_signers_and_a_counter_signature_last_thirty_years(world: World) -> None:
    binh, chi = (
        world.sandbox.official(n, i) for n, i in (("Trần Văn Bình", "001199000052"), ("Lê Chi", "001199000053"))
    )
    document = world.signed(world.signed(signed(world), key=binh), key=chi, over="signature-1")
    report = world.report(_thirty_years(world, document)[-1])
    assert [c.indication for c in report.conclusions] == ["TOTAL-PASSED"] * 3
    assert {c.best_signature_time.year for c in report.conclusions} == {2026}


def test_the_evidence_alone_says_the_same_after_thirty_years(world: World) -> None:
    final = _thirty_years(world, signed(world))[-1]
    saved = save_evidence(collect(final))
    crls = world.sandbox.crls()
    seen = world.report(final, sources=Sources.of(crls=crls))
    loaded = load_evidence(saved, document=final)
    from eidkit.verify import complete

    again = judge(
        complete(loaded, world.trust, Sources.of(crls=crls), clock=world.clock),
        world.trust,
        LASTING,
        at=world.clock.now(),
    )
    assert verdict(again) == verdict(seen) == PASSED


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missed_renewal_fails_with_its_finding(missing: int) -> None:
    world = World()
    for state in _thirty_years(world, signed(world), missing=missing):
        report = world.report(state)
        assert report.conclusions[0].indication == "INDETERMINATE"
        assert "RENEWAL_MISSED" in codes(report)
        assert report.provable_until is None


def test_a_renewal_that_comes_too_late_is_refused(world: World) -> None:
    kept = world.preserved(signed(world), stamped=True)
    world.pass_years(6)
    world.new_tsa(10)
    with pytest.raises(SigningError) as caught:
        world.preserved(kept, stamped=True)
    assert caught.value.code == "preserve-not-valid"


def test_a_renewal_moves_the_date_until_which_it_is_provable(world: World) -> None:
    kept = world.preserved(signed(world), stamped=True)
    until = world.report(kept).provable_until
    assert until is not None
    world.pass_years(4)
    new = world.new_tsa(10)
    renewed = world.preserved(kept, stamped=True)
    assert world.report(renewed).provable_until == new.not_valid_after_utc
    world.clock.advance(until + timedelta(seconds=1) - world.clock.now())
    assert not world.report(kept)
    assert world.report(renewed)


def test_a_key_of_a_timestamp_authority_that_is_compromised_later(world: World) -> None:
    old = world.sandbox.timestamp_maker.certificate
    document = signed(world)
    bare = world.preserved(document)
    world.new_tsa(12)
    kept = world.preserved(document, stamped=True)
    world.clock.advance(timedelta(days=5))
    world.sandbox.revoke(old)
    world.clock.advance(timedelta(days=1))
    assert verdict(world.report(kept)) == PASSED
    world.pass_years(4)
    assert verdict(world.report(kept)) == PASSED
    assert not world.report(bare)


def test_nobody_is_asked_again_about_what_the_file_settles(world: World) -> None:
    """A renewal needs the authority that made the last timestamp, no longer those of the signer."""
    document = signed(world)
    world.clock.advance(timedelta(days=1))
    kept = world.preserved(document, stamped=True)
    world.pass_years(4)
    world.sandbox.cut("official")
    world.new_tsa(10)
    assert verdict(world.report(world.preserved(kept, stamped=True), offline=True)) == PASSED


def test_other_content_fails_also_after_thirty_years(world: World) -> None:
    states = _thirty_years(world, signed(world, attached=False), detached=PERMIT)
    other = Document.from_bytes(CONTENT.replace(b"two", b"ten"), "permit.txt")
    assert world.report(states[-1], detached=other).verdict == "TOTAL-FAILED"
