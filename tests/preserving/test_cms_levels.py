"""CMS signatures made to last: which level, what is put where, what keeps its octets, what is refused."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from eidkit.asn1 import archive, attributes, cms, der
from eidkit.document import Document
from eidkit.errors import EidkitError, SigningError, TimestampUnavailable
from eidkit.signing import timestamp
from eidkit.timestamps.authority import first_token
from eidkit.trust.sources import Sources
from eidkit.verify import collect
from eidkit.verify.formats import cades
from tests.cms.archiving import archived, rewritten, signer_of, with_unsigned
from tests.preserving.world import World, codes, octets, verdict

if TYPE_CHECKING:
    from typing import Any

CONTENT = b"Permit 17: two floors, built by 2027.\n"
PERMIT = Document.from_bytes(CONTENT, "permit.txt")
PASSED = ("TOTAL-PASSED", None)


def signed(world: World, *, attached: bool = True, **more: Any) -> Document:
    """The permit signed by Lan as CMS, time-stamped unless told otherwise."""
    return world.signed(PERMIT, format="cms", attached=attached, **more)


def levels(document: Document, **more: Any) -> list[str]:
    """The level of each signature."""
    return [one.level for one in collect(document, **more).signatures]


def opened(document: Document) -> cades.Opened:
    """The file's parts."""
    file = cades.open_cms(document)
    assert file is not None
    return file


def countered(world: World, *, stamped: bool = False) -> Document:
    """Signed by Lan, counter-signed by two others, one over the other."""
    document = signed(world)
    for name, number, over in (("Trần Văn Bình", "001199000052", "signature-1"), ("Lê Chi", "001199000053", None)):
        key = world.sandbox.official(name, number)
        document = world.signed(document, key=key, stamped=stamped, over=over)
    return document


# ── B-LT ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_b_lt_holds_what_proves_it_from_the_file_alone(world: World) -> None:
    kept = world.preserved(signed(world))
    assert levels(kept) == ["CAdES-B-LT"]
    assert verdict(world.report(kept, offline=True)) == PASSED


def test_b_lt_of_a_signature_beside_its_file(world: World) -> None:
    kept = world.preserved(signed(world, attached=False), detached=PERMIT)
    assert kept.name == "permit.txt.p7s"
    assert levels(kept, detached=PERMIT) == ["CAdES-B-LT"]
    assert verdict(world.report(kept, offline=True, detached=PERMIT)) == PASSED


def test_the_signature_and_its_timestamp_keep_their_octets(world: World) -> None:
    document = signed(world)
    before, after = signer_of(document), signer_of(world.preserved(document))
    assert (after.fields, after.unsigned_attributes) == (before.fields, before.unsigned_attributes)


def test_ocsp_answers_stand_in_the_bag_as_rfc_5940_says(world: World) -> None:
    kept = opened(world.preserved(signed(world)))
    kinds = [element[0] for element in archive.elements(kept.outline.crls)]
    assert 0xA1 in kinds
    assert kept.parsed.ocsps
    assert kept.parsed.version == 5  # RFC 5652 §5.1


def test_lists_alone_leave_the_version(world: World) -> None:
    kept = opened(world.preserved(signed(world), sources=Sources.of(crls=world.sandbox.crls())))
    assert kept.parsed.crls
    assert not kept.parsed.ocsps
    assert kept.parsed.version == 1


def test_nothing_is_put_in_twice(world: World) -> None:
    kept = world.preserved(signed(world))
    assert world.preserved(kept) is kept
    found = archive.elements(opened(kept).outline.certificates)
    assert len(found) == len(set(found))


def test_the_content_of_any_length_stays(world: World) -> None:
    kept = opened(world.preserved(signed(world), stamped=True))
    assert kept.outline.content is not None
    ((start, end),) = kept.outline.content
    assert kept.binary.read_range(start, end) == CONTENT


# ── B-LTA ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_b_lta_has_an_archive_timestamp_whose_index_lists_all_that_is_there(world: World, digest: str) -> None:
    kept = world.preserved(signed(world), stamped=True, digest=digest)
    assert levels(kept) == ["CAdES-B-LTA"]
    report = world.report(kept, offline=True)
    assert verdict(report) == PASSED
    assert [(t.kind, t.indication) for t in report.conclusions[0].timestamps] == [
        ("signature", "PASSED"),
        ("archive", "PASSED"),
    ]
    file, signer = opened(kept), signer_of(kept)
    (token,) = signer.unsigned(archive.ARCHIVE_TIMESTAMP_V3)
    index = archive.index_in(cms.parse(token))
    bags = archive.elements(file.outline.certificates), archive.elements(file.outline.crls)
    assert index.algorithm == digest
    assert index.certificates == tuple(hashlib.new(digest, one).digest() for one in bags[0])
    assert index.revocations == tuple(hashlib.new(digest, one).digest() for one in bags[1])
    assert len(index.attributes) == 1


