"""Logins at a provider for a session, clients that sign, and profiles whose claims could name several."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from eidkit.auth import Login, exchange, foreign, oidc, recheck
from eidkit.auth.jwk import PinnedKey
from eidkit.auth.oidc import AccountRule, IdentifierRule, LevelRule, Profile, Provider
from eidkit.binding import jwa, shape
from eidkit.binding.authentication import Assurance
from eidkit.errors import AuthenticationError, EidkitError, NotSupported
from eidkit.identity import Identity
from eidkit.sandbox.dialect import PORTAL
from eidkit.sandbox.keys import generate
from eidkit.sandbox.provider import CLIENT_ID, SandboxProvider
from eidkit.vn import NATIONAL_PORTAL, national_portal

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
OLD = Identity("vn-cmnd", "010880017", "Nguyễn Thị Lan")
COMPANY = Identity("vn-mst", "0101234567", "Công ty TNHH Hoa Sen")


class Site:
    """A relying party and its provider."""

    def __init__(self, stores, clock, transaction, speaks=None, profile=None):
        self.stores, self.clock, self.transaction = stores, clock, transaction
        self.idp = SandboxProvider(clock=clock, **({} if speaks is None else {"speaks": speaks}))
        self.provider = self.idp.provider()
        if profile is not None:
            self.provider = Provider.discover(
                self.idp.issuer, client_id=CLIENT_ID, redirect_uri=self.provider.redirect_uri, profile=profile,
                transport=self.idp, clock=clock,
            )  # fmt: skip

    def begin(self, about=None, **more):
        return oidc.begin(self.provider, about, audience="permits", stores=self.stores, clock=self.clock, **more)

    def call(self, how, callback, challenge, **more):
        more = {"provider": self.provider, "transport": self.idp, **more}
        return how(callback, challenge.id, stores=self.stores, clock=self.clock, **more)

    def log_in(self, person=LAN, **more):
        challenge = self.begin()
        return self.call(oidc.log_in, self.idp.answer(challenge.url, person), challenge, **more)

    def approve(self, person=LAN, **more):
        challenge = self.begin(self.transaction)
        return self.call(oidc.verify, self.idp.answer(challenge.url, person), challenge, **more)


@pytest.fixture
def site(memory, clock, transaction):
    return Site(memory, clock, transaction)


# ── a session ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_login_without_a_transaction(site, clock):
    made = site.log_in()
    assert (made.identity, made.identity.name, made.method) == (LAN, LAN.name, "oidc")
    assert (made.factors, made.audience, made.authenticated_at) == (("have", "know"), "permits", clock.now())
    made.require(min=("vn-2024", "2"), max_age=timedelta(minutes=5), at=clock.now())


def test_it_is_as_fresh_as_an_approval(site, reasons, clock):
    challenge = site.begin()
    asked = parse_qs(urlsplit(challenge.url).query)
    assert (asked["prompt"], asked["max_age"], "ui_locales" in asked) == (["login"], ["0"], False)
    old = site.idp.answer(challenge.url, LAN, auth_time=clock.now() - timedelta(hours=1))
    with pytest.raises(AuthenticationError):
        site.call(oidc.log_in, old, challenge)
    assert reasons() == ["auth_time"]


@pytest.mark.parametrize("approves", [True, False])
def test_a_login_approves_nothing_and_an_approval_logs_nobody_in(site, reasons, approves):
    challenge = site.begin(None if approves else site.transaction)
    with pytest.raises(AuthenticationError):
        site.call(oidc.verify if approves else oidc.log_in, site.idp.answer(challenge.url, LAN), challenge)
    assert reasons() == ["challenge-purpose"]


def test_another_person_does_not_log_in(site, reasons):
    challenge = site.begin(subject=COMPANY)
    with pytest.raises(AuthenticationError):
        site.call(oidc.log_in, site.idp.answer(challenge.url, LAN), challenge)
    assert reasons() == ["other-person"]


def test_a_login_makes_the_round_by_json(site):
    made = site.log_in()
    again = Login.from_json(json.loads(json.dumps(made.to_json())))
    assert again == made
    assert again.identity.name == LAN.name


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"more": 1}, {"method": "O/P"}, {"factors": ["luck"]}, {"authenticated_at": "2026-03-02"},
        {"assurance": [{"scheme": "vn-2024", "value": "5", "source": "asserted"}]}, {"audience": ""},
        {"identity": {"scheme": "vn-cccd", "identifier": "1", "name": ""}}, {"warnings": [1]},
        {"assurance": [{"scheme": "vn-2024", "value": "1", "source": "asserted"}] * 2},
    ],
)  # fmt: skip
def test_a_kept_login_that_is_none_is_refused(site, change):
    with pytest.raises(EidkitError):
        Login.from_json({**site.log_in().to_json(), **change})


def test_a_kept_login_still_approves_nothing(site):
    again = Login.from_json(site.log_in().to_json())
    with pytest.raises(AuthenticationError):
        _ = again.transaction


# ── clients that sign ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def client_key(service_key):
    """Our client's key, at the provider by its public half."""
    return service_key


