"""Signers, authorities and answers that must not count; each signature itself is good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.sandbox import Sandbox
from eidkit.sandbox.keys import SandboxKey
from eidkit.trust.sources import Sources
from eidkit.verify import verify
from tests.attacks import making
from tests.conftest import NOON

PAPER = Document.from_bytes(making.pdf(), "x.pdf")


def by(sandbox, key, certificate, chain=()):
    return SandboxKey(key, certificate, chain, sandbox.service_key.identity)


STRANGERS = {
    "the service that attests": (lambda box: box.service_key, "NO_CERTIFICATE_CHAIN_FOUND"),
    "the timestamp authority": (
        lambda box: by(box, box.timestamp_maker.key, box.timestamp_maker.certificate, box.timestamp_maker.chain),
        "KEY_USAGE",
    ),
    "an issuing authority": (
        lambda box: by(box, box.authorities["official"].key, box.authorities["official"].certificate), "KEY_USAGE",
    ),
    "a root": (lambda box: by(box, box.authorities["root"].key, box.authorities["root"].certificate), "KEY_USAGE"),
    "a person whose certificate ended": (
        lambda box: box.official("Lan", "001199000051", expired=True), "OUT_OF_BOUNDS_NO_POE",
    ),
    "a person whose certificate has not begun": (
        lambda box: box.official("Lan", "001199000051", not_yet_valid=True), "NOT_YET_VALID",
    ),
}  # fmt: skip


@pytest.mark.parametrize("who", STRANGERS)
def test_a_signer_who_must_not_sign(stage, judged, codes, who):
    make, code = STRANGERS[who]
    signed = stage.signature(PAPER, make(stage.sandbox), assertion=None, commitment=None, tsa=False)
    report = judged(
        signed.read_range(0, signed.length), trust=stage.sandbox.trust, sources=stage.sandbox.sources,
        transport=stage.sandbox, clock=stage.clock,
    )  # fmt: skip
    assert code in codes(report)
    assert not report


@pytest.fixture
def town():
    """A sandbox whose clock may move, an official, and what the official signed."""
    clock = FixedClock(NOON)
    box = Sandbox.create(clock=clock)
    lan = box.official("Nguyễn Thị Lan", "001199000051")
    from eidkit.signing import sign

    return box, clock, lan, sign(PAPER, lan, clock=clock)


def test_an_older_good_answer_does_not_outweigh_the_revocation(town, codes):
    box, clock, lan, signed = town
    good = box.crls()
    assert verify(signed, box.trust, sources=Sources.of(crls=good), clock=clock)
    clock.advance(timedelta(minutes=10))
    box.revoke(lan)
    clock.advance(timedelta(minutes=10))
    for answers in (good + box.crls(), box.crls() + good):
        report = verify(signed, box.trust, sources=Sources.of(crls=answers), clock=clock)
        assert "REVOKED_NO_POE" in codes(report)
        assert not report


def test_lists_of_an_authority_of_the_same_name(town, codes):
    box, clock, _, signed = town
    namesake = Sandbox.create(clock=clock)
    report = verify(signed, box.trust, sources=Sources.of(crls=namesake.crls()), clock=clock)
    assert "STATUS_UNKNOWN" in codes(report)
    assert not report


def test_an_authority_of_the_same_name_is_another_one(town, codes):
    _, clock, _, signed = town
    namesake = Sandbox.create(clock=clock)
    report = verify(signed, namesake.trust, sources=namesake.sources, transport=namesake, clock=clock)
    assert "NO_CERTIFICATE_CHAIN_FOUND" in codes(report)


def test_roots_of_another_kind_do_not_count(town, codes):
    box, clock, _, signed = town
    from eidkit.trust.store import TrustStore

    root = [box.authorities["root"].certificate]
    trust = TrustStore.of(root, "login") + TrustStore.of(root, "timestamping") + TrustStore.of(root, "attestation")
    report = verify(signed, trust, sources=box.sources, transport=box, clock=clock)
    assert "TRUST_EMPTY" in codes(report)
    assert not report
