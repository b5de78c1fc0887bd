"""The flow of a partner that encrypts what it says and signs nothing: what a login gives, each check, each attack."""

from __future__ import annotations

import base64
import json
import logging
import pickle
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidkit import canonical
from eidkit.auth import AllOf, Login, Stores, oidc, otp, pinned_files, recheck, vneid
from eidkit.auth.vneid_kept import KeptAnswer
from eidkit.binding import shape
from eidkit.binding.attestation import Attestation
from eidkit.binding.authentication import Authentication
from eidkit.errors import AuthenticationError, EidkitError, KeyUnusable, Text, TransportError
from eidkit.sandbox.partner import CLIENT_ID, CLIENT_SECRET, NAME, PARTNER_FAULTS, SandboxPartner
from eidkit.sandbox.provider import REDIRECT_URI, SandboxProvider
from eidkit.transport import Response
from eidkit.vn import VNEID, vneid_profile
from tests.auth.portals import BINH, LAN, PartnerPortal
from tests.auth.remade import with_members, with_proof


@pytest.fixture
def portal(memory, clock, transaction, relying_key):
    return PartnerPortal(memory, clock, transaction, relying_key)


def codes(result):
    return [found.code for found in result.findings]


# ── what a login gives ────────────────────────────────────────────────────────────────────────────────────


def test_a_login_is_attested_and_names_the_person(portal, service_key, transaction, clock):
    challenge = portal.begin()
    callback = portal.idp.answer(challenge.url, LAN)
    clock.advance(timedelta(seconds=20))
    made = portal.verify(callback, challenge, attest=service_key)
    assert (made.identity, made.identity.name) == (LAN, LAN.name)
    assert (made.transaction, made.method, made.proof_class) == (transaction, "vneid", "attested")
    assert [(one.scheme, one.value, one.source) for one in made.assurance] == [("vn-2024", "2", "asserted")]
    assert made.factors == ()
    assert made.authenticated_at == clock.now()
    assert Attestation.read(made.attestation).disagreements(made) == ()


def test_the_same_on_every_store(stores, clock, transaction, relying_key):
    assert PartnerPortal(stores, clock, transaction, relying_key).login().identity == LAN


def test_the_state_is_the_challenge_value(portal):
    challenge = portal.begin()
    made = portal.verify(portal.idp.answer(challenge.url, LAN), challenge)
    state = parse_qs(urlsplit(challenge.url).query)["state"][0]
    assert shape.base64url_bytes(state, "state") == made.challenge_value


def test_the_browser_is_sent_with_what_this_flow_knows(portal):
    portal.partner = replace(portal.partner, asked=(("prompt", "login"), ("state", "mine")))
    challenge = portal.begin()
    asked = parse_qs(urlsplit(challenge.url).query)
    assert asked.keys() == {"response_type", "client_id", "redirect_uri", "scope", "state", "prompt"}
    assert asked["prompt"] == ["login"]
    assert asked["state"] != ["mine"]
    assert challenge.id not in challenge.url


def test_a_plain_code_is_taken_as_well(portal):
    portal.idp.encrypts_code = False
    assert portal.login().identity == LAN


def test_the_address_as_it_stands_in_the_browser(portal):
    for _ in range(8):
        # Base64 has a + in it more often than not.
        challenge = portal.begin()
        address = portal.idp._way_back(REDIRECT_URI, portal.idp.answer(challenge.url, LAN))
        assert portal.verify(address, challenge).identity == LAN


def test_a_plus_that_a_framework_made_a_space_of_is_mended(portal):
    for _ in range(8):
        challenge = portal.begin()
        address = portal.idp._way_back(REDIRECT_URI, portal.idp.answer(challenge.url, LAN))
        decoded = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert portal.verify(decoded, challenge).identity == LAN


def test_pkce_where_the_partner_checks_it(portal):
    portal.partner = portal.idp.partner(pkce=True)
    made = portal.login()
    assert "pkce" in [check.name for check in made.checks]
    assert made.warnings == (vneid.NO_TIME,)


