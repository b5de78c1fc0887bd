"""Logging in with a Web eID token: the checks of its plan, each broken on its own."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace

import pytest

from eidkit import algorithms
from eidkit.auth import recheck, webeid
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox, SandboxKey
from eidkit.sandbox.keys import generate
from eidkit.trust.sources import Sources
from tests.auth.reissuing import reissued, usage

ORIGIN = "https://permits.example"
ALGORITHM = {"p256": "ES256", "p384": "ES384", "p521": "ES512", "rsa2048": "RS256"}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def card(key, nonce: str, *, origin: str = ORIGIN, kind: str = "p256", **members) -> str:
    """What the browser's extension and the card make of ``nonce`` on the page ``origin``."""
    name = ALGORITHM[kind]
    signed = b"".join(hashlib.new(f"sha{name[2:]}", text.encode()).digest() for text in (origin, nonce))
    public = key.certificate.public_key()
    value = key.sign(signed, algorithms.suited(public, f"sha{name[2:]}"))
    if kind != "rsa2048":
        value = algorithms.ecdsa_to_plain(value, public.key_size)
    token = {
        "format": "web-eid:1.0",
        "algorithm": name,
        "unverifiedCertificate": b64(key.certificate_der),
        "signature": b64(value),
        "appVersion": "https://web-eid.eu/web-eid-app/releases/v2.0.0",
    }
    return json.dumps(token | members)


@pytest.fixture
def given(sandbox, clock, lan):
    from cryptography.hazmat.primitives.serialization import Encoding

    between = Sources.of([one.public_bytes(Encoding.DER) for one in lan.chain])
    return {"trust": sandbox.trust, "sources": sandbox.sources + between, "transport": sandbox, "clock": clock}


@pytest.fixture
def enter(memory, transaction, clock, given):
    def entered(key, *, subject=None, token=None, changes=(), **members):
        challenge = webeid.begin(transaction, audience=ORIGIN, stores=memory, subject=subject, clock=clock)
        said = card(key, challenge.question, **members) if token is None else token
        return webeid.verify(said, challenge.id, stores=memory, **(given | dict(changes)))

    return entered


def refused(call, *arguments, **given):
    with pytest.raises(AuthenticationError) as caught:
        call(*arguments, **given)
    assert caught.value.code == "web-eid-refused"


@pytest.mark.parametrize("kind", ALGORITHM)
def test_every_kind_of_card_logs_in_and_is_rechecked(enter, sandbox, kind):
    key = sandbox.official("Nguyễn Thị Lan", "000190000022", key=kind)
    made = enter(key, kind=kind)
    assert made.identity == key.identity
    assert made.proof_class == "transferable"
    assert recheck(made, sandbox.trust)


def test_a_nonce_has_the_44_characters_that_are_demanded(memory, transaction):
    assert len(webeid.begin(transaction, audience=ORIGIN, stores=memory).question) == 44


def test_a_log_in_approves_nothing(memory, lan, clock, given):
    challenge = webeid.begin(audience=ORIGIN, stores=memory, clock=clock)
    assert webeid.log_in(card(lan, challenge.question), challenge.id, stores=memory, **given).identity == lan.identity
    challenge = webeid.begin(audience=ORIGIN, stores=memory, clock=clock)
    refused(webeid.verify, card(lan, challenge.question), challenge.id, stores=memory, **given)


def test_a_token_is_taken_once(memory, lan, clock, given, transaction):
    challenge = webeid.begin(transaction, audience=ORIGIN, stores=memory, clock=clock)
    token = card(lan, challenge.question)
    assert webeid.verify(token, challenge.id, stores=memory, **given)
    refused(webeid.verify, token, challenge.id, stores=memory, **given)


@pytest.mark.parametrize(
    "origin", ["https://phishing.example", f"{ORIGIN}/", f"{ORIGIN}/login", "http://permits.example"]
)
def test_a_token_made_on_another_page(enter, lan, origin):
    refused(enter, lan, origin=origin)


@pytest.mark.parametrize("name", ["NONE", "none", "HS256", "ES384", "RS256", "PS256", "x", ""])
def test_an_algorithm_that_is_not_taken_or_does_not_fit(enter, lan, name):
    refused(enter, lan, algorithm=name)


@pytest.mark.parametrize("form", ["web-eid:1.1", "web-eid:2", "web-eid", "invalid.0", "", None])
def test_a_format_that_is_not_known(enter, lan, form):
    refused(enter, lan, format=form)


def test_a_der_signature_is_not_taken(enter, lan):
    value = lan.sign(b"x", algorithms.suited(lan.certificate.public_key()))
    refused(enter, lan, signature=b64(value))


def test_another_persons_certificate_beside_the_signature(enter, lan, sandbox):
    other = sandbox.official("Trần Văn Bình", "000080000033")
    refused(enter, lan, unverifiedCertificate=b64(other.certificate_der))


