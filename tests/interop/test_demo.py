"""A second opinion on a finished dossier: what `eidkit demo` leaves behind, judged by DSS from its folder alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop import eu_dss, oracles

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("matrix")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("demo")
    run = subprocess.run(
        [sys.executable, "-m", "eidkit.cli", "demo", "-o", str(place)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return place


def test_dss_passes_all_five_steps_of_both_documents(folder: Path) -> None:
    oracles.require("java", "mvn")
    documents = folder / "dossier" / "documents"
    kept = sorted((folder / "dossier" / "validation").iterdir())
    material = eu_dss.Material(
        anchors=[path.read_bytes() for path in sorted((folder / "anchors").rglob("*.der"))],
        crls=[path.read_bytes() for path in kept if path.suffix == ".crl"],
        ocsps=[path.read_bytes() for path in kept if path.suffix == ".ocsp"],
    )
    files = [documents / "permit.pdf", documents / "form.xml"]
    verdicts = eu_dss.validate(files, material, allow_eddsa=True)
    for file, level in zip(files, ("PAdES-BASELINE-T", "XAdES-BASELINE-T"), strict=True):
        found = [(s.level, s.indication, sorted(r.category for r in s.roles)) for s in verdicts[file].signatures]
        assert found == [(level, "TOTAL-PASSED", ["CLAIMED", "SIGNED"])] * 5


def test_qpdf_finds_the_five_times_signed_file_sound(folder: Path) -> None:
    oracles.require("qpdf")
    assert oracles.qpdf_check(folder / "dossier" / "documents" / "permit.pdf").good
