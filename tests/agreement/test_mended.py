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


def test_a_list_that_drops_ended_certificates_does_not_say_so(world: World) -> None:
    at = MOMENTS[2].at
    dropping = tuple(authority.crl(at) for authority in world.authorities.values())
    report = _judged(world, _made(world, "good", "B"), MOMENTS[2], dropping)
    assert _verdict(report) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


def test_a_list_says_so_only_from_its_date_on(world: World) -> None:
    at = MOMENTS[2].at
    later = tuple(one.crl(at, expired_since=SIGNED + 1400 * DAY) for one in world.authorities.values())
    report = _judged(world, _made(world, "good", "B"), MOMENTS[2], later)
    assert _verdict(report) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


def test_below_a_revoked_authority_nobody_counts_as_not_revoked(world: World) -> None:
    report = _judged(world, _made(world, "authority revoked after", "B"), MOMENTS[2])
    assert _verdict(report) == ("INDETERMINATE", "REVOKED_CA_NO_POE")
