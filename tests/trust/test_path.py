from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from eidkit.algorithms import RSA_PSS_OID
from eidkit.asn1 import certificate, der
from eidkit.trust.path import MAX_DEPTH, MAX_SIGNATURE_CHECKS, PathResult, find_path
from eidkit.trust.store import Anchor
from tests.trust.making import DAY, NOW, Party, Pki, self_signed


def found(leaf: Party, pool: list[Party], anchors: list[Party], purpose: str = "signing", **options: Any) -> PathResult:
    options.setdefault("at", NOW)
    trusted = [anchor.anchor for anchor in anchors]
    return find_path(leaf.parsed, pool=[party.parsed for party in pool], anchors=trusted, purpose=purpose, **options)


def codes(result: PathResult) -> set[str]:
    return {each.code for each in result.findings}


def test_a_chain_to_our_anchor_holds_and_is_leaf_first(pki: Pki) -> None:
    result = found(pki.person, [pki.authority], [pki.root])
    assert result
    assert result.path == (pki.person.parsed, pki.authority.parsed, pki.root.parsed)
    assert result.anchor == pki.root.anchor


def test_an_intermediate_may_be_the_anchor(pki: Pki) -> None:
    result = found(pki.person, [pki.root, pki.authority], [pki.authority])
    assert result.ok
    assert result.path[-1] == pki.authority.parsed


def test_nobody_looks_at_the_algorithm_of_an_anchors_own_signature(pki: Pki) -> None:
    body, _, value = der.whole(pki.root.der).children()
    version, serial, _, *rest = (part.raw for part in body.children())
    nonsense = der.sequence(der.encode_oid(RSA_PSS_OID))  # without the parameters that it must have
    odd = certificate.parse(
        der.sequence(der.sequence(version, serial, nonsense, *rest), nonsense, value.raw),
    )
    result = find_path(
        pki.person.parsed, pool=[pki.authority.parsed], anchors=[Anchor(odd, "signing")], at=NOW, purpose="signing"
    )
    assert result.ok
    assert result.path[-1] == odd


def test_a_root_in_the_pool_is_not_an_anchor(pki: Pki) -> None:
    result = found(pki.person, [pki.authority, pki.root], [self_signed("Another")])
    assert not result.ok
    assert codes(result) == {"NO_CERTIFICATE_CHAIN_FOUND"}


def test_no_anchor_at_all_is_said(pki: Pki) -> None:
    assert codes(found(pki.person, [pki.authority, pki.root], [])) == {"TRUST_EMPTY"}


def test_an_anchor_of_the_same_name_and_another_key_is_no_issuer(pki: Pki) -> None:
    assert not found(pki.person, [pki.authority], [self_signed("Root")]).ok


def test_a_pinned_certificate_is_its_own_path(pki: Pki) -> None:
    assert found(pki.person, [], [pki.person]).path == (pki.person.parsed,)


def test_among_authorities_of_one_name_the_one_that_signed_is_found(pki: Pki) -> None:
    twins = [pki.root.issue("Authority", authority=True) for _ in range(20)]
    assert found(pki.person, [*twins, pki.authority], [pki.root]).ok


def test_the_search_ends_at_its_bound_of_signature_checks(pki: Pki) -> None:
    twins = [self_signed("Authority") for _ in range(MAX_SIGNATURE_CHECKS + 5)]
    result = found(pki.person, [*twins], [pki.root])
    assert not result.ok
    assert any("signature checks" in each.message.en for each in result.findings)


def test_two_authorities_that_certify_each_other_do_not_loop(pki: Pki) -> None:
    first, second = self_signed("First"), self_signed("Second")
    cross = [
        first.issue("Second", authority=True, key=second.key),
        second.issue("First", authority=True, key=first.key),
    ]
    assert not found(first.issue("Person"), [*cross, first, second], [pki.root]).ok


