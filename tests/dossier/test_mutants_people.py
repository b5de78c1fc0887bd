"""binding.md §6.5 broken one by one: the persons, the mandates, the roles."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from eidkit.binding.authentication import Disclosure
from eidkit.identity import Identity
from eidkit.vn import five_steps


def five(stage, **changes):
    """The procedure with other holders, mandate or attesters."""
    given = {"attesters": stage.procedure.attesters, "mandate": stage.seal.identity, "holders": None} | changes
    return five_steps(**given)


def named(stage, identity, uid):
    """A certificate whose subject writes the person's number as ``uid``."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.COMMON_NAME, identity.name),
            *([x509.NameAttribute(NameOID.USER_ID, uid)] if uid else []),
        ]
    )
    return stage.sandbox.issue(subject, identity)


def test_somebody_else_signs(stage, turn, caught):
    """Lan logs in, Bình's key signs: each of the two is good by itself."""
    caught(stage.play(stage.opened(), {"approval": turn(signer=stage.binh)}), "PERSON_MISMATCH")


def test_anothers_login_with_the_right_signature(stage, turn, caught):
    caught(
        stage.play(stage.opened(), {"approval": turn(person=stage.binh.identity)}),
        "PERSON_MISMATCH",
        "NOT_HOLDER",
        "SAME_PERSON",
    )


def test_somebody_who_does_not_hold_the_role(stage, turn, caught):
    other = turn(person=stage.lan.identity, signer=stage.lan)
    caught(stage.play(stage.opened(), {"result": other}), "NOT_HOLDER")


def test_a_role_without_holders_is_claimed_and_said_so(stage):
    procedure = five(stage)
    report = stage.verify(stage.play(stage.opened(procedure)))
    assert report.verdict == "COMPLETE"
    assert "ROLE_CLAIMED" in report.codes


def test_one_person_where_two_are_demanded(stage, turn, caught):
    procedure = five(stage)
    alone = turn(person=stage.binh.identity, signer=stage.binh)
    caught(
        stage.play(stage.opened(procedure), {"approval": alone}),
        "SAME_PERSON",
        twin=stage.play(stage.opened(procedure)),
    )


def test_one_persons_new_certificate_and_new_name_are_still_one_person(stage, turn, caught):
    procedure = five(stage)
    renamed = stage.sandbox.official("Trần Văn Bình Minh", stage.binh.identity.identifier)
    again = turn(person=renamed.identity, signer=renamed)
    caught(stage.play(stage.opened(procedure), {"approval": again}), "SAME_PERSON")


def test_two_persons_of_one_name_are_two(stage, turn):
    procedure = five(stage)
    namesake = stage.sandbox.official("Trần Văn Bình", "000180000044")
    other = turn(person=namesake.identity, signer=namesake)
    assert stage.verify(stage.play(stage.opened(procedure), {"approval": other})).verdict == "COMPLETE"


def test_two_numbers_of_two_kinds_do_not_prove_two_persons(stage, turn, caught):
    procedure = five(stage)
    old = Identity("vn-cmnd", "123456789", "Trần Văn Bình")
    key = named(stage, old, "CMND:123456789")
    caught(stage.play(stage.opened(procedure), {"approval": turn(person=old, signer=key)}), "DIFFERENCE_UNPROVED")


def test_a_login_and_a_certificate_with_numbers_of_two_kinds(stage, turn, caught):
    procedure = five(stage)
    key = named(stage, stage.lan.identity, "CMND:123456789")
    caught(stage.play(stage.opened(procedure), {"approval": turn(signer=key)}), "PERSON_UNDECIDED")


def test_a_certificate_that_names_nobody_by_number(stage, turn, caught):
    procedure = five(stage)
    key = named(stage, stage.lan.identity, None)
    caught(stage.play(stage.opened(procedure), {"approval": turn(signer=key)}), "PERSON_UNDECIDED")


def test_a_certificate_that_names_two_persons(stage, turn, caught):
    procedure = five(stage)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Nguyễn Thị Lan"),
            x509.NameAttribute(NameOID.USER_ID, f"CCCD:{stage.lan.identity.identifier}"),
            x509.NameAttribute(NameOID.USER_ID, f"CCCD:{stage.binh.identity.identifier}"),
        ]
    )
    key = stage.sandbox.issue(subject, stage.lan.identity)
    caught(stage.play(stage.opened(procedure), {"approval": turn(signer=key)}), "PERSON_UNDECIDED")


