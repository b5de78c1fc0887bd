"""A second opinion on signatures that are seen: a new stamp, one in a field of the form, a later signer."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest

from eidkit.document import Document
from eidkit.pdf.newfile import Part
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf
from eidkit.signing import Appearance, Place, preserve, sign
from eidkit.trust.sources import Sources
from eidkit.verify import collect
from tests.appearance.papers import field, paper, seal
from tests.interop import eu_dss, oracles
from tests.interop.making import authorities

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("matrix")]

_TEXT = {"title": "NGUYỄN THỊ LAN", "text": "Trưởng phòng\nĐã duyệt", "border": True}
_SIGNERS = {
    "stamp": 1,
    "stamp-with-image": 1,
    "stamp-on-a-turned-page": 1,
    "stamp-in-a-field": 1,
    "unseen-in-a-field": 1,
    "second-signer-visible": 2,
    "both-visible": 2,
    "visible-lta": 1,
    "seal-over-signature": 2,
}
_OVERLAPPING = "seal-over-signature"


class Seen:
    """A sandbox that lives at the present, visible signatures made in it, and the opinions on them."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = sandbox = Sandbox.create()
        self.anchors, self.others = authorities(sandbox)
        lan = sandbox.official("Nguyễn Thị Lan", "000190000022", title="Trưởng phòng")
        binh = sandbox.official("Trần Văn Bình", "000080000033")
        permit = Document.from_bytes(decision_pdf(), "permit.pdf")
        page = Part({}, b"BT /F 18 Tf 60 60 Td (An application) Tj ET")
        form = paper({"Contents": page}, fields=(field("Clerk"), field("Leader", [300, 600, 500, 660])))
        turned = paper({"Contents": page, "Rotate": 90, "CropBox": [20, 30, 560, 800]})
        first = Appearance(at=Place(1, 20, 250, 80, 20), **_TEXT)
        second = Appearance(at=Place(1, 125, 261, 60, 13), text="Trần Văn Bình")

        def signed(document: Document, key: object, **asked: object) -> Document:
            return sign(document, key, tsa=sandbox.tsa, transport=sandbox, **asked)  # type: ignore[arg-type]

        stamped = signed(permit, lan, appearance=first)
        crls = Sources.of(crls=sandbox.crls())
        made = {
            "stamp": stamped,
            "stamp-with-image": signed(permit, lan, appearance=Appearance(at=first.at, image=seal(), **_TEXT)),
            "stamp-on-a-turned-page": signed(turned, lan, appearance=Appearance(at=Place(1, 20, 30, 80, 20), **_TEXT)),
            "stamp-in-a-field": signed(form, lan, appearance=Appearance(at="Leader", **_TEXT)),
            "unseen-in-a-field": signed(form, lan, field="Leader"),
            "second-signer-visible": signed(signed(permit, lan), binh, appearance=second),
            "both-visible": signed(stamped, binh, appearance=second),
            "visible-lta": preserve(stamped, sandbox.trust, tsa=sandbox.tsa, sources=crls, transport=sandbox),
        }
        over = Appearance(at=Place(1, 90, 245, 30, 30), image=seal())
        made["seal-over-signature"] = signed(stamped, binh, appearance=over)
        self.paths = {name: folder / f"{name}.pdf" for name in made}
        for name, document in made.items():
            document.write(self.paths[name])

    @cached_property
    def opinions(self) -> dict[Path, eu_dss.Verdict]:
        """DSS on every file, in one Java process."""
        material = eu_dss.Material(anchors=self.anchors, certificates=self.others, crls=self.sandbox.crls())
        return eu_dss.validate(list(self.paths.values()), material)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return Seen(tmp_path_factory.mktemp("visible"))


@pytest.mark.parametrize("name", _SIGNERS)
def test_dss_says_total_passed_and_sees_no_other_change(name: str, seen: Seen) -> None:
    oracles.require("java", "mvn")
    found = seen.opinions[seen.paths[name]]
    assert found.error is None
    level = "PAdES-BASELINE-LTA" if name == "visible-lta" else "PAdES-BASELINE-T"
    said = [(s.indication, s.level, s.intact, s.structure_valid, s.undefined_changes) for s in found.signatures]
    assert said == [("TOTAL-PASSED", level, True, True, 0)] * _SIGNERS[name], [s.errors for s in found.signatures]


@pytest.mark.parametrize("name", _SIGNERS)
def test_dss_warns_of_nothing(name: str, seen: Seen) -> None:
    """Neither of visual differences nor of overlapping annotations; where there are some it does, and so do we."""
    oracles.require("java", "mvn")
    warnings = [text for s in seen.opinions[seen.paths[name]].signatures for text in s.warnings]
    assert warnings == (["Elements overlap on page(s) [1]"] * 2 if name == _OVERLAPPING else [])
    found = {reason.code for s in collect(Document.read(seen.paths[name])).signatures for reason in s.observations}
    assert ("APPEARANCE_OVERLAPS" in found) == (name == _OVERLAPPING)


@pytest.mark.parametrize("name", _SIGNERS)
def test_poppler_qpdf_and_pyhanko_agree(name: str, seen: Seen) -> None:
    oracles.require("qpdf", "pdfsig")
    path = seen.paths[name]
    assert oracles.qpdf_check(path).good
    said = oracles.pdfsig(path).detail
    assert said.count("Signature Validation: Signature is Valid.") == _SIGNERS[name]
    assert said.count("Signature is Invalid") == 0
    checked = oracles.pyhanko(path, seen.anchors, seen.sandbox.crls(), datetime.now(UTC))
    assert checked.good, checked.detail
