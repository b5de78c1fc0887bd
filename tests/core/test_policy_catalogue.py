"""The dated catalogue of algorithms: every row sourced, no gap between sizes, and pinned by its version."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from eidkit import algorithms, catalogue

PINNED = {"2026-11": "33382b408234eb9591acbc5cee9c0456eff6cf6dc18bc8368613713636e97b24"}
SECOND = timedelta(seconds=1)


def test_a_released_catalogue_is_never_edited() -> None:
    """A digest that differs means that rows were changed: give the change a version of its own."""
    rows = [(r.use, r.name, r.least, r.below, str(r.start), str(r.end)) for r in catalogue.ROWS]
    assert hashlib.sha256(repr(rows).encode()).hexdigest() == PINNED[catalogue.VERSION]


@pytest.mark.parametrize("row", catalogue.ROWS, ids=lambda row: f"{row.use}-{row.name}-{row.least}")
def test_every_row_names_its_source(row: catalogue.Row) -> None:
    assert row.source
    assert row.end is not None or row.note, "an open end says why"


def test_every_algorithm_has_a_row() -> None:
    assert {digest.name for digest in algorithms.DIGESTS} == {r.name for r in catalogue.ROWS if r.use == "hash"}
    assert {one.family for one in algorithms.SIGNATURES} == {r.name for r in catalogue.ROWS if r.use == "scheme"}


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_sizes_follow_one_another_without_a_gap(kind: str) -> None:
    rows = [row for row in catalogue.ROWS if row.use == "key" and row.name == kind]
    assert [row.below for row in rows] == [*(row.least for row in rows[1:]), None]


@pytest.mark.parametrize(
    ("kind", "bits", "end"),
    [
        ("rsa", 1023, datetime(2010, 8, 1, tzinfo=UTC)),
        ("rsa", 1024, datetime(2019, 10, 1, tzinfo=UTC)),
        ("rsa", 1899, datetime(2019, 10, 1, tzinfo=UTC)),
        ("rsa", 2048, datetime(2029, 1, 1, tzinfo=UTC)),
        ("ec", 192, datetime(2012, 8, 1, tzinfo=UTC)),
        ("ec", 224, datetime(2021, 10, 1, tzinfo=UTC)),
    ],
)
def test_a_key_is_strong_before_its_end_and_weak_from_it(kind: str, bits: int, end: datetime) -> None:
    assert algorithms.key_weakness(kind, bits, end - SECOND) is None
    assert algorithms.key_weakness(kind, bits, end) == algorithms.Weakness(f"{kind}-{bits}", end)
    assert algorithms.key_weakness(kind, bits, end, {f"{kind}-{bits}"}) is None


@pytest.mark.parametrize(("kind", "bits"), [("rsa", 512), ("dsa", 2048), ("other", 0), ("ec", 112)])
def test_what_stands_in_no_row_was_never_acceptable(kind: str, bits: int) -> None:
    weak = algorithms.key_weakness(kind, bits, datetime(2000, 1, 1, tzinfo=UTC))
    assert weak is not None
    assert weak.end is None


def test_a_scheme_ends_as_well_as_its_digest() -> None:
    row = algorithms.SIGNATURE_BY_NAME["rsa-pkcs1-sha256"]
    end = datetime(2029, 1, 1, tzinfo=UTC)
    assert algorithms.signature_weakness(row, end - SECOND) is None
    assert algorithms.signature_weakness(row, end) == algorithms.Weakness("rsa-pkcs1-sha256", end)
    assert algorithms.signature_weakness(row, end, {"rsa-pkcs1"}) is None
    assert algorithms.signature_weakness(algorithms.SIGNATURE_BY_NAME["rsa-pss-sha256"], end) is None


def test_the_weaker_part_is_the_one_whose_end_is_named() -> None:
    weak = algorithms.signature_weakness(
        algorithms.SIGNATURE_BY_NAME["rsa-pkcs1-sha1"], datetime(2030, 1, 1, tzinfo=UTC)
    )
    assert weak is not None
    assert weak.end == datetime(2012, 8, 1, tzinfo=UTC)


def test_a_start_date_counts() -> None:
    row = catalogue.Row("hash", "x", None, "a source", start=datetime(2030, 1, 1, tzinfo=UTC))
    assert not row.acceptable(datetime(2029, 12, 31, tzinfo=UTC))
    assert row.acceptable(datetime(2030, 1, 1, tzinfo=UTC))
