from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from eidkit import canonical
from eidkit.auth import jwks, oidc, recheck
from eidkit.auth.jwk import PinnedKey
from eidkit.auth.oidc import Provider
from eidkit.binding import shape
from eidkit.binding.attestation import Attestation
from eidkit.binding.authentication import Authentication, Proof
from eidkit.errors import EidkitError, TransportError
from eidkit.sandbox.provider import CLIENT_ID, FAULTS, REDIRECT_URI, SandboxProvider
from tests.auth.portals import BINH, LAN, ProviderPortal


@pytest.fixture
def portal(stores, clock, transaction):
    return ProviderPortal(stores, clock, transaction)


# ── what a login gives ────────────────────────────────────────────────────────────────────────────────────


def test_a_login_gives_an_attested_authentication(portal, service_key, transaction, clock):
    challenge = portal.begin()
    callback = portal.idp.answer(challenge.url, LAN)
    clock.advance(timedelta(seconds=20))
    authentication = portal.verify(callback, challenge, attest=service_key)
    assert (authentication.identity, authentication.identity.name) == (LAN, LAN.name)
    assert authentication.transaction == transaction
    assert (authentication.method, authentication.proof_class) == ("oidc", "asserted")
    assert authentication.factors == ("have", "know")
    assert [(a.scheme, a.value, a.source) for a in authentication.assurance] == [("vn-2024", "2", "asserted")]
    assert authentication.authenticated_at == clock.now()
    assert authentication.challenge.issued <= authentication.authenticated_at <= authentication.challenge.expires
    assert Attestation.read(authentication.attestation).disagreements(authentication) == ()


def test_the_browser_is_sent_with_everything_that_binds(portal):
    challenge = portal.begin()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(challenge.url).query).items()}
    assert asked["prompt"] == "login"
    assert asked["max_age"] == "0"
    assert asked["code_challenge_method"] == "S256"
    assert asked["acr_values"].split()[1] == "urn:eidkit:sandbox:level:2"
    assert asked["ui_locales"] == "vi"
    assert len(shape.base64url_bytes(asked["nonce"], "n")) == 32
    assert (asked["client_id"], asked["redirect_uri"], asked["scope"]) == (CLIENT_ID, REDIRECT_URI, "openid")
    assert challenge.id not in challenge.url
    assert challenge.id not in repr(challenge)


def test_the_nonce_is_the_challenge_value(portal):
    challenge = portal.begin()
    authentication = portal.verify(portal.idp.answer(challenge.url, LAN), challenge)
    nonce = parse_qs(urlsplit(challenge.url).query)["nonce"][0]
    assert shape.base64url_bytes(nonce, "n") == authentication.challenge_value


def test_a_callback_may_be_an_address(portal):
    challenge = portal.begin()
    callback = f"{REDIRECT_URI}?{urlencode(portal.idp.answer(challenge.url, LAN))}"
    assert portal.verify(callback, challenge).identity == LAN


def test_a_confidential_client_presents_its_secret(portal):
    portal.idp.secret = "s3cr+t/:&"
    portal.refused(client_secret="wrong")
    portal.refused()
    challenge = portal.begin()
    assert portal.verify(portal.idp.answer(challenge.url, LAN), challenge, client_secret="s3cr+t/:&")


def test_a_provider_with_subjects_of_its_own(stores, clock, transaction):
    portal = ProviderPortal(stores, clock, transaction)
    portal.provider = replace(portal.provider, identifier=None)
    identity = portal.login().identity
    assert identity.scheme == f"oidc:{portal.idp.issuer}"
    assert identity != LAN


# ── attacks on the callback ───────────────────────────────────────────────────────────────────────────────


def test_a_code_of_another_request_is_refused_by_pkce(portal, reasons):
    attacker, victim = portal.begin(), portal.begin()
    stolen = portal.idp.answer(attacker.url, BINH)["code"]
    portal.refused({**portal.idp.answer(victim.url, LAN), "code": stolen}, victim)
    assert reasons() == ["code-exchange"]


