"""The times of a signature, laid out: in order, in proportion, and never on top of one another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from eidkit.trust.revocation import Status
from eidkit.verify.render.timeline import WIDTH, timeline


@pytest.fixture(scope="module")
def report(signed, judged):
    return judged(signed)


def drawn(report, **changes):
    return timeline([replace(report.conclusions[0], **changes)], [], report.validation_time, report.provable_until)


def labels(line):
    return [mark.label.en for mark in line.marks]


def test_every_time_of_a_signature_has_its_mark_in_order(report):
    line = drawn(report)
    assert labels(line) == [
        "the signer's certificate begins",
        "signing time, as the signer claims",
        "timestamp by Sandbox TSA (eidkit sandbox): proved",
        "checked",
        "the signer's certificate ends",
        "provable until here, without anything new",
    ]
    assert [mark.number for mark in line.marks] == [1, 2, 3, 4, 5, 6]
    assert [mark.time for mark in line.marks] == sorted(mark.time for mark in line.marks)


def test_a_claimed_time_and_a_proved_one_have_other_shapes(report):
    shapes = {mark.label.en.split()[0]: mark.shape for mark in drawn(report).marks}
    assert (shapes["signing"], shapes["timestamp"], shapes["checked"]) == ("claimed", "proved", "now")


def test_a_revocation_is_a_mark_of_its_own(report):
    since = report.validation_time - timedelta(days=3)
    revoked = Status("revoked", since, "keyCompromise", "crl")
    (mark,) = [mark for mark in drawn(report, statuses=(revoked,)).marks if mark.shape == "failed"]
    assert mark.time == since
    assert "revoked (keyCompromise)" in mark.label.en
    assert "bị thu hồi (keyCompromise)" in mark.label.vi


def test_no_mark_lies_on_another_and_none_outside(report):
    line = drawn(report)
    for one, other in combinations(line.marks, 2):
        assert abs(one.x - other.x) >= 18 or abs(line.y(one) - line.y(other)) >= 18
    assert all(8 <= mark.x <= WIDTH - 8 for mark in line.marks)
    assert all(8 <= line.y(mark) < line.line for mark in line.marks)


def test_the_bands_are_the_certificate_and_what_is_still_provable(report):
    line = drawn(report)
    begins, ends = line.marks[0], line.marks[4]
    assert (line.period.left, line.period.right) == (begins.x, ends.x)
    assert line.provable.left == line.marks[3].x
    assert line.provable.right == pytest.approx(line.marks[5].x)


def test_what_cannot_be_proved_today_has_no_band(report):
    line = timeline([report.conclusions[0]], [], report.validation_time, None)
    assert line.provable is None


def test_times_at_the_ends_of_the_calendar_are_drawn(report):
    evidence = replace(report.conclusions[0].evidence, signing_time=datetime(1, 1, 1, tzinfo=UTC))
    one = replace(report.conclusions[0], evidence=evidence)
    line = timeline([one], [], datetime(9999, 12, 31, tzinfo=UTC), None)
    assert line.marks[0].x == 14
    assert line.marks[-1].x == WIDTH - 14


def test_a_signature_without_a_certificate_has_a_timeline(report):
    assert "checked" in labels(drawn(report, certificate=None, path=(), statuses=()))


def test_a_thousand_timestamps_are_bounded(report):
    stamp = report.conclusions[0].timestamps[0]
    many = tuple(replace(stamp, time=stamp.time + timedelta(days=n)) for n in range(1_000))
    assert len(drawn(report, timestamps=many).marks) < 20
