"""What a policy makes of a signature: weak algorithms by their dates, and the clauses of TT15, each seen to break."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit import algorithms
from eidkit.asn1 import tsp
from eidkit.policy import ETSI_BASELINE, LENIENT, Clause, Listing, Policy
from eidkit.sandbox.authority import Flaws
from eidkit.sandbox.keys import SandboxKey
from eidkit.trust.store import TrustStore
from eidkit.verify import collect, complete, judge
from eidkit.vn import policies
from tests.preserving.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.findings import Finding
    from eidkit.verify import Evidence, Report
    from eidkit.verify.evidence import SignatureEvidence

TT15 = policies()["vn-tt15@1"]
UNASKED = Policy("test-unasked", "1", revocation="warn")
DAY = timedelta(days=1)
ENDS = {
    "sha1": ("ecdsa-sha1", datetime(2012, 8, 1, tzinfo=UTC)),
    "sha224": ("ecdsa-sha224", datetime(2029, 1, 1, tzinfo=UTC)),
}


def resigned(world: World, evidence: Evidence, name: str, *, stamped: bool) -> Evidence:
    """The same signature made with another algorithm, time-stamped anew at the world's time, or not at all."""
    signature = evidence.signatures[0]
    value = algorithms.signer(world.key.private_key, algorithms.SIGNATURE_BY_NAME[name])(signature.signed_octets)
    stamps = ()
    if stamped:
        imprints = algorithms.digests_of(value)
        request = tsp.TimestampRequest("sha256", dict(imprints)["sha256"], nonce=5)
        token = world.sandbox.timestamp_maker.token(request, world.clock.now(), None)
        stamps = (replace(signature.timestamps[0], token=token, imprints=imprints),)
    return replace(evidence, signatures=(replace(signature, value=value, algorithm=name, timestamps=stamps),))


def weak(report: Report) -> list[str]:
    return [f.message.en for c in report.conclusions for f in c.findings if f.code == "CRYPTO_CONSTRAINTS_FAILURE"]