def test_b_lta_of_a_signature_beside_its_file(world: World) -> None:
    kept = world.preserved(signed(world, attached=False), stamped=True, detached=PERMIT)
    assert levels(kept, detached=PERMIT) == ["CAdES-B-LTA"]
    assert verdict(world.report(kept, offline=True, detached=PERMIT)) == PASSED


def test_a_signature_without_a_timestamp_gets_one_first(world: World) -> None:
    kept = world.preserved(signed(world, stamped=False), stamped=True)
    assert levels(kept) == ["CAdES-B-LTA"]
    assert [t.kind for t in collect(kept).signatures[0].timestamps] == ["signature", "archive"]


def test_a_renewal_adds_one_and_leaves_the_others_as_they_are(world: World) -> None:
    first = world.preserved(signed(world), stamped=True)
    world.clock.advance(timedelta(days=400))
    second = world.preserved(first, stamped=True)
    before, after = signer_of(first), signer_of(second)
    assert set(before.unsigned_attributes) < set(after.unsigned_attributes)
    stamps = collect(second).signatures[0].timestamps
    assert [one.kind for one in stamps] == ["signature", "archive", "archive"]
    assert set(stamps[1].holds) < set(stamps[2].holds)


def test_every_signature_of_a_file_gets_its_own(world: World) -> None:
    both = world.signed(signed(world), key=world.sandbox.official("Trần Văn Bình", "001199000052"))
    kept = world.preserved(both, stamped=True)
    assert levels(kept) == ["CAdES-B-LTA"] * 2
    assert [len(signer_of(kept, n).unsigned(archive.ARCHIVE_TIMESTAMP_V3)) for n in (0, 1)] == [1, 1]
    assert all(verdict_of == "TOTAL-PASSED" for verdict_of in _indications(world, kept))


def _indications(world: World, document: Document) -> list[str]:
    return [c.indication for c in world.report(document, offline=True).conclusions]


# ── counter-signatures ────────────────────────────────────────────────────────────────────────────────────


def test_a_counter_signature_is_stamped_before_an_archive_timestamp_covers_it(world: World) -> None:
    kept = world.preserved(countered(world), stamped=True)
    assert levels(kept) == ["CAdES-B-LTA", "CAdES-B-LT", "CAdES-B-LTA"]
    assert set(_indications(world, kept)) == {"TOTAL-PASSED"}
    assert all(c.time_proved for c in world.report(kept).conclusions)


def _countered_later(world: World, document: Document) -> Document:
    key = world.sandbox.official("Trần Văn Bình", "001199000052")
    return world.signed(document, key=key, stamped=False, over="signature-1")


def test_a_counter_signature_over_an_archived_one_is_stamped_as_well(world: World) -> None:
    later = _countered_later(world, world.preserved(signed(world), stamped=True))
    assert [c.time_proved for c in world.report(later).conclusions] == [True, False]
    renewed = world.preserved(later, stamped=True)
    assert [len(c.timestamps) for c in world.report(renewed).conclusions] == [3, 1]
    assert {t.indication for c in world.report(renewed).conclusions for t in c.timestamps} == {"PASSED"}
    world.pass_years(4)
    assert world.report(renewed)
    assert not world.report(later)


def test_a_counter_signature_is_as_old_as_the_archive_timestamp_over_it(world: World) -> None:
    """Made by others, without a timestamp of its own; nothing is written into what is covered already."""
    later = _countered_later(world, world.preserved(signed(world)))
    kept = archived(world, later, CONTENT)
    assert [c.time_proved for c in world.report(kept).conclusions] == [True, True]
    renewed = world.preserved(kept, stamped=True)
    (value,) = signer_of(renewed).unsigned(attributes.COUNTER_SIGNATURE)
    assert value == signer_of(kept).unsigned(attributes.COUNTER_SIGNATURE)[0]
    world.pass_years(4)
    assert world.report(renewed)
    assert not world.report(later)