def test_a_client_that_signs_needs_no_secret(site, client_key):
    site.idp.client_keys[CLIENT_ID] = client_key.certificate.public_key()
    assert site.approve(client_key=client_key).identity == LAN
    assert site.log_in(client_key=client_key).identity == LAN


def test_without_its_signature_it_is_refused(site, client_key, reasons):
    site.idp.client_keys[CLIENT_ID] = client_key.certificate.public_key()
    for more in ({}, {"client_secret": "guessed"}):
        with pytest.raises(AuthenticationError):
            site.approve(**more)
    assert reasons() == ["code-exchange"] * 2


def test_another_key_is_refused(site, client_key, reasons):
    site.idp.client_keys[CLIENT_ID] = generate("p256").public_key()
    with pytest.raises(AuthenticationError):
        site.approve(client_key=client_key)
    assert reasons() == ["code-exchange"]


def test_an_assertion_is_for_the_issuer_for_a_minute_and_once(client_key, clock):
    made = [exchange.assertion(client_key, "permits", "https://id.example", clock.now()) for _ in range(2)]
    jws = foreign.compact(made[0])
    claims = json.loads(jws.payload)
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("permits", "permits", "https://id.example")
    assert claims["exp"] - claims["iat"] == 60
    assert made[0] != made[1]
    public = client_key.certificate.public_key()
    assert jwa.verify(public, jws.header["alg"], jws.signature, jws.signing_input)
    numbers = public.public_numbers()
    x, y = (shape.base64url(part.to_bytes(32)) for part in (numbers.x, numbers.y))
    assert jws.header["kid"] == PinnedKey.of({"kty": "EC", "crv": "P-256", "x": x, "y": y}, clock.now()).thumbprint


def test_a_replayed_assertion_is_refused_by_the_sandbox(site, client_key):
    site.idp.client_keys[CLIENT_ID] = client_key.certificate.public_key()
    kept = {}

    class Replaying:
        def send(self, request):
            if request.url.endswith("/token"):
                form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
                form["client_assertion"] = kept.setdefault("one", form["client_assertion"])
                body = exchange.urlencode(form).encode()
                return site.idp.send(replace(request, body=body))
            return site.idp.send(request)

    assert site.approve(client_key=client_key, transport=Replaying())
    with pytest.raises(AuthenticationError):
        site.approve(client_key=client_key, transport=Replaying())


def test_secret_and_key_together_are_the_callers_mistake(site, client_key):
    with pytest.raises(EidkitError) as caught:
        site.approve(client_key=client_key, client_secret="x")
    assert caught.value.code == "client-authentication"


def test_a_key_that_no_algorithm_fits_is_told(clock):
    from cryptography.hazmat.primitives.asymmetric import ec

    class Odd:
        class certificate:  # noqa: N801 - stands for an object with one method
            public_key = staticmethod(ec.generate_private_key(ec.SECP256K1()).public_key)

    with pytest.raises(NotSupported):
        exchange.assertion(Odd, "permits", "https://id.example", clock.now())


# ── claims that could name several ────────────────────────────────────────────────────────────────────────


class Told:
    """The portal, telling other claims."""

    def __init__(self, site, **claims):
        self.site, self.claims = site, claims

    def send(self, request):
        response = self.site.idp.send(request)
        if not request.url.endswith("/userinfo"):
            return response
        return replace(response, body=json.dumps({**json.loads(response.body), **self.claims}).encode())


@pytest.fixture
def portal(memory, clock, transaction):
    """A relying party that reads Vietnam's row."""
    return Site(memory, clock, transaction, PORTAL, NATIONAL_PORTAL)


