"""Erasure: who acted, and the proof of it, deleted from a dossier for good (binding.md §3).

What was signed holds commitments with 32 random bytes of salt each; the identity, the salt and the proof stand in the
``disclosure``, and without it nobody can find out again who it was.  Chain and attestations still verify; every rule
that needs the identity reports ``ERASED``: INDETERMINATE, never passed.  Where the signer's certificate itself shows a
name or number, erasure hides nothing of that.

In a folder:
1. everything that will be written is read and worked out first; a folder that is not a dossier's is left alone;
2. identity links first, because only the logins tell whose they are; then the logins;
3. each file is replaced in one step by one made outside the folder, so that a crash leaves a dossier at every moment,
   with some erased and some not; erasing again finishes it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from eidkit.dossier import folder as folders
from eidkit.errors import DocumentError, EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from eidkit.binding.authentication import Authentication
    from eidkit.binding.identity_link import IdentityLink
    from eidkit.dossier.dossier import Dossier
    from eidkit.identity import Identity


class Erased(NamedTuple):
    """How many logins and identity links were erased now, and how many of the chosen logins had been before."""

    logins: int
    links: int
    before: int


def erase(folder: str | os.PathLike[str], *, steps: Iterable[str] = (), person: Identity | None = None) -> Erased:
    """Erase from the dossier in ``folder`` the logins of ``steps`` and of ``person``, and the links that name them.

    There is no way back.  Raises for a step that nobody took, for a person who did not act, and when a file cannot be
    written; then erase again: what is done already stays done.  Backups and copies are yours to see to.
    """
    root = Path(folder)
    # 1.
    logins, links = folders.read_logins(root), folders.read_links(root)
    chosen = _chosen(tuple(logins.values()), frozenset(steps), person)
    whose = _whose(chosen, person)
    named = {path: link for path, link in links.items() if _names(link, whose)}
    shown = {path: login for path, login in logins.items() if login in chosen and login.disclosure is not None}
    # 2. and 3.
    with _Outside(root) as outside:
        for path, link in named.items():
            outside.put(path, link.erased())
        for path, login in shown.items():
            outside.put(path, login.erased())
    return Erased(len(shown), len(named), len(chosen) - len(shown))


def erased(dossier: Dossier, steps: Iterable[str], person: Identity | None) -> Dossier:
    """``dossier`` without the disclosures that :func:`erase` would delete; it is not written anywhere."""
    chosen = _chosen(dossier.authentications, frozenset(steps), person)
    whose = _whose(chosen, person)
    known = dossier.known_approvals
    return replace(
        dossier,
        authentications=tuple(one.erased() if one in chosen else one for one in dossier.authentications),
        known_approvals=known and tuple(
            replace(one, authentication=one.authentication.erased()) if one.authentication in chosen else one
            for one in known
        ),
        links=tuple(link.erased() if _names(link, whose) else link for link in dossier.links),
    )  # fmt: skip


def _chosen(
    logins: Sequence[Authentication], steps: frozenset[str], person: Identity | None
) -> tuple[Authentication, ...]:
    taken = {login.transaction.step for login in logins}
    if not steps and person is None:
        raise _refused("erase-nothing", "neither a step nor a person was named", "chưa nêu bước hoặc người cần xóa")
    for step in sorted(steps - taken):
        raise _refused("erase-step", f"nobody took the step {step[:64]}", f"không có ai thực hiện bước {step[:64]}")
    chosen = tuple(
        one for one in logins if one.transaction.step in steps or (person is not None and one.identity == person)
    )
    if not chosen:
        raise _refused("erase-person", "that person did not act here", "người này không thực hiện bước nào")
    return chosen


def _whose(chosen: Iterable[Authentication], person: Identity | None) -> frozenset[Identity]:
    named = {login.identity for login in chosen} | {person}
    return frozenset(one for one in named if one is not None)


def _names(link: IdentityLink, whose: Collection[Identity]) -> bool:
    return link.disclosure is not None and any(one.identity in whose for one in link.disclosure)


def _refused(code: str, en: str, vi: str) -> EidkitError:
    remedy = Text(
        "name a step that was taken, or a person who acted", "nêu một bước đã thực hiện hoặc người đã thực hiện"
    )
    return EidkitError(code, Text(en, vi), remedy, kind="person")


class _Outside:
    """3. A place beside the folder where files are made before they take the place of those in it."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._place: Path | None = None

    def __enter__(self) -> Self:
        try:
            self._place = Path(tempfile.mkdtemp(prefix=f".{self._root.name}.", dir=self._root.parent))
        except OSError as error:
            raise _unwritable(self._root, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)

    def put(self, path: Path, value: Authentication | IdentityLink) -> None:
        made = (self._place or self._root.parent) / path.name
        try:
            value.write(made)
            made.replace(path)
            _settle(path.parent)
        except OSError as error:
            raise _unwritable(path, error) from error


def _settle(folder: Path) -> None:
    """Have the new name on the disk before the next: an erased file must not come back after a power cut."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> DocumentError:
    return DocumentError(
        "dossier-unwritable",
        Text(f"{path.name} was not written: {error.strerror}", f"không ghi được {path.name}"),
        Text(
            "what was erased stays erased; check permissions and free space, then erase again",
            "phần đã xóa vẫn đã xóa; kiểm tra quyền và dung lượng rồi xóa lại",
        ),
        kind="outside",
        retryable=True,
    )
