"""binding.md §3, erasure: who acted is deleted, the signatures still verify, and what needs the person never passes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from eidkit import canonical
from eidkit.auth import Stores, otp, x509
from eidkit.auth import challenge as challenges
from eidkit.dossier import Dossier, Erased, erase, erasing
from eidkit.errors import EidkitError
from eidkit.identity import Identity

STEPS = ("reception", "assessment", "approval", "signing", "result")


@pytest.fixture
def written(honest, tmp_path):
    honest.write(tmp_path / "folder")
    return tmp_path / "folder"


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def of_step(report, name):
    return next(step for step in report.steps if step.step == name)


def errors(found):
    return {one.code for one in found if one.severity == "error"}


def test_one_of_five_is_erased_and_only_that_step_is_undecided(stage, written):
    assert erase(written, steps=["reception"]) == Erased(1, 0, 0)
    report = stage.verify(Dossier.read(written, stage.procedure))
    assert report.verdict == "INDETERMINATE"
    assert errors(of_step(report, "reception").findings) == {"ERASED"}
    assert of_step(report, "reception").person is None
    assert [errors(step.findings) for step in report.steps[1:]] == [set()] * 4
    assert errors(report.findings) == set()


def test_chain_attestation_and_signatures_still_hold(stage, written):
    before = Dossier.read(written, stage.procedure)
    erase(written, steps=STEPS)
    after = Dossier.read(written, stage.procedure)
    assert [one.digest for one in after.approvals] == [one.digest for one in before.approvals]
    report = stage.verify(after)
    for step in report.steps:
        assert {line.indication for line in step.signatures} == {"TOTAL-PASSED"}
        assert step.authentication.state == "yes"


def test_erased_people_are_not_proved_to_be_two(stage, written):
    erase(written, steps=["assessment"])
    report = stage.verify(Dossier.read(written, stage.procedure))
    assert errors(of_step(report, "approval").findings) == {"DIFFERENCE_UNPROVED"}
    assert report.verdict == "INDETERMINATE"


def test_a_proof_that_is_gone_is_not_asked_for(stage, turn):
    """A login by certificate: its assurance cannot be recomputed, and no option would help."""

    def made(transaction, _person):
        stores = Stores.memory()
        challenge = x509.begin(transaction, audience="https://permits.example", stores=stores, clock=stage.clock)
        return x509.verify(
            x509.respond(stage.lan, challenge.question, at="https://permits.example"), challenge.id,
            trust=stage.sandbox.trust, stores=stores, sources=stage.sandbox.sources, transport=stage.sandbox,
            attest=stage.sandbox.service_key, clock=stage.clock,
        )  # fmt: skip

    dossier = stage.play(stage.opened(), {"approval": turn(made=made)})
    assert stage.verify(dossier).verdict == "COMPLETE"
    report = stage.verify(dossier.erased(steps=["approval"]))
    assert report.verdict == "INDETERMINATE"
    assert errors(of_step(report, "approval").findings) == {"ERASED", "DIFFERENCE_UNPROVED"}


def test_nothing_of_the_disclosure_is_left_in_the_folder(stage, honest, written, tmp_path):
    login = honest.authentications[0]
    erase(written, steps=["reception"])
    kept = (written / "authentications" / "01.json").read_bytes()
    assert canonical.loads(kept)["disclosure"] is None
    for path, data in contents(tmp_path).items():
        assert login.disclosure.salt.hex().encode() not in data, path
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_every_other_file_stays_as_it_was(written):
    before = contents(written)
    erase(written, steps=["approval"])
    after = contents(written)
    assert {path.name for path in before if before[path] != after[path]} == {"03.json"}
    assert before.keys() == after.keys()


def test_the_file_is_its_owners_only(written):
    erase(written, steps=["approval"])
    assert (written / "authentications" / "03.json").stat().st_mode & 0o077 == 0


def test_erasing_twice_changes_nothing_more(written):
    erase(written, steps=["reception"])
    before = contents(written)
    assert erase(written, steps=["reception"]) == Erased(0, 0, 1)
    assert contents(written) == before


def test_a_person_is_erased_wherever_they_acted(stage, written):
    assert erase(written, person=stage.binh.identity) == Erased(4, 0, 0)
    shown = [login.identity for login in Dossier.read(written, stage.procedure).authentications]
    assert shown == [None, None, stage.lan.identity, None, None]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "erase-nothing"),
        ({"steps": ["aproval"]}, "erase-step"),
        ({"steps": ["reception", "aproval"]}, "erase-step"),
        ({"person": Identity("vn-cccd", "000190000099")}, "erase-person"),
    ],
)
def test_a_wrong_word_erases_nothing(written, given, code):
    before = contents(written)
    with pytest.raises(EidkitError) as refused:
        erase(written, **given)
    assert refused.value.code == code
    assert contents(written) == before


def test_a_folder_that_is_no_dossier_is_left_alone(tmp_path):
    (tmp_path / "authentications").mkdir()
    (tmp_path / "authentications" / "01.json").write_bytes(b"{}")
    with pytest.raises(EidkitError) as refused:
        erase(tmp_path, steps=["reception"])
    assert refused.value.code == "dossier-folder"


def test_a_link_to_a_file_elsewhere_is_not_followed(written, tmp_path):
    elsewhere = tmp_path / "elsewhere.json"
    (written / "authentications" / "01.json").rename(elsewhere)
    (written / "authentications" / "01.json").symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    with pytest.raises(EidkitError):
        erase(written, steps=["reception"])
    assert elsewhere.read_bytes() == before


def test_the_value_is_erased_as_the_folder_is(stage, honest):
    value = honest.erased(steps=["reception"])
    assert value.authentications[0].disclosure is None
    assert honest.authentications[0].disclosure is not None
    assert value.erased(steps=["reception"]) == value
    assert stage.verify(value).verdict == "INDETERMINATE"


def test_no_copy_stays_in_the_approvals_of_the_value(stage, honest):
    known = replace(honest, known_approvals=honest.approvals)
    erased = known.erased(steps=STEPS)
    assert all(one.authentication.disclosure is None for one in erased.approvals)


# ── identity links ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def with_link(stage, honest, tmp_path):
    from eidkit.binding.identity_link import IdentityLink, LinkClaims, Opening, Shown

    opened = (Opening(stage.lan.identity, b"\1" * 32), Opening(Identity("passport-VN", "C1234567"), b"\2" * 32))
    now = stage.clock.now()
    shown = (Shown("x509", "1" * 64, now), Shown("certificate", "2" * 64, now))
    claims = LinkClaims((opened[0].commitment, opened[1].commitment), shown, now, now)
    link = IdentityLink.made(claims, opened, stage.sandbox.service_key)
    replace(honest, links=(link,)).write(tmp_path / "folder")
    return tmp_path / "folder"


def test_a_link_that_names_the_person_is_erased_too(stage, with_link):
    assert erase(with_link, steps=["approval"]) == Erased(1, 1, 0)
    assert b"C1234567" not in (with_link / "links" / "01.json").read_bytes()
    assert Dossier.read(with_link, stage.procedure).links[0].jws.signature_holds()


def test_a_link_of_somebody_else_stays(with_link):
    assert erase(with_link, steps=["reception"]) == Erased(1, 0, 0)


# ── a crash in the middle ───────────────────────────────────────────────────────────────────────────────────

KILLED = """
import os, signal, sys
from pathlib import Path
from eidkit.dossier import erase
real, left = Path.replace, [int(sys.argv[2])]
def replace(self, target):
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return real(self, target)
# Every file is written whole first (one replace inside write_atomically), then put in its place (another).
Path.replace = replace
erase(sys.argv[1], steps=sys.argv[3:])
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("after", [0, 1, 2, 3, 5])
def test_killed_in_the_middle_it_is_a_dossier_and_erasing_again_finishes(stage, written, after):
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(written), str(after), *STEPS], capture_output=True, check=False
    )
    assert died.returncode == -9, died.stderr
    half = Dossier.read(written, stage.procedure)
    gone = [login.disclosure is None for login in half.authentications]
    assert gone.count(True) == after // 2
    erase(written, steps=STEPS)
    assert all(login.disclosure is None for login in Dossier.read(written, stage.procedure).authentications)


