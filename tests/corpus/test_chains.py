"""The bars of the chain corpus: PKITS whole, and nothing different elsewhere that is not Chromium's or TLS's rule."""

from __future__ import annotations

from functools import cache

import pytest

from tests.corpus.chains import NOT_OURS, UNIMPLEMENTED
from tests.corpus.kinds import results
from tests.corpus.outcome import Outcome, Result
from tests.corpus.place import folder

pytestmark = [pytest.mark.corpus, pytest.mark.xdist_group("chains")]


@cache
def _found() -> tuple[Result, ...]:
    return tuple(results("chain", folder("chain")))


def _different(*kinds: str) -> dict[str, str]:
    return {
        each.case.id.removesuffix(" (bag)"): f"{each.outcome.value}: {', '.join(each.reasons)}"
        for each in _found()
        if each.case.kind in kinds and each.outcome is not Outcome.AGREE
    }


@pytest.mark.parametrize("kind", ["pkits", "pkits-bag"])
def test_pkits_is_right_with_every_policy_input_and_its_policy_sets(kind: str) -> None:
    assert sum(each.case.kind == kind for each in _found()) == 249
    assert _different(kind).keys() == UNIMPLEMENTED.keys()


@pytest.mark.parametrize(("kind", "count"), [("crl", 22), ("ocsp", 19)])
def test_every_revocation_answer_is_read_right(kind: str, count: int) -> None:
    assert sum(each.case.kind == kind for each in _found()) == count
    assert _different(kind) == {}


def test_paths_differ_only_where_the_rule_is_another_products() -> None:
    """The list names each of them, and nothing else."""
    assert _different("chain-pem").keys() == NOT_OURS.keys()
