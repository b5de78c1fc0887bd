"""What somebody with a file, and sometimes with a key that should be lost, tries against preserved files."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.asn1 import certificate as certificates
from eidkit.document import Document
from eidkit.identity import Identity
from eidkit.pdf.preserving_revision import preserving_revision
from eidkit.pdf.security_store import SecurityStore
from eidkit.sandbox import people
from eidkit.sandbox.keys import SandboxKey
from eidkit.signing import TOKEN_RESERVE
from eidkit.timestamps.authority import token_over
from eidkit.trust.sources import Sources
from eidkit.verify import collect
from tests.preserving.world import YEAR, World, codes, octets, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

PASSED = ("TOTAL-PASSED", None)


def _sealed(world: World, document: Document, store: SecurityStore | None = None) -> Document:
    """A document timestamp by whoever runs one, over whatever the store holds: nothing is checked before."""
    revision = preserving_revision(document, store or SecurityStore(), TOKEN_RESERVE)
    covered = document.spliced(document.length, revision.data)
    imprint = covered.digest("sha256", revision.ranges)
    token = token_over(world.tsa, imprint, "sha256", transport=world.sandbox, clock=world.clock)
    return document.spliced(document.length, revision.filled(token))


def _renewed(world: World, document: Document) -> Document:
    """Renewed twice, past the end of every authority under the old roots."""
    for years, under in ((9, "time-root"), (9, "later-root"), (9, "later-root")):
        world.pass_years(years)
        if under not in world.sandbox.authorities:
            world.new_time_root(under)
        now = _answers(world)
        world.new_tsa(10, under=under)
        document = _sealed(world, document, now)
    return document


def _answers(world: World) -> SecurityStore:
    certificate = world.sandbox.timestamp_maker.chain[0].public_bytes(Encoding.DER)
    return SecurityStore((certificate,), world.sandbox.crls(), ())


def test_the_honest_file_of_these_attacks_passes() -> None:
    world = World(tsa_years=10)
    assert verdict(world.report(_renewed(world, world.preserved(world.signed(), stamped=True)))) == PASSED


def _with_answers_but(slug: str, world: World) -> Document:
    """Signed long ago and kept by timestamps and answers, but for those of one authority."""
    signed = world.signed()
    kept = [world.sandbox.authorities[name].crl(world.clock.now()) for name in ("time-root", "root")]
    return _renewed_without(slug, world, _sealed(world, signed, SecurityStore((), tuple(kept), ())))


def test_an_answer_forged_with_the_key_of_an_authority_that_has_ended() -> None:
    """Its date is old and its signature holds; but nothing proves that it existed while the authority did."""
    world = World(tsa_years=10)
    file = _with_answers_but("official", world)
    forged = world.sandbox.authorities["official"].crl(world.clock.now() - 27 * YEAR)
    beside = world.report(file, sources=Sources.of(crls=(forged, *world.sandbox.crls())))
    assert verdict(beside) == ("INDETERMINATE", "NO_POE")
    inside = world.report(_sealed(world, file, SecurityStore((), (forged,), ())))
    assert verdict(inside) == ("INDETERMINATE", "NO_POE")
    assert "NO_POE" in codes(inside)


def test_an_answer_about_a_timestamp_authority_forged_with_the_key_of_its_issuer() -> None:
    world = World(tsa_years=10)
    signed = world.signed()
    world.new_time_root("other-root")
    world.new_tsa(10, under="other-root")
    kept = [world.sandbox.authorities[name].crl(world.clock.now()) for name in ("official", "root")]
    sealed = _sealed(world, signed, SecurityStore((), tuple(kept), ()))
    file = _renewed_without("time-root", world, sealed, first="other-root")
    forged = world.sandbox.authorities["time-root"].crl(world.clock.now() - 27 * YEAR)
    report = world.report(file, sources=Sources.of(crls=(forged, *world.sandbox.crls())))
    inner = report.conclusions[0].timestamps[0]
    assert inner.indication == "INDETERMINATE"
    assert "NO_POE" in {found.code for found in inner.findings}


def test_an_authority_that_an_ended_root_is_made_to_have_had() -> None:
    """A signer whose issuer nobody knew: years later somebody certifies that issuer with the root's old key."""
    world = World(tsa_years=10)
    box = world.sandbox
    rogue = box.authorities["root"].subordinate("rogue", people.authority("Rogue CA"), "p256", world.clock.now())
    box.authorities["rogue"] = rogue
    key = box.issue(people.authority("Anybody"), Identity("vn-mst", "0100000000", "Anybody"), by="rogue")
    signed = world.signed(key=SandboxKey(key.private_key, key.certificate, (), key.identity))
    answers = SecurityStore((), box.crls(), ())
    hidden = _renewed_without("rogue", world, _sealed(world, signed, answers))
    found = Sources.of(certificates=[rogue.certificate.public_bytes(Encoding.DER)], crls=box.crls())
    report = world.report(hidden, sources=found)
    assert verdict(report) == ("INDETERMINATE", "NO_POE")
    assert any("Rogue CA" in f.message.en for f in report.conclusions[0].findings if f.code == "NO_POE")


