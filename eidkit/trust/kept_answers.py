"""Revocation answers kept on disk between runs: one SQLite file, bounded, shared by threads and processes.

Nothing in it is believed: an answer that comes from here is judged like one from the network.  Only answers that
counted when they were fetched are put in, so that rubbish sent once does not stay; a failure is remembered for a
minute, so that a server that is down does not cost everybody its time-out.  The file tells who was asked about: only
its owner may read it.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from eidkit.errors import StoreError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

VERSION = 1
KEPT_AT_MOST = timedelta(days=7)
FAILURE_KEPT = timedelta(minutes=1)
BUDGET = 256 * 1024 * 1024
MAX_ROWS = 20_000
BUSY_SECONDS = 2.0
_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS answers
    (question BLOB PRIMARY KEY, body BLOB, kept INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS answers_end ON answers (until);
PRAGMA user_version = 1;
COMMIT;
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was kept; ``body`` None: asking failed a moment ago."""

    body: bytes | None


def question_of(url: str, body: bytes) -> bytes:
    """What an answer is kept under: the address and what was sent there."""
    return hashlib.sha256(hashlib.sha256(url.encode()).digest() + body).digest()


def find(path: Path, question: bytes, now: datetime) -> Kept | None:
    """What is kept and has not ended at ``now``; raises :class:`StoreError` for a file that cannot be used."""
    with _opened(path) as file:
        # what was kept after "now" is of a clock that has been set back: it says nothing about how old it is
        row = file.execute(
            "SELECT body FROM answers WHERE question = ? AND until > ? AND kept <= ?", (question, _at(now), _at(now))
        ).fetchone()
    return Kept(row[0]) if row is not None and isinstance(row[0], (bytes, type(None))) else None


def keep(path: Path, question: bytes, body: bytes | None, *, until: datetime, now: datetime) -> None:
    """Keep an answer (None: a failure) until it ends, at most :data:`KEPT_AT_MOST`; the oldest make room for it."""
    end = min(until, now + (FAILURE_KEPT if body is None else KEPT_AT_MOST))
    if end <= now or len(body or b"") > BUDGET:
        return
    with _opened(path) as file:
        file.execute("BEGIN IMMEDIATE")
        file.execute("DELETE FROM answers WHERE until <= ?", (_at(now),))
        row = (question, body, _at(now), _at(end))
        file.execute("INSERT OR REPLACE INTO answers (question, body, kept, until) VALUES (?, ?, ?, ?)", row)
        count, size = file.execute("SELECT count(*), coalesce(sum(length(body)), 0) FROM answers").fetchone()
        while count > MAX_ROWS or size > BUDGET:
            oldest = "SELECT question, coalesce(length(body), 0) FROM answers ORDER BY kept, until LIMIT 1"
            gone, freed = file.execute(oldest).fetchone()
            file.execute("DELETE FROM answers WHERE question = ?", (gone,))
            count, size = count - 1, size - freed
        file.execute("COMMIT")


def _at(moment: datetime) -> int:
    return int(moment.timestamp())


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one statement or transaction; made new each time, so that forks and threads never share one."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as file:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            if version == 0:
                file.execute("PRAGMA journal_mode = WAL")
                file.executescript(_SCHEMA)
            elif version != VERSION:
                raise _unusable(f"it is of version {version}")
            yield file
    except (OSError, sqlite3.Error) as error:
        raise _unusable(type(error).__name__) from error


def _unusable(why: str) -> StoreError:
    return StoreError(
        "answers-unusable",
        Text(f"the file of kept answers cannot be used ({why})", f"không dùng được tệp lưu câu trả lời ({why})"),
        Text("give another file, or remove this one: it holds nothing but copies", "dùng tệp khác hoặc xóa tệp này"),
        kind="configuration",
    )
