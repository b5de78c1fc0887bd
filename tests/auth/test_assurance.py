from __future__ import annotations

from itertools import chain, combinations

import pytest

from eidkit.auth import assurance

LEVELS = {
    (): None,
    ("know",): "1",
    ("have",): "1",
    ("have", "know"): "2",
    ("are",): None,
    ("are", "know"): "3",
    ("are", "have"): "3",
    ("are", "have", "know"): "4",
}


@pytest.mark.parametrize("kinds", LEVELS)
def test_the_levels_of_decree_69_2024(kinds):
    assert assurance.vn_level(kinds) == LEVELS[kinds]


def test_the_truth_table_is_whole():
    kinds = sorted(assurance.KINDS)
    assert set(LEVELS) == set(chain.from_iterable(combinations(kinds, n) for n in range(4)))


@pytest.mark.parametrize("kinds", LEVELS)
def test_what_is_unknown_never_raises_a_level(kinds):
    assert assurance.vn_level((*kinds, "unknown", "mfa", kinds[0] if kinds else "")) == LEVELS[kinds]


@pytest.mark.parametrize(
    ("kinds", "cap", "level"),
    [
        (("have",), "2", "1"),
        (("have", "know"), "2", "2"),
        (("have", "know"), "1", "1"),
        (("have", "know", "are"), "3", "2"),
        (("are",), "3", None),
        ((), "3", None),
        (("unknown",), "3", None),
        (("have",), None, None),
    ],
)
def test_nist_levels_are_capped_and_never_derived_to_three(kinds, cap, level):
    assert assurance.nist_level(kinds, cap) == level


def test_no_method_counts_for_an_eidas_level_by_itself():
    for method in assurance.CAPS:
        assert all(value.scheme != "eidas" for value in assurance.assess(method))


def test_a_code_by_mail_counts_for_nothing():
    assert assurance.assess("email") == ()


def test_a_provider_counts_only_for_what_its_map_says():
    assert assurance.assess("oidc") == ()


def test_amr_values_become_kinds():
    assert assurance.factors_of_amr(["pwd", "otp", "pin"]) == ("have", "know")
    assert assurance.factors_of_amr(["face", "mfa", "made-up"]) == ("are", "unknown")
    assert assurance.factors_of_amr([]) == ()
