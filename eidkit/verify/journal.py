"""The journal of an audit: what each file came to, written line by line, so that an interrupted run can go on.

1. The first line names the run: policy, anchors, moment, and what completes the evidence.  A journal of another run is
   refused, never mixed.
2. Each further line is a whole JSON object.  A line goes to the operating system at once, so that a killed process
   loses nothing it wrote; to the disk in batches, so that a power failure loses a batch.
3. Whatever follows the last whole line is cut off when the journal is opened again, and done again.
4. One run at a time writes it.  A file that is no journal is not touched.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, cast

from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.verify.auditing import AuditJson

VERSION = 1
MAX_LINE = 4 * 1024 * 1024
SYNC_LINES = 64
SYNC_SECONDS = 2.0
_MARK = f'{{"eidkit_audit": {VERSION}, '.encode()


@dataclass(frozen=True, slots=True)
class Run:
    """What one run judges by: all of it in equal words means the same judgement of the same content."""

    release: str
    policy: str
    trust: str
    material: str
    at: str


class Journal:
    """A journal that is being written; closed by ``with``.  Not for several threads or processes."""

    def __init__(self, file: IO[bytes], run: Run, places: dict[str, tuple[int, int]]) -> None:
        self.run = run
        self._file = file
        self._places = places
        self._unsynced = 0
        self._synced = time.monotonic()

    @classmethod
    def open(cls, path: str | os.PathLike[str], run: Run, *, any_moment: bool = False) -> Journal:
        """The journal at ``path``, begun now or continued.

        ``any_moment``: one that was begun as of another moment is continued as of that (see ``run`` of the result).
        Raises :class:`EidkitError` for a file that is no journal, or that of another run, or one in use.
        """
        place = Path(path)
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        file = os.fdopen(descriptor, "r+b")
        try:
            _lock(file, place)
            return cls._read(file, place, run, any_moment=any_moment)
        except BaseException:
            file.close()
            raise

    @classmethod
    def _read(cls, file: IO[bytes], place: Path, run: Run, *, any_moment: bool) -> Journal:
        first = file.readline(MAX_LINE)
        if not first.endswith(b"\n"):
            if not (_MARK.startswith(first) or first.startswith(_MARK)):
                raise _not_a_journal(place)
            file.seek(0)
            file.truncate()
            file.write(_MARK[:-2] + b", " + json.dumps(asdict(run)).encode()[1:] + b"\n")
            file.flush()
            os.fsync(file.fileno())
            return cls(file, run, {})
        begun = _header(first, place)
        expected = replace(run, at=begun.at) if any_moment else run
        _check_same(begun, expected, place)
        places = {}
        end = len(first)
        for name, start, stop in _lines(file, end):
            places[name] = (start, stop)
            end = stop
        file.seek(end)
        file.truncate()
        return cls(file, begun, places)

    def __len__(self) -> int:
        return len(self._places)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def line(self, path: str) -> AuditJson | None:
        """What earlier runs wrote of the file at ``path``, last."""
        place = self._places.get(path)
        if place is None:
            return None
        self._file.seek(place[0])
        found = json.loads(self._file.read(place[1] - place[0]))
        self._file.seek(0, os.SEEK_END)
        return cast("AuditJson", found)

    def add(self, line: AuditJson) -> None:
        """Write ``line``; of two about one path the later counts when the journal is opened again."""
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        self._unsynced += 1
        if self._unsynced >= SYNC_LINES or time.monotonic() - self._synced > SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Bring everything to the disk."""
        os.fsync(self._file.fileno())
        self._unsynced, self._synced = 0, time.monotonic()

    def close(self) -> None:
        """Sync and let go."""
        if not self._file.closed:
            self.sync()
            self._file.close()


def _lines(file: IO[bytes], position: int) -> Iterator[tuple[str, int, int]]:
    """``(path, start, end)`` of each whole line, up to the first that is none."""
    while True:
        data = file.readline(MAX_LINE)
        if not data.endswith(b"\n"):
            return
        try:
            line: Any = json.loads(data)
            name = line["path"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if not isinstance(name, str):
            return
        yield name, position, position + len(data)
        position += len(data)


def _header(first: bytes, place: Path) -> Run:
    try:
        header = json.loads(first)
        if header.pop("eidkit_audit") != VERSION:
            raise _not_a_journal(place)
        return Run(**header)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _not_a_journal(place) from error


_WHAT = {
    "release": Text("another release of eidkit", "phiên bản eidkit khác"),
    "policy": Text("another policy", "chính sách khác"),
    "trust": Text("other anchors", "điểm tin cậy khác"),
    "material": Text("other certificates, revocation answers or network use", "nguồn dữ liệu thu hồi khác"),
    "at": Text("another moment", "thời điểm khác"),
}


def _check_same(begun: Run, run: Run, place: Path) -> None:
    for name, what in _WHAT.items():
        if getattr(begun, name) != getattr(run, name):
            problem = Text("{place} was begun with {what}", "{place} được bắt đầu với {what}")
            raise EidkitError(
                "journal-of-another-run",
                problem.filled(place=place.name, what=what),
                Text(
                    "continue with the same options, or begin another file with --resume",
                    "dùng lại các tùy chọn cũ hoặc chọn tệp --resume khác",
                ),
                kind="person",
            )


def _not_a_journal(place: Path) -> EidkitError:
    return EidkitError(
        "journal-unreadable",
        Text(
            f"{place.name} is not the journal of an audit; it was not touched",
            f"{place.name} không phải nhật ký rà soát",
        ),
        Text("give another file to --resume", "chọn tệp khác cho --resume"),
        kind="person",
    )


def _lock(file: IO[bytes], place: Path) -> None:
    """One writer at a time, where the system can tell."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.lockf(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)  # this process alone: workers inherit no such lock
    except OSError as error:
        raise EidkitError(
            "journal-in-use",
            Text(f"another audit is writing {place.name}", f"một lần rà soát khác đang ghi {place.name}"),
            Text("wait for it, or give another file to --resume", "chờ hoặc chọn tệp khác cho --resume"),
            kind="person",
            retryable=True,
        ) from error
