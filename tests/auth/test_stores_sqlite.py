"""What only stores in one SQLite file promise, and what only stores in memory refuse."""

from __future__ import annotations

import sqlite3
import stat

import pytest

from eidkit.auth.stores import Stores
from eidkit.errors import StoreError
from tests.servers import KEY


def test_the_file_is_readable_by_its_owner_only(tmp_path):
    Stores.sqlite(tmp_path / "a.db", key=KEY)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_of_something_else_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    (tmp_path / "text.db").write_text("not a database, and long enough to be looked at as one" * 30)
    for name in ("other.db", "text.db", "no/such/folder.db"):
        with pytest.raises(StoreError):
            Stores.sqlite(tmp_path / name, key=KEY)


def test_a_store_that_fails_is_a_store_error(tmp_path):
    stores = Stores.sqlite(tmp_path / "a.db", key=KEY)
    with sqlite3.connect(tmp_path / "a.db") as other:
        other.execute("DROP TABLE counters")
    other.close()
    with pytest.raises(StoreError), stores.unit() as unit:
        unit.advance("c", 1, 0)


def test_a_full_disk_undoes_the_unit(tmp_path):
    stores = Stores.sqlite(tmp_path / "a.db", key=KEY)
    with stores.unit() as unit:
        unit.put_challenge("a", b"r", 100, 1)
    stores.backend._opened().execute("PRAGMA max_page_count=1").fetchall()
    with pytest.raises(StoreError), stores.unit() as unit:  # noqa: PT012 - the unit is what is tested
        unit.take_challenge("a")
        unit.put_note("big", bytes(1_000_000), 1)
    with stores.unit() as unit:
        assert unit.challenge("a") == b"r"
