"""What a certificate says of its holder: a person, an organisation, or a person in an organisation.

National shapes are rows of a table: EN 319 412-1 semantics (``serialNumber=PNOVN-…``,
``organizationIdentifier=VATVN-…``) and Vietnamese ones (``UID=CCCD:…``, ``CMND:``, ``MST:``, ``MNS:``, or bare).
Order never decides: two numbers that could each be the holder's make the subject ambiguous, with a reason.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eidkit.asn1 import name as names
from eidkit.asn1.der import DerError
from eidkit.errors import EidkitError, Text
from eidkit.identity import Identity, masked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eidkit.asn1.certificate import Certificate

Holder = Literal["person", "organisation"]
SubjectKind = Literal["person", "organisation", "person-in-organisation", "authority"]
MAX_SHOWN = 300
_LONG_NUMBER = re.compile(r"\d{9,}")


@dataclass(frozen=True, slots=True, repr=False)
class Subject:
    """The holder of a certificate; threads may share it.

    ``person`` and ``organisation`` are Identities, None when not named or ambiguous (``reason`` then says why).
    ``name`` is what to show, long numbers in it masked; names never decide who somebody is.  ``budget_code`` is the
    code of a unit of the state budget (MNS), which may stand beside a tax code.  The repr masks every number.
    """

    person: Identity | None
    organisation: Identity | None
    name: str
    title: str | None = None
    reason: Text | None = None
    budget_code: Identity | None = None
    email: str | None = None

    @property
    def kind(self) -> SubjectKind | None:
        """What the holder is; None when that is not clear.

        An authority is an organisation with a budget code or an EN 319 412-1 identifier of government (GOV).
        """
        if self.person and self.organisation:
            return "person-in-organisation"
        if self.reason is not None or not (self.person or self.organisation):
            return None
        if self.person:
            return "person"
        by_identifier = self.organisation is not None and self.organisation.scheme.startswith("GOV")
        return "authority" if self.budget_code or by_identifier else "organisation"

    @property
    def tax_code(self) -> Identity | None:
        """The organisation's Vietnamese tax code (MST); None when it is named otherwise."""
        return self.organisation if self.organisation and self.organisation.scheme == "vn-mst" else None

    def __repr__(self) -> str:
        return f"Subject({self.kind}, person={self.person}, organisation={self.organisation}, name={self.name!r})"


@dataclass(frozen=True, slots=True)
class _Shape:
    """One way to write a number: where, the spelling, whose it is, and the Identity scheme it gives."""

    places: frozenset[str]
    spelling: re.Pattern[str]
    holder: Holder
    scheme: str
    vietnamese_only: bool = False


_UID, _SERIAL, _ORGANISATION = names.UID, names.SERIAL_NUMBER, names.ORGANIZATION_IDENTIFIER
_ANYWHERE = frozenset({_UID, _SERIAL, _ORGANISATION})
_BARE = frozenset({_UID})


def _prefixed(prefix: str, number: str) -> re.Pattern[str]:
    return re.compile(rf"(?i:{prefix})\s*[:_-]\s*({number})")


_SHAPES = (
    _Shape(_ANYWHERE, _prefixed("CCCD", r"[0-9]{12}"), "person", "vn-cccd"),
    _Shape(_ANYWHERE, _prefixed("CMND|CMT", r"[0-9]{9}(?:[0-9]{3})?"), "person", "vn-cmnd"),
    _Shape(_ANYWHERE, _prefixed("MST", r"[0-9]{10}(?:-[0-9]{3})?"), "organisation", "vn-mst"),
    _Shape(_ANYWHERE, _prefixed("MNS", r"[0-9]{7}"), "organisation", "vn-mns"),
    _Shape(_BARE, re.compile(r"([0-9]{12})"), "person", "vn-cccd", vietnamese_only=True),
    _Shape(_BARE, re.compile(r"([0-9]{9})"), "person", "vn-cmnd", vietnamese_only=True),
    _Shape(_BARE, re.compile(r"([0-9]{10}(?:-[0-9]{3})?)"), "organisation", "vn-mst", vietnamese_only=True),
)
# EN 319 412-1 §5.1.3 (natural persons) and §5.1.4 (legal persons): three letters, country, hyphen, reference
_SEMANTIC = re.compile(r"(PAS|IDC|PNO|TAX|TIN|VAT|NTR|LEI|PSD|EUI|GOV)([A-Z]{2})-([A-Za-z0-9./_-]{1,64})")
_PERSONAL = {"PAS", "IDC", "PNO", "TAX", "TIN"}
# schemes that may name the same number twice; the first that stands here is the one we keep
_PREFERRED = ("vn-cccd", "vn-cmnd", "vn-mst", "vn-mns")


def subject_of(certificate: Certificate) -> Subject:
    """The Subject of a certificate; never raises for what its name holds."""
    return certificate.once("subject", lambda: _subject_of(certificate))


