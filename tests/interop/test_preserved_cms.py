"""A second opinion on CMS made to last: B-LT and B-LTA, fresh and renewed, of our files and of DSS's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.asn1 import archive
from eidkit.document import Document
from eidkit.trust.sources import Sources
from tests.cms.archiving import signer_of
from tests.interop import by_dss, eu_dss, oracles
from tests.interop.making import authorities
from tests.preserving.test_cms_levels import PERMIT, countered, signed
from tests.preserving.world import World

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("matrix")]

_LEVELS = {
    "ours-lt": ("LT",),
    "ours-lt-ocsp": ("LT",),
    "ours-lta": ("LTA",),
    "ours-lta-ocsp": ("LTA",),
    "ours-lta-sha512": ("LTA",),
    "ours-lta-from-b": ("LTA",),
    "ours-lta-renewed": ("LTA",),
    "ours-lta-two-signers": ("LTA", "LTA"),
    "ours-lta-rsa": ("LTA",),
    "ours-lta-countered": ("LTA", "LT", "LTA"),
    "ours-lta-detached": ("LTA",),
    "ours-lta-detached-renewed": ("LTA",),
}
_BY_DSS = {"dss-b-lta": "B", "dss-t-lta": "T", "dss-lt-lta": "LT", "dss-lta-renewed": "LTA"}
_BESIDE = {f"{name}-detached": level for name, level in _BY_DSS.items()}
_ALL = (*_LEVELS, *_BY_DSS, *_BESIDE)


def _detached(name: str) -> bool:
    return "detached" in name


class Kept:
    """One world that lives at the present, its preserved files, and the opinions on them."""

    def __init__(self, folder: Path) -> None:
        self.world = world = World(start=datetime.now(UTC))
        self.anchors, self.others = authorities(world.sandbox)
        self.folder = folder
        self.content = folder / "permit.txt"
        PERMIT.write(self.content)
        one, beside = signed(world), signed(world, attached=False)
        second = world.sandbox.official("Trần Văn Bình", "001199000052", key="rsa2048")
        made = {
            "ours-lt": self._kept(one, stamped=False),
            "ours-lt-ocsp": world.preserved(one),
            "ours-lta": self._kept(one),
            "ours-lta-ocsp": world.preserved(one, stamped=True),
            "ours-lta-sha512": self._kept(one, digest="sha512"),
            "ours-lta-from-b": self._kept(signed(world, stamped=False)),
            "ours-lta-renewed": self._kept(self._kept(self._kept(one))),
            "ours-lta-two-signers": self._kept(world.signed(one, key=second)),
            "ours-lta-rsa": self._kept(signed(world, key=second, pss=True)),
            "ours-lta-countered": self._kept(self._kept(countered(world))),
            "ours-lta-detached": self._kept(beside),
            "ours-lta-detached-renewed": self._kept(self._kept(beside)),
        }
        if all(map(shutil.which, ("java", "mvn"))):
            made |= {name: self._by_dss(level, "ENVELOPING") for name, level in _BY_DSS.items()}
            made |= {name: self._by_dss(level, "DETACHED") for name, level in _BESIDE.items()}
        self.paths = {name: folder / f"{name}.p7m" for name in made}
        for name, document in made.items():
            document.write(self.paths[name])

    def _kept(self, document: Document, *, stamped: bool = True, digest: str = "sha256") -> Document:
        lists = Sources.of(crls=self.world.sandbox.crls())
        return self.world.preserved(document, stamped=stamped, digest=digest, sources=lists, detached=PERMIT)

    def _by_dss(self, level: str, packaging: str) -> Document:
        """What DSS signs up to ``level``, taken further by us; it takes the machine's time, so ours is set to it."""
        theirs = by_dss.made(self.world, level, kind="CAdES", document=PERMIT, packaging=packaging)
        self.world.clock.advance(datetime.now(UTC) - self.world.clock.now())
        return self._kept(theirs)

    def path(self, name: str) -> Path:
        """The file of that name; what DSS was to make is visibly skipped where DSS is not there."""
        if name in {*_BY_DSS, *_BESIDE}:
            oracles.require("java", "mvn")
        return self.paths[name]

    @cached_property
    def opinions(self) -> dict[Path, eu_dss.Verdict]:
        """DSS on every file, from the anchors and the file alone."""
        material = eu_dss.Material(anchors=self.anchors)
        inside, beside = ([p for n, p in self.paths.items() if _detached(n) == form] for form in (False, True))
        return eu_dss.validate(inside, material) | eu_dss.validate(beside, material, detached=[self.content])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("kept-cms"))


