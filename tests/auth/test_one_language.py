"""Every way to authenticate is called alike: the same names, in the same order, with the same ones by keyword only."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

import pytest

from eidkit import policy
from eidkit.auth import delivered, hotp, ocra, oidc, otp, recovery, vneid, webauthn, webeid, x509, x509_tls
from eidkit.binding import requiring

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

CODES: tuple[Any, ...] = (delivered, hotp, ocra, otp, recovery)
FLOWS: tuple[Any, ...] = (oidc, vneid)
CERTIFIED: tuple[Any, ...] = (webeid, x509, x509_tls)
WAYS: tuple[Any, ...] = (*CODES, *FLOWS, *CERTIFIED, webauthn)
WHO_OR_WHERE = ("identity", "partner", "party", "provider")
ANSWERS = ("answer", "callback", "code", "fields")
IN_ORDER = {
    "begin": ("audience", "stores", "subject", "redirect_uri", "source", "lifetime", "clock"),
    "verify": ("provider", "partner", "party", "trust", "stores", "attest", "client_secret", "client_key", "sources",
               "policy", "source", "audience", "transport", "clock"),
}  # fmt: skip
IN_ORDER["log_in"] = tuple(name for name in IN_ORDER["verify"] if name != "attest")
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.rpartition(".")[2])


def positional(verb: Callable[..., object]) -> list[str]:
    parameters = signature(verb).parameters.values()
    return [one.name for one in parameters if one.kind is Parameter.POSITIONAL_OR_KEYWORD]


def by_keyword(verb: Callable[..., object]) -> list[str]:
    return [one.name for one in signature(verb).parameters.values() if one.kind is Parameter.KEYWORD_ONLY]


def in_order(names: list[str], order: tuple[str, ...]) -> bool:
    """Whether those of ``names`` that are common to several ways stand in ``order``."""
    common = [name for name in names if name in order]
    return common == [name for name in order if name in names]


@each_way
def test_begin_takes_whom_or_where_and_a_transaction_that_may_be_left_out(way: ModuleType) -> None:
    *first, last = positional(way.begin)
    assert last == "transaction"
    assert len(first) <= 1
    assert set(first) <= set(WHO_OR_WHERE)
    assert signature(way.begin).parameters["transaction"].default is None


@each_way
def test_verify_takes_the_answer_and_the_challenge(way: ModuleType) -> None:
    answer, challenge_id = positional(way.verify)
    assert answer in ANSWERS
    assert challenge_id == "challenge_id"


@each_way
def test_log_in_is_verify_without_an_attestation(way: ModuleType) -> None:
    assert positional(way.log_in) == positional(way.verify)
    assert by_keyword(way.log_in) == [name for name in by_keyword(way.verify) if name != "attest"]


@each_way
@pytest.mark.parametrize("verb", IN_ORDER)
def test_what_several_ways_take_stands_in_one_order_and_ends_with_the_clock(way: ModuleType, verb: str) -> None:
    names = by_keyword(getattr(way, verb))
    assert in_order(names, IN_ORDER[verb])
    assert names[-1] == "clock"


@each_way
def test_recheck_takes_the_same_of_every_way(way: ModuleType) -> None:
    parameters = signature(way.recheck).parameters
    expected = ["authentication", "trust", "providers", "signed_at", *(["newer"] if way in CERTIFIED else [])]
    assert list(parameters) == expected
    assert by_keyword(way.recheck) == expected[3:]
    assert parameters["providers"].annotation == "Sequence[object]"


@pytest.mark.parametrize("ways", [CODES, FLOWS, CERTIFIED], ids=["codes", "flows", "certified"])
def test_ways_of_one_kind_share_what_each_of_them_takes(ways: tuple[Any, ...]) -> None:
    first, *others = (set(by_keyword(way.verify)) for way in ways)
    shared = first.intersection(*others)
    assert {"stores", "attest", "audience", "clock"} <= shared
    own = {"partner", "provider", "decryption_key", "client_key", "only_the_proxy_reaches_us"}
    assert {name for names in (first, *others) for name in names - shared} <= own


def test_clocks_may_differ_by_as_much_wherever_it_is_asked() -> None:
    """The binding cannot import the policy, so the figure stands twice."""
    assert requiring.SKEW == policy.SKEW