def test_an_archive_timestamp_proves_no_counter_signature_that_it_does_not_list(world: World) -> None:
    kept = world.preserved(signed(world), stamped=True)
    evidence = collect(_countered_later(world, kept))
    assert all("counter-signature" not in name for stamp in evidence.signatures[0].timestamps for name in stamp.covers)


# ── files of others ───────────────────────────────────────────────────────────────────────────────────────


def test_what_an_index_lists_is_never_written_anew(world: World) -> None:
    """A certificate with a length that is longer than it must be, listed as it stands by an earlier timestamp."""
    odd = b"\x30\x81\x03\x02\x01\x05"
    document = signed(world)
    own = archive.elements(opened(document).outline.certificates)
    with_odd = rewritten(document, certificates=b"\xa0" + der.set_of((*own, odd))[1:])
    first = world.preserved(with_odd, stamped=True)
    second = world.preserved(first, stamped=True)
    assert odd in archive.elements(opened(second).outline.certificates)
    stamps = world.report(second).conclusions[0].timestamps
    assert [(t.indication, len(t.findings)) for t in stamps] == [("PASSED", 0)] * 3


def test_unsigned_attributes_in_another_order_stay_in_it(world: World) -> None:
    """Some timestamps are over several of them as they stand."""
    document = signed(world)
    mark = attributes.attribute("1.2.3.5", der.encode_octets(bytes(9000)))  # long, so that it belongs after the others
    signer = signer_of(document)
    (stamp,) = (attributes.attribute(one.oid, *one.values) for one in signer.unsigned_attributes)
    assert der.set_of((mark, stamp)) != der.tlv(der.SET, mark + stamp)
    unsigned = der.tlv(0xA1, mark + stamp)
    document = rewritten(document, signers=der.tlv(der.SET, der.sequence(signer.fields, unsigned)))
    kept = signer_of(world.preserved(document, stamped=True))
    wanted = ["1.2.3.5", attributes.SIGNATURE_TIMESTAMP, archive.ARCHIVE_TIMESTAMP_V3]
    assert [one.oid for one in kept.unsigned_attributes] == wanted


@pytest.mark.parametrize(
    "oid", [archive.ARCHIVE_TIMESTAMP_V1, archive.ARCHIVE_TIMESTAMP_V2, archive.LONG_TERM_VALIDATION]
)
def test_a_file_whose_early_archive_timestamp_would_break_is_refused(world: World, oid: str) -> None:
    token = first_token(world.tsa, CONTENT, transport=world.sandbox, clock=world.clock)
    document = with_unsigned(signed(world), attributes.attribute(oid, token))
    assert _refused(SigningError, world, document).code == "cms-archived-as-it-stands"


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────


def _refused(kind: type[EidkitError], world: World, document: Document, **more: Any) -> EidkitError:
    with pytest.raises(kind) as caught:
        world.preserved(document, stamped=True, **more)
    return caught.value


def test_a_detached_signature_without_its_file_is_refused(world: World) -> None:
    error = _refused(SigningError, world, signed(world, attached=False))
    assert error.code == "preserve-not-valid"
    assert "detached=" in error.remedy.en


def test_another_file_beside_it_is_refused(world: World) -> None:
    other = Document.from_bytes(b"Permit 18\n", "permit.txt")
    assert _refused(SigningError, world, signed(world, attached=False), detached=other).code == "preserve-not-valid"


def test_a_revoked_signer_is_refused(world: World) -> None:
    world.sandbox.revoke(world.key, world.clock.now() - timedelta(days=1))
    assert _refused(SigningError, world, signed(world)).code == "preserve-not-valid"


def test_missing_revocation_data_is_refused_by_name(world: World) -> None:
    document = signed(world)
    world.sandbox.cut("time-root")
    error = _refused(SigningError, world, document)
    assert error.code == "preserve-status-missing"


def test_no_answer_of_the_authority(world: World) -> None:
    document = signed(world)
    world.sandbox.cut("tsa")
    assert _refused(TimestampUnavailable, world, document)


def test_more_archive_timestamps_than_are_read_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eidkit.signing.formats.cms_lasting.MAX_TIMESTAMPS", 1)
    kept = world.preserved(signed(world), stamped=True)
    assert _refused(SigningError, world, kept).code == "cms-archive-timestamps"


# ── attacks ───────────────────────────────────────────────────────────────────────────────────────────────


