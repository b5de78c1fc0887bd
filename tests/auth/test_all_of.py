from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.auth import AllOf, making, recovery
from eidkit.auth import challenge as challenges
from eidkit.auth.assurance import assess
from eidkit.binding.authentication import Assurance
from eidkit.errors import AuthenticationError, EidkitError
from eidkit.identity import Identity

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")


@pytest.fixture
def made(clock, transaction):
    """Makes Authentications as ``verify`` does."""

    def make(method, factors=("have",), *, identity=LAN, about=transaction, stated=None, **more):
        issued = challenges.new(method, about, audience="permits", clock=clock, subject=identity)
        given = {"proof_class": "attested", "checks": [(method, "test")], "at": clock.now()} | more
        return making.authentication(
            issued,
            identity,
            factors=factors,
            assurance=assess(method, factors) if stated is None else stated,
            proof=("application/json", b"{}"),
            **given,
        )

    return make


def _levels(joined):
    return {value.scheme: value.value for value in joined.assurance}


# ── joined by kind ────────────────────────────────────────────────────────────────────────────────────────


def test_two_devices_are_one_factor(made):
    joined = AllOf(made("totp"), made("sms"), made("hotp"))
    assert joined.factors == ("have",)
    assert _levels(joined) == {"vn-2024": "1", "nist-aal": "1"}


def test_two_kinds_are_two_factors(made):
    joined = AllOf(made("totp"), made("oidc", ("know",), stated=(), proof_class="asserted"))
    assert joined.factors == ("have", "know")
    assert _levels(joined)["vn-2024"] == "2"


def test_an_e_mail_adds_nothing(made):
    joined = AllOf(made("totp"), made("email", ()))
    assert (joined.factors, _levels(joined)) == (("have",), {"vn-2024": "1", "nist-aal": "1"})


def test_kinds_that_a_method_cannot_show_are_not_believed(made):
    joined = AllOf(made("totp", ("have", "know", "are")), made("email", ("know",)))
    assert joined.factors == ("have",)


def test_a_level_that_only_the_value_claims_is_not_believed(made):
    high = (
        Assurance("vn-2024", "4", "policy"),
        Assurance("nist-aal", "3", "policy"),
        Assurance("eidas", "high", "policy"),
    )
    assert _levels(AllOf(made("totp", stated=high))) == {"vn-2024": "1", "nist-aal": "1"}
    over = AllOf(made("webauthn", ("have", "know"), stated=high))
    assert _levels(over)["nist-aal"] == "2"


def test_unknown_methods_and_kinds_count_for_nothing(made):
    joined = AllOf(made("totp"), made("telepathy", ("know",), stated=()), made("oidc", ("unknown",), stated=()))
    assert joined.factors == ("have",)
    assert _levels(joined) == {"vn-2024": "1", "nist-aal": "1"}


def test_what_a_member_is_worth_alone_is_not_lost(made):
    strong = made("x509", ("have", "know"), proof_class="transferable")
    joined = AllOf(strong, made("recovery"))
    assert _levels(joined) == _levels(AllOf(strong))


def test_a_provider_that_states_no_authenticator_does_not_lift_the_nist_level(made):
    joined = AllOf(made("totp"), made("oidc", ("know",), stated=(), proof_class="asserted"))
    assert _levels(joined)["nist-aal"] == "1"


def test_proofing_is_the_least_that_is_stated(made):
    high, low = (Assurance("eidas", value, "asserted") for value in ("high", "low"))
    joined = AllOf(made("oidc", (), stated=(high,)), made("saml", (), stated=(low,)), made("totp"))
    assert _levels(joined)["eidas"] == "low"


def test_the_whole_is_as_old_and_as_weak_as_its_oldest_and_weakest(made, clock):
    old = made("totp", at=clock.now() - timedelta(minutes=3))
    joined = AllOf(made("x509", ("have", "know"), proof_class="transferable"), old)
    assert joined.authenticated_at == old.authenticated_at
    assert joined.proof_class == "attested"


# ── who and what ──────────────────────────────────────────────────────────────────────────────────────────


def test_members_of_different_people_are_refused(made):
    with pytest.raises(AuthenticationError):
        AllOf(made("totp"), made("sms", identity=BINH))


def test_equal_names_are_not_one_person(made):
    with pytest.raises(AuthenticationError):
        AllOf(made("totp"), made("sms", identity=Identity("vn-cccd", BINH.identifier, LAN.name)))


