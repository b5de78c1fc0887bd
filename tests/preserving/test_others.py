"""Files that other products signed and preserved, taken further: pyHanko's, made here, and those of the DSS corpus."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from eidkit.asn1 import certificate as certificates
from eidkit.document import Document
from eidkit.errors import DocumentError, EidkitError
from eidkit.pdf.preserving_revision import preserving_revision
from eidkit.pdf.security_store import SecurityStore
from eidkit.sandbox import Sandbox
from eidkit.timestamps.authority import token_over
from eidkit.trust.sources import Sources
from eidkit.verify import collect
from tests.preserving.world import World, octets, verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eidkit.verify.evidence import Evidence, SignatureEvidence

PASSED = ("TOTAL-PASSED", None)


@pytest.fixture
def today() -> World:
    """pyHanko's signer takes the machine's time."""
    return World(start=datetime.now(UTC))


@pytest.mark.parametrize("level", ["T", "LT", "LTA"])
def test_a_file_of_pyhanko_s_is_taken_further(level: str, today: World) -> None:
    from tests.preserving import by_pyhanko

    theirs = by_pyhanko.made(today, level)
    today.new_tsa(12)
    kept = today.preserved(theirs, stamped=True)
    assert octets(kept).startswith(octets(theirs))
    before, after = collect(theirs), collect(kept)
    assert set(before.certificates) <= set(after.certificates)
    assert len(after.certificates) == len(set(after.certificates))
    report = today.report(kept)
    assert verdict(report) == PASSED
    assert [(c.level, c.evidence.coverage.modifications) for c in report.conclusions] == [("PAdES-B-LTA", "extension")]
    today.pass_years(6)
    assert verdict(today.report(kept)) == PASSED
    assert not today.report(theirs)


def test_the_vri_of_pyhanko_s_store_stays(today: World) -> None:
    from eidkit.pdf.revisions import open_file
    from tests.preserving import by_pyhanko

    theirs = by_pyhanko.made(today, "LT")
    kept = today.preserved(theirs, stamped=True, sources=None)
    views = [open_file(one).reader.root["/DSS"]["/VRI"].keys() for one in (theirs, kept)]
    assert views[0] == views[1]


# ── where pyHanko's long-term process stops ───────────────────────────────────────────────────────────────


def _process(document: Document, world: World, folder: Path) -> list[str]:
    from tests.interop import oracles
    from tests.interop.making import authorities

    path = folder / "kept.pdf"
    document.write(path)
    return oracles.pyhanko_lta(path, authorities(world.sandbox)[0])


def test_it_does_not_pass_what_pyhanko_itself_keeps_with_ocsp_answers(today: World, tmp_path: Path) -> None:
    """So it is no fault of ours that it does not pass our file with the same answers; DSS and we pass both."""
    from tests.preserving import by_pyhanko

    ours = today.preserved(today.signed(), stamped=True)
    answers = collect(ours).ocsps
    theirs = by_pyhanko.made(today, "LTA", ocsps=answers)
    assert set(collect(theirs).ocsps) == set(answers)
    assert _process(ours, today, tmp_path) == _process(theirs, today, tmp_path) == ["INDETERMINATE"]
    today.clock.advance(datetime.now(UTC) - today.clock.now())
    assert verdict(today.report(ours)) == verdict(today.report(theirs)) == PASSED


def test_it_wants_a_timestamp_over_the_signature_value(today: World, tmp_path: Path) -> None:
    """A document timestamp, which proves the same time, is not looked at for that (EN 319 142-1 §6.3, level B-T)."""
    answers = Sources.of(crls=today.sandbox.crls())
    bare = today.preserved(today.signed(stamped=False), stamped=True, sources=answers)
    stamped = today.preserved(today.signed(), stamped=True, sources=answers)
    assert _process(stamped, today, tmp_path) == ["PASSED"]
    assert _process(bare, today, tmp_path) == ["INDETERMINATE"]
    assert verdict(today.report(bare)) == PASSED


# ── the DSS corpus ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.corpus
def test_files_of_the_dss_corpus_are_extended_without_harm(corpus: Callable[[str], Path]) -> None:
    """Whatever wrote them (hybrid, linearized, with stores and locks of their own), they are the same afterwards."""
    sandbox = Sandbox.create()
    extra = certificates.of(sandbox.authorities["root"].certificate).der
    extended, wrong, refused = 0, [], []
    for path in sorted(corpus("dss/dss-pades").rglob("*.pdf")):
        try:
            document = Document.read(path)
            before = collect(document)
        except EidkitError:
            continue  # not readable at all: nothing to extend
        if before.signatures:
            try:
                after = collect(_extended(sandbox, document, extra))
            except DocumentError:
                refused.append(path.name)
                continue
            wrong += [f"{path.name}: {what}" for what in _harm(before, after, extra)]
            extended += 1
    assert wrong == []
    assert refused == ["siwa.pdf"]  # an attack: its newest cross-references are not followed by the end of the file
    assert extended >= 30


def _extended(sandbox: Sandbox, document: Document, extra: bytes) -> Document:
    revision = preserving_revision(document, SecurityStore((extra,), (), ()), 4096)
    covered = document.spliced(document.length, revision.data)
    token = token_over(sandbox.tsa, covered.digest("sha256", revision.ranges), "sha256", transport=sandbox)
    return document.spliced(document.length, revision.filled(token))


def _harm(before: Evidence, after: Evidence, extra: bytes) -> list[str]:
    found = [
        f"{one.id} was {_surroundings(one)}, is {_surroundings(two)}"
        for one, two in zip(before.signatures, after.signatures, strict=True)
        if _surroundings(two) not in {_surroundings(one), ("extension", True)}
    ]
    if set(after.certificates) != {*before.certificates, extra}:
        found.append("its store lost or gained certificates")
    if set(after.crls) != set(before.crls) or set(after.ocsps) != set(before.ocsps):
        found.append("its store lost or gained answers")
    if len(after.timestamps) != len(before.timestamps) + 1:
        found.append("it has no new document timestamp")
    return found


def _surroundings(signature: SignatureEvidence) -> tuple[str, bool]:
    coverage = signature.coverage
    return (coverage.modifications, coverage.modifications_allowed) if coverage else ("none", True)
