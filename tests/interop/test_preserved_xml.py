"""A second opinion on XML that is made to last: B-LT and B-LTA, fresh and renewed, of our files and of EU DSS's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest

from eidkit.document import Document
from eidkit.sandbox.documents import form_xml
from eidkit.trust.sources import Sources
from tests.interop import by_dss, eu_dss, oracles
from tests.interop.making import authorities
from tests.preserving.world import World

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("matrix")]

_OURS = {
    "ours-lt": "LT", "ours-lta": "LTA", "ours-lta-renewed": "LTA", "ours-lta-from-b": "LTA",
    "ours-lta-two-signers": "LTA", "ours-lt-two-signers": "LT", "ours-lta-rsa": "LTA", "ours-lta-ocsp": "LTA",
}  # fmt: skip
_BY_DSS = {
    "dss-b-lta": ("B", "ENVELOPED"), "dss-t-lt": ("T", "ENVELOPED"), "dss-t-lta": ("T", "ENVELOPING"),
    "dss-lt-lta": ("LT", "ENVELOPED"), "dss-lta-renewed": ("LTA", "ENVELOPED"),
}  # fmt: skip
_LEVELS = _OURS | {name: name.rpartition("-")[2].replace("renewed", "lta").upper() for name in _BY_DSS}


class Kept:
    """One world that lives at the present, its preserved files, and DSS's opinion on them."""

    def __init__(self, folder: Path) -> None:
        oracles.require("java", "mvn")
        self.world = World(start=datetime.now(UTC))
        self.anchors, _ = authorities(self.world.sandbox)
        self.form = Document.from_bytes(form_xml(), "form.xml")
        made = self._ours() | {name: self._by_dss(name, *how) for name, how in _BY_DSS.items()}
        self.paths = {name: folder / f"{name}.xml" for name in made}
        for name, document in made.items():
            document.write(self.paths[name])

    def _ours(self) -> dict[str, Document]:
        world = self.world
        plain, sealed = ({"stamped": on, "sources": Sources.of(crls=world.sandbox.crls())} for on in (False, True))
        signed = world.signed(self.form)
        second = world.sandbox.official("Trần Văn Bình", "001199000052", key="rsa2048")
        lta = world.preserved(signed, **sealed)
        return {
            "ours-lt": world.preserved(signed, **plain),
            "ours-lta": lta,
            "ours-lta-renewed": world.preserved(world.preserved(lta, **sealed), **sealed),
            "ours-lta-from-b": world.preserved(world.signed(self.form, stamped=False), **sealed),
            "ours-lta-two-signers": world.preserved(world.signed(lta, key=second), **sealed),
            "ours-lt-two-signers": world.preserved(world.signed(signed, key=second), **plain),
            "ours-lta-rsa": world.preserved(world.signed(self.form, key=second), **sealed),
            "ours-lta-ocsp": world.preserved(signed, stamped=True),
        }

    def _by_dss(self, name: str, level: str, packaging: str) -> Document:
        """What DSS signs up to ``level``, taken further by us; it takes the machine's time, so ours is set to it."""
        theirs = by_dss.made(self.world, level, kind="XAdES", document=self.form, packaging=packaging)
        self.world.clock.advance(datetime.now(UTC) - self.world.clock.now())
        asked = Sources.of(crls=self.world.sandbox.crls())
        return self.world.preserved(theirs, stamped=_LEVELS[name] == "LTA", sources=asked)

    @cached_property
    def opinions(self) -> dict[Path, eu_dss.Verdict]:
        """DSS on every file, from the anchors and the file alone, in one Java process."""
        return eu_dss.validate(list(self.paths.values()), eu_dss.Material(anchors=self.anchors))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("preserved"))


@pytest.mark.parametrize("name", _LEVELS)
def test_dss_says_total_passed_at_the_level_we_claim(name: str, kept: Kept) -> None:
    found = kept.opinions[kept.paths[name]]
    assert found.error is None
    assert len(found.signatures) == (2 if "two" in name else 1)
    assert {(s.level, s.indication, s.intact) for s in found.signatures} == {
        (f"XAdES-BASELINE-{_LEVELS[name]}", "TOTAL-PASSED", True)
    }, [(s.level, s.errors, s.warnings) for s in found.signatures]
    assert {t.indication for s in found.signatures for t in s.timestamps} == {"PASSED"}


@pytest.mark.parametrize("name", _LEVELS)
def test_eidkit_itself_agrees(name: str, kept: Kept) -> None:
    """From the file alone: but for the newest archive timestamp, whose status comes with the next one."""
    report = kept.world.report(Document.read(kept.paths[name]), offline=True)
    assert {(c.level, c.indication) for c in report.conclusions} == {(f"XAdES-B-{_LEVELS[name]}", "TOTAL-PASSED")}
    assert all(t.intact for c in report.conclusions for t in c.timestamps)


def test_the_counts_are_told(kept: Kept, record_property: Callable[[str, object], None]) -> None:
    passed = sum(
        all(s.indication == "TOTAL-PASSED" and s.level == f"XAdES-BASELINE-{_LEVELS[name]}" for s in opinion.signatures)
        for name, opinion in ((name, kept.opinions[path]) for name, path in kept.paths.items())
    )
    record_property("count", f"preserved XML files that DSS passes at their level: {passed} of {len(_LEVELS)}")
    assert passed == len(_LEVELS)
