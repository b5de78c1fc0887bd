"""What the tests of CMS signatures share: two people, a text, and how a file is signed and judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from eidkit.document import Document
from eidkit.signing import sign
from eidkit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.sandbox import Sandbox, SandboxKey
    from eidkit.verify import Report

CONTENT = b"Permit 17: two floors, built by 2027.\n"


@dataclass(frozen=True, slots=True)
class Bench:
    """A sandbox with two people, and its verbs."""

    sandbox: Sandbox
    lan: SandboxKey
    binh: SandboxKey

    @property
    def permit(self) -> Document:
        """The file that is signed."""
        return Document.from_bytes(CONTENT, "permit.txt")

    def sign(
        self, document: Document, key: SandboxKey | None = None, *, stamped: bool = False, **more: Any
    ) -> Document:
        """Signed by Lan unless told otherwise."""
        tsa = self.sandbox.tsa if stamped else None
        return sign(document, key or self.lan, tsa=tsa, transport=self.sandbox, clock=self.sandbox.clock, **more)

    def attached(self, **more: Any) -> Document:
        """The permit inside a CMS."""
        return self.sign(self.permit, format="cms", attached=True, **more)

    def detached(self, **more: Any) -> Document:
        """A CMS beside the permit."""
        return self.sign(self.permit, format="cms", **more)

    def report(self, document: Document, *, beside: Document | Sequence[Document] = ()) -> Report:
        """What a verifier concludes now."""
        box = self.sandbox
        return verify(document, box.trust, detached=beside, sources=box.sources, transport=box, clock=box.clock)


@pytest.fixture(scope="session")
def bench(sandbox: Sandbox) -> Bench:
    lan = sandbox.official("Nguyễn Thị Lan", "001199000051")
    return Bench(sandbox, lan, sandbox.official("Trần Văn Bình", "001199000052"))


def octets(document: Document) -> bytes:
    """The whole document."""
    return document.read_range(0, document.length)


def codes(report: Report) -> set[str]:
    """The codes of every error about signatures and the file."""
    found = [*report.findings, *(f for c in report.conclusions for f in c.findings)]
    return {one.code for one in found if one.severity == "error"}
