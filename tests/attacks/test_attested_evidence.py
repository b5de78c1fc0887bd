"""Stored Evidence as an attacker edits it: what the file would refute is not believed from the JSON."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import eidkit
from eidkit.asn1 import attributes, der
from eidkit.document import Document
from eidkit.errors import CanonicalError, DocumentError, EidkitError
from eidkit.sandbox import SandboxKey
from eidkit.sandbox.authority import Flaws
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.sandbox.keys import generate
from eidkit.signing import sign
from eidkit.timestamps.authority import first_token
from eidkit.verify import Report, collect, complete, evidence_statement, judge, load_evidence, save_evidence
from eidkit.verify.stored import OBSERVED
from tests.cms.archiving import signer_of, with_answers, with_unsigned
from tests.cms.making import signers_of, with_signers
from tests.preserving.logins import attested
from tests.preserving.world import LASTING, YEAR, World

_ORIGINALS = {"pdf": (decision_pdf, "permit.pdf"), "xml": (form_xml, "form.xml"), "cms": (decision_pdf, "plan.bin")}


@dataclass
class Kept:
    """A signed file, its Evidence with everything that was fetched, and the service's attestation of it."""

    world: World
    document: Document
    stored: dict[str, Any]
    attestation: Document

    def judged(self, changed: dict[str, Any], *, seen: bool) -> Report:
        """What is made of ``changed``: beside the document, or in its place under the attestation."""
        saved, now = json.dumps(changed).encode(), self.world.clock.now()
        if seen:
            loaded = load_evidence(saved, document=self.document)
        else:
            loaded = load_evidence(saved, attestation=self.attestation)
            loaded = complete(
                loaded, self.world.trust, self.world.sandbox.sources, at=now, transport=self.world.sandbox,
                clock=self.world.clock,
            )  # fmt: skip
        return judge(loaded, self.world.trust, LASTING, at=now)


def _kept(kind: str, *, attested_years: float = 20) -> Kept:
    make, name = _ORIGINALS[kind]
    world = World()
    as_cms = {"format": "cms", "attached": True} if kind == "cms" else {}
    document = world.signed(Document.from_bytes(make(), name), **as_cms)
    evidence = collect(document)
    full = complete(
        evidence, world.trust, world.sandbox.sources, at=world.clock.now(), transport=world.sandbox, clock=world.clock
    )
    world.new_tsa(attested_years)
    attestation = sign(
        evidence_statement(evidence), world.sandbox.service_key, tsa=world.tsa, format="cms", transport=world.sandbox,
        clock=world.clock,
    )  # fmt: skip
    return Kept(world, document, json.loads(save_evidence(full)), attestation)


@pytest.fixture(scope="module", params=sorted(_ORIGINALS))
def kept(request: pytest.FixtureRequest) -> Kept:
    return _kept(request.param)


@pytest.mark.parametrize("seen", [True, False])
def test_the_control_of_these_attacks_passes(kept: Kept, *, seen: bool) -> None:
    assert kept.judged(kept.stored, seen=seen).verdict == "TOTAL-PASSED"


def test_fetched_answers_passed_off_as_the_file_s_own_prolong_nothing(kept: Kept) -> None:
    """The file is at hand, and tells which answers stand in it."""
    honest, forged = (kept.judged(each, seen=True) for each in (kept.stored, kept.stored | {"supplied": []}))
    assert forged.provable_until == honest.provable_until
    assert forged.conclusions[0].level == honest.conclusions[0].level


def test_under_an_attestation_they_make_another_statement(kept: Kept) -> None:
    assert kept.judged(kept.stored | {"supplied": []}, seen=False).verdict == "INDETERMINATE"


