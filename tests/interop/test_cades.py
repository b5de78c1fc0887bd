"""A second opinion on CMS signatures: EU DSS and openssl on every key, form and level that we make."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.asn1 import attributes
from eidkit.document import Document
from eidkit.sandbox import Sandbox, SandboxKey
from eidkit.signing import sign
from eidkit.verify import collect, verify
from tests.cms.archiving import archived, signer_of, with_answers
from tests.cms.conftest import CONTENT
from tests.interop import eu_dss, oracles
from tests.interop.making import SCHEMES, Scheme, authorities
from tests.preserving.world import World

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("matrix")]

_PEOPLE = (("Nguyễn Thị Lan", "000001000001"), ("Trần Văn Bình", "000001000002"))
_UNKNOWN_TO_OPENSSL = frozenset({"ed25519"})
"""OpenSSL 3.0 has no EdDSA in CMS."""


@dataclass(frozen=True, slots=True)
class Made:
    """One CMS file and what was asked of it; ``levels`` are those of its signatures, counter-signatures last."""

    path: Path
    algorithm: str
    attached: bool
    levels: tuple[str, ...]
    countered: bool = False


class Matrix:
    """Everything signed as CMS in one sandbox that lives at the present."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandbox = Sandbox.create()
        self.anchors, self.others = authorities(self.sandbox)
        self.content = folder / "permit.txt"
        self.content.write_bytes(CONTENT)
        self.made = [
            self._made(scheme, attached=attached, level=level)
            for scheme, attached, level in itertools.product(SCHEMES, (True, False), ("B", "T"))
        ]
        self.made += [self._countered(attached=attached) for attached in (True, False)]

    def _sign(self, document: Document, key: SandboxKey, scheme: Scheme, level: str, **more: Any) -> Document:
        box = self.sandbox
        tsa = box.tsa if level == "T" else None
        return sign(
            document, key, tsa=tsa, digest=scheme.digest, pss=scheme.pss, transport=box, clock=box.clock, **more
        )

    def _made(self, scheme: Scheme, *, attached: bool, level: str) -> Made:
        """Two signers, one after the other."""
        one, two = (self.sandbox.official(name, number, key=scheme.key) for name, number in _PEOPLE)
        document = self._sign(Document.read(self.content), one, scheme, level, format="cms", attached=attached)
        beside: dict[str, Any] = {} if attached else {"detached": Document.read(self.content)}
        document = self._sign(document, two, scheme, level, **beside)
        form = "attached" if attached else "detached"
        path = self.folder / f"{scheme.key}-{scheme.algorithm}-{level}-{form}.p7m"
        document.write(path)
        return Made(path, scheme.algorithm, attached, (f"CAdES-BASELINE-{level}",) * 2)

    def _countered(self, *, attached: bool) -> Made:
        scheme = Scheme("p256", "sha256", False, "ecdsa-sha256")
        one, two = (self.sandbox.official(name, number, key="p256") for name, number in _PEOPLE)
        document = self._sign(Document.read(self.content), one, scheme, "B", format="cms", attached=attached)
        document = self._sign(document, two, scheme, "T", over="signature-1")
        path = self.folder / f"counter-{'attached' if attached else 'detached'}.p7m"
        document.write(path)
        return Made(path, scheme.algorithm, attached, ("CAdES-BASELINE-B", "CAdES-BASELINE-T"), countered=True)

    @cached_property
    def opinions(self) -> dict[Path, eu_dss.Verdict]:
        """DSS on every file."""
        material = eu_dss.Material(self.anchors, self.others, self.sandbox.crls())
        inside, beside = ([one.path for one in self.made if one.attached == form] for form in (True, False))
        return eu_dss.validate(inside, material, allow_eddsa=True) | eu_dss.validate(
            beside, material, allow_eddsa=True, detached=[self.content]
        )


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return Matrix(tmp_path_factory.mktemp("cms"))


def _failures(made: list[Made], wrong: Callable[[Made], str]) -> list[str]:
    return [f"{one.path.name}: {reason}" for one in made if (reason := wrong(one))]


