"""What holds of every report: without trust nothing passes, a proof does no harm, stored evidence is the file's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eidkit.document import Document
from eidkit.errors import EidkitError
from eidkit.policy import ETSI_BASELINE, LENIENT
from eidkit.signing import sign
from eidkit.timestamps import token as tokens
from eidkit.trust.store import TrustStore
from eidkit.verify import (
    archival,
    basic,
    collect,
    complete,
    evidence_statement,
    judge,
    load_evidence,
    save_evidence,
)
from eidkit.verify.evidence import Evidence
from eidkit.verify.poe import Proofs
from tests.cms.archiving import archived, with_answers
from tests.corpus.place import folder
from tests.preserving.world import World
from tests.verify.cases import Case, made

_NOW = datetime(2026, 11, 24, tzinfo=UTC)
_FOLDERS = ("dss", "pdf-attacks", "pdf-intake", "xml-interop", "timestamps")
_EVERYTHING = replace(LENIENT, weak_algorithms_allowed=frozenset({"md5", "sha1", "ripemd160", "sha224"}))


def _corpus(name: str) -> Iterator[tuple[Path, Evidence]]:
    """The evidence of every file of a folder of the corpus that can be read at all."""
    for path in sorted(one for one in folder(name).rglob("*") if one.is_file()):
        try:
            yield path, collect(Document.read(path))
        except EidkitError:
            continue


@pytest.mark.parametrize("name", _FOLDERS)
def test_nothing_of_the_whole_corpus_passes_with_an_empty_trust_store(name: str) -> None:
    judged, passed = 0, []
    for path, evidence in _corpus(name):
        for policy in (ETSI_BASELINE, _EVERYTHING):
            for at in (_NOW, _NOW - timedelta(days=3000)):
                judged += 1
                if judge(evidence, TrustStore(()), policy, at=at):
                    passed.append((path.name, policy.name, at))
    assert passed == []
    assert judged > 20


# ── a proof of existence of the signature value ───────────────────────────────────────────────────────────

_SIGNED = [case for case in made() if case.evidence.signatures]
_PASSED = [case for case in _SIGNED if case.report()]
_HOLDS = next(
    stamp
    for case in _SIGNED
    for one in case.report().conclusions
    for stamp in one.timestamps
    if stamp.indication == "PASSED"
)


@given(case=st.sampled_from(_PASSED), share=st.floats(0, 1))
@settings(max_examples=120, deadline=None)
def test_a_proof_of_the_signature_value_never_turns_a_pass_into_a_failure(case: Case, share: float) -> None:
    """Not before the certificate's notBefore and after every content time-stamp, as the standard's steps presume."""
    context = basic.Context(case.evidence, case.trust, ETSI_BASELINE, case.at, Proofs(case.at))
    plain = judge(case.evidence, case.trust, at=case.at)
    for before in plain.conclusions:
        assert before.certificate is not None
        begins = before.certificate.not_before
        time = begins + (case.at - begins) * share
        after = _with_proof(case, context, before, time)
        assert after, (case.name, time, [f.code for f in after.findings if f.severity == "error"])


@pytest.mark.parametrize("case", _PASSED, ids=lambda case: case.name)
def test_a_proof_from_before_the_certificate_does(case: Case) -> None:
    """So that the property above is not that of a proof which nobody looks at."""
    context = basic.Context(case.evidence, case.trust, ETSI_BASELINE, case.at, Proofs(case.at))
    for before in judge(case.evidence, case.trust, at=case.at).conclusions:
        assert before.certificate is not None
        early = _with_proof(case, context, before, before.certificate.not_before - timedelta(days=1))
        assert (early.indication, early.subindication) == ("TOTAL-FAILED", "NOT_YET_VALID")


def _with_proof(case: Case, context: basic.Context, before: basic.Conclusion, time: datetime) -> basic.Conclusion:
    """The signature judged again, its value proved to have existed at ``time`` by a timestamp that holds."""
    proof = replace(_HOLDS, id="proof", kind="document", time=time)
    proof = replace(proof, evidence=replace(proof.evidence, id="proof", kind="document", covers=(before.id,)))
    timestamps, proofs = archival.walked(context)
    return basic.judge_signature(before.evidence, replace(context, proofs=proofs), (*timestamps, proof))


# ── evidence ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("case", made(), ids=lambda case: case.name)
def test_a_report_from_stored_evidence_is_the_report_from_the_file(case: Case) -> None:
    stored = load_evidence(save_evidence(case.evidence), document=case.document, detached=case.detached or ())
    assert stored == case.evidence
    assert judge(stored, case.trust, at=case.at) == case.report()
    assert judge(stored, case.trust, at=case.at).to_json(detailed=True) == case.report().to_json(detailed=True)


def test_the_cases_are_of_every_format_that_is_read() -> None:
    assert {case.evidence.format for case in made()} == {"pdf", "xml", "cms", "timestamp-token"}
    assert {case.report().verdict for case in made()} >= {"TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED", "PASSED"}


# ── digests ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("case", made(), ids=lambda case: case.name)
def test_every_imprint_can_be_compared_from_the_evidence_alone(case: Case) -> None:
    stamps = [*case.evidence.timestamps, *(t for one in case.evidence.signatures for t in one.timestamps)]
    for stamp in stamps:
        _, info = tokens.read(stamp.token)
        assert dict(stamp.imprints)[info.algorithm] == info.imprint


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("listed_by", ["sha256", "sha384", "sha512"])
def test_an_archive_index_by_any_digest_can_be_judged_from_the_evidence_alone(digest: str, listed_by: str) -> None:
    world, content = World(), b"One line that is signed.\n"
    signed = world.signed(Document.from_bytes(content, "line.txt"), format="cms", attached=True)
    full = with_answers(signed, *world.sandbox.crls())
    document = archived(world, full, content, digest=digest, listed_by=listed_by)
    evidence = collect(document)
    at = world.clock.now()
    attestation = sign(
        evidence_statement(evidence), world.sandbox.service_key, tsa=world.tsa, format="cms",
        transport=world.sandbox, clock=world.clock,
    )  # fmt: skip
    stored = load_evidence(save_evidence(evidence), attestation=attestation)
    report = judge(
        complete(stored, world.trust, world.sandbox.sources, at=at, transport=world.sandbox), world.trust, at=at
    )
    (conclusion,) = report.conclusions
    assert [stamp.indication for stamp in conclusion.timestamps] == ["PASSED", "PASSED"]
    assert report