def test_members_of_different_transactions_are_refused(made, other_transaction):
    with pytest.raises(AuthenticationError):
        AllOf(made("totp"), made("sms", about=other_transaction))


def test_one_member_twice_is_refused(made):
    one = made("totp")
    with pytest.raises(AuthenticationError):
        AllOf(one, one)


def test_a_member_whose_person_was_erased_or_exchanged_is_refused(made):
    one, other = made("totp"), made("sms", identity=BINH)
    exchanged = replace(other, disclosure=replace(other.disclosure, identity=LAN))
    for bad in (replace(other, disclosure=None), exchanged):
        with pytest.raises(AuthenticationError):
            AllOf(one, bad)


def test_nothing_and_too_much_are_refused(made):
    with pytest.raises(AuthenticationError):
        AllOf()
    with pytest.raises(AuthenticationError):
        AllOf(*(made("totp") for _ in range(9)))


def test_joined_logins_are_not_what_a_step_keeps(made):
    joined = AllOf(made("totp"))
    assert not hasattr(joined, "to_json")
    assert not hasattr(joined, "attestation")


# ── the gate ──────────────────────────────────────────────────────────────────────────────────────────────


def _reasons(call):
    with pytest.raises(AuthenticationError) as caught:
        call()
    assert caught.value.code == "authentication-insufficient"
    return caught.value


def test_the_gate_lets_enough_through(made, clock, service_key):
    one = made("totp", attest=service_key)
    one.require()
    one.require(min=("vn-2024", "1"), bound=True, max_age=timedelta(minutes=5), at=clock.now(), proof_class="attested")
    AllOf(one, made("oidc", ("know",), stated=())).require(min=("vn-2024", "2"))


def test_the_gate_names_every_reason_in_both_languages(made, clock):
    late = clock.now() + timedelta(hours=1)
    error = _reasons(
        lambda: made("totp").require(
            min=("vn-2024", "2"), bound=True, max_age=timedelta(minutes=5), at=late, proof_class="transferable"
        )
    )
    for part in ("vn-2024 is 1, and 2 is needed", "no attestation", "300 seconds", "attested, not transferable"):
        assert part in error.problem.en
    assert error.problem.vi.count(";") == error.problem.en.count(";") == 3


def test_another_scheme_never_stands_in(made):
    assert "eidas is nothing" in str(_reasons(lambda: made("totp").require(min=("eidas", "low"))))


def test_an_age_from_the_future_is_refused(made, clock):
    one = made("totp")
    one.require(max_age=timedelta(minutes=5), at=clock.now() - timedelta(seconds=60))
    _reasons(lambda: one.require(max_age=timedelta(minutes=5), at=clock.now() - timedelta(seconds=61)))


def test_an_attestation_of_another_login_does_not_bind(made, service_key):
    one, other = made("totp", attest=service_key), made("totp", attest=service_key)
    assert "does not belong" in str(_reasons(lambda: replace(one, attestation=other.attestation).require(bound=True)))
    assert "does not belong" in str(_reasons(lambda: replace(one, attestation="a.b.c").require(bound=True)))
    assert "does not belong" in str(_reasons(lambda: replace(one, factors=("know",)).require(bound=True)))


def test_every_member_must_be_bound(made, service_key):
    joined = AllOf(made("totp", attest=service_key), made("sms"))
    _reasons(lambda: joined.require(bound=True))
    AllOf(made("totp", attest=service_key), made("sms", attest=service_key)).require(bound=True)


@pytest.mark.parametrize(
    "demand",
    [{"min": ("vn-2024", "5")}, {"min": ("aal", "1")}, {"proof_class": "strong"}, {"max_age": timedelta(minutes=5)}],
)
def test_a_demand_that_means_nothing_is_refused_by_name(made, demand):
    with pytest.raises(EidkitError) as caught:
        made("totp").require(**demand)
    assert caught.value.code != "authentication-insufficient"


def test_a_recovery_code_beside_a_phone_is_no_second_factor(made, memory, transaction, clock):
    codes = recovery.issue(LAN, stores=memory).codes
    begun = recovery.begin(LAN, transaction, audience="a", stores=memory, clock=clock)
    paper = recovery.verify(codes[0], begun.id, stores=memory, clock=clock)
    with pytest.raises(AuthenticationError):
        AllOf(made("totp"), paper).require(min=("vn-2024", "2"))