def test_another_person_than_the_challenge_is_for(enter, lan):
    refused(enter, lan, subject=Identity("vn-cccd", "000080000033", "Trần Văn Bình"))


def test_a_certificate_of_an_authority_that_is_not_ours(enter, clock):
    refused(enter, Sandbox.create(clock=clock).official("Nguyễn Thị Lan", "000190000022"))


def test_a_self_made_certificate(enter, lan):
    """It names Lan and her authority; only its signature is of the maker's own key."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    own, private = lan.certificate, generate("p256")
    builder = x509.CertificateBuilder().subject_name(own.subject).issuer_name(own.issuer)
    builder = builder.serial_number(own.serial_number).public_key(private.public_key())
    builder = builder.not_valid_before(own.not_valid_before_utc).not_valid_after(own.not_valid_after_utc)
    for extension in own.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    refused(enter, SandboxKey(private, builder.sign(private, SHA256()), lan.chain, lan.identity))


def test_a_card_that_signs_documents_only(enter, lan, sandbox):
    assert enter(reissued(sandbox, lan, usage(digital_signature=True)))
    refused(enter, reissued(sandbox, lan, usage(content_commitment=True)))


@pytest.mark.parametrize(("purpose", "good"), [("CLIENT_AUTH", True), ("SERVER_AUTH", False), ("TIME_STAMPING", False)])
def test_a_certificate_that_restricts_itself_to_something_else(enter, lan, sandbox, purpose, good):
    from cryptography.x509 import ExtendedKeyUsage, ExtendedKeyUsageOID

    key = reissued(sandbox, lan, ExtendedKeyUsage([getattr(ExtendedKeyUsageOID, purpose)]))
    if good:
        assert enter(key)
    else:
        refused(enter, key)


@pytest.mark.parametrize("policy", sorted(webeid.DISALLOWED_POLICIES))
def test_a_certificate_of_a_phone_is_no_card(enter, lan, sandbox, policy):
    assert enter(reissued(sandbox, lan, _policies("1.3.6.1.4.1.51361.1.2.1")))
    refused(enter, reissued(sandbox, lan, _policies("1.3.6.1.4.1.51361.1.2.1", policy)))


def _policies(*oids):
    from cryptography.x509 import CertificatePolicies, ObjectIdentifier, PolicyInformation

    return CertificatePolicies([PolicyInformation(ObjectIdentifier(oid), None) for oid in oids])


def test_a_token_for_another_session(memory, lan, clock, given, transaction):
    """The attacker's own good token, brought into the victim's session, logs nobody in there (and the reverse)."""
    theirs, ours = (webeid.begin(transaction, audience=ORIGIN, stores=memory, clock=clock) for _ in range(2))
    refused(webeid.verify, card(lan, theirs.question), ours.id, stores=memory, **given)
    assert webeid.verify(card(lan, theirs.question), theirs.id, stores=memory, **given)


@pytest.mark.parametrize("flaw", [{"expired": True}, {"usage": "wrong"}])
def test_a_certificate_that_does_not_fit(enter, sandbox, flaw):
    refused(enter, sandbox.official("Nguyễn Thị Lan", "000190000022", **flaw))


def test_a_revoked_certificate(enter, lan, sandbox):
    sandbox.revoke(lan)
    refused(enter, lan)


def test_an_unknown_status_is_not_good(enter, lan):
    refused(enter, lan, changes={"sources": Sources()})


@pytest.mark.parametrize(
    "token", ["null" * 30, "[]" * 60, "{" * 200, "x" * 10_001, "", None, 7, '{"format":"web-eid:1.0"}' + " " * 100]
)
def test_a_hostile_token_is_refused(enter, lan, token):
    challenge_token = "null" if token is None else token
    refused(enter, lan, token=challenge_token)


def test_a_member_that_stands_twice(enter, lan):
    refused(enter, lan, token='{"format":"web-eid:1.0","format":"web-eid:1.0"}' + " " * 100)


def test_a_changed_proof_fails(enter, lan, sandbox, other_transaction):
    made = enter(lan)
    assert not recheck(replace(made, transaction=other_transaction), sandbox.trust)
    elsewhere = replace(made.challenge, audience="https://phishing.example")
    assert not recheck(replace(made, challenge=elsewhere), sandbox.trust)
    assert not recheck(replace(made, method="x509"), sandbox.trust)


def test_a_token_is_checked_without_a_challenge(lan, clock, given):
    asked = {name: given[name] for name in ("sources", "transport")}
    nonce = b64(bytes(32))
    token = card(lan, nonce)
    assert webeid.check_token(token, given["trust"], nonce, ORIGIN, clock.now(), **asked) == lan.identity
    refused(webeid.check_token, token, given["trust"], b64(b"1" * 32), ORIGIN, clock.now(), **asked)
