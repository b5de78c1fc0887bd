"""What a CMS signature must not be taken for: stripped, re-read, doubled, moved, or about something else."""

from __future__ import annotations

import base64
import hashlib
import io
import time
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eidkit.asn1 import algorithm, archive, assembly, attributes, certificate, cms, der, outline
from eidkit.document import Document
from eidkit.errors import EidkitError
from eidkit.timestamps.authority import first_token
from eidkit.verify.formats import cades
from eidkit.verify.formats import cms as reading
from tests.cms.archiving import INDEX_V3, rewritten, signer_of, with_unsigned
from tests.cms.conftest import CONTENT, Bench, codes, octets
from tests.cms.making import fields_of, signed_again, signers_of, usual, with_fields, with_signers

if TYPE_CHECKING:
    from collections.abc import Callable


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


# ── what is signed ────────────────────────────────────────────────────────────────────────────────────────
def test_other_content_beside_is_found_out(bench: Bench) -> None:
    report = bench.report(bench.detached(), beside=Document.from_bytes(CONTENT + b"!", "permit.txt"))
    assert (report.verdict, codes(report)) == ("TOTAL-FAILED", {"HASH_FAILURE"})


def test_content_inside_counts_and_not_the_one_handed_in(bench: Bench) -> None:
    report = bench.report(bench.attached(), beside=Document.from_bytes(b"three floors", "permit.txt"))
    assert (report.verdict, codes(report)) == ("TOTAL-FAILED", {"HASH_FAILURE"})
    assert [c.intact for c in report.conclusions] == [False]


def test_the_same_content_inside_and_beside_is_fine(bench: Bench) -> None:
    assert bench.report(bench.attached(), beside=bench.permit)


def test_without_its_content_the_report_names_the_option(bench: Bench) -> None:
    report = bench.report(bench.detached())
    assert (report.verdict, codes(report)) == ("INDETERMINATE", {"SIGNED_DATA_NOT_FOUND"})
    assert "--detached" in str(report)


def test_of_several_contents_the_signed_one_is_found(bench: Bench) -> None:
    others = [Document.from_bytes(bytes([n]), f"{n}.txt") for n in range(3)]
    assert bench.report(bench.detached(), beside=[*others, bench.permit])
    report = bench.report(bench.detached(), beside=others)
    assert codes(report) == {"SIGNED_DATA_NOT_FOUND"}


def test_content_put_into_a_detached_signature_is_judged_as_its_content(bench: Bench) -> None:
    inside = octets(bench.attached()).replace(CONTENT, CONTENT.replace(b"two", b"six"))
    assert codes(bench.report(Document.from_bytes(inside, "permit.p7m"))) == {"HASH_FAILURE"}


# ── signed attributes ─────────────────────────────────────────────────────────────────────────────────────
def test_attributes_passed_off_as_content_are_refused(bench: Bench) -> None:
    """The signature over the attributes also is one over content that reads like them."""
    signed = bench.detached()
    bare = with_fields(signed, lambda fields: [*fields[:3], *fields[4:]])
    beside = Document.from_bytes(signer_of(signed).signed_octets, "attributes")
    report = bench.report(bare, beside=beside)
    assert report.verdict == "TOTAL-FAILED"
    assert "FORMAT_FAILURE" in codes(report)


def _without(bench: Bench, number: int) -> list[bytes]:
    return [one for position, one in enumerate(usual(bench.lan)) if position != number]


_OTHER = hashlib.sha256(b"other").digest()
_RULES: dict[str, Callable[[Bench], list[bytes]]] = {
    "no-content-type": lambda bench: _without(bench, 0),
    "no-message-digest": lambda bench: _without(bench, 1),
    "other-content-type": lambda bench: usual(bench.lan, content_type=cms.TST_INFO),
    "two-message-digests": lambda bench: [*usual(bench.lan), attributes.message_digest(_OTHER)],
    "two-values": lambda bench: [
        *_without(bench, 1),
        attributes.attribute(
            attributes.MESSAGE_DIGEST, der.encode_octets(_OTHER), usual(bench.lan)[1][-34:]
        ),
    ],
    "two-certificates": lambda bench: [
        *usual(bench.lan),
        attributes.signing_certificate(certificate.of(bench.binh.certificate).der),
    ],
}  # fmt: skip


