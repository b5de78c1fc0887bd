"""What a login counted, used up and took survives the rollback of the web request around it.

Django with ``ATOMIC_REQUESTS``: each request is one transaction, and a view that raises undoes all that it wrote.
The stores lie in the same PostgreSQL database as Django's own tables, and in a SQLite file.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.servers import KEY

pytestmark = pytest.mark.xdist_group("stores")

# In a process of its own: Django is configured once in a process, and keeps its connections.
PROGRAM = """
import json, sys
from datetime import UTC, datetime

import django
from django.conf import settings
from django.http import HttpResponse

database, kind, address, key = json.loads(sys.argv[1])
settings.configure(
    DATABASES={"default": {**database, "ATOMIC_REQUESTS": True}},
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"], SECRET_KEY="for a test", USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.db import connection
from django.test import Client
from django.urls import path

from eidkit.auth import Stores, hotp
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity

LAN = Identity("vn-cccd", "001088000017", "Lan")
CLOCK = FixedClock(datetime(2026, 3, 2, 9, 14, 10, tzinfo=UTC))
stores = getattr(Stores, kind)(address, key=bytes.fromhex(key))


def log_in(request, challenge, code):
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO visits VALUES (1)")
    try:
        hotp.log_in(code, challenge, stores=stores, source="192.0.2.7", clock=CLOCK)
    except AuthenticationError:
        raise RuntimeError("the view raises after a wrong code") from None
    raise RuntimeError("the view raises after a right code")


urlpatterns = [path("log-in/<challenge>/<code>", log_in)]
with connection.cursor() as cursor:
    cursor.execute("DROP TABLE IF EXISTS visits")
    cursor.execute("CREATE TABLE visits (n INTEGER)")
hotp.enrol(LAN, issuer="x", stores=stores, secret=b"12345678901234567890")
client = Client(raise_request_exception=False)


def begun():
    return hotp.begin(LAN, audience="a", stores=stores, clock=CLOCK).id


def refused(code, challenge):
    try:
        hotp.log_in(code, challenge, stores=stores, clock=CLOCK)
    except AuthenticationError:
        return True
    return False


def failures():
    with stores.unit() as unit:
        return unit.attempts(f"hotp:{stores.subject_key(LAN)}").failed


said = {}
wrong = begun()
said["status"] = client.get(f"/log-in/{wrong}/000000").status_code
said["attempts"] = failures()
hotp.unlock(LAN, stores=stores)
right = begun()
client.get(f"/log-in/{right}/755224")
said["challenge is gone"] = False
with stores.unit() as unit:
    said["challenge is gone"] = unit.challenge(right) is None
said["code is used"] = refused("755224", begun())
hotp.unlock(LAN, stores=stores)
said["the next is not"] = not refused("287082", begun())
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM visits")
    said["visits"] = cursor.fetchone()[0]
connection.close()
stores.backend.close()
print(json.dumps(said))
"""
KEPT = {
    "status": 500,
    "attempts": 1,
    "challenge is gone": True,
    "code is used": True,
    "the next is not": True,
    "visits": 0,
}


def _said(folder, *values):
    program = folder / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(program), json.dumps(values)], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_view_that_raises_undoes_nothing_in_the_same_postgresql_database(postgresql_server, tmp_path):
    postgresql_server.run("DROP DATABASE IF EXISTS site", "CREATE DATABASE site")
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "site",
        "USER": "eidkit",
        "HOST": str(postgresql_server.folder),
    }
    url = postgresql_server.url.replace("/postgres?", "/site?")
    assert _said(tmp_path, database, "postgresql", url, KEY.hex()) == KEPT


def test_a_view_that_raises_undoes_nothing_in_sqlite(tmp_path):
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "site.db")}
    assert _said(tmp_path, database, "sqlite", str(tmp_path / "auth.db"), KEY.hex()) == KEPT


def test_a_view_that_raises_undoes_nothing_in_redis(redis_server, tmp_path):
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "site.db")}
    assert _said(tmp_path, database, "redis", redis_server.url, KEY.hex()) == KEPT
