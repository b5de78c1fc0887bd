"""The way of the call sites: open, transaction, log in, sign, approve, write, read, verify."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from eidkit.auth import Stores, otp
from eidkit.dossier import Dossier
from eidkit.errors import EidkitError, StepError
from eidkit.signing import sign


@pytest.fixture(scope="module")
def desk(stage):
    """An authenticator for each person."""
    stores = Stores.memory()
    apps = {}
    for key in (stage.lan, stage.binh):
        enrolled = otp.enrol(key.identity, issuer="City Hall", stores=stores)
        apps[key.identity] = pyotp.parse_uri(enrolled.uri)
    return stores, apps


def logged_in(stage, desk, transaction, person):
    stores, apps = desk
    stage.clock.advance(timedelta(minutes=2))
    challenge = otp.begin(person, transaction, audience="permits", stores=stores, clock=stage.clock)
    code = apps[person].at(stage.clock.now())
    return otp.verify(code, challenge.id, stores=stores, attest=stage.sandbox.service_key, clock=stage.clock)


def next_step(stage, desk, dossier, **changes):
    """One step as the call sites have it."""
    who, key = stage.cast[dossier.step.name]
    transaction = dossier.transaction(action="approve", **changes)
    login = logged_in(stage, desk, transaction, who.identity)
    signed = [
        sign(d, key, tsa=stage.sandbox.tsa, authentication=login, transport=stage.sandbox, clock=stage.clock)
        for d in dossier.to_sign
    ]
    return login, signed


def approved(stage, dossier, signed, login, **changes):
    given = {"sources": stage.sandbox.sources, "transport": stage.sandbox, "clock": stage.clock} | changes
    return dossier.approve(signed, login, stage.sandbox.trust, **given)


@pytest.fixture(scope="module")
def walked(stage, desk):
    """The dossier after each number of approvals."""
    dossier = stage.opened()
    states = [dossier]
    while dossier.step:
        login, signed = next_step(stage, desk, dossier)
        dossier = approved(stage, dossier, signed, login)
        states.append(dossier)
    return states


def test_five_steps_with_one_time_codes_are_proved_offline(stage, walked, tmp_path):
    walked[-1].write(tmp_path / "folder")
    report = Dossier.read(tmp_path / "folder", stage.procedure).verify(stage.sandbox.trust, clock=stage.clock)
    print(report)
    assert report.verdict == "COMPLETE"


def test_each_state_on_the_way_is_incomplete_and_without_error(stage, walked):
    for done, dossier in enumerate(walked[:-1]):
        report = stage.verify(dossier)
        assert report.verdict == "INCOMPLETE", str(report)
        assert sum(found.code == "STEP_NOT_DONE" for found in report.findings) == len(walked) - 1 - done


def test_a_dossier_read_from_its_folder_goes_on_where_it_stood(stage, desk, walked, tmp_path):
    walked[2].write(tmp_path / "folder")
    dossier = Dossier.read(tmp_path / "folder", stage.procedure)
    assert dossier.head == walked[2].head
    while dossier.step:
        login, signed = next_step(stage, desk, dossier)
        dossier = approved(stage, dossier, signed, login)
    assert stage.verify(dossier).verdict == "COMPLETE"


def test_the_same_call_gives_the_same_transaction(walked):
    first, second = (walked[1].transaction(action="approve", language="en") for _ in range(2))
    assert first == second
    assert first.digest == second.digest


def test_the_previous_approval_is_named(walked):
    assert walked[0].transaction(action="approve").previous is None
    assert walked[1].transaction(action="approve").previous == walked[1].approvals[0].digest


def test_a_refusal_ends_the_dossier(stage, desk):
    dossier = stage.opened()
    login = logged_in(stage, desk, dossier.transaction(action="reject"), stage.binh.identity)
    signed = [
        sign(d, stage.binh, tsa=stage.sandbox.tsa, authentication=login, transport=stage.sandbox, clock=stage.clock)
        for d in dossier.documents
    ]
    dossier = approved(stage, dossier, signed, login)
    report = stage.verify(dossier)
    assert report.verdict == "INCOMPLETE"
    assert "DOSSIER_ENDED" in report.codes
    with pytest.raises(EidkitError) as refused:
        dossier.transaction(action="approve")
    assert refused.value.code == "dossier-finished"


def test_a_step_refused_names_every_reason_and_changes_nothing(stage, desk, walked):
    dossier = walked[1]
    login, _ = next_step(stage, desk, dossier)
    with pytest.raises(StepError) as refused:
        approved(stage, dossier, list(dossier.documents), login)
    codes = {reason.code for reason in refused.value.reasons}
    assert "DOCUMENT_NOT_SIGNED" in codes
    assert dossier == walked[1]


def test_a_login_is_used_once(stage, desk, walked):
    login, signed = next_step(stage, desk, walked[0])
    dossier = approved(stage, walked[0], signed, login)
    with pytest.raises(StepError) as refused:
        approved(stage, dossier, signed, login)
    assert "LOGIN_REUSED" in {reason.code for reason in refused.value.reasons}


def test_another_persons_login_is_refused(stage, desk, walked):
    dossier = walked[0]
    login, signed = next_step(stage, desk, dossier)
    other = logged_in(stage, desk, dossier.transaction(action="approve"), stage.lan.identity)
    with pytest.raises(StepError) as refused:
        approved(stage, dossier, signed, other)
    assert {"LOGIN_MISSING", "NOT_HOLDER", "PERSON_MISMATCH"} <= {reason.code for reason in refused.value.reasons}
    assert login.identity != other.identity


def test_a_signature_without_its_login_is_refused(stage, desk, walked):
    login, _ = next_step(stage, desk, walked[0])
    signed = [stage.signature(d, stage.binh, assertion=None) for d in walked[0].documents]
    with pytest.raises(StepError) as refused:
        approved(stage, walked[0], signed, login)
    assert "ASSERTION_MISSING" in {reason.code for reason in refused.value.reasons}


def test_a_login_for_a_step_that_is_not_due_is_refused(stage, desk, walked):
    login, signed = next_step(stage, desk, walked[1])
    with pytest.raises(StepError) as refused:
        approved(stage, walked[0], signed, login)
    codes = {reason.code for reason in refused.value.reasons}
    assert {"TRANSACTION_STEP", "TRANSACTION_PREVIOUS"} <= codes


def test_a_document_swapped_before_the_approval_is_refused(stage, desk, walked):
    from eidkit.document import Document

    login, signed = next_step(stage, desk, walked[0])
    other = Document.from_bytes(b"<form>other</form>", "form.xml")
    wrong = stage.signature(other, stage.binh, assertion=login.attestation, roles=("one-stop-shop officer",))
    with pytest.raises(StepError) as refused:
        approved(stage, walked[0], [signed[0], wrong], login)
    codes = {reason.code for reason in refused.value.reasons}
    assert {"TRANSACTION_CONTENT", "CONTENT_NOT_IN_TRANSACTION"} <= codes


def test_a_timestamp_taken_from_an_earlier_signature_is_refused(stage, desk, walked):
    """The content digest and the signature values are the same; the first step's proof of time is gone."""
    from eidkit.document import Document

    login, signed = next_step(stage, desk, walked[1])
    data = signed[1].read_bounded(10**7, "form")
    start = data.index(b"<xades:UnsignedProperties")
    end = data.index(b"</xades:UnsignedProperties>") + len(b"</xades:UnsignedProperties>")
    stripped = Document.from_bytes(data[:start] + data[end:], "form.xml")
    with pytest.raises(StepError) as refused:
        approved(stage, walked[1], [signed[0], stripped], login)
    assert {reason.code for reason in refused.value.reasons} == {"DOCUMENT_CHANGED_BETWEEN_STEPS"}


