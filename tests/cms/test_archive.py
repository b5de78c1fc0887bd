"""Archive timestamps of CMS signatures: what they prove, what they cover, and what is done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.asn1 import algorithm, archive, attributes, cms, der
from eidkit.document import Document
from eidkit.signing import timestamp
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import collect, verify
from eidkit.verify.formats import cades
from tests.cms.archiving import INDEX_V3, archived, rewritten, signer_of, with_answers, with_unsigned
from tests.cms.conftest import CONTENT, codes, octets
from tests.cms.making import fields_of, signers_of, with_signers
from tests.preserving.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eidkit.verify import Report


class Archive:
    """One world, the permit signed in it at B-T and B-LT, then archived after ``years`` by another authority."""

    def __init__(self, *, years: float = 0) -> None:
        self.world = World(tsa_years=3)
        permit = Document.from_bytes(CONTENT, "permit.txt")
        self.t = self.world.signed(permit, format="cms", attached=True)
        self.lt = self.with_answers(self.t)
        self.world.pass_years(years)
        self.world.new_time_root("time-root-2")
        self.world.new_tsa(20, under="time-root-2")
        full = self.with_answers(self.lt)
        self.lta = archived(self.world, full, CONTENT)
        self.lta512 = archived(self.world, full, CONTENT, digest="sha512", listed_by="sha512")
        self.weak = archived(self.world, full, CONTENT, listed_by="sha1")
        self.late = self.with_answers(archived(self.world, self.t, CONTENT))

    def with_answers(self, document: Document) -> Document:
        """The file with today's CRLs and every authority's certificate."""
        box = self.world.sandbox
        authorities = tuple(one.certificate.public_bytes(Encoding.DER) for one in box.authorities.values())
        return with_answers(document, *box.crls(), certificates=authorities)

    def report(self, document: Document) -> Report:
        """What a verifier concludes who can ask about the timestamp authority of today, and about nobody else."""
        return self.world.report(document, sources=Sources.of(crls=self.world.sandbox.crls()))


@pytest.fixture(scope="module")
def made() -> Archive:
    return Archive()


@pytest.fixture(scope="module")
def later() -> Archive:
    """Archived after two years, judged after twenty-one: everything but the second authority for time has ended."""
    made = Archive(years=2)
    made.world.pass_years(19)
    return made


def test_the_levels_are_told(made: Archive) -> None:
    files = (made.t, made.lt, made.lta)
    assert [made.report(one).conclusions[0].level for one in files] == ["CAdES-B-T", "CAdES-B-LT", "CAdES-B-LTA"]


@pytest.mark.parametrize("name", ["lta", "lta512"])
def test_an_archive_timestamp_of_version_3_holds(made: Archive, name: str) -> None:
    report = made.report(getattr(made, name))
    assert report, str(report)
    archive_stamp = report.conclusions[0].timestamps[-1]
    assert (archive_stamp.kind, archive_stamp.intact, archive_stamp.indication) == ("archive", True, "PASSED")


def test_with_it_a_signature_outlives_its_certificates(later: Archive) -> None:
    assert later.report(later.lta), str(later.report(later.lta))


def test_without_it_the_same_signature_does_not(later: Archive) -> None:
    assert not later.report(later.lt)


def test_what_it_does_not_list_is_not_proved(later: Archive) -> None:
    """The answers came after the archive timestamp: whoever found a lost key since could have made them."""
    assert not later.report(later.late)


def test_an_index_of_weak_digests_proves_nothing(later: Archive) -> None:
    """Two certificates of one SHA-1 can be made: the entry does not tell which of them was there."""
    assert not later.report(later.weak)


def test_what_comes_after_it_is_told(made: Archive) -> None:
    other = made.world.sandbox.official("Trần Văn Bình", "001199000052")
    added = with_answers(made.lta, certificates=(other.certificate.public_bytes(Encoding.DER),))
    stamp = made.report(added).conclusions[0].timestamps[-1]
    assert stamp.indication == "PASSED"
    assert "ARCHIVE_NOT_COVERED" in {one.code for one in stamp.findings}


def _archive_of(report: Report) -> tuple[str, set[str]]:
    stamp = next(one for one in report.conclusions[0].timestamps if one.kind == "archive")
    return stamp.indication, {one.code for one in stamp.findings if one.severity == "error"}


def test_a_certificate_that_it_covers_cannot_be_taken_away(made: Archive) -> None:
    file = cades.open_cms(made.lta)
    assert file is not None
    bag = archive.elements(file.outline.certificates)
    taken = rewritten(made.lta, certificates=b"\xa0" + der.set_of(bag[1:])[1:])
    assert _archive_of(made.report(taken)) == ("INDETERMINATE", {"ARCHIVE_INDEX_MISSES"})


def test_the_signature_timestamp_that_it_covers_cannot_be_exchanged(made: Archive) -> None:
    assert _archive_of(made.report(archived_again(made))) == ("INDETERMINATE", {"ARCHIVE_INDEX_MISSES"})


def archived_again(made: Archive) -> Document:
    """The B-LTA file with another timestamp over the same signature in place of the one that was archived."""
    (raw,) = signers_of(made.lta)
    fields = fields_of(raw)
    unsigned = signer_of(made.lta).unsigned_attributes
    kept = [attributes.attribute(a.oid, *a.values) for a in unsigned if a.oid != attributes.SIGNATURE_TIMESTAMP]
    bare = with_signers(made.lta, [der.sequence(*fields[:-1], b"\xa1" + der.set_of(kept)[1:])])
    return timestamp(bare, made.world.tsa, transport=made.world.sandbox, clock=made.world.clock)


def test_an_archive_timestamp_of_another_file_proves_nothing(made: Archive) -> None:
    stamp = signer_of(made.lta).unsigned(archive.ARCHIVE_TIMESTAMP_V3)[0]
    other = made.world.signed(Document.from_bytes(b"other", "other.txt"), format="cms", attached=True)
    moved = with_unsigned(other, attributes.attribute(archive.ARCHIVE_TIMESTAMP_V3, stamp))
    indication, found = _archive_of(made.report(moved))
    assert (indication, "TIMESTAMP_IMPRINT" in found) == ("FAILED", True)


def _with_index(document: Document, *values: bytes) -> Document:
    """The B-LTA file whose archive token has these unsigned attributes instead of its index."""
    (raw,) = signers_of(document)
    token = signer_of(document).unsigned(archive.ARCHIVE_TIMESTAMP_V3)[0]
    parts = [part.raw for part in der.whole(token).children()[1].only().children()]
    fields = fields_of(der.read(parts[-1]).only().raw)[:6]
    unsigned = [b"\xa1" + der.set_of(values)[1:]] if values else []
    body = der.sequence(*parts[:-1], der.tlv(der.SET, der.sequence(*fields, *unsigned)))
    altered = der.sequence(der.encode_oid(cms.SIGNED_DATA), der.explicit(0, body))
    kept = [
        attributes.attribute(one.oid, *(altered if value == token else value for value in one.values))
        for one in signer_of(document).unsigned_attributes
    ]
    return with_signers(document, [der.sequence(*fields_of(raw)[:-1], b"\xa1" + der.set_of(kept)[1:])])


def test_without_its_index_it_proves_nothing(made: Archive) -> None:
    altered = _with_index(made.lta)
    indication, found = _archive_of(made.report(altered))
    assert (indication, "FORMAT_FAILURE" in found) == ("INDETERMINATE", True)


def test_its_index_cannot_be_exchanged(made: Archive) -> None:
    empty = der.sequence(algorithm.encode_digest("sha256"), *[der.sequence()] * 3)
    altered = _with_index(made.lta, attributes.attribute(INDEX_V3, empty))
    indication, found = _archive_of(made.report(altered))
    assert (indication, "TIMESTAMP_IMPRINT" in found) == ("FAILED", True)


def test_other_content_breaks_it(made: Archive) -> None:
    altered = octets(made.lta).replace(CONTENT, CONTENT.replace(b"two", b"six"))
    report = made.report(Document.from_bytes(altered, "permit.p7m"))
    assert report.verdict == "TOTAL-FAILED"
    assert "HASH_FAILURE" in codes(report)


@pytest.mark.parametrize(
    "name",
    [
        "dss-1619/CAdES-XL-T1-Double-AV2.png.p7m",
        "dss-1469/cadesLTAwithATv2expired.p7s",
        "cades-ats-v3-rev-val-crl.p7s",
        "cades-extended-a.pkcs7",
    ],
)
def test_archive_timestamps_of_others_hold(corpus: Callable[[str], Path], name: str) -> None:
    """Versions 2 and 3, one and two deep, around and beside their content."""
    folder = corpus("dss") / "dss-cades/src/test/resources/validation"
    beside = [Document.read(folder / "dss-1469/screenshot2.png")] if "v3-rev" in name else []
    evidence = collect(Document.read(folder / name), detached=beside)
    report = verify(Document.read(folder / name), TrustStore.of([], "signing"), detached=beside)
    stamps = [one for c in report.conclusions for one in c.timestamps if one.kind == "archive"]
    assert evidence.signatures
    assert stamps
    assert all(one.intact for one in stamps)


def test_version_2_covers_every_octet_around_the_signature(corpus: Callable[[str], Path]) -> None:
    folder = corpus("dss") / "dss-cades/src/test/resources/validation"
    document = Document.read(folder / "dss-1469/cadesLTAwithATv2expired.p7s")
    file = cades.open_cms(document)
    assert file is not None
    fewer = der.set_of(archive.elements(file.outline.certificates)[:-1])
    taken = rewritten(document, certificates=b"\xa0" + fewer[1:])
    added = with_unsigned(document, attributes.attribute("1.2.3.4", der.ENCODED_NULL))
    for altered in (taken, added):
        report = verify(altered, TrustStore.of([], "signing"))
        assert _archive_of(report)[0] == "FAILED"
        assert "TIMESTAMP_IMPRINT" in _archive_of(report)[1]