def test_the_same_answer_stored_in_time_passes() -> None:
    world = World(tsa_years=10)
    answer = world.sandbox.authorities["official"].crl(world.clock.now() + timedelta(days=1))
    world.clock.advance(timedelta(days=2))
    signed = world.signed()
    world.clock.advance(timedelta(days=-2))
    kept = [world.sandbox.authorities[name].crl(world.clock.now()) for name in ("time-root", "root")]
    world.clock.advance(timedelta(days=2))
    file = _renewed_without("official", world, _sealed(world, signed, SecurityStore((), (answer, *kept), ())))
    assert verdict(world.report(file)) == PASSED


def _renewed_without(slug: str, world: World, document: Document, *, first: str = "time-root") -> Document:
    """Renewed with the answers of every authority but one."""
    for years, under in ((9, first), (9, "later-root"), (9, "later-root")):
        world.pass_years(years)
        if under not in world.sandbox.authorities:
            world.new_time_root(under)
        kept = [one.crl(world.clock.now()) for name, one in world.sandbox.authorities.items() if name != slug]
        world.new_tsa(10, under=under)
        document = _sealed(world, document, SecurityStore((), tuple(kept), ()))
    return document


def test_a_token_made_with_the_key_of_an_authority_that_has_ended(world: World) -> None:
    """Back-dated into the life of its certificate; the first honest timestamp over it is too late."""
    world.pass_years(5.5)
    world.pass_years(-5)
    backdated = world.signed()
    world.pass_years(5)
    world.new_tsa(10)
    report = world.report(_sealed(world, backdated, _answers(world)))
    assert report.timestamps[0].indication == "PASSED"
    assert "OUT_OF_BOUNDS_NO_POE" in {found.code for found in report.conclusions[0].timestamps[0].findings}
    assert report.conclusions[0].best_signature_time == report.timestamps[0].time


def test_a_timestamp_that_claims_to_be_younger_than_one_over_it(world: World) -> None:
    inner = world.report(_sealed_before(world, world.signed())).conclusions[0].timestamps[0]
    assert (inner.indication, inner.subindication) == ("INDETERMINATE", "TIMESTAMP_ORDER_FAILURE")


def _sealed_before(world: World, document: Document) -> Document:
    world.clock.advance(timedelta(hours=-12))
    sealed = _sealed(world, document)
    world.clock.advance(timedelta(hours=12))
    return sealed


def _changed(kept: Document, where: Callable[[bytes], int]) -> Document:
    data = octets(kept)
    at = where(data)
    return kept.replaced(at, at + 1, bytes([data[at] ^ 1]))


def _in_an_answer(kept: Document) -> int:
    evidence = collect(kept)
    return octets(kept).index(evidence.ocsps[0]) + len(evidence.ocsps[0]) // 2


