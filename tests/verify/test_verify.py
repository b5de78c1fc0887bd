"""The spine: collect → complete → judge → Report, on files that eidkit signed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.errors import DocumentError, EidkitError, VerificationFailed
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.signing import sign
from eidkit.trust.store import TrustStore
from eidkit.verify import collect, complete, judge, load_evidence, save_evidence, verify
from eidkit.verify.report import ReportJson, SignatureJson


@pytest.fixture(params=["pdf", "xml"])
def document(request: pytest.FixtureRequest) -> Document:
    if request.param == "pdf":
        return Document.from_bytes(decision_pdf(), "permit.pdf")
    return Document.from_bytes(form_xml(), "form.xml")


@pytest.fixture
def box(clock: FixedClock) -> Sandbox:
    return Sandbox.create(clock=clock)


def _verify(document: Document, box: Sandbox, **more):  # type: ignore[no-untyped-def]
    options = {"sources": box.sources, "transport": box, "clock": box.clock} | more
    return verify(document, options.pop("trust", box.trust), **options)


def _signed(document: Document, box: Sandbox, number: int = 41, *, stamped: bool = True, **more) -> Document:  # type: ignore[no-untyped-def]
    key = box.official("Nguyễn Thị Lan", f"0011990000{number}", **more)
    return sign(document, key, tsa=box.tsa if stamped else None, transport=box, clock=box.clock)


def test_a_good_signature_passes_and_says_who_and_when(document: Document, box: Sandbox) -> None:
    report = _verify(_signed(document, box), box)
    assert report
    assert report.require() is report
    conclusion = report.conclusions[0]
    assert conclusion.intact
    assert conclusion.signer is not None
    assert conclusion.signer.name == "Nguyễn Thị Lan"
    assert conclusion.best_signature_time == box.clock.now()
    assert str(report).splitlines()[0] == f"{document.name}: TOTAL-PASSED, 1 of 1 signature is good"


def test_three_people_one_after_another(document: Document, box: Sandbox) -> None:
    for number in (41, 42, 43):
        document = _signed(document, box, number)
    report = _verify(document, box)
    assert [bool(c) for c in report.conclusions] == [True, True, True], str(report)


def test_an_unsigned_document_has_no_signature(document: Document, box: Sandbox) -> None:
    report = _verify(document, box)
    assert report.verdict == "NO-SIGNATURE"
    assert not report


def test_empty_trust_never_passes(document: Document, box: Sandbox) -> None:
    report = _verify(_signed(document, box), box, trust=TrustStore(()))
    assert report.verdict == "INDETERMINATE"
    assert report.conclusions[0].subindication == "NO_CERTIFICATE_CHAIN_FOUND"
    with pytest.raises(VerificationFailed):
        report.require()


def test_without_status_it_is_indeterminate_and_says_what_settles_it(document: Document, box: Sandbox) -> None:
    report = _verify(_signed(document, box), box, sources=None)
    assert report.verdict == "INDETERMINATE"
    assert report.conclusions[0].findings[0].code == "STATUS_UNKNOWN"
    assert "--crl" in report.conclusions[0].findings[0].remedy.en


def test_verify_opens_no_connection_without_sources(document: Document, box: Sandbox) -> None:
    signed = _signed(document, box)
    box.cut("")
    assert _verify(signed, box, sources=None).verdict == "INDETERMINATE"


def test_a_revocation_after_a_proved_time_does_not_harm(document: Document, box: Sandbox, clock: FixedClock) -> None:
    key = box.official("Lan", "001199000041")
    signed = sign(document, key, tsa=box.tsa, transport=box, clock=clock)
    clock.advance(timedelta(days=3))
    box.revoke(key)
    clock.advance(timedelta(hours=1))
    assert _verify(signed, box).verdict == "TOTAL-PASSED"


def test_a_revocation_after_a_claimed_time_does(document: Document, box: Sandbox, clock: FixedClock) -> None:
    key = box.official("Lan", "001199000041")
    signed = sign(document, key, clock=clock)
    clock.advance(timedelta(days=3))
    box.revoke(key)
    clock.advance(timedelta(hours=1))
    report = _verify(signed, box)
    assert (report.verdict, report.conclusions[0].subindication) == ("INDETERMINATE", "REVOKED_NO_POE")


def test_a_revocation_before_the_proved_time_does(document: Document, box: Sandbox, clock: FixedClock) -> None:
    key = box.official("Lan", "001199000041")
    box.revoke(key, clock.now() - timedelta(days=1))
    report = _verify(sign(document, key, tsa=box.tsa, transport=box, clock=clock), box)
    assert (report.verdict, report.conclusions[0].subindication) == ("INDETERMINATE", "REVOKED_NO_POE")


def test_a_suspended_certificate_says_try_later(document: Document, box: Sandbox, clock: FixedClock) -> None:
    key = box.official("Lan", "001199000041")
    signed = sign(document, key, tsa=box.tsa, transport=box, clock=clock)
    box.suspend(key, clock.now() - timedelta(hours=1))
    report = _verify(signed, box)
    assert (report.verdict, report.conclusions[0].subindication) == ("INDETERMINATE", "TRY_LATER")


def test_an_expired_certificate_needs_a_proof_of_time(document: Document, box: Sandbox, clock: FixedClock) -> None:
    key = box.official("Lan", "001199000041")
    signed = sign(document, key, clock=clock)
    end = key.certificate.not_valid_after_utc
    report = _verify(signed, box, at=end + timedelta(days=1))
    (conclusion,) = report.conclusions
    assert "OUT_OF_BOUNDS_NO_POE" in {found.code for found in conclusion.findings if found.severity == "error"}
    assert conclusion.subindication == "TRY_LATER"  # §5.2.6.4: the status comes before the period


@pytest.mark.parametrize("where", [0.1, 0.3, 0.5, 0.7])
def test_a_changed_byte_is_never_green(document: Document, box: Sandbox, where: float) -> None:
    signed = _signed(document, box)
    data = bytearray(signed.open().read())
    data[int(document.length * where)] ^= 0x01
    try:
        report = _verify(Document.from_bytes(bytes(data), "changed"), box)
    except DocumentError:
        return
    assert not report


def test_a_changed_document_is_named_as_such(box: Sandbox) -> None:
    signed = _signed(Document.from_bytes(form_xml(), "form.xml"), box)
    data = signed.open().read()
    changed = data.replace(b'phienBan="1.0"', b'phienBan="1.1"', 1)
    assert changed != data
    report = _verify(Document.from_bytes(changed, "form.xml"), box)
    assert (report.verdict, report.conclusions[0].subindication) == ("TOTAL-FAILED", "HASH_FAILURE")
    assert not report.conclusions[0].intact


# ── evidence ──────────────────────────────────────────────────────────────────────────────────────────────


def test_stored_evidence_beside_its_file_gives_the_same_report(document: Document, box: Sandbox) -> None:
    signed = _signed(document, box)
    evidence = complete(collect(signed), box.trust, box.sources, transport=box, clock=box.clock)
    report = judge(evidence, box.trust, at=box.clock.now())
    again = judge(load_evidence(save_evidence(evidence), document=signed), box.trust, at=box.clock.now())
    assert report
    assert again.to_json() == report.to_json()


def test_stored_evidence_alone_is_at_most_indeterminate(document: Document, box: Sandbox) -> None:
    signed = _signed(document, box)
    evidence = complete(collect(signed), box.trust, box.sources, transport=box, clock=box.clock)
    report = judge(load_evidence(save_evidence(evidence)), box.trust, at=box.clock.now())
    assert (report.verdict, report.document_seen) == ("INDETERMINATE", False)
    assert report.conclusions[0].subindication == "SIGNED_DATA_NOT_FOUND"
    assert "not seen" in str(report)


def test_evidence_of_another_document_is_refused(document: Document, box: Sandbox) -> None:
    saved = save_evidence(collect(_signed(document, box, 41)))
    with pytest.raises(DocumentError) as caught:
        load_evidence(saved, document=_signed(document, box, 42))
    assert caught.value.code == "evidence-other-document"


def test_forged_evidence_is_refused_or_never_passes(document: Document, box: Sandbox) -> None:
    saved = json.loads(save_evidence(collect(_signed(document, box))))
    saved["document_seen"] = True
    with pytest.raises(EidkitError):
        load_evidence(json.dumps(saved).encode())


# ── the contract ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_json_has_every_key_of_the_contract(document: Document, box: Sandbox) -> None:
    printed = json.loads(json.dumps(_verify(_signed(document, box), box).to_json()))
    assert set(printed) == set(ReportJson.__annotations__)
    assert set(printed["signatures"][0]) == set(SignatureJson.__annotations__)
    assert str(printed["provable_until"]) > str(printed["validation_time"])
    assert printed["signatures"][0]["intact"] is True


def test_no_personal_number_is_in_the_report(document: Document, box: Sandbox) -> None:
    report = _verify(_signed(document, box), box)
    for shown in (str(report), json.dumps(report.to_json()), repr(report.conclusions[0].signer)):
        assert "001199000041" not in shown


def test_the_text_speaks_vietnamese(document: Document, box: Sandbox) -> None:
    assert "1/1 chữ ký hợp lệ" in _verify(_signed(document, box), box).to_text("vi")


def test_a_naive_time_is_refused(document: Document, box: Sandbox) -> None:
    with pytest.raises(EidkitError, match="zone"):
        judge(collect(document), box.trust, at=box.clock.now().replace(tzinfo=None))


def test_no_personal_number_is_in_a_reason(document: Document, box: Sandbox) -> None:
    report = _verify(_signed(document, box), box, sources=None)
    assert not report
    assert "001199000041" not in str(report) + report.to_text("vi") + json.dumps(report.to_json())
    assert "Nguyễn Thị Lan" in report.conclusions[0].findings[0].message.en
