"""A signature is appended: what is added, where, and what stays as it was."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes

from eidkit.asn1 import attributes, cms, der
from eidkit.commitments import PROOF_OF_APPROVAL
from eidkit.document import Document
from eidkit.errors import DocumentError, SigningError
from eidkit.signing.formats import pdf as writer
from eidkit.verify.formats import pdf


def octets(document):
    return document.read_range(0, document.length)


def only(document):
    [signature] = pdf.read(document).signatures
    return signature


@pytest.mark.parametrize("name", ["plain", "compressed"])
def test_a_signature_covers_the_whole_file_and_shows_what_was_signed(name, request, signer):
    document = request.getfixturevalue(name)
    signature = only(signer.sign(document))
    assert signature.level == "PAdES-B-B"
    assert all(one.declared == one.computed for one in signature.references)
    assert (signature.coverage.own_revision, signature.coverage.covers_whole_document) == ("clean", True)
    assert (signature.content.length, signature.content.sha256) == (document.length, document.sha256)
    assert not signature.observations


def test_the_original_stays_byte_for_byte(plain, signer):
    assert octets(signer.sign(plain)).startswith(octets(plain))


@pytest.mark.parametrize("end", [b"", b"\r", b"\n\n", b"\r\n", b" ", b"\n \x00"])
def test_the_length_shown_is_the_original_length_however_the_file_ends(end, plain, signer):
    document = Document.from_bytes(octets(plain).rstrip() + end, "permit.pdf")
    signature = only(signer.sign(document))
    assert (signature.content.length, signature.content.sha256) == (document.length, document.sha256)
    assert signature.coverage.own_revision == "clean"


def test_twenty_approvals_all_stay_good(compressed, signer):
    document = compressed
    for _ in range(20):
        document = signer.sign(document)
    document = Document.from_bytes(octets(document), "packed.pdf")
    signatures = pdf.read(document).signatures
    assert len({signature.id for signature in signatures}) == 20
    assert {signature.coverage.own_revision for signature in signatures} == {"clean"}
    assert {signature.coverage.modifications for signature in signatures[:-1]} == {"extension"}
    assert all(signature.coverage.modifications_allowed for signature in signatures)


def test_neither_info_nor_metadata_is_touched(plain, signer):
    added = octets(signer.sign(plain))[plain.length :]
    assert b"5 0 obj" not in added
    assert b"/Metadata" not in added
    assert b"/Info 5 0 R" in added


def test_the_catalogue_is_taken_over_byte_for_byte(make, signer):
    odd = b"<</Type/Catalog /Pages 2 0 R/Odd#20Name(a\\)b)/Number 0.0000001/Raw<AbC>>>"
    document = Document.from_bytes(make.written([odd, make.pages, make.page, make.content]), "odd.pdf")
    added = octets(signer.sign(document))[document.length :]
    assert odd[:-2] in added


def test_an_empty_signature_field_is_filled(make, signer):
    field = b"<</FT/Sig/T(Approval)/Type/Annot/Subtype/Widget/Rect[0 0 50 50]/F 4/P 3 0 R>>"
    catalogue = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]/DA(/Helv 0 Tf)>>>>"
    page = make.page.replace(b"/Contents", b"/Annots[5 0 R]/Contents")
    document = Document.from_bytes(make.written([catalogue, make.pages, page, make.content, field]), "form.pdf")
    signature = only(signer.sign(document))
    assert signature.id == "Approval"
    assert signature.coverage.own_revision == "clean"


@pytest.mark.parametrize("demand", [b"/Lock<</Action/All>>", b"/SV<</Type/SV/Ff 1>>"])
def test_a_field_that_demands_something_is_left_alone(make, signer, demand):
    field = b"<</FT/Sig/T(Chief)/Type/Annot/Subtype/Widget/Rect[0 0 0 0]%b>>" % demand
    catalogue = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>"
    document = Document.from_bytes(make.written([catalogue, make.pages, make.page, make.content, field]), "form.pdf")
    assert only(signer.sign(document)).id == "Signature1"


def test_a_form_and_annotations_of_their_own_objects_gain_one_item(make, signer):
    catalogue = b"<</Type/Catalog/Pages 2 0 R/AcroForm 5 0 R>>"
    page = make.page.replace(b"/Contents", b"/Annots 7 0 R/Contents")
    form = b"<</Fields 6 0 R/SigFlags 1>>"
    link = b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]>>"
    objects = [catalogue, make.pages, page, make.content, form, b"[]", b"[8 0 R]", link]
    document = Document.from_bytes(make.written(objects), "form.pdf")
    signed = signer.sign(document)
    assert only(signed).coverage.own_revision == "clean"
    assert re.search(rb"/SigFlags\s+3\b", octets(signed))


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_other_digests(plain, signer, digest):
    from eidkit.algorithms import suited

    algorithm = suited(signer.key.public_key(), digest)
    request = signer.request(digest=digest, algorithm=algorithm)
    prepared = writer.prepare(plain, request)
    value = signer.value(prepared.to_sign, getattr(hashes, digest.upper())())
    signature = only(plain.spliced(prepared.offset, writer.finish(prepared, request, value, None)))
    assert [one.algorithm for one in signature.references] == [digest]
    assert all(one.declared == one.computed for one in signature.references)


def test_the_hole_is_tight(plain, signer):
    signature = octets(signer.sign(plain))
    hole = re.search(rb"/Contents<([0-9a-f]+)>", signature)[1]
    cms_octets = der.read(bytes.fromhex(hole.decode())).raw
    assert len(hole) // 2 - len(cms_octets) <= 8


def test_what_does_not_fit_is_refused_by_name(plain, signer):
    request = signer.request(token_reserve=100)
    prepared = writer.prepare(plain, request)
    token = der.sequence(bytes(4000))
    with pytest.raises(SigningError) as refusal:
        writer.finish(prepared, request, signer.value(prepared.to_sign), token)
    assert refusal.value.code == "pdf-reserve-too-small"


def test_a_timestamp_token_goes_into_the_reserve_later(plain, signer):
    signed = signer.sign(plain, token_reserve=400)
    stamped = writer.add_timestamp(signed, lambda value: der.sequence(der.encode_octets(value)))
    assert stamped.length == signed.length
    [timestamp] = only(stamped).timestamps
    assert der.octets(der.whole(timestamp.token).only()) == only(stamped).value
    assert only(stamped).level == "PAdES-B-T"


def test_a_second_timestamp_is_refused(plain, signer):
    stamped = writer.add_timestamp(signer.sign(plain, token_reserve=400), lambda _: der.sequence())
    with pytest.raises(SigningError) as refusal:
        writer.add_timestamp(stamped, lambda _: der.sequence())
    assert refusal.value.code == "pdf-timestamped-already"


def test_a_timestamp_is_not_put_under_a_later_revision(plain, signer, make):
    signed = signer.sign(plain, token_reserve=400)
    later = Document.from_bytes(make.updated(octets(signed), {9: b"(later)"}, size=10), "permit.pdf")
    with pytest.raises(SigningError) as refusal:
        writer.add_timestamp(later, lambda _: der.sequence())
    assert refusal.value.code == "pdf-changed-after-signature"


def test_signed_attributes_name_what_the_request_says(plain, signer):
    approval = PROOF_OF_APPROVAL.oid
    signature = only(signer.sign(plain, commitment=approval, claimed_roles=("head of unit",), assertion="a.b.c"))
    assert signature.commitments == (approval,)
    assert signature.claimed_roles == ("head of unit",)
    assert signature.assertions == ("a.b.c",)


def test_the_claimed_time_is_in_the_dictionary_and_not_in_the_signed_attributes(plain, signer):
    signed = signer.sign(plain, signing_time=datetime(2026, 3, 2, 9, 14, tzinfo=UTC))
    assert only(signed).signing_time == datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
    hole = re.search(rb"/Contents<([0-9a-f]+)>", octets(signed))[1]
    [info] = cms.parse(der.read(bytes.fromhex(hole.decode())).raw).signers
    assert not info.signed(attributes.SIGNING_TIME)


@pytest.mark.parametrize("level", [1, None])
def test_a_certification_that_forbids_changes_forbids_signing(make, signer, level):
    parameters = b"<</Type/TransformParams/P 1/V/1.2>>" if level else b"<</P(odd)>>"
    reference = b"<</Type/SigRef/TransformMethod/DocMDP/TransformParams%b>>" % parameters
    value = b"<</Type/Sig/Filter/A/SubFilter/B/ByteRange[0 1 2 3]/Contents<00>/Reference[%b]>>" % reference
    field = b"<</FT/Sig/T(Cert)/Subtype/Widget/Rect[0 0 0 0]/V 6 0 R>>"
    catalogue = b"<</Type/Catalog/Pages 2 0 R/Perms<</DocMDP 6 0 R>>/AcroForm<</Fields[5 0 R]>>>>"
    objects = [catalogue, make.pages, make.page, make.content, field, value]
    with pytest.raises(DocumentError) as refusal:
        signer.sign(Document.from_bytes(make.written(objects), "certified.pdf"))
    assert refusal.value.code == "pdf-signing-forbidden"


def test_qpdf_finds_nothing_to_complain_about(plain, compressed, signer, tool, tmp_path):
    for document in (plain, compressed):
        signer.sign(signer.sign(document)).write(tmp_path / "signed.pdf")
        run = subprocess.run([tool("qpdf"), "--check", tmp_path / "signed.pdf"], capture_output=True, check=False)
        assert run.returncode == 0, run.stderr


def test_pdfsig_accepts_every_signature(plain, compressed, signer, tool, tmp_path):
    for document in (plain, compressed):
        signer.sign(signer.sign(document)).write(tmp_path / "signed.pdf")
        run = subprocess.run([tool("pdfsig"), "-nocert", tmp_path / "signed.pdf"], capture_output=True, check=False)
        assert run.stdout.count(b"Signature is Valid") == 2
        assert b"Total document signed" in run.stdout


def test_pyhanko_agrees_that_the_file_is_intact(plain, compressed, signer):
    import io

    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    for document in (plain, compressed):
        signed = octets(signer.sign(signer.sign(document)))
        first, second = PdfFileReader(io.BytesIO(signed)).embedded_signatures
        second.compute_integrity_info()
        first.compute_integrity_info()
        assert second.coverage == SignatureCoverageLevel.ENTIRE_FILE
        assert first.coverage == SignatureCoverageLevel.ENTIRE_REVISION
        assert first.summarise_integrity_info()["docmdp_ok"]
