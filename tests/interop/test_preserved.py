"""A second opinion on what is made to last: B-LT and B-LTA, fresh and renewed, of our own files and of pyHanko's."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest

from eidkit.document import Document
from eidkit.trust.sources import Sources
from tests.interop import dss, oracles
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
        self.paths = {name: folder / f"{name}.pdf" for name in made}
        for name, document in made.items():
            document.write(self.paths[name])

    @cached_property
    def opinions(self) -> dict[Path, dss.Verdict]:
        """DSS on every file, from the anchors and the file alone, in one Java process."""
        return dss.validate(list(self.paths.values()), dss.Material(anchors=self.anchors))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("preserved"))


@pytest.mark.parametrize("name", [*_OURS, *_THEIRS])
def test_dss_says_total_passed_at_the_level_we_claim(name: str, kept: Kept) -> None:
    oracles.require("java", "mvn")
    found = kept.opinions[kept.paths[name]]
    level = "PAdES-BASELINE-LT" if name == "ours-lt" else "PAdES-BASELINE-LTA"
    assert found.error is None
    assert found.signatures
    assert {(s.level, s.indication, s.intact, s.undefined_changes) for s in found.signatures} == {
        (level, "TOTAL-PASSED", True, 0)
    }, [(s.errors, s.warnings) for s in found.signatures]
    assert {t.indication for t in found.timestamps} <= {"PASSED"}


@pytest.mark.parametrize("name", [*_OURS, *_THEIRS])
def test_eidkit_itself_agrees(name: str, kept: Kept) -> None:
    report = kept.world.report(Document.read(kept.paths[name]))
    assert verdict(report) == ("TOTAL-PASSED", None)
    assert all(t.indication == "PASSED" for t in report.timestamps)


@pytest.mark.parametrize("name", [*_OURS, *_THEIRS])
def test_qpdf_finds_sound_files(name: str, kept: Kept) -> None:
    oracles.require("qpdf")
    said = oracles.qpdf_check(kept.paths[name])
    assert said.good, said.detail


@pytest.mark.parametrize("name", [*_OURS, *_THEIRS])
def test_poppler_agrees(name: str, kept: Kept) -> None:
    """On the signatures: of document timestamps it says that it does not verify them."""
    oracles.require("pdfsig")
    said = oracles.pdfsig(kept.paths[name]).detail
    signatures = 2 if name == "ours-lta-two-signers" else 1
    assert said.count("Signature Validation: Signature is Valid.") == signatures
    assert said.count("Signature is Invalid") == 0


@pytest.mark.parametrize("name", [*_OURS, *_THEIRS])
def test_pyhankos_own_validator_agrees(name: str, kept: Kept) -> None:
    now = kept.world.clock.now()
    said = oracles.pyhanko(kept.paths[name], kept.anchors, kept.world.sandbox.crls(), now)
    assert said.good, said.detail


@pytest.mark.parametrize("name", [*_WITH_SIGNATURE_TIMESTAMP, *_THEIRS])
def test_pyhankos_long_term_process_agrees(name: str, kept: Kept) -> None:
    """Its AdES process with archival timestamps, from the anchors and the file alone.

    It demands a signature timestamp, and finds no OCSP answer that a root signed itself; DSS and we do.
    """
    assert oracles.pyhanko_lta(kept.paths[name], kept.anchors) == ["PASSED"] * (
        2 if name == "ours-lta-two-signers" else 1
    )
