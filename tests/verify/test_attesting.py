"""Evidence without its document counts under a trusted, time-stamped attestation of it, and under nothing less."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.errors import DocumentError
from eidkit.policy import ETSI_BASELINE, LENIENT
from eidkit.sandbox import Sandbox, SandboxKey
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.signing import sign
from eidkit.trust.store import TrustStore
from eidkit.verify import Report, collect, complete, evidence_statement, judge, load_evidence, save_evidence
from eidkit.verify.evidence import Evidence

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
_ORIGINALS = {"pdf": (decision_pdf, "permit.pdf"), "xml": (form_xml, "form.xml"), "cms": (decision_pdf, "plan.bin")}


@dataclass
class Attested:
    """A signed file as evidence, in a sandbox whose service attests."""

    box: Sandbox
    clock: FixedClock
    saved: bytes
    statement: Document

    def attestation(
        self, key: SandboxKey | None = None, *, stamped: bool = True, over: Document | None = None
    ) -> Document:
        tsa = self.box.tsa if stamped else None
        return sign(
            over or self.statement, key or self.box.service_key, tsa=tsa, format="cms", transport=self.box,
            clock=self.clock,
        )  # fmt: skip

    def report(self, attestation: Document | None, trust: TrustStore | None = None) -> Report:
        return self.judged(load_evidence(self.saved, attestation=attestation), trust)

    def judged(self, evidence: Evidence, trust: TrustStore | None = None) -> Report:
        trust = self.box.trust if trust is None else trust
        full = complete(evidence, trust, self.box.sources, at=self.clock.now(), transport=self.box, clock=self.clock)
        return judge(full, trust, at=self.clock.now())


@pytest.fixture(params=sorted(_ORIGINALS))
def attested(request: pytest.FixtureRequest) -> Attested:
    make, name = _ORIGINALS[request.param]
    clock = FixedClock(NOON)
    box = Sandbox.create(clock=clock)
    key = box.official("Nguyễn Thị Lan", "001199000041")
    document = Document.from_bytes(make(), name)
    as_cms = {"format": "cms", "attached": True} if request.param == "cms" else {}
    signed = sign(document, key, tsa=box.tsa, transport=box, clock=clock, **as_cms)  # type: ignore[arg-type]
    evidence = collect(signed)
    clock.advance(timedelta(hours=1))
    return Attested(box, clock, save_evidence(evidence), evidence_statement(evidence))


def codes(report: Report) -> set[str]:
    return {found.code for found in report.findings}


def test_it_passes_without_its_document(attested: Attested) -> None:
    report = attested.report(attested.attestation())
    assert (report.verdict, report.document_seen) == ("TOTAL-PASSED", False)
    (said,) = [found for found in report.findings if found.code == "DOCUMENT_ATTESTED"]
    assert "2026-03-02T06:00:00Z" in said.message.en


def test_without_one_it_does_not(attested: Attested) -> None:
    report = attested.report(None)
    assert (report.verdict, report.conclusions[0].subindication) == ("INDETERMINATE", "SIGNED_DATA_NOT_FOUND")


def test_one_without_a_timestamp_does_not_count(attested: Attested) -> None:
    report = attested.report(attested.attestation(stamped=False))
    assert report.verdict == "INDETERMINATE"
    assert "EVIDENCE_ATTESTATION_REFUSED" in codes(report)


def test_a_signer_of_documents_is_no_attester(attested: Attested) -> None:
    own = attested.box.official("Nguyễn Thị Lan", "001199000041")
    assert not attested.report(attested.attestation(own))


def test_nobody_attests_where_no_anchor_for_it_is_trusted(attested: Attested) -> None:
    others = TrustStore(tuple(one for one in attested.box.trust.anchors if one.kind != "attestation"))
    assert not attested.report(attested.attestation(), others)


def test_an_anchor_for_attestations_vouches_for_no_signer(attested: Attested) -> None:
    kinds = ("attestation", "timestamping")
    others = TrustStore(tuple(one for one in attested.box.trust.anchors if one.kind in kinds))
    assert not attested.report(attested.attestation(), others)


def test_a_revoked_attester_does_not_count(attested: Attested) -> None:
    made = attested.attestation()
    attested.box.revoke(attested.box.service_key, NOON)
    report = attested.report(made)
    assert (report.verdict, "EVIDENCE_ATTESTATION_REFUSED" in codes(report)) == ("INDETERMINATE", True)


def test_the_attestation_of_other_evidence_does_not_count(attested: Attested) -> None:
    other = Document.from_bytes(b'{"type":"eidkit-evidence-1"}', "statement.json")
    assert not attested.report(attested.attestation(over=other))


@pytest.mark.parametrize("member", ["name", "sha256", "length"])
def test_a_fact_altered_in_the_file_is_another_statement(attested: Attested, member: str) -> None:
    changed = json.loads(attested.saved)
    changed[member] = {"name": "other.pdf", "sha256": "00" * 32, "length": 1}[member]
    altered = replace(attested, saved=json.dumps(changed).encode())
    assert not altered.report(attested.attestation())


def test_a_fact_altered_after_loading_is_another_statement(attested: Attested) -> None:
    loaded = load_evidence(attested.saved, attestation=attested.attestation())
    assert attested.judged(loaded)
    signatures = tuple(
        replace(one, observations=(), coverage=None, claimed_roles=("Chủ tịch",)) for one in loaded.signatures
    )
    assert not attested.judged(replace(loaded, signatures=signatures))


def test_what_is_no_signature_does_not_count(attested: Attested) -> None:
    report = attested.report(Document.from_bytes(decision_pdf(), "none.pdf"))
    assert (report.verdict, "EVIDENCE_ATTESTATION_REFUSED" in codes(report)) == ("INDETERMINATE", True)


def test_evidence_that_was_not_seen_is_not_vouched_for(attested: Attested) -> None:
    with pytest.raises(DocumentError) as refused:
        evidence_statement(load_evidence(attested.saved))
    assert refused.value.code == "evidence-not-seen"


@pytest.mark.parametrize("name", ["attestation", "document_seen"])
def test_stored_evidence_cannot_bring_its_own(attested: Attested, name: str) -> None:
    from eidkit.errors import CanonicalError

    claimed = json.loads(attested.saved) | {name: None}
    with pytest.raises(CanonicalError):
        load_evidence(json.dumps(claimed).encode())


def test_another_date_and_policy_apply_later_without_the_file(attested: Attested) -> None:
    loaded = load_evidence(attested.saved, attestation=attested.attestation())
    now = attested.clock.now()
    box = attested.box
    full = complete(loaded, box.trust, box.sources, at=now, transport=box, clock=attested.clock)
    assert judge(full, box.trust, LENIENT, at=now).policy == LENIENT
    assert [bool(judge(full, box.trust, at=now + timedelta(days=days))) for days in (0, 3, 30)] == [True, True, False]
    later = judge(full, box.trust, ETSI_BASELINE, at=now + timedelta(days=30))
    assert later.conclusions[0].subindication == "SIGNED_DATA_NOT_FOUND"


def test_a_month_later_fresh_answers_are_all_that_is_needed(attested: Attested) -> None:
    made = attested.attestation()
    attested.clock.advance(timedelta(days=30))
    assert attested.report(made)
