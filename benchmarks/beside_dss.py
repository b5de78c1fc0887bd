"""EU DSS beside us on the same files: one document in a warm process, and whole processes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.measuring import Row, medians, processes
from tests.interop import eu_dss
from tests.preserving.world import World, octets

if TYPE_CHECKING:
    from pathlib import Path

    from eidkit.document import Document

WARM_ROUNDS = 400


def rows(folder: Path, rounds: int) -> list[Row]:
    """A PDF and an XML form, both at B-T with the revocation lists given; without Java or Maven: an empty list."""
    from eidkit.document import Document
    from eidkit.sandbox import Sandbox
    from eidkit.sandbox.documents import form_xml

    world = World(start=Sandbox.create().clock.now())
    form = Document.from_bytes(form_xml(), "form.xml")
    found: list[Row] = []
    for signed in (world.signed(), world.signed(form)):
        found += beside(world, signed, folder, rounds)
    return found


def beside(world: World, signed: Document, folder: Path, rounds: int) -> list[Row]:
    """One file in a warm process of each, then each as a process of its own."""
    from eidkit.trust.sources import Sources
    from eidkit.verify import verify

    path = folder / signed.name
    signed.write(path)
    crls, data = world.sandbox.crls(), octets(signed)
    material = eu_dss.Material(anchors=[anchor.certificate.der for anchor in world.trust.anchors], crls=crls)
    given = Sources.of(crls=crls)

    def ours() -> object:
        from eidkit.document import Document

        report = verify(Document.from_bytes(data, signed.name), world.trust, sources=given, clock=world.clock)
        if not report:
            raise RuntimeError(f"eidkit does not pass {signed.name}")
        return report

    warm = medians({"ours": ours}, rounds * 5)["ours"]
    kind = signed.format.upper()
    theirs = eu_dss.milliseconds(path, material, WARM_ROUNDS)
    return [Row(f"verify {kind} B-T, warm", warm, "EU DSS, warm", theirs), process(world, path, material, kind, rounds)]


def process(world: World, path: Path, material: eu_dss.Material, kind: str, rounds: int) -> Row:
    """Both command lines on one file, from nothing."""
    given = path.parent / f"{path.stem}-given"
    given.mkdir()
    ours = [sys.executable, "-m", "eidkit.cli", "verify", str(path), "--offline"]
    for number, anchor in enumerate(world.trust.anchors):
        (root := given / f"root-{number}.der").write_bytes(anchor.certificate.der)
        ours += ["--tsa-trust" if anchor.kind == "timestamping" else "--trust", str(root)]
    for number, data in enumerate(material.crls):
        (crl := given / f"{number}.crl").write_bytes(data)
        ours += ["--crl", str(crl)]
    subprocess.run(ours, check=True, capture_output=True)
    with eu_dss.command([path], material) as theirs:
        found = processes({"ours": ours, "theirs": theirs}, rounds)
    return Row(f"verify {kind} B-T, whole process", found["ours"], "EU DSS, whole process", found["theirs"])
