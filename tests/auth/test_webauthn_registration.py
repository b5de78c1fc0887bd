"""Enrolling a passkey: what an authenticator may say of itself, and what is demanded of it (WebAuthn §7.1)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.asn1 import der
from eidkit.auth import webauthn, webauthn_cbor
from eidkit.auth.webauthn import RelyingParty
from eidkit.binding.shape import base64url, base64url_bytes
from eidkit.errors import AuthenticationError, CanonicalError
from eidkit.identity import Identity
from eidkit.sandbox.authenticator import MODEL, SandboxAuthenticator
from eidkit.sandbox.cbor import encoded

ORIGIN = "https://permits.example"
PARTY = RelyingParty("permits.example", "Permits", (ORIGIN,))
CERTIFIED = replace(PARTY, attestation="certified")
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")


class Maker:
    """A maker of authenticators: a root and the certificate of one batch."""

    def __init__(self, clock, *, unit="Authenticator Attestation", model=MODEL, ca=False, days=(-7, 7)):
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.x509 import NameOID

        def name(common, *more):
            parts = [(NameOID.COUNTRY_NAME, "VN"), (NameOID.ORGANIZATION_NAME, "Maker"), *more]
            return x509.Name([x509.NameAttribute(*one) for one in (*parts, (NameOID.COMMON_NAME, common))])

        root_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        issuer, subject = name("Root"), name("Batch", (NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
        start, end = (clock.now() + timedelta(days=day) for day in days)

        def made(of, key, authority, serial, *more):
            builder = x509.CertificateBuilder(issuer, of, key.public_key(), serial, start, end)
            builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
            for extension in more:
                builder = builder.add_extension(extension, critical=False)
            return builder.sign(root_key, SHA256())

        aaguid = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4"), der.encode_octets(model))
        self.root = made(issuer, root_key, True, 1)
        self.batch = made(subject, self.key, ca, 2, aaguid)

    def certify(self, device):
        from cryptography.hazmat.primitives.serialization import Encoding

        device.maker = (self.key, (self.batch.public_bytes(Encoding.DER),))
        device.attestation = "certified"


@pytest.fixture
def enrol(memory, clock):
    def enrolled(device, answer=lambda text: text, *, party=PARTY, identity=LAN, **given):
        challenge = webauthn.register_begin(party, identity, audience=ORIGIN, stores=memory, clock=clock)
        said = answer(device.create(challenge.question))
        return webauthn.register(said, challenge.id, party=party, stores=memory, clock=clock, **given)

    return enrolled


@pytest.fixture
def device():
    return SandboxAuthenticator(ORIGIN)


def refused(call, *arguments, **given):
    with pytest.raises(AuthenticationError) as caught:
        call(*arguments, **given)
    assert caught.value.code == "webauthn-refused"


def attesting(**members):
    """Change members of the attestation object."""

    def change(text):
        row = json.loads(text)
        said = webauthn_cbor.whole(base64url_bytes(row["response"]["attestationObject"], "x"), "x")
        row["response"]["attestationObject"] = base64url(encoded(said | members))
        return json.dumps(row)

    return change


def test_the_options_are_those_of_the_standard(memory, clock):
    asked = json.loads(webauthn.register_begin(PARTY, LAN, audience=ORIGIN, stores=memory, clock=clock).question)
    assert asked["rp"] == {"id": "permits.example", "name": "Permits"}
    assert asked["user"]["name"] == LAN.name
    assert [one["alg"] for one in asked["pubKeyCredParams"]] == [-7, -35, -36, -8, -53, -37, -257]
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["attestation"] == "none"
    assert len(base64url_bytes(asked["challenge"], "challenge")) == 32


@pytest.mark.parametrize("kind", ["none", "self"])
def test_what_an_authenticator_says_alone(enrol, device, kind):
    device.attestation = kind
    assert enrol(device).attestation == kind


def test_a_makers_word(enrol, device, clock):
    maker = Maker(clock)
    maker.certify(device)
    made = enrol(device, party=CERTIFIED, makers=(maker.root,))
    assert (made.attestation, made.model) == ("certified", "e1d00000-0000-0000-0000-000000000001")


def test_the_word_of_a_maker_whom_nobody_gave(enrol, device, clock):
    Maker(clock).certify(device)
    assert enrol(device).attestation == "unjudged"


def test_it_is_not_enough_where_a_makers_word_is_demanded(enrol, device, clock):
    Maker(clock).certify(device)
    refused(enrol, device, party=CERTIFIED, makers=(Maker(clock).root,))
    refused(enrol, device, party=CERTIFIED)
    device.attestation = "self"
    refused(enrol, device, party=CERTIFIED)


@pytest.mark.parametrize("flaw", [{"unit": "Web Server"}, {"model": bytes(16)}, {"ca": True}, {"days": (-9, -2)}])
def test_a_makers_certificate_that_does_not_fit(enrol, device, clock, flaw):
    maker = Maker(clock, **flaw)
    maker.certify(device)
    refused(enrol, device, party=CERTIFIED, makers=(maker.root,))


def test_only_named_models(enrol, device, clock):
    maker = Maker(clock)
    maker.certify(device)
    model = "e1d00000-0000-0000-0000-000000000001"
    assert enrol(device, party=replace(CERTIFIED, models=(model,)), makers=(maker.root,))
    other = replace(CERTIFIED, models=("00000000-0000-0000-0000-000000000001",))
    refused(enrol, device, party=other, identity=BINH, makers=(maker.root,))


@pytest.mark.parametrize("kind", ["self", "certified"])
def test_a_false_attestation_is_refused_even_where_none_is_demanded(enrol, device, clock, kind):
    Maker(clock).certify(device)
    device.attestation = kind
    device.faults = ("wrong-signature",)
    refused(enrol, device)


@pytest.mark.parametrize(
    "members",
    [
        {"fmt": "none", "attStmt": {"x": 1}}, {"fmt": 1}, {"attStmt": []}, {"authData": b""}, {"more": 1},
        {"fmt": "packed", "attStmt": {}}, {"fmt": "packed", "attStmt": {"alg": -7, "sig": b""}},
        {"fmt": "packed", "attStmt": {"alg": -65535, "sig": b"1"}},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"1", "x5c": []}},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"1", "x5c": [b"0"]}},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"1", "x5c": b"0"}},
    ],
)  # fmt: skip
def test_a_malformed_attestation(enrol, device, members):
    refused(enrol, device, attesting(**members))


def test_another_format_is_worth_nothing(enrol, device):
    assert enrol(device, attesting(fmt="android-key", attStmt={"alg": -7})).attestation == "unjudged"


@pytest.mark.parametrize(
    "fault",
    ["wrong-origin", "wrong-type", "wrong-challenge", "cross-origin", "top-origin-alone", "origin-twice",
     "wrong-rp-id", "not-present", "not-verified", "backed-up-but-not-eligible", "octets-behind"],
)  # fmt: skip
def test_a_wrong_registration_is_refused(enrol, memory, device, fault):
    device.faults = (fault,)
    refused(enrol, device)
    assert webauthn.credentials(LAN, party=PARTY, stores=memory) == ()


def test_an_id_that_is_somebody_elses_already(enrol, memory, device):
    """Whoever registers another's id must not take it over (WebAuthn §13.4.6)."""
    enrol(device)
    thief = SandboxAuthenticator(ORIGIN)
    taken = device.passkeys[0].id

    def stolen(text):
        row = json.loads(text)
        said = webauthn_cbor.whole(base64url_bytes(row["response"]["attestationObject"], "x"), "x")
        own = thief.passkeys[0].id
        data = said["authData"].replace(own, taken)
        row["id"] = row["rawId"] = base64url(taken)
        row["response"]["attestationObject"] = base64url(encoded(said | {"authData": data}))
        return json.dumps(row)

    refused(enrol, thief, stolen, identity=BINH)
    assert webauthn.credentials(BINH, party=PARTY, stores=memory) == ()