def test_a_challenge_for_another_provider_is_refused(portal, clock, reasons):
    challenge = portal.begin()
    other = SandboxProvider("https://other.eidkit.test", clock=clock)
    portal.refused(portal.idp.answer(challenge.url, LAN), challenge, provider=other.provider(), transport=other)
    assert reasons() == ["challenge-provider"]


CALLBACKS = {
    "nothing": ({}, "state"),
    "an address that is none": (REDIRECT_URI + "?&&", "callback"),
    "no state": ({"state": None}, "state"),
    "the issuer missing": ({"iss": None}, "iss-callback"),
    "another issuer": ({"iss": "https://evil.eidkit.test"}, "iss-callback"),
    "an error": ({"error": "access_denied"}, "provider-error"),
    "no code": ({"code": None}, "code"),
    "an empty code": ({"code": ""}, "code"),
    "an endless code": ({"code": "x" * 5000}, "code"),
    "a code with a line break": ({"code": "x\r\nHost: evil"}, "code"),
    "an unknown code": ({"code": "x"}, "code-exchange"),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_callback_refused(portal, name, reasons):
    change, reason = CALLBACKS[name]
    challenge = portal.begin()
    good = portal.idp.answer(challenge.url, LAN)
    callback = (
        change
        if isinstance(change, str) or not change
        else {k: v for k, v in {**good, **change}.items() if v is not None}
    )
    portal.refused(callback, challenge)
    assert reasons() == [reason]


def test_a_parameter_given_twice_is_refused(portal, reasons):
    challenge = portal.begin()
    callback = f"{REDIRECT_URI}?{urlencode(portal.idp.answer(challenge.url, LAN))}&code=other"
    portal.refused(callback, challenge)
    assert reasons() == ["callback"]


# ── a provider that misbehaves ────────────────────────────────────────────────────────────────────────────

REFUSED = {
    "wrong-nonce": "nonce",
    "no-nonce": "nonce",
    "wrong-issuer": "iss",
    "wrong-audience": "aud",
    "extra-audience": "aud",
    "wrong-azp": "azp",
    "expired": "exp",
    "from-the-future": "iat",
    "stale": "iat",
    "not-yet": "nbf",
    "old-login": "auth_time",
    "no-auth-time": "auth_time",
    "no-acr": "acr",
    "other-acr": "acr",
    "wrong-at-hash": "at_hash",
    "wrong-c-hash": "c_hash",
    "no-subject": "sub",
    "long-subject": "sub",
    "no-identifier": "identifier",
    "misspelt-identifier": "identifier",
    "no-algorithm": "alg",
    "mac": "alg",
    "wrong-type": "typ",
    "logout-type": "typ",
    "critical": "crit",
    "unknown-kid": "key",
    "bad-signature": "signature",
    "embedded-key": "key",
    "duplicate-member": "token-payload",
    "no-callback-issuer": "iss-callback",
    "wrong-callback-issuer": "iss-callback",
    "wrong-state": "state",
    "not-json": "token-answer",
}


def test_every_fault_of_the_sandbox_has_its_answer():
    elsewhere = {"down", "no-kid", "other-keys", "other-issuer", "other-userinfo-subject", "no-userinfo-subject"}
    assert REFUSED.keys() | elsewhere == FAULTS


@pytest.mark.parametrize("fault", REFUSED)
def test_fault_refused(portal, fault, reasons):
    portal.idp.faults = {fault}
    portal.refused()
    assert reasons() == [REFUSED[fault]]


def test_a_provider_that_is_down_is_outside(portal):
    challenge = portal.begin()
    callback = portal.idp.answer(challenge.url, LAN)
    portal.idp.faults = {"down"}
    with pytest.raises(TransportError):
        portal.verify(callback, challenge)
    portal.idp.faults = set()
    portal.refused(callback, challenge)


def test_a_login_before_the_challenge_does_not_count(portal, clock, reasons):
    challenge = portal.begin()
    session = clock.now() - timedelta(minutes=10)
    portal.refused(portal.idp.answer(challenge.url, LAN, auth_time=session), challenge)
    assert reasons() == ["auth_time"]


def test_a_token_is_accepted_once(portal, stores, clock):
    authentication = portal.login()
    token = authentication.disclosure.proof.decode()
    from eidkit.auth.foreign import NotAccepted

    with pytest.raises(NotAccepted):
        oidc._use_up(token, {"exp": clock.now().timestamp()}, stores, clock.now())
    respelt = token.rsplit(".", 1)[0] + ".AAAA"
    with pytest.raises(NotAccepted):
        oidc._use_up(respelt, {"exp": clock.now().timestamp()}, stores, clock.now())


def test_every_refusal_says_the_same_and_shows_nothing(portal, caplog):
    caplog.set_level(logging.DEBUG)
    errors = [portal.refused({})]
    for fault in ("wrong-nonce", "bad-signature", "no-acr"):
        portal.idp.faults = {fault}
        challenge = portal.begin()
        callback = portal.idp.answer(challenge.url, LAN)
        errors.append(portal.refused(callback, challenge))
        for hidden in (callback["code"], callback["state"], challenge.id, LAN.identifier):
            assert hidden not in str([record.__dict__ for record in caplog.records])
            assert hidden not in repr(errors[-1])
    assert len({(e.code, str(e)) for e in errors}) == 1


# ── keys that change ──────────────────────────────────────────────────────────────────────────────────────


def test_a_new_key_is_found(portal):
    portal.idp.rotate()
    assert portal.login()
    assert portal.idp.requests.count("/jwks") == 2
    assert portal.login(BINH)
    assert portal.idp.requests.count("/jwks") == 2


def test_unknown_keys_are_looked_for_once_in_five_minutes(portal, clock):
    portal.idp.faults = {"unknown-kid"}
    for _ in range(5):
        portal.refused()
    assert portal.idp.requests.count("/jwks") == 2
    clock.advance(timedelta(seconds=301))
    portal.refused()
    assert portal.idp.requests.count("/jwks") == 3


def test_a_pin_that_has_ended_is_not_brought_back_by_the_published_set(portal, clock, reasons):
    (pin,) = portal.provider.keys
    portal.provider = portal.provider.with_keys((), until={pin.thumbprint: clock.now() - timedelta(seconds=1)})
    portal.refused()
    assert reasons() == ["key"]


def test_found_keys_are_forgotten_after_a_day(portal, clock):
    portal.idp.rotate()
    portal.login()
    clock.advance(timedelta(days=1))
    portal.idp._keys = portal.idp._keys[1:]
    assert portal.login()
    portal.idp.rotate()
    assert portal.login(BINH)


def test_planted_keys_do_not_open(portal, stores, clock):
    from eidkit.errors import StoreError

    attacker = SandboxProvider(portal.idp.issuer, clock=clock)
    planted = canonical.dumps([pin.to_json() for pin in attacker.provider().keys])
    with stores.unit() as unit:
        unit.put_note(jwks._name("keys", portal.provider, stores), planted, int(clock.now().timestamp()))
    challenge = portal.begin()
    with pytest.raises(StoreError):
        portal.verify(portal.idp.answer(challenge.url, LAN), challenge)


# ── discovery ─────────────────────────────────────────────────────────────────────────────────────────────


class Edited:
    """The sandbox's provider with other metadata."""

    def __init__(self, idp, change):
        self.idp, self.change = idp, change

    def send(self, request):
        import json

        response = self.idp.send(request)
        body = json.loads(response.body)
        self.change(body)
        return replace(response, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(issuer="https://evil.eidkit.test"),
        lambda m: m.pop("issuer", None),
        lambda m: m.update(token_endpoint="http://id.sandbox.eidkit.test/token"),
        lambda m: m.update(jwks_uri="file:///etc/passwd"),
        lambda m: m.pop("authorization_endpoint", None),
        lambda m: m.update(id_token_signing_alg_values_supported=["none", "HS256"]),
        lambda m: m.update(id_token_signing_alg_values_supported="ES256"),
        lambda m: m.update(keys=[]) if "keys" in m else None,
        lambda m: m.update(keys=[{"kty": "oct", "k": "AAAA"}]) if "keys" in m else None,
        lambda m: m.update(keys="x") if "keys" in m else None,
    ],
    ids=range(10),
)
def test_metadata_refused(clock, change):
    idp = SandboxProvider(clock=clock)
    with pytest.raises(EidkitError):
        Provider.discover(idp.issuer, client_id="x", transport=Edited(idp, change), clock=clock)