def _subject_of(certificate: Certificate) -> Subject:
    try:
        attributes = names.attributes(certificate.subject)
    except DerError:
        unreadable = Text("the name in the certificate cannot be read", "không đọc được tên trong chứng thư")
        return Subject(None, None, f"certificate {certificate.sha256[:16]}", None, unreadable)
    shown = _Names(attributes)
    found = _numbers(attributes)
    named = shown.organisation if found["person"] or shown.is_person else shown.holder
    person, why_no_person = _one(found["person"], shown.holder, "personal numbers", "số định danh cá nhân")
    organisation, why_no_organisation = _one(found["organisation"], named, "organisation numbers", "mã tổ chức")
    # nobody better is named: the certificate itself is the identifier
    if not found["person"] and (shown.is_person or not (found["organisation"] or shown.is_organisation)):
        person = Identity("x509", certificate.sha256, shown.holder)
    elif not (found["person"] or found["organisation"]):
        organisation = Identity("x509", certificate.sha256, shown.holder)
    codes = {each for each in found["organisation"] if each[0] == "vn-mns"}
    budget, why_no_budget = _one(codes, named, "budget codes", "mã đơn vị quan hệ ngân sách")
    reason = why_no_person or why_no_organisation or why_no_budget
    return Subject(person, organisation, shown.holder, shown.title, reason, budget, shown.email)


class _Names:
    """The words of a name, cleaned for showing."""

    def __init__(self, attributes: tuple[tuple[str, str], ...]) -> None:
        def last(oid: str) -> str | None:
            return next(
                (_clean(value) for found, value in reversed(attributes) if found == oid and value.strip()), None
            )

        common, surname, given = last(names.COMMON_NAME), last(names.SURNAME), last(names.GIVEN_NAME)
        organisation = last(names.ORGANIZATION)
        full = " ".join(part for part in (surname, given) if part) or None
        self.is_person = full is not None
        self.is_organisation = not self.is_person and common is not None and common == organisation
        self.holder = common or full or organisation or next((_clean(value) for _, value in attributes), "")
        self.organisation = organisation or self.holder
        titles = [_clean(value) for found, value in attributes if found == names.TITLE and value.strip()]
        self.title = ", ".join(dict.fromkeys(titles)) or None
        emails = {_clean(value) for found, value in attributes if found == names.EMAIL and value.strip()}
        self.email = emails.pop() if len(emails) == 1 else None


def _clean(value: str) -> str:
    """Text that may be shown and stored: NFC, no control or direction character, long numbers masked, not too long."""
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", value[: 4 * MAX_SHOWN])
        if unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    shown = unicodedata.normalize("NFC", " ".join(kept.split())[:MAX_SHOWN])
    return _LONG_NUMBER.sub(lambda number: masked(number[0]), shown)


def _numbers(attributes: tuple[tuple[str, str], ...]) -> dict[Holder, set[tuple[str, str]]]:
    """Every number in the name by whose it is, as ``(scheme, identifier)``."""
    countries = {value.strip().upper() for oid, value in attributes if oid == names.COUNTRY}
    vietnamese = countries <= {"VN"}
    alone = len(attributes) == 1
    found: dict[Holder, set[tuple[str, str]]] = {"person": set(), "organisation": set()}
    for oid, value in attributes:
        place = _UID if alone and oid == names.COMMON_NAME else oid  # a bare number may be the whole name
        if place in _ANYWHERE:
            for holder, scheme, identifier in _read(place, value.strip(), vietnamese=vietnamese):
                found[holder].add((scheme, identifier))
    return found


def _read(place: str, value: str, *, vietnamese: bool) -> Iterable[tuple[Holder, str, str]]:
    for shape in _SHAPES:
        match = shape.spelling.fullmatch(value)
        if match and place in shape.places and (vietnamese or not shape.vietnamese_only):
            return [(shape.holder, shape.scheme, match[1])]
    match = _SEMANTIC.fullmatch(value)
    if match and place != _UID:
        # organizationIdentifier never names a person, whatever its letters are (TIN and TAX exist for both)
        personal = match[1] in _PERSONAL and place == _SERIAL
        return [("person" if personal else "organisation", match[1] + match[2], match[3])]
    return []


def _one(found: set[tuple[str, str]], name: str, what_en: str, what_vi: str) -> tuple[Identity | None, Text | None]:
    """The one Identity among the numbers found, or why there is none."""
    identifiers = {identifier for scheme, identifier in found if scheme != "vn-mns"}
    if not found:
        return None, None
    if len(identifiers) > 1 or (not identifiers and len(found) > 1):
        return None, Text(f"the certificate names several {what_en}", f"chứng thư có nhiều {what_vi}")
    # a budget code (MNS) only accompanies a tax number; the same number under two schemes is one number
    candidates = sorted(
        (each for each in found if not identifiers or each[0] != "vn-mns"),
        key=lambda each: (_PREFERRED.index(each[0]) if each[0] in _PREFERRED else len(_PREFERRED), each),
    )
    try:
        return Identity(*candidates[0], name), None
    except EidkitError as error:
        return None, error.problem