def test_what_the_partner_does_not_bind_is_a_warning(portal):
    assert portal.login().warnings == (vneid.NO_TIME, vneid.NO_PKCE)


def test_the_time_that_the_partner_says_is_checked(portal, clock, reasons):
    portal.partner = replace(portal.partner, time_claim="loginAt")
    portal.idp.more_claims = {"loginAt": int(clock.now().timestamp())}
    assert vneid.NO_TIME not in portal.login().warnings
    for wrong in (int(clock.now().timestamp()) - 3600, int(clock.now().timestamp()) + 3600, None, "now", True):
        portal.idp.more_claims = {"loginAt": wrong}
        portal.refused()
    assert reasons() == ["login-time"] * 5


def test_a_login_for_a_session_needs_no_transaction(portal, clock):
    challenge = portal.begin(transaction=None)
    made = portal.verify(portal.idp.answer(challenge.url, LAN), challenge, call=vneid.log_in)
    assert (made.identity, made.method, made.audience, made.authenticated_at) == (LAN, "vneid", "permits", clock.now())
    assert Login.from_json(made.to_json()) == made


def test_a_login_for_a_session_approves_nothing(portal, reasons):
    for about, call in ((None, vneid.verify), (portal.transaction, vneid.log_in)):
        challenge = portal.begin(transaction=about)
        portal.refused(portal.idp.answer(challenge.url, LAN), challenge, call=call)
    assert reasons() == ["challenge-purpose"] * 2


def test_it_joins_with_a_code_of_the_same_person(portal, make_phone, clock):
    app = make_phone(otp.enrol(LAN, issuer="x", stores=portal.stores).uri)
    challenge = otp.begin(LAN, portal.transaction, audience="permits", stores=portal.stores, clock=clock)
    code = otp.verify(app.code(clock.now()), challenge.id, stores=portal.stores, clock=clock)
    joined = AllOf(portal.login(acr="1"), code)
    # The partner says nothing of factors, so two members are not two factors.
    assert [(one.scheme, one.value) for one in joined.assurance] == [("vn-2024", "1"), ("nist-aal", "1")]


# ── attacks on the callback ───────────────────────────────────────────────────────────────────────────────


def test_a_code_of_another_request_is_refused_where_pkce_is_checked(portal, reasons):
    portal.partner = portal.idp.partner(pkce=True)
    attacker, victim = portal.begin(), portal.begin()
    stolen = portal.idp.answer(attacker.url, BINH)
    own = portal.idp.answer(victim.url, LAN)
    portal.refused({**own, "code": stolen["code"], "encrypt_key": stolen["encrypt_key"]}, victim)
    assert reasons() == ["code-exchange"]


def test_an_exchange_that_outlives_the_challenge_is_refused(portal, clock, reasons):
    class Slow:
        def send(self, request):
            response = portal.idp.send(request)
            if request.url.endswith("/userinfo"):
                clock.advance(timedelta(minutes=6))
            return response

    portal.refused(transport=Slow())
    assert reasons() == ["challenge-time"]


def test_a_challenge_for_another_partner_is_refused(portal, reasons):
    challenge = portal.begin()
    other = replace(portal.partner, name="https://other.example")
    portal.refused(portal.idp.answer(challenge.url, LAN), challenge, partner=other)
    assert reasons() == ["challenge-provider"]


