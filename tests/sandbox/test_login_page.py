"""Logging in at the sandbox as a person does: on its page, over HTTP, in a browser without script."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidkit.auth import Stores, oidc, recheck
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError, EidkitError, TransportError
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.sandbox.provider import REDIRECT_URI, SandboxProvider
from eidkit.sandbox.server import free_address, serving
from eidkit.transport import HttpTransport, Request, Response
from tests.interop.oracles import require
from tests.sandbox.browser import browsing
from tests.sandbox.visiting import Form, Visitor
from tests.transaction import TRANSACTION

LAN = Identity("vn-cccd", "000190000022", "Nguyễn Thị Lan")
NETWORK = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))


class Site:
    """A served sandbox and a relying party of one of its providers."""

    def __init__(self, sandbox: Sandbox, idp: SandboxProvider) -> None:
        self.sandbox, self.idp, self.stores = sandbox, idp, Stores.memory()
        self.home = "http://127.0.0.1:1/callback"
        self.provider = oidc.Provider.discover(
            idp.issuer, client_id="eidkit-sandbox", redirect_uri=self.home, profile=idp.speaks.profile("vn-cccd"),
            transport=NETWORK, clock=sandbox.clock,
        )  # fmt: skip

    def begin(self) -> oidc.Challenge:
        return oidc.begin(self.provider, TRANSACTION, audience="permits", stores=self.stores, clock=self.sandbox.clock)

    def verify(self, callback: str | None, challenge: oidc.Challenge) -> object:
        return oidc.verify(
            callback or "", challenge.id, provider=self.provider, stores=self.stores, transport=NETWORK,
            clock=self.sandbox.clock,
        )  # fmt: skip


@pytest.fixture
def sandbox(clock: FixedClock) -> object:
    own = Sandbox.create(clock=clock, base_url=free_address())
    with serving(own):
        yield own


@pytest.fixture
def site(sandbox: Sandbox) -> Site:
    return Site(sandbox, sandbox.provider)


def choose(page: Form, name: str, sandbox: Sandbox) -> dict[str, str]:
    """What a person sends who chooses the one called ``name``."""
    number = [person.name for person in sandbox.persons].index(name)
    return {"person": page.choices["person"][number], "decision": "login"}


# ── the whole way by HTTP ─────────────────────────────────────────────────────────────────────────────────


def test_a_person_logs_in_on_the_page(site: Site) -> None:
    challenge, visitor = site.begin(), Visitor(site.home)
    form = visitor.form(visitor.get(str(challenge.url)))
    visitor.fill(form, **choose(form, LAN.name, site.sandbox))
    made = site.verify(visitor.landed, challenge)
    assert (made.identity, made.identity.name) == (LAN, LAN.name)
    assert (made.proof_class, [one.value for one in made.assurance]) == ("asserted", ["2"])
    assert recheck(made, None, [site.provider])


def test_at_the_portal_userinfo_tells_who_it_is(sandbox: Sandbox) -> None:
    site = Site(sandbox, sandbox.portal)
    challenge, visitor = site.begin(), Visitor(site.home)
    form = visitor.form(visitor.get(str(challenge.url)))
    assert form.choices["acr"] == ["LoA1"]
    visitor.fill(form, **choose(form, LAN.name, sandbox))
    made = site.verify(visitor.landed, challenge)
    assert (made.identity, made.proof_class) == (LAN, "attested")
    assert recheck(made, None, [site.provider])


def test_the_assurance_is_what_was_chosen(site: Site) -> None:
    challenge, visitor = site.begin(), Visitor(site.home)
    form = visitor.form(visitor.get(str(challenge.url)))
    visitor.fill(form, **choose(form, LAN.name, site.sandbox), acr="urn:eidkit:sandbox:level:3")
    assert [one.value for one in site.verify(visitor.landed, challenge).assurance] == ["3"]


def test_who_cancels_is_not_in(site: Site) -> None:
    challenge, visitor = site.begin(), Visitor(site.home)
    form = visitor.form(visitor.get(str(challenge.url)))
    visitor.fill(form, decision="deny")
    assert parse_qs(urlsplit(str(visitor.landed)).query)["error"] == ["access_denied"]
    with pytest.raises(AuthenticationError):
        site.verify(visitor.landed, challenge)


def test_every_login_is_a_fresh_one(site: Site) -> None:
    visitor = Visitor(site.home)
    form = visitor.form(visitor.get(str(site.begin().url)))
    visitor.fill(form, **choose(form, LAN.name, site.sandbox))
    assert 'name="person"' in visitor.get(str(site.begin().url))


@pytest.mark.parametrize("fault", ["wrong-state", "wrong-callback-issuer", "no-callback-issuer"])
def test_a_wrong_way_back_is_noticed(site: Site, fault: str) -> None:
    challenge, visitor = site.begin(), Visitor(site.home)
    form = visitor.form(visitor.get(str(challenge.url)))
    site.sandbox.fault("authorize", "wrong", fault)
    visitor.fill(form, **choose(form, LAN.name, site.sandbox))
    with pytest.raises(AuthenticationError):
        site.verify(visitor.landed, challenge)


@pytest.mark.parametrize("kind", ["down", "cut-off", "rate-limited", "too-large"])
def test_a_token_endpoint_in_trouble_is_outside(site: Site, kind: str) -> None:
    challenge = site.begin()
    callback = site.idp.answer(str(challenge.url), LAN)
    site.sandbox.fault("token", kind)
    with pytest.raises(TransportError):
        site.verify(f"{site.home}?{urlencode(callback)}", challenge)


def test_a_wrong_token_over_http_is_refused(site: Site) -> None:
    challenge = site.begin()
    site.sandbox.fault("token", "wrong", "wrong-nonce")
    with pytest.raises(AuthenticationError):
        site.verify(f"{site.home}?{urlencode(site.idp.answer(str(challenge.url), LAN))}", challenge)


# ── what the provider refuses ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def idp(clock: FixedClock) -> SandboxProvider:
    return SandboxProvider(clock=clock)


def asked(idp: SandboxProvider, **change: str | None) -> Response:
    """The answer to an authorization request with these parameters changed."""
    good = {
        "response_type": "code", "client_id": "eidkit-sandbox", "redirect_uri": REDIRECT_URI, "scope": "openid",
        "state": "s", "nonce": "n", "code_challenge": "x" * 43, "code_challenge_method": "S256", "ui_locales": "vi",
    }  # fmt: skip
    query = urlencode({name: value for name, value in {**good, **change}.items() if value is not None})
    return idp.send(Request("GET", f"{idp.issuer}/authorize?{query}"))


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "stranger"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://127.0.0.1.evil.example/"},
        {"redirect_uri": "http://user@127.0.0.1/"},
        {"redirect_uri": "http://127.0.0.1:1/\r\nSet-Cookie: a=b"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": None},
        {"state": "x" * 5000},
    ],
)
def test_a_browser_is_sent_nowhere_for_a_stranger(idp: SandboxProvider, change: dict[str, str | None]) -> None:
    response = asked(idp, **change)
    assert (response.status, "location" in response.headers) == (400, False)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_what_is_wrong_goes_back_to_the_client(idp: SandboxProvider, change: dict[str, str | None], error: str) -> None:
    response = asked(idp, **change)
    back = response.headers["location"]
    assert back.startswith(REDIRECT_URI)
    assert dict(parse_qsl(urlsplit(back).query)) == {"error": error, "iss": idp.issuer, "state": "s"}


def test_a_parameter_given_twice_is_refused(idp: SandboxProvider) -> None:
    response = idp.send(Request("GET", f"{idp.issuer}/authorize?client_id=eidkit-sandbox&client_id=eidkit-sandbox"))
    assert response.status == 400


def test_the_page_runs_nothing_and_cannot_be_framed(idp: SandboxProvider) -> None:
    response = asked(idp, state='"><script>alert(1)</script>', nonce="<img src=x>")
    assert b"<script" not in response.body
    assert b"<img" not in response.body
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_names_are_escaped(idp: SandboxProvider) -> None:
    idp.persons.append(Identity("vn-cccd", "000190000099", "<b>Nam</b>"))
    assert b"<b>Nam" not in asked(idp).body


def test_the_page_speaks_the_language_that_was_asked(idp: SandboxProvider) -> None:
    assert "Đăng nhập" in asked(idp).body.decode()
    assert "Log in" in asked(idp, ui_locales="en").body.decode()
    assert "Log in" in asked(idp, ui_locales="fr").body.decode()


def test_nobody_chosen_is_asked_again(idp: SandboxProvider) -> None:
    form = Form(asked(idp).body.decode(), idp.issuer)
    for person in ("", "somebody"):
        body = urlencode({**form.fields, "person": person, "decision": "login"}).encode()
        response = idp.send(Request("POST", f"{idp.issuer}/login", body=body))
        assert response.status == 200
        assert "Chưa chọn người nào" in response.body.decode()


def test_a_form_that_carries_another_request_is_refused(idp: SandboxProvider) -> None:
    form = Form(asked(idp).body.decode(), idp.issuer)
    carried = form.fields["request"].replace("eidkit-sandbox", "stranger")
    body = urlencode({**form.fields, "request": carried, "person": form.choices["person"][0], "decision": "login"})
    assert idp.send(Request("POST", f"{idp.issuer}/login", body=body.encode())).status == 400


def test_a_code_is_worth_nothing_without_the_verifier(idp: SandboxProvider, clock: FixedClock) -> None:
    challenge = oidc.begin(idp.provider(), TRANSACTION, audience="permits", stores=Stores.memory(), clock=clock)
    code = idp.answer(str(challenge.url), LAN)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI,
            "client_id": "eidkit-sandbox", "code_verifier": "guessed"}  # fmt: skip
    answer = idp.send(Request("POST", idp.issuer + "/token", body=urlencode(form).encode()))
    assert (answer.status, answer.body) == (400, b'{"error": "invalid_grant"}')


def test_a_code_is_worth_nothing_after_a_minute(idp: SandboxProvider, clock: FixedClock) -> None:
    provider, stores = idp.provider(), Stores.memory()
    challenge = oidc.begin(provider, TRANSACTION, audience="permits", stores=stores, clock=clock)
    callback = idp.answer(str(challenge.url), LAN)
    clock.advance(timedelta(seconds=61))
    with pytest.raises(AuthenticationError):
        oidc.verify(callback, challenge.id, provider=provider, stores=stores, transport=idp, clock=clock)


def test_userinfo_wants_a_token_that_was_given(idp: SandboxProvider) -> None:
    for header in ("", "Bearer ", "Bearer made-up", "Basic x"):
        request = Request("POST", idp.issuer + "/userinfo", {"authorization": header})
        assert idp.send(request).status == 401


def test_codes_are_bounded(idp: SandboxProvider, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    from eidkit.sandbox import desk as module

    monkeypatch.setattr(module, "MAX_REMEMBERED", 3)
    value = idp.provider()
    for _ in range(6):
        challenge = oidc.begin(value, TRANSACTION, audience="permits", stores=Stores.memory(), clock=clock)
        idp.answer(str(challenge.url), LAN)
    assert len(idp._codes) == 3


def test_an_address_that_is_no_login_is_refused_by_name(idp: SandboxProvider) -> None:
    with pytest.raises(EidkitError) as caught:
        idp.answer(idp.issuer + "/authorize?x=1", LAN)
    assert caught.value.code == "sandbox-provider"


HOSTILE = SandboxProvider()
NAMES = st.sampled_from(["client_id", "redirect_uri", "request", "person", "code", "scope", "decision", "acr", "lang"])
VALUES = st.one_of(st.text(max_size=40), st.sampled_from(["eidkit-sandbox", REDIRECT_URI, "openid", "login", "code"]))


@given(st.one_of(st.binary(max_size=200), st.dictionaries(NAMES, VALUES).map(lambda form: urlencode(form).encode())))
def test_whatever_is_sent_is_answered(body: bytes) -> None:
    for path in ("login", "token", "userinfo"):
        headers = {"authorization": body.decode("latin-1")}
        assert HOSTILE.send(Request("POST", f"{HOSTILE.issuer}/{path}", headers, body)).status in {200, 303, 400, 401}
    query = body.decode("latin-1")
    assert HOSTILE.send(Request("GET", f"{HOSTILE.issuer}/authorize?{query}")).status in {200, 303, 400}


# ── in a browser ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_login_in_a_browser_without_script(site: Site, tmp_path: Path) -> None:
    require("chromium")
    home = site.sandbox.base_url + "callback"
    site.provider = replace(site.provider, redirect_uri=home)
    challenge = site.begin()
    with browsing(str(shutil.which("chromium")), tmp_path) as browser:
        browser.open(str(challenge.url))
        assert "Hôm nay bạn là ai?" in browser.text
        browser.press("nav a")
        assert "Who are you today?" in browser.text
        browser.choose("label.person:nth-of-type(1) input")
        browser.press("button[value=login]")
        landed = browser.address
    assert landed.startswith(home)
    assert site.verify(landed, challenge).identity == LAN
