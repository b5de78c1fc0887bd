"""Policies as values: pinned once released, inherited by name and version, refused by name when they are wrong."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from eidkit import catalogue
from eidkit.errors import EidkitError, NotSupported
from eidkit.policy import ETSI_BASELINE, LENIENT, RELEASED, Policy, named
from eidkit.vn import policies

KNOWN = RELEASED | policies()
PINNED = {
    "etsi-baseline@1": "1d67caf16424385eb00e5c09eedb7965d08c7a29db78887da2fd9a00bc7804c3",
    "lenient@1": "765d76f074b3e62757cb0ce08092d9588932777e14a6d089e9ed24e2b4c57836",
    "vn-tt15@1": "962501f89a9234303765c01160f9de3d39f1647e92f290b668b9f6541e61ae21",
}
OWN = b'name = "city"\nversion = "2"\nextends = "etsi-baseline@1"\n'


def read(text: str | bytes) -> Policy:
    return Policy.from_toml(text.encode() if isinstance(text, str) else text, KNOWN)


def refused(text: str) -> EidkitError:
    with pytest.raises(EidkitError) as caught:
        read(OWN + text.encode())
    assert caught.value.problem.vi
    assert caught.value.remedy.en
    return caught.value


def test_a_released_policy_is_never_edited() -> None:
    """A digest that differs means that a released policy was changed: give the change a version of its own."""
    assert {label: policy.digest for label, policy in KNOWN.items()} == PINNED


def test_a_name_alone_means_the_newest_version() -> None:
    newer = Policy("etsi-baseline", "2", dated=date(2030, 1, 1))
    known = {newer.label: newer} | RELEASED
    assert named("etsi-baseline", known) is newer
    assert named("etsi-baseline@1", known) is ETSI_BASELINE


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(NotSupported) as caught:
        named("nope", KNOWN)
    assert caught.value.code == "policy-unknown"
    assert "vn-tt15@1" in caught.value.remedy.en


def test_what_is_not_said_is_inherited() -> None:
    own = read('name = "city"\nversion = "1"\nextends = "lenient@1"\ntimestamp_required = true\nfreshness_hours = 24')
    assert (own.label, own.timestamp_required, own.freshness) == ("city@1", True, timedelta(hours=24))
    assert (own.revocation, own.weak_algorithms_allowed) == ("warn", LENIENT.weak_algorithms_allowed)
    assert own.dated is None


def test_without_extends_every_member_has_its_default() -> None:
    assert read('name = "bare"\nversion = "1"') == Policy("bare", "1")


def test_clauses_are_added_to_those_inherited() -> None:
    more = '[[clauses]]\nname = "Rule 1"\ndemand = { en = "long", vi = "lâu" }\nlevel = "LTA"'
    own = read(f'name = "city"\nversion = "1"\nextends = "vn-tt15@1"\n{more}')
    inherited = KNOWN["vn-tt15@1"].clauses
    assert own.clauses[:-1] == inherited
    assert (own.clauses[-1].name, own.clauses[-1].level) == ("Rule 1", "LTA")
    assert own.listings == KNOWN["vn-tt15@1"].listings


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('revokation = "warn"', "policy-key-unknown", "'revokation'"),
        ('[[clauses]]\nnamed = "x"', "policy-key-unknown", "'named'"),
        ('revocation = "maybe"', "policy-value", "require, warn"),
        ("timestamp_required = 1", "policy-type", "true or false"),
        ("freshness_hours = 0", "policy-type", "whole number"),
        ("freshness_hours = true", "policy-type", "whole number"),
        ('dated = "yesterday"', "policy-value", "2026-11-24"),
        ('weak_algorithms_allowed = "sha1"', "policy-type", "list of strings"),
        ('weak_algorithms_allowed = ["sha256"]', "policy-no-effect", "'sha256'"),
        ('weak_algorithms_allowed = ["sha-1"]', "policy-no-effect", "'sha-1'"),
        ('weak_algorithms_allowed = ["rsa-4096"]', "policy-no-effect", "'rsa-4096'"),
        ('catalogue = "1999-01"', "policy-catalogue", "'1999-01'"),
        (
            'weak_algorithms_allowed = ["sha1"]\n[[listings]]\nclause = "X"\ndigests = ["sha1"]',
            "policy-conflict",
            "sha1",
        ),
        ('[[listings]]\nclause = "X"', "policy-incomplete", "what it lists"),
        ('[[listings]]\nclause = "X"\nschemes = ["rsa"]', "policy-value", "'rsa'"),
        (
            '[[listings]]\nclause = "X"\nrsa_bits = 1\n[[listings]]\nclause = "X"\nec_bits = 1',
            "policy-conflict",
            "twice",
        ),
        ('[[clauses]]\nname = "X"\ndemand = { en = "a", vi = "b" }', "policy-conflict", "broken_by or level"),
        ('[[clauses]]\nname = "X"\ndemand = { en = "a", vi = "b" }\nbroken_by = ["NOPE"]', "policy-value", "'NOPE'"),
        ('[[clauses]]\nname = "X"\ndemand = { en = "a" }\nlevel = "T"', "policy-type", "en and as vi"),
        ('[[clauses]]\ndemand = { en = "a", vi = "b" }\nlevel = "T"', "policy-incomplete", "no name"),
        ("clauses = 3", "policy-type", "tables"),
        ("revocation = ", "policy-malformed", "not TOML"),
    ],
)
def test_what_is_wrong_is_refused_by_name(text: str, code: str, said: str) -> None:
    error = refused(text)
    assert error.code == code
    assert said in error.problem.en


def test_a_released_name_and_version_cannot_be_taken() -> None:
    with pytest.raises(EidkitError) as caught:
        read('name = "etsi-baseline"\nversion = "1"\nrevocation = "warn"')
    assert caught.value.code == "policy-released"


@pytest.mark.parametrize("base", ["etsi-baseline", "city@9", "../etc/passwd"])
def test_only_a_known_version_is_extended(base: str) -> None:
    with pytest.raises(EidkitError) as caught:
        read(f'name = "city"\nversion = "1"\nextends = "{base}"')
    assert caught.value.code == "policy-extends"
    assert "etsi-baseline@1" in caught.value.remedy.en


@pytest.mark.parametrize("missing", ["name", "version"])
def test_name_and_version_are_needed(missing: str) -> None:
    there = {"name": 'name = "city"', "version": 'version = "1"'}
    with pytest.raises(EidkitError, match=f"{missing} is missing"):
        read("\n".join(line for key, line in there.items() if key != missing))


def test_a_refused_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_bytes(OWN + b"loose = true\n")
    with pytest.raises(EidkitError, match=r"^city\.toml: the policy has an unknown key 'loose'"):
        Policy.read(tmp_path / "city.toml")


def test_a_file_may_extend_only_what_is_handed_in(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text('name = "city"\nversion = "1"\nextends = "vn-tt15@1"\n', encoding="utf-8")
    with pytest.raises(EidkitError, match="extends"):
        Policy.read(tmp_path / "city.toml")
    assert Policy.read(tmp_path / "city.toml", KNOWN).revocation == "warn"


def test_a_released_policy_names_a_catalogue_that_is_there() -> None:
    assert {policy.catalogue for policy in KNOWN.values()} == {catalogue.VERSION}
