"""A client certificate behind a proxy (RFC 9440): attested, and only over a hop that nobody else can use."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from eidkit.auth import recheck, x509_tls
from eidkit.binding.authentication import Disclosure, Proof
from eidkit.errors import AuthenticationError
from eidkit.sandbox import Sandbox


def field(*ders: bytes) -> str:
    return ", ".join(f":{base64.b64encode(der).decode()}:" for der in ders)


@pytest.fixture
def fields(lan, sandbox):
    from cryptography.hazmat.primitives.serialization import Encoding

    chain = (one.public_bytes(Encoding.DER) for one in lan.chain)
    return [("Host", "permits"), ("Client-Cert", field(lan.certificate_der)), ("Client-Cert-Chain", field(*chain))]


@pytest.fixture
def enter(sandbox, memory, clock, transaction):
    def entered(fields, *, proxy=True, **given):
        challenge = x509_tls.begin(transaction, audience="permits", stores=memory, clock=clock)
        given = {"trust": sandbox.trust, "sources": sandbox.sources, "transport": sandbox, "clock": clock} | given
        return x509_tls.verify(fields, challenge.id, only_the_proxy_reaches_us=proxy, stores=memory, **given)

    return entered


def test_it_is_the_services_word_and_says_so(enter, fields, lan, sandbox):
    made = enter(fields)
    assert made.identity == lan.identity
    assert made.proof_class == "attested"
    assert made.warnings == ("the key of the certificate signed a TLS handshake, not this transaction",)
    assert recheck(made, sandbox.trust).proof_class == "attested"
    assert recheck(made, sandbox.trust)


def test_a_log_in_approves_nothing(sandbox, memory, clock, fields, lan):
    given = {"trust": sandbox.trust, "sources": sandbox.sources, "transport": sandbox, "clock": clock}
    first, second = (x509_tls.begin(audience="permits", stores=memory, clock=clock) for _ in range(2))
    login = x509_tls.log_in(fields, first.id, only_the_proxy_reaches_us=True, stores=memory, **given)
    assert login.identity == lan.identity
    with pytest.raises(AuthenticationError):
        x509_tls.verify(fields, second.id, only_the_proxy_reaches_us=True, stores=memory, **given)


def test_it_never_counts_as_more(enter, fields, sandbox):
    assert not recheck(replace(enter(fields), proof_class="transferable"), sandbox.trust)


def test_a_record_of_another_challenge(enter, fields, sandbox, other_transaction):
    made = enter(fields)
    assert not recheck(replace(made, transaction=other_transaction), sandbox.trust)
    said = json.loads(made.disclosure.proof) | {"challenge_value": "00" * 32}
    data = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    kept = Disclosure(made.disclosure.identity, made.disclosure.salt, data)
    mutant = replace(made, proof=Proof.of(made.proof.media_type, data), disclosure=kept)
    assert not recheck(mutant, sandbox.trust)


def test_the_digest_of_an_erased_login_tells_nobody_whose_certificate_it_was(enter, fields, sandbox):
    """Everything else in the proof is known to whoever holds the certificate and the answers about it."""
    first, second = (json.loads(enter(fields).disclosure.proof) for _ in range(2))
    assert first["certificate"] == second["certificate"]
    assert len({*(bytes.fromhex(one["salt"]) for one in (first, second))}) == 2
    assert all(len(bytes.fromhex(one["salt"])) == 32 for one in (first, second))


@pytest.mark.parametrize("salt", [None, "", "00", 7])
def test_a_proof_without_its_salt(enter, fields, sandbox, salt):
    made = enter(fields)
    data = json.dumps(
        json.loads(made.disclosure.proof) | {"salt": salt}, sort_keys=True, separators=(",", ":")
    ).encode()
    kept = Disclosure(made.disclosure.identity, made.disclosure.salt, data)
    assert recheck(replace(made, proof=Proof.of(made.proof.media_type, data), disclosure=kept), sandbox.trust).refuted


def refused(enter, fields, **given):
    with pytest.raises(AuthenticationError) as caught:
        enter(fields, **given)
    assert caught.value.code == "x509-tls-refused"


@pytest.mark.parametrize("proxy", [False, None, "yes", 1])
def test_without_the_callers_word_nothing_is_accepted(enter, fields, proxy):
    refused(enter, fields, proxy=proxy)


def test_a_field_that_stands_twice(enter, fields):
    refused(enter, [*fields, fields[1]])


@pytest.mark.parametrize("name", ["Client_Cert", "client_cert", "CLIENT_CERT"])
def test_a_clients_copy_in_disguise(enter, fields, name):
    refused(enter, [*fields, (name, fields[1][1])])
    refused(enter, [fields[0], (name, fields[1][1]), fields[2]])


def test_no_field_at_all(enter, fields):
    refused(enter, fields[:1])


@pytest.mark.parametrize("value", ["", ":", "::", ":AA==", "AA==", ":AA=:", ":AAA", ":!!!!:", ":MIIB:", "x" * 200_000])
def test_a_field_that_is_misspelt(enter, fields, value):
    refused(enter, [("client-cert", value), fields[2]])


def test_a_revoked_certificate(enter, fields, sandbox, lan):
    sandbox.revoke(lan)
    refused(enter, fields)


def test_a_certificate_of_an_authority_that_is_not_ours(enter, clock):
    other = Sandbox.create(clock=clock).official("Nguyễn Thị Lan", "000190000022")
    refused(enter, [("Client-Cert", field(other.certificate_der))])