@pytest.mark.parametrize("rule", _RULES)
def test_a_rule_of_the_signed_attributes_is_broken_by_the_signer(bench: Bench, rule: str) -> None:
    report = bench.report(signed_again(bench.attached(), bench.lan, _RULES[rule](bench)))
    assert (report.verdict, "FORMAT_FAILURE" in codes(report)) == ("TOTAL-FAILED", True), str(report)
    assert [c.intact for c in report.conclusions] == [False]


def test_the_control_of_these_attacks_passes(bench: Bench) -> None:
    assert bench.report(signed_again(bench.attached(), bench.lan, usual(bench.lan)))


def test_a_certificate_that_the_signature_does_not_name_is_not_the_signer(bench: Bench) -> None:
    report = bench.report(signed_again(bench.attached(), bench.lan, usual(bench.binh)))
    assert report.verdict != "TOTAL-PASSED"
    assert codes(report) & {"SIGNING_CERTIFICATE_MISMATCH", "NO_SIGNING_CERTIFICATE_FOUND", "SIG_CRYPTO_FAILURE"}


def test_without_a_reference_to_its_certificate_a_signature_never_passes(bench: Bench) -> None:
    report = bench.report(signed_again(bench.attached(), bench.lan, _without(bench, 2)))
    assert (report.verdict, codes(report)) == ("INDETERMINATE", {"SIGNER_NOT_BOUND"})


def test_words_after_a_pem_block_are_refused(bench: Bench) -> None:
    """They are not signed, and whoever opens the file reads them beside what is."""
    pem = b"-----BEGIN CMS-----\n" + base64.encodebytes(octets(bench.attached())) + b"-----END CMS-----\n"
    assert bench.report(Document.from_bytes(pem + b"\r\n", "permit.pem"))
    for more in (b"three floors\n", b"three floors -----", b"-----END CMS-----three floors-----"):
        with pytest.raises(EidkitError, match="other text"):
            bench.report(Document.from_bytes(pem + more, "permit.pem"))


# ── several signers ───────────────────────────────────────────────────────────────────────────────────────
def test_the_same_signature_twice_is_no_second_one(bench: Bench) -> None:
    (one,) = signers_of(bench.attached())
    report = bench.report(with_signers(bench.attached(), [one, one]))
    assert report.verdict == "TOTAL-FAILED"
    assert [c.indication for c in report.conclusions] == ["TOTAL-PASSED", "TOTAL-FAILED"]


def test_the_same_signature_with_another_timestamp_is_no_second_one(bench: Bench) -> None:
    document = bench.attached()
    (one,) = signers_of(document)
    (stamped,) = signers_of(bench.sign(document, bench.binh, over="signature-1"))
    report = bench.report(with_signers(document, [one, stamped]))
    assert "FORMAT_FAILURE" in codes(report)


def test_the_same_attributes_in_another_order_are_no_second_signature(bench: Bench) -> None:
    """Anybody may turn their order around, and the value holds for the sorted ones."""
    document = bench.attached()
    (one,) = signers_of(document)
    fields = fields_of(one)
    attributes_there = [part.raw for part in der.read(fields[3]).children()]
    turned = der.sequence(*fields[:3], der.tlv(0xA0, b"".join(reversed(attributes_there))), *fields[4:])
    assert bench.report(with_signers(document, [turned]))
    report = bench.report(with_signers(document, [one, turned]))
    assert [c.indication for c in report.conclusions] == ["TOTAL-PASSED", "TOTAL-FAILED"]


def test_an_ecdsa_value_turned_around_is_no_second_signature(bench: Bench) -> None:
    """From (r, s) anybody makes (r, n − s), which holds too."""
    document = bench.attached()
    (one,) = signers_of(document)
    fields = fields_of(one)
    r, s = decode_dss_signature(der.octets(der.read(fields[5])))
    turned = der.sequence(*fields[:5], der.encode_octets(encode_dss_signature(r, P256_ORDER - s)))
    assert bench.report(with_signers(document, [turned]))
    report = bench.report(with_signers(document, [one, turned]))
    assert [c.indication for c in report.conclusions] == ["TOTAL-PASSED", "TOTAL-FAILED"]


def test_a_timestamp_of_another_signature_proves_nothing(bench: Bench) -> None:
    document = bench.sign(bench.attached(stamped=True), bench.binh)
    stamp = signer_of(document).unsigned(attributes.SIGNATURE_TIMESTAMP)[0]
    moved = with_unsigned(document, attributes.attribute(attributes.SIGNATURE_TIMESTAMP, stamp), number=1)
    first, second = bench.report(moved).conclusions
    assert (first.time_proved, second.time_proved) == (True, False)
    assert [stamp.intact for stamp in second.timestamps] == [False]


