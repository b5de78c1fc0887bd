"""The tables of the stores in PostgreSQL, and how they come to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text, inspect, select
from sqlalchemy.dialects.postgresql import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERSION = 1
# Bytes decide the order of names, whatever the database's language: a prefix is then a range of the index.
NAME = Text(collation="C")
TABLES = MetaData()


def _table(name: str, key: str, *columns: Column[Any]) -> Table:
    return Table(f"eidkit_{name}", TABLES, Column(key, NAME, primary_key=True), *columns)


challenges = _table(
    "challenges", "id", Column("record", LargeBinary, nullable=False), Column("expires", BigInteger, index=True)
)
seen = _table("seen", "key", Column("expires", BigInteger, nullable=False, index=True))
counters = _table(
    "counters", "id", Column("value", BigInteger, nullable=False), Column("drift", Integer, nullable=False)
)
attempts = _table(
    "attempts", "key", Column("count", Integer, nullable=False), Column("last", BigInteger, nullable=False, index=True)
)
secrets = _table("secrets", "id", Column("sealed", LargeBinary, nullable=False))
notes = _table("notes", "key", Column("value", LargeBinary, nullable=False), Column("put", BigInteger, nullable=False))
stores = _table("stores", "what", Column("version", Integer, nullable=False))


def version(connection: Connection) -> int:
    """The version of the tables that are there; made now, in this transaction, where there are none.

    The caller holds a lock, so that of two processes that start together one makes them and the other finds them.
    A role that may not make tables can use those that another made.
    """
    if not inspect(connection).has_table(stores.name):
        TABLES.create_all(connection, checkfirst=False)
        connection.execute(insert(stores).values(what="stores", version=VERSION))
    found: int | None = connection.execute(select(stores.c.version)).scalar()
    return found or 0
