"""Three things somebody might try with a finished dossier, each on a copy of its own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.errors import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from eidkit.sandbox.office import Office, Taken

DEARER = "92.500.000"


@dataclass(frozen=True, slots=True)
class Copy:
    """A tampered copy of a dossier, and what was done to it."""

    folder: Path
    story: Text


def tampered(folder: Path, office: Office, steps: Sequence[Taken]) -> Iterator[Copy]:
    """Copies of ``folder``/dossier under ``folder``/tampered: a changed amount, a swapped step, another's login."""
    for name, tamper in (("amount", _changed_amount), ("step", _swapped_step), ("login", _anothers_login)):
        copy = folder / "tampered" / name
        shutil.copytree(folder / "dossier", copy)
        yield Copy(copy, tamper(copy, office, steps))


def _changed_amount(copy: Path, _: Office, steps: Sequence[Taken]) -> Text:
    """The printed amount, in the bytes of the PDF; in a PDF without it, one byte of what was shown."""
    from eidkit.sandbox.documents import AMOUNT, shown

    path = copy / "documents" / "permit.pdf"
    data = path.read_bytes()
    if shown(AMOUNT) in data:
        path.write_bytes(data.replace(shown(AMOUNT), shown(DEARER), 1))
        return Text(f"the amount {AMOUNT} became {DEARER}", f"số tiền {AMOUNT} bị sửa thành {DEARER}")
    first = next(entry for entry in steps[0].transaction.documents if entry.label == "permit")
    place = (first.length or len(data)) // 2
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    return Text("one byte of the PDF was changed", "một byte của tệp PDF bị sửa")


def _swapped_step(copy: Path, _: Office, __: Sequence[Taken]) -> Text:
    """Assessment and approval change places."""
    second, third = (copy / "authentications" / f"{number:02}.json" for number in (2, 3))
    kept = second.read_bytes()
    second.write_bytes(third.read_bytes())
    third.write_bytes(kept)
    return Text("the second and third step were swapped", "bước thứ hai và thứ ba bị tráo")


def _anothers_login(copy: Path, office: Office, steps: Sequence[Taken]) -> Text:
    """The clerk logs in for the chairman's very transaction, and the service attests it."""
    chairman, clerk = steps[2], steps[3].person
    office.log_in(clerk, chairman.transaction, "otp").write(copy / "authentications" / "03.json")
    return Text(
        f"the login of {chairman.person.name} was replaced by one of {clerk.name}",
        f"đăng nhập của {chairman.person.name} bị thay bằng đăng nhập của {clerk.name}",
    )
