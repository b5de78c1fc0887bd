"""Several possible paths: cross-certificates, roll-over, renewed authorities, and graphs made to be costly."""

from __future__ import annotations

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from eidkit.asn1.certificate import Certificate
from eidkit.trust import building
from eidkit.trust.path import PathResult, find_path
from eidkit.trust.standing import Demand, standing_path
from eidkit.trust.store import Anchor
from tests.trust.making import DAY, NOW, Party, Pki, self_signed


def found(leaf: Party, pool: list[Party], anchors: list[Party], **options: Any) -> PathResult:
    trusted = [anchor.anchor for anchor in anchors]
    candidates = [party.parsed for party in pool]
    return find_path(leaf.parsed, pool=candidates, anchors=trusted, at=NOW, purpose="signing", **options)


def test_a_cross_certificate_leads_to_the_root_that_we_have(pki: Pki) -> None:
    other = self_signed("Other root")
    cross = other.issue("Root", authority=True, key=pki.root.key)
    path = found(pki.person, [pki.authority, cross, pki.root], [other]).path
    assert [each.sha256 for each in path] == [
        party.parsed.sha256 for party in (pki.person, pki.authority, cross, other)
    ]


def test_the_new_key_of_a_root_is_reached_from_its_old_one() -> None:
    old, new = self_signed("Root"), self_signed("Root")
    new_with_old = old.issue("Root", authority=True, key=new.key)
    person = new.issue("Person")
    assert found(person, [new_with_old], [old]).ok
    assert not found(person, [new], [old]).ok


def test_a_self_issued_certificate_does_not_count_for_the_path_length() -> None:
    old, new = self_signed("Root", length=0), self_signed("Root")
    assert found(new.issue("Person"), [old.issue("Root", authority=True, key=new.key)], [old]).ok


def test_of_two_certificates_of_one_authority_the_valid_one_is_taken(pki: Pki) -> None:
    ended = pki.root.issue("Authority", authority=True, key=pki.authority.key, ends=NOW - DAY)
    for pool in ([ended, pki.authority], [pki.authority, ended]):
        assert found(pki.person, pool, [pki.root]).path[1] == pki.authority.parsed


def test_the_reasons_of_the_best_path_that_failed_are_told(pki: Pki) -> None:
    worse = pki.root.issue("Authority", authority=True, key=pki.authority.key, usages=("crl_sign",), ends=NOW - DAY)
    ended = pki.root.issue("Authority", authority=True, key=pki.authority.key, ends=NOW - DAY)
    result = found(pki.person, [worse, ended], [pki.root])
    assert result.path[1] == ended.parsed
    assert [each.code for each in result.findings] == ["CHAIN_CONSTRAINTS_FAILURE"]


def test_where_a_certificate_is_revoked_another_path_is_looked_for(pki: Pki) -> None:
    renewed = pki.root.issue("Authority", authority=True, key=pki.authority.key)
    pki.root.revoke(pki.authority)
    chosen = standing_path(
        pki.person.parsed,
        Demand(NOW, NOW),
        pool=[pki.authority.parsed, renewed.parsed],
        anchors=[pki.root.anchor],
        purpose="signing",
        crls=[pki.root.crl(), pki.authority.crl()],
        ocsps=(),
    )
    assert chosen.result.path[1] == renewed.parsed
    assert chosen.findings == ()
    assert {status.state for status in chosen.statuses} == {"good"}


def test_a_revoked_leaf_is_revoked_on_every_path(pki: Pki) -> None:
    renewed = pki.root.issue("Authority", authority=True, key=pki.authority.key)
    pki.authority.revoke(pki.person)
    chosen = standing_path(
        pki.person.parsed,
        Demand(NOW, NOW),
        pool=[pki.authority.parsed, renewed.parsed],
        anchors=[pki.root.anchor],
        purpose="signing",
        crls=[pki.root.crl(), pki.authority.crl()],
        ocsps=(),
    )
    assert "REVOKED_NO_POE" in {each.code for each in chosen.findings}


def test_of_an_anchor_that_is_not_constrained_only_name_and_key_count() -> None:
    root = self_signed("Root", length=0, usages=("crl_sign",), ends=NOW - DAY)
    below = root.issue("Below", authority=True)
    for constrained in (True, False):
        anchors = [Anchor(root.parsed, "signing", constrained=constrained)]
        result = find_path(
            below.issue("Person").parsed, pool=[below.parsed], anchors=anchors, at=NOW, purpose="signing"
        )
        assert result.ok is not constrained


def test_even_then_its_sunset_binds(pki: Pki) -> None:
    anchor = Anchor(pki.root.parsed, "signing", sunset=NOW, constrained=False)
    assert not find_path(pki.authority.parsed, pool=[], anchors=[anchor], at=NOW, purpose="any").ok


# ── graphs made to be costly ──────────────────────────────────────────────────────────────────────────────


def clique(count: int, copies: int = 1) -> tuple[Certificate, list[Certificate]]:
    """Authorities that all certify each other, ``copies`` times, and a leaf of the first."""
    parties = [self_signed(f"N{number}") for number in range(count)]
    cross = [
        one.issue(f"N{number}", authority=True, key=other.key).parsed
        for one in parties
        for number, other in enumerate(parties)
        if other is not one
        for _ in range(copies)
    ]
    return parties[0].issue("Leaf").parsed, cross


@pytest.mark.parametrize(("count", "copies"), [(6, 1), (10, 1), (4, 10), (2, 60)])
def test_authorities_that_certify_each_other_are_given_up_in_time(count: int, copies: int) -> None:
    leaf, cross = clique(count, copies)
    started = time.process_time()
    result = find_path(leaf, pool=cross, anchors=[self_signed("Elsewhere").anchor], at=NOW, purpose="signing")
    assert time.process_time() - started < 0.5
    assert not result.ok
    assert "ended at its bound" in result.findings[-1].message.en


def test_many_whole_paths_that_all_fail_are_given_up_in_time() -> None:
    root, pool = self_signed("Root", length=0), []
    issuer = root
    for depth in range(building.MAX_DEPTH - 2):
        key = ec.generate_private_key(ec.SECP256R1())
        layer = [issuer.issue(f"L{depth}", authority=True, key=key) for _ in range(4)]
        pool += [each.parsed for each in layer]
        issuer = layer[0]
    started = time.process_time()
    result = find_path(issuer.issue("Leaf").parsed, pool=pool, anchors=[root.anchor], at=NOW, purpose="signing")
    assert time.process_time() - started < 0.5
    assert result.findings[0].code == "CHAIN_CONSTRAINTS_FAILURE"
    assert "ended at its bound" in result.findings[-1].message.en


def test_the_right_path_is_found_among_hundreds_of_twins(pki: Pki) -> None:
    twins = [pki.root.issue("Authority", authority=True) for _ in range(90)]
    assert found(pki.person, [*twins, pki.authority], [pki.root]).ok


def test_more_candidates_than_the_bound_are_said(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "MAX_POOL", 3)
    result = found(pki.person, [pki.authority.issue(f"Somebody {number}") for number in range(5)], [pki.root])
    assert "more than 3 candidate certificates" in result.findings[-1].message.en
