"""binding.md §6.4 with an identity provider: what its signature proves, and to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.auth import Stores, oidc
from eidkit.auth.oidc import Provider
from eidkit.binding.attestation import attest
from eidkit.binding.authentication import Assurance, Disclosure, Proof, subject_commitment
from eidkit.binding.procedure import AssuranceRule
from eidkit.sandbox.dialect import PORTAL
from eidkit.sandbox.provider import REDIRECT_URI, SandboxProvider
from eidkit.vn import NATIONAL_PORTAL, five_steps


@pytest.fixture(scope="module")
def house(stage):
    """The provider's server, on the stage's clock."""
    return SandboxProvider(clock=stage.clock)


@pytest.fixture(scope="module")
def pinned(house):
    """What the service, and later the verifier, made of it: its keys of now."""
    return house.provider()


@pytest.fixture(scope="module")
def procedure(stage):
    """The approval wants a provider's word and two factors."""
    return five_steps(
        attesters=stage.procedure.attesters,
        mandate=stage.seal.identity,
        holders=dict(stage.procedure.holders),
        assurance={"approval": AssuranceRule("vn-2024", "2")},
        proof_class={"approval": "asserted"},
    )


@pytest.fixture(scope="module")
def through(stage, house, pinned):
    """Logs a person in at the provider; ``change`` is the insider's, before the service attests again."""

    def logged_in(change=None, **answer):
        def made(transaction, person):
            stores = Stores.memory()
            challenge = oidc.begin(pinned, transaction, audience="permits", stores=stores, clock=stage.clock)
            login = oidc.verify(
                house.answer(challenge.url, person, **answer),
                challenge.id,
                provider=pinned,
                stores=stores,
                attest=stage.sandbox.service_key,
                transport=house,
                clock=stage.clock,
            )
            return login if change is None else attest(change(login), stage.sandbox.service_key, stage.clock.now())

        return made

    return logged_in


@pytest.fixture(scope="module")
def twin(stage, turn, procedure, through):
    """The honest dossier under this procedure."""
    return stage.play(stage.opened(procedure), {"approval": turn(made=through())})


def test_a_login_at_the_provider_is_proved(stage, twin, pinned):
    report = stage.verify(twin, providers=[pinned])
    assert report.verdict == "COMPLETE", str(report)
    assert "MADE_UP_ASSERTED" in report.codes


@pytest.fixture
def caught(stage, twin, pinned):
    def check(mutant, *codes, providers=None):
        assert stage.verify(twin, providers=[pinned]).verdict == "COMPLETE"
        report = stage.verify(mutant, providers=[pinned] if providers is None else providers)
        errors = {found.code for found in report.all_findings if found.severity == "error"}
        assert errors == set(codes), f"{sorted(errors)}\n{report}"
        return report

    return check


def test_without_the_providers_keys_nothing_is_decided(caught, twin):
    report = caught(twin, "LOGIN_RECHECK_UNDECIDED", "ASSURANCE_UNDECIDED", providers=[])
    assert "MADE_UP_ASSERTED" in report.codes


def test_the_keys_of_another_provider(caught, stage, twin):
    caught(
        twin,
        "LOGIN_RECHECK_UNDECIDED",
        "ASSURANCE_UNDECIDED",
        providers=[SandboxProvider(clock=stage.clock).provider()],
    )


def test_a_key_that_the_verifier_pinned_only_from_later_on(caught, stage, pinned, twin):
    later = tuple(replace(key, valid_from=stage.clock.now() + timedelta(days=1)) for key in pinned.keys)
    caught(twin, "LOGIN_RECHECK_UNDECIDED", "ASSURANCE_UNDECIDED", providers=[replace(pinned, keys=later)])


def test_a_key_that_had_ended_before_the_signature(caught, stage, pinned, twin):
    act = twin.authentications[2]
    ended = tuple(replace(key, valid_until=act.authenticated_at + timedelta(seconds=10)) for key in pinned.keys)
    report = caught(twin, "LOGIN_RECHECK", providers=[replace(pinned, keys=ended)])
    assert report.verdict == "FAILED"


def test_the_verifiers_map_decides_what_the_login_is_worth(caught, pinned, twin):
    lower = tuple((value, (Assurance("vn-2024", "1", "asserted"),)) for value, _ in pinned.acr)
    caught(twin, "ASSURANCE_TOO_LOW", providers=[replace(pinned, acr=lower)])


def test_a_weaker_login_than_the_step_wants(caught, stage, turn, procedure, through):
    weak = turn(made=through(acr="urn:eidkit:sandbox:level:1"))
    caught(stage.play(stage.opened(procedure), {"approval": weak}), "ASSURANCE_TOO_LOW")


def test_a_weaker_login_that_the_service_calls_stronger(caught, stage, turn, procedure, through):
    def boast(login):
        return replace(login, assurance=(Assurance("vn-2024", "2", "asserted"),))

    weak = turn(made=through(boast, acr="urn:eidkit:sandbox:level:1"))
    caught(stage.play(stage.opened(procedure), {"approval": weak}), "ASSURANCE_TOO_LOW")