def test_a_counter_signature_of_another_signature_does_not_hold(bench: Bench) -> None:
    document = bench.sign(bench.attached(), bench.binh)
    countered = bench.sign(document, bench.binh, over="signature-1")
    taken = signer_of(countered).unsigned(attributes.COUNTER_SIGNATURE)[0]
    moved = with_unsigned(document, attributes.attribute(attributes.COUNTER_SIGNATURE, taken), number=1)
    report = bench.report(moved)
    assert (report.verdict, codes(report)) == ("TOTAL-FAILED", {"HASH_FAILURE"})


def test_a_signature_over_content_is_no_counter_signature(bench: Bench) -> None:
    """It names a content type, which a counter-signature must not (RFC 5652 §11.4)."""
    document = bench.attached()
    value = Document.from_bytes(signer_of(document).signature, "value")
    (over,) = signers_of(bench.sign(value, bench.binh, format="cms"))
    moved = with_unsigned(document, attributes.attribute(attributes.COUNTER_SIGNATURE, over))
    report = bench.report(moved)
    assert "FORMAT_FAILURE" in codes(report)
    assert report.verdict == "TOTAL-FAILED"


def test_counter_signatures_nest_only_so_deep(bench: Bench) -> None:
    document = bench.attached()
    (signer,) = signers_of(document)
    for _ in range(cades.MAX_DEPTH + 1):
        fields = [part.raw for part in der.whole(signer).children()][:6]
        over = attributes.attribute(attributes.COUNTER_SIGNATURE, signer)
        signer = der.sequence(*fields, b"\xa1" + der.set_of([over])[1:])
    with pytest.raises(EidkitError):
        bench.report(with_signers(document, [signer]))


def test_more_signatures_than_the_bound_are_refused(bench: Bench) -> None:
    (one,) = signers_of(bench.attached())
    with pytest.raises(EidkitError):
        bench.report(with_signers(bench.attached(), [one] * 17))


def test_certificates_alone_are_no_signature(bench: Bench) -> None:
    report = bench.report(rewritten(bench.attached(), signers=b"\x31\x00"))
    assert report.verdict == "NO-SIGNATURE"
    assert not report


# ── bits ──────────────────────────────────────────────────────────────────────────────────────────────────
def _signed_positions(document: Document) -> list[int]:
    """Every octet of the content, the signed attributes and the value."""
    data, signer = octets(document), signer_of(document)
    found: list[int] = []
    for part in (CONTENT, signer.signed_octets[1:], signer.signature):
        start = data.rindex(part)
        found += range(start, start + len(part))
    return found


def test_no_bit_of_what_is_signed_can_be_turned(bench: Bench) -> None:
    document = bench.attached()
    data = octets(document)
    for position in _signed_positions(document):
        altered = bytearray(data)
        altered[position] ^= 1 << position % 8
        assert not _passes(bench, bytes(altered)), position


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), bit=st.integers(0, 7), cut=st.booleans())
def test_whatever_is_done_to_a_file_it_fails_in_our_words(bench: Bench, place: int, bit: int, *, cut: bool) -> None:
    data = bytearray(octets(bench.sign(bench.attached(stamped=True), bench.binh, over="signature-1")))
    position = place % len(data)
    data[position] ^= 1 << bit
    _passes(bench, bytes(data[:position] if cut else data))  # an error that is not ours fails the test


def _passes(bench: Bench, data: bytes) -> bool:
    try:
        return bool(bench.report(Document.from_bytes(data, "permit.p7m")))
    except EidkitError:
        return False


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80" * 4000,
        bytes.fromhex("308006092a864886f70d010702a080") + b"\x30\x80" * 4000,
        bytes.fromhex("308006092a864886f70d010702a0803080020101310030800609") + b"\x00" * 64,
        bytes.fromhex("3084ffffffff06092a864886f70d010702"),
    ],
)
def test_hostile_lengths_are_refused_in_our_words(bench: Bench, data: bytes) -> None:
    with pytest.raises(EidkitError):
        bench.report(Document.from_bytes(data, "x.p7m"))