@pytest.mark.parametrize("name", _ALL)
def test_dss_says_total_passed_at_the_level_we_claim(name: str, kept: Kept) -> None:
    oracles.require("java", "mvn")
    found = kept.opinions[kept.path(name)]
    wanted = [(f"CAdES-BASELINE-{level}", "TOTAL-PASSED", True, True) for level in _LEVELS.get(name, ("LTA",))]
    assert found.error is None
    told = [(s.level, s.indication, s.intact, s.structure_valid) for s in found.signatures]
    assert told == wanted, [(s.errors, s.warnings) for s in found.signatures]
    assert {(t.indication, t.intact) for s in found.signatures for t in s.timestamps} == {("PASSED", True)}


@pytest.mark.parametrize("name", _ALL)
def test_eidkit_itself_agrees(name: str, kept: Kept) -> None:
    beside = {"detached": PERMIT} if _detached(name) else {}
    report = kept.world.report(Document.read(kept.path(name)), **beside)
    assert report
    levels = tuple(conclusion.level for conclusion in report.conclusions)
    assert levels == tuple(f"CAdES-B-{level}" for level in _LEVELS.get(name, ("LTA",)))
    assert {stamp.indication for c in report.conclusions for stamp in c.timestamps} == {"PASSED"}


@pytest.mark.parametrize("name", _ALL)
def test_openssl_still_verifies_the_signatures(name: str, kept: Kept) -> None:
    oracles.require("openssl")
    anchors = _pem(kept.folder / "anchors.pem", kept.anchors)
    beside = ["-content", str(kept.content)] if _detached(name) else []
    verdict = subprocess.run(
        ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", str(kept.path(name)), *beside,
         "-out", os.devnull, "-purpose", "any", "-CAfile", anchors],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verdict.returncode == 0, verdict.stderr


@pytest.mark.parametrize("name", ["ours-lta", "ours-lta-renewed", "ours-lta-detached"])
def test_openssl_verifies_the_archive_timestamps_themselves(name: str, kept: Kept) -> None:
    """Each is a timestamp token like any other, over the octets of EN 319 122-1 §5.5.3 put together by hand here."""
    oracles.require("openssl")
    import hashlib

    from eidkit.asn1 import assembly, cms, der

    signer = signer_of(Document.read(kept.path(name)))
    kind = der.encode_oid(assembly.DATA)
    for token in signer.unsigned(archive.ARCHIVE_TIMESTAMP_V3):
        (index,) = cms.parse(token).signers[0].unsigned("0.4.0.19122.1.5")
        content = hashlib.sha256(PERMIT.read_range(0, PERMIT.length)).digest()
        verdict = oracles.openssl_ts(token, kind + content + signer.fields + index, kept.anchors, kept.others)
        assert verdict.good, verdict.detail


def _pem(path: Path, certificates: list[bytes]) -> str:
    path.write_bytes(b"".join(x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in certificates))
    return str(path)


def test_the_counts_are_told(kept: Kept, record_property: Callable[[str, object], None]) -> None:
    """How many of the files that are there DSS passes at their level."""
    oracles.require("java", "mvn")
    passed = sum(
        all(s.indication == "TOTAL-PASSED" and s.level.startswith("CAdES-BASELINE-LT") for s in verdict.signatures)
        for verdict in kept.opinions.values()
    )
    record_property("count", f"preserved CMS files that DSS passes at B-LT or B-LTA: {passed} of {len(_ALL)}")
    assert passed == len(_ALL)
