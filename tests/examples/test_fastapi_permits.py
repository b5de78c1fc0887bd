"""The FastAPI example as its officials use it, in a real browser: a code at one step, a passkey at the other."""

from __future__ import annotations

import json
import re
import time
from html import unescape

import pytest

from eidkit.sandbox.authenticator import SandboxAuthenticator
from tests.examples.officials import BINH, MAI, Client, answer, log_in, picture, set_up_app, wrong
from tests.examples.served import ROOT, Program
from tests.sandbox.browser import Browser

PROCEDURE = ROOT / "examples" / "fastapi_permits" / "procedure.toml"
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip

pytestmark = pytest.mark.xdist_group("examples")


def test_two_officials_take_the_dossier_to_its_end_and_a_stranger_proves_it(
    fastapi_permits: Program, browser: Browser
) -> None:
    program = fastapi_permits
    browser.open(program.origin)
    picture(browser, "welcome")
    log_in(browser, program, MAI)
    app = set_up_app(browser)
    picture(browser, "step")
    browser.press("#confirm")
    picture(browser, "confirm")
    answer(browser, wrong(app))
    assert "The answer was not accepted" in browser.text
    picture(browser, "refused")
    time.sleep(1.1)  # after a wrong answer the next one waits
    browser.open(program.origin)
    browser.press("#confirm")
    answer(browser, app.now())
    assert browser.address == f"{program.origin}/", browser.text
    browser.press("form[action$='/logout'] button")

    log_in(browser, program, BINH)
    browser.call("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR)
    browser.press("#enrol-passkey")
    picture(browser, "passkey")
    browser.press("#make")
    browser.press("#confirm")
    browser.press("#use-passkey")
    assert "Every step is done and signed" in browser.text
    picture(browser, "done")

    code, report = program.verified(PROCEDURE, "--provider", str(program.pin))
    assert (code, report["verdict"]) == (0, "COMPLETE"), report
    ways = [(one["person"], one["authentication"]["proof_class"]) for one in report["steps"]]
    assert ways == [(MAI, "attested"), (BINH, "transferable")]


def test_a_code_is_not_enough_where_the_step_wants_a_passkey(fastapi_permits: Program) -> None:
    mai, binh = Client(fastapi_permits), Client(fastapi_permits)
    mai.log_in(MAI)
    code = mai.set_up_app().now()
    mai.submit("/confirm")
    assert mai.submit("/approve", code=code).location == "/"
    binh.log_in(BINH)
    code = binh.set_up_app().now()
    page = binh.submit("/confirm").page
    assert ("use-passkey" in page, "use-code" in page) == (True, False)
    said = binh.submit("/approve", code=code)
    assert (said.status, "authentication-insufficient" in said.page) == (403, True)
    verdict, report = fastapi_permits.verified(PROCEDURE)
    assert (verdict, [one["step"] for one in report["steps"] if one["signatures"]]) == (1, ["assessment"])


def test_a_second_passkey_is_not_for_whoever_holds_the_session(fastapi_permits: Program, browser: Browser) -> None:
    log_in(browser, fastapi_permits, BINH)
    browser.call("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR)
    browser.press("#enrol-passkey")
    browser.press("#make")
    browser.press("#enrol-passkey")
    assert "You have a passkey already" in browser.text


def test_a_passkey_signs_nothing_that_was_not_shown(fastapi_permits: Program, browser: Browser) -> None:
    log_in(browser, fastapi_permits, MAI)
    browser.call("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR)
    browser.press("#enrol-passkey")
    browser.press("#make")
    browser.press("#confirm")
    permit = fastapi_permits.dossier / "documents" / "permit.pdf"
    permit.write_bytes(permit.read_bytes() + b"\n% another one\n")
    browser.press("#use-passkey")
    assert "Permit.pdf is not what the person was shown" in browser.text
    assert not list(fastapi_permits.dossier.glob("authentications/*"))


def passkey_of(client: Client) -> SandboxAuthenticator:
    """A passkey that the person of this session has enrolled."""
    phone = SandboxAuthenticator(client.origin)
    assert client.submit("/passkey", answer=phone.create(question(client, "/passkey/begin"))).location == "/"
    return phone


def question(client: Client, path: str) -> str:
    """What a page asks the browser."""
    found = re.search('data-question="([^"]*)"', client.submit(path).page)
    assert found is not None
    return unescape(found[1])


def test_a_step_that_two_sessions_began_is_taken_once(fastapi_permits: Program) -> None:
    one, two = Client(fastapi_permits), Client(fastapi_permits)
    one.log_in(MAI)
    two.log_in(MAI)
    phone, code = passkey_of(one), two.set_up_app().now()
    answered = phone.get(question(one, "/confirm"))
    two.submit("/confirm")
    assert two.submit("/approve", code=code).location == "/"
    said = one.submit("/approve", passkey=answered)
    assert (said.status, "step-taken" in said.page) == (403, True)
    assert len(list(fastapi_permits.dossier.glob("authentications/*"))) == 1


def test_a_passkey_answers_the_question_of_its_own_session_once(fastapi_permits: Program) -> None:
    one, two = Client(fastapi_permits), Client(fastapi_permits)
    one.log_in(MAI)
    two.log_in(MAI)
    phone = passkey_of(one)
    answered = phone.get(question(one, "/confirm"))
    two.submit("/confirm")
    assert two.submit("/approve", passkey=answered).status == 403, "in another session of the same person"
    assert one.submit("/approve", passkey=answered).location == "/"
    assert one.submit("/approve", passkey=answered).status == 403, "again"


def test_a_passkey_of_somebody_else_is_not_taken(fastapi_permits: Program) -> None:
    mai, binh = Client(fastapi_permits), Client(fastapi_permits)
    mai.log_in(MAI)
    binh.log_in(BINH)
    passkey_of(mai)
    asked = json.loads(question(mai, "/confirm")) | {"allowCredentials": []}
    answered = passkey_of(binh).get(json.dumps(asked))
    assert mai.submit("/approve", passkey=answered).status == 403
    assert not list(fastapi_permits.dossier.glob("authentications/*"))


def test_who_has_no_passkey_is_told(fastapi_permits: Program, browser: Browser) -> None:
    log_in(browser, fastapi_permits, MAI)
    browser.call("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR)
    browser.press("#confirm")
    browser.choose("#use-passkey")
    browser._wait("document.querySelector('[role=alert]').textContent.includes('did not answer')")