@pytest.mark.parametrize("url", ["http://id.sandbox.eidkit.test", "id.sandbox.eidkit.test", "", "https://a b"])
def test_an_issuer_must_be_https(clock, url):
    with pytest.raises(EidkitError):
        Provider.discover(url, client_id="x", transport=SandboxProvider(clock=clock), clock=clock)


def test_a_provider_that_is_no_provider(clock):
    idp = SandboxProvider(clock=clock)
    for fault in ("down", "not-json"):
        idp.faults = {fault}
        with pytest.raises(TransportError):
            Provider.discover(idp.issuer, client_id="x", transport=idp, clock=clock)


def test_discovered_keys_are_pinned_from_now_without_an_end(portal, clock):
    assert [(pin.valid_from, pin.valid_until) for pin in portal.provider.keys] == [(clock.now(), None)]


def test_a_value_without_endpoints_cannot_begin(portal, stores, transaction, clock):
    for missing in ("authorization_endpoint", "redirect_uri"):
        with pytest.raises(EidkitError) as caught:
            oidc.begin(
                replace(portal.provider, **{missing: None}), transaction, audience="a", stores=stores, clock=clock
            )
        assert caught.value.kind == "configuration"


# ── recheck ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def authentication(portal, clock):
    challenge = portal.begin()
    callback = portal.idp.answer(challenge.url, LAN)
    clock.advance(timedelta(seconds=30))
    return portal.verify(callback, challenge)