def test_an_id_stays_taken_when_its_person_is_forgotten(enrol, memory, clock, device):
    enrol(device)
    webauthn.forget(LAN, party=PARTY, stores=memory)
    challenge = webauthn.register_begin(PARTY, BINH, audience=ORIGIN, stores=memory, clock=clock)
    again = SandboxAuthenticator(ORIGIN)
    made = json.loads(again.create(challenge.question))
    said = webauthn_cbor.whole(base64url_bytes(made["response"]["attestationObject"], "x"), "x")
    data = said["authData"].replace(again.passkeys[0].id, device.passkeys[0].id)
    made["response"]["attestationObject"] = base64url(encoded(said | {"authData": data}))
    made["id"] = made["rawId"] = base64url(device.passkeys[0].id)
    refused(webauthn.register, json.dumps(made), challenge.id, party=PARTY, stores=memory, clock=clock)


def test_the_id_must_be_the_one_that_was_attested(enrol, device):
    def renamed(text):
        row = json.loads(text)
        return json.dumps(row | {"id": "AAAA", "rawId": "AAAA"})

    refused(enrol, device, renamed)


def test_a_registration_is_taken_once(memory, clock, device):
    challenge = webauthn.register_begin(PARTY, LAN, audience=ORIGIN, stores=memory, clock=clock)
    answer = device.create(challenge.question)
    given = {"party": PARTY, "stores": memory, "clock": clock}
    assert webauthn.register(answer, challenge.id, **given)
    refused(webauthn.register, answer, challenge.id, **given)


def test_nobody_has_more_passkeys_than_the_bound(enrol, memory, monkeypatch):
    from eidkit.auth import webauthn_account

    monkeypatch.setattr(webauthn_account, "MAX_CREDENTIALS", 2)
    for _ in range(2):
        enrol(SandboxAuthenticator(ORIGIN))
    refused(enrol, SandboxAuthenticator(ORIGIN))


@pytest.mark.parametrize(
    "given",
    [
        {"id": "Permits.example"}, {"id": "https://permits.example"}, {"id": "127.0.0.1"}, {"id": ""}, {"id": "a..b"},
        {"name": ""}, {"origins": ()}, {"origins": ("https://permits.example/",)}, {"origins": ("http://a.example",)},
        {"origins": ("null",)}, {"origins": ("android:apk-key-hash:AA",)}, {"top_origins": ("https://a.example",)},
        {"algorithms": ("none",)}, {"attestation": "direct"}, {"models": ("e1d00000-0000-0000-0000-000000000001",)},
        {"attestation": "certified", "models": ("E1D0",)},
    ],
)  # fmt: skip
def test_a_party_that_makes_no_sense(given):
    with pytest.raises(CanonicalError):
        replace(PARTY, **given)


def test_an_app_and_this_machine_are_origins():
    app = "android:apk-key-hash:" + "A" * 43
    assert RelyingParty("localhost", "Development", ("http://localhost:8000", app)).origins[1] == app
