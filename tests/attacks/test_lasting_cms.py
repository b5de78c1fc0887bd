"""CAdES for years under attack: indexes that list too much or too little, forged answers and tokens, times that lie."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.asn1 import algorithm, archive, assembly, attributes, der
from eidkit.document import Document
from eidkit.errors import DocumentError
from eidkit.timestamps.authority import first_token
from eidkit.trust.sources import Sources
from eidkit.verify import collect, collecting, load_evidence, save_evidence
from eidkit.verify.formats import cades
from tests.cms.archiving import INDEX_V3, archived, rewritten, signer_of, with_answers, with_unsigned
from tests.cms.conftest import CONTENT
from tests.cms.making import signed_again, signers_of, usual, with_signers
from tests.preserving.world import START, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.verify import Conclusion, Report

_MD5 = "1.2.840.113549.2.5"
_SHAKE256 = "2.16.840.1.101.3.4.2.12"
Lists = list[list[bytes]]


def _digest(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


class Files:
    """The permit signed by one person: B-B, B-T, and B-LT with the CRLs of the day."""

    def __init__(self) -> None:
        self.world = World()
        permit = Document.from_bytes(CONTENT, "permit.txt")
        self.b = self.world.signed(permit, format="cms", attached=True, stamped=False)
        self.t = self.world.signed(permit, format="cms", attached=True)
        self.authorities = tuple(
            one.certificate.public_bytes(Encoding.DER) for one in self.world.sandbox.authorities.values()
        )
        self.lt = with_answers(self.t, *self.world.sandbox.crls(), certificates=self.authorities)

    @property
    def lists(self) -> Lists:
        """What an index of B-LT lists: certificates, answers, unsigned attributes."""
        file = cades.open_cms(self.lt)
        assert file is not None
        signer = file.parsed.signers[0]
        bags = file.outline.certificates, file.outline.crls
        said = [der.encode_oid(one.oid) + value for one in signer.unsigned_attributes for value in one.values]
        return [*([*map(_digest, archive.elements(bag))] for bag in bags), [*map(_digest, said)]]

    def token(self, octets: bytes) -> bytes:
        return first_token(self.world.tsa, octets, transport=self.world.sandbox, clock=self.world.clock)

    def indexed(self, lists: Lists, *, by: bytes | None = None, also: Sequence[bytes] = (), kind: str = "") -> Document:
        """B-LT with an archive timestamp of an authority that we trust, whose index says ``lists``.

        ``also``: further values beside the index; ``kind``: a further index attribute of that type.
        """
        signer = signer_of(self.lt)
        listed = (der.sequence(*map(der.encode_octets, one)) for one in lists)
        index = der.sequence(by or algorithm.encode_digest("sha256"), *listed)
        octets = archive.imprinted_v3(der.encode_oid(assembly.DATA), _digest(CONTENT), signer, index)
        token = assembly.with_unsigned(self.token(octets), attributes.attribute(INDEX_V3, index, *also))
        if kind:
            token = assembly.with_unsigned(token, attributes.attribute(kind, index))
        return with_unsigned(self.lt, attributes.attribute(archive.ARCHIVE_TIMESTAMP_V3, token))

    def report(self, document: Document) -> Report:
        """What a verifier says who has answers of his own."""
        return self.world.report(document, sources=Sources.of(crls=self.world.sandbox.crls()))

    def conclusion(self, document: Document) -> Conclusion:
        (found,) = self.report(document).conclusions
        return found


@pytest.fixture(scope="module")
def files() -> Files:
    return Files()


def _told(conclusion: Conclusion) -> tuple[str, str, str]:
    """The level, and what the archive timestamp is worth with its first reason."""
    stamp = conclusion.timestamps[-1]
    assert stamp.kind == "archive"
    return conclusion.level, stamp.indication, stamp.findings[0].code if stamp.findings else ""


# ── the index ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_control_of_these_attacks_is_b_lta(files: Files) -> None:
    assert _told(files.conclusion(files.indexed(files.lists))) == ("CAdES-B-LTA", "PASSED", "")


@pytest.mark.parametrize("left", [(), (0, 2)], ids=["nothing", "no answers"])
def test_an_index_that_lists_less_makes_no_b_lta(files: Files, left: tuple[int, ...]) -> None:
    lists = [one if number in left else [] for number, one in enumerate(files.lists)]
    assert _told(files.conclusion(files.indexed(lists))) == ("CAdES-B-LT", "PASSED", "ARCHIVE_NOT_COVERED")


def test_an_index_that_lists_what_is_not_there_does_not_hold(files: Files) -> None:
    certificates, answers, said = files.lists
    told = _told(files.conclusion(files.indexed([certificates, answers, [*said, bytes(32)]])))
    assert told == ("CAdES-B-LT", "INDETERMINATE", "ARCHIVE_INDEX_MISSES")


def test_the_beginning_of_a_digest_is_not_that_digest(files: Files) -> None:
    short = [[one[:8] for one in each] for each in files.lists]
    assert _told(files.conclusion(files.indexed(short))) == ("CAdES-B-LT", "INDETERMINATE", "ARCHIVE_INDEX_MISSES")


@pytest.mark.parametrize("oid", [_MD5, _SHAKE256, "1.2.3.4"])
def test_an_index_by_an_algorithm_that_nobody_can_rely_on(files: Files, oid: str) -> None:
    level, indication, _ = _told(files.conclusion(files.indexed(files.lists, by=der.sequence(der.encode_oid(oid)))))
    assert (level, indication) == ("CAdES-B-LT", "INDETERMINATE")


def test_two_indexes_say_nothing_together(files: Files) -> None:
    """The imprint covers one of them, and a reader could take the other."""
    empty = der.sequence(algorithm.encode_digest("sha256"), *3 * [der.sequence()])
    for made in (files.indexed(files.lists, also=[empty]), files.indexed(files.lists, kind="0.4.0.1733.2.5")):
        level, indication, _ = _told(files.conclusion(made))
        assert (level, indication) == ("CAdES-B-LT", "INDETERMINATE")


# ── levels that only seem to be reached ───────────────────────────────────────────────────────────────────


def test_answers_that_nobody_signed_make_no_level(files: Files) -> None:
    """Whoever checks today asks for himself and finds the signature good: the file would still not be B-LTA."""
    forged = tuple(one[:-4] + bytes(4) for one in files.world.sandbox.crls())
    seeming = archived(files.world, with_answers(files.t, *forged, certificates=files.authorities), CONTENT)
    judged = files.conclusion(seeming)
    assert (judged.indication, judged.level) == ("TOTAL-PASSED", "CAdES-B-T")


def test_an_archive_timestamp_of_nobody_we_trust_makes_no_level(files: Files) -> None:
    judged = files.conclusion(archived(World(), files.lt, CONTENT))
    assert (judged.indication, judged.level) == ("TOTAL-PASSED", "CAdES-B-LT")


def test_a_signature_timestamp_of_nobody_we_trust_makes_no_level(files: Files) -> None:
    evil = World()
    token = first_token(evil.tsa, signer_of(files.b).signature, transport=evil.sandbox, clock=evil.clock)
    seeming = with_unsigned(files.b, attributes.attribute(attributes.SIGNATURE_TIMESTAMP, token))
    judged = files.conclusion(seeming)
    assert (judged.time_proved, judged.level) == (False, "CAdES-B-B")


# ── times ─────────────────────────────────────────────────────────────────────────────────────────────────


def _with_content_timestamp(later: timedelta) -> tuple[World, Document]:
    """Signed and time-stamped over a timestamp over the content that claims to be made ``later``."""
    world = World()
    permit = Document.from_bytes(CONTENT, "permit.txt")
    signed = world.signed(permit, format="cms", attached=True, stamped=False)
    world.clock.advance(later)
    token = first_token(world.tsa, CONTENT, transport=world.sandbox, clock=world.clock)
    said = [attributes.signing_time(START), attributes.attribute(attributes.CONTENT_TIMESTAMP, token)]
    signed = signed_again(signed, world.key, [*usual(world.key), *said])
    world.clock.advance(-later)
    token = first_token(world.tsa, signer_of(signed).signature, transport=world.sandbox, clock=world.clock)
    world.clock.advance(timedelta(days=30))
    return world, with_unsigned(signed, attributes.attribute(attributes.SIGNATURE_TIMESTAMP, token))


@pytest.mark.parametrize(
    ("later", "verdict"),
    [
        (timedelta(), ("TOTAL-PASSED", None)),
        (timedelta(days=10), ("INDETERMINATE", "TIMESTAMP_ORDER_FAILURE")),
    ],
)
def test_what_was_signed_cannot_be_younger_than_a_timestamp_over_the_signature(
    later: timedelta, verdict: tuple[str, str | None]
) -> None:
    """EN 319 102-1 §5.5.4: one of the two authorities lies."""
    world, document = _with_content_timestamp(later)
    (conclusion,) = world.report(document).conclusions
    assert (conclusion.indication, conclusion.subindication) == verdict


def test_an_archive_timestamp_moved_to_another_signature_proves_nothing(files: Files) -> None:
    other = files.world.signed(Document.from_bytes(CONTENT, "permit.txt"), format="cms", attached=True)
    full = with_answers(other, *files.world.sandbox.crls(), certificates=files.authorities)
    (token,) = signer_of(files.indexed(files.lists)).unsigned(archive.ARCHIVE_TIMESTAMP_V3)
    moved = with_unsigned(full, attributes.attribute(archive.ARCHIVE_TIMESTAMP_V3, token))
    judged = files.conclusion(moved)
    assert (judged.level, judged.timestamps[-1].indication) == ("CAdES-B-LT", "FAILED")


def test_an_archive_timestamp_smuggled_into_a_counter_signature_is_named_and_proves_nothing(files: Files) -> None:
    binh = files.world.sandbox.official("Trần Văn Bình", "001199000052")
    over = files.world.signed(files.t, key=binh, stamped=False, over="signature-1")
    (token,) = signer_of(files.indexed(files.lists)).unsigned(archive.ARCHIVE_TIMESTAMP_V3)
    stamp = attributes.attribute(archive.ARCHIVE_TIMESTAMP_V3, token)
    signers = [
        assembly.signer_with_values(
            one, attributes.COUNTER_SIGNATURE, lambda inner: assembly.signer_with_unsigned(inner, stamp)
        )
        for one in signers_of(over)
    ]
    counter = files.report(with_signers(over, signers)).conclusions[1]
    assert counter.evidence.counter_signature_of == "signature-1"
    assert (counter.timestamps, counter.time_proved) == ((), False)
    assert "TIMESTAMP_NOT_JUDGED" in {one.code for one in counter.findings}


def test_a_certificate_bag_emptied_under_the_archive_timestamp_is_missed(files: Files) -> None:
    made = files.indexed(files.lists)
    file = cades.open_cms(made)
    assert file is not None
    first = archive.elements(file.outline.certificates)[:1]
    taken = rewritten(made, certificates=b"\xa0" + der.set_of(first)[1:])
    assert files.conclusion(taken).timestamps[-1].findings[0].code == "ARCHIVE_INDEX_MISSES"


def test_more_timestamps_than_are_judged_are_refused_by_name(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is judged with every certificate and answer of the file."""
    monkeypatch.setattr(collecting, "MAX_TIMESTAMPS", 2)
    tokens = [files.token(signer_of(files.t).signature) for _ in range(2)]
    many = with_unsigned(files.t, attributes.attribute(attributes.SIGNATURE_TIMESTAMP, *tokens))
    saved = save_evidence(collect(files.t))
    with pytest.raises(DocumentError) as refused:
        collect(many)
    assert refused.value.code == "timestamps-too-many"
    with pytest.raises(DocumentError):  # what would come of it could not be judged any more
        files.world.preserved(files.t, stamped=True)
    monkeypatch.setattr(collecting, "MAX_TIMESTAMPS", 0)
    with pytest.raises(DocumentError):
        load_evidence(saved)