# ── cost ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_many_archive_timestamps_over_one_large_attribute_cost_little(bench: Bench) -> None:
    """Each of them may name each value of the attribute by the whole of it: it is hashed once."""
    document = bench.attached(stamped=True)
    stamp = signer_of(document).unsigned(attributes.SIGNATURE_TIMESTAMP)[0]
    index = attributes.attribute(INDEX_V3, der.sequence(algorithm.encode_digest("sha256"), *[der.sequence()] * 3))
    tokens = [assembly.with_unsigned(stamp, index)]
    for number in range(31):
        tokens.append(assembly.with_unsigned(tokens[0], attributes.attribute(f"1.2.3.{number}", der.ENCODED_NULL)))
    values = [der.encode_octets(bytes([number]) * 200_000) for number in range(60)]
    crowded = with_unsigned(document, attributes.attribute("1.2.3.4", *values))
    for token in tokens:
        crowded = with_unsigned(crowded, attributes.attribute(archive.ARCHIVE_TIMESTAMP_V3, token))
    started = time.process_time()
    report = bench.report(crowded)
    assert len([one for one in report.conclusions[0].timestamps if one.kind == "archive"]) == 32
    assert time.process_time() - started < 3


def test_many_archive_timestamps_of_version_2_cost_little(bench: Bench) -> None:
    """Each is over the octets of all that stands there, so that what is hashed for all of them is bounded."""
    box, document = bench.sandbox, bench.attached()
    stamp = first_token(box.tsa, CONTENT, digest="sha3_512", transport=box, clock=box.clock)
    large = attributes.attribute("1.2.3.4", der.encode_octets(bytes(16_000_000)))
    marks = (attributes.attribute("1.2.3.5", der.encode_integer(number)) for number in range(32))
    tokens = (assembly.with_unsigned(stamp, mark) for mark in marks)
    stamps = attributes.attribute(archive.ARCHIVE_TIMESTAMP_V2, *tokens)
    crowded = with_unsigned(with_unsigned(document, large), stamps)
    started = time.process_time()
    report = bench.report(crowded)
    assert time.process_time() - started < 2.5
    archived = [one for one in report.conclusions[0].timestamps if one.kind == "archive"]
    told = [f for one in archived for f in one.findings if "more octets than are hashed" in f.message.en]
    assert (len(archived), len(told)) == (32, 28)


def test_many_segments_cost_little(bench: Bench) -> None:
    """Content of one octet a segment: walked over once, and bounded."""
    segments = b"\x04\x01x" * 200_000
    head = bytes.fromhex("308006092a864886f70d010702a08030800201013100")
    octet_string = b"\x24\x80" + segments + b"\x00\x00"
    inner = b"\x30\x80" + der.encode_oid(cms.DATA) + b"\xa0\x80" + octet_string + 2 * b"\x00\x00"
    data = head + inner + b"\x31\x00" + 3 * b"\x00\x00"
    started = time.process_time()
    report = bench.report(Document.from_bytes(data, "x.p7m"))
    assert report.verdict == "NO-SIGNATURE"
    assert time.process_time() - started < 3


def test_more_segments_than_the_bound_are_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "MAX_SEGMENTS", 10)
    octet_string = b"\x24\x80" + b"\x04\x01x" * 11 + b"\x00\x00"
    inner = b"\x30\x80" + der.encode_oid(cms.DATA) + b"\xa0\x80" + octet_string + 2 * b"\x00\x00"
    data = bytes.fromhex("308006092a864886f70d010702a08030800201013100") + inner + b"\x31\x00" + 3 * b"\x00\x00"
    with pytest.raises(EidkitError, match="segments"):
        bench.report(Document.from_bytes(data, "x.p7m"))


def test_more_octets_beside_the_content_than_the_bound_are_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outline, "MAX_AROUND", 100)
    with pytest.raises(EidkitError, match="beside the content"):
        bench.report(bench.attached())


TINY = b"\x05\x00" * 3_000_000


