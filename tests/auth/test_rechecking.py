"""What a verifier brings to a login of long ago: origins of his own, and revocation answers that came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.auth import Newer, recheck, webeid, x509, x509_tls
from eidkit.auth.rechecked import disclosed
from eidkit.auth.rechecking import needs_pins
from eidkit.errors import EidkitError
from eidkit.sandbox import Sandbox
from eidkit.trust.sources import Sources

ORIGIN = "https://permits.example"


@pytest.fixture
def login(sandbox, memory, clock, transaction, lan):
    challenge = x509.begin(transaction, audience=ORIGIN, stores=memory, clock=clock)
    return x509.verify(
        x509.respond(lan, challenge.question, at=ORIGIN), challenge.id, trust=sandbox.trust, stores=memory,
        sources=sandbox.sources, transport=sandbox, clock=clock,
    )  # fmt: skip


def without_answers(login):
    """The same login whose proof keeps no answer about its certificate's status."""
    import json

    from eidkit import canonical
    from eidkit.binding.authentication import Proof

    proof = canonical.dumps(json.loads(login.disclosure.proof) | {"crls": [], "ocsps": []})
    return replace(
        login, proof=Proof.of(login.proof.media_type, proof), disclosure=replace(login.disclosure, proof=proof)
    )


def codes(result):
    return {found.code for found in result.findings}


def later(sandbox, clock):
    """The lists of today, given as files."""
    return Newer(Sources.of(crls=sandbox.crls()), clock.now())


def test_a_login_at_one_of_the_verifiers_origins(login, sandbox):
    assert recheck(login, sandbox.trust, origins=["https://other.example", ORIGIN])


@pytest.mark.parametrize(
    "other", ["https://permits.example:8443", "http://permits.example", "https://permits.example.evil.test"]
)
def test_a_login_at_another_origin_than_the_verifiers(login, sandbox, other):
    if other.startswith("http:"):
        with pytest.raises(EidkitError):
            recheck(login, sandbox.trust, origins=[other])
        return
    result = recheck(login, sandbox.trust, origins=[other])
    assert codes(result) == {"LOGIN_RECHECK"}
    assert result.assurance == ()


def test_an_apps_origin_may_be_pinned_beside_pages(login, sandbox):
    app = "android:apk-key-hash:" + "A" * 43
    assert recheck(login, sandbox.trust, origins=[app, ORIGIN])
    assert recheck(login, sandbox.trust, origins=[app]).refuted


def test_a_certificate_revoked_after_the_login_does_no_harm(login, sandbox, lan, clock):
    clock.advance(timedelta(hours=1))
    sandbox.revoke(lan)
    assert recheck(login, sandbox.trust, newer=later(sandbox, clock))


def test_a_certificate_that_later_turns_out_to_have_been_revoked_before(login, sandbox, lan, clock):
    """The answer kept with the proof was good: the authority learned of the loss afterwards."""
    sandbox.revoke(lan, at=clock.now() - timedelta(hours=2))
    clock.advance(timedelta(hours=1))
    assert recheck(login, sandbox.trust)
    result = recheck(login, sandbox.trust, newer=later(sandbox, clock))
    assert codes(result) == {"LOGIN_RECHECK"}
    assert result.refuted
    assert result.assurance == ()


def test_an_answer_of_later_settles_what_was_not_kept(login, sandbox, clock):
    bare = without_answers(login)
    assert codes(recheck(bare, sandbox.trust)) == {"LOGIN_CERTIFICATE_UNDECIDED"}
    assert recheck(bare, sandbox.trust, newer=later(sandbox, clock))
    assert recheck(bare, sandbox.trust, newer=later(sandbox, clock)).assurance == login.assurance


def test_it_may_be_asked_for_over_the_network(login, sandbox, clock):
    bare = without_answers(login)
    asking = Newer(sandbox.sources, clock.now(), sandbox)
    assert recheck(bare, sandbox.trust, newer=asking)


def test_answers_about_others_settle_nothing(login, sandbox, clock):
    foreign = Sandbox.create(clock=clock)
    result = recheck(without_answers(login), sandbox.trust, newer=later(foreign, clock))
    assert codes(result) == {"LOGIN_CERTIFICATE_UNDECIDED"}


def test_a_later_answer_does_not_heal_a_signature(login, sandbox, clock):
    other = replace(login, challenge=replace(login.challenge, nonce="77" * 32))
    assert recheck(other, sandbox.trust, newer=later(sandbox, clock)).refuted


def test_undecided_is_not_refuted(login, sandbox):
    result = recheck(without_answers(login), sandbox.trust)
    assert not result
    assert not result.refuted
    assert not result.decided
    assert recheck(login, sandbox.trust).decided


def test_an_erased_login_is_undecided(login, sandbox):
    result = recheck(login.erased(), sandbox.trust)
    assert codes(result) == {"ERASED"} == {found.code for found in disclosed(login.erased())}
    assert not result.decided


def test_what_needs_a_pin_is_told_from_what_needs_anchors(login):
    assert not needs_pins(login)
    assert needs_pins(replace(login, method="oidc"))


@pytest.mark.parametrize("way", [webeid, x509_tls])
def test_the_other_certificate_ways_take_newer_answers_too(way, login, sandbox, clock):
    result = way.recheck(login, sandbox.trust, newer=later(sandbox, clock))
    assert codes(result) == {"LOGIN_RECHECK"}
