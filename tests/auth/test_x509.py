"""Logging in with a certificate: what is accepted, what is refused, and what its proof proves later."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit import algorithms
from eidkit.asn1 import der
from eidkit.auth import recheck, x509
from eidkit.binding import shape
from eidkit.binding.authentication import (
    Assurance,
    Authentication,
    ChallengeFacts,
    Disclosure,
    subject_commitment,
)
from eidkit.errors import AuthenticationError, EidkitError
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from tests.auth.reissuing import reissued, usage
from tests.auth.remade import with_members

ORIGIN = "https://permits.example"
PHISHING = "https://permits.example.phishing.test"


@pytest.fixture
def enter(sandbox, memory, clock, transaction):
    """``enter(key)`` logs ``key``'s holder in; ``answer`` changes what was answered, the rest what is asked."""

    def entered(key, answer=lambda text: text, *, at=ORIGIN, about=transaction, subject=None, **given):
        challenge = x509.begin(about, audience=ORIGIN, stores=memory, subject=subject, clock=clock)
        given = {"trust": sandbox.trust, "sources": sandbox.sources, "transport": sandbox, "clock": clock} | given
        said = answer(x509.respond(key, challenge.question, at=at))
        return x509.verify(said, challenge.id, stores=memory, **given)

    return entered


def changed(**members):
    return lambda text: json.dumps(json.loads(text) | members)


def refused(call, *arguments, **given):
    with pytest.raises(AuthenticationError) as caught:
        call(*arguments, **given)
    assert caught.value.code == "x509-refused"


def test_the_holder_of_a_certificate_is_present(enter, lan, transaction):
    made = enter(lan)
    assert made.identity == lan.identity
    assert made.proof_class == "transferable"
    assert made.transaction == transaction


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "p521", "ed25519"])
def test_every_kind_of_key_logs_in_and_is_rechecked(enter, sandbox, kind):
    made = enter(sandbox.official("Trần Văn Bình", "000080000033", key=kind))
    assert recheck(made, sandbox.trust)


def test_a_key_that_may_lie_in_a_file_is_one_factor(enter, lan, sandbox):
    made = enter(lan)
    assert made.factors == ("have",)
    assert {(one.scheme, one.value, one.source) for one in made.assurance} == {
        ("vn-2024", "1", "derived"),
        ("nist-aal", "1", "derived"),
    }
    assert recheck(made, sandbox.trust).assurance == made.assurance


def test_a_key_in_a_qualified_device_is_two(enter, lan, sandbox):
    """QcStatements with QcSSCD (EN 319 412-5 §4.2.2) is the issuer's word, and changes the certificate."""
    from cryptography.x509 import ObjectIdentifier, UnrecognizedExtension

    in_device = UnrecognizedExtension(
        ObjectIdentifier("1.3.6.1.5.5.7.1.3"), der.sequence(der.sequence(der.encode_oid("0.4.0.1862.1.4")))
    )
    made = enter(reissued(sandbox, lan, in_device))
    assert made.factors == ("have", "know")
    assert {(one.scheme, one.value) for one in made.assurance} == {("vn-2024", "2"), ("nist-aal", "2")}
    assert recheck(made, sandbox.trust).assurance == made.assurance


def test_a_login_cannot_claim_a_device(enter, lan, sandbox):
    claimed = replace(enter(lan), assurance=(Assurance("vn-2024", "2", "derived"),), factors=("have", "know"))
    assert {(one.scheme, one.value) for one in recheck(claimed, sandbox.trust).assurance} == {
        ("vn-2024", "1"),
        ("nist-aal", "1"),
    }


def test_a_certificate_for_non_repudiation_only(enter, lan, sandbox):
    assert enter(reissued(sandbox, lan, usage(digital_signature=True)))
    refused(enter, reissued(sandbox, lan, usage(content_commitment=True)))