def test_a_file_that_cannot_be_written_leaves_the_others_erased(stage, written, monkeypatch):
    real, calls = erasing._settle, []

    def failing(folder):
        calls.append(folder)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(folder)

    monkeypatch.setattr(erasing, "_settle", failing)
    with pytest.raises(EidkitError) as refused:
        erase(written, steps=STEPS)
    assert (refused.value.code, refused.value.retryable) == ("dossier-unwritable", True)
    assert Dossier.read(written, stage.procedure).authentications[0].disclosure is None


# ── what was removed to hide something ──────────────────────────────────────────────────────────────────────


def test_a_mismatch_hidden_by_erasing_it_is_never_passed(stage, turn):
    """Lan logs in, Bình's key signs; the disclosure is removed so that nobody sees it."""
    mutant = stage.play(stage.opened(), {"approval": turn(signer=stage.binh)})
    assert stage.verify(mutant).verdict == "FAILED"
    hidden = stage.verify(mutant.erased(steps=["approval"]))
    assert hidden.verdict == "INDETERMINATE"
    assert "ERASED" in hidden.codes


def test_all_of_it_erased_is_never_complete(stage, honest):
    report = stage.verify(honest.erased(steps=STEPS))
    assert report.verdict == "INDETERMINATE"
    assert all("ERASED" in errors(step.findings) for step in report.steps)