def test_a_path_deeper_than_the_bound_is_refused() -> None:
    parties = [self_signed("0")]
    for number in range(1, MAX_DEPTH + 3):
        parties.append(parties[-1].issue(str(number), authority=True))
    result = found(parties[-1].issue("Person"), parties[1:], parties[:1])
    assert not result.ok
    assert any(f"more than {MAX_DEPTH} certificates" in each.message.en for each in result.findings)


def test_a_person_may_not_issue(pki: Pki) -> None:
    result = found(pki.person.issue("Mallory"), [pki.person, pki.authority], [pki.root])
    assert codes(result) == {"CHAIN_CONSTRAINTS_FAILURE"}


def test_a_person_who_may_not_issue_is_shown_with_the_path(pki: Pki) -> None:
    assert len(found(pki.person.issue("Mallory"), [pki.person, pki.authority], [pki.root]).path) == 4


def test_path_length_is_counted(pki: Pki) -> None:
    short = pki.root.issue("Short", authority=True, length=0)
    below = short.issue("Below", authority=True)
    assert found(short.issue("Person"), [short], [pki.root]).ok
    assert not found(below.issue("Person"), [below, short], [pki.root]).ok


def test_the_path_length_of_the_anchor_binds_too() -> None:
    root = self_signed("Root", length=0)
    below = root.issue("Below", authority=True)
    assert not found(below.issue("Person"), [below], [root]).ok


def test_an_authority_needs_the_right_to_sign_certificates(pki: Pki) -> None:
    weak = pki.root.issue("Weak", authority=True, usages=("crl_sign",))
    assert not found(weak.issue("Person"), [weak], [pki.root]).ok


def test_an_authority_without_basic_constraints_is_none(pki: Pki) -> None:
    plain = pki.root.issue("Plain", plain=True)
    assert not found(plain.issue("Person"), [plain], [pki.root]).ok


@pytest.mark.parametrize(
    ("at", "code"), [(NOW - 11 * DAY, "NOT_YET_VALID"), (NOW + 301 * DAY, "EXPIRED")], ids=["before", "after"]
)
def test_the_leaf_has_a_period(pki: Pki, at: datetime, code: str) -> None:
    result = found(pki.authority.issue("Person"), [pki.authority], [pki.authority], at=at)
    assert code in codes(result)


def test_the_leafs_period_can_be_left_to_the_judge(pki: Pki) -> None:
    brief = pki.authority.issue("Person", ends=NOW - DAY)
    assert found(brief, [pki.authority], [pki.root], leaf_period=False).ok


def test_an_expired_authority_breaks_the_path(pki: Pki) -> None:
    old = pki.root.issue("Old", authority=True, ends=NOW - timedelta(seconds=1))
    assert codes(found(old.issue("Person"), [old], [pki.root])) == {"CHAIN_CONSTRAINTS_FAILURE"}


def test_an_expired_anchor_breaks_the_path() -> None:
    root = self_signed("Root", ends=NOW - DAY)
    assert not found(root.issue("Person"), [], [root]).ok


def test_an_anchor_past_its_sunset_is_not_trusted(pki: Pki) -> None:
    anchor = Anchor(pki.root.parsed, "signing", sunset=NOW)
    result = find_path(pki.person.parsed, pool=[pki.authority.parsed], anchors=[anchor], at=NOW, purpose="signing")
    assert codes(result) == {"CHAIN_CONSTRAINTS_FAILURE"}
    assert [one.subindication for one in result.findings] == ["NO_CERTIFICATE_CHAIN_FOUND_NO_POE"]


def test_a_forged_signature_is_no_link(pki: Pki) -> None:
    forged = pki.authority.issue("Person", signer=ec.generate_private_key(ec.SECP256R1()))
    assert not found(forged, [pki.authority], [pki.root]).path


def test_a_critical_extension_that_nobody_knows_is_refused_by_name(pki: Pki) -> None:
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    result = found(pki.authority.issue("Person", (odd, True)), [pki.authority], [pki.root])
    assert codes(result) == {"NOT_SUPPORTED"}
    assert "1.2.3.4" in result.findings[0].message.en


def test_the_same_extension_not_critical_is_no_matter(pki: Pki) -> None:
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert found(pki.authority.issue("Person", (odd, False)), [pki.authority], [pki.root]).ok