@pytest.mark.parametrize("digest", ENDS)
class TestDigests:
    @staticmethod
    def judged(digest: str, *, stamped: bool, days: int, policy: Policy = UNASKED) -> Report:
        """Signed thirty days before the digest's end, judged so many days after that end."""
        name, end = ENDS[digest]
        world = World(start=end - 30 * DAY)
        evidence = resigned(world, collect(world.signed()), name, stamped=stamped)
        return judge(evidence, world.trust, policy, at=end + days * DAY)

    def test_before_its_end_it_passes(self, digest: str) -> None:
        assert self.judged(digest, stamped=False, days=-1)

    def test_after_its_end_it_does_not(self, digest: str) -> None:
        report = self.judged(digest, stamped=False, days=1)
        conclusion = report.conclusions[0]
        assert (conclusion.indication, conclusion.subindication) == (
            "INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        )  # fmt: skip
        name, end = ENDS[digest]
        assert weak(report)[0].startswith(f"the signature uses {name}, too weak at ")
        assert weak(report)[0].endswith(f"acceptable before {end:%Y-%m-%d} only")

    def test_a_claimed_time_does_not_help(self, digest: str) -> None:
        report = self.judged(digest, stamped=False, days=1)
        claimed = report.conclusions[0].evidence.signing_time
        assert claimed is not None
        assert claimed < ENDS[digest][1]
        assert not report

    def test_a_timestamp_from_before_it_does(self, digest: str) -> None:
        report = self.judged(digest, stamped=True, days=1)
        assert report, str(report)
        assert report.conclusions[0].time_proved


def test_lenient_accepts_it_and_says_so() -> None:
    report = TestDigests.judged("sha1", stamped=False, days=1, policy=LENIENT)
    assert report
    assert "WEAK_ALGORITHM_ALLOWED" in {f.code for f in report.conclusions[0].findings}


class TestShortKeys:
    END = datetime(2019, 10, 1, tzinfo=UTC)

    @pytest.fixture(scope="class")
    @classmethod
    def world(cls) -> World:
        world = World(start=cls.END - 30 * DAY)
        key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - too short, which is what is tested
        official = world.sandbox.authorities["official"]
        holder = world.sandbox.official("Trần Văn Thử", "001199000052").certificate.subject
        certificate = official.issue(holder, key.public_key(), "signing", world.clock.now(), Flaws())
        world.key = SandboxKey(key, certificate, (official.certificate, *official.chain), world.key.identity)
        return world

    def judged(self, world: World, *, stamped: bool, days: int) -> Report:
        return judge(collect(world.signed(stamped=stamped)), world.trust, UNASKED, at=self.END + days * DAY)

    def test_before_its_end_it_passes(self, world: World) -> None:
        assert self.judged(world, stamped=False, days=-1)

    def test_after_its_end_the_finding_names_size_and_date(self, world: World) -> None:
        report = self.judged(world, stamped=False, days=1)
        assert report.verdict == "INDETERMINATE"
        assert "rsa-1024, too weak at 2019-10-02" in weak(report)[0]
        assert "acceptable before 2019-10-01 only" in weak(report)[0]

    def test_a_timestamp_from_before_helps(self, world: World) -> None:
        assert self.judged(world, stamped=True, days=1)

    def test_provable_until_knows_the_date(self, world: World) -> None:
        assert self.judged(world, stamped=False, days=-1).provable_until == self.END - timedelta(seconds=1)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def good(world: World) -> Evidence:
    """A preserved B-LT signature with every answer there is."""
    document = world.preserved(world.signed())
    now = world.clock.now()
    return complete(collect(document), world.trust, world.sandbox.sources, at=now, transport=world.sandbox)


def clauses(report: Report) -> dict[str, Finding]:
    """The finding of each clause by what stands in brackets, such as ``V1``."""
    found = [f for f in report.conclusions[0].findings if f.code.startswith("CLAUSE_")]
    return {(f.about or "").partition("(")[2].rstrip(")"): f for f in found}


def changed(evidence: Evidence, **members: object) -> Evidence:
    return replace(evidence, signatures=(replace(evidence.signatures[0], **members),))


def other_value(signature: SignatureEvidence) -> dict[str, object]:
    return {"value": signature.value[:-1] + bytes([signature.value[-1] ^ 1])}


def other_content(signature: SignatureEvidence) -> dict[str, object]:
    return {"references": (replace(signature.references[0], computed=bytes(32)),)}


def other_imprint(signature: SignatureEvidence) -> dict[str, object]:
    imprints = tuple((name, bytes(len(digest))) for name, digest in signature.timestamps[0].imprints)
    return {"timestamps": (replace(signature.timestamps[0], imprints=imprints),)}


def later_change(signature: SignatureEvidence) -> dict[str, object]:
    assert signature.coverage is not None
    return {"coverage": replace(signature.coverage, modifications="undefined", modifications_allowed=False)}


def nobody(_: SignatureEvidence) -> dict[str, object]:
    return {"certificate_references": (), "signer_hint": None, "certificates": ()}


BROKEN: dict[str, tuple[Callable[[SignatureEvidence], dict[str, object]], str]] = {
    "V1": (other_value, "the signature value does not belong"),
    "V4": (other_content, "was changed after signing"),
    "V5": (other_content, "was changed after signing"),
    "V7": (other_imprint, "a timestamp does not hold"),
    "V8": (later_change, "after"),
    "V12": (nobody, "the signing certificate is not in the signature"),
}


class TestTt15:
    def test_a_good_signature_meets_every_clause(self, world: World, good: Evidence) -> None:
        report = judge(good, world.trust, TT15, at=world.clock.now())
        assert report, str(report)
        found = clauses(report)
        assert {f"V{number}" for number in range(1, 13)} <= set(found)
        assert {f.code for f in found.values()} == {"CLAUSE_MET", "CLAUSE_BY_USE"}
        assert {name for name, f in found.items() if f.code == "CLAUSE_BY_USE"} == {"V6", "V10", "V11"}

    @pytest.mark.parametrize("clause", BROKEN)
    def test_a_clause_that_is_not_met_says_why(self, world: World, good: Evidence, clause: str) -> None:
        change, why = BROKEN[clause]
        evidence = changed(good, **change(good.signatures[0]))
        if clause == "V12":
            evidence = replace(evidence, certificates=())
        found = clauses(judge(evidence, world.trust, TT15, at=world.clock.now()))[clause]
        assert found.code == "CLAUSE_NOT_MET"
        assert why in found.message.en

    def test_v2_needs_a_path_to_a_root_that_was_given(self, world: World, good: Evidence) -> None:
        other = TrustStore.of([world.key.chain[0]], "timestamping")
        report = judge(good, other, TT15, at=world.clock.now())
        assert clauses(report)["V2"].code == "CLAUSE_NOT_MET"
        assert not report

    def test_v3_needs_annex_ii(self, world: World) -> None:
        evidence = collect(world.signed(stamped=False))
        report = judge(evidence, world.trust, TT15, at=world.clock.now() + 9000 * DAY)
        found = clauses(report)
        assert (found["V3"].code, found["period"].code) == ("CLAUSE_NOT_MET", "CLAUSE_NOT_MET")
        assert not report

    @pytest.mark.parametrize("clause", ["V6", "V10", "V11"])
    def test_what_only_use_shows_is_told_with_how(self, world: World, good: Evidence, clause: str) -> None:
        found = clauses(judge(good, world.trust, TT15, at=world.clock.now()))[clause]
        assert (found.code, found.severity) == ("CLAUSE_BY_USE", "info")

    def test_v9_needs_the_data_in_the_file(self, world: World) -> None:
        report = judge(collect(world.signed()), world.trust, TT15, at=world.clock.now())
        assert clauses(report)["V9"].code == "CLAUSE_NOT_MET"
        assert "eidkit preserve" in clauses(report)["V9"].remedy.en

    def test_an_unknown_status_is_the_warning_that_annex_ii_demands(self, world: World) -> None:
        evidence, now = collect(world.signed(stamped=False)), world.clock.now()
        warned, refused = (judge(evidence, world.trust, policy, at=now) for policy in (TT15, ETSI_BASELINE))
        assert warned
        assert "STATUS_UNKNOWN" in {f.code for f in warned.conclusions[0].findings if f.severity == "warning"}
        assert clauses(warned)["status checked"].code == "CLAUSE_NOT_MET"
        assert refused.verdict == "INDETERMINATE"
        assert refused.conclusions[0].subindication == "CERTIFICATE_CHAIN_GENERAL_FAILURE"

    def test_a_revoked_signer_breaks_annex_ii(self) -> None:
        world = World()
        document = world.signed(stamped=False)
        world.sandbox.revoke(world.key)
        now = world.clock.now()
        evidence = complete(collect(document), world.trust, world.sandbox.sources, at=now, transport=world.sandbox)
        report = judge(evidence, world.trust, TT15, at=now)
        assert not report
        assert (clauses(report)["status"].code, clauses(report)["V3"].code) == ("CLAUSE_NOT_MET", "CLAUSE_NOT_MET")

    def test_a_key_for_another_purpose_breaks_annex_ii(self, world: World) -> None:
        own, official = world.key.certificate, world.sandbox.authorities["official"]
        other = official.issue(own.subject, own.public_key(), "wrong", world.clock.now(), Flaws())
        der = other.public_bytes(Encoding.DER)
        evidence = collect(world.signed(stamped=False))
        signature = evidence.signatures[0]
        [reference] = signature.certificate_references
        named = replace(reference, algorithm="sha256", digest=hashlib.sha256(der).digest(), issuer_serial=None)
        evidence = changed(evidence, certificates=(der, *signature.certificates), certificate_references=(named,))
        report = judge(evidence, world.trust, TT15, at=world.clock.now())
        assert "KEY_USAGE" in {f.code for f in report.conclusions[0].findings}
        assert clauses(report)["scope"].code == "CLAUSE_NOT_MET"

    def test_a_weak_digest_breaks_annex_ii(self, world: World) -> None:
        evidence = resigned(world, collect(world.signed()), "ecdsa-sha1", stamped=False)
        report = judge(evidence, world.trust, TT15, at=world.clock.now())
        assert clauses(report)["algorithms"].code == "CLAUSE_NOT_MET"
        unlisted = [f.message.en for f in report.conclusions[0].findings if f.code == "NOT_CONFORMING"]
        assert unlisted == [
            "TT15 Annex I (hash functions): the signature uses sha1, which is accepted but not listed there"
        ]

    @pytest.mark.parametrize(("pss", "conforms"), [(False, False), (True, True)], ids=["PKCS#1 v1.5", "PSS"])
    def test_annex_i_lists_pss_and_pkcs1_is_accepted(self, world: World, *, pss: bool, conforms: bool) -> None:
        key = world.sandbox.official("Phạm Văn Thử", "001199000054", key="rsa2048")
        algorithm = algorithms.suited(key.private_key.public_key(), pss=pss).name
        document = world.signed(stamped=False, key=key, pss=pss)
        report = judge(collect(document), world.trust, TT15, at=world.clock.now())
        assert report
        found = [f for f in report.conclusions[0].findings if f.code == "NOT_CONFORMING"]
        assert (not found) == conforms
        assert conforms or (f"TT15 Annex I 1.2: the signature uses {algorithm}" in found[0].message.en)

    def test_the_report_names_policy_and_version(self, world: World, good: Evidence) -> None:
        told = judge(good, world.trust, TT15, at=world.clock.now()).to_json()
        assert (told["policy"], told["policy_version"]) == ("vn-tt15", "1")


def test_a_key_shorter_than_listed_is_named(world: World, good: Evidence) -> None:
    listing = Listing("Rule 7", ec_bits=384, digests=("sha256",))
    report = judge(good, world.trust, Policy("own", "1", listings=(listing,)), at=world.clock.now())
    said = [f.message.en for f in report.conclusions[0].findings if f.code == "NOT_CONFORMING"]
    assert said == ["Rule 7: the signer's key uses ec-256, which is accepted but not listed there"]


def test_a_clause_never_changes_the_verdict(world: World, good: Evidence) -> None:
    law = Policy("own", "1", clauses=(Clause("Rule 1", TT15.clauses[0].demand, level="LTA"),))
    report = judge(good, world.trust, law, at=world.clock.now())
    assert report
    assert clauses(report)[""].code == "CLAUSE_NOT_MET"
