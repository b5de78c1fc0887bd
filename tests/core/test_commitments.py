"""Commitment types: one row each, and what is none is refused by name."""

from __future__ import annotations

import pytest

from eidkit import commitments
from eidkit.errors import NotSupported


def test_a_name_and_an_oid_are_the_same_commitment() -> None:
    assert commitments.oid_of("proof-of-receipt") == "1.2.840.113549.1.9.16.6.2"
    assert commitments.oid_of("1.2.840.113549.1.9.16.6.2") == "1.2.840.113549.1.9.16.6.2"


@pytest.mark.parametrize("word", ["", "nonsense", "1", "3.1", "1.02", "1.2.", "auto", "1.2.3\n"])
def test_what_is_no_commitment_is_refused(word: str) -> None:
    with pytest.raises(NotSupported) as caught:
        commitments.oid_of(word)
    assert caught.value.code == "commitment-unknown"


def test_every_row_is_its_own() -> None:
    assert len({row.oid for row in commitments.ROWS}) == len({row.uri for row in commitments.ROWS}) == 6