@pytest.mark.parametrize(
    ("oid", "good"), [("1.3.6.1.5.5.7.3.2", True), ("1.3.6.1.5.5.7.3.1", False), ("1.3.6.1.5.5.7.3.4", False)]
)
def test_a_certificate_that_restricts_itself_must_name_clients(enter, lan, sandbox, oid, good):
    from cryptography.x509 import ExtendedKeyUsage, ObjectIdentifier

    key = reissued(sandbox, lan, ExtendedKeyUsage([ObjectIdentifier(oid)]))
    if good:
        assert enter(key)
    else:
        refused(enter, key)


def test_a_log_in_without_a_transaction(sandbox, lan, memory, clock):
    challenge = x509.begin(audience=ORIGIN, stores=memory, clock=clock)
    answer = x509.respond(lan, challenge.question, at=ORIGIN)
    login = x509.log_in(
        answer,
        challenge.id,
        trust=sandbox.trust,
        stores=memory,
        sources=sandbox.sources,
        transport=sandbox,
        clock=clock,
    )
    assert login.identity == lan.identity


def test_a_log_in_approves_nothing(sandbox, lan, memory, clock):
    challenge = x509.begin(audience=ORIGIN, stores=memory, clock=clock)
    answer = x509.respond(lan, challenge.question, at=ORIGIN)
    refused(x509.verify, answer, challenge.id, trust=sandbox.trust, stores=memory, clock=clock)


# --------------------------------------------------------------------------------------------------- attacks
def test_a_relayed_challenge_is_answered_for_the_other_site(enter, lan):
    refused(enter, lan, at=PHISHING)


def test_a_bare_signature_over_the_value_is_none(sandbox, lan, memory, clock, transaction):
    challenge = x509.begin(transaction, audience=ORIGIN, stores=memory, clock=clock)
    value = shape.base64url_bytes(challenge.question, "question")
    bare = lan.sign(value, algorithms.suited(lan.certificate.public_key()))
    answer = changed(signature=shape.base64url(bare))(x509.respond(lan, challenge.question, at=ORIGIN))
    refused(x509.verify, answer, challenge.id, trust=sandbox.trust, stores=memory, clock=clock)


def test_an_answer_is_taken_once(sandbox, lan, memory, clock, transaction):
    challenge = x509.begin(transaction, audience=ORIGIN, stores=memory, clock=clock)
    answer = x509.respond(lan, challenge.question, at=ORIGIN)
    given = {
        "trust": sandbox.trust,
        "stores": memory,
        "sources": sandbox.sources,
        "transport": sandbox,
        "clock": clock,
    }
    assert x509.verify(answer, challenge.id, **given)
    refused(x509.verify, answer, challenge.id, **given)


def test_a_wrong_answer_uses_the_challenge_up(sandbox, lan, memory, clock, transaction):
    challenge = x509.begin(transaction, audience=ORIGIN, stores=memory, clock=clock)
    given = {
        "trust": sandbox.trust,
        "stores": memory,
        "sources": sandbox.sources,
        "transport": sandbox,
        "clock": clock,
    }
    refused(x509.verify, "{}", challenge.id, **given)
    refused(x509.verify, x509.respond(lan, challenge.question, at=ORIGIN), challenge.id, **given)


def test_an_answer_to_another_challenge(sandbox, lan, memory, clock, transaction, other_transaction):
    first, second = (
        x509.begin(about, audience=ORIGIN, stores=memory, clock=clock) for about in (transaction, other_transaction)
    )
    answer = x509.respond(lan, first.question, at=ORIGIN)
    refused(x509.verify, answer, second.id, trust=sandbox.trust, stores=memory, clock=clock)


def test_a_late_answer(sandbox, lan, memory, clock, transaction):
    challenge = x509.begin(transaction, audience=ORIGIN, stores=memory, clock=clock)
    answer = x509.respond(lan, challenge.question, at=ORIGIN)
    clock.advance(timedelta(minutes=6))
    refused(x509.verify, answer, challenge.id, trust=sandbox.trust, stores=memory, clock=clock)