@pytest.fixture
def pinned(portal, tmp_path):
    portal.provider.write(tmp_path / "provider.json")
    return Provider.read(tmp_path / "provider.json")


def codes(result):
    return [found.code for found in result.findings]


def test_a_kept_login_rechecks_years_later_with_the_pin_file(authentication, pinned, tmp_path, clock):
    authentication.write(tmp_path / "a.json")
    clock.advance(timedelta(days=3650))
    result = recheck(Authentication.read(tmp_path / "a.json"), None, [pinned])
    assert result
    assert codes(result) == []
    assert [(a.scheme, a.value, a.source) for a in result.assurance] == [("vn-2024", "2", "asserted")]


def test_without_the_provider_it_is_undecided(authentication, clock):
    assert codes(recheck(authentication, None)) == ["LOGIN_RECHECK_UNDECIDED"]
    other = SandboxProvider("https://other.eidkit.test", clock=clock).provider()
    assert codes(recheck(authentication, None, [other])) == ["LOGIN_RECHECK_UNDECIDED"]


def test_a_key_of_the_proof_is_never_trusted(authentication, pinned):
    assert codes(recheck(authentication, None, [replace(pinned, keys=())])) == ["LOGIN_RECHECK_UNDECIDED"]
    other = SandboxProvider(pinned.issuer).provider()
    assert codes(recheck(authentication, None, [replace(pinned, keys=other.keys)])) == ["LOGIN_RECHECK_UNDECIDED"]


def test_a_key_pinned_from_a_later_time_does_not_count(authentication, pinned):
    later = replace(pinned.keys[0], valid_from=authentication.authenticated_at + timedelta(seconds=1))
    assert codes(recheck(authentication, None, [replace(pinned, keys=(later,))])) == ["LOGIN_RECHECK_UNDECIDED"]


def test_a_key_that_has_ended_counts_for_signatures_proved_older(authentication, pinned):
    end = authentication.authenticated_at + timedelta(hours=1)
    ended = [pinned.with_keys((), until={pinned.keys[0].thumbprint: end})]
    assert recheck(authentication, None, ended, signed_at=end)
    assert codes(recheck(authentication, None, ended)) == ["LOGIN_RECHECK_UNDECIDED"]
    assert codes(recheck(authentication, None, ended, signed_at=end + timedelta(seconds=1))) == ["LOGIN_RECHECK"]


