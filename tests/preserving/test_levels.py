"""What ``preserve`` writes, what it leaves alone, and what it refuses."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from eidkit.document import Document
from eidkit.errors import EidkitError, NotSupported, SigningError, TimestampUnavailable
from eidkit.pdf.revisions import open_file
from eidkit.signing import preserve
from eidkit.transport import Request, Response
from eidkit.trust.sources import Sources
from eidkit.verify import collect, load_evidence, save_evidence
from tests.preserving.world import START, World, codes, octets, verdict


def _levels(world: World, document: Document) -> list[tuple[str, str]]:
    return [(c.level, c.indication) for c in world.report(document).conclusions]


def test_b_lt_holds_everything_that_proves_the_signature(world: World) -> None:
    kept = world.preserved(world.signed())
    assert _levels(world, kept) == [("PAdES-B-LT", "TOTAL-PASSED")]
    assert world.report(kept, offline=True)


def test_b_lta_is_one_revision(world: World) -> None:
    signed = world.signed()
    kept = world.preserved(signed, stamped=True)
    assert _levels(world, kept) == [("PAdES-B-LTA", "TOTAL-PASSED")]
    assert len(open_file(kept).revisions) == len(open_file(signed).revisions) + 1
    assert [t.indication for t in world.report(kept).timestamps] == ["PASSED"]


def test_b_lt_becomes_b_lta(world: World) -> None:
    kept = world.preserved(world.preserved(world.signed()), stamped=True)
    assert _levels(world, kept) == [("PAdES-B-LTA", "TOTAL-PASSED")]


def test_every_byte_stays_as_it_was(world: World) -> None:
    signed = world.signed()
    kept = world.preserved(signed, stamped=True)
    assert octets(kept).startswith(octets(signed))
    before, after = open_file(signed).reader.trailer, open_file(kept).reader.trailer
    assert before.raw_get("/Info") == after.raw_get("/Info")
    assert before["/ID"][0] == after["/ID"][0]
    assert not open_file(signed).reader.root.keys() ^ open_file(kept).reader.root.keys() - {"/DSS"}
    coverage = world.report(kept).conclusions[0].evidence.coverage
    assert coverage is not None
    assert (coverage.modifications, coverage.modifications_allowed, coverage.own_revision) == (
        "extension",
        True,
        "clean",
    )


def test_what_is_there_is_not_written_again(world: World) -> None:
    kept = world.preserved(world.signed())
    assert world.preserved(kept) is kept
    renewed = world.preserved(world.preserved(kept, stamped=True), stamped=True)
    evidence = collect(renewed)
    stored = Counter((*evidence.certificates, *evidence.crls, *evidence.ocsps))
    inside = {der for signature in evidence.signatures for der in signature.certificates}
    assert set(stored.values()) == {1}
    assert inside.isdisjoint(stored)
    assert len(stored) == len(collect(kept).certificates) + len(collect(kept).ocsps)


def test_answers_issued_after_the_signature_are_preferred(world: World) -> None:
    old = world.sandbox.crls()
    world.clock.advance(timedelta(hours=1))
    signed = world.signed()
    world.clock.advance(timedelta(hours=1))
    both = Sources.of(crls=(*old, *world.sandbox.crls()))
    kept = world.preserved(signed, sources=both)
    assert not set(collect(kept).crls) & set(old)
    assert "STATUS_BEFORE_SIGNATURE" not in {f.code for f in world.report(kept).conclusions[0].findings}


def test_older_answers_serve_and_the_report_says_so(world: World) -> None:
    old = Sources.of(crls=world.sandbox.crls())
    world.clock.advance(timedelta(hours=1))
    kept = world.preserved(world.signed(), sources=old)
    report = world.report(kept, sources=old)
    assert report
    assert "STATUS_BEFORE_SIGNATURE" in {f.code for f in report.conclusions[0].findings}


def test_several_signers_and_one_more_afterwards(world: World) -> None:
    second = world.sandbox.official("Trần Văn Bình", "001199000052", key="rsa2048")
    kept = world.preserved(world.signed(world.signed(), key=second), stamped=True)
    third = world.signed(kept, key=world.sandbox.citizen("Lê Hà", "001199000053"))
    again = world.preserved(third, stamped=True)
    assert _levels(world, again) == [("PAdES-B-LTA", "TOTAL-PASSED")] * 3
    assert [len(t.covers) for t in collect(again).timestamps] == [2, 4]


def test_a_document_timestamp_proves_the_time_of_a_signature_without_one(world: World) -> None:
    kept = world.preserved(world.signed(stamped=False), stamped=True)
    conclusion = world.report(kept).conclusions[0]
    assert conclusion
    assert conclusion.time_proved


def test_evidence_of_a_preserved_file_keeps(world: World) -> None:
    kept = world.preserved(world.signed(), stamped=True)
    evidence = collect(kept)
    assert evidence.timestamps[0].holds
    assert load_evidence(save_evidence(evidence), document=kept) == evidence


def test_a_timestamp_that_the_verifier_would_not_trust_proves_nothing(world: World) -> None:
    stranger, answers = World().tsa, Sources.of(crls=world.sandbox.crls())
    signed = world.signed(stamped=False)
    with pytest.raises(SigningError) as caught:
        preserve(signed, world.trust, tsa=stranger, sources=answers, clock=world.clock)
    assert caught.value.code == "preserve-no-timestamp"


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────


def _refused(error: type[EidkitError], world: World, document: Document, **more: object) -> EidkitError:
    with pytest.raises(error) as caught:
        world.preserved(document, **more)
    assert caught.value.remedy.en
    assert caught.value.remedy.vi
    return caught.value


def test_a_signature_whose_time_nothing_proves_is_refused(world: World) -> None:
    assert _refused(SigningError, world, world.signed(stamped=False)).code == "preserve-no-timestamp"


def test_missing_revocation_data_is_named_with_its_address(world: World) -> None:
    error = _refused(SigningError, world, world.signed(), sources=None)
    assert error.code == "preserve-status-missing"
    assert "Nguyễn Thị Lan" in error.problem.en
    assert "http://sandbox.eidkit.test/official.crl" in error.remedy.en


def test_servers_that_do_not_answer_are_named_and_it_may_be_tried_again(world: World) -> None:
    signed = world.signed()
    world.sandbox.cut("official")
    error = _refused(SigningError, world, signed)
    assert (error.code, error.retryable) == ("preserve-status-missing", True)
    assert "sandbox.eidkit.test" in error.problem.en


def test_missing_data_of_the_timestamp_authority_counts_too(world: World) -> None:
    signed = world.signed()
    world.sandbox.cut("time-root")
    assert "Sandbox TSA" in _refused(SigningError, world, signed).problem.en


def test_an_unsigned_file_is_refused(world: World) -> None:
    assert _refused(SigningError, world, world.original()).code == "preserve-unsigned"


def test_what_is_no_signed_format_is_refused_by_name(world: World) -> None:
    assert _refused(NotSupported, world, Document.from_bytes(b"a plain text", "a.txt")).code == "preserve-format"


def test_a_broken_signature_is_not_preserved(world: World) -> None:
    signed = world.signed()
    at = octets(signed).index(b"/Title") + 8
    broken = signed.replaced(at, at + 1, bytes([octets(signed)[at] ^ 1]))
    assert _refused(SigningError, world, broken).code == "preserve-not-valid"


def test_a_revoked_signer_is_not_preserved(world: World) -> None:
    world.sandbox.revoke(world.key, world.clock.now() - timedelta(days=1))
    assert _refused(SigningError, world, world.signed()).code == "preserve-not-valid"


def test_no_answer_of_the_authority_leaves_nothing_half_done(world: World) -> None:
    signed = world.signed()
    world.sandbox.cut("tsa")
    with pytest.raises(TimestampUnavailable):
        world.preserved(signed, stamped=True)


def test_a_token_that_does_not_fit_is_refused(world: World) -> None:
    with pytest.raises(TimestampUnavailable) as caught:
        world.preserved(world.signed(), stamped=True, token_reserve=100)
    assert caught.value.code == "timestamp-reserve"


def test_an_attester_s_chain_is_kept_too(world: World) -> None:
    from tests.preserving.logins import attested

    authentication = attested(world)
    signed = world.signed(authentication=authentication)
    kept = collect(world.preserved(signed, stamped=True))
    names = {c.subject.rfc4514_string() for c in _parsed(kept.certificates)}
    assert any("Service Root" in name for name in names)
    assert len(kept.ocsps) == 4
    assert verdict(world.report(world.preserved(signed, stamped=True))) == ("TOTAL-PASSED", None)
    assert "LOGIN_NOT_GIVEN" not in codes(world.report(signed))


def _parsed(certificates: tuple[bytes, ...]) -> list:
    from cryptography import x509

    return [x509.load_der_x509_certificate(der) for der in certificates]


class _Counting:
    """The sandbox's network, and which addresses were asked."""

    def __init__(self, world: World) -> None:
        self._box = world.sandbox
        self.asked: list[str] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request.url)
        return self._box.send(request)

    @property
    def statuses(self) -> list[str]:
        """The addresses asked for a status, each as often as it was asked."""
        return [url for url in self.asked if not url.endswith("/tsa")]


