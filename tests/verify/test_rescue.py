"""What a verdict loses first, and what saves it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.document import Document
from eidkit.policy import Policy
from eidkit.sandbox.documents import form_xml
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import Outlook, Rescue, outlook, verify
from tests.preserving.world import World, octets


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def short() -> World:
    """Whose timestamp authority ends before the signer does."""
    return World(tsa_years=1)


def ahead(world: World, document: Document, *, offline: bool = False) -> Outlook:
    return outlook(world.report(document, offline=offline))


def test_a_bare_signature_ends_with_its_certificate(world: World) -> None:
    found = ahead(world, world.signed(stamped=False))
    assert found.lost is not None
    assert (found.lost.kind, found.lost.verdict_too, found.rescue.action) == ("certificate", True, "preserve-stamped")
    assert "Nguyễn Thị Lan" in found.lost.what.en
    assert found.lost.at == found.rescue.before == found.provable_until == world.key.certificate.not_valid_after_utc


def test_a_stamped_signature_lacks_revocation_data_by_then(world: World) -> None:
    found = ahead(world, world.signed())
    assert found.lost is not None
    assert (found.lost.kind, found.rescue.action) == ("revocation-data", "preserve")


@pytest.mark.parametrize("stamped", [False, True], ids=["B-LT", "B-LTA"])
def test_a_preserved_file_ends_with_its_newest_timestamp(world: World, *, stamped: bool) -> None:
    found = ahead(world, world.preserved(world.signed(), stamped=stamped), offline=True)
    assert found.lost is not None
    assert (found.lost.kind, found.lost.verdict_too, found.rescue.action) == ("timestamp", True, "preserve-stamped")
    assert "Sandbox TSA" in found.lost.what.en


def test_the_rescue_rescues(world: World) -> None:
    signed = world.signed()
    before = ahead(world, signed).provable_until
    kept = ahead(world, world.preserved(signed)).provable_until
    assert before is not None
    assert kept is not None
    assert kept > before


def test_the_proof_of_time_may_be_lost_before_the_verdict(short: World) -> None:
    """The command without --tsa would not help here: the timestamp is what ends."""
    report = short.report(short.signed())
    found = outlook(report)
    assert found.lost is not None
    assert (found.lost.kind, found.lost.verdict_too, found.rescue.action) == ("timestamp", False, "preserve-stamped")
    assert found.rescue.before == found.lost.at
    assert found.provable_until == report.provable_until
    assert found.lost.at < report.provable_until


def test_what_was_not_renewed_in_time_is_too_late() -> None:
    world = World(tsa_years=1)
    kept = world.preserved(world.signed(), stamped=True)
    world.pass_years(4)
    found = ahead(world, kept)
    assert (found.provable_until, found.lost, found.rescue.action) == (None, None, "sign-again")


def test_answers_beside_the_file_alone_are_lost_today() -> None:
    """A signer whose certificate has ended: only an answer beside the file says that it was not revoked."""
    world = World()
    signed = world.signed()
    answers = Sources.of(crls=world.sandbox.crls())
    world.pass_years(4)
    more = Sources.of(crls=world.sandbox.crls())
    report = world.report(signed, sources=answers + more)
    found = outlook(report)
    assert report
    assert found.lost is not None
    assert found.lost.at == found.provable_until == world.clock.now()
    assert (found.lost.kind, found.rescue.action) == ("revocation-data", "preserve")


@pytest.mark.parametrize("stamped", [False, True], ids=["B-B", "B-T"])
def test_an_anchor_with_a_sunset_ends_first(world: World, *, stamped: bool) -> None:
    sunset = world.clock.now() + timedelta(days=100)
    anchors = (replace(a, sunset=sunset) if a.kind == "signing" else a for a in world.trust.anchors)
    report = verify(
        world.signed(stamped=stamped), TrustStore(tuple(anchors)), sources=world.sandbox.sources,
        transport=world.sandbox, clock=world.clock,
    )  # fmt: skip
    found = outlook(report)
    assert found.lost is not None
    assert (found.lost.kind, found.lost.certificate_sha256) == (
        "anchor",
        world.trust.of_kind("signing")[0].certificate.sha256,
    )
    assert timedelta(0) <= sunset - found.lost.at <= timedelta(seconds=1)


def test_xml_is_told_what_can_be_done_for_it(world: World) -> None:
    form = Document.from_bytes(form_xml(), "form.xml")
    assert ahead(world, world.signed(form, stamped=False)).rescue.action == "preserve-stamped"
    assert ahead(world, world.signed(form)).rescue.action == "preserve"


def _tampered(world: World) -> Document:
    data = bytearray(octets(world.signed()))
    data[300] ^= 1
    return Document.from_bytes(bytes(data), "changed.pdf")


def test_what_does_not_hold_is_told_what_mends_it(world: World) -> None:
    signed = world.signed()
    assert ahead(world, signed, offline=True).rescue.action == "give-status"
    assert ahead(world, _tampered(world)).rescue.action == "ask-original"
    assert ahead(world, world.original()).rescue.action == "sign"
    stranger = verify(signed, World().trust, sources=world.sandbox.sources, transport=world.sandbox, clock=world.clock)
    assert outlook(stranger).rescue.action == "give-trust"
    demanding = Policy("demanding", "1", timestamp_required=True)
    unstamped = verify(
        world.signed(stamped=False), world.trust, policy=demanding, sources=world.sandbox.sources,
        transport=world.sandbox, clock=world.clock,
    )  # fmt: skip
    assert outlook(unstamped).rescue == Rescue("see-reason", unstamped.conclusions[0].findings[0].remedy)


@pytest.mark.parametrize("name", ["a b.pdf", "$(reboot).pdf", "';rm -rf ~;'.pdf", "-o.pdf", "sub/`x`.pdf"])
def test_a_command_names_one_file_whatever_its_name(name: str, world: World) -> None:
    command = ahead(world, world.signed()).rescue.command(name)
    assert command is not None
    words = shlex.split(command)
    assert words[:2] == ["eidkit", "preserve"]
    assert words[2].removeprefix("./") == name
    assert not words[2].startswith("-")
    assert words[3] == "-o"
    assert words[4].removeprefix("./") == name.removesuffix(".pdf") + ".kept.pdf"


def test_a_command_for_a_signature_beside_its_content_asks_for_the_content(world: World) -> None:
    plan = Document.from_bytes(b"two floors", "plan.dwg")
    beside, inside = (world.signed(plan, format="cms", attached=attached) for attached in (False, True))
    found = {
        one.name: outlook(world.report(one, detached=given)).rescue.command(one.name)
        for one, given in ((beside, plan), (inside, ()))
    }
    assert (found["plan.dwg.p7s"] or "").endswith(" --detached CONTENT")
    assert "--detached" not in (found["plan.dwg.p7m"] or "--detached")