CALLBACKS = {
    "nothing": ({}, "state"),
    "an address that is none": (REDIRECT_URI + "?&&", "callback"),
    "no state": ({"state": None}, "state"),
    "an error": ({"error": "access_denied"}, "provider-error"),
    "no code": ({"code": None}, "code"),
    "an endless code": ({"code": "x" * 5000}, "code"),
    "a code with a line break": ({"code": "x\r\nHost: evil"}, "code"),
    "a code that is no base64": ({"code": "x"}, "code"),
    "a code of no block": ({"code": ""}, "code"),
    "a code of half a block": ({"code": "AAAA"}, "code"),
    "an unknown code": ({"code": "AAAAAAAAAAAAAAAAAAAAAA=="}, "code-exchange"),
    "a key that is none": ({"encrypt_key": "AAAA"}, "code"),
    "a key with white space": ({"encrypt_key": "AAAA\n"}, "code"),
    "a wrapped key above the modulus": ({"encrypt_key": base64.b64encode(b"\xff" * 256).decode()}, "code-exchange"),
    "a wrapped key of nothing": ({"encrypt_key": base64.b64encode(bytes(256)).decode()}, "code-exchange"),
    "a plain code that nobody gave": ({"code": "x", "encrypt_key": None}, "code-exchange"),
    "the encrypted code as it is": ({"encrypt_key": None}, "code-exchange"),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_callback_refused(portal, name, reasons):
    change, reason = CALLBACKS[name]
    challenge = portal.begin()
    good = portal.idp.answer(challenge.url, LAN)
    merged = {**good, **change} if isinstance(change, dict) else {}
    callback = {k: v for k, v in merged.items() if v is not None} if isinstance(change, dict) and change else change
    portal.refused(callback, challenge)
    assert reasons() == [reason]


def test_a_parameter_given_twice_is_refused(portal, reasons):
    challenge = portal.begin()
    address = portal.idp._way_back(REDIRECT_URI, portal.idp.answer(challenge.url, LAN))
    portal.refused(address + "&code=other", challenge)
    assert reasons() == ["callback"]


def test_the_codes_exchange_is_ours_and_needs_our_secret(portal, reasons):
    portal.refused(client_secret="wrong")
    portal.refused(client_secret=None)
    assert reasons() == ["code-exchange"] * 2


@given(st.text(max_size=200))
def test_a_callback_is_text_of_anybody(text):
    idp = HOSTILE
    challenge = vneid.begin(idp.partner(), audience="permits", stores=STORES)
    with pytest.raises(AuthenticationError):
        vneid.log_in(
            REDIRECT_URI + "?" + text, challenge.id, partner=idp.partner(), decryption_key=idp.decryption_key,
            stores=STORES, transport=idp,
        )  # fmt: skip


HOSTILE, STORES = SandboxPartner(), Stores.memory()


# ── a partner that misbehaves, or somebody between ────────────────────────────────────────────────────────

SEALED = (
    "plain-body", "for-another-key", "wrong-padding", "half-a-block", "short-wrapped-key", "odd-aes-key",
    "one-more-member", "member-twice", "line-breaks",
)  # fmt: skip
REFUSED = {
    **dict.fromkeys(SEALED, "sealed-body"),
    "no-json-inside": "token-answer",
    "no-number": "identifier",
    "misspelt-number": "identifier",
    "number-as-number": "identifier",
    "no-account-level": "level",
    "unknown-account-level": "level",
    "truth-as-account-level": "level",
    "no-access-token": "token-answer",
    "other-token-type": "token-answer",
    "split-access-token": "access-token",
    "code-for-another-key": "code-exchange",
    "code-with-wrong-padding": "code-exchange",
    "code-of-nobody": "code-exchange",
}


def test_every_fault_of_the_sandbox_has_its_answer():
    assert REFUSED.keys() == PARTNER_FAULTS


@pytest.mark.parametrize("fault", REFUSED)
def test_fault_refused(portal, fault, reasons):
    portal.idp.faults.add(fault)
    portal.refused()
    assert reasons() == [REFUSED[fault]]


@pytest.mark.parametrize("fault", SEALED)
def test_fault_of_the_answer_refused(portal, fault, reasons):
    class Between:
        def send(self, request):
            return portal.idp.respond(request, *([fault] if request.url.endswith("/userinfo") else ()))

    portal.refused(transport=Between())
    assert reasons() == ["sealed-body"]


def test_every_refusal_says_the_same(portal):
    said = set()
    for fault in REFUSED:
        portal.idp.faults = {fault}
        error = portal.refused()
        said.add((error.code, str(error), error.problem.vi))
    assert len(said) == 1


def test_a_code_that_does_not_open_is_exchanged_like_one_that_does(portal):
    """No oracle: what a browser made up leads to the same requests, whether it opened or not."""
    asked = []
    for fault in ("code-for-another-key", "code-with-wrong-padding", "code-of-nobody"):
        portal.idp.faults, portal.idp.requests = {fault}, []
        portal.refused()
        asked.append(portal.idp.requests)
    assert asked == [["/token"]] * 3


def test_what_the_key_says_of_a_wrapped_key_is_not_passed_on(portal, reasons):
    class Device:
        """A key that names its troubles, as hardware does."""

        size = portal.idp.decryption_key.size

        def decrypt(self, _wrapped):
            raise ValueError("block type is not 02")

    portal.refused(decryption_key=Device())
    portal.idp.encrypts_code = False
    portal.refused(decryption_key=Device())
    assert reasons() == ["code-exchange", "sealed-body"]


def test_a_key_that_cannot_be_used_is_no_refusal_of_the_person(portal):
    class Gone:
        size = portal.idp.decryption_key.size

        def decrypt(self, _wrapped):
            raise KeyUnusable("gone", Text("x", "x"), Text("x", "x"))

    challenge = portal.begin()
    with pytest.raises(KeyUnusable):
        portal.verify(portal.idp.answer(challenge.url, LAN), challenge, decryption_key=Gone())


def test_an_access_token_is_accepted_once(portal, reasons):
    """A partner, or somebody between, that answers another exchange with what it answered before."""
    kept = {}

    class Replaying:
        def send(self, request):
            response = portal.idp.send(request)
            if request.url.endswith("/token"):
                return kept.setdefault("token", response)
            return response

    first = portal.begin()
    portal.verify(portal.idp.answer(first.url, LAN), first, transport=Replaying())
    second = portal.begin()
    portal.refused(portal.idp.answer(second.url, BINH), second, transport=Replaying())
    assert reasons() == ["replay"]


def test_a_code_is_accepted_once_whatever_the_partner_thinks(portal, reasons):
    class Generous:
        """Gives a fresh token for any code."""

        def send(self, request):
            if request.url.endswith("/token"):
                said = {"access_token": base64.urlsafe_b64encode(request.body[-9:] + bytes([self.n])).decode()}
                self.n += 1
                return portal.idp._hidden({"token_type": "Bearer", **said}, {}, ())
            return portal.idp._hidden({"citizenPid": LAN.identifier, "accountLevel": 2}, {}, ())

        n = 0

    generous = Generous()
    portal.idp.encrypts_code = False
    for number in range(2):
        challenge = portal.begin()
        state = parse_qs(urlsplit(challenge.url).query)["state"][0]
        if number == 0:
            portal.verify({"code": "same", "state": state}, challenge, transport=generous)
        else:
            portal.refused({"code": "same", "state": state}, challenge, transport=generous)
    assert reasons() == ["replay"]


def test_the_access_token_goes_to_the_configured_address_only(portal):
    seen = []

    class Redirecting:
        def send(self, request):
            seen.append(request)
            if request.url.endswith("/userinfo"):
                return Response(302, {"location": "https://evil.eidkit.test/"}, b"")
            return portal.idp.send(request)

    challenge = portal.begin()
    with pytest.raises(TransportError):
        portal.verify(portal.idp.answer(challenge.url, LAN), challenge, transport=Redirecting())
    assert [urlsplit(one.url).hostname for one in seen] == [urlsplit(NAME).hostname] * 2
    assert seen[-1].redirects == 0


@pytest.mark.parametrize("path", ["/token", "/userinfo"])
@pytest.mark.parametrize(
    "answer",
    [Response(500, {}, b""), Response(302, {"location": "/"}, b""), Response(200, {}, b"x" * 300_000)],
    ids=["500", "302", "endless"],
)
def test_a_partner_in_trouble_is_outside(portal, path, answer):
    class Troubled:
        def send(self, request):
            return answer if request.url.endswith(path) else portal.idp.send(request)

    challenge = portal.begin()
    with pytest.raises(TransportError) as caught:
        portal.verify(portal.idp.answer(challenge.url, LAN), challenge, transport=Troubled())
    assert caught.value.retryable


def test_a_userinfo_that_refuses_is_the_persons(portal, reasons):
    class Refusing:
        def send(self, request):
            return Response(401, {}, b"") if request.url.endswith("/userinfo") else portal.idp.send(request)

    portal.refused(transport=Refusing())
    assert reasons() == ["userinfo"]


@given(st.binary(max_size=300))
def test_whatever_comes_as_a_body_is_our_refusal(body):
    class Hostile:
        def send(self, request):
            return Response(200, {}, body) if request.url.endswith("/token") else HOSTILE.send(request)

    partner = HOSTILE.partner()
    challenge = vneid.begin(partner, audience="permits", stores=STORES)
    with pytest.raises(AuthenticationError):
        vneid.log_in(
            HOSTILE.answer(challenge.url, LAN), challenge.id, partner=partner, decryption_key=HOSTILE.decryption_key,
            stores=STORES, transport=Hostile(),
        )  # fmt: skip


# ── what stays secret ─────────────────────────────────────────────────────────────────────────────────────


def test_the_proof_holds_no_code_and_no_token(portal):
    seen = []

    class Watching:
        def send(self, request):
            seen.append(request)
            return portal.idp.send(request)

    made = portal.login(more={"transport": Watching()})
    form = parse_qs(seen[0].body.decode())
    access = seen[1].headers["authorization"].removeprefix("Bearer ")
    kept = (
        json.dumps(made.to_json())
        + shape.base64url_bytes(canonical.loads(made.disclosure.proof)["answer"], "a").decode()
    )
    for secret in (form["code"][0], access, CLIENT_SECRET + '"', form["encrypt_key"][0]):
        assert secret not in kept


def test_no_number_and_no_secret_in_the_log_or_a_repr(portal, caplog):
    caplog.set_level(logging.DEBUG)
    made = portal.login()
    portal.idp.faults = {"misspelt-number"}
    error = portal.refused()
    shown = caplog.text + repr(made) + repr(error) + repr(portal.partner) + repr(portal.idp.decryption_key)
    assert LAN.identifier not in shown
    assert "PRIVATE" not in shown


def test_the_key_is_not_pickled(portal):
    with pytest.raises(TypeError):
        pickle.dumps(portal.idp.decryption_key)


# ── our key ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_from_a_file(portal, tmp_path):
    from eidkit.sandbox.keys import private_pem

    path = tmp_path / "ours.pem"
    path.write_bytes(private_pem(portal.idp.private, "s3cret"))
    key = vneid.PemDecryptionKey.open(path, password="s3cret")
    assert portal.login(more={"decryption_key": key}).identity == LAN
    for wrong in ("other", None):
        with pytest.raises(KeyUnusable):
            vneid.PemDecryptionKey.open(path, password=wrong)


def test_what_is_no_key_is_refused(tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    from eidkit.sandbox.keys import private_pem

    path = tmp_path / "key.pem"
    for data in (
        b"nothing",
        private_pem(ec.generate_private_key(ec.SECP256R1())),
        private_pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - too weak on purpose
    ):
        path.write_bytes(data)
        with pytest.raises(KeyUnusable):
            vneid.PemDecryptionKey.open(path)


# ── the partner value ─────────────────────────────────────────────────────────────────────────────────────


def test_a_partner_makes_the_round_by_file(portal, tmp_path):
    partner = replace(portal.partner, pkce=True, time_claim="t", asked=(("prompt", "login"),), userinfo_method="POST")
    partner.write(tmp_path / "p.json")
    assert vneid.Partner.read(tmp_path / "p.json") == partner
    assert pinned_files.read(tmp_path / "p.json") == partner


def test_a_pin_file_of_either_kind_is_known_by_itself(portal, clock, tmp_path):
    provider = SandboxProvider(clock=clock).provider()
    provider.write(tmp_path / "o.json")
    assert pinned_files.read(tmp_path / "o.json") == provider


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "http://partner.example"},
        {"token_endpoint": "http://partner.example/token"},
        {"userinfo_method": "PUT"},
        {"client_id": ""},
        {"profile": oidc.Profile()},
        {"profile": oidc.Profile(("citizenPid", "vn-cccd"), acr=(("1", ()),), claims_from="userinfo")},
        {"profile": oidc.Profile(("citizenPid", "vn-cccd"))},
        {"asked": (("", "x"),)},
    ],
)
def test_a_partner_that_cannot_be_is_refused(portal, wrong):
    with pytest.raises(EidkitError):
        replace(portal.partner, **wrong)


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"kind": "other"}, {"more": 1}, {"pkce": 1}, {"levels": {}}, {"asked": []}]
)
def test_a_file_that_is_no_partners_is_refused(portal, change):
    with pytest.raises(EidkitError):
        vneid.Partner.from_json({**portal.partner.to_json(), **change})


