"""What others leave out of a CMS or put in twice: the signer's certificate, commitments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eidkit.asn1 import attributes, certificate, der
from eidkit.commitments import PROOF_OF_APPROVAL
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import collect, verify
from tests.cms.archiving import rewritten
from tests.cms.making import signed_again, usual

if TYPE_CHECKING:
    from eidkit.document import Document
    from eidkit.verify import Report
    from tests.cms.conftest import Bench


@pytest.fixture
def bare(bench: Bench) -> Document:
    """A CMS without any certificate."""
    return rewritten(bench.attached(), certificates=None)


def _report(bench: Bench, document: Document, sources: Sources, trust: TrustStore | None = None) -> Report:
    return verify(document, trust or bench.sandbox.trust, sources=sources, clock=bench.sandbox.clock)


def _held(bench: Bench, *certificates: bytes) -> Sources:
    return Sources.of(certificates=certificates, crls=bench.sandbox.crls())


def test_a_certificate_that_is_handed_over_may_be_the_signer_s(bench: Bench, bare: Document) -> None:
    chain = [certificate.of(one).der for one in (bench.lan.certificate, *bench.lan.chain)]
    report = _report(bench, bare, _held(bench, *chain))
    assert report
    assert report.conclusions[0].intact


def test_without_it_nobody_can_tell(bench: Bench, bare: Document) -> None:
    (one,) = _report(bench, bare, _held(bench)).conclusions
    assert (one.indication, one.subindication) == ("INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND")


def test_another_certificate_of_the_same_person_is_not_taken(bench: Bench, bare: Document) -> None:
    again = bench.sandbox.official("Nguyễn Thị Lan", "001199000051")
    (one,) = _report(bench, bare, _held(bench, certificate.of(again.certificate).der)).conclusions
    assert one.certificate is None
    assert one.indication == "INDETERMINATE"


def test_an_anchor_that_the_signature_names_may_be_the_signer_s(bench: Bench, bare: Document) -> None:
    anchor = TrustStore.of([bench.lan.certificate], "signing")
    report = _report(bench, bare, Sources.of(), anchor)
    assert report
    assert not _report(bench, bare, Sources.of(), TrustStore.of([bench.binh.certificate], "signing"))


def _committed(bench: Bench, *attribute: bytes) -> Document:
    return signed_again(bench.attached(), bench.lan, [*usual(bench.lan), *attribute])


ONE, OTHER = (der.sequence(der.encode_oid(oid)) for oid in (PROOF_OF_APPROVAL.oid, "1.2.3"))


@pytest.mark.parametrize("apart", [True, False])
def test_several_commitments_are_all_read_and_told(bench: Bench, apart: bool) -> None:
    parts = ((ONE,), (OTHER,)) if apart else ((ONE, OTHER),)
    document = _committed(bench, *(attributes.attribute(attributes.COMMITMENT_TYPE, *values) for values in parts))
    assert set(collect(document).signatures[0].commitments) == {PROOF_OF_APPROVAL.oid, "1.2.3"}
    report = bench.report(document)
    assert report
    assert [f.severity for f in report.conclusions[0].findings if f.code == "COMMITMENTS_SEVERAL"] == ["warning"]


def test_a_commitment_that_cannot_be_read_is_malformed(bench: Bench) -> None:
    broken = attributes.attribute(attributes.COMMITMENT_TYPE, der.encode_octets(b"approved"))
    report = bench.report(_committed(bench, broken))
    assert report.verdict == "TOTAL-FAILED"
    assert "FORMAT_FAILURE" in {found.code for found in report.conclusions[0].findings}
