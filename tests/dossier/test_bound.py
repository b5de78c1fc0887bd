"""``verify`` of one file: whether the signature and the login at hand belong together, and no more."""

from __future__ import annotations

import pytest

from eidkit.verify import verify


@pytest.fixture(scope="module")
def reception(stage, turn):
    """One login and the two files signed with it."""
    return stage.turn(stage.opened(), "reception", turn())


def judged(stage, document, authentications=(), **changes):
    given = {"sources": stage.sandbox.sources, "transport": stage.sandbox, "clock": stage.clock} | changes
    report = verify(document, given.pop("trust", stage.sandbox.trust), authentications=authentications, **given)
    return report, report.conclusions[0].authentication


@pytest.mark.parametrize("label", ["permit", "form"])
def test_with_the_login_at_hand_it_is_bound(stage, reception, label):
    login, signed = reception
    report, bound = judged(stage, signed[label], [login])
    assert (report.verdict, bound.state) == ("TOTAL-PASSED", "yes"), str(report)
    assert bound.authentication == login


def test_the_json_says_method_assurance_class_and_time(stage, reception):
    login, signed = reception
    _, bound = judged(stage, signed["permit"], [login])
    assert bound.to_json() == {
        "method": "totp",
        "assurance": "vn-2024:1, nist-aal:1",
        "proof_class": "attested",
        "time": login.to_json()["authenticated_at"],
        "bound": "yes",
    }


def test_without_the_login_the_signature_still_passes(stage, reception):
    _, signed = reception
    report, bound = judged(stage, signed["permit"])
    assert (report.verdict, bound.state) == ("TOTAL-PASSED", "not-given"), str(report)
    assert "LOGIN_NOT_GIVEN" in {found.code for found in report.conclusions[0].findings}


def test_a_signature_without_assertion_has_no_login(stage):
    document = stage.signature(stage.files["form"], stage.lan, assertion=None, commitment=None)
    report, bound = judged(stage, document)
    assert (report.verdict, bound) == ("TOTAL-PASSED", None), str(report)


def test_another_login_is_not_this_one(stage, turn, reception):
    _, signed = reception
    other, _ = stage.turn(stage.opened(), "reception", turn())
    _, bound = judged(stage, signed["permit"], [other])
    assert bound.state == "not-given"


def test_an_anchor_for_attestations_is_needed(stage, reception):
    from eidkit.trust.store import TrustStore

    login, signed = reception
    trust = stage.sandbox.trust
    without = TrustStore(tuple(a for a in trust.anchors if a.kind != "attestation"))
    report, bound = judged(stage, signed["permit"], [login], trust=without)
    assert (report.verdict, bound.state) == ("INDETERMINATE", "not-given")
    assert "ATTESTATION_UNTRUSTED" in {found.code for found in bound.findings}


def test_a_signature_without_timestamp_is_not_bound_to_a_time(stage, turn):
    login, signed = stage.turn(stage.opened(), "reception", turn(tsa=False))
    report, bound = judged(stage, signed["permit"], [login])
    assert (report.verdict, bound.state) == ("TOTAL-PASSED", "not-given"), str(report)
    assert "LOGIN_TIME_CLAIMED" in {found.code for found in bound.findings}


def test_content_that_the_login_was_not_about_is_never_bound(stage, turn, reception):
    login, _ = reception
    from eidkit.document import Document

    other = Document.from_bytes(b"<other>x</other>", "other.xml")
    signed = stage.signature(other, stage.binh, assertion=login.attestation, roles=("one-stop-shop officer",))
    report, bound = judged(stage, signed, [login])
    assert bound.state == "not-given"
    assert report.verdict == "INDETERMINATE"


def test_an_attester_that_no_procedure_names_is_not_asked_for_here(stage, turn):
    """Only ``Dossier.verify`` knows a procedure."""
    from eidkit.identity import Identity
    from eidkit.sandbox import people

    who = Identity("vn-mst", "0000000099", "Trung tâm khác")
    other = stage.sandbox._issue("service-root", people.agency(who, mns=None), who, "p256", "attestation", {})
    login, signed = stage.turn(stage.opened(), "reception", turn(attester=other))
    _, bound = judged(stage, signed["permit"], [login])
    assert bound.state == "yes"


def test_the_value_of_a_signature_has_one_name_in_both_forms(stage):
    """(r, s) and (r, n - s) are one signature (binding.md §5)."""
    from dataclasses import replace

    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    from eidkit.verify.collecting import collect
    from eidkit.verify.signature_value import value_digest

    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signature = collect(stage.signature(stage.files["form"], stage.lan, assertion=None, commitment=None)).signatures[0]
    r, s = decode_dss_signature(signature.value)
    other = replace(signature, value=encode_dss_signature(r, order - s))
    assert other.value != signature.value
    assert value_digest(other) == value_digest(signature)
