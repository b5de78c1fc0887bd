"""XAdES for years under attack: properties repeated, moved and split, tokens exchanged, answers hidden by comments."""

from __future__ import annotations

import re
import time
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest

from eidkit.document import Document
from eidkit.sandbox.documents import form_xml
from eidkit.verify import collect
from tests.attacks.making import C14N, signed_xml
from tests.preserving.world import World, octets, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.sandbox import SandboxKey
    from eidkit.verify import Conclusion, Report

PASSED = ("TOTAL-PASSED", None)
_BASE64 = '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>'
_ARCHIVE = re.compile(rb"<xadesv141:ArchiveTimeStamp .*?</xadesv141:ArchiveTimeStamp>", re.DOTALL)
_TOKEN = re.compile(rb"<xades:EncapsulatedTimeStamp[^>]*>.*?</xades:EncapsulatedTimeStamp>", re.DOTALL)


class Files:
    """One form signed by two people, each B-LTA, in one world."""

    def __init__(self) -> None:
        self.world = World()
        self.binh = self.world.sandbox.official("Trần Văn Bình", "001199000052")
        form = Document.from_bytes(form_xml(), "form.xml")
        self.t = octets(self.world.signed(form))
        self.lta = octets(self.world.preserved(self.world.signed(form), stamped=True))
        self.other = octets(self.world.preserved(self.world.signed(form, key=self.binh), stamped=True))

    def report(self, data: bytes) -> Report:
        return self.world.report(Document.from_bytes(data, "form.xml"))

    def conclusion(self, data: bytes) -> Conclusion:
        (found,) = self.report(data).conclusions
        return found


@pytest.fixture(scope="module")
def files() -> Files:
    return Files()


def _element(data: bytes, name: bytes) -> bytes:
    return data[data.index(b"<" + name) : data.index(b"</" + name + b">") + len(name) + 3]


def _archives(conclusion: Conclusion) -> list[str]:
    return [stamp.indication for stamp in conclusion.timestamps if stamp.kind == "archive"]


def test_the_control_of_these_attacks_is_b_lta(files: Files) -> None:
    assert verdict(files.report(files.lta)) == PASSED
    assert files.conclusion(files.lta).level == "XAdES-B-LTA"


# ── repeated and moved properties ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [b"xades:UnsignedSignatureProperties", b"xades:UnsignedProperties"])
@pytest.mark.parametrize("empty", [True, False])
def test_properties_that_stand_there_twice_fail_in_our_words(files: Files, name: bytes, *, empty: bool) -> None:
    """One reader would take the first and another the second."""
    held = _element(files.lta, name)
    more = b"<" + name + b"></" + name + b">" if empty else held
    assert verdict(files.report(files.lta.replace(held, more + held))) == ("TOTAL-FAILED", "FORMAT_FAILURE")


def test_second_qualifying_properties_are_not_passed(files: Files) -> None:
    held = _element(files.lta, b"xades:QualifyingProperties")
    assert not files.report(files.lta.replace(held, held + held))


def test_an_archive_timestamp_of_another_signature_proves_nothing(files: Files) -> None:
    (own,), (others,) = _ARCHIVE.findall(files.lta), _ARCHIVE.findall(files.other)
    moved = files.conclusion(files.lta.replace(own, others))
    assert (moved.level, _archives(moved)) == ("XAdES-B-LT", ["FAILED"])


def test_the_same_archive_timestamp_again_covers_no_more_than_it_did(files: Files) -> None:
    (own,) = _ARCHIVE.findall(files.lta)
    assert _archives(files.conclusion(files.lta.replace(own, own + own))) == ["PASSED", "FAILED"]


def test_a_foreign_token_in_the_same_property_proves_nothing(files: Files) -> None:
    (own,), (others,) = _ARCHIVE.findall(files.lta), _ARCHIVE.findall(files.other)
    mixed = own.replace(_TOKEN.findall(own)[0], _TOKEN.findall(others)[0] + _TOKEN.findall(own)[0])
    assert _archives(files.conclusion(files.lta.replace(own, mixed))) == ["FAILED", "PASSED"]


def test_an_archive_timestamp_put_before_what_it_covered_proves_nothing(files: Files) -> None:
    (own,) = _ARCHIVE.findall(files.lta)
    first = _element(files.lta, b"xades:SignatureTimeStamp")
    moved = files.lta.replace(own, b"").replace(first, own + first)
    assert _archives(files.conclusion(moved)) == ["FAILED"]