def test_a_real_login_for_another_transaction(caught, stage, turn, procedure, through):
    """The insider keeps the provider's token and writes another transaction beside it."""

    def made(transaction, person):
        real = through()(replace(transaction, dossier_id="H56.01-260302-0009"), person)
        return attest(replace(real, transaction=transaction), stage.sandbox.service_key, stage.clock.now())

    caught(stage.play(stage.opened(procedure), {"approval": turn(made=made)}), "LOGIN_RECHECK", "ASSURANCE_TOO_LOW")


def test_a_real_login_of_another_person(caught, stage, turn, procedure, through):
    """Bình logged in at the provider; the insider writes Lan's name over his."""

    def made(transaction, person):
        real = through()(transaction, stage.binh.identity)
        named = replace(
            real,
            subject=subject_commitment(person, real.disclosure.salt),
            disclosure=Disclosure(person, real.disclosure.salt, real.disclosure.proof),
        )
        return attest(named, stage.sandbox.service_key, stage.clock.now())

    caught(stage.play(stage.opened(procedure), {"approval": turn(made=made)}), "LOGIN_RECHECK")


def test_a_token_of_the_insiders_own_making(caught, stage, turn, procedure, through, pinned):
    """A second provider with the first one's name, under a key that nobody pinned."""
    other = SandboxProvider(clock=stage.clock)
    own = other.provider()

    def made(transaction, person):
        stores = Stores.memory()
        challenge = oidc.begin(own, transaction, audience="permits", stores=stores, clock=stage.clock)
        return oidc.verify(
            other.answer(challenge.url, person),
            challenge.id,
            provider=own,
            stores=stores,
            attest=stage.sandbox.service_key,
            transport=other,
            clock=stage.clock,
        )

    caught(
        stage.play(stage.opened(procedure), {"approval": turn(made=made)}),
        "LOGIN_RECHECK_UNDECIDED",
        "ASSURANCE_UNDECIDED",
    )


def test_a_code_called_a_providers_word(caught, stage, turn, procedure):
    """A one-time code whose record claims to be asserted."""
    boast = turn(
        login=lambda login: replace(login, proof_class="asserted", assurance=(Assurance("vn-2024", "2", "asserted"),))
    )
    caught(
        stage.play(stage.opened(procedure), {"approval": boast}),
        "LOGIN_RECHECK",
        "PROOF_CLASS_CLAIMED",
        "ASSURANCE_TOO_LOW",
    )


def test_a_proof_of_another_kind(caught, stage, turn, procedure, through):
    def other(login):
        data = b"{}"
        return replace(
            login, proof=Proof.of("application/json", data), disclosure=replace(login.disclosure, proof=data)
        )

    caught(
        stage.play(stage.opened(procedure), {"approval": turn(made=through(other))}),
        "LOGIN_RECHECK",
        "ASSURANCE_TOO_LOW",
    )


# ── a provider that names the person only in UserInfo: the service's word, checked as that ─────────────────


@pytest.fixture(scope="module")
def portal(stage):
    return SandboxProvider(clock=stage.clock, speaks=PORTAL)


@pytest.fixture(scope="module")
def told(portal):
    return Provider.discover(
        portal.issuer,
        client_id="eidkit-sandbox",
        redirect_uri=REDIRECT_URI,
        profile=NATIONAL_PORTAL,
        acr={"LoA1": [("vn-2024", "1")]},
        transport=portal,
        clock=portal.clock,
    )


@pytest.fixture(scope="module")
def approved(stage, turn, portal, told):
    def made(transaction, person):
        stores = Stores.memory()
        challenge = oidc.begin(told, transaction, audience="permits", stores=stores, clock=stage.clock)
        return oidc.verify(
            portal.answer(challenge.url, person), challenge.id, provider=told, stores=stores,
            attest=stage.sandbox.service_key, transport=portal, clock=stage.clock,
        )  # fmt: skip

    return stage.play(stage.opened(stage.procedure), {"approval": turn(made=made)})


def test_it_completes_a_step_that_asks_no_more_and_is_called_attested(stage, approved, told):
    report = stage.verify(approved, providers=[told])
    assert report.verdict == "COMPLETE", str(report)
    assert "MADE_UP_ASSERTED" not in report.codes


def test_without_the_pin_it_is_not_complete(stage, approved):
    report = stage.verify(approved, providers=[])
    assert report.verdict != "COMPLETE"
    assert "LOGIN_RECHECK_UNDECIDED" in report.codes


def test_a_verifier_whose_map_counts_it_for_nothing_is_not_satisfied(stage, approved, told):
    report = stage.verify(approved, providers=[replace(told, acr=NATIONAL_PORTAL.acr)])
    assert "ASSURANCE_TOO_LOW" in report.codes
