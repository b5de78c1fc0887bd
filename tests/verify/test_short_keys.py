"""An issuer whose key has become too short vouches for what is proved to be older (EN 319 102-1 §5.6.2.2.4, 2) d))."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eidkit.document import Document
from eidkit.identity import Identity
from eidkit.sandbox import people
from tests.preserving.world import START, World, codes, verdict

_END = datetime(2029, 1, 1, tzinfo=UTC)
"""Of RSA keys below 3,000 bits, by the catalogue."""


@pytest.fixture(scope="module")
def made() -> tuple[World, Document, Document]:
    """A world whose issuing authority has an RSA key of 2,048 bits; a signature preserved without and with a seal."""
    world = World()
    above = world.sandbox.authorities["root"]
    world.sandbox.authorities["short"] = above.subordinate("short", people.authority("Short CA"), "rsa2048", START)
    key = world.sandbox.issue(people.authority("Lan"), Identity("vn-mst", "0100000000", "Lan"), by="short")
    signed = world.signed(key=key)
    return world, world.preserved(signed), world.preserved(signed, stamped=True)


def _at(world: World, moment: datetime) -> World:
    world.clock.advance(moment - world.clock.now())
    return world


def test_until_its_end_it_vouches(made: tuple[World, Document, Document]) -> None:
    world, kept, sealed = made
    _at(world, datetime(2028, 12, 31, tzinfo=UTC))
    assert verdict(world.report(kept)) == verdict(world.report(sealed)) == ("TOTAL-PASSED", None)


def test_after_its_end_nothing_that_is_not_proved_to_be_older_counts(made: tuple[World, Document, Document]) -> None:
    world, kept, _ = made
    report = _at(world, datetime(2029, 1, 2, tzinfo=UTC)).report(kept)
    assert verdict(report) == ("INDETERMINATE", "NO_POE")
    (reason,) = [f for f in report.conclusions[0].findings if f.code == "NO_POE"]
    assert f"{_END:%Y-%m-%d}" in reason.message.en


def test_what_a_timestamp_proves_to_be_older_still_counts(made: tuple[World, Document, Document]) -> None:
    world, _, sealed = made
    assert verdict(_at(world, datetime(2029, 1, 2, tzinfo=UTC)).report(sealed)) == ("TOTAL-PASSED", None)


def test_a_seal_that_comes_too_late_proves_nothing(made: tuple[World, Document, Document]) -> None:
    from tests.preserving.test_attacks import _answers, _sealed

    world, kept, _ = made
    late = _sealed(_at(world, datetime(2029, 1, 3, tzinfo=UTC)), kept, _answers(world))
    report = world.report(late)
    assert verdict(report) == ("INDETERMINATE", "NO_POE")
    assert "NO_POE" in codes(report)
