"""Name constraints, form by form (RFC 5280 §4.2.1.10)."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from eidkit.asn1 import der
from eidkit.trust import name_constraints
from eidkit.trust.path import PathResult, find_path
from eidkit.trust.store import Anchor
from tests.trust.making import NOW, Party, Pki, named, self_signed

UNIT = NameOID.ORGANIZATIONAL_UNIT_NAME


def within(
    pki: Pki,
    names: list[x509.GeneralName],
    permitted: list[x509.GeneralName] | None = None,
    excluded: list[x509.GeneralName] | None = None,
    *,
    subject: str | x509.Name = "Person",
    critical: bool = True,
) -> PathResult:
    """The path of a person with ``names`` under an authority with these constraints."""
    authority = pki.root.issue("Constrained", (x509.NameConstraints(permitted, excluded), critical), authority=True)
    extra = ((x509.SubjectAlternativeName(names), False),) if names else ()
    return found(authority.issue(subject, *extra), [authority], pki.root)


def found(leaf: Party, pool: list[Party], root: Party) -> PathResult:
    candidates = [party.parsed for party in pool]
    return find_path(leaf.parsed, pool=candidates, anchors=[root.anchor], at=NOW, purpose="signing")


def codes(result: PathResult) -> set[str]:
    return {each.code for each in result.findings}


DNS = [
    ("example.gov", "example.gov", True),
    ("EXAMPLE.gov", "example.GOV", True),
    ("a.b.example.gov", "example.gov", True),
    ("notexample.gov", "example.gov", False),
    ("example.gov", "a.example.gov", False),
    ("a.example.gov", ".example.gov", True),
    ("example.gov", ".example.gov", False),
    ("*.example.gov", "example.gov", True),
    ("anything.test", "", True),
]
MAIL = [
    ("lan@example.gov", "example.gov", True),
    ("lan@EXAMPLE.GOV", "example.gov", True),
    ("lan@host.example.gov", "example.gov", False),
    ("lan@host.example.gov", ".example.gov", True),
    ("lan@example.gov", ".example.gov", False),
    ("lan@example.gov", "lan@example.gov", True),
    ("LAN@example.gov", "lan@example.gov", False),
    ("binh@example.gov", "lan@example.gov", False),
]
WEB = [
    ("https://host.gov/path", "host.gov", True),
    ("https://host.gov:8443/path", "HOST.gov", True),
    ("https://a.host.gov/", "host.gov", False),
    ("https://a.host.gov/", ".host.gov", True),
    ("https://host.gov/", ".host.gov", False),
    ("https://user@host.gov/", "host.gov", True),
    ("https://host.gov@other.test/", "host.gov", False),
    ("urn:something", "host.gov", False),
    ("https://10.0.0.1/", "host.gov", False),
    ("https://[::1]/", "", False),
]


@pytest.mark.parametrize(("name", "base", "inside"), DNS)
def test_dns_names(pki: Pki, name: str, base: str, inside: bool) -> None:
    assert within(pki, [x509.DNSName(name)], [x509.DNSName(base)]).ok is inside
    assert within(pki, [x509.DNSName(name)], None, [x509.DNSName(base)]).ok is not inside


@pytest.mark.parametrize(("name", "base", "inside"), MAIL)
def test_mailboxes(pki: Pki, name: str, base: str, inside: bool) -> None:
    assert within(pki, [x509.RFC822Name(name)], [x509.RFC822Name(base)]).ok is inside
    assert within(pki, [x509.RFC822Name(name)], None, [x509.RFC822Name(base)]).ok is not inside


@pytest.mark.parametrize(("name", "base", "inside"), WEB)
def test_addresses_of_pages(pki: Pki, name: str, base: str, inside: bool) -> None:
    names, bases = [x509.UniformResourceIdentifier(name)], [x509.UniformResourceIdentifier(base)]
    assert within(pki, names, bases).ok is inside


@pytest.mark.parametrize(
    ("address", "network", "inside"),
    [
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.2.3", "10.1.0.0/16", False),
        ("2001:db8::1", "2001:db8::/32", True),
        ("10.1.2.3", "::/0", False),
    ],
)
def test_ip_addresses(pki: Pki, address: str, network: str, inside: bool) -> None:
    names, bases = [x509.IPAddress(ip_address(address))], [x509.IPAddress(ip_network(network))]
    assert within(pki, names, bases).ok is inside


def test_the_subject_lies_under_a_permitted_directory(pki: Pki) -> None:
    base = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "City Hall")])
    inside = x509.Name([*base, x509.NameAttribute(UNIT, "Permits")])
    folded = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, " CITY  hall ")])
    for subject, right in ((inside, True), (base, True), (folded, True), (named("Person"), False)):
        assert within(pki, [], [x509.DirectoryName(base)], subject=subject).ok is right
    assert not within(pki, [], None, [x509.DirectoryName(base)], subject=inside).ok


def test_an_empty_subject_has_no_directory_name(pki: Pki) -> None:
    base = x509.DirectoryName(named("Elsewhere"))
    assert within(pki, [x509.DNSName("a.test")], [base], subject=x509.Name([])).ok


def test_names_of_another_form_are_not_bound(pki: Pki) -> None:
    assert within(pki, [x509.RFC822Name("lan@other.test")], [x509.DNSName("example.gov")]).ok


def test_every_name_must_be_inside(pki: Pki) -> None:
    names = [x509.DNSName("a.example.gov"), x509.DNSName("other.test")]
    assert codes(within(pki, names, [x509.DNSName("example.gov")])) == {"CHAIN_CONSTRAINTS_FAILURE"}


def test_a_wildcard_may_not_stand_for_an_excluded_name(pki: Pki) -> None:
    assert not within(pki, [x509.DNSName("*.example.gov")], None, [x509.DNSName("secret.example.gov")]).ok
    assert not within(pki, [x509.DNSName("*.example.gov")], [x509.DNSName("a.example.gov")]).ok


def test_an_email_address_in_the_subject_counts_where_there_are_no_other_names(pki: Pki) -> None:
    mail = x509.Name(
        [
            *named("Person"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "lan@other.test", _type=x509.name._ASN1Type.IA5String),
        ]
    )
    bases = [x509.RFC822Name("example.gov")]
    assert not within(pki, [], bases, subject=mail).ok
    assert within(pki, [x509.RFC822Name("lan@example.gov")], bases, subject=mail).ok


def test_constraints_that_are_not_critical_bind_too(pki: Pki) -> None:
    assert not within(pki, [x509.DNSName("other.test")], [x509.DNSName("example.gov")], critical=False).ok


def test_what_a_lower_authority_permits_is_met_with_what_a_higher_one_does(pki: Pki) -> None:
    upper = pki.root.issue("Upper", (x509.NameConstraints([x509.DNSName("gov")], None), True), authority=True)
    wide = x509.NameConstraints([x509.DNSName("gov"), x509.DNSName("test")], None)
    lower = upper.issue("Lower", (wide, True), authority=True)
    for name, right in (("a.gov", True), ("a.test", False)):
        leaf = lower.issue("Person", (x509.SubjectAlternativeName([x509.DNSName(name)]), False))
        assert found(leaf, [lower, upper], pki.root).ok is right


def test_a_self_issued_authority_is_passed_over_but_a_self_issued_leaf_is_not() -> None:
    root = self_signed("Root")
    only = x509.NameConstraints([x509.DirectoryName(named("Inside"))], None)
    authority = root.issue("Outside", (only, True), authority=True)
    renewed = authority.issue("Outside", authority=True)
    assert found(renewed.issue("Inside"), [renewed, authority], root).ok
    assert not found(authority.issue("Outside"), [authority], root).ok


def test_the_anchors_own_constraints_bind_unless_only_its_key_counts() -> None:
    root = self_signed("Root", (x509.NameConstraints([x509.DNSName("gov")], None), True))
    leaf = root.issue("Person", (x509.SubjectAlternativeName([x509.DNSName("a.test")]), False)).parsed
    for constrained in (True, False):
        anchors = [Anchor(root.parsed, "signing", constrained=constrained)]
        assert find_path(leaf, pool=[], anchors=anchors, at=NOW, purpose="signing").ok is not constrained


@pytest.mark.parametrize(
    "name",
    [x509.OtherName(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), x509.RegisteredID(ObjectIdentifier("1.2.3"))],
)
def test_a_form_that_cannot_be_compared_is_refused_by_name_when_it_comes(pki: Pki, name: x509.GeneralName) -> None:
    assert codes(within(pki, [name], [name])) == {"NOT_SUPPORTED"}
    assert within(pki, [x509.DNSName("a.test")], [name]).ok


def test_an_internationalised_mailbox_under_a_mail_constraint_is_refused(pki: Pki) -> None:
    mailbox = x509.OtherName(ObjectIdentifier("1.3.6.1.5.5.7.8.9"), der.tlv(der.UTF8_STRING, "lán@other.test".encode()))
    assert not within(pki, [mailbox], [x509.RFC822Name("example.gov")]).ok


@pytest.mark.parametrize(
    "value",
    [
        b"\x30\x00",
        der.sequence(der.explicit(0, b"")),
        der.sequence(der.explicit(2, der.sequence(der.tlv(0x82, b"a")))),
        der.sequence(der.explicit(0, der.sequence(der.tlv(0x87, b"\x0a\0\0\0\xff\0\xff\0")))),
        der.sequence(der.explicit(0, der.sequence(der.tlv(0x82, b"gov"), der.tlv(0x80, b"\x01")))),
        der.sequence(der.explicit(1, der.sequence(der.tlv(0x82, b"other"), der.tlv(0x81, b"\x05")))),
    ],
    ids=["empty", "no subtree", "third side", "holes in the mask", "minimum", "maximum"],
)
def test_constraints_that_nobody_may_use_break_the_path(pki: Pki, value: bytes) -> None:
    odd = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.30"), value)
    authority = pki.root.issue("Odd", (odd, True), authority=True)
    names = x509.SubjectAlternativeName([x509.DNSName("a.gov"), x509.IPAddress(ip_address("10.0.0.1"))])
    assert not found(authority.issue("Person", (names, False)), [authority], pki.root).ok


def test_comparisons_are_counted(pki: Pki) -> None:
    bases = [x509.DNSName(f"{number}.gov") for number in range(400)]
    names = [x509.DNSName(f"a.{number}.gov") for number in range(400)]
    result = within(pki, names, bases)
    assert f"more than {name_constraints.MAX_COMPARISONS} comparisons" in result.findings[0].message.en
    assert within(pki, names[:100], bases).ok
