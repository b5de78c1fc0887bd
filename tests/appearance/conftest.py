"""Someone who signs, and what a page looks like to a reader."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from eidkit.document import Document
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf
from tests.interop.oracles import require

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eidkit.sandbox.keys import SandboxKey


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    return Sandbox.create()


@pytest.fixture(scope="session")
def lan(sandbox: Sandbox) -> SandboxKey:
    return sandbox.official("Nguyễn Thị Lan", "000190000022", title="Trưởng phòng")


@pytest.fixture(scope="session")
def binh(sandbox: Sandbox) -> SandboxKey:
    return sandbox.official("Trần Văn Bình", "000080000033", title="Chuyên viên")


@pytest.fixture(scope="session")
def permit() -> Document:
    return Document.from_bytes(decision_pdf(), "permit.pdf")


@dataclass(frozen=True)
class Picture:
    """A page as poppler shows it, at 10 pixels a millimetre: RGB rows."""

    width: int
    height: int
    data: bytes

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        start = 3 * (y * self.width + x)
        return self.data[start], self.data[start + 1], self.data[start + 2]

    def inked(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of everything that is not white, in pixels."""
        line = 3 * self.width
        rows = [self.data[start : start + line] for start in range(0, len(self.data), line)]
        white = b"\xff" * line
        used = [number for number, row in enumerate(rows) if row != white]
        lefts = [(line - len(rows[n].lstrip(b"\xff"))) // 3 for n in used]
        rights = [(len(rows[n].rstrip(b"\xff")) + 2) // 3 for n in used]
        return min(lefts), used[0], max(rights), used[-1] + 1


@pytest.fixture
def looked_at(tmp_path: Path) -> Callable[[Document, int], Picture]:
    """``looked_at(document, page)``: the page as a reader sees it."""
    require("pdftoppm")

    def look(document: Document, page: int = 1) -> Picture:
        path = tmp_path / "seen.pdf"
        document.write(path)
        command = ["pdftoppm", "-cropbox", "-r", "254", "-f", str(page), "-l", str(page), str(path)]
        _, size, _, data = subprocess.run(command, capture_output=True, check=True).stdout.split(b"\n", 3)
        width, height = map(int, size.split())
        return Picture(width, height, data)

    return look
