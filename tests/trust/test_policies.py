"""Certificate policies (RFC 5280 §6.1, RFC 9618); PKITS has the usual cases, here is what it leaves out."""

from __future__ import annotations

import time

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from eidkit.asn1 import der
from eidkit.trust.path import PathResult, PolicyInputs, find_path
from eidkit.trust.store import Anchor
from tests.trust.making import NOW, Party, Pki, self_signed

ANY, FIRST, SECOND, THIRD = "2.5.29.32.0", "1.2.3.1", "1.2.3.2", "1.2.3.3"
EXPLICIT = PolicyInputs(require_explicit=True)


def policies(*oids: str) -> tuple[x509.ExtensionType, bool]:
    return x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in oids]), False


def mapping(*pairs: tuple[str, str]) -> tuple[x509.ExtensionType, bool]:
    value = der.sequence(*(der.sequence(der.encode_oid(one), der.encode_oid(other)) for one, other in pairs))
    return x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.33"), value), True


def found(
    leaf: Party, pool: list[Party], root: Party, inputs: PolicyInputs = EXPLICIT, **options: object
) -> PathResult:
    anchors = [Anchor(root.parsed, "signing", **options)]
    candidates = [party.parsed for party in pool]
    return find_path(leaf.parsed, pool=candidates, anchors=anchors, at=NOW, purpose="signing", policies=inputs)


def test_without_a_question_nothing_is_asked(pki: Pki) -> None:
    assert found(pki.person, [pki.authority], pki.root, PolicyInputs()).ok


def test_a_required_policy_must_run_through_the_path(pki: Pki) -> None:
    authority = pki.root.issue("Policed", policies(FIRST, SECOND), authority=True)
    result = found(authority.issue("Person", policies(SECOND)), [authority], pki.root)
    assert (result.ok, result.policies) == (True, {SECOND})
    assert not found(authority.issue("Person", policies(THIRD)), [authority], pki.root).ok
    assert not found(authority.issue("Person"), [authority], pki.root).ok


def test_only_acceptable_policies_count(pki: Pki) -> None:
    authority = pki.root.issue("Policed", policies(ANY), authority=True)
    person = authority.issue("Person", policies(FIRST))
    for accepted, right in ((FIRST, True), (SECOND, False)):
        inputs = PolicyInputs(frozenset({accepted}), require_explicit=True)
        assert found(person, [authority], pki.root, inputs).ok is right


def test_any_policy_can_be_inhibited(pki: Pki) -> None:
    authority = pki.root.issue("Policed", policies(ANY), authority=True)
    person = authority.issue("Person", policies(FIRST))
    assert found(person, [authority], pki.root).ok
    assert not found(person, [authority], pki.root, PolicyInputs(require_explicit=True, inhibit_any=True)).ok


def test_a_mapped_policy_is_told_in_the_issuers_words(pki: Pki) -> None:
    authority = pki.root.issue("Mapped", policies(FIRST), mapping((FIRST, SECOND)), authority=True)
    person = authority.issue("Person", policies(SECOND))
    assert found(person, [authority], pki.root).policies == {FIRST}
    assert not found(person, [authority], pki.root, PolicyInputs(require_explicit=True, inhibit_mapping=True)).ok


@pytest.mark.parametrize("pair", [(ANY, FIRST), (FIRST, ANY)])
def test_any_policy_may_not_be_mapped(pki: Pki, pair: tuple[str, str]) -> None:
    authority = pki.root.issue("Mapped", policies(FIRST), mapping(pair), authority=True)
    result = found(authority.issue("Person", policies(FIRST)), [authority], pki.root, PolicyInputs())
    assert "maps anyPolicy" in result.findings[0].message.en


def test_a_certificate_may_require_a_policy_below_it(pki: Pki) -> None:
    authority = pki.root.issue("Strict", (x509.PolicyConstraints(0, None), True), policies(FIRST), authority=True)
    assert found(authority.issue("Person", policies(FIRST)), [authority], pki.root, PolicyInputs()).ok
    assert not found(authority.issue("Person"), [authority], pki.root, PolicyInputs()).ok


def test_the_leaf_may_require_one_itself(pki: Pki) -> None:
    strict = pki.authority.issue("Person", (x509.PolicyConstraints(0, None), True), policies(FIRST))
    assert not found(strict, [pki.authority], pki.root, PolicyInputs()).ok


@pytest.mark.parametrize("constrained", [True, False])
def test_what_the_anchor_states_binds_unless_only_its_key_counts(constrained: bool) -> None:
    root = self_signed("Root", policies(FIRST), (x509.PolicyConstraints(0, None), True))
    person = root.issue("Person", policies(SECOND))
    assert found(person, [], root, PolicyInputs(), constrained=constrained).ok is not constrained
    assert found(root.issue("Person", policies(FIRST)), [], root, PolicyInputs(), constrained=constrained).ok


def test_an_anchor_without_policies_allows_every_one(pki: Pki) -> None:
    assert found(pki.root.issue("Person", policies(FIRST)), [], pki.root).policies == {FIRST}


def test_an_unknown_qualifier_in_a_critical_extension_is_refused_by_name(pki: Pki) -> None:
    qualifier = der.sequence(der.sequence(der.encode_oid("1.2.3.4"), der.ENCODED_NULL))
    value = der.sequence(der.sequence(der.encode_oid(FIRST), qualifier))
    for critical in (True, False):
        odd = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.32"), value)
        result = found(pki.authority.issue("Person", (odd, critical)), [pki.authority], pki.root, PolicyInputs())
        assert result.ok is not critical
        assert not critical or "policy qualifier" in result.findings[0].message.en


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        ("2.5.29.32", b"\x30\x00"),
        ("2.5.29.33", b"\x30\x00"),
        ("2.5.29.36", b"\x30\x00"),
        ("2.5.29.36", der.sequence(der.tlv(0x80, b"\xff"))),
        ("2.5.29.54", b"\x02\x01\xff"),
        ("2.5.29.54", b"\x05\x00"),
    ],
)
def test_malformed_policy_extensions_break_the_path(pki: Pki, oid: str, value: bytes) -> None:
    odd = x509.UnrecognizedExtension(ObjectIdentifier(oid), value)
    authority = pki.root.issue("Odd", (odd, True), authority=True)
    assert not found(authority.issue("Person"), [authority], pki.root, PolicyInputs()).ok


def test_policies_that_would_double_at_every_certificate_cost_nothing(pki: Pki) -> None:
    """The tree of RFC 5280 would have 2⁸ × 60 leaves here and more with each certificate (RFC 9618 §2)."""
    oids = [f"1.2.3.{number}" for number in range(60)]
    doubled = mapping(*((one, other) for one in oids for other in (oids[0], oids[1])))
    pool, issuer = [], pki.root
    for depth in range(8):
        issuer = issuer.issue(f"Layer {depth}", policies(*oids, ANY), doubled, authority=True)
        pool.append(issuer)
    leaf = issuer.issue("Person", policies(*oids))
    started = time.process_time()
    assert found(leaf, pool, pki.root).ok
    assert time.process_time() - started < 0.5
