"""A passkey made and used in a real browser, over real HTTP, ending in an Authentication."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from eidkit.auth import Stores, recheck, webauthn
from eidkit.auth.webauthn import RelyingParty
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from eidkit.trust.store import TrustStore
from tests.sandbox.browser import browsing

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
PAGE = """<!doctype html><html lang="vi"><meta charset="utf-8"><title>Phê duyệt</title><body><script>
async function asked(path) {
  const options = await (await fetch(path, {method: "POST"})).json();
  const making = path.startsWith("/enrol");
  const kind = making ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
  const publicKey = PublicKeyCredential[kind](options);
  const made = await (making ? navigator.credentials.create({publicKey}) : navigator.credentials.get({publicKey}));
  const answer = await fetch(path + "/answer", {method: "POST", body: JSON.stringify(made.toJSON())});
  return await answer.text();
}
</script></body></html>"""


class Service:
    """A page, and the four addresses behind it; the challenge ids stay here, as in a session."""

    def __init__(self, transaction):
        self.transaction = transaction
        self.stores = Stores.memory()
        self.party: RelyingParty | None = None
        self.open: dict[str, str] = {}
        self.authentication = None

    def answered(self, path: str, body: str) -> str:
        given = {"party": self.party, "stores": self.stores}
        audience = self.party.origins[0]
        if path in {"/enrol", "/approve", "/approve-as"}:
            if path == "/enrol":
                challenge = webauthn.register_begin(self.party, LAN, audience=audience, stores=self.stores)
            else:
                subject = LAN if path == "/approve-as" else None
                challenge = webauthn.begin(
                    self.party, self.transaction, audience=audience, stores=self.stores, subject=subject
                )
            self.open[path] = challenge.id
            return challenge.question
        way = path.removesuffix("/answer")
        try:
            if way == "/enrol":
                made = webauthn.register(body, self.open[way], **given)
                self.party = self.party.with_credentials([made])
                return made.identity.name
            self.authentication = webauthn.verify(body, self.open[way], **given)
        except AuthenticationError as error:
            return error.code
        return self.authentication.identity.name


@contextmanager
def served(service):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._say(PAGE, "text/html; charset=utf-8")

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            self._say(service.answered(self.path, body), "application/json")

        def _say(self, text, kind):
            octets = text.encode()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def authenticator(browser, **options):
    """A virtual authenticator in the browser; its id."""
    given = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    given |= {"isUserVerified": True, "automaticPresenceSimulation": True} | options
    return browser.call("WebAuthn.addVirtualAuthenticator", options=given)["authenticatorId"]


def press(browser, path):
    """What the page's own script ends with."""
    said = browser.call(
        "Runtime.evaluate", expression=f"asked({json.dumps(path)})", awaitPromise=True, userGesture=True,
        returnByValue=True,
    )  # fmt: skip
    assert "exceptionDetails" not in said, said
    return said["result"]["value"]


@pytest.fixture
def page(tool, transaction, tmp_path):
    """The service and a browser at its page."""
    service = Service(transaction)
    with served(service) as origin, browsing(tool("chromium"), tmp_path / "browser") as browser:
        service.party = RelyingParty("localhost", "Permits", (origin,))
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
        browser.call("WebAuthn.enable", enableUI=False)
        browser.open(origin)
        yield service, browser


def test_a_passkey_is_made_and_approves(page):
    service, browser = page
    authenticator(browser)
    assert press(browser, "/enrol") == LAN.name
    assert press(browser, "/approve-as") == LAN.name
    assert press(browser, "/approve") == LAN.name, "the authenticator finds it by itself"
    made = service.authentication
    assert (made.identity, made.proof_class, made.transaction) == (LAN, "transferable", service.transaction)
    assert recheck(made, TrustStore(), [service.party])


def test_a_synced_passkey_of_the_browser_is_seen_as_one(page):
    service, browser = page
    authenticator(browser, defaultBackupEligibility=True, defaultBackupState=True)
    assert press(browser, "/enrol") == LAN.name
    assert press(browser, "/approve") == LAN.name
    assert service.authentication.warnings == (webauthn.SYNCED,)


def test_a_copied_key_is_found_out(page):
    """The same credential in a second authenticator that counts from the beginning again."""
    _, browser = page
    first = authenticator(browser)
    press(browser, "/enrol")
    assert press(browser, "/approve") == LAN.name
    copied = browser.call("WebAuthn.getCredentials", authenticatorId=first)["credentials"][0]
    browser.call("WebAuthn.removeVirtualAuthenticator", authenticatorId=first)
    second = authenticator(browser)
    browser.call("WebAuthn.addCredential", authenticatorId=second, credential=copied | {"signCount": 0})
    assert press(browser, "/approve") == "webauthn-refused"
