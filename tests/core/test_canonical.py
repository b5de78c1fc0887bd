"""Strict RFC 8785 JSON: what fits is kept, what does not is refused."""

from __future__ import annotations

import contextlib
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidkit import canonical
from eidkit.errors import CanonicalError, EidkitError


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":2}', "json-duplicate"),
        (b'{"a":1.0}', "json-float"),
        (b'{"a":1e3}', "json-float"),
        (b'{"a":NaN}', "json-float"),
        (b'{"a":Infinity}', "json-float"),
        (b'{"a":9007199254740992}', "json-integer"),
        (b'{"a":-0}', "json-integer"),
        (b'{"a":100000000000000000000}', "json-integer"),
        ('{"a":"e\u0301"}'.encode(), "json-not-nfc"),
        (b'{"a":"\\u0007"}', "json-control"),
        (b'{"a":"\\u202e"}', "json-control"),
        (b'{"a":"\\ud800"}', "json-control"),
        (b'{"a":"\xff"}', "json-malformed"),
        (b'{"a":1} x', "json-malformed"),
        (b"[" * 40 + b"]" * 40, "json-too-deep"),
        (b"[" * 100_000, "json-malformed"),
    ],
)
def test_what_is_not_strict_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(CanonicalError) as caught:
        canonical.loads(data)
    assert caught.value.code == code


def test_members_must_be_exactly_those_named() -> None:
    with pytest.raises(CanonicalError, match="missing"):
        canonical.members({"a": 1}, ("a", "b"), "thing")
    with pytest.raises(CanonicalError, match="unknown"):
        canonical.members({"a": 1, "c": 1}, ("a",), "thing")


def test_exact_reading_refuses_what_is_not_canonical() -> None:
    assert canonical.loads(b'{"a":1,"b":2}', exact=True) == {"a": 1, "b": 2}
    with pytest.raises(CanonicalError, match="RFC 8785"):
        canonical.loads(b'{"b":2,"a":1}', exact=True)


def test_a_boolean_is_no_integer() -> None:
    with pytest.raises(CanonicalError):
        canonical.typed(True, int, "v")


def test_tagged_digest_separates_tags_by_a_zero_octet() -> None:
    assert canonical.tagged_digest("eidkit-x-1", b"abc") == hashlib.sha256(b"eidkit-x-1\x00abc").hexdigest()


def test_times_keep_whole_seconds_in_utc() -> None:
    hanoi = timezone(timedelta(hours=7))
    assert canonical.format_time(datetime(2026, 11, 24, 9, 30, 0, 999, hanoi)) == "2026-11-24T02:30:00Z"
    assert canonical.parse_time("2026-11-24T02:30:00Z") == datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-11-24T02:30:00+00:00", "2026-11-24 02:30:00Z", "2026-1-24T02:30:00Z", "", None, 5]
)
def test_other_spellings_of_a_time_are_refused(text: object) -> None:
    with pytest.raises(CanonicalError):
        canonical.parse_time(text)


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(_values)
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    data = canonical.dumps(value)
    assert canonical.loads(data, exact=True) == value
    assert json.loads(data) == value


@given(st.binary(max_size=200))
def test_hostile_bytes_raise_only_our_errors(data: bytes) -> None:
    with contextlib.suppress(EidkitError):
        canonical.loads(data)
