"""Logging in at the sandbox's other providers as a person does: over HTTP, and in a browser without script."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from eidkit.auth import Challenge, Stores, oidc, pinned_files, recheck, vneid
from eidkit.binding.authentication import Authentication
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError, TransportError
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.sandbox.partner import CLIENT_SECRET
from eidkit.sandbox.server import Server, free_address, serving
from eidkit.transport import HttpTransport
from eidkit.vn import NATIONAL_PORTAL
from tests.interop.oracles import require
from tests.sandbox.browser import browsing
from tests.sandbox.visiting import Visitor
from tests.transaction import TRANSACTION

LAN = Identity("vn-cccd", "000190000022", "Nguyễn Thị Lan")
NETWORK = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))


class Site:
    """A served sandbox and a relying party of its partner, which has its key from the folder."""

    def __init__(self, server: Server, folder: Path, clock: FixedClock) -> None:
        self.server, self.clock, self.stores = server, clock, Stores.memory()
        self.home = server.address + "callback"
        self.partner = server.sandbox.partner.partner(redirect_uri=self.home)
        self.key = vneid.PemDecryptionKey.open(folder / "vneid.pem")

    def begin(self) -> Challenge:
        return vneid.begin(self.partner, TRANSACTION, audience="permits", stores=self.stores, clock=self.clock)

    def verify(self, callback: str | None, challenge: Challenge) -> Authentication:
        return vneid.verify(
            callback or "", challenge.id, partner=self.partner, decryption_key=self.key, stores=self.stores,
            client_secret=CLIENT_SECRET, transport=NETWORK, clock=self.clock,
        )  # fmt: skip

    def visited(self, challenge: Challenge, decision: str = "login", acr: str = "2") -> str | None:
        """Where a person lands who chooses Lan."""
        visitor = Visitor(self.home)
        form = visitor.form(visitor.get(str(challenge.url)))
        number = [person.name for person in self.server.sandbox.persons].index(LAN.name)
        visitor.fill(form, person=form.choices["person"][number], decision=decision, acr=acr)
        return visitor.landed


@pytest.fixture
def served(clock: FixedClock, tmp_path: Path) -> object:
    sandbox = Sandbox.create(clock=clock, base_url=free_address())
    with serving(sandbox, folder=tmp_path / "kept") as server:
        yield server


@pytest.fixture
def site(served: Server, clock: FixedClock, tmp_path: Path) -> Site:
    return Site(served, tmp_path / "kept", clock)


def test_a_person_logs_in_on_the_partners_page(site: Site, tmp_path: Path) -> None:
    challenge = site.begin()
    landed = site.visited(challenge)
    assert "encrypt_key=" in str(landed)
    made = site.verify(landed, challenge)
    assert (made.identity, made.identity and made.identity.name) == (LAN, LAN.name)
    assert (made.method, made.proof_class, [one.value for one in made.assurance]) == ("vneid", "attested", ["2"])
    made.write(tmp_path / "a.json")
    site.partner.write(tmp_path / "p.json")
    pins = [pinned_files.read(tmp_path / "p.json")]
    assert recheck(Authentication.read(tmp_path / "a.json"), site.server.sandbox.trust, pins)


def test_the_level_that_was_chosen_comes_back(site: Site) -> None:
    challenge = site.begin()
    assert [one.value for one in site.verify(site.visited(challenge, acr="1"), challenge).assurance] == ["1"]


def test_who_cancels_is_nobody(site: Site) -> None:
    challenge = site.begin()
    landed = site.visited(challenge, decision="deny")
    assert "error=access_denied" in str(landed)
    with pytest.raises(AuthenticationError):
        site.verify(landed, challenge)


WRONG = [
    ("authorize", "code-for-another-key"),
    ("token", "plain-body"),
    ("userinfo", "wrong-padding"),
    ("userinfo", "no-number"),
]


@pytest.mark.parametrize(("endpoint", "detail"), WRONG)
def test_faults_are_served(site: Site, endpoint: str, detail: str) -> None:
    challenge = site.begin()
    if endpoint == "authorize":
        page_then_login = Visitor(site.home)
        form = page_then_login.form(page_then_login.get(str(challenge.url)))
        site.server.fault(endpoint, "wrong", detail)
        page_then_login.fill(form, person=form.choices["person"][0], decision="login")
        landed = page_then_login.landed
    else:
        landed = site.visited(challenge)
        site.server.fault(endpoint, "wrong", detail)
    with pytest.raises(AuthenticationError):
        site.verify(landed, challenge)


def test_a_partner_that_is_down_is_outside(site: Site) -> None:
    challenge = site.begin()
    landed = site.visited(challenge)
    site.server.fault("userinfo", "cut-off")
    with pytest.raises(TransportError):
        site.verify(landed, challenge)


def test_the_partner_has_the_same_key_after_a_restart(site: Site, clock: FixedClock, tmp_path: Path) -> None:
    again = Sandbox.open(tmp_path / "kept", clock=clock)
    numbers = (one.partner.private.private_numbers() for one in (again, site.server.sandbox))
    assert next(numbers) == next(numbers)


# ── in a browser ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_login_at_the_partner_in_a_browser(site: Site, tmp_path: Path) -> None:
    require("chromium")
    challenge = site.begin()
    with browsing(str(shutil.which("chromium")), tmp_path / "profile") as browser:
        browser.open(str(challenge.url))
        browser.choose("label.person:nth-of-type(1) input")
        browser.press("button[value=login]")
        landed = browser.address
    assert landed.startswith(site.home)
    assert site.verify(landed, challenge).identity == LAN


def test_a_login_at_the_national_portal_in_a_browser(served: Server, clock: FixedClock, tmp_path: Path) -> None:
    require("chromium")
    stores, home = Stores.memory(), served.address + "callback"
    provider = oidc.Provider.discover(
        served.sandbox.portal.issuer, client_id="eidkit-sandbox", redirect_uri=home, profile=NATIONAL_PORTAL,
        transport=NETWORK, clock=clock,
    )  # fmt: skip
    challenge = oidc.begin(provider, TRANSACTION, audience="permits", stores=stores, clock=clock)
    with browsing(str(shutil.which("chromium")), tmp_path / "profile") as browser:
        browser.open(str(challenge.url))
        browser.choose("label.person:nth-of-type(1) input")
        browser.press("button[value=login]")
        landed = browser.address
    made = oidc.verify(landed, challenge.id, provider=provider, stores=stores, transport=NETWORK, clock=clock)
    assert (made.identity, made.proof_class) == (LAN, "attested")
