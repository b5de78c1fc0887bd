"""A second opinion on what eidkit makes: EU DSS on every file, each other tool on the algorithms that it knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from eidkit.document import Document
from eidkit.sandbox import Sandbox
from eidkit.trust.sources import Sources
from eidkit.verify import collect, verify
from tests.interop import eu_dss, oracles
from tests.interop.making import ROLE, Made, authorities, make_all

# One worker makes the matrix, whatever the number of workers.
pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("matrix")]


class World:
    """A sandbox, everything signed in it, and what a stranger may rely on."""

    def __init__(self, folder: Path) -> None:
        # The tools judge at the present, so the sandbox lives in it too.
        self.sandbox = Sandbox.create()
        self.made = list(make_all(folder, self.sandbox))
        self.crls = self.sandbox.crls()
        self.anchors, self.others = authorities(self.sandbox)
        self.at = datetime.now(UTC)

    def of(self, tool: str) -> list[Made]:
        """The files that ``tool`` is asked about."""
        row = oracles.table()[tool]
        return [m for m in self.made if m.format in row["formats"] and m.scheme.algorithm in row["algorithms"]]

    @cache  # noqa: B019 - one world lives as long as its module
    def opinions(self) -> dict[Path, eu_dss.Verdict]:
        """DSS on every file, in one Java process."""
        material = eu_dss.Material(anchors=self.anchors, certificates=self.others, crls=self.crls)
        return eu_dss.validate([m.path for m in self.made], material, allow_eddsa=True)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("matrix"))


def _failures(made: list[Made], wrong: Callable[[Made], str]) -> list[str]:
    return [f"{m.path.name}: {reason}" for m in made if (reason := wrong(m))]


def test_the_matrix_is_whole(world: World, record_property: Callable[[str, object], None]) -> None:
    signatures = sum(m.signers for m in world.made)
    schemes = len({m.scheme for m in world.made})
    record_property("count", f"matrix: {len(world.made)} files, {signatures} signatures, {schemes} schemes")
    assert len(world.made) == 13 * 2 * 2 * 3 * 2


def test_dss_says_total_passed_at_the_level_we_claim(world: World) -> None:
    oracles.require("java", "mvn")

    def wrong(made: Made) -> str:
        verdict = world.opinions()[made.path]
        if verdict.error or len(verdict.signatures) != made.signers:
            return verdict.error or f"DSS sees {len(verdict.signatures)} signatures"
        bad = [
            s for s in verdict.signatures if (s.indication, s.level, s.intact) != ("TOTAL-PASSED", made.dss_level, True)
        ]
        return "; ".join(f"{s.indication}/{s.subindication} {s.level}: {s.errors}" for s in bad)

    assert _failures(world.made, wrong) == []


def test_dss_finds_the_structure_valid_and_no_undefined_change(world: World) -> None:
    oracles.require("java", "mvn")

    def wrong(made: Made) -> str:
        bad = [s for s in world.opinions()[made.path].signatures if not s.structure_valid or s.undefined_changes]
        return "; ".join(f"structure {s.structure_valid}, {s.undefined_changes} undefined changes" for s in bad)

    assert _failures(world.made, wrong) == []


def test_dss_shows_the_roles(world: World) -> None:
    oracles.require("java", "mvn")

    def wrong(made: Made) -> str:
        wanted = ["CLAIMED", "SIGNED"] if made.assertion else ["CLAIMED"]
        for signature in world.opinions()[made.path].signatures:
            shown = sorted(role.category for role in signature.roles)
            claimed = [role.text for role in signature.roles if role.category == "CLAIMED"]
            if shown != wanted or claimed != [ROLE]:
                return str(signature.roles)
        return ""

    assert _failures(world.made, wrong) == []


def test_dss_passes_every_signature_timestamp(world: World) -> None:
    oracles.require("java", "mvn")

    def wrong(made: Made) -> str:
        for signature in world.opinions()[made.path].signatures:
            stamps = [(t.type, t.indication, t.intact) for t in signature.timestamps]
            if stamps != [("SIGNATURE_TIMESTAMP", "PASSED", True)] * (made.level == "T"):
                return str(signature.timestamps)
        return ""

    assert _failures(world.made, wrong) == []


def test_eidkit_itself_agrees(world: World) -> None:
    sources = Sources.of(crls=world.crls)

    def wrong(made: Made) -> str:
        report = verify(Document.read(made.path), world.sandbox.trust, sources=sources)
        return "" if report and len(report.conclusions) == made.signers else str(report)

    assert _failures(world.made, wrong) == []


def test_qpdf_finds_sound_files(world: World) -> None:
    oracles.require("qpdf")
    assert _failures(world.of("qpdf"), lambda m: _told(oracles.qpdf_check(m.path), 0)) == []


def test_poppler_agrees(world: World) -> None:
    oracles.require("pdfsig")
    assert _failures(world.of("pdfsig"), lambda m: _told(oracles.pdfsig(m.path), m.signers)) == []


def test_pyhankos_own_validator_agrees(world: World) -> None:
    def wrong(made: Made) -> str:
        return _told(oracles.pyhanko(made.path, world.anchors, world.crls, world.at), made.signers)

    assert _failures(world.of("pyhanko"), wrong) == []


def test_xmlsec1_agrees(world: World) -> None:
    oracles.require("xmlsec1")

    def wrong(made: Made) -> str:
        return _told(oracles.xmlsec1(made.path, world.anchors, world.others, made.signers), made.signers)

    assert _failures(world.of("xmlsec1"), wrong) == []


def test_openssl_cms_agrees(world: World) -> None:
    oracles.require("openssl")

    def wrong(made: Made) -> str:
        found = oracles.pdf_signatures(made.path.read_bytes())
        if len(found) != made.signers:
            return f"{len(found)} signatures in the bytes"
        verdicts = [oracles.openssl_cms(cms, octets, world.anchors, world.others) for octets, cms in found]
        return "; ".join(_told(verdict, 1) for verdict in verdicts if not verdict.good)

    assert _failures(world.of("openssl-cms"), wrong) == []


def test_openssl_ts_agrees(world: World) -> None:
    """On the token of every B-T file's signatures, over the octets of the signature value."""
    oracles.require("openssl")

    def wrong(made: Made) -> str:
        signatures = collect(Document.read(made.path)).signatures
        verdicts = [
            oracles.openssl_ts(t.token, s.value, world.anchors, world.others) for s in signatures for t in s.timestamps
        ]
        if len(verdicts) != made.signers:
            return f"{len(verdicts)} tokens"
        return "; ".join(_told(verdict, 1) for verdict in verdicts if not verdict.good)

    stamped = [m for m in world.of("openssl-ts") if m.level == "T" and m.format == "pdf"]
    assert _failures(stamped, wrong) == []


def test_the_table_knows_every_scheme(world: World) -> None:
    """An algorithm that a tool is not asked about is one that the table says it does not know."""
    named = {m.scheme.algorithm for m in world.made}
    for tool, row in oracles.table().items():
        assert named == {*row["algorithms"], *row.get("unknown", {})}, tool


def _told(verdict: oracles.Verdict, signers: int) -> str:
    if verdict.good and verdict.signatures == signers:
        return ""
    return f"{verdict.tool} saw {verdict.signatures}: {' '.join(verdict.detail.split())[-400:]}"
