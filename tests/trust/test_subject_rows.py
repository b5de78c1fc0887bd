"""Who a certificate names, row by row of the names seen in Viet Nam and of EN 319 412-1; numbers are made up."""

from __future__ import annotations

import logging
from typing import NamedTuple

import pytest

from eidkit.identity import Identity
from eidkit.trust.subject import subject_of
from tests.trust.making import Party, self_signed
from tests.trust.test_subject import CCCD, CMND, COMPANY, MNS, MST, PERSON, read


class Row(NamedTuple):
    """A subject name and what it says."""

    parts: list[tuple[str, str]]
    kind: str | None
    person: tuple[str, str] | None = None
    organisation: tuple[str, str] | None = None
    tax_code: str | None = None
    budget_code: str | None = None
    title: str | None = None
    email: str | None = None


IN_COMPANY = [("O", COMPANY), ("UID", f"MST:{MST}"), ("UID", f"CCCD:{CCCD}"), ("CN", PERSON)]
AGENCY = [
    ("E", "vanthu@example.gov.vn"), ("UID", f"MST:{MST}"), ("UID", f"MNS:{MNS}"), ("CN", "Phòng Thử"),
    ("O", "UBND tỉnh Thử"), ("L", "Thử"), ("C", "VN"),
]  # fmt: skip
ROWS = {
    "a person": Row([("C", "VN"), ("L", "Thử"), ("CN", PERSON), ("UID", f"CCCD:{CCCD}")], "person", ("vn-cccd", CCCD)),
    "a person with an old card": Row([("CN", PERSON), ("UID", f"CMND:{CMND}")], "person", ("vn-cmnd", CMND)),
    "a person with an old card of twelve": Row([("CN", PERSON), ("UID", f"CMND:{CCCD}")], "person", ("vn-cmnd", CCCD)),
    "a company": Row([("CN", COMPANY), ("UID", f"MST:{MST}")], "organisation", None, ("vn-mst", MST), MST),
    "a branch": Row(
        [("CN", COMPANY), ("UID", f"MST:{MST}-001")], "organisation", None, ("vn-mst", f"{MST}-001"), f"{MST}-001"
    ),
    "a person in a company": Row(IN_COMPANY, "person-in-organisation", ("vn-cccd", CCCD), ("vn-mst", MST), MST),
    "a person in a company, turned around": Row(
        IN_COMPANY[::-1], "person-in-organisation", ("vn-cccd", CCCD), ("vn-mst", MST), MST
    ),
    "a state agency": Row(AGENCY, "authority", None, ("vn-mst", MST), MST, MNS, email="vanthu@example.gov.vn"),
    "a state agency by its budget code": Row(
        [("UID", f"MNS:{MNS}"), ("CN", "Phòng Thử")], "authority", None, ("vn-mns", MNS), None, MNS
    ),
    "an official of an agency": Row(
        [*AGENCY, ("T", "Trưởng phòng"), ("UID", f"CCCD:{CCCD}")],
        "person-in-organisation",
        ("vn-cccd", CCCD),
        ("vn-mst", MST),
        MST,
        MNS,
        "Trưởng phòng",
        "vanthu@example.gov.vn",
    ),
    "a doctor with a licence in the name": Row(
        [("T", "Bác sĩ"), ("CN", f"{PERSON} 001234/CCHN"), ("UID", f"CCCD:{CCCD}")],
        "person",
        ("vn-cccd", CCCD),
        title="Bác sĩ",
    ),
    "a bare number": Row([("CN", PERSON), ("UID", CCCD)], "person", ("vn-cccd", CCCD)),
    "a bare number as the whole name": Row([("UID", CCCD)], "person", ("vn-cccd", CCCD)),
    "a bare tax number": Row([("CN", COMPANY), ("UID", MST)], "organisation", None, ("vn-mst", MST), MST),
    "an older official without a number": Row(
        [("OU", "Cục Thử"), ("OU", "Chi cục Thử"), ("CN", f"Trưởng phòng {PERSON}")], "person"
    ),
    "a portal's spelling": Row([("CN", COMPANY), ("UID", f"MST_{MST}")], "organisation", None, ("vn-mst", MST), MST),
    "a tax number as organizationIdentifier": Row(
        [("CN", COMPANY), ("OI", f"MST:{MST}")], "organisation", None, ("vn-mst", MST), MST
    ),
    "PNO": Row([("CN", PERSON), ("serialNumber", "PNOSK-1234567890")], "person", ("PNOSK", "1234567890")),
    "IDC": Row([("CN", PERSON), ("serialNumber", "IDCBE-590082394654")], "person", ("IDCBE", "590082394654")),
    "PAS": Row([("CN", PERSON), ("serialNumber", "PASSK-P3000180")], "person", ("PASSK", "P3000180")),
    "TIN": Row([("CN", PERSON), ("serialNumber", "TINVN-0000000123")], "person", ("TINVN", "0000000123")),
    "VAT": Row([("CN", COMPANY), ("OI", "VATBE-0876866142")], "organisation", None, ("VATBE", "0876866142")),
    "NTR": Row([("CN", COMPANY), ("OI", "NTRGB-12345678")], "organisation", None, ("NTRGB", "12345678")),
    "LEI": Row([("CN", COMPANY), ("OI", "LEIXG-ABC123")], "organisation", None, ("LEIXG", "ABC123")),
    "GOV": Row([("CN", "Bộ Thử"), ("OI", "GOVVN-H56")], "authority", None, ("GOVVN", "H56")),
}


