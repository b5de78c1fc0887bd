"""The files below some folders, in an order that is the same each time, as values; nothing of their content is read.

1. Symbolic links are not followed, so that nothing outside the folders is reached and no circle is walked; what a
   caller names is taken as it is.
2. A folder's entries come by name (by octets); folders are walked where their name stands.
3. A file or folder that is named twice, or lies below another that is named, comes once, under its own name.
4. Depth and the number of entries of one folder are bounded; what cannot be listed is told, not passed over.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eidkit.errors import DocumentError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_DEPTH = 64
MAX_ENTRIES = 1_000_000

_Id = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """One regular file: its path as reached, its size in bytes, its time of change in nanoseconds.

    ``named``: it was named itself.  ``problem``: why this folder could not be listed; then it is no file.  Threads may
    share it.
    """

    path: str
    size: int = 0
    modified_ns: int = 0
    named: bool = False
    problem: DocumentError | None = None


def walk(roots: Sequence[str | os.PathLike[str]]) -> Iterator[Found]:
    """The files named, or below folders named; raises :class:`DocumentError` at once for a name that is not there."""
    named: dict[_Id, tuple[str, os.stat_result]] = {}
    for root in roots:
        path = os.fspath(root)
        try:
            status = os.stat(path)  # noqa: PTH116 - the name stays as it was given
        except OSError as error:
            raise _unlistable(path, error.strerror or type(error).__name__) from error
        named.setdefault((status.st_dev, status.st_ino), (path, status))
    return _named(named)


def _named(named: dict[_Id, tuple[str, os.stat_result]]) -> Iterator[Found]:
    for path, status in named.values():
        if stat.S_ISDIR(status.st_mode):
            yield from _below(path, named, 0)
        elif stat.S_ISREG(status.st_mode):
            yield Found(path, status.st_size, status.st_mtime_ns, named=True)
        else:
            yield Found(path, problem=_unlistable(path, "it is neither a file nor a folder"))


def _below(folder: str, named: dict[_Id, tuple[str, os.stat_result]], depth: int) -> Iterator[Found]:
    try:
        entries = _entries(folder, depth)
    except OSError as error:
        yield Found(folder, problem=_unlistable(folder, error.strerror or type(error).__name__))
        return
    for name in entries:
        path = os.path.join(folder, name)  # noqa: PTH118 - a Path would rewrite names that are not its own
        try:
            status = os.lstat(path)
        except OSError as error:
            yield Found(path, problem=_unlistable(path, error.strerror or type(error).__name__))
            continue
        if (status.st_dev, status.st_ino) in named:
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _below(path, named, depth + 1)
        elif stat.S_ISREG(status.st_mode):
            yield Found(path, status.st_size, status.st_mtime_ns)


def _entries(folder: str, depth: int) -> list[str]:
    if depth > MAX_DEPTH:
        raise OSError(0, f"folders inside folders, more than {MAX_DEPTH}")
    with os.scandir(folder) as listed:
        names = []
        for entry in listed:
            names.append(entry.name)
            if len(names) > MAX_ENTRIES:
                raise OSError(0, f"more than {MAX_ENTRIES} entries")
    return sorted(names, key=os.fsencode)


def _unlistable(path: str, why: str) -> DocumentError:
    shown = Path(path).name or path
    return DocumentError(
        "folder-unreadable",
        Text(f"{shown} cannot be looked into: {why}", f"không xem được {shown}"),
        Text("check the path and its permissions", "kiểm tra đường dẫn và quyền truy cập"),
    )
