"""A second opinion on what is made to last: B-LT and B-LTA, fresh and renewed, of our files, pyHanko's and DSS's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest

from eidkit.document import Document
from eidkit.trust.sources import Sources
from tests.interop import by_dss, eu_dss, oracles
from tests.interop.making import authorities
from tests.preserving.world import World, verdict

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("matrix")]

_OURS = (
    "ours-lt",
    "ours-lta",
    "ours-lta-renewed",
    "ours-lta-from-b",
    "ours-lta-two-signers",
    "ours-lta-rsa",
    "ours-lta-ocsp",
)
_WITH_SIGNATURE_TIMESTAMP = ("ours-lta", "ours-lta-renewed", "ours-lta-two-signers", "ours-lta-rsa")
_THEIRS = ("theirs-t-lta", "theirs-lt-lta", "theirs-lta-renewed")
_BY_DSS = {"dss-b-lta": "B", "dss-t-lta": "T", "dss-lt-lta": "LT", "dss-lta-renewed": "LTA"}
_ALL = (*_OURS, *_THEIRS, *_BY_DSS)


class Kept:
    """One world that lives at the present, its preserved files, and the opinions on them."""

    def __init__(self, folder: Path) -> None:
        from tests.preserving import by_pyhanko

        self.world = World(start=datetime.now(UTC))
        self.anchors, self.others = authorities(self.world.sandbox)
        world = self.world
        sealed = {"stamped": True, "sources": Sources.of(crls=world.sandbox.crls())}
        signed = world.signed()
        second = world.sandbox.official("Trần Văn Bình", "001199000052", key="rsa2048")
        lta = world.preserved(signed, **sealed)
        made = {
            "ours-lt": world.preserved(signed),
            "ours-lta": lta,
            "ours-lta-renewed": world.preserved(world.preserved(lta, **sealed), **sealed),
            "ours-lta-from-b": world.preserved(world.signed(stamped=False), **sealed),
            "ours-lta-two-signers": world.preserved(world.signed(signed, key=second), **sealed),
            "ours-lta-ocsp": world.preserved(signed, stamped=True),
            "ours-lta-rsa": world.preserved(world.signed(key=second, pss=True), **sealed),
        }
        for level in ("T", "LT", "LTA"):
            name = f"theirs-{level.lower()}-{'renewed' if level == 'LTA' else 'lta'}"
            made[name] = world.preserved(by_pyhanko.made(world, level), **sealed)
        if all(map(shutil.which, ("java", "mvn"))):
            made |= {name: self._by_dss(level) for name, level in _BY_DSS.items()}
        self.paths = {name: folder / f"{name}.pdf" for name in made}
        for name, document in made.items():
            document.write(self.paths[name])

    def _by_dss(self, level: str) -> Document:
        """What DSS signs up to ``level``, taken further by us; it takes the machine's time, so ours is set to it."""
        theirs = by_dss.made(self.world, level)
        self.world.clock.advance(datetime.now(UTC) - self.world.clock.now())
        return self.world.preserved(theirs, stamped=True, sources=Sources.of(crls=self.world.sandbox.crls()))

    def path(self, name: str) -> Path:
        """The file of that name; what DSS was to make is visibly skipped where DSS is not there."""
        if name in _BY_DSS:
            oracles.require("java", "mvn")
        return self.paths[name]

    @cached_property
    def opinions(self) -> dict[Path, eu_dss.Verdict]:
        """DSS on every file, from the anchors and the file alone, in one Java process."""
        return eu_dss.validate(list(self.paths.values()), eu_dss.Material(anchors=self.anchors))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("preserved"))


@pytest.mark.parametrize("name", _ALL)
def test_dss_says_total_passed_at_the_level_we_claim(name: str, kept: Kept) -> None:
    oracles.require("java", "mvn")
    found = kept.opinions[kept.path(name)]
    level = "PAdES-BASELINE-LT" if name == "ours-lt" else "PAdES-BASELINE-LTA"
    assert found.error is None
    assert found.signatures
    assert {(s.level, s.indication, s.intact, s.undefined_changes) for s in found.signatures} == {
        (level, "TOTAL-PASSED", True, 0)
    }, [(s.errors, s.warnings) for s in found.signatures]
    assert {t.indication for t in found.timestamps} <= {"PASSED"}


@pytest.mark.parametrize("name", _ALL)
def test_eidkit_itself_agrees(name: str, kept: Kept) -> None:
    report = kept.world.report(Document.read(kept.path(name)))
    assert verdict(report) == ("TOTAL-PASSED", None)
    assert all(t.indication == "PASSED" for t in report.timestamps)


@pytest.mark.parametrize("name", _ALL)
def test_qpdf_finds_sound_files(name: str, kept: Kept) -> None:
    oracles.require("qpdf")
    said = oracles.qpdf_check(kept.path(name))
    assert said.good, said.detail


@pytest.mark.parametrize("name", _ALL)
def test_poppler_agrees(name: str, kept: Kept) -> None:
    """On the signatures: of document timestamps it says that it does not verify them."""
    oracles.require("pdfsig")
    said = oracles.pdfsig(kept.path(name)).detail
    signatures = 2 if name == "ours-lta-two-signers" else 1
    assert said.count("Signature Validation: Signature is Valid.") == signatures
    assert said.count("Signature is Invalid") == 0


@pytest.mark.parametrize("name", _ALL)
def test_pyhankos_own_validator_agrees(name: str, kept: Kept) -> None:
    now = kept.world.clock.now()
    said = oracles.pyhanko(kept.path(name), kept.anchors, kept.world.sandbox.crls(), now)
    assert said.good, said.detail


@pytest.mark.parametrize("name", [*_WITH_SIGNATURE_TIMESTAMP, *_THEIRS, *(n for n in _BY_DSS if n != "dss-b-lta")])
def test_pyhankos_long_term_process_agrees(name: str, kept: Kept) -> None:
    """Its AdES process with archival timestamps, from the anchors and the file alone.

    Two files are left out, and :mod:`tests.preserving.test_others` shows why.
    """
    assert oracles.pyhanko_lta(kept.path(name), kept.anchors) == ["PASSED"] * (
        2 if name == "ours-lta-two-signers" else 1
    )


def test_the_counts_are_told(kept: Kept, record_property: Callable[[str, object], None]) -> None:
    """How many of the files that are there DSS passes at their level."""
    oracles.require("java", "mvn")
    passed = sum(
        all(s.indication == "TOTAL-PASSED" and s.level.startswith("PAdES-BASELINE-LT") for s in verdict.signatures)
        for verdict in kept.opinions.values()
    )
    record_property("count", f"preserved files that DSS passes at B-LT or B-LTA: {passed} of {len(_ALL)}")
    assert passed == len(_ALL)