@pytest.mark.parametrize("kept", [{}, {"identity": None}, {"salt": "0" * 64}, [], "", 0, False])
def test_a_disclosure_that_is_half_there_is_no_erasure(written, stage, kept):
    path = written / "authentications" / "01.json"
    row = json.loads(path.read_bytes())
    row["disclosure"] = kept
    path.write_text(json.dumps(row))
    with pytest.raises(EidkitError):
        Dossier.read(written, stage.procedure)


def test_another_disclosure_put_into_an_erased_login(stage, written, honest):
    """Whoever has no salt cannot name somebody else afterwards."""
    erase(written, steps=["reception"])
    path = written / "authentications" / "01.json"
    row = json.loads(path.read_bytes())
    other = honest.authentications[2].to_json()["disclosure"]
    path.write_text(json.dumps(row | {"disclosure": other}))
    report = stage.verify(Dossier.read(written, stage.procedure))
    assert "SUBJECT_COMMITMENT" in report.codes
    assert report.verdict == "FAILED"


# ── what else is kept of a challenge ────────────────────────────────────────────────────────────────────────


def test_a_challenge_that_was_answered_is_gone_from_the_stores(stage):
    """The other record of who answered: there is none any more when the Authentication exists."""
    stores = Stores.memory()
    challenge = x509.begin(
        stage.opened().transaction(action="approve"), audience="https://permits.example", stores=stores,
        subject=stage.lan.identity, clock=stage.clock,
    )  # fmt: skip
    answer = x509.respond(stage.lan, challenge.question, at="https://permits.example")
    x509.verify(
        answer, challenge.id, trust=stage.sandbox.trust, stores=stores, sources=stage.sandbox.sources,
        transport=stage.sandbox, clock=stage.clock,
    )  # fmt: skip
    with stores.unit() as unit:
        assert challenges.look(stores, unit, challenge.id) is None


def test_a_code_that_was_taken_leaves_no_challenge(stage):
    import pyotp

    stores = Stores.memory()
    enrolled = otp.enrol(stage.lan.identity, issuer="City Hall", stores=stores)
    transaction = stage.opened().transaction(action="approve")
    challenge = otp.begin(stage.lan.identity, transaction, audience="permits", stores=stores, clock=stage.clock)
    otp.verify(
        pyotp.parse_uri(enrolled.uri).at(stage.clock.now()), challenge.id, stores=stores, clock=stage.clock
    )  # fmt: skip
    with stores.unit() as unit:
        assert challenges.look(stores, unit, challenge.id) is None
