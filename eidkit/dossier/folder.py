"""A dossier as a folder (binding.md §0), written whole or not at all, read bounded and strict.

```
dossier.json            v, id, nonce, procedure digest, documents, approvals in order: an index, never proof
documents/LABEL.ext     the documents as they stand
documents/NN/LABEL.ext  a document after NN approvals, where that is not a prefix of how it stands now
authentications/NN.json the logins, in order
links/NN.json           identity links that say who some of them are; there when there are any
validation/             certificates (.crt), CRLs (.crl) and OCSP answers (.ocsp), DER, named by their SHA-256
```
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from eidkit import canonical
from eidkit.binding import shape
from eidkit.binding.authentication import MAX_FILE as MAX_AUTHENTICATION
from eidkit.binding.authentication import Authentication
from eidkit.binding.identity_link import IdentityLink
from eidkit.binding.transaction import version
from eidkit.document import Document
from eidkit.dossier.dossier import Dossier, EarlierState, Held, Index, Validation
from eidkit.dossier.labels import file_name
from eidkit.dossier.linking import MAX_LINKS
from eidkit.errors import DocumentError, EidkitError, Text
from eidkit.files import read_bounded, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.binding.procedure import Procedure

INDEX = "dossier.json"
MAX_INDEX = 1024 * 1024
MAX_DOCUMENTS = 256
MAX_APPROVALS = 999
MAX_STATES = 10_000
MAX_VALIDATION_FILES = 4_000
MAX_VALIDATION_FILE = 32 * 1024 * 1024
MAX_VALIDATION_BYTES = 256 * 1024 * 1024
_NUMBERED = re.compile(r"[0-9]{2}|[1-9][0-9]{2}")
"""One spelling per number: of two files with one number nobody could say which comes first."""
_LABELLED = re.compile(r"([a-z0-9][a-z0-9_-]{0,63})\.(?:pdf|xml|bin)")
_KEPT = {"certificates": "crt", "crls": "crl", "ocsps": "ocsp"}
_ROOT = {INDEX, "documents", "authentications", "links", "validation"}
_MEMBERS = ("v", "id", "nonce", "procedure", "documents", "approvals")


def write(dossier: Dossier, folder: str | os.PathLike[str]) -> None:
    """Write ``dossier`` to ``folder``: built beside it, then put in its place in one step."""
    target = Path(folder).absolute()
    _check_replaceable(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        _build(dossier, building)
        building.chmod(0o700)
        _put_in_place(building, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _check_replaceable(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if target.is_dir() and not target.is_symlink() and ((target / INDEX).is_file() or not any(target.iterdir())):
        return
    raise DocumentError(
        "dossier-folder-taken",
        Text(f"{target.name} is there already and is not a dossier", f"{target.name} đã tồn tại và không phải hồ sơ"),
        Text("choose a folder that does not exist yet", "chọn thư mục chưa tồn tại"),
        kind="caller",
    )


def _put_in_place(building: Path, target: Path) -> None:
    if not target.exists():
        building.rename(target)
        return
    aside = target.with_name(f".{target.name}.{secrets.token_hex(6)}.old")
    target.rename(aside)
    try:
        building.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _build(dossier: Dossier, folder: Path) -> None:
    """Every file of the folder; dossier.json last, so that a folder without it is no dossier."""
    for name in ("documents", "authentications", "validation"):
        (folder / name).mkdir(mode=0o700)
    for held in dossier.held:
        held.document.write(folder / "documents" / file_name(held.label, held.document))
    for state in dossier.earlier:
        place = folder / "documents" / f"{state.number:02d}"
        place.mkdir(mode=0o700, exist_ok=True)
        state.document.write(place / file_name(state.label, state.document))
    for number, login in enumerate(dossier.authentications, 1):
        login.write(folder / "authentications" / f"{number:02d}.json")
    if dossier.links:
        (folder / "links").mkdir(mode=0o700)
    for number, link in enumerate(dossier.links, 1):
        link.write(folder / "links" / f"{number:02d}.json")
    for kind, extension in _KEPT.items():
        for item in getattr(dossier.validation, kind):
            write_atomically(folder / "validation" / f"{sha256(item).hexdigest()}.{extension}", [item])
    write_atomically(folder / INDEX, [canonical.dumps(_index(dossier))])


def _index(dossier: Dossier) -> dict[str, Any]:
    # A dossier read from a folder keeps what that folder said: writing it again must not heal a difference.
    known = dossier.index or Index(dossier.procedure.digest, tuple(approval.digest for approval in dossier.approvals))
    return {
        "v": 1,
        "id": dossier.id,
        "nonce": dossier.nonce,
        "procedure": known.procedure,
        "documents": [{"label": held.label, "file": file_name(held.label, held.document)} for held in dossier.held],
        "approvals": list(known.approvals),
    }


def read(folder: str | os.PathLike[str], procedure: Procedure) -> Dossier:
    """The Dossier in ``folder``; raises for what is not a dossier folder, without believing any of it."""
    root = Path(folder)
    entries = _dossier_entries(root)
    index = canonical.members(canonical.loads(read_bounded(root / INDEX, MAX_INDEX)), _MEMBERS, INDEX)
    version(index["v"], "dossiers")
    held, earlier = _documents(root / "documents", index)
    dossier = Dossier(
        shape.text(index["id"], "dossier id", limit=256),
        shape.digest(index["nonce"], "dossier nonce"),
        procedure,
        held,
        tuple(_logins(root / "authentications").values()) if "authentications" in entries else (),
        None,
        earlier,
        _validation(root / "validation") if "validation" in entries else Validation(),
        Index(
            shape.digest(index["procedure"], "procedure digest"),
            shape.items(
                index["approvals"], lambda item: shape.digest(item, "approval"), "approvals", limit=MAX_APPROVALS
            ),
        ),
        tuple(_links(root / "links").values()) if "links" in entries else (),
    )
    return replace(dossier, held=_in_order(dossier))


def _in_order(dossier: Dossier) -> tuple[Held, ...]:
    order = {rule.label: place for place, rule in enumerate(dossier.procedure.documents)}
    return tuple(sorted(dossier.held, key=lambda item: (order.get(item.label, len(order)), item.label)))


def _documents(folder: Path, index: dict[str, Any]) -> tuple[tuple[Held, ...], tuple[EarlierState, ...]]:
    """The documents that the index names and no other file, and the earlier states in numbered folders."""
    entries = _entries(folder, MAX_DOCUMENTS + MAX_APPROVALS)
    rows = [
        canonical.members(row, ("label", "file"), "document")
        for row in canonical.typed(index["documents"], list, "documents")
    ]
    named = {shape.text(row["file"], "file", limit=80): shape.name(row["label"], "label") for row in rows}
    states = {name for name in entries if _NUMBERED.fullmatch(name)}
    if len(named) != len(rows) or set(entries) - states != set(named):
        _refuse(
            "dossier-documents",
            "documents/ and dossier.json do not name the same files",
            "documents/ không khớp với dossier.json",
        )
    held = []
    for name, label in named.items():
        match = _LABELLED.fullmatch(name)
        if match is None or match.group(1) != label:
            _refuse(
                "dossier-documents",
                f"{name[:80]} is not the file of {label}",
                f"{name[:80]} không phải tệp của {label}",
            )
        held.append(Held(label, Document.read(entries[name])))
    shape.unique([item.label for item in held], "document labels")
    return tuple(held), tuple(_states(folder, sorted(states)))


def _states(folder: Path, numbers: list[str]) -> Iterator[EarlierState]:
    count = 0
    for number in numbers:
        for name, path in sorted(_entries(folder / number, MAX_DOCUMENTS).items()):
            match = _LABELLED.fullmatch(name)
            count += 1
            if match is None or count > MAX_STATES:
                _refuse(
                    "dossier-documents",
                    f"documents/{number}/{name[:80]} does not belong here",
                    f"documents/{number}/{name[:80]} không hợp lệ",
                )
            yield EarlierState(int(number), match.group(1), Document.read(path))


def read_logins(root: Path) -> dict[Path, Authentication]:
    """The logins in the dossier folder ``root``, each by its file, in order."""
    return _logins(root / "authentications") if "authentications" in _dossier_entries(root) else {}


def read_links(root: Path) -> dict[Path, IdentityLink]:
    """The identity links in the dossier folder ``root``, each by its file."""
    return _links(root / "links") if "links" in _dossier_entries(root) else {}


def _dossier_entries(root: Path) -> dict[str, Path]:
    """What stands in a dossier folder; anything else than that is refused."""
    entries = _entries(root, len(_ROOT))
    if not {INDEX, "documents"} <= set(entries) <= _ROOT:
        _refuse("dossier-folder", f"{root.name} holds {sorted(entries)[:8]}", f"{root.name} không phải thư mục hồ sơ")
    return entries


def _logins(folder: Path) -> dict[Path, Authentication]:
    files = _numbered(folder, MAX_APPROVALS)
    return {path: Authentication.from_json(canonical.loads(read_bounded(path, MAX_AUTHENTICATION))) for path in files}


def _links(folder: Path) -> dict[Path, IdentityLink]:
    return {path: IdentityLink.read(path) for path in _numbered(folder, MAX_LINKS)}


def _numbered(folder: Path, limit: int) -> list[Path]:
    """The files NN.json of a folder, in order; any other is refused."""
    entries = _entries(folder, limit)
    for name in entries:
        if not name.endswith(".json") or not _NUMBERED.fullmatch(name.removesuffix(".json")):
            _refuse(
                f"dossier-{folder.name}",
                f"{folder.name}/{name[:80]} does not belong here",
                f"{folder.name}/{name[:80]} không hợp lệ",
            )
    return [path for _, path in sorted(entries.items(), key=lambda entry: int(entry[0].removesuffix(".json")))]


def _validation(folder: Path) -> Validation:
    """Candidates only: whoever filled this folder, each item is judged like any other."""
    kinds = {extension: kind for kind, extension in _KEPT.items()}
    kept: dict[str, list[bytes]] = {kind: [] for kind in _KEPT}
    total = 0
    for name, path in sorted(_entries(folder, MAX_VALIDATION_FILES).items()):
        kind = kinds.get(name.rpartition(".")[2])
        if kind is None:
            _refuse(
                "dossier-validation",
                f"validation/{name[:80]} does not belong here",
                f"validation/{name[:80]} không hợp lệ",
            )
        data = read_bounded(path, MAX_VALIDATION_FILE)
        total += len(data)
        if total > MAX_VALIDATION_BYTES:
            _refuse(
                "dossier-validation", f"validation/ is larger than {MAX_VALIDATION_BYTES} bytes", "validation/ quá lớn"
            )
        kept[kind].append(data)
    return Validation(**{kind: tuple(items) for kind, items in kept.items()})


def _entries(folder: Path, limit: int) -> dict[str, Path]:
    """The names in ``folder``; more than ``limit``, links and special files are refused."""
    found: dict[str, Path] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                plain = entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)
                if len(found) >= limit or not plain:
                    _refuse(
                        "dossier-folder",
                        f"{folder.name} holds too many files, or a link",
                        f"{folder.name} có quá nhiều tệp hoặc có liên kết",
                    )
                found[entry.name] = Path(entry.path)
    except OSError as error:
        raise DocumentError(
            "dossier-unreadable",
            Text(f"{folder.name} cannot be read ({error.strerror})", f"không đọc được {folder.name}"),
            Text("give the folder that Dossier.write wrote", "cung cấp thư mục do Dossier.write ghi"),
        ) from error
    return found


def _refuse(code: str, en: str, vi: str) -> NoReturn:
    raise DocumentError(
        code,
        Text(en, vi),
        Text(
            "give the folder as Dossier.write wrote it; nothing may be added, renamed or removed",
            "cung cấp đúng thư mục do Dossier.write ghi",
        ),
    )


def _unwritable(target: Path, error: OSError) -> EidkitError:
    return DocumentError(
        "dossier-unwritable",
        Text(f"{target.name} was not written: {error.strerror}", f"không ghi được {target.name}"),
        Text(
            "nothing was changed; check the folder, its permissions and the free space",
            "chưa có gì thay đổi; kiểm tra thư mục và dung lượng",
        ),
        kind="outside",
        retryable=True,
    )
