"""What the comparison with EU DSS showed to be wrong here, each as a fact of its own; needs no other tool."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.trust.sources import Sources
from eidkit.verify import Report, verify
from tests.agreement.comparing import MOMENTS, Moment
from tests.agreement.making import DAY, SIGNED, SITUATIONS, Situation, World


@pytest.fixture
def world() -> World:
    return World()


def _made(world: World, name: str, level: str) -> Document:
    situation = next(one for one in SITUATIONS if one.name == name)
    return _of(world, situation, level)


def _of(world: World, situation: Situation, level: str) -> Document:
    return world._file(situation, world._signer(situation.signer), "pdf", level)


def _judged(world: World, document: Document, moment: Moment, lists: tuple[bytes, ...] | None = None) -> Report:
    crls = world.lists(moment.at) if lists is None else lists
    sources = Sources.of(certificates=world.others, crls=crls)
    return verify(document, world.sandbox.trust, sources=sources, clock=FixedClock(moment.at))


def _verdict(report: Report) -> tuple[str, str | None]:
    return report.conclusions[0].indication, report.conclusions[0].subindication


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_timestamps_that_contradict_each_other_leave_the_time_open(world: World, moment: Moment) -> None:
    """EN 319 102-1 §5.5.4: also when the older authority's certificate has ended since."""
    document = _made(world, "archive timestamp order broken", "LTA")
    assert _verdict(_judged(world, document, moment)) == ("INDETERMINATE", "TIMESTAMP_ORDER_FAILURE")


def test_a_timestamp_that_does_not_hold_contradicts_nobody(world: World) -> None:
    """Otherwise anybody could spoil a good signature with a token of no worth."""
    broken = next(one for one in SITUATIONS if one.name == "archive timestamp order broken")
    worthless = replace(broken, sealer=replace(broken.sealer, under="stranger"))
    assert _verdict(_judged(world, _of(world, worthless, "LTA"), MOMENTS[1])) == ("TOTAL-PASSED", None)


def test_an_ended_certificate_that_a_list_still_knows_was_not_revoked(world: World) -> None:
    """EN 319 102-1 §5.2.6: OUT_OF_BOUNDS_NOT_REVOKED says more than OUT_OF_BOUNDS_NO_POE."""
    report = _judged(world, _made(world, "good", "B"), MOMENTS[2])
    assert _verdict(report) == ("INDETERMINATE", "OUT_OF_BOUNDS_NOT_REVOKED")


def test_a_hold_that_began_after_the_proved_time_does_no_harm(world: World) -> None:
    """EN 319 102-1 §5.5.4, 7) a)."""
    report = _judged(world, _made(world, "suspended after", "T"), MOMENTS[1])
    assert _verdict(report) == ("TOTAL-PASSED", None)


@pytest.mark.parametrize(("name", "level"), [("suspended after", "B"), ("suspended before", "T")])
def test_any_other_hold_waits(world: World, name: str, level: str) -> None:
    """EN 319 102-1 §5.5.4, 7) b)."""
    report = _judged(world, _made(world, name, level), MOMENTS[1])
    assert _verdict(report) == ("INDETERMINATE", "TRY_LATER")


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_a_signed_reference_to_no_certificate_at_hand_identifies_nobody(world: World, moment: Moment) -> None:
    """EN 319 102-1 §5.2.3.4, 2): also where another certificate, whose key fits, stands in its place."""
    (conclusion,) = _judged(world, _made(world, "reference to nothing there", "T"), moment).conclusions
    assert (conclusion.indication, conclusion.subindication) == ("INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND")
    assert (conclusion.certificate, conclusion.signer, conclusion.intact) == (None, None, False)


def test_without_any_answer_the_chain_fails_and_with_an_old_one_it_waits(world: World) -> None:
    """EN 319 102-1 §5.2.6.4, 4) e) and a): also when the certificate has ended, which is step 7)."""
    for moment in MOMENTS[1:]:
        report = _judged(world, _made(world, "no list", "B"), moment)
        assert _verdict(report) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")
        report = _judged(world, _made(world, "old list", "B"), moment)
        assert _verdict(report) == ("INDETERMINATE", "TRY_LATER")


def test_an_old_answer_about_the_signer_does_not_wait_where_one_about_the_authority_is_missing(world: World) -> None:
    only_stale = (world.authorities["stale"].crl(SIGNED - 20 * DAY),)
    report = _judged(world, _made(world, "old list", "B"), MOMENTS[1], only_stale)
    assert _verdict(report) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")


def test_what_exists_before_its_certificate_begins_was_not_made_with_it(world: World) -> None:
    """EN 319 102-1 §5.5.4, 4) b): the best signature time is the present where nothing proves an older one."""
    report = _judged(world, _made(world, "not yet valid", "B"), MOMENTS[1])
    assert _verdict(report) == ("TOTAL-FAILED", "NOT_YET_VALID")


def test_the_path_is_judged_before_the_strength_of_the_signature(world: World) -> None:
    """EN 319 102-1 §5.3.4, 5) f) before 6); both reasons are listed."""
    report = _judged(world, _made(world, "weak hash", "B"), MOMENTS[2])
    assert _verdict(report) == ("INDETERMINATE", "OUT_OF_BOUNDS_NOT_REVOKED")
    assert "CRYPTO_CONSTRAINTS_FAILURE" in {found.code for found in report.conclusions[0].findings}


def test_a_list_that_drops_ended_certificates_does_not_say_so(world: World) -> None:
    """EN 319 102-1 §5.2.6.4, 4): it is not known to hold information about the certificate, so there is no answer."""
    at = MOMENTS[2].at
    dropping = tuple(authority.crl(at) for authority in world.authorities.values())
    report = _judged(world, _made(world, "good", "B"), MOMENTS[2], dropping)
    assert _verdict(report) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")


def test_a_list_says_so_only_from_its_date_on(world: World) -> None:
    at = MOMENTS[2].at
    later = tuple(one.crl(at, expired_since=SIGNED + 1400 * DAY) for one in world.authorities.values())
    report = _judged(world, _made(world, "good", "B"), MOMENTS[2], later)
    assert _verdict(report) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")


def test_below_a_revoked_authority_nobody_counts_as_not_revoked(world: World) -> None:
    report = _judged(world, _made(world, "authority revoked after", "B"), MOMENTS[2])
    assert _verdict(report) == ("INDETERMINATE", "REVOKED_CA_NO_POE")