def test_dss_says_total_passed_at_the_level_we_claim(
    matrix: Matrix, record_property: Callable[[str, object], None]
) -> None:
    oracles.require("java", "mvn")
    record_property(
        "count", f"CMS matrix: {len(matrix.made)} files, {sum(len(m.levels) for m in matrix.made)} signatures"
    )

    def wrong(made: Made) -> str:
        verdict = matrix.opinions[made.path]
        found = sorted((s.indication, s.level, s.intact, s.structure_valid) for s in verdict.signatures)
        wanted = sorted(("TOTAL-PASSED", level, True, True) for level in made.levels)
        told = [error for s in verdict.signatures for error in s.errors]
        return "" if found == wanted else f"{verdict.error} {found} {told}"

    assert _failures(matrix.made, wrong) == []


def test_we_say_the_same_of_every_file(matrix: Matrix) -> None:
    def wrong(made: Made) -> str:
        box = matrix.sandbox
        beside = () if made.attached else Document.read(matrix.content)
        report = verify(
            Document.read(made.path), box.trust, detached=beside, sources=box.sources, transport=box, clock=box.clock
        )
        levels = tuple(c.level.replace("-B-", "-BASELINE-") for c in report.conclusions)
        return "" if report and levels == made.levels else str(report)

    assert _failures(matrix.made, wrong) == []


def test_openssl_verifies_every_signature_with_its_certificate_reference(matrix: Matrix) -> None:
    oracles.require("openssl")

    def wrong(made: Made) -> str:
        verdict = _openssl(matrix, made)
        return "" if verdict.returncode == 0 else verdict.stderr

    asked = [one for one in matrix.made if one.algorithm not in _UNKNOWN_TO_OPENSSL]
    assert _failures(asked, wrong) == []


def _openssl(matrix: Matrix, made: Made) -> subprocess.CompletedProcess[str]:
    anchors, others = (
        _pem(matrix.folder / name, certificates)
        for name, certificates in (("anchors.pem", matrix.anchors), ("others.pem", matrix.others))
    )
    beside = [] if made.attached else ["-content", str(matrix.content)]
    return subprocess.run(
        ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", str(made.path), *beside,
         "-out", os.devnull, "-purpose", "any", "-CAfile", anchors, "-certfile", others],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def _pem(path: Path, certificates: list[bytes]) -> str:
    from cryptography import x509

    path.write_bytes(b"".join(x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in certificates))
    return str(path)


def test_openssl_verifies_the_timestamps(matrix: Matrix) -> None:
    oracles.require("openssl")
    made = next(one for one in matrix.made if one.levels[0].endswith("-T"))
    (first, second) = (signer_of(Document.read(made.path), number) for number in (0, 1))
    for signer in (first, second):
        (token,) = signer.unsigned(attributes.SIGNATURE_TIMESTAMP)
        verdict = oracles.openssl_ts(token, signer.signature, matrix.anchors, matrix.others)
        assert verdict.good, verdict.detail


def test_dss_and_we_agree_on_an_archive_timestamp(tmp_path: Path) -> None:
    """What the tests make as B-LTA (version 3, ats-hash-index-v3) is that by the standard, not only by our reading."""
    oracles.require("java", "mvn")
    world = World(start=datetime.now(UTC))
    anchors, others = authorities(world.sandbox)
    signed = world.signed(Document.from_bytes(CONTENT, "permit.txt"), format="cms", attached=True)
    full = with_answers(signed, *world.sandbox.crls(), certificates=(*anchors, *others))
    document = archived(world, full, CONTENT)
    document.write(tmp_path / "lta.p7m")
    material = eu_dss.Material(anchors, others, world.sandbox.crls())
    (theirs,) = eu_dss.validate([tmp_path / "lta.p7m"], material)[tmp_path / "lta.p7m"].signatures
    assert (theirs.indication, theirs.level) == ("TOTAL-PASSED", "CAdES-BASELINE-LTA")
    assert [stamp.intact for stamp in theirs.timestamps] == [True, True]
    (ours,) = collect(document).signatures
    assert ours.level == "CAdES-B-LTA"
    assert world.report(document)