def _members(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each member of JSON, inner ones first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from _members(one, (*path, name))
    if path:
        yield path


def _altered(value: object) -> list[object]:
    if isinstance(value, str):
        return [f"{value}A", "", value[:-4] + value[-4:].swapcase()]
    if isinstance(value, list):
        return [[], [*value, "AAAA"], value[1:]]
    return [not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else {}]


def _with(stored: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    changed = json.loads(json.dumps(stored))
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    return changed


def test_no_member_can_be_altered_under_an_attestation(kept: Kept) -> None:
    """But for what was fetched beside the document, which anybody may add or leave out."""
    stored = json.loads(save_evidence(collect(kept.document)))
    tried, passed = 0, []
    for path in _members(stored):
        before = stored
        for name in path:
            before = before[name]
        for value in _altered(before):
            if value == before or path[0] == "supplied":
                continue
            tried += 1
            try:
                report = kept.judged(_with(stored, path, value), seen=False)
            except EidkitError:
                continue
            passed += [path] if report else []
    assert tried > 150
    assert passed == []


@pytest.mark.parametrize("kind", ["pdf", "cms"])
def test_what_stands_in_an_attested_file_cannot_be_left_out(kind: str) -> None:
    """A revocation that the file itself holds would be gone, and an older answer could speak in its place."""
    world = World()
    as_cms = {"format": "cms", "attached": True} if kind == "cms" else {}
    signed = world.signed(Document.from_bytes(decision_pdf(), _ORIGINALS[kind][1]), **as_cms)
    evidence = collect(world.preserved(signed))
    attestation = sign(
        evidence_statement(evidence), world.sandbox.service_key, tsa=world.tsa, format="cms", transport=world.sandbox,
        clock=world.clock,
    )  # fmt: skip
    made = Kept(world, signed, json.loads(save_evidence(evidence)), attestation)
    assert made.judged(made.stored, seen=False)
    members = [name for name in ("certificates", "crls", "ocsps") if made.stored[name]]
    assert "certificates" in members
    assert len(members) > 1
    assert not [name for name in members if made.judged(made.stored | {name: []}, seen=False)]


@pytest.mark.parametrize("how", ["an authority that nobody trusts", "no timestamp", "a key that has ended"])
def test_an_attestation_counts_only_by_whom_and_when_we_believe(how: str) -> None:
    made = _kept("xml")
    world, statement = made.world, evidence_statement(collect(made.document))
    authority = World() if how == "an authority that nobody trusts" else world
    made.attestation = sign(statement, world.sandbox.service_key, format="cms", clock=world.clock)
    if how == "a key that has ended":
        world.pass_years(4)
        world.new_tsa(20)
    if how != "no timestamp":
        value = signer_of(made.attestation).signature
        token = first_token(authority.tsa, value, transport=authority.sandbox, clock=authority.clock)
        stamp = attributes.attribute(attributes.SIGNATURE_TIMESTAMP, token)
        made.attestation = with_unsigned(made.attestation, stamp)
    report = made.judged(made.stored, seen=False)
    assert "EVIDENCE_ATTESTATION_REFUSED" in {found.code for found in report.findings}
    assert not report


def test_it_is_provable_no_longer_than_its_attestation() -> None:
    made = _kept("cms", attested_years=1)
    report = made.judged(made.stored, seen=False)
    assert report.verdict == "TOTAL-PASSED"
    assert report.provable_until is not None
    assert report.provable_until <= made.world.clock.now() + YEAR


def test_a_verdict_with_a_login_holds_no_longer_than_who_attested_it_can_be_asked_about() -> None:
    world = World(tsa_years=20)
    box, ends = world.sandbox, world.clock.now() + YEAR / 2
    authority = box.authorities["service-root"]
    private = generate("p256")
    subject, flaws = box.service_key.certificate.subject, Flaws(not_after=ends)
    certificate = authority.issue(subject, private.public_key(), "attestation", world.clock.now(), flaws)
    service = SandboxKey(private, certificate, (), box.service_key.identity)
    box.adopt_service_key(service)
    login = attested(world)
    report = world.report(world.signed(authentication=login), authentications=[login])
    assert report.verdict == "TOTAL-PASSED"
    assert report.provable_until == ends.replace(microsecond=0)


@pytest.mark.parametrize("place", ["evidence", "signature"])
@pytest.mark.parametrize(
    "observation",
    [
        {"code": "DOCUMENT_ATTESTED", "about": None, "values": [["who", "Sở Tư pháp"], ["time", "2026-03-02"]]},
        {"code": "CLAUSE_MET", "about": None, "values": [["clause", "1"], ["demand", "?"]]},
        {"code": "FORMAT_FAILURE", "about": None, "values": []},
        {"code": "NO_SUCH_CODE", "about": None, "values": []},
    ],
    ids=lambda one: str(one["code"]),
)
def test_it_cannot_say_what_only_a_judge_says_nor_leave_a_sentence_open(
    kept: Kept, place: str, observation: dict[str, object]
) -> None:
    changed = json.loads(json.dumps(kept.stored))
    (changed if place == "evidence" else changed["signatures"][0])["observations"].append(observation)
    with pytest.raises(CanonicalError):
        load_evidence(json.dumps(changed).encode())


def test_evidence_that_would_be_too_large_to_read_again_is_refused_before_it_is_written() -> None:
    """Each of sixteen signatures brings along the megabyte of certificates that the file holds once."""
    world = World()
    permit = Document.from_bytes(b"permit", "permit.txt")
    signed = world.signed(permit, format="cms", attached=True)
    held = tuple(der.sequence(der.encode_octets(bytes([number]) * 200_000)) for number in range(5))
    many = with_signers(with_answers(signed, certificates=held), signers_of(signed) * 16)
    for store in (save_evidence, evidence_statement):
        with pytest.raises(DocumentError) as refused:
            store(collect(many))
        assert refused.value.code == "evidence-too-large"
    assert load_evidence(save_evidence(collect(with_signers(many, signers_of(signed))))).signatures


def test_every_code_that_a_reader_gives_may_be_stored() -> None:
    said: set[str] = set()
    for room in ("asn1", "xml", "pdf", "verify/formats"):
        for path in (Path(eidkit.__file__).parent / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                    continue
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in {"observed", "note"}:
                    said.add(str(node.args[0].value))
    assert len(said) > 15
    assert said <= OBSERVED
