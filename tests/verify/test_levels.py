"""The signature level by structure: what a document holds, up to the verifier's anchors, and no verdict."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.document import Document
from eidkit.pdf.preserving_revision import preserving_revision
from eidkit.pdf.security_store import SecurityStore
from eidkit.timestamps.authority import token_over
from eidkit.trust.store import TrustStore
from eidkit.verify import collect, judge, levels
from eidkit.verify.evidence import Evidence
from tests.preserving.world import LASTING, World


@pytest.fixture
def world() -> World:
    return World()


def level_of(document: Document) -> str:
    [signature] = collect(document).signatures
    return signature.level


def sealed(world: World, document: Document, store: SecurityStore) -> Document:
    """A document timestamp over whatever the store holds, as any product might write it."""
    revision = preserving_revision(document, store, 16384)
    covered = document.spliced(document.length, revision.data)
    token = token_over(
        world.tsa, covered.digest("sha256", revision.ranges), "sha256", transport=world.sandbox, clock=world.clock
    )
    return document.spliced(document.length, revision.filled(token))


def stored(document: Document, store: SecurityStore) -> Document:
    return document.spliced(document.length, preserving_revision(document, store, None).data)


def answers(world: World, *slugs: str) -> SecurityStore:
    now = world.clock.now()
    return SecurityStore((), tuple(world.sandbox.authorities[slug].crl(now) for slug in slugs), ())


def test_each_level_as_it_is_written(world: World) -> None:
    bare, signed = world.signed(stamped=False), world.signed()
    kept = world.preserved(signed)
    assert [level_of(one) for one in (bare, signed, kept, world.preserved(kept, stamped=True))] == [
        "PAdES-B-B", "PAdES-B-T", "PAdES-B-LT", "PAdES-B-LTA",
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["official", "root", "time-root"])
def test_a_store_that_lacks_an_answer_is_not_b_lt(world: World, missing: str) -> None:
    signed = world.signed()
    everything = ("official", "root", "time-root")
    assert level_of(stored(signed, answers(world, *everything))) == "PAdES-B-LT"
    lacking = stored(signed, answers(world, *(slug for slug in everything if slug != missing)))
    assert level_of(lacking) == "PAdES-B-T"
    assert level_of(sealed(world, lacking, SecurityStore())) == "PAdES-B-T"


def test_an_answer_that_came_after_the_timestamp_is_not_covered(world: World) -> None:
    first = sealed(world, world.signed(), answers(world, "official", "time-root"))
    assert level_of(stored(first, answers(world, "root"))) == "PAdES-B-LT"


def test_a_lone_document_timestamp_must_cover_its_own_answers_for_b_lta(world: World) -> None:
    bare = world.signed(stamped=False)
    assert level_of(sealed(world, bare, answers(world, "official", "root"))) == "PAdES-B-LT"
    assert level_of(sealed(world, bare, answers(world, "official", "root", "time-root"))) == "PAdES-B-LTA"


def test_answers_beside_the_file_raise_no_level(world: World) -> None:
    report = world.report(world.signed())
    assert report
    assert [one.level for one in report.conclusions] == ["PAdES-B-T"]


def test_an_anchor_below_the_root_ends_the_chain(world: World) -> None:
    kept = stored(world.signed(), answers(world, "official", "time-root"))
    issuing = world.sandbox.authorities["official"].certificate
    trust = TrustStore.of([issuing], "signing") + TrustStore(world.trust.of_kind("timestamping"))
    [conclusion] = judge(collect(kept), trust, LASTING, at=world.clock.now()).conclusions
    assert (conclusion.evidence.level, conclusion.level) == ("PAdES-B-T", "PAdES-B-LT")


def test_a_later_store_does_not_hide_an_earlier_one(world: World) -> None:
    """A revision whose catalogue names a store of its own, with other content."""
    from eidkit.pdf import appending
    from eidkit.pdf.intake import open_for_appending

    kept = world.preserved(world.signed())
    update = appending.Update(kept, open_for_appending(kept))
    number = update.new_number()
    update.put(number, 0, b"<</Type/DSS>>")
    update.edit(update.reader.root_ref.idnum, {"/DSS": b"%d 0 R" % number})
    hidden = kept.spliced(kept.length, update.finished())
    assert collect(hidden).ocsps == collect(kept).ocsps
    assert level_of(hidden) == "PAdES-B-LT"
    again = world.preserved(hidden, stamped=True)
    assert level_of(again) == "PAdES-B-LTA"
    assert newest_store(again) == newest_store(kept)


def newest_store(document: Document) -> set[bytes]:
    from eidkit.pdf.revisions import open_file
    from eidkit.pdf.security_store import security_store

    store = security_store(open_file(document).reader.root)
    return {*store.certificates, *store.crls, *store.ocsps}


def test_a_repeated_timestamp_counts_once(world: World) -> None:
    [signature] = collect(world.signed()).signatures
    evidence = Evidence("x", 0, "", "pdf", document_seen=True, signatures=(signature,))
    assert levels.level("PAdES-B", signature, evidence) == "PAdES-B-T"
    assert levels.level("PAdES-EPES", signature, evidence) == "PAdES-EPES"
    assert levels.level("PDF-NOT-ETSI", signature, evidence) == "PDF-NOT-ETSI"


def test_a_level_is_no_verdict(world: World) -> None:
    kept = world.preserved(world.signed(), stamped=True)
    world.clock.advance(timedelta(days=40 * 365))
    report = world.report(kept)
    assert not report
    assert report.conclusions[0].level == "PAdES-B-LTA"
    assert replace(collect(kept).signatures[0], level="") != collect(kept).signatures[0]


# ── a timestamp over the signature value, kept in the security store ──────────────────────────────────────


def beside(world: World, document: Document, value: bytes, name: bytes) -> Document:
    """A store with a timestamp over ``value`` in the entry ``name``."""
    from eidkit.pdf import appending
    from eidkit.pdf.intake import open_for_appending

    token = token_over(world.tsa, hashlib.sha256(value).digest(), "sha256", transport=world.sandbox, clock=world.clock)
    update = appending.Update(document, open_for_appending(document))
    stream, store = update.new_number(), update.new_number()
    update.put(stream, 0, b"<</Length %d>>\nstream\n%b\nendstream" % (len(token), token))
    update.put(store, 0, b"<</Type/DSS/VRI<</%b<</TS %d 0 R>>>>>>" % (name, stream))
    update.edit(update.reader.root_ref.idnum, {"/DSS": b"%d 0 R" % store})
    return document.spliced(document.length, update.finished())


def entry_of(document: Document) -> bytes:
    """The name of the entry for the first signature."""
    from eidkit.pdf.coverage import coverages
    from eidkit.pdf.revisions import open_file

    one = coverages(open_file(document))[0]
    return hashlib.sha1(one.contents, usedforsecurity=False).hexdigest().upper().encode()


def test_it_proves_the_time_and_raises_no_level(world: World) -> None:
    bare = world.signed(stamped=False)
    value = collect(bare).signatures[0].value
    [conclusion] = world.report(beside(world, bare, value, entry_of(bare))).conclusions
    assert [(stamp.kind, stamp.indication) for stamp in conclusion.timestamps] == [("vri", "PASSED")]
    assert (conclusion.time_proved, conclusion.level) == (True, "PAdES-B-B")


def test_over_another_value_or_in_another_entry_it_proves_nothing(world: World) -> None:
    bare = world.signed(stamped=False)
    value = collect(bare).signatures[0].value
    [other] = world.report(beside(world, bare, b"another", entry_of(bare))).conclusions
    assert [stamp.subindication for stamp in other.timestamps] == ["HASH_FAILURE"]
    [elsewhere] = world.report(beside(world, bare, value, b"0" * 40)).conclusions
    assert elsewhere.timestamps == ()
    assert not other.time_proved
    assert not elsewhere.time_proved


def test_an_earlier_document_timestamp_does_not_hold_it(world: World) -> None:
    kept = world.preserved(world.signed(stamped=False), stamped=True)
    value = collect(kept).signatures[0].value
    later = beside(world, kept, value, entry_of(kept))
    [stamp] = collect(later).signatures[0].timestamps
    digest = hashlib.sha256(stamp.token).hexdigest()
    assert all(digest not in seal.holds for seal in collect(later).timestamps)
    again = sealed(world, later, SecurityStore())
    assert [digest in seal.holds for seal in collect(again).timestamps][-1]