@pytest.fixture(scope="module")
def root() -> Party:
    return self_signed("Root")


def same(found: Identity | None, wanted: tuple[str, str] | None) -> bool:
    return (found.scheme, found.identifier) == wanted if found else wanted is None


@pytest.mark.parametrize("case", ROWS)
def test_a_row_says_who(root: Party, case: str) -> None:
    row, subject = ROWS[case], read(root, *ROWS[case].parts)
    assert subject.reason is None
    assert subject.kind == row.kind
    if case != "an older official without a number":
        assert same(subject.person, row.person)
    assert same(subject.organisation, row.organisation)
    assert (subject.tax_code.identifier if subject.tax_code else None) == row.tax_code
    assert (subject.budget_code.identifier if subject.budget_code else None) == row.budget_code
    assert (subject.title, subject.email) == (row.title, row.email)


def test_without_a_number_the_certificate_itself_is_the_identifier(root: Party) -> None:
    subject = read(root, *ROWS["an older official without a number"].parts)
    assert subject.person is not None
    assert subject.person.scheme == "x509"


AMBIGUOUS = {
    "two cards": [("CN", PERSON), ("UID", f"CCCD:{CCCD}"), ("UID", "CCCD:000000000999")],
    "card and old card": [("CN", PERSON), ("UID", f"CCCD:{CCCD}"), ("UID", f"CMND:{CMND}")],
    "two companies": [("CN", COMPANY), ("UID", f"MST:{MST}"), ("UID", "MST:0000000999")],
    "company and another's VAT": [("CN", COMPANY), ("UID", f"MST:{MST}"), ("OI", "VATVN-0000000999")],
    "two budget codes": [("CN", "Phòng Thử"), ("UID", f"MNS:{MNS}"), ("UID", "MNS:0000999")],
    "a tax code and two budget codes": [
        ("CN", "Phòng Thử"), ("UID", f"MST:{MST}"), ("UID", f"MNS:{MNS}"), ("UID", "MNS:0000999"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_what_is_ambiguous_is_nobody_and_says_why_in_either_order(root: Party, case: str) -> None:
    for parts in (AMBIGUOUS[case], AMBIGUOUS[case][::-1]):
        subject = read(root, *parts)
        assert subject.kind is None
        assert subject.reason is not None
        assert subject.reason.en.startswith("the certificate names several")
        assert subject.reason.vi


@pytest.mark.parametrize("case", [case for case in ROWS if any(len(v) >= 9 for _, v in ROWS[case].parts)])
def test_no_number_reaches_the_repr_a_name_or_a_log(root: Party, case: str, caplog: pytest.LogCaptureFixture) -> None:
    subject = read(root, *ROWS[case].parts)
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%r %s", subject, subject.name)
    for number in (CCCD, CMND, MST, "1234567890", "590082394654", "0876866142"):
        assert number not in caplog.text


def test_a_number_as_the_name_is_masked_where_it_is_shown(root: Party) -> None:
    assert CCCD not in subject_of(root.issue(CCCD).parsed).name
