"""``eidkit collect --statement``, ``eidkit verify EVIDENCE --attestation``: evidence that counts without its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eidkit.document import Document
from eidkit.sandbox import Sandbox
from eidkit.signing import sign
from tests.cli.conftest import Said
from tests.cli.test_cli import box, trusting

__all__ = ["box"]
pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture
def collected(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> Path:
    """A folder with ``evidence.json`` of a signed file, its ``statement.json``, and ``attestation.p7s`` over that."""
    evidence, statement = tmp_path / "evidence.json", tmp_path / "statement.json"
    assert eidkit("collect", box / "signed.pdf", "-o", evidence, "--statement", statement).code == 0
    sandbox = Sandbox.open(box / "sandbox")
    signed = sign(
        Document.read(statement), sandbox.service_key, format="cms", tsa=sandbox.tsa, transport=sandbox
    )  # fmt: skip
    signed.write(tmp_path / "attestation.p7s")
    return tmp_path


def test_it_passes_and_says_who_attested(box: Path, collected: Path, eidkit: Callable[..., Said]) -> None:
    attestation = ("--attestation", collected / "attestation.p7s")
    said = eidkit("verify", collected / "evidence.json", *attestation, *trusting(box), "--json")
    (report,) = said.lines
    assert (said.code, report["verdict"], report["document_seen"]) == (0, "TOTAL-PASSED", False)
    assert "DOCUMENT_ATTESTED" in [found["code"] for found in report["findings"]]


def test_without_it_the_file_was_not_seen(box: Path, collected: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit("verify", collected / "evidence.json", *trusting(box))
    assert (said.code, "DOCUMENT_NOT_SEEN" in said.out) == (1, True)


def test_what_attests_nothing_is_told(box: Path, collected: Path, eidkit: Callable[..., Said]) -> None:
    attestation = ("--attestation", box / "signed.pdf")
    said = eidkit("verify", collected / "evidence.json", *attestation, *trusting(box))
    assert (said.code, "EVIDENCE_ATTESTATION_REFUSED" in said.out) == (1, True)


def test_it_belongs_to_evidence(box: Path, collected: Path, eidkit: Callable[..., Said]) -> None:
    attestation = ("--attestation", collected / "attestation.p7s")
    said = eidkit("verify", box / "signed.pdf", *attestation, *trusting(box))
    assert (said.code, "--attestation" in said.err) == (2, True)


def test_what_is_no_signature_at_all_is_refused(box: Path, collected: Path, eidkit: Callable[..., Said]) -> None:
    attestation = ("--attestation", collected / "evidence.json")
    said = eidkit("verify", collected / "evidence.json", *attestation, *trusting(box))
    assert said.code == 2