@pytest.mark.parametrize("person", [LAN, OLD, COMPANY], ids=lambda one: one.scheme)
def test_the_one_claim_that_is_filled_in_names_the_holder(portal, person):
    made = portal.approve(person)
    assert (made.identity, made.identity.name, made.proof_class) == (person, person.name, "attested")
    assert recheck(made, None, [portal.provider])


@pytest.mark.parametrize("also", [{"SoCMND": "010880017"}, {"MaSoThue": "0101234567"}, {"SoCMND": "not a number"}])
def test_several_are_never_the_first_match(portal, also, reasons):
    with pytest.raises(AuthenticationError):
        portal.approve(transport=Told(portal, **also))
    assert reasons() == ["identifier-ambiguous"]


@pytest.mark.parametrize("claims", [{"SoDinhDanh": None}, {"SoDinhDanh": "  "}, {"SoDinhDanh": 1088000017}])
def test_nobody_is_named_by_what_is_blank_or_no_text(portal, claims, reasons):
    with pytest.raises(AuthenticationError):
        portal.approve(transport=Told(portal, **claims))
    assert reasons() == ["identifier"]


def test_the_kind_of_account_decides_where_the_deployer_knows_it(memory, clock, transaction, reasons):
    profile = national_portal(accounts={"1": "citizen", "3": "organisation"})
    site = Site(memory, clock, transaction, PORTAL, profile)
    both = Told(site, SoCMND="010880017", MaSoThue="0101234567")
    assert site.approve(LAN, transport=both).identity == LAN
    assert site.approve(COMPANY, transport=Told(site, SoDinhDanh=LAN.identifier)).identity == COMPANY
    with pytest.raises(AuthenticationError):
        site.approve(OLD)
    for kind in (None, "", True, "9"):
        with pytest.raises(AuthenticationError):
            site.approve(transport=Told(site, LoaiTaiKhoan=kind))
    assert reasons() == ["account"] * 5


def test_the_level_of_the_portal_is_a_table(memory, clock, transaction, reasons):
    levels = {"LoA1": [("vn-2024", "1")]}
    site = Site(memory, clock, transaction, PORTAL, national_portal(levels=levels))
    made = site.approve()
    assert made.assurance == (Assurance("vn-2024", "1", "asserted"),)
    assert recheck(made, None, [site.provider]).assurance == made.assurance
    for said in ("LoA2", None, 2, "", True):
        with pytest.raises(AuthenticationError):
            site.approve(transport=Told(site, loAs=said))
    assert reasons() == ["level"] * 5


def test_a_level_that_the_verifiers_table_lacks_is_refuted(memory, clock, transaction):
    site = Site(memory, clock, transaction, PORTAL, national_portal(levels={"LoA1": []}))
    other = replace(site.provider, levels=LevelRule.of("loAs", {"LoA3": []}))
    assert [found.code for found in recheck(site.approve(), None, [other]).findings] == ["LOGIN_RECHECK"]


def test_the_rules_make_the_round_by_file(memory, clock, transaction, tmp_path):
    profile = national_portal(accounts={"1": "citizen"}, levels={"LoA1": [("vn-2024", "1")]})
    provider = Site(memory, clock, transaction, PORTAL, profile).provider
    provider.write(tmp_path / "p.json")
    assert Provider.read(tmp_path / "p.json") == provider


@pytest.mark.parametrize(
    "wrong",
    [
        {"alternatives": (("a", "vn-cccd"),)},
        {"alternatives": (("", "vn-cccd"),)},
        {"accounts": AccountRule("", (("1", IdentifierRule("a", "vn-cccd")),))},
        {"accounts": AccountRule("kind", ())},
        {"accounts": AccountRule("kind", (("1", IdentifierRule("a", "vn-cccd")),) * 2)},
        {"levels": LevelRule("loa", (("1", ()),) * 2)},
        {"levels": LevelRule("loa", ())},
        {"levels": LevelRule("loa", tuple((str(n), ()) for n in range(65)))},
    ],
)
def test_rules_that_cannot_be_are_refused(wrong):
    with pytest.raises(EidkitError):
        Profile(IdentifierRule("a", "vn-cccd"), **wrong)


def test_a_holder_that_there_is_not_is_refused():
    with pytest.raises(EidkitError):
        national_portal(accounts={"1": "king"})