def test_another_persons_certificate_beside_the_signature(enter, lan, sandbox):
    other = sandbox.official("Trần Văn Bình", "000080000033")
    refused(enter, lan, changed(certificate=shape.base64url(other.certificate_der)))


def test_another_person_than_the_challenge_is_for(enter, lan):
    refused(enter, lan, subject=Identity("vn-cccd", "000080000033", "Trần Văn Bình"))


def test_a_certificate_of_an_authority_that_is_not_ours(enter, clock):
    refused(enter, Sandbox.create(clock=clock).official("Nguyễn Thị Lan", "000190000022"))


def test_an_anchor_of_another_kind_does_not_count(enter, lan, sandbox):
    refused(enter, lan, trust=TrustStore(tuple(one for one in sandbox.trust.anchors if one.kind != "login")))


@pytest.mark.parametrize("flaw", [{"expired": True}, {"usage": "wrong"}, {"usage": "timestamping"}])
def test_a_certificate_that_does_not_fit(enter, sandbox, flaw):
    refused(enter, sandbox.official("Nguyễn Thị Lan", "000190000022", **flaw))


def test_a_revoked_certificate(enter, lan, sandbox):
    sandbox.revoke(lan)
    refused(enter, lan)


def test_a_suspended_certificate(enter, lan, sandbox):
    sandbox.suspend(lan)
    refused(enter, lan)


def test_an_unknown_status_is_not_good(enter, lan):
    refused(enter, lan, sources=Sources())


def test_a_seal_is_no_person(enter, sandbox):
    refused(enter, sandbox.agency("UBND phường Bến Sen", "0000000025"))


@pytest.mark.parametrize("algorithm", ["none", "ecdsa-sha1", "rsa-pkcs1-sha256", "ecdsa-plain-sha256", "", 7, None])
def test_an_algorithm_that_is_not_taken_or_does_not_fit(enter, lan, algorithm):
    refused(enter, lan, changed(algorithm=algorithm))


@pytest.mark.parametrize(
    "hostile",
    [
        "", "null", "[]", "{}", "{" * 40, '{"algorithm":1,"algorithm":2}', "x" * 70_000, "\ud800", 5, None, b"{}",
        '{"algorithm":"ed25519","certificate":"AA","chain":[],"signature":"AA"}',
        '{"algorithm":"ed25519","certificate":"MAA","chain":"AA","signature":"AA"}',
    ],
)  # fmt: skip
def test_a_hostile_answer_is_refused(enter, lan, hostile):
    refused(enter, lan, lambda _: hostile)


@pytest.mark.parametrize("oid", ["2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.32", "2.5.29.31", "1.3.6.1.5.5.7.1.3"])
def test_a_self_made_certificate_with_a_malformed_extension(enter, lan, oid):
    from cryptography import x509 as certificates
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    own = lan.certificate
    builder = certificates.CertificateBuilder().subject_name(own.subject).issuer_name(own.issuer).serial_number(5)
    builder = builder.not_valid_before(own.not_valid_before_utc).not_valid_after(own.not_valid_after_utc)
    broken = certificates.UnrecognizedExtension(certificates.ObjectIdentifier(oid), b"\x30\x05\x04")
    made = builder.public_key(own.public_key()).add_extension(broken, critical=False).sign(lan.private_key, SHA256())
    refused(enter, lan, changed(certificate=shape.base64url(made.public_bytes(Encoding.DER))))


def test_one_member_more_is_refused(enter, lan):
    refused(enter, lan, changed(comment="hello"))


@pytest.mark.parametrize(
    "origin",
    ["permits", "https://permits.example/", "https://permits.example/a", "http://permits.example", "https://A.example",
     "https://permits.example:443", "https://u@permits.example", "https://", "https://a b", "https://permits.example#"],
)  # fmt: skip
def test_an_audience_that_is_no_origin(memory, transaction, origin):
    with pytest.raises(EidkitError, match=r"origin|audience"):
        x509.begin(transaction, audience=origin, stores=memory)


