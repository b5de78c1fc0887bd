"""The insider's stage: a sandbox, two officials with keys, and what a verifier says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eidkit.document import Document
from eidkit.signing import sign
from eidkit.verify import verify
from tests.attacks import making
from tests.dossier import conftest as dossiers

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.sandbox import Sandbox
    from eidkit.sandbox.keys import SandboxKey
    from eidkit.verify import Report

stage = dossiers.stage
turn = dossiers.turn


@pytest.fixture(scope="session")
def lan(sandbox: Sandbox) -> SandboxKey:
    return sandbox.official("Nguyễn Thị Lan", "001199000051")


@pytest.fixture(scope="session")
def binh(sandbox: Sandbox) -> SandboxKey:
    return sandbox.official("Trần Văn Bình", "001199000052")


@pytest.fixture(scope="session")
def judged(sandbox: Sandbox) -> Callable[..., Report]:
    """``judged(data, name="x.pdf")``: the report of a verifier who may ask the sandbox for revocation data."""

    def judge(data: bytes, name: str = "x.pdf", **changes) -> Report:
        document = Document.from_bytes(data, name)
        given = {"sources": sandbox.sources, "transport": sandbox, "clock": sandbox.clock} | changes
        return verify(document, given.pop("trust", sandbox.trust), **given)

    return judge


@pytest.fixture(scope="session")
def signed_pdf(sandbox: Sandbox, lan: SandboxKey) -> Callable[..., bytes]:
    """``signed_pdf(data)``: the PDF with Lan's invisible signature."""

    def make(data: bytes | None = None, key: SandboxKey = lan, **options) -> bytes:
        document = Document.from_bytes(making.pdf() if data is None else data, "x.pdf")
        done = sign(document, key, clock=sandbox.clock, transport=sandbox, **options)
        return done.read_range(0, done.length)

    return make


@pytest.fixture(scope="session")
def codes() -> Callable[[Report], set[str]]:
    """The codes of all findings of the first signature, and of the document."""

    def of(report: Report) -> set[str]:
        return {found.code for found in (*report.conclusions[0].findings, *report.findings)}

    return of
