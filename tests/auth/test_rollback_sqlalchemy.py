"""What a login counted and used up survives the rollback of the caller's own SQLAlchemy session."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from eidkit.auth import hotp
from eidkit.auth.stores import Stores
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from tests.servers import KEY

pytestmark = pytest.mark.xdist_group("stores")
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")


@pytest.fixture
def site(postgresql_server):
    """A database with a table of the caller's, and its address."""
    postgresql_server.run("DROP DATABASE IF EXISTS shop WITH (FORCE)", "CREATE DATABASE shop")
    url = postgresql_server.url.replace("/postgres?", "/shop?")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE visits (n integer)"))
    yield engine, url
    engine.dispose()


def test_a_session_that_rolls_back_undoes_nothing_in_the_same_database(site, clock):
    engine, url = site
    stores = Stores.postgresql(url, key=KEY)
    hotp.enrol(LAN, issuer="x", stores=stores, secret=b"12345678901234567890")
    asked = [hotp.begin(LAN, audience="a", stores=stores, clock=clock).id for _ in range(2)]
    with Session(engine) as session:
        session.execute(text("INSERT INTO visits VALUES (1)"))
        hotp.log_in("755224", asked[0], stores=stores, clock=clock)
        session.rollback()
    with Session(engine) as session:
        session.execute(text("INSERT INTO visits VALUES (2)"))
        with pytest.raises(AuthenticationError):
            hotp.log_in("755224", asked[1], stores=stores, clock=clock)
        session.rollback()
        assert session.execute(text("SELECT count(*) FROM visits")).scalar() == 0
    with stores.unit() as unit:
        assert unit.attempts(f"hotp:{stores.subject_key(LAN)}").failed == 1
        assert unit.challenge(asked[0]) is None
        assert unit.challenge(asked[1]) is not None
    stores.backend.close()


def test_a_session_that_holds_its_own_locks_stops_no_login(site, clock):
    engine, url = site
    stores = Stores.postgresql(url, key=KEY)
    hotp.enrol(LAN, issuer="x", stores=stores, secret=b"12345678901234567890")
    asked = hotp.begin(LAN, audience="a", stores=stores, clock=clock)
    with Session(engine) as session:
        session.execute(text("SELECT pg_advisory_xact_lock(1)"))
        session.execute(text("INSERT INTO visits VALUES (1)"))
        assert hotp.log_in("755224", asked.id, stores=stores, clock=clock).identity == LAN
    stores.backend.close()
