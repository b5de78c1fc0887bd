"""The Django example under ATOMIC_REQUESTS: what its site wrote is undone, what eidkit counted is not."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from tests.examples.officials import BINH, Client, answer, log_in, picture, set_up_app, wrong
from tests.examples.served import PEOPLE, ROOT, Program
from tests.sandbox.browser import Browser

PROCEDURE = ROOT / "examples" / "django_permits" / "procedure.toml"

pytestmark = pytest.mark.xdist_group("examples")


def taken(program: Program) -> int:
    """How many steps the site's own database says were taken."""
    with closing(sqlite3.connect(program.data / "site.db")) as database:
        return database.execute("SELECT count(*) FROM permits_taken").fetchone()[0]


def failures(program: Program) -> int:
    """How many tries in a row the stores counted as failed."""
    stores = program.stores
    with stores.unit() as unit:
        counted = unit.attempts(f"totp:{stores.subject_key(PEOPLE[1])}").failed
    stores.backend.close()
    return counted


def test_an_official_approves_and_a_stranger_proves_it(django_permits: Program, browser: Browser) -> None:
    program = django_permits
    log_in(browser, program, BINH)
    app = set_up_app(browser)
    picture(browser, "django-step")
    browser.press("#confirm")
    picture(browser, "django-confirm")
    answer(browser, app.now())
    assert "Every step is done and signed" in browser.text
    picture(browser, "django-done")
    assert taken(program) == 1
    code, report = program.verified(PROCEDURE)
    assert (code, report["verdict"]) == (0, "COMPLETE"), report


def test_a_wrong_code_stays_counted_when_the_view_is_undone(django_permits: Program, browser: Browser) -> None:
    log_in(browser, django_permits, BINH)
    app = set_up_app(browser)
    browser.press("#confirm")
    answer(browser, wrong(app))
    assert "The answer was not accepted" in browser.text
    assert (taken(django_permits), failures(django_permits)) == (0, 1)
    time.sleep(1.1)  # the next try waits, also in another session
    client = Client(django_permits)
    client.log_in(BINH)
    client.submit("/confirm")
    assert client.submit("/approve", code=wrong(app)).status == 403
    assert (taken(django_permits), failures(django_permits)) == (0, 2)
    time.sleep(2.1)
    client.submit("/confirm")
    assert client.submit("/approve", code=app.now()).location == "/"
    assert (taken(django_permits), failures(django_permits)) == (1, 0)


def test_a_code_stays_used_when_signing_fails(django_permits: Program) -> None:
    client = Client(django_permits)
    client.log_in(BINH)
    code = client.set_up_app().now()
    client.submit("/confirm")
    django_permits.fault("fault", endpoint="tsa", kind="down")
    try:
        said = client.submit("/approve", code=code)
    finally:
        django_permits.fault("mend")
    assert (said.status, taken(django_permits)) == (503, 0)
    client.submit("/confirm")
    assert client.submit("/approve", code=code).status == 403
    verdict, report = django_permits.verified(PROCEDURE)
    assert (verdict, report["verdict"]) == (1, "INCOMPLETE")


def test_a_step_that_the_database_says_is_taken_is_not_taken_again(django_permits: Program) -> None:
    with closing(sqlite3.connect(django_permits.data / "site.db")) as database:
        database.execute(
            "INSERT INTO permits_taken (dossier, previous, step) VALUES ('H56.01-261124-0002', '', 'approval')"
        )
        database.commit()
    client = Client(django_permits)
    client.log_in(BINH)
    code = client.set_up_app().now()
    client.submit("/confirm")
    said = client.submit("/approve", code=code)
    assert (said.status, "step-taken" in said.page) == (409, True)