def test_a_renewal_asks_nobody_about_what_the_file_settles(world: World) -> None:
    first = _Counting(world)
    kept = world.preserved(world.signed(), stamped=True, transport=first)
    assert [url.rpartition("test/")[2] for url in first.statuses] == ["official/ocsp", "root/ocsp", "time-root/ocsp"]
    for _ in range(2):
        world.pass_years(2)
        world.new_tsa(10)
        again = _Counting(world)
        kept = world.preserved(kept, stamped=True, transport=again)
        assert [url.rpartition("test/")[2] for url in again.statuses] == ["time-root/ocsp"]  # of the newest timestamp
    assert _levels(world, kept) == [("PAdES-B-LTA", "TOTAL-PASSED")]
    world.pass_years(6)
    assert world.report(kept)


def test_a_renewal_asks_again_about_a_signature_whose_time_nothing_proved(world: World) -> None:
    kept = world.preserved(world.signed(), stamped=True)
    later = world.signed(kept, key=world.sandbox.citizen("Lê Hà", "001199000053"), stamped=False)
    again = _Counting(world)
    world.preserved(later, stamped=True, transport=again)
    assert any("public" in url for url in again.statuses)


def test_a_renewal_still_looks_at_what_it_is_given(world: World) -> None:
    """A list in hand that revokes the signer as of before: nobody is asked for it, and it counts."""
    kept = world.preserved(world.signed(), stamped=True)
    world.pass_years(1)
    world.sandbox.revoke(world.key, START - timedelta(days=1))
    told = Sources.of(crls=[world.sandbox.authorities["official"].crl(world.clock.now())])
    world.new_tsa(10)
    error = _refused(SigningError, world, kept, stamped=True, sources=told + world.sandbox.sources)
    assert error.code == "preserve-not-valid"