# ── Vietnam's row ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_row_of_vneid_counts_for_nothing_until_the_deployer_says_so(portal):
    portal.partner = replace(portal.partner, profile=VNEID)
    made = portal.login()
    assert (made.identity, made.assurance) == (LAN, ())


def test_the_deployers_levels_are_a_table_and_nothing_above_it(portal, reasons):
    portal.partner = replace(portal.partner, profile=vneid_profile(levels={"1": [("vn-2024", "1")]}))
    assert [one.value for one in portal.login(acr="1").assurance] == ["1"]
    portal.refused()
    assert reasons() == ["level"]


def test_an_account_of_another_kind_is_refused(portal, reasons):
    portal.partner = replace(portal.partner, profile=vneid_profile(levels={"2": []}, accounts=["1"]))
    portal.idp.more_claims = {"accountType": 1}
    assert portal.login().identity == LAN
    for other in (2, "", None, "organisation"):
        portal.idp.more_claims = {"accountType": other}
        portal.refused()
    assert reasons() == ["account"] * 4


# ── recheck ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def kept(portal, tmp_path, clock, service_key):
    """A login and what the verifier knows of the partner, written, read again ten years later."""
    portal.login(more={"attest": service_key}).write(tmp_path / "a.json")
    portal.partner.write(tmp_path / "p.json")
    clock.advance(timedelta(days=3650))
    return Authentication.read(tmp_path / "a.json"), pinned_files.read(tmp_path / "p.json")


