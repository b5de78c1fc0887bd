"""What every web example refuses: replays, other sessions, other sites, other people, other documents."""

from __future__ import annotations

import re

import pytest

from eidkit.sandbox.documents import decision_pdf
from tests.examples.officials import BINH, MAI, Client
from tests.examples.served import Program

pytestmark = pytest.mark.xdist_group("examples")


def whose_turn(program: Program) -> str:
    """Who takes the first step of this example."""
    return MAI if program.pin.exists() else BINH


def shown(client: Client) -> str:
    found = re.search('name="shown" value="([0-9a-f]{64})"', client.get(f"{client.origin}/").page)
    assert found is not None
    return found[1]


def change_document(program: Program) -> None:
    """Somebody puts another permit into the dossier's folder."""
    path = program.dossier / "documents" / "permit.pdf"
    path.write_bytes(decision_pdf() + b"\n% another one\n")


def nothing_approved(program: Program) -> bool:
    return not list(program.dossier.glob("authentications/*"))


def test_the_way_back_is_good_once_and_in_one_session(program: Program) -> None:
    mine, other = Client(program), Client(program)
    back = mine.back_from_provider(MAI)
    other.back_from_provider(BINH)
    assert other.get(back).status == 403, "in a session that began another login"
    assert Client(program).get(back).status == 403, "in none"
    assert mine.get(back).location == "/"
    assert mine.get(back).status == 403, "again"
    assert MAI in mine.get(f"{program.origin}/").page, "the session is as it was"


def test_a_way_back_that_somebody_else_earned_logs_nobody_in(program: Program) -> None:
    """Login CSRF: the attacker's own code in the victim's browser."""
    attacker, victim = Client(program), Client(program)
    victim.back_from_provider(BINH)
    assert victim.get(attacker.back_from_provider(MAI)).status == 403
    assert MAI not in victim.get(f"{program.origin}/").page


def test_the_cookie_is_new_after_the_login_and_no_script_reads_it(program: Program) -> None:
    client = Client(program)
    back = client.back_from_provider(MAI)
    before = {cookie.name: cookie.value for cookie in client.jar}
    set_by_login = [line for line in client.get(back).cookies if "csrf" not in line]
    after = {cookie.name: cookie.value for cookie in client.jar}
    assert len(set_by_login) == 1
    name = set_by_login[0].partition("=")[0]
    assert before[name] != after[name]
    attributes = {part.strip().lower() for part in set_by_login[0].split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    planted = Client(program)
    for cookie in client.jar:
        cookie.value = before.get(cookie.name, "")
        planted.jar.set_cookie(cookie)
    assert MAI not in planted.get(f"{program.origin}/").page, "the name before the login is worth nothing"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_form_of_another_site_is_not_taken(program: Program, origin: str) -> None:
    client = Client(program)
    client.log_in(whose_turn(program))
    form = {"shown": shown(client), "code": "123456"}
    for path in ("/app", "/confirm", "/approve", "/logout", "/login"):
        assert client.post(client.origin + path, form, origin=origin).status == 403
    assert whose_turn(program) in client.get(f"{program.origin}/").page


def test_nobody_confirms_without_a_login(program: Program) -> None:
    client = Client(program)
    for path in ("/app", "/confirm", "/approve"):
        assert client.submit(path, code="123456", shown="0" * 64).status == 403
    assert client.get(f"{program.origin}/documents/permit").status == 403


def test_a_code_of_somebody_else_is_worth_nothing_in_my_session(program: Program) -> None:
    whose = whose_turn(program)
    mine, other = Client(program), Client(program)
    mine.log_in(whose)
    code = mine.set_up_app().now()
    mine.submit("/confirm")
    other.log_in(BINH if whose == MAI else MAI)
    assert "not-your-turn" in other.submit("/confirm", shown=shown(mine)).page
    assert other.submit("/approve", code=code).status == 403
    assert nothing_approved(program)
    assert mine.submit("/approve", code=code).location == "/", "it is still good where it belongs"


@pytest.mark.parametrize(
    "query", ["", "?", "?code=a", "?code=a&code=b&state=c", "?state=%ff&code=%00", "?error=access_denied", "?a" * 500]
)
def test_a_way_back_that_nobody_wrote_is_refused(program: Program, query: str) -> None:
    client = Client(program)
    client.back_from_provider(MAI)
    said = client.get(f"{program.origin}/callback{query}")
    assert (said.status, "oidc-refused" in said.page) == (403, True)


@pytest.mark.parametrize("path", ["/confirm", "/approve"])
def test_whatever_is_sent_in_a_form_is_answered_with_a_refusal(program: Program, path: str) -> None:
    client = Client(program)
    client.log_in(whose_turn(program))
    for value in ("", "١٢٣٤٥٦", "\0", "{}", "9" * 20_000, "é" * 3, "\ufffd"):
        assert client.submit(path, shown=value, code=value, passkey=value).status in {403, 422}


def test_a_second_app_is_not_for_whoever_holds_the_session(program: Program) -> None:
    client = Client(program)
    client.log_in(MAI)
    client.set_up_app()
    said = client.submit("/app")
    assert (said.status, "open-app" in said.page) == (409, False)


def test_a_document_that_changed_after_it_was_shown_is_not_confirmed(program: Program) -> None:
    client = Client(program)
    client.log_in(whose_turn(program))
    seen = shown(client)
    change_document(program)
    said = client.submit("/confirm", shown=seen)
    assert (said.status, "changed-since-shown" in said.page) == (403, True)


def test_a_document_that_changed_after_it_was_confirmed_is_not_signed(program: Program) -> None:
    client = Client(program)
    client.log_in(whose_turn(program))
    code = client.set_up_app().now()
    client.submit("/confirm")
    change_document(program)
    said = client.submit("/approve", code=code)
    assert (said.status, "transaction-other-document" in said.page) == (409, True)
    assert nothing_approved(program)


def test_pages_run_no_foreign_script_and_stand_in_no_frame(program: Program) -> None:
    from urllib.request import ProxyHandler, build_opener

    with build_opener(ProxyHandler({})).open(program.origin) as response:
        policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'unsafe" not in policy