def test_two_certificates_that_name_nobody_are_not_two_persons(stage, turn):
    """One person with two certificates without a number, each logging in for itself, must not pass as two."""
    procedure = five(stage)
    keys = [named(stage, stage.binh.identity, None) for _ in range(2)]
    people = [Identity("x509", sha256(key.certificate_der).hexdigest()) for key in keys]
    alone = {
        name: turn(person=people[number], signer=keys[number]) for number, name in enumerate(("assessment", "approval"))
    }
    report = stage.verify(stage.play(stage.opened(procedure), alone))
    assert "DIFFERENCE_UNPROVED" in report.codes
    assert report.verdict == "INDETERMINATE", str(report)


def test_an_organisations_seal_where_a_person_is_demanded(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": turn(signer=stage.seal)}), "PERSON_UNDECIDED")


def test_a_holder_named_by_a_number_of_another_kind(stage, turn, caught):
    procedure = five(stage, holders={"head of unit": [Identity("vn-cmnd", "123456789", "Nguyễn Thị Lan")]})
    caught(stage.play(stage.opened(procedure)), "HOLDER_UNDECIDED")


def test_the_seal_of_another_agency(stage, turn, caught):
    other = stage.sandbox.agency("UBND phường khác", "0000000033")
    caught(stage.play(stage.opened(), {"signing": turn(signer=other)}), "MANDATE_MISMATCH")


def test_a_persons_certificate_in_the_agency_as_its_seal(stage, turn, caught):
    """A person in the organisation is not the organisation."""
    clerk = stage.sandbox.official("Trần Văn Bình", stage.binh.identity.identifier, organisation=stage.seal)
    caught(stage.play(stage.opened(), {"signing": turn(signer=clerk)}), "MANDATE_MISMATCH")


def test_a_seal_without_the_organisations_number(stage, turn, caught):
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, stage.seal.identity.name),
            x509.NameAttribute(NameOID.COMMON_NAME, stage.seal.identity.name),
        ]
    )
    key = stage.sandbox.issue(subject, stage.seal.identity)
    caught(stage.play(stage.opened(), {"signing": turn(signer=key)}), "MANDATE_UNDECIDED")


def test_who_logged_in_is_shown_beside_the_organisation(stage, honest):
    step = next(step for step in stage.verify(honest).steps if step.kind == "seal")
    assert (step.person, step.organisation) == (stage.binh.identity, stage.seal.identity)


def test_another_identity_in_the_login_file(stage, caught, honest):
    login = honest.authentications[2]
    opened = replace(login.disclosure, identity=stage.binh.identity)
    logins = tuple(replace(a, disclosure=opened) if a is login else a for a in honest.authentications)
    caught(
        replace(honest, authentications=logins),
        "SUBJECT_COMMITMENT",
        "DIFFERENCE_UNPROVED",
    )


def test_another_salt_in_the_login_file(stage, caught, honest):
    login = honest.authentications[2]
    opened = Disclosure(login.identity, b"\1" * 32, login.disclosure.proof)
    logins = tuple(replace(a, disclosure=opened) if a is login else a for a in honest.authentications)
    caught(replace(honest, authentications=logins), "SUBJECT_COMMITMENT", "DIFFERENCE_UNPROVED")


def test_an_erased_identity_is_indeterminate_and_never_passed(stage, caught, honest):
    logins = (replace(honest.authentications[0], disclosure=None), *honest.authentications[1:])
    report = caught(replace(honest, authentications=logins), "ERASED")
    assert report.verdict == "INDETERMINATE"


def test_another_role_in_the_signature(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": turn(roles=("chairman",))}), "CLAIMED_ROLE_MISMATCH")


def test_one_role_more_in_the_signature(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": turn(roles=("head of unit", "chairman"))}), "CLAIMED_ROLE_MISMATCH")


@pytest.mark.parametrize("commitment", [None, "1.2.840.113549.1.9.16.6.2"])
def test_another_commitment_than_the_actions(stage, turn, caught, commitment):
    caught(stage.play(stage.opened(), {"approval": turn(commitment=commitment)}), "COMMITMENT_MISMATCH")


def test_proof_of_approval_in_a_refusal(stage, turn, caught):
    refusal = turn(action="reject", commitment="1.2.840.113549.1.9.16.6.5")
    caught(
        stage.play(stage.opened(), {"approval": refusal}, ("reception", "assessment", "approval")),
        "COMMITMENT_MISMATCH",
    )


def test_a_service_that_holds_the_seal_is_said_to_speak_for_itself(stage):
    """The agency that attests is the one whose seal signs: the login is its own statement only."""
    seal = stage.sandbox.agency(stage.sandbox.service_key.identity.name, stage.sandbox.service_key.identity.identifier)
    procedure = five(stage, mandate=seal.identity)
    cast = dict(stage.cast)
    stage.cast["signing"] = (stage.binh, seal)
    try:
        report = stage.verify(stage.play(stage.opened(procedure)))
    finally:
        stage.cast = cast
    assert report.verdict == "COMPLETE"
    assert "MADE_UP_SERVICE_KEY" in report.codes
