"""binding.md §6.5: a login and a certificate that name a person in two schemes, and the link that joins them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit import canonical
from eidkit.asn1.certificate import of
from eidkit.binding import shape
from eidkit.binding.identity_link import IdentityLink, LinkClaims, Opening, Shown
from eidkit.dossier import Dossier, linking
from eidkit.dossier.linking import Known, Links
from eidkit.dossier.persons import compared
from eidkit.errors import EidkitError, StepError
from eidkit.identity import Identity
from eidkit.policy import ETSI_BASELINE
from eidkit.sandbox import people
from eidkit.timestamps.authority import first_token
from eidkit.trust.sources import Sources
from eidkit.verify import linked
from eidkit.verify.blocks import Material
from eidkit.verify.linked import Linked
from eidkit.vn import five_steps
from tests.dossier.shown_together import ShownTogether

UNJOINED = {"PERSON_UNDECIDED", "HOLDER_UNDECIDED", "DIFFERENCE_UNPROVED"}


@pytest.fixture(scope="module")
def through(stage):
    """Logs in at the provider, and shows the certificate in the same moment."""
    return ShownTogether(stage, tsa=stage.sandbox.tsa)


@pytest.fixture(scope="module")
def pinned(through):
    return through.pinned


@pytest.fixture(scope="module")
def made_links(through):
    """The links made while the dossier below was approved."""
    return through.links


@pytest.fixture(scope="module")
def dossier(stage, turn, through):
    return stage.play(stage.opened(), {"approval": turn(made=through)})


@pytest.fixture(scope="module")
def link(dossier, made_links):
    return made_links[0]


@pytest.fixture
def errors(stage, dossier, pinned):
    def found(*given, of=dossier, **changes):
        report = stage.verify(of, links=given, providers=[pinned], **changes)
        return {one.code for one in report.all_findings if one.severity == "error"}

    return found


def stated(stage, first, second, at=None, key=None):
    """What whoever holds the service key can write down: the two are one."""
    now = at or stage.clock.now()
    opened = (Opening(first, b"\1" * 32), Opening(second, b"\2" * 32))
    shown = (Shown("oidc", "1" * 64, now), Shown("certificate", "2" * 64, now))
    claims = LinkClaims((opened[0].commitment, opened[1].commitment), shown, now, now)
    return IdentityLink.made(claims, opened, key or stage.sandbox.service_key)


def test_without_the_link_nothing_is_proved_and_nothing_refuted(stage, dossier, pinned, errors):
    assert errors() == UNJOINED
    assert stage.verify(dossier, providers=[pinned]).verdict == "INDETERMINATE"


def test_the_link_completes_it_and_the_report_says_whose_word_that_is(stage, dossier, link, pinned):
    report = stage.verify(dossier, links=[link], providers=[pinned])
    assert report.verdict == "COMPLETE", str(report)
    told = {found.message.en for found in report.all_findings if found.code == "IDENTITY_LINKED"}
    assert len(told) == 1
    assert stage.sandbox.service_key.identity.name in told.pop()


def test_the_step_shows_the_name_of_the_certificate_that_the_link_joins(stage, dossier, link, pinned):
    step = stage.verify(dossier, links=[link], providers=[pinned]).steps[2]
    assert (step.person, step.person.name) == (link.identities[0], "Nguyễn Thị Lan")
    assert stage.verify(dossier, providers=[pinned]).steps[2].person.name == ""


def test_numbers_in_the_report_are_masked(stage, dossier, link, pinned):
    report = stage.verify(dossier, links=[link], providers=[pinned])
    subject = dossier.authentications[2].identity.identifier
    for shown in (str(report), report.to_html(), str(report.to_json())):
        assert stage.lan.identity.identifier not in shown
        assert subject not in shown


def test_approving_takes_the_link_and_keeps_it(stage, turn, through, made_links, pinned, tmp_path):
    before = stage.play(stage.opened(), steps=("reception", "assessment"))
    login, signed_ = stage.turn(before, "approval", turn(made=through))
    given = {"sources": stage.sandbox.sources, "transport": stage.sandbox, "clock": stage.clock}
    with pytest.raises(StepError) as refused:
        before.approve(signed_, login, stage.sandbox.trust, providers=[pinned], **given)
    assert {one.code for one in refused.value.reasons} == UNJOINED
    after = before.approve(signed_, login, stage.sandbox.trust, providers=[pinned], links=made_links, **given)
    assert made_links[-1] in after.links
    after.write(tmp_path / "folder")
    assert (tmp_path / "folder" / "links" / "01.json").is_file()
    read = Dossier.read(tmp_path / "folder", stage.procedure)
    assert read.links == after.links
    report = stage.verify(read, providers=[pinned])
    assert report.verdict == "INCOMPLETE", str(report)


def test_every_changed_character_of_the_statement_counts(errors, link):
    """Every 40th, in header, payload, certificate and value: refused while reading or while judging."""
    text, judged = link.jws.text, 0
    for place in range(0, len(text), 40):
        other = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        try:
            read = IdentityLink.from_json(link.to_json() | {"statement": other})
        except EidkitError:
            continue
        assert errors(read) == UNJOINED, place
        judged += 1
    assert judged


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: {"subjects": claims.subjects[::-1]},
        lambda claims: {"shown": claims.shown[::-1]},
        lambda claims: {"issued_at": claims.issued_at + timedelta(seconds=1)},
        lambda claims: {
            "valid_from": claims.valid_from + timedelta(seconds=1),
            "issued_at": claims.issued_at + timedelta(seconds=1),
        },
    ],
)
def test_other_claims_under_the_same_value(errors, link, change):
    claims = replace(link.claims, **change(link.claims))
    head, _, value = link.jws.text.split(".")
    forged = f"{head}.{shape.base64url(canonical.dumps(claims.to_json()))}.{value}"
    assert errors(IdentityLink.from_json(link.to_json() | {"statement": forged})) == UNJOINED


def test_another_identity_in_the_disclosure(errors, link, stage):
    opened = (link.disclosure[0], replace(link.disclosure[1], identity=stage.binh.identity))
    assert errors(replace(link, disclosure=opened)) == UNJOINED


def test_another_salt_in_the_disclosure(errors, link):
    assert (
        errors(replace(link, disclosure=(link.disclosure[0], replace(link.disclosure[1], salt=b"\0" * 32)))) == UNJOINED
    )


def test_the_two_in_the_other_order(errors, link):
    assert errors(replace(link, disclosure=link.disclosure[::-1])) == UNJOINED


def test_an_erased_link(errors, link):
    assert errors(link.erased()) == UNJOINED


def test_a_link_of_other_people(errors, stage, link):
    assert errors(stated(stage, Identity("oidc:https://id.other.example", "x"), stage.lan.identity)) == UNJOINED


def test_a_link_made_after_the_signature(errors, link, stage, dossier):
    """It is stated anew today, for what was signed before."""
    first, second = link.identities
    assert errors(stated(stage, first, second)) == UNJOINED


def test_a_link_by_a_service_that_the_procedure_does_not_name(errors, link, stage):
    first, second = link.identities
    who = Identity("vn-mst", "0000000099", "Trung tâm khác")
    other = stage.sandbox._issue("service-root", people.agency(who, mns=None), who, "p256", "attestation", {})
    at = link.claims.valid_from
    assert errors(stated(stage, first, second, at, other)) == UNJOINED


def test_a_link_signed_with_an_officials_own_key(errors, link, stage):
    first, second = link.identities
    assert errors(stated(stage, first, second, link.claims.valid_from, stage.lan)) == UNJOINED


def test_a_service_whose_root_the_verifier_does_not_trust(stage, dossier, link, pinned):
    trust = replace(
        stage.sandbox.trust, anchors=tuple(one for one in stage.sandbox.trust.anchors if one.kind != "attestation")
    )
    report = stage.verify(dossier, links=[link], providers=[pinned], trust=trust)
    assert "PERSON_UNDECIDED" in report.codes
    assert "IDENTITY_LINK_REFUSED" in report.codes


def test_a_timestamp_of_something_else(errors, link, dossier, stage):
    token = first_token((stage.sandbox.tsa,), b"another text", transport=stage.sandbox, clock=stage.clock)
    assert errors(replace(link, timestamp=token)) == UNJOINED


def test_a_link_dated_later_than_its_timestamp(stage, dossier, link, pinned):
    """The service's clock, or its word, runs ahead of what the timestamp proves."""
    first, second = link.identities
    ahead = stated(stage, first, second, stage.clock.now() + timedelta(minutes=30))
    token = first_token((stage.sandbox.tsa,), ahead.stamped, transport=stage.sandbox, clock=stage.clock)
    materials = Material((), tuple(stage.sandbox.crls()), ())
    given = {"trust": stage.sandbox.trust, "policy": ETSI_BASELINE}
    early = linked.judged(ahead, materials, at=stage.clock.now(), **given)
    assert "IDENTITY_LINK_TIME" in {found.code for found in early.findings}
    later = linked.judged(
        replace(ahead, timestamp=token), materials, at=stage.clock.now() + timedelta(minutes=40), **given
    )
    assert {found.code for found in later.findings} == {"IDENTITY_LINK_TIME"}
    assert not later