def test_a_kept_login_rechecks_offline_as_attested(kept):
    result = recheck(kept[0], None, [kept[1]])
    assert (codes(result), result.proof_class) == ([], "attested")
    assert [(one.scheme, one.value) for one in result.assurance] == [("vn-2024", "2")]


def test_it_is_never_called_asserted(kept):
    for more in ("asserted", "transferable"):
        assert codes(recheck(replace(kept[0], proof_class=more), None, [kept[1]])) == ["LOGIN_RECHECK"]


def test_without_the_partner_it_is_undecided(kept, clock):
    others = (SandboxProvider(clock=clock).provider(), replace(kept[1], client_id="other"))
    assert codes(recheck(kept[0], None)) == ["LOGIN_RECHECK_UNDECIDED"]
    assert codes(recheck(kept[0], None, others)) == ["LOGIN_RECHECK_UNDECIDED"]


def test_an_openid_login_is_not_judged_by_a_partner(kept, clock, transaction, memory):
    idp = SandboxProvider(clock=clock)
    provider = idp.provider()
    challenge = oidc.begin(provider, transaction, audience="permits", stores=memory, clock=clock)
    callback = idp.answer(challenge.url, LAN)
    made = oidc.verify(callback, challenge.id, provider=provider, stores=memory, transport=idp, clock=clock)
    assert recheck(made, None, [kept[1], provider])
    assert codes(recheck(made, None, [kept[1]])) == ["LOGIN_RECHECK_UNDECIDED"]


