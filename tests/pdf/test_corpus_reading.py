"""The corpora of attacks, odd files and other products' signatures, read and counted."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest

from eidkit.document import Document
from eidkit.errors import EidkitError
from eidkit.findings import ROWS
from eidkit.verify.formats import cms, pdf

pytestmark = pytest.mark.corpus

BROKEN = {"COVERAGE_FAILURE", "FORMAT_FAILURE"}

LOST_CONTROLS = {
    "rub-cert/1__02_Test_cert_p2_sign_original.pdf": "signatures without signed attributes are refused",
    "dss/pkcs7-no-message-digest.pdf": "signatures without signed attributes are refused",
    "dss/dss-818__Signature-P-SK-1_(HASH_FAILURE).pdf": "a dictionary with two values for one key is refused",
}
OTHER_VERDICT = {
    "PDFWithMultipleSignerInfoValidationTest": "two signers in one PDF signature are refused",
}
"""Cases in which the DSS test says *intact* and we do not, each with its reason."""


def intact(signature):
    """References and structure; the signature value is the judge's."""
    return (
        bool(signature.references)
        and all(one.declared == one.computed for one in signature.references)
        and not any(one.code in BROKEN for one in signature.observations)
    )


def imprint_holds(timestamp):
    found = cms.opened(timestamp.token).imprint
    return found is not None and dict(timestamp.imprints).get(found[0]) == found[1]


def verdict(path):
    try:
        evidence = pdf.read(Document.read(path))
    except EidkitError:
        return "reject"
    errors = {
        one.code for each in evidence.signatures for one in each.observations if ROWS[one.code].severity == "error"
    }
    stamps = all(imprint_holds(one) and not one.observations for one in evidence.timestamps)
    if errors - {"OWN_REVISION_CHANGED"} or not evidence.signatures or not stamps:
        return "reject"
    if not all(map(intact, evidence.signatures)):
        return "reject"
    harmless = {"none", "extension"}
    return "accept" if all(one.coverage.modifications in harmless for one in evidence.signatures) else "flag"


def cases(corpus, folder):
    return json.loads((corpus(folder) / "manifest.json").read_text(encoding="utf-8"))


def test_no_attack_passes_and_only_the_named_controls_are_lost(corpus):
    found = {
        one["path"]: (one["expected"], verdict(corpus("pdf-attacks") / one["path"]))
        for one in cases(corpus, "pdf-attacks")
    }
    assert [path for path, (expected, got) in found.items() if expected == "reject" and got != "reject"] == []
    lost = {path for path, (expected, got) in found.items() if expected == "accept" and got != "accept"}
    assert lost <= set(LOST_CONTROLS), lost - set(LOST_CONTROLS)


def test_the_dss_files_agree_on_what_is_intact(corpus):
    agreed = 0
    differing = set()
    for case in cases(corpus, "dss"):
        wanted = case["expectations"].get("intact")
        if case["format"] != "pades" or wanted is None:
            continue
        try:
            signatures = pdf.read(Document.read(corpus("dss") / case["path"])).signatures
        except EidkitError:
            signatures = ()
        got = bool(signatures) and all(map(intact, signatures))
        # A wrong signature value is the judge's to see: a false expectation is not checked against a true answer.
        if wanted == got or (got and not wanted):
            agreed += 1
        else:
            differing.add(case["id"])
    assert differing == set(OTHER_VERDICT)
    assert agreed >= 35


def test_the_dss_files_hold_as_many_signatures_as_expected(corpus):
    for case in cases(corpus, "dss"):
        wanted = case["expectations"].get("signatures_count")
        if case["format"] != "pades" or wanted is None:
            continue
        try:
            assert len(pdf.read(Document.read(corpus("dss") / case["path"])).signatures) == wanted, case["id"]
        except EidkitError:
            assert not case["expectations"].get("intact"), case["id"]


@pytest.mark.parametrize("folder", ["pdf-intake", "pdf-attacks"])
def test_nothing_but_our_errors_escapes_and_no_file_takes_long(corpus, folder):
    for path in sorted(corpus(folder).rglob("*.pdf")):
        begun = time.perf_counter()
        with suppress(EidkitError):
            pdf.read(Document.read(path))
        assert time.perf_counter() - begun < 10, path


def test_every_plain_file_of_the_intake_folder_can_be_signed_or_says_why_not(corpus, signer):
    reasons = {
        "pdf-encrypted", "pdf-cut-off", "pdf-damaged", "pdf-hybrid", "pdf-xfa", "pdf-junk-after-end",
        "pdf-signing-forbidden", "pdf-no-page",
    }  # fmt: skip
    signed = 0
    refused = set()
    for path in sorted(corpus("pdf-intake").rglob("*.pdf")):
        try:
            document = signer.sign(Document.read(path))
        except EidkitError as error:
            refused.add(error.code)
            continue
        last = pdf.read(document).signatures[-1]
        assert (last.coverage.own_revision, last.coverage.covers_whole_document) == ("clean", True), path
        signed += 1
    assert signed >= 35
    assert refused <= reasons