def test_signed_documents_may_come_by_label(stage, desk, walked):
    login, signed = next_step(stage, desk, walked[0])
    dossier = approved(stage, walked[0], dict(zip(("permit", "form"), signed, strict=True)), login)
    assert dossier.step.name == "assessment"


def test_a_provider_at_hand_has_the_proof_checked_again(stage, desk, walked):
    login, signed = next_step(stage, desk, walked[0])
    assert approved(stage, walked[0], signed, login, providers=[]).step.name == "assessment"


def test_judging_the_fifth_step_costs_no_more_than_the_first(stage, desk, walked, monkeypatch):
    from eidkit.verify import archival

    judged = []
    real = archival.judge_signature
    monkeypatch.setattr(archival, "judge_signature", lambda *given: judged.append(1) or real(*given))
    counts = []
    for dossier in (walked[0], walked[4]):
        login, signed = next_step(stage, desk, dossier)
        judged.clear()
        approved(stage, dossier, signed, login)
        counts.append(len(judged))
    assert counts == [2, 2]


def test_replacing_a_field_of_a_dossier_leaves_the_first_untouched(walked):
    assert replace(walked[1], id="other") != walked[1]


def test_a_dossier_written_over_its_own_folder_goes_on(stage, desk, walked, tmp_path):
    walked[0].write(tmp_path / "folder")
    dossier = Dossier.read(tmp_path / "folder", stage.procedure)
    while dossier.step:
        login, signed = next_step(stage, desk, dossier)
        dossier = approved(stage, dossier, signed, login)
        dossier.write(tmp_path / "folder")
    assert stage.verify(dossier).verdict == "COMPLETE"
    assert stage.verify(Dossier.read(tmp_path / "folder", stage.procedure)).verdict == "COMPLETE"