def test_the_proof_of_another_transaction_is_refuted(kept, other_transaction):
    assert codes(recheck(replace(kept[0], transaction=other_transaction), None, [kept[1]])) == ["LOGIN_RECHECK"]


def _answer(**claims):
    return shape.base64url(json.dumps({"citizenPid": LAN.identifier, "accountLevel": 2, **claims}).encode())


MUTATIONS = {
    "another challenge": {"challenge_value": "00" * 32},
    "another method": {"method": "oidc"},
    "another person": {"answer": _answer(citizenPid=BINH.identifier)},
    "nobody": {"answer": _answer(citizenPid="")},
    "a level above the table": {"answer": _answer(accountLevel=3)},
    "no JSON": {"answer": "AAAA"},
    "a member more": {"more": 1},
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutated_proof_is_refuted(kept, name):
    assert codes(recheck(with_members(kept[0], **MUTATIONS[name]), None, [kept[1]])) == ["LOGIN_RECHECK"]


@pytest.mark.parametrize("proof", [b"", b"{}", b"[]", b"\xff", b"a.b.c"])
def test_a_malformed_proof_never_raises(kept, proof):
    assert not recheck(with_proof(kept[0], proof), None, [kept[1]])


def test_another_media_type_is_refuted(kept):
    other = replace(kept[0], proof=replace(kept[0].proof, media_type="application/jwt"))
    assert "LOGIN_RECHECK" in codes(recheck(other, None, [kept[1]]))


def test_assurance_is_that_of_the_verifiers_map(kept):
    mine = replace(kept[1], profile=VNEID)
    assert recheck(kept[0], None, [mine]).assurance == ()


def test_a_time_the_verifier_wants_and_the_answer_lacks_is_refuted(kept):
    assert codes(recheck(kept[0], None, [replace(kept[1], time_claim="loginAt")])) == ["LOGIN_RECHECK"]


def test_another_person_in_the_disclosure_is_noticed(kept):
    other = replace(kept[0], disclosure=replace(kept[0].disclosure, identity=BINH))
    assert codes(recheck(other, None, [kept[1]])) == ["SUBJECT_COMMITMENT"]


def test_whoever_guesses_the_answer_of_an_erased_login_cannot_tell_that_it_was_right(portal):
    """The proof's digest stays; what it is over must hold something that nobody can guess."""
    made = portal.login()
    kept, erased = KeptAnswer.of(made.disclosure.proof), made.erased()
    guessed = (erased.challenge_value, portal.partner.name, portal.partner.client_id, kept.answer)
    assert kept[:4] == guessed
    assert all(KeptAnswer(*guessed, salt).to_bytes() != made.disclosure.proof for salt in (b"", bytes(32)))
    assert len(kept.salt) == 32
    assert kept.salt != KeptAnswer.of(portal.login().disclosure.proof).salt
    assert kept.salt != made.disclosure.salt


def test_erasure_is_reported(kept):
    assert codes(recheck(replace(kept[0], disclosure=None), None, [kept[1]])) == ["ERASED"]


def test_the_sandbox_serves_a_partner(transaction, memory, clock):
    from eidkit.sandbox import Sandbox

    sandbox = Sandbox.create(clock=clock)
    partner = sandbox.partner.partner()
    challenge = vneid.begin(partner, transaction, audience="permits", stores=memory, clock=clock)
    callback = sandbox.partner.answer(challenge.url, sandbox.partner.persons[0])
    made = vneid.verify(
        callback, challenge.id, partner=partner, decryption_key=sandbox.partner.decryption_key, stores=memory,
        client_secret=CLIENT_SECRET, transport=sandbox, clock=clock,
    )  # fmt: skip
    assert (made.identity, partner.client_id) == (sandbox.partner.persons[0], CLIENT_ID)