def test_a_timestamp_that_is_none(errors, link):
    assert errors(replace(link, timestamp=b"0")) == UNJOINED


def test_a_link_without_a_timestamp_counts_while_the_services_certificate_does(errors, link, stage):
    assert errors(replace(link, timestamp=None)) == set()


def test_a_link_whose_services_status_nobody_shows(errors, link, stage):
    others = [a.crl(stage.clock.now()) for slug, a in stage.sandbox.authorities.items() if slug != "service-root"]
    found = errors(link, sources=Sources.of(crls=others), transport=None)
    assert found >= UNJOINED


def test_a_link_by_a_revoked_service(stage, errors, link):
    who = stage.sandbox.service_key.identity
    lost = stage.sandbox._issue("service-root", people.agency(who, mns=None), who, "p256", "attestation", {})
    made = stated(stage, *link.identities, link.claims.valid_from, lost)
    assert errors(made) == set()
    stage.sandbox.revoke(lost)
    assert errors(made) == UNJOINED


def test_over_two_links_where_each_hop_is_attested(errors, stage, link):
    """provider → passport → citizen's number."""
    first, second = link.identities
    passport = Identity("passport-VN", "C1234567")
    at = link.claims.valid_from
    assert errors(stated(stage, first, passport, at)) == UNJOINED
    assert errors(stated(stage, first, passport, at), stated(stage, passport, second, at)) == set()
    broken = replace(stated(stage, passport, second, at), disclosure=None)
    assert errors(stated(stage, first, passport, at), broken) == UNJOINED


