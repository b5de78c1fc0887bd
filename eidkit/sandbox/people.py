"""Subject names as Vietnamese authorities write them, for people and bodies that do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

    from eidkit.identity import Identity

LOCALITY = "An Lạc"
ORGANISATION = "UBND phường Bến Sen"
ORGANISATION_MST = "0000000025"
ORGANISATION_MNS = "0000125"
SERVICE = "Trung tâm Phục vụ hành chính công phường Bến Sen"
SERVICE_MST = "0000000017"


@dataclass(frozen=True, slots=True)
class Part:
    """Someone in the sample dossier: file name, name, invented CCCD number, title, role in the procedure, key."""

    slug: str
    name: str
    cccd: str
    title: str | None
    role: str | None
    key: str = "p256"


CAST = (
    Part("lan", "Nguyễn Thị Lan", "000190000022", "Trưởng Bộ phận Một cửa", "one-stop-shop officer", "rsa2048"),
    Part("mai", "Phạm Thị Mai", "000195000011", "Chuyên viên Phòng Kinh tế, Hạ tầng và Đô thị", "case officer"),
    Part("binh", "Trần Văn Bình", "000080000033", "Chủ tịch", "head of unit"),
    Part("thu", "Võ Thị Thu", "000192000044", "Văn thư", "clerk"),
    Part("khoi", "Hoàng Minh Khôi", "000099000123", None, None),
)
"""Who appears in the sample dossier: reception, assessment, the chairman who approves, the clerk who holds the
seal, and the applicant."""


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation that a subject speaks of: its name, and its Identity when it has a number."""

    name: str
    identity: Identity | None = None


def official(person: Identity, *, title: str | None, organisation: Body | None) -> x509.Name:
    """A person: ``UID=CCCD:…, CN, T, [UID=MST:…, O], L, C=VN``, as official-use and public authorities write it."""
    parts = [("C", "VN"), ("L", LOCALITY)]
    if organisation is not None:
        parts.append(("O", organisation.name))
        parts += _number(organisation.identity)
    if title is not None:
        parts.append(("T", title))
    return _name([*parts, ("CN", person.name), *_number(person)])


def agency(body: Identity, *, mns: str | None, parent: str = ORGANISATION) -> x509.Name:
    """A state agency or company: ``CN, UID=MST:…, [UID=MNS:…], O, L, C=VN``."""
    parts = [("C", "VN"), ("L", LOCALITY), ("O", parent), ("CN", body.name), *_number(body)]
    return _name([*parts, ("UID", f"MNS:{mns}")] if mns is not None else parts)


def authority(common_name: str) -> x509.Name:
    """An authority of the sandbox."""
    return _name([("C", "VN"), ("O", "eidkit sandbox"), ("CN", common_name)])


_PREFIXES = {"vn-cccd": "CCCD", "vn-cmnd": "CMND", "vn-mst": "MST", "vn-mns": "MNS"}


def _number(identity: Identity | None) -> list[tuple[str, str]]:
    if identity is None or identity.scheme not in _PREFIXES:
        return []
    return [("UID", f"{_PREFIXES[identity.scheme]}:{identity.identifier}")]


def _name(parts: list[tuple[str, str]]) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    oids = {
        "C": NameOID.COUNTRY_NAME,
        "L": NameOID.LOCALITY_NAME,
        "O": NameOID.ORGANIZATION_NAME,
        "T": NameOID.TITLE,
        "CN": NameOID.COMMON_NAME,
        "UID": NameOID.USER_ID,
    }
    return x509.Name([x509.NameAttribute(oids[short], value) for short, value in parts])
