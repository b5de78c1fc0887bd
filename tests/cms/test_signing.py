"""A file signed as CMS: beside it, around it, by several people, over a signature; B-B and B-T."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from eidkit.asn1 import archive, attributes
from eidkit.document import Document
from eidkit.errors import SigningError
from eidkit.sandbox.documents import decision_pdf
from eidkit.signing import Pending, prepare, timestamp
from eidkit.verify import collect, load_evidence, save_evidence
from tests.cms.archiving import signer_of, with_unsigned
from tests.cms.conftest import CONTENT, Bench, codes, octets

if TYPE_CHECKING:
    from pathlib import Path

_WAYS = (
    *itertools.product(("rsa2048",), ("sha256", "sha512"), (False, True)),
    ("p256", "sha256", False),
    ("p384", "sha384", False),
    ("ed25519", None, False),
)


@pytest.mark.parametrize("attached", [True, False], ids=["attached", "detached"])
@pytest.mark.parametrize(("kind", "digest", "pss"), _WAYS)
def test_every_key_and_digest_passes(bench: Bench, kind: str, digest: str | None, *, pss: bool, attached: bool) -> None:
    key = bench.sandbox.official("Lê Hoàng Hà", "001199000053", key=kind)
    signed = bench.sign(bench.permit, key, format="cms", attached=attached, digest=digest, pss=pss, stamped=True)
    report = bench.report(signed, beside=() if attached else bench.permit)
    assert [(c.indication, c.level) for c in report.conclusions] == [("TOTAL-PASSED", "CAdES-B-T")], str(report)


def test_a_detached_signature_is_a_file_of_its_own(bench: Bench) -> None:
    signed = bench.detached()
    assert (signed.name, signed.format) == ("permit.txt.p7s", "der")
    assert CONTENT not in octets(signed)


def test_an_attached_signature_holds_the_file_as_it_was(bench: Bench) -> None:
    signed = bench.attached()
    assert signed.name == "permit.txt.p7m"
    assert CONTENT in octets(signed)


def test_a_pdf_inside_is_still_read_as_a_cms(bench: Bench) -> None:
    signed = bench.sign(Document.from_bytes(decision_pdf(), "permit.pdf"), format="cms", attached=True)
    assert bench.report(signed).format == "cms"
    assert bench.report(signed)


@pytest.mark.parametrize("attached", [True, False])
def test_a_second_signer_leaves_the_first_as_it_was(bench: Bench, *, attached: bool) -> None:
    first = bench.attached() if attached else bench.detached()
    both = bench.sign(first, bench.binh, detached=None if attached else bench.permit)
    report = bench.report(both, beside=() if attached else bench.permit)
    assert [(c.signer.name, c.indication) for c in report.conclusions if c.signer] == [
        ("Nguyễn Thị Lan", "TOTAL-PASSED"),
        ("Trần Văn Bình", "TOTAL-PASSED"),
    ]
    before, after = (collect(one, detached=bench.permit).signatures[0] for one in (first, both))
    assert (before.value, before.signed_octets) == (after.value, after.signed_octets)


def test_a_detached_one_is_signed_again_only_with_its_content(bench: Bench) -> None:
    with pytest.raises(SigningError, match="--detached") as caught:
        bench.sign(bench.detached(), bench.binh)
    assert caught.value.code == "cms-content-missing"


def test_nobody_signs_again_over_other_content(bench: Bench) -> None:
    other = Document.from_bytes(CONTENT + b"!", "permit.txt")
    with pytest.raises(SigningError) as caught:
        bench.sign(bench.detached(), bench.binh, detached=other)
    assert caught.value.code == "cms-other-content"


def test_the_same_twice_within_a_second_is_refused(bench: Bench) -> None:
    with pytest.raises(SigningError) as caught:
        bench.sign(bench.attached())
    assert caught.value.code == "cms-signed-already"


def test_no_old_archive_timestamp_is_broken(bench: Bench) -> None:
    stamp = signer_of(bench.attached(stamped=True)).unsigned(attributes.SIGNATURE_TIMESTAMP)[0]
    archived = with_unsigned(bench.attached(), attributes.attribute(archive.ARCHIVE_TIMESTAMP_V2, stamp))
    options: tuple[dict[str, Any], ...] = ({}, {"over": "signature-1"})
    for option in options:
        with pytest.raises(SigningError) as caught:
            bench.sign(archived, bench.binh, **option)
        assert caught.value.code == "cms-archived-as-it-stands"


def test_a_counter_signature_is_a_signature_of_its_own_over_another(bench: Bench) -> None:
    countered = bench.sign(bench.attached(), bench.binh, over="signature-1", stamped=True)
    report = bench.report(countered)
    assert report
    assert [c.evidence.counter_signature_of for c in report.conclusions] == [None, "signature-1"]
    assert "Trần Văn Bình" in (line := str(report).splitlines()[-1])
    assert "counter-signs signature-1" in line
    assert [c.level for c in report.conclusions] == ["CAdES-B-B", "CAdES-B-T"]


def test_only_a_signature_that_is_there_is_counter_signed(bench: Bench) -> None:
    with pytest.raises(SigningError) as caught:
        bench.sign(bench.attached(), bench.binh, over="signature-2")
    assert caught.value.code == "cms-no-such-signature"


def test_a_timestamp_is_added_later_to_each_that_has_none(bench: Bench) -> None:
    signed = bench.sign(bench.attached(), bench.binh)
    box = bench.sandbox
    for _ in range(2):
        signed = timestamp(signed, box.tsa, transport=box, clock=box.clock)
    assert [c.level for c in bench.report(signed).conclusions] == ["CAdES-B-T"] * 2
    with pytest.raises(SigningError) as caught:
        timestamp(signed, box.tsa, transport=box, clock=box.clock)
    assert caught.value.code == "cms-nothing-to-timestamp"


@pytest.mark.parametrize("form", ["detached", "attached", "more", "more-detached", "counter"])
def test_the_key_may_answer_later_in_another_process(bench: Bench, form: str) -> None:
    ways: dict[str, tuple[Document, dict[str, Any]]] = {
        "detached": (bench.permit, {"format": "cms"}),
        "attached": (bench.permit, {"format": "cms", "attached": True}),
        "more": (bench.attached(), {}),
        "more-detached": (bench.detached(), {"detached": bench.permit}),
        "counter": (bench.attached(), {"over": "signature-1"}),
    }
    document, options = ways[form]
    key = bench.binh
    saved = prepare(document, key.certificate, chain=key.chain, clock=bench.sandbox.clock, **options).to_json()
    pending = Pending.from_json(saved)
    value = key.sign(pending.to_sign, pending.algorithm)
    signed = pending.complete(value, document, detached=bench.permit if form == "more-detached" else None)
    assert bench.report(signed, beside=bench.permit)


def test_a_stored_request_for_other_content_is_not_completed(bench: Bench) -> None:
    key, cms = bench.binh, bench.detached()
    pending = prepare(cms, key.certificate, chain=key.chain, clock=bench.sandbox.clock, detached=bench.permit)
    stored = Pending.from_json(pending.to_json())
    value = key.sign(stored.to_sign, stored.algorithm)
    with pytest.raises(SigningError) as caught:
        stored.complete(value, cms, detached=Document.from_bytes(b"another permit", "permit.txt"))
    assert caught.value.code == "pending-altered"


def test_evidence_of_a_cms_is_judged_without_the_file_only_as_not_seen(bench: Bench) -> None:
    signed = bench.detached()
    saved = save_evidence(collect(signed, detached=bench.permit))
    assert not load_evidence(saved).document_seen
    assert load_evidence(saved, document=signed, detached=bench.permit).document_seen


def test_ways_of_a_pdf_are_refused_by_name(bench: Bench) -> None:
    pdf = Document.from_bytes(decision_pdf(), "permit.pdf")
    with pytest.raises(SigningError) as caught:
        bench.sign(pdf, format="cms", field="Signature1")
    assert caught.value.code == "cms-appearance"


@pytest.mark.parametrize("wrong", [{"attached": True}, {"over": "signature-1"}, {"format": "pades"}])
def test_an_option_that_does_not_belong_is_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    with pytest.raises(SigningError):
        bench.sign(Document.from_bytes(decision_pdf(), "permit.pdf"), **wrong)


def test_content_of_any_size_is_never_held(bench: Bench, tmp_path: Path) -> None:
    size = 96 * 1024 * 1024
    path = tmp_path / "plans.bin"
    with path.open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        signed = bench.sign(Document.read(path), format="cms", attached=True)
        signed.write(tmp_path / "plans.p7m")
        both = bench.sign(Document.read(tmp_path / "plans.p7m"), bench.binh)
        report = bench.report(both)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report
    assert codes(report) == set()
    assert peak < 16 * 1024 * 1024 < size