def test_another_content_under_the_same_archive_timestamp_fails(world: World) -> None:
    kept = world.preserved(signed(world, attached=False), stamped=True, detached=PERMIT)
    other = Document.from_bytes(b"Permit 17: ten floors, built by 2027.\n", "permit.txt")
    report = world.report(kept, detached=other)
    assert report.verdict == "TOTAL-FAILED"
    assert [t.intact for t in report.conclusions[0].timestamps] == [True, False]


def test_an_archive_timestamp_moved_to_another_signature_fails(world: World) -> None:
    both = world.signed(signed(world), key=world.sandbox.official("Trần Văn Bình", "001199000052"))
    kept = world.preserved(both, stamped=True)
    (token,) = signer_of(kept, 0).unsigned(archive.ARCHIVE_TIMESTAMP_V3)
    moved = with_unsigned(both, attributes.attribute(archive.ARCHIVE_TIMESTAMP_V3, token), number=1)
    stamps = world.report(moved).conclusions[1].timestamps
    assert [(t.kind, t.intact) for t in stamps] == [("signature", True), ("archive", False)]


@pytest.mark.parametrize("name", ["signature-2", "signature-1/counter-signature-1"])
def test_a_file_with_the_name_of_a_signature_proves_nothing_about_it(world: World, name: str) -> None:
    """Whoever sends a file names it: an old archive timestamp must not seem to cover a signature made later."""
    permit = PERMIT.renamed(name)
    kept = world.preserved(world.signed(permit, format="cms"), stamped=True, detached=permit)
    key = world.sandbox.official("Trần Văn Bình", "001199000052")
    more = {"over": "signature-1"} if "/" in name else {"detached": permit}
    later = world.signed(kept, key=key, stamped=False, **more)
    proved = {c.id: c.time_proved for c in world.report(later, detached=permit).conclusions}
    assert proved == {"signature-1": True, name: False}


def test_an_answer_taken_out_of_an_archived_file_is_missed(world: World) -> None:
    kept = world.preserved(signed(world), stamped=True)
    elements = archive.elements(opened(kept).outline.crls)
    robbed = rewritten(kept, crls=b"\xa1" + der.set_of(elements[1:])[1:])
    stamp = world.report(robbed).conclusions[0].timestamps[-1]
    assert stamp.indication == "INDETERMINATE"
    assert "ARCHIVE_INDEX_MISSES" in {f.code for f in stamp.findings}


def test_an_answer_put_in_after_the_newest_archive_timestamp_is_told_and_proves_nothing_old(world: World) -> None:
    kept = world.preserved(signed(world), stamped=True)
    world.clock.advance(timedelta(days=3))
    late = world.sandbox.crls()[0]
    bag = archive.elements(opened(kept).outline.crls)
    added = rewritten(kept, crls=b"\xa1" + der.set_of((*bag, late))[1:])
    stamp = world.report(added).conclusions[0].timestamps[-1]
    assert "ARCHIVE_NOT_COVERED" in {f.code for f in stamp.findings}
    assert hashlib.sha256(late).hexdigest() not in stamp.evidence.holds


def test_a_signature_added_to_an_archived_file_harms_none(world: World) -> None:
    kept = world.preserved(signed(world), stamped=True)
    both = world.signed(kept, key=world.sandbox.official("Trần Văn Bình", "001199000052"))
    report = world.report(both)
    assert report
    assert [c.level for c in report.conclusions] == ["CAdES-B-LTA", "CAdES-B-T"]


def test_a_signature_timestamp_can_be_added_to_an_archived_file(world: World) -> None:
    kept = world.preserved(signed(world), stamped=True)
    both = world.signed(kept, key=world.sandbox.official("Trần Văn Bình", "001199000052"), stamped=False)
    stamped = timestamp(both, world.tsa, transport=world.sandbox, clock=world.clock)
    assert codes(world.report(stamped)) == set()
    assert world.report(stamped)


def test_the_index_stands_in_the_token_and_nothing_else_of_it_changes(world: World) -> None:
    kept = world.preserved(signed(world), stamped=True)
    (token,) = signer_of(kept).unsigned(archive.ARCHIVE_TIMESTAMP_V3)
    (signer,) = cms.parse(token).signers
    assert [one.oid for one in signer.unsigned_attributes] == ["0.4.0.19122.1.5"]
    assert octets(kept).count(token) == 1