@pytest.mark.parametrize(
    "parts",
    [
        b"\xa0\x80" + TINY + b"\x00\x00\x31\x00",
        der.tlv(0xA0, TINY) + b"\x31\x00",
        der.tlv(0xA1, der.tlv(der.SEQUENCE, TINY)) + b"\x31\x00",
        der.tlv(0xA1, der.tlv(der.SEQUENCE, TINY)) + b"\x31\x80\x30\x80",
        der.tlv(der.SET, der.sequence(TINY)),
        b"\x31\x80" + b"\x30\x80" * 50 + TINY + b"\x00\x00" * 51,
    ],
    ids=["bag without length", "bag", "answer", "answer and an open end", "signer", "deep"],
)
def test_millions_of_tiny_parts_cost_little(bench: Bench, parts: bytes) -> None:
    head = bytes.fromhex("308006092a864886f70d010702a08030800201013100")
    inner = b"\x30\x80" + der.encode_oid(cms.DATA) + b"\x00\x00"
    document = Document.from_bytes(head + inner + parts + 3 * b"\x00\x00", "x.p7m")
    started = time.process_time()
    assert not _passes(bench, octets(document))
    assert time.process_time() - started < 2


@pytest.mark.parametrize("over", [False, True])
def test_large_signed_attributes_of_many_signatures_cost_little(bench: Bench, *, over: bool) -> None:
    """Whether they are DER is asked within one budget for the whole file."""
    document = bench.attached()
    (one,) = signers_of(document)
    fields = fields_of(one)
    there = [part.raw for part in der.read(fields[3]).children()]
    signers = []
    for number in range(14):
        large = attributes.attribute(f"1.2.3.{number}", der.sequence(b"\x05\x00" * 400_000))
        signers.append(der.sequence(*fields[:3], der.tlv(0xA0, b"".join([*there, large])), *fields[4:]))
    crowded = with_signers(document, [one] if over else [one, *signers])
    for counter in signers if over else ():
        crowded = with_unsigned(crowded, attributes.attribute(attributes.COUNTER_SIGNATURE, counter))
    started = time.process_time()
    report = bench.report(crowded)
    assert [c.indication for c in report.conclusions] == ["TOTAL-PASSED", *["TOTAL-FAILED"] * 14]
    assert time.process_time() - started < 3


def test_an_open_end_is_looked_for_once() -> None:
    """Zeros after it may be end marks or padding: a walk tells, not one attempt after another."""
    inner = bytes.fromhex("06092a864886f70d010702a08030800201013180") + b"\x05\x00" * 200_000
    started = time.process_time()
    container = reading.opened(b"\x30\x80" + inner + bytes(60))
    assert container.parsed is None
    assert time.process_time() - started < 1


def test_a_timestamp_token_without_lengths_is_read_to_its_end(bench: Bench) -> None:
    token = signer_of(bench.attached(stamped=True)).unsigned(attributes.SIGNATURE_TIMESTAMP)[0]
    kind, wrapped = der.whole(token).children()
    open_ended = b"\x30\x80" + kind.raw + b"\xa0\x80" + wrapped.content + 2 * b"\x00\x00"
    for padding, problems in ((b"", 0), (bytes(99), 0), (bytes(9) + b"x", 1)):
        container = reading.opened(open_ended + padding)
        assert container.octets == open_ended
        assert container.imprint is not None
        assert len(container.problems) == problems


@pytest.mark.parametrize(
    ("segments", "joined"),
    [
        (b"\x24\x07\x04\x01a\x04\x02bc", b"\x04\x03abc"),
        (b"\x24\x03\x02\x01a", None),  # a number in a text
        (b"\x23\x08\x03\x02\x00a\x03\x02\x04\xf0", b"\x03\x03\x04a\xf0"),
        (b"\x23\x08\x03\x02\x04\xf0\x03\x02\x00a", None),  # bits are left out in the middle
        (b"\x23\x00", None),
    ],
)
def test_only_segments_of_their_own_kind_are_joined(segments: bytes, joined: bytes | None) -> None:
    data = b"\x30\x80" + segments + b"\x00\x00"
    if joined is None:
        with pytest.raises(der.DerError):
            der.definite(data)
    else:
        assert der.definite(data) == der.sequence(joined)


def test_a_file_that_changes_between_two_readings_is_refused(bench: Bench) -> None:
    """A file object has no guard of its own: what one digest was taken of must be what the other was taken of."""
    file = io.BytesIO(CONTENT)
    beside = Document.from_file(file, "permit.txt")
    signed = bench.sign(beside, format="cms", digest="sha384")
    assert bench.report(signed, beside=beside)
    file.seek(0)
    file.write(CONTENT.replace(b"two", b"six"))
    with pytest.raises(EidkitError) as refused:
        bench.report(signed, beside=beside)
    assert refused.value.code == "document-changed"