@pytest.mark.parametrize("critical", [True, False])
def test_certificate_policies_alone_are_fine(pki: Pki, critical: bool) -> None:
    policies = x509.CertificatePolicies(
        [x509.PolicyInformation(ObjectIdentifier("2.16.704.1.1"), ["https://a.example"])]
    )
    assert found(pki.authority.issue("Person", (policies, critical)), [pki.authority], [pki.root]).ok


@pytest.mark.parametrize(
    ("usages", "right"),
    [
        (("content_commitment",), True),
        (("digital_signature",), True),
        (("key_encipherment",), False),
        (("key_agreement", "data_encipherment"), False),
    ],
)
def test_a_signer_needs_a_signing_usage(pki: Pki, usages: tuple[str, ...], right: bool) -> None:
    result = found(pki.authority.issue("Person", usages=usages), [pki.authority], [pki.root])
    assert result.ok is right
    assert right or codes(result) == {"KEY_USAGE"}


def test_an_authority_is_no_signer(pki: Pki) -> None:
    assert codes(found(pki.authority, [], [pki.root])) == {"KEY_USAGE"}


def test_an_authority_may_be_judged_for_any_purpose(pki: Pki) -> None:
    assert found(pki.authority, [], [pki.root], "any").ok


STAMPS, SERVES = ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH


@pytest.mark.parametrize(
    ("purposes", "critical", "right"),
    [([STAMPS], True, True), ([STAMPS], False, False), ([STAMPS, SERVES], True, False), ([SERVES], True, False)],
)
def test_a_timestamp_authority_is_for_timestamps_only_and_critically(
    pki: Pki, purposes: list[ObjectIdentifier], critical: bool, right: bool
) -> None:
    extension = (x509.ExtendedKeyUsage(purposes), critical)
    clock = pki.authority.issue("Clock", extension, usages=("digital_signature",))
    assert found(clock, [pki.authority], [pki.root], "timestamping").ok is right


def test_a_timestamp_authority_without_extended_usage_is_none(pki: Pki) -> None:
    assert not found(pki.authority.issue("Clock"), [pki.authority], [pki.root], "timestamping").ok


def test_a_timestamp_certificate_does_not_sign_documents(pki: Pki) -> None:
    clock = pki.authority.issue("Clock", (x509.ExtendedKeyUsage([STAMPS]), True), usages=("digital_signature",))
    assert codes(found(clock, [pki.authority], [pki.root])) == {"KEY_USAGE"}


def test_an_authority_for_servers_does_not_issue_signers(pki: Pki) -> None:
    servers = pki.root.issue("Servers", (x509.ExtendedKeyUsage([SERVES]), False), authority=True)
    assert not found(servers.issue("Person"), [servers], [pki.root]).ok


def test_names_in_other_spelling_are_the_same_name(pki: Pki) -> None:
    spelt = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "  AUTHORITY ", _type=x509.name._ASN1Type.PrintableString)]
    )
    twin = pki.root.issue(spelt, authority=True, key=pki.authority.key)
    assert found(pki.person, [twin], [pki.root]).ok


def test_a_weak_key_is_refused() -> None:
    root = self_signed("Root")
    weak = root.issue("Person", key=ec.generate_private_key(ec.SECP192R1()))
    assert "CRYPTO_CONSTRAINTS_FAILURE" in codes(found(weak, [], [root]))


def test_no_certificate_of_another_search_helps(pki: Pki) -> None:
    assert found(pki.person, [pki.authority], [pki.root]).ok
    assert not found(pki.person, [], [pki.root]).ok


def test_the_same_question_gives_the_same_answer_when_signatures_are_remembered(pki: Pki) -> None:
    first = found(pki.person, [pki.authority], [pki.root])
    assert found(pki.person, [pki.authority], [pki.root]) == first


def test_an_unnamed_subject_is_judged_without_a_crash(pki: Pki) -> None:
    assert found(pki.authority.issue(x509.Name([])), [pki.authority], [pki.root]).ok
