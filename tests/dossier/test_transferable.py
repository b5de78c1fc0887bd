"""A step approved by logging in with a certificate's key: transferable, and what breaks its proof (binding.md §6.4)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit import algorithms
from eidkit.auth import Stores, x509
from eidkit.binding import shape
from eidkit.binding.attestation import attest
from eidkit.binding.authentication import Proof, subject_commitment
from eidkit.vn import five_steps

ORIGIN = "https://permits.example"


@pytest.fixture(scope="module")
def procedure(stage):
    """The approval wants a login that nobody but the holder of a key can have made."""
    return five_steps(
        attesters=stage.procedure.attesters,
        mandate=stage.seal.identity,
        holders=dict(stage.procedure.holders),
        proof_class={"approval": "transferable"},
    )


@pytest.fixture(scope="module")
def signing_in(stage):
    """Logs in with ``key`` (Lan's); ``change`` is the insider's, before the service attests again."""

    def by(change=None, *, key=None, about=lambda transaction: transaction):
        def made(transaction, _person):
            stores = Stores.memory()
            challenge = x509.begin(about(transaction), audience=ORIGIN, stores=stores, clock=stage.clock)
            login = x509.verify(
                x509.respond(key or stage.lan, challenge.question, at=ORIGIN),
                challenge.id,
                trust=stage.sandbox.trust,
                stores=stores,
                sources=stage.sandbox.sources,
                attest=stage.sandbox.service_key,
                transport=stage.sandbox,
                clock=stage.clock,
            )
            if change is None:
                return login
            return attest(change(login, transaction), stage.sandbox.service_key, stage.clock.now())

        return made

    return by


@pytest.fixture(scope="module")
def twin(stage, turn, procedure, signing_in):
    """The honest dossier under this procedure."""
    return stage.play(stage.opened(procedure), {"approval": turn(made=signing_in())})


@pytest.fixture
def caught(stage, turn, procedure, twin):
    def check(made, *codes, **changes):
        assert stage.verify(twin).verdict == "COMPLETE"
        mutant = stage.play(stage.opened(procedure), {"approval": turn(made=made)})
        report = stage.verify(mutant, **changes)
        errors = {found.code for found in report.all_findings if found.severity == "error"}
        assert errors == set(codes), f"{sorted(errors)}\n{report}"
        assert not report
        return report

    return check


def proved(login, **members):
    """``login`` with other members in its proof."""
    said = json.loads(login.disclosure.proof) | members
    data = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return replace(
        login, proof=Proof.of(login.proof.media_type, data), disclosure=replace(login.disclosure, proof=data)
    )


def test_the_dossier_is_complete_and_the_login_transferable(stage, twin):
    report = stage.verify(twin)
    assert report.verdict == "COMPLETE", str(report)
    assert "MADE_UP_TRANSFERABLE" in report.codes
    assert twin.authentications[2].proof_class == "transferable"


def test_it_is_complete_for_who_reads_the_folder(stage, twin, procedure, tmp_path):
    twin.write(tmp_path / "folder")
    assert stage.verify(type(twin).read(tmp_path / "folder", procedure)).verdict == "COMPLETE"


def test_a_code_does_not_do_where_a_key_is_demanded(stage, procedure):
    report = stage.verify(stage.play(stage.opened(procedure)))
    assert not report


def test_a_login_at_another_origin(caught, signing_in):
    def elsewhere(login, _transaction):
        return replace(login, challenge=replace(login.challenge, audience="https://phishing.example"))

    caught(signing_in(elsewhere), "LOGIN_RECHECK", "ASSURANCE_TOO_LOW")


def test_a_login_for_another_transaction(caught, signing_in):
    def swapped(login, transaction):
        return replace(login, transaction=transaction)

    caught(
        signing_in(swapped, about=lambda one: replace(one, dossier_id="H56.01-260302-0009")),
        "LOGIN_RECHECK",
        "ASSURANCE_TOO_LOW",
    )


def test_another_persons_certificate_in_the_proof(caught, signing_in, stage):
    def swapped(login, _transaction):
        return proved(login, certificate=shape.base64url(stage.binh.certificate_der))

    caught(signing_in(swapped), "LOGIN_RECHECK", "ASSURANCE_TOO_LOW")


def test_another_person_named_over_a_real_login(caught, signing_in, stage):
    def renamed(login, _transaction):
        kept = replace(login.disclosure, identity=stage.lan.identity)
        return replace(login, disclosure=kept, subject=subject_commitment(stage.lan.identity, kept.salt))

    caught(signing_in(renamed, key=stage.binh), "LOGIN_RECHECK", "ASSURANCE_TOO_LOW")


def test_a_bare_signature_over_the_32_bytes(caught, signing_in, stage):
    def bare(login, _transaction):
        algorithm = algorithms.suited(stage.lan.certificate.public_key())
        value = stage.lan.sign(login.challenge_value, algorithm)
        return proved(login, signature=shape.base64url(value))

    caught(signing_in(bare), "LOGIN_RECHECK", "ASSURANCE_TOO_LOW")


def test_a_login_with_a_certificate_that_was_revoked(caught, signing_in, stage):
    """The insider logs in with a key that had been revoked, and keeps the answer that says so."""
    lost = stage.sandbox.official("Nguyễn Thị Lan", "000190000022")

    def revoked(login, _transaction):
        stage.sandbox.revoke(lost)
        crls = [shape.base64url(one) for one in stage.sandbox.crls()]
        return proved(login, crls=crls, ocsps=[])

    caught(signing_in(revoked, key=lost), "LOGIN_RECHECK", "ASSURANCE_TOO_LOW")


def without_answers(login, _transaction):
    """The insider keeps no answer about the certificate's status."""
    return proved(login, crls=[], ocsps=[])


def test_a_login_whose_status_was_left_out(stage, turn, procedure, signing_in):
    mutant = stage.play(stage.opened(procedure), {"approval": turn(made=signing_in(without_answers))})
    report = stage.verify(mutant, sources=None, transport=None)
    step = next(step for step in report.steps if step.step == "approval")
    errors = {found.code for found in step.findings if found.severity == "error"}
    assert {"LOGIN_CERTIFICATE_UNDECIDED", "ASSURANCE_UNDECIDED"} <= errors
    assert report.verdict == "INDETERMINATE"


def test_a_status_that_was_not_kept_is_settled_by_newer_answers(stage, turn, procedure, signing_in):
    mutant = stage.play(stage.opened(procedure), {"approval": turn(made=signing_in(without_answers))})
    assert stage.verify(mutant).verdict == "COMPLETE"


def test_newer_answers_that_show_an_older_revocation(stage, turn, procedure, signing_in):
    """The key was lost an hour before it logged in, and the authority wrote that into its list only afterwards."""
    lost = stage.sandbox.official("Nguyễn Thị Lan", "000190000022")
    dossier = stage.play(stage.opened(procedure), {"approval": turn(made=signing_in(key=lost))})
    assert stage.verify(dossier).verdict == "COMPLETE"
    stage.sandbox.revoke(lost, at=dossier.authentications[2].authenticated_at - timedelta(hours=1))
    report = stage.verify(dossier)
    assert report.verdict == "FAILED"
    assert "LOGIN_RECHECK" in report.codes


def test_a_login_at_an_origin_that_the_verifier_does_not_know(stage, twin):
    report = stage.verify(twin, origins=["https://other.example"])
    assert report.verdict == "FAILED"
    assert "LOGIN_RECHECK" in report.codes
    assert stage.verify(twin, origins=[ORIGIN]).verdict == "COMPLETE"


def test_a_verifier_who_trusts_no_authority_for_logins(caught, signing_in, stage):
    trust = replace(
        stage.sandbox.trust, anchors=tuple(one for one in stage.sandbox.trust.anchors if one.kind != "login")
    )
    caught(signing_in(), "LOGIN_CERTIFICATE_UNDECIDED", "ASSURANCE_UNDECIDED", trust=trust)