def test_a_changed_store_breaks_the_timestamp_over_it(world: World) -> None:
    signed = world.signed()
    world.new_tsa(12)
    kept = world.preserved(signed, stamped=True)
    changed = _changed(kept, lambda _: _in_an_answer(kept))
    assert world.report(changed).timestamps[0].subindication == "HASH_FAILURE"
    world.pass_years(6)
    assert verdict(world.report(kept)) == PASSED
    assert not world.report(changed)


def test_a_changed_store_without_a_timestamp_is_refused_answer_by_answer(world: World) -> None:
    kept = world.preserved(world.signed())
    changed = _changed(kept, lambda _: _in_an_answer(kept))
    world.pass_years(4)
    assert verdict(world.report(kept)) == PASSED
    assert not world.report(changed)


def test_a_store_swapped_for_another_file_s(world: World) -> None:
    """Appended after the timestamp: what the file held before, and the timestamp covers, counts all the same."""
    signed = world.signed()
    world.new_tsa(12)
    kept = world.preserved(signed, stamped=True)
    other = _other_store()
    world.pass_years(6)
    swapped = _with_store(kept, other)
    assert collect(swapped).ocsps == (*other.ocsps, *collect(kept).ocsps)
    assert verdict(world.report(swapped)) == verdict(world.report(kept)) == PASSED


def test_another_file_s_store_alone_proves_nothing(world: World) -> None:
    signed = world.signed()
    other = _other_store()
    world.pass_years(4)
    assert not world.report(_with_store(signed, other))


def _other_store() -> SecurityStore:
    stranger = World()
    evidence = collect(stranger.preserved(stranger.signed()))
    return SecurityStore(evidence.certificates, evidence.crls, evidence.ocsps)


def _with_store(document: Document, store: SecurityStore) -> Document:
    """A revision whose catalogue names a store of its own."""
    from eidkit.pdf import appending, preserving_revision
    from eidkit.pdf.intake import open_for_appending

    update = appending.Update(document, open_for_appending(document))
    certs = [preserving_revision._put_stream(update, data) for data in store.certificates]
    ocsps = [preserving_revision._put_stream(update, data) for data in store.ocsps]
    number = update.new_number()
    lists = [b" ".join(b"%d 0 R" % one for one in numbers) for numbers in (certs, ocsps)]
    update.put(number, 0, b"<</Type/DSS/Certs[%b]/OCSPs[%b]>>" % (*lists,))
    update.edit(update.reader.root_ref.idnum, {"/DSS": b"%d 0 R" % number})
    return document.spliced(document.length, update.finished())


def test_a_document_timestamp_copied_from_another_file(world: World) -> None:
    kept = world.preserved(world.signed(), stamped=True)
    other = world.preserved(world.signed(key=world.sandbox.citizen("Lê Hà", "001199000053")), stamped=True)
    token = collect(other).timestamps[0].token
    own = collect(kept).timestamps[0].token
    data = octets(kept)
    start = data.index(own.hex().encode())
    hole = max(len(own), len(token)) * 2
    forged = kept.replaced(start, start + hole, token.hex().encode().ljust(hole, b"0"))
    report = world.report(forged)
    assert (report.timestamps[0].indication, report.timestamps[0].subindication) == ("FAILED", "HASH_FAILURE")
    world.pass_years(5.5)
    assert not world.report(forged)


def test_a_timestamp_over_an_earlier_revision_proves_nothing_about_a_later_one(world: World) -> None:
    kept = world.preserved(world.signed(), stamped=True)
    later = world.signed(kept, key=world.sandbox.citizen("Lê Hà", "001199000053"), stamped=False)
    first, second = world.report(later).conclusions
    assert first.time_proved
    assert not second.time_proved
    assert certificates.parse(second.evidence.certificates[0]).sha256 not in collect(later).timestamps[0].holds