def test_every_refusal_says_the_same(enter, lan, sandbox):
    texts = set()
    for arguments in ({"at": PHISHING}, {"sources": Sources()}, {"answer": lambda _: "{}"}):
        with pytest.raises(AuthenticationError) as caught:
            enter(lan, **arguments)
        texts.add(str(caught.value))
    assert len(texts) == 1


# --------------------------------------------------------------------------------------------------- recheck
def test_another_process_rechecks_it_from_files(enter, lan, sandbox, tmp_path):
    enter(lan).write(tmp_path / "login.json")
    (tmp_path / "anchors" / "login").mkdir(parents=True)
    for number, anchor in enumerate(sandbox.trust.of_kind("login")):
        (tmp_path / "anchors" / "login" / f"{number}.der").write_bytes(anchor.certificate.der)
    script = (
        "import sys; from eidkit import TrustStore; from eidkit.auth import recheck;"
        "from eidkit.binding.authentication import Authentication;"
        "r = recheck(Authentication.read(sys.argv[1]), TrustStore.read(sys.argv[2]));"
        "print(bool(r), r.proof_class, [f.message.en for f in r.findings])"
    )
    asked = [sys.executable, "-c", script, str(tmp_path / "login.json"), str(tmp_path / "anchors")]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "True transferable []"


def test_it_holds_after_the_certificate_was_revoked_later(enter, lan, sandbox, clock):
    made = enter(lan)
    clock.advance(timedelta(days=1))
    sandbox.revoke(lan)
    assert recheck(made, sandbox.trust)


def for_origin(made: Authentication, origin: str) -> Authentication:
    facts = made.challenge
    return replace(made, challenge=ChallengeFacts(facts.nonce, facts.issued, facts.expires, origin))


def named(made: Authentication, identity: Identity) -> Authentication:
    salt = made.disclosure.salt
    kept = Disclosure(identity, salt, made.disclosure.proof)
    return replace(made, subject=subject_commitment(identity, salt), disclosure=kept)


@pytest.mark.parametrize(
    "mutate",
    [
        pytest.param(lambda made, _: for_origin(made, PHISHING), id="another origin"),
        pytest.param(lambda made, other: replace(made, transaction=other), id="another transaction"),
        pytest.param(lambda made, _: named(made, Identity("vn-cccd", "000080000033")), id="another person"),
        pytest.param(lambda made, _: with_members(made, signature="AAAA"), id="another signature"),
        pytest.param(lambda made, _: with_members(made, algorithm="ecdsa-sha384"), id="another algorithm"),
        pytest.param(lambda made, _: with_members(made, ocsps=[], crls=[]), id="no status kept"),
        pytest.param(lambda made, _: with_members(made, issuers=[]), id="no issuers kept"),
        pytest.param(lambda made, _: with_members(made, more=1), id="one member more"),
        pytest.param(lambda made, _: replace(made, proof=replace(made.proof, media_type="x/y")), id="another kind"),
        pytest.param(lambda made, _: replace(made, proof_class="attested"), id="another class"),
        pytest.param(lambda made, _: replace(made, authenticated_at=made.authenticated_at + timedelta(days=4000)),
                     id="another time"),
    ],
)  # fmt: skip
def test_a_changed_proof_fails(enter, lan, sandbox, other_transaction, mutate):
    made = enter(lan)
    assert recheck(made, sandbox.trust)
    assert not recheck(mutate(made, other_transaction), sandbox.trust)


def test_without_a_login_anchor_nothing_is_decided(enter, lan, sandbox):
    result = recheck(enter(lan), TrustStore())
    assert [found.code for found in result.findings] == ["LOGIN_CERTIFICATE_UNDECIDED"]
    assert result.assurance == ()


def test_an_erased_login_says_so(enter, lan, sandbox):
    result = recheck(replace(enter(lan), disclosure=None), sandbox.trust)
    assert [found.code for found in result.findings] == ["ERASED"]