def test_an_archive_timestamp_of_nobody_we_trust_makes_no_level(files: Files) -> None:
    evil = World()
    forged = octets(evil.preserved(evil.signed(Document.from_bytes(form_xml(), "form.xml")), stamped=True))
    token = _TOKEN.findall(_ARCHIVE.findall(forged)[0])[0]
    (own,) = _ARCHIVE.findall(files.lta)
    judged = files.conclusion(files.lta.replace(own, own.replace(_TOKEN.findall(own)[0], token)))
    assert (judged.indication, judged.level) == ("TOTAL-PASSED", "XAdES-B-LT")


# ── comments, which no canonical form holds ───────────────────────────────────────────────────────────────


def test_a_comment_does_not_change_what_the_signer_claims(files: Files) -> None:
    """The text up to the comment is a date of its own; the whole is what was signed."""
    claimed = re.search(rb"<xades:SigningTime>(.*?)<", files.t)
    assert claimed is not None
    split = files.t.replace(claimed[1], claimed[1][:10] + b"<!---->" + claimed[1][10:])
    times = [collect(Document.from_bytes(one, "form.xml")).signatures[0].signing_time for one in (files.t, split)]
    assert times[0] == times[1]


def test_nothing_can_be_added_behind_a_comment_to_what_is_signed_decoded(
    lan: SandboxKey, judged: Callable[..., Report]
) -> None:
    """A reader of the text would find a hundred thousand, where the signature is over a hundred."""
    form = '<form><amount Id="A">MTAw</amount>@@</form>'
    data = signed_xml(form, ("#A", _BASE64), lan)
    assert judged(data.encode(), "f.xml")
    assert (b64decode("MTAw"), b64decode("MTAwMDAw")) == (b"100", b"100000")
    changed = judged(data.replace("MTAw<", "MTAw<!-- -->MDAw<").encode(), "f.xml")
    assert (changed.verdict, changed.conclusions[0].intact) == ("TOTAL-FAILED", False)


def test_a_comment_hides_no_answer_that_a_timestamp_covers(files: Files) -> None:
    """It would hide a revocation, and the timestamp over it would still hold."""
    split = files.lta.replace(b"<xades:EncapsulatedOCSPValue>", b"<xades:EncapsulatedOCSPValue><!-- -->")
    (before,), (after,) = (collect(Document.from_bytes(one, "f.xml")).signatures for one in (files.lta, split))
    assert before.ocsps
    assert after.ocsps == before.ocsps


def test_an_id_that_looks_like_one_told_apart_is_told_apart_too(lan: SandboxKey) -> None:
    """What covers one signature would otherwise cover the other by its name."""
    signed = signed_xml("<form>@@</form>", ("", C14N), lan)
    begin, end = signed.index("<ds:Signature "), signed.index("</ds:Signature>") + len("</ds:Signature>")
    three = "".join(signed[begin:end].replace('Id="S"', f'Id="{name}"') for name in ("S (3)", "S", "S"))
    found = collect(Document.from_bytes((signed[:begin] + three + signed[end:]).encode(), "f.xml")).signatures
    assert len({one.id for one in found}) == 3


# ── what it costs ─────────────────────────────────────────────────────────────────────────────────────────


def test_counter_signatures_inside_large_properties_cost_little(lan: SandboxKey) -> None:
    """Each looks for what it needs in the signature that it stands in, which is decoded once."""
    value = b64encode(bytes(60_000)).decode()
    held = f"<xades:EncapsulatedX509Certificate>{value}</xades:EncapsulatedX509Certificate>" * 100
    signed = signed_xml("<form>@@</form>", ("", C14N), lan)
    begin, end = signed.index("<ds:Signature "), signed.index("</ds:Signature>") + len("</ds:Signature>")
    inner = signed[begin:end]
    counters = "".join(
        "<xades:CounterSignature>"
        + inner.replace("PS", f"P{number}").replace('Id="S"', f'Id="S{number}"')
        + "</xades:CounterSignature>"
        for number in range(60)
    )
    properties = (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CertificateValues>"
        f"{held}</xades:CertificateValues>{counters}"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>"
    )
    data = signed.replace("</xades:QualifyingProperties>", properties)
    started = time.process_time()
    assert len(collect(Document.from_bytes(data.encode(), "f.xml")).signatures) == 61
    assert time.process_time() - started < 1