def test_the_proof_of_another_transaction_is_refuted(authentication, pinned, other_transaction):
    moved = replace(authentication, transaction=other_transaction)
    assert codes(recheck(moved, None, [pinned])) == ["LOGIN_RECHECK"]


def test_another_person_in_the_disclosure_is_noticed(authentication, pinned):
    from eidkit.binding.authentication import subject_commitment

    disclosure = replace(authentication.disclosure, identity=BINH)
    assert codes(recheck(replace(authentication, disclosure=disclosure), None, [pinned])) == ["SUBJECT_COMMITMENT"]
    forged = replace(authentication, disclosure=disclosure, subject=subject_commitment(BINH, disclosure.salt))
    assert codes(recheck(forged, None, [pinned])) == ["LOGIN_RECHECK"]


def test_erasure_is_reported(authentication, pinned):
    assert codes(recheck(replace(authentication, disclosure=None), None, [pinned])) == ["ERASED"]


def test_assurance_is_that_of_the_verifiers_map(authentication, pinned):
    from eidkit.binding.authentication import Assurance

    high = replace(authentication, assurance=(Assurance("vn-2024", "4", "asserted"),))
    assert [a.value for a in recheck(high, None, [pinned]).assurance] == ["2"]
    lowered = replace(pinned, acr=(("urn:eidkit:sandbox:level:2", (Assurance("vn-2024", "1", "asserted"),)),))
    assert [a.value for a in recheck(authentication, None, [lowered]).assurance] == ["1"]


def test_a_session_older_than_the_challenge_is_refuted(authentication, pinned):
    facts = authentication.challenge
    issued = facts.issued + timedelta(minutes=2)
    moved = replace(authentication, authenticated_at=issued, challenge=replace(facts, issued=issued))
    assert codes(recheck(moved, None, [pinned])) == ["LOGIN_RECHECK"]


@pytest.mark.parametrize("proof", [b"", b"a.b.c", b"\xff\xfe", b".." * 9, b"e30.e30.AAAA"])
def test_a_malformed_proof_never_raises(authentication, pinned, proof):
    broken = replace(
        authentication,
        proof=Proof.of(authentication.proof.media_type, proof),
        disclosure=replace(authentication.disclosure, proof=proof),
    )
    assert not recheck(broken, None, [pinned])


def test_a_tampered_token_is_refuted(authentication, pinned):
    head, body, value = authentication.disclosure.proof.decode().split(".")
    claims = shape.base64url_bytes(body, "b").replace(b"level:2", b"level:3")
    proof = f"{head}.{shape.base64url(claims)}.{value}".encode()
    forged = replace(
        authentication,
        proof=Proof.of(authentication.proof.media_type, proof),
        disclosure=replace(authentication.disclosure, proof=proof),
    )
    assert codes(recheck(forged, None, [pinned])) == ["LOGIN_RECHECK"]


def test_an_id_token_is_never_transferable_nor_attested(authentication, pinned):
    for claimed in ("transferable", "attested"):
        assert "LOGIN_RECHECK" in codes(recheck(replace(authentication, proof_class=claimed), None, [pinned]))


def test_the_sandbox_has_a_provider(transaction, stores):
    from eidkit.clock import FixedClock
    from eidkit.sandbox import Sandbox

    clock = FixedClock(transaction_time())
    sandbox = Sandbox.create(clock=clock)
    provider = sandbox.provider.provider()
    challenge = oidc.begin(provider, transaction, audience="permits", stores=stores, clock=clock)
    callback = sandbox.provider.answer(challenge.url, LAN)
    given = {"provider": provider, "stores": stores, "transport": sandbox, "clock": clock}
    authentication = oidc.verify(callback, challenge.id, attest=sandbox.service_key, **given)
    assert authentication.identity == LAN


def transaction_time():
    from datetime import UTC, datetime

    return datetime(2026, 3, 2, 9, 14, tzinfo=UTC)


def test_two_pins_of_one_key_are_one(portal, clock):
    again = PinnedKey.of(portal.provider.keys[0].to_json()["jwk"], clock.now())
    assert portal.provider.with_keys([again]).keys == portal.provider.keys