def test_links_that_give_one_person_two_numbers_decide_nothing(errors, stage, link):
    first, _ = link.identities
    contrary = stated(stage, first, stage.binh.identity, link.claims.valid_from)
    assert errors(link, contrary) == UNJOINED | {"IDENTITY_LINKS_CONTRADICT"}


def test_a_link_that_shows_two_steps_to_be_of_one_person(stage, turn, through, made_links, pinned, link):
    """Bình's number is linked with the provider's subject that approved: the difference is gone."""
    procedure = five_steps(attesters=stage.procedure.attesters, mandate=stage.seal.identity, holders=None)
    dossier = stage.play(stage.opened(procedure), {"approval": turn(made=through)})
    assert stage.verify(dossier, links=made_links, providers=[pinned]).verdict == "COMPLETE"
    same = stated(stage, dossier.authentications[2].identity, stage.binh.identity)
    report = stage.verify(dossier, links=[same], providers=[pinned])
    assert "SAME_PERSON" in report.codes


def test_links_in_the_folder_do_not_crowd_out_the_verifiers_own(stage, turn, through, pinned):
    procedure = five_steps(attesters=stage.procedure.attesters, mandate=stage.seal.identity, holders=None)
    dossier = stage.play(stage.opened(procedure), {"approval": turn(made=through)})
    same = stated(stage, dossier.authentications[2].identity, stage.binh.identity)
    others = (Identity("oidc:https://id.other.example", str(number)) for number in range(linking.MAX_LINKS))
    filled = replace(dossier, links=tuple(stated(stage, other, stage.lan.identity) for other in others))
    assert "SAME_PERSON" in stage.verify(filled, links=[same], providers=[pinned]).codes


def test_a_link_by_the_key_that_signs_the_documents_attests_nothing(stage, link):
    certificate = stage.sandbox.service_key.certificate
    one = Linked(link, link.claims.valid_from, of(certificate), ())
    first, second = link.identities
    now = stage.clock.now()
    assert Links((one,)).known(first, now).identities == {first, second}
    assert Links((one,)).known(first, now, but_of=[of(certificate)]).identities == {first}


def test_a_link_does_not_count_for_an_act_whose_time_is_not_proved(stage, link):
    one = Linked(link, link.claims.valid_from, None, ())
    assert not one
    assert Links((one,)).known(link.identities[0], None).through == ()


@pytest.mark.parametrize("scheme", ["x509", "vn-cmnd", "passport-VN"])
def test_two_papers_do_not_prove_two_persons(scheme):
    """One person has several certificates, passports, old cards, one after the other."""
    spelled = {
        "x509": ("0" * 64, "1" * 64),
        "vn-cmnd": ("123456789", "123456780"),
        "passport-VN": ("C1234567", "C7654321"),
    }
    first, second = (Identity(scheme, number) for number in spelled[scheme])
    assert compared(Known(frozenset({first})), Known(frozenset({second}))) == "unproved"
    assert compared(Known(frozenset({first})), Known(frozenset({first}))) == "same"


def test_too_many_links_are_not_all_looked_at(stage, dossier, link, pinned, monkeypatch):
    monkeypatch.setattr(linking, "MAX_LINKS", 2)
    many = [stated(stage, Identity("oidc:https://id.other.example", str(n)), stage.lan.identity) for n in range(2)]
    report = stage.verify(dossier, links=[*many, link], providers=[pinned])
    assert {"IDENTITY_LINK_REFUSED", "PERSON_UNDECIDED"} <= report.codes


def test_a_link_file_under_another_name_is_refused(stage, dossier, link, tmp_path):
    replace(dossier, links=(link,)).write(tmp_path / "folder")
    (tmp_path / "folder" / "links" / "x.json").write_bytes(b"{}")
    with pytest.raises(EidkitError) as refused:
        Dossier.read(tmp_path / "folder", stage.procedure)
    assert refused.value.code == "dossier-links"


def test_a_link_in_the_folder_counts_no_more_than_one_that_was_given(stage, dossier, link, pinned, tmp_path):
    stage.clock.advance(timedelta(minutes=1))
    replace(dossier, links=(link.erased(),)).write(tmp_path / "folder")
    report = stage.verify(Dossier.read(tmp_path / "folder", stage.procedure), providers=[pinned])
    assert report.verdict == "INDETERMINATE"
