"""The anchors we chose: nothing is trusted that is not in here, and there is no default.

A trust folder has one sub-folder per kind (``signing/ timestamping/ login/ attestation/``), or is flat and of
one kind.  A ``trust.toml`` beside the certificates may say where each came from and until when it counts::

    ["root.pem"]
    provenance = "https://example.gov/pki, fetched 2026-01-05, fingerprint compared by telephone"
    sunset = 2030-01-01
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from eidkit.asn1.certificate import Certificate, load
from eidkit.asn1.certificate import of as certificate_of
from eidkit.errors import EidkitError, Text, TrustError
from eidkit.files import contents, toml

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from cryptography import x509

AnchorKind = Literal["signing", "timestamping", "login", "attestation"]
KINDS: tuple[str, ...] = get_args(AnchorKind)
MAX_FILES = 2_000
MAX_FILE = 4 * 1024 * 1024
_SUFFIXES = {".pem", ".crt", ".cer", ".der"}
_DESCRIPTION = "trust.toml"


@dataclass(frozen=True, slots=True)
class Anchor:
    """One certificate that we trust for one kind of use, where it came from, and until when it counts.

    It need not be self-signed.  ``constrained``: what the certificate itself says binds the paths below it (RFC 5937:
    period, path length, usages, names, policies); without it only its name and key count.
    """

    certificate: Certificate
    kind: AnchorKind
    provenance: str | None = None
    sunset: datetime | None = None
    constrained: bool = True


@dataclass(frozen=True, slots=True)
class TrustStore:
    """The anchors of one verifier.  A value: ``+`` joins two; threads may share it.  False when empty."""

    anchors: tuple[Anchor, ...] = ()

    @classmethod
    def read(cls, path: str | os.PathLike[str], kind: AnchorKind | None = None) -> TrustStore:
        """The anchors in a folder (by sub-folder, or flat with ``kind``) or in one PEM or DER file with ``kind``.

        Raises :class:`TrustError` for what is not there, cannot be read, has no kind, or holds no certificate.
        """
        place = Path(path)
        _checked_kind(kind)
        if place.is_dir():
            return _read_folder(place, kind)
        if kind is None:
            raise _kind_missing(place)
        return cls(tuple(_read_file(place, kind, _description(place.parent).get(place.name, {}))))

    @classmethod
    def of(cls, certificates: Iterable[x509.Certificate | bytes], kind: AnchorKind) -> TrustStore:
        """Anchors of certificates already in hand: ``cryptography.x509`` objects, DER or PEM bytes."""
        _checked_kind(kind)
        found: list[Certificate] = []
        for certificate in certificates:
            if isinstance(certificate, (bytes, bytearray)):
                found.extend(load(bytes(certificate)))
            else:
                found.append(certificate_of(certificate))
        return cls(tuple(dict.fromkeys(Anchor(certificate, kind) for certificate in found)))

    def of_kind(self, kind: AnchorKind) -> tuple[Anchor, ...]:
        """The anchors for one kind of use."""
        return tuple(anchor for anchor in self.anchors if anchor.kind == kind)

    def __add__(self, other: TrustStore) -> TrustStore:
        return TrustStore(tuple(dict.fromkeys((*self.anchors, *other.anchors))))

    def __bool__(self) -> bool:
        return bool(self.anchors)


def _checked_kind(kind: str | None) -> None:
    if kind is not None and kind not in KINDS:
        raise TrustError(
            "trust-kind",
            Text(f"{kind[:40]!r} is not a kind of trust", f"{kind[:40]!r} không phải loại tin cậy"),
            Text(f"use one of {', '.join(KINDS)}", f"dùng một trong {', '.join(KINDS)}"),
        )


def _read_folder(folder: Path, kind: AnchorKind | None) -> TrustStore:
    places = [(folder, kind)] if kind is not None else []
    places += [(folder / name, cast("AnchorKind", name)) for name in KINDS if (folder / name).is_dir()]
    if not places:
        raise _kind_missing(folder)
    if kind is not None:
        # flat, or a whole trust folder of which the caller wants one kind
        places = [(place, named) for place, named in places if named == kind]
    anchors: dict[Anchor, None] = {}
    for place, named in places:
        description = _description(place)
        for file in _certificate_files(place):
            anchors.update(dict.fromkeys(_read_file(file, named, description.get(file.name, {}))))
    if not anchors:
        raise TrustError(
            "trust-empty",
            Text(f"there is no certificate in {folder}", f"không có chứng thư nào trong {folder}"),
            Text("put the root certificates (.pem, .crt, .cer, .der) there", "đặt chứng thư gốc vào thư mục này"),
        )
    return TrustStore(tuple(anchors))


def _certificate_files(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES and file.is_file())
    if len(files) > MAX_FILES:
        raise _unreadable(folder, f"more than {MAX_FILES} files")
    return files


def _read_file(file: Path, kind: AnchorKind, described: dict[str, object]) -> list[Anchor]:
    try:
        certificates = load(contents(file, MAX_FILE))
    except OSError as error:
        raise _unreadable(file, error.strerror or type(error).__name__) from error
    except EidkitError as error:
        raise _unreadable(file, error.problem.en) from error
    provenance, sunset = described.get("provenance"), described.get("sunset")
    if not isinstance(provenance, (str, type(None))) or not isinstance(sunset, (date, type(None))):
        raise _unreadable(file.parent / _DESCRIPTION, "provenance is a text and sunset a date")
    return [Anchor(certificate, kind, provenance, _moment(sunset)) for certificate in certificates]


def _moment(sunset: date | None) -> datetime | None:
    if sunset is None:
        return None
    if not isinstance(sunset, datetime):
        return datetime(sunset.year, sunset.month, sunset.day, tzinfo=UTC)
    return sunset if sunset.tzinfo else sunset.replace(tzinfo=UTC)


def _description(folder: Path) -> dict[str, dict[str, object]]:
    """``trust.toml``: a table per file name; unknown members are refused, so that no misspelt sunset is lost."""
    file = folder / _DESCRIPTION
    if not file.is_file():
        return {}
    try:
        tables = toml(contents(file, MAX_FILE))
    except (OSError, ValueError) as error:
        raise _unreadable(file, str(error)) from error
    for name, table in tables.items():
        if not isinstance(table, dict) or not set(table) <= {"provenance", "sunset"}:
            raise _unreadable(file, f"{name!r} may say only provenance and sunset")
        if not (folder / name).is_file():
            raise _unreadable(file, f"there is no file {name!r} beside it")
    return tables


def _kind_missing(place: Path) -> TrustError:
    return TrustError(
        "trust-kind-missing",
        Text(f"nothing says what {place} is trusted for", f"chưa biết {place} được tin cậy cho việc gì"),
        Text(
            f"give kind= ({', '.join(KINDS)}), or a folder with sub-folders of these names that exists",
            f"ghi kind= ({', '.join(KINDS)}) hoặc dùng thư mục con cùng tên",
        ),
    )


def _unreadable(place: Path, why: str) -> TrustError:
    return TrustError(
        "trust-unreadable",
        Text(f"{place} cannot be used: {why}", f"không dùng được {place}: {why}"),
        Text("give a readable PEM or DER certificate file", "cung cấp tệp chứng thư PEM hoặc DER đọc được"),
    )
