"""Preserved XML: what is written, what it proves years later, and what must not be believed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from eidkit.document import Document
from eidkit.errors import EidkitError, TimestampUnavailable
from eidkit.sandbox.documents import form_xml
from eidkit.trust.sources import Sources
from eidkit.verify import collect, complete, load_evidence, save_evidence
from eidkit.verify.content import content_digest
from eidkit.verify.judging import judge
from tests.preserving.world import LASTING, START, YEAR, World, codes, octets, verdict

PASSED = ("TOTAL-PASSED", None)


def _form() -> Document:
    return Document.from_bytes(form_xml(), "form.xml")


def _signed(world: World, **more: object) -> Document:
    return world.signed(_form(), **more)


def _levels(world: World, document: Document) -> list[tuple[str, str]]:
    return [(c.level, c.indication) for c in world.report(document).conclusions]


# ── what is written ───────────────────────────────────────────────────────────────────────────────────────


def test_b_lt_holds_everything_that_proves_the_signature(world: World) -> None:
    kept = world.preserved(_signed(world))
    assert _levels(world, kept) == [("XAdES-B-LT", "TOTAL-PASSED")]
    assert world.report(kept, offline=True)


def test_b_lta_has_an_archive_timestamp_of_1_4_1(world: World) -> None:
    kept = world.preserved(_signed(world), stamped=True)
    assert _levels(world, kept) == [("XAdES-B-LTA", "TOTAL-PASSED")]
    assert octets(kept).count(b"<xadesv141:ArchiveTimeStamp ") == 1
    assert [t.kind for t in world.report(kept).conclusions[0].timestamps] == ["signature", "archive"]


def test_a_signature_without_a_timestamp_gets_both(world: World) -> None:
    kept = world.preserved(_signed(world, stamped=False), stamped=True)
    assert _levels(world, kept) == [("XAdES-B-LTA", "TOTAL-PASSED")]
    assert world.report(kept).conclusions[0].time_proved


def test_b_lt_becomes_b_lta(world: World) -> None:
    kept = world.preserved(world.preserved(_signed(world)), stamped=True)
    assert _levels(world, kept) == [("XAdES-B-LTA", "TOTAL-PASSED")]


def test_what_is_there_is_not_written_again(world: World) -> None:
    kept = world.preserved(_signed(world))
    assert octets(world.preserved(kept)) == octets(kept)
    assert octets(kept).count(b"<xades:RevocationValues ") == 2  # its own, and in the data of its timestamp


def test_nothing_but_whole_properties_is_put_in(world: World) -> None:
    signed = _signed(world)
    before, after = octets(signed), octets(world.preserved(signed, stamped=True))
    place = before.index(b"</xades:UnsignedSignatureProperties>")
    assert after.startswith(before[:place])
    assert after.endswith(before[place:])


def test_the_content_digest_stays(world: World) -> None:
    kept = world.preserved(_signed(world), stamped=True)
    assert content_digest(kept) == content_digest(_form())


def test_every_signature_holds_its_own_data_and_none_breaks_another(world: World) -> None:
    binh = world.sandbox.official("Trần Văn Bình", "001199000052")
    both = world.signed(_signed(world), key=binh)
    kept = world.preserved(both, stamped=True)
    assert _levels(world, kept) == [("XAdES-B-LTA", "TOTAL-PASSED")] * 2
    third = world.signed(kept, key=world.sandbox.official("Lê Chi", "001199000053"))
    assert [level for level, _ in _levels(world, third)] == ["XAdES-B-LTA", "XAdES-B-LTA", "XAdES-B-T"]
    assert world.report(third, offline=True).conclusions[0].indication == "TOTAL-PASSED"
    again = world.preserved(third, stamped=True)
    assert _levels(world, again) == [("XAdES-B-LTA", "TOTAL-PASSED")] * 3


def test_an_attester_s_chain_is_kept_too(world: World) -> None:
    from tests.preserving.logins import attested

    kept = world.preserved(_signed(world, authentication=attested(world, _form())), stamped=True)
    assert verdict(world.report(kept, offline=True)) == PASSED


def test_evidence_tells_in_order_what_an_archive_timestamp_covers(world: World) -> None:
    (signature,) = collect(world.preserved(_signed(world), stamped=True)).signatures
    covers = signature.timestamps[1].covers
    assert covers[0] == signature.id
    assert covers[1] == "ds:Reference"
    assert covers[3:] == (
        "ds:SignedInfo", "ds:SignatureValue", "ds:KeyInfo", "xades:SignatureTimeStamp",
        "xadesv141:TimeStampValidationData", "xades:CertificateValues", "xades:RevocationValues",
    )  # fmt: skip


# ── years ─────────────────────────────────────────────────────────────────────────────────────────────────


def _thirty_years(world: World, document: Document, *, missing: int = 3) -> list[Document]:
    """The document after each of three renewals, nine years apart, until the one that is missed."""
    world.new_tsa(10)
    states = [world.preserved(document, stamped=True)]
    for number, under in enumerate(("time-root", "second-root", "second-root")):
        world.pass_years(9)
        if under not in world.sandbox.authorities:
            world.new_time_root(under)
        world.new_tsa(10, under=under)
        if number == missing:
            break
        states.append(world.preserved(states[-1], stamped=True))
    world.clock.advance(START + 30 * YEAR - world.clock.now())
    return states


def test_three_renewals_last_thirty_years(world: World) -> None:
    report = world.report(_thirty_years(world, _signed(world))[-1])
    assert verdict(report) == PASSED
    assert report.conclusions[0].best_signature_time.year == 2026
    assert [t.indication for t in report.conclusions[0].timestamps] == ["PASSED"] * 5


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missed_renewal_fails_with_its_finding(world: World, missing: int) -> None:
    for state in _thirty_years(world, _signed(world), missing=missing):
        report = world.report(state)
        assert report.conclusions[0].indication == "INDETERMINATE"
        assert "RENEWAL_MISSED" in codes(report)
        assert report.provable_until is None


def test_a_renewal_that_comes_too_late_is_refused(world: World) -> None:
    kept = world.preserved(_signed(world), stamped=True)
    world.pass_years(6)
    world.new_tsa(10)
    assert _refused(world, kept, stamped=True) == "preserve-not-valid"


def test_b_lt_ends_with_the_certificate_of_its_timestamp(world: World) -> None:
    kept = world.preserved(_signed(world))
    world.pass_years(4)
    assert verdict(world.report(kept)) == PASSED
    world.pass_years(1.1)
    assert not world.report(kept)


def test_the_evidence_alone_says_the_same_after_thirty_years(world: World) -> None:
    final = _thirty_years(world, _signed(world))[-1]
    asked = Sources.of(crls=world.sandbox.crls())
    loaded = load_evidence(save_evidence(collect(final)), document=final)
    evidence = complete(loaded, world.trust, asked, clock=world.clock)
    again = judge(evidence, world.trust, LASTING, at=world.clock.now())
    assert verdict(again) == verdict(world.report(final, sources=asked)) == PASSED


# ── what must not be believed ─────────────────────────────────────────────────────────────────────────────


def _within(name: bytes) -> Callable[[bytes], int]:
    """Where a base64 character stands in what is encapsulated under that name."""
    return lambda data: data.index(b">M", data.index(b"<" + name)) + 150


@pytest.mark.parametrize(
    "where",
    [_within(b"xades:SignatureTimeStamp"), _within(b"xades:CertificateValues"), _within(b"xades:OCSPValues")],
    ids=["a token", "a certificate", "an answer"],
)
def test_one_character_of_what_it_covers_breaks_the_archive_timestamp(
    world: World, where: Callable[[bytes], int]
) -> None:
    kept = world.preserved(_signed(world), stamped=True)
    data = bytearray(octets(kept))
    at = where(bytes(data))
    data[at] = ord("A") if data[at] != ord("A") else ord("B")
    (signature,) = world.report(Document.from_bytes(bytes(data), "form.xml")).conclusions
    assert not signature.timestamps[-1].intact


def test_a_property_put_in_before_the_archive_timestamp_breaks_it(world: World) -> None:
    kept = octets(world.preserved(_signed(world), stamped=True))
    more = b'<xades:CertificateValues xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"></xades:CertificateValues>'
    changed = kept.replace(b"<xadesv141:ArchiveTimeStamp ", more + b"<xadesv141:ArchiveTimeStamp ")
    (signature,) = world.report(Document.from_bytes(changed, "form.xml")).conclusions
    assert not signature.timestamps[-1].intact


def test_what_stands_behind_the_newest_archive_timestamp_is_not_proved_by_it(world: World) -> None:
    kept = world.preserved(_signed(world), stamped=True)
    (before,) = collect(kept).signatures
    world.pass_years(1)
    world.new_tsa(10)
    (after,) = collect(world.preserved(kept, stamped=True)).signatures
    added = {hashlib.sha256(one).hexdigest() for one in (*after.crls, *after.ocsps)}
    added -= {hashlib.sha256(one).hexdigest() for one in (*before.crls, *before.ocsps)}
    assert added
    assert not added & set(after.timestamps[1].holds)
    assert added <= set(after.timestamps[2].holds)


def test_a_signature_named_like_a_label_is_not_covered(world: World) -> None:
    """What a timestamp covers is told by names with a colon; an ID that has one is not taken for an identity."""
    signed = octets(_signed(world, stamped=False))
    (identity,) = re.findall(rb'<ds:Signature [^>]*Id="([^"]+)"', signed)
    named = signed.replace(b'Id="' + identity + b'">', b'Id="ds:SignedInfo">', 1)
    assert collect(Document.from_bytes(named, "form.xml")).signatures[0].id == "signature-1"


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────


def _refused(world: World, document: Document, **more: object) -> str:
    with pytest.raises(EidkitError) as caught:
        world.preserved(document, **more)
    assert caught.value.remedy.en
    assert caught.value.remedy.vi
    return caught.value.code


def test_a_signature_whose_time_nothing_proves_is_refused(world: World) -> None:
    assert _refused(world, _signed(world, stamped=False)) == "preserve-no-timestamp"


def test_missing_revocation_data_is_named(world: World) -> None:
    assert _refused(world, _signed(world), sources=None) == "preserve-status-missing"


def test_what_only_another_signature_holds_is_taken_over(world: World) -> None:
    """The second signer of the same authority needs nobody to be asked again."""
    kept = world.preserved(_signed(world), sources=Sources.of(crls=world.sandbox.crls()))
    both = world.signed(kept, key=world.sandbox.official("Trần Văn Bình", "001199000052"))
    alone = world.preserved(both, sources=None)
    assert _levels(world, alone) == [("XAdES-B-LT", "TOTAL-PASSED")] * 2


def test_a_broken_signature_is_not_preserved(world: World) -> None:
    signed = octets(_signed(world))
    at = signed.index(b"</") - 1
    broken = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
    assert _refused(world, Document.from_bytes(broken, "form.xml")) == "preserve-not-valid"


def test_a_revoked_signer_is_not_preserved(world: World) -> None:
    world.sandbox.revoke(world.key, world.clock.now() - timedelta(days=1))
    assert _refused(world, _signed(world)) == "preserve-not-valid"


def test_no_answer_of_the_authority_leaves_nothing_half_done(world: World) -> None:
    signed = _signed(world)
    world.sandbox.cut("tsa")
    with pytest.raises(TimestampUnavailable):
        world.preserved(signed, stamped=True)


def test_properties_written_as_an_empty_tag_are_refused(world: World) -> None:
    signed = octets(_signed(world, stamped=False))
    qualifying = b"</xades:QualifyingProperties>"
    empty = signed.replace(qualifying, b"<xades:UnsignedProperties/>" + qualifying)
    assert _refused(world, Document.from_bytes(empty, "form.xml"), stamped=True) == "xml-no-room"
