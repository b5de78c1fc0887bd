"""Synthetic names in the shapes that real certificates have; no number here belongs to anybody."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from eidkit.identity import Identity
from eidkit.trust.subject import Subject, subject_of
from tests.trust.making import Party, self_signed

OIDS = {
    "CN": NameOID.COMMON_NAME,
    "C": NameOID.COUNTRY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "UID": NameOID.USER_ID,
    "T": NameOID.TITLE,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "GN": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
    "L": NameOID.LOCALITY_NAME,
    "E": NameOID.EMAIL_ADDRESS,
    "OI": ObjectIdentifier("2.5.4.97"),
}
PERSON, COMPANY = "Nguyễn Thị Thử", "Công ty Thử Nghiệm"
CCCD, CMND, MST, MNS = "000000000123", "000000123", "0000000123", "0000123"


@pytest.fixture(scope="module")
def root() -> Party:
    return self_signed("Root")


def read(root: Party, *parts: tuple[str, str]) -> Subject:
    name = x509.Name([x509.NameAttribute(OIDS[short], value) for short, value in parts])
    return subject_of(root.issue(name).parsed)


def pair(identity: Identity | None) -> tuple[str, str] | None:
    return None if identity is None else (identity.scheme, identity.identifier)


CASES = {
    "a person": ([("C", "VN"), ("CN", PERSON), ("UID", f"CCCD:{CCCD}")], ("vn-cccd", CCCD), None),
    "the number first": ([("UID", f"CCCD:{CCCD}"), ("CN", PERSON), ("C", "VN")], ("vn-cccd", CCCD), None),
    "small letters": ([("CN", PERSON), ("UID", f"cccd: {CCCD}")], ("vn-cccd", CCCD), None),
    "an old card": ([("CN", PERSON), ("UID", f"CMND:{CMND}")], ("vn-cmnd", CMND), None),
    "an old card of 12": ([("CN", PERSON), ("UID", f"CMND:{CCCD}")], ("vn-cmnd", CCCD), None),
    "a portal's prefix": ([("CN", PERSON), ("UID", f"CMT_{CMND}")], ("vn-cmnd", CMND), None),
    "a company": ([("CN", COMPANY), ("UID", f"MST:{MST}")], None, ("vn-mst", MST)),
    "a branch": ([("CN", COMPANY), ("UID", f"MST:{MST}-001")], None, ("vn-mst", f"{MST}-001")),
    "a person in a company": (
        [("O", COMPANY), ("UID", f"MST:{MST}"), ("UID", f"CCCD:{CCCD}"), ("CN", PERSON)],
        ("vn-cccd", CCCD),
        ("vn-mst", MST),
    ),
    "the same, turned around": (
        [("CN", PERSON), ("UID", f"CCCD:{CCCD}"), ("UID", f"MST:{MST}"), ("O", COMPANY)],
        ("vn-cccd", CCCD),
        ("vn-mst", MST),
    ),
    "an agency": (
        [("E", "a@b.gov.vn"), ("UID", f"MST:{MST}"), ("UID", f"MNS:{MNS}"), ("CN", COMPANY), ("O", "UBND")],
        None,
        ("vn-mst", MST),
    ),
    "an agency by its budget code": ([("UID", f"MNS:{MNS}"), ("CN", COMPANY)], None, ("vn-mns", MNS)),
    "a bare personal number": ([("C", "VN"), ("CN", PERSON), ("UID", CCCD)], ("vn-cccd", CCCD), None),
    "a bare old number": ([("CN", PERSON), ("UID", CMND)], ("vn-cmnd", CMND), None),
    "a bare tax number": ([("CN", COMPANY), ("UID", MST)], None, ("vn-mst", MST)),
    "a bare number as the whole name": ([("CN", CCCD)], ("vn-cccd", CCCD), None),
    "a bare number abroad": ([("C", "FR"), ("CN", PERSON), ("UID", CCCD)], "x509", None),
    "European semantics": (
        [("C", "EE"), ("CN", PERSON), ("serialNumber", "PNOEE-12345678901")],
        ("PNOEE", "12345678901"),
        None,
    ),
    "a Vietnamese number in it": ([("CN", PERSON), ("serialNumber", f"PNOVN-{CCCD}")], ("PNOVN", CCCD), None),
    "the same number twice": (
        [("CN", PERSON), ("UID", f"CCCD:{CCCD}"), ("serialNumber", f"PNOVN-{CCCD}")],
        ("vn-cccd", CCCD),
        None,
    ),
    "a legal person": ([("CN", COMPANY), ("OI", "VATBE-0123456789")], None, ("VATBE", "0123456789")),
    "both": (
        [("CN", PERSON), ("serialNumber", "IDCFR-1"), ("O", COMPANY), ("OI", "NTRFR-2")],
        ("IDCFR", "1"),
        ("NTRFR", "2"),
    ),
    "both tax numbers alike": ([("CN", COMPANY), ("UID", f"MST:{MST}"), ("OI", f"VATVN-{MST}")], None, ("vn-mst", MST)),
    "a legal person's tax number": ([("CN", COMPANY), ("OI", "TINVN-1")], None, ("TINVN", "1")),
    "nobody's number": ([("OU", "Cục"), ("CN", f"Trưởng phòng {PERSON}")], "x509", None),
    "a company without a number": ([("O", COMPANY), ("CN", COMPANY)], None, "x509"),
    "a named person in a company": (
        [("GN", "Thử"), ("SN", "Nguyễn"), ("O", COMPANY), ("UID", f"MST:{MST}")],
        "x509",
        ("vn-mst", MST),
    ),
    "a number with a letter": ([("CN", PERSON), ("UID", f"CCCD:{CCCD[:-1]}A")], "x509", None),
    "a number too short": ([("CN", PERSON), ("UID", "CCCD:123")], "x509", None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_name_says_who(root: Party, case: str) -> None:
    parts, person, organisation = CASES[case]
    subject = read(root, *parts)
    assert subject.reason is None
    for wanted, found in ((person, subject.person), (organisation, subject.organisation)):
        assert (found.scheme if wanted == "x509" and found else pair(found)) == wanted


@pytest.mark.parametrize(
    "parts",
    [
        [("CN", PERSON), ("UID", f"CCCD:{CCCD}"), ("UID", "CCCD:000000000999")],
        [("CN", PERSON), ("UID", f"CCCD:{CCCD}"), ("UID", f"CMND:{CMND}")],
        [("CN", PERSON), ("UID", f"CCCD:{CCCD}"), ("serialNumber", "PNOVN-000000000999")],
    ],
)
def test_two_persons_are_nobody_with_a_reason(root: Party, parts: list[tuple[str, str]]) -> None:
    for order in (parts, parts[::-1]):
        subject = read(root, *order)
        assert subject.person is None
        assert subject.reason is not None
        assert "several personal numbers" in subject.reason.en


def test_two_organisations_are_none_with_a_reason(root: Party) -> None:
    subject = read(root, ("CN", PERSON), ("UID", f"CCCD:{CCCD}"), ("UID", f"MST:{MST}"), ("UID", "MST:0000000999"))
    assert subject.organisation is None
    assert pair(subject.person) == ("vn-cccd", CCCD)
    assert subject.reason


def test_names_and_titles_are_kept_for_showing(root: Party) -> None:
    subject = read(
        root, ("O", COMPANY), ("UID", f"MST:{MST}"), ("T", "Bác sĩ"), ("CN", PERSON), ("UID", f"CCCD:{CCCD}")
    )
    assert (subject.name, subject.title) == (PERSON, "Bác sĩ")
    assert subject.person
    assert subject.organisation
    assert (subject.person.name, subject.organisation.name) == (PERSON, COMPANY)


def test_an_agencys_own_name_is_not_its_parents(root: Party) -> None:
    subject = read(root, ("O", "UBND"), ("CN", COMPANY), ("UID", f"MST:{MST}"))
    assert subject.organisation
    assert subject.organisation.name == COMPANY


def test_direction_and_control_characters_never_reach_the_name(root: Party) -> None:
    assert read(root, ("CN", "A\u202eB\x07C  D"), ("UID", f"CCCD:{CCCD}")).name == "ABC D"


def test_a_decomposed_name_is_composed(root: Party) -> None:
    assert read(root, ("CN", "Tra\u0302\u0300n")).name == "Tr\u1ea7n"


def test_an_empty_name_is_its_certificate(root: Party) -> None:
    subject = read(root)
    assert subject.person
    assert subject.person.scheme == "x509"


def test_the_certificate_itself_identifies_who_is_not_named_better(root: Party) -> None:
    party = root.issue("Somebody")
    assert pair(subject_of(party.parsed).person) == ("x509", party.parsed.sha256)
