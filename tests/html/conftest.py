"""An office whose officials put visible stamps, the reports on its dossier, and a browser that looks at their pages."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.dossier import Dossier
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.sandbox.office import Office
from eidkit.signing import Appearance, Place, sign
from eidkit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.dossier import DossierReport
    from eidkit.verify.report import Report

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def office() -> Office:
    """An office whose procedure lets everybody put a stamp."""
    office = Office(Sandbox.create(clock=FixedClock(NOON)))
    steps = tuple(replace(step, appearance=True) for step in office.procedure.steps)
    office.procedure = replace(office.procedure, steps=steps)
    return office


def taken(office: Office, dossier: Dossier) -> Dossier:
    """The step that is due, with a stamp of its own on the PDF."""
    sandbox, step = office.sandbox, dossier.step
    sandbox.clock.advance(timedelta(minutes=5))
    number = office.procedure.position(step.name)
    person, key = office.people[step.name].identity, office.key_for(step)
    place = Place(1, 18 + 36 * number, 262, 34, 16)
    stamps = {"permit": Appearance(at=place, text=[person.name, step.title.vi], border=True)}
    transaction = dossier.transaction(action="approve", language="vi", appearance=stamps)
    login = office.log_in(person, transaction, office.ways[step.name])
    signed = [
        sign(
            dossier.document(label), key, tsa=sandbox.tsa, authentication=login, appearance=stamps.get(label),
            transport=sandbox, clock=sandbox.clock,
        )
        for label in dossier.labels_of(step)
    ]  # fmt: skip
    return dossier.approve(
        dict(zip(dossier.labels_of(step), signed, strict=True)), login, sandbox.trust,
        providers=[office.provider], sources=sandbox.sources, transport=sandbox, clock=sandbox.clock,
    )  # fmt: skip


@pytest.fixture(scope="session")
def walked(office: Office) -> Dossier:
    """All five steps, each with its stamp."""
    files = {
        "permit": Document.from_bytes(decision_pdf(), "permit.pdf"),
        "form": Document.from_bytes(form_xml(), "form.xml"),
    }
    dossier = Dossier.open("H56.01-260302-0001", office.procedure, files)
    while dossier.step is not None:
        dossier = taken(office, dossier)
    return dossier


@pytest.fixture(scope="session")
def proved(office: Office) -> Callable[..., DossierReport]:
    """``proved(dossier)`` is the report of a verifier who holds all anchors."""

    def report(dossier: Dossier, **changes: Any) -> DossierReport:
        sandbox = office.sandbox
        given = {"sources": sandbox.sources, "transport": sandbox, "clock": sandbox.clock} | changes
        return dossier.verify(given.pop("trust", sandbox.trust), providers=[office.provider], **given)

    return report


def tampered(dossier: Dossier) -> Dossier:
    """The dossier with another amount in the PDF, in place."""
    from eidkit.sandbox.documents import AMOUNT, shown

    held = []
    for item in dossier.held:
        data = item.document.read_range(0, item.document.length)
        changed = data.replace(shown(AMOUNT), shown("92.500.000"), 1)
        held.append(replace(item, document=Document.from_bytes(changed, item.document.name), facts=None))
    return replace(dossier, held=tuple(held), known_approvals=None)


@pytest.fixture(scope="session")
def complete(walked: Dossier, proved: Callable[..., DossierReport]) -> DossierReport:
    report = proved(walked)
    assert report.verdict == "COMPLETE", str(report)
    return report


@pytest.fixture(scope="session")
def caught(walked: Dossier, proved: Callable[..., DossierReport]) -> DossierReport:
    """The report on the dossier with another amount."""
    report = proved(tampered(walked))
    assert report.verdict == "FAILED"
    return report


@pytest.fixture(scope="session")
def signed(office: Office) -> Document:
    """The decision, signed by one official and time-stamped."""
    sandbox = office.sandbox
    key = office.people["approval"]
    document = Document.from_bytes(decision_pdf(), "permit.pdf")
    return sign(document, key, tsa=sandbox.tsa, transport=sandbox, clock=sandbox.clock)


@pytest.fixture(scope="session")
def judged(office: Office) -> Callable[..., Report]:
    """``judged(document)`` is the report on one file; ``status=False``: without revocation data."""

    def report(document: Document, *, status: bool = True) -> Report:
        sandbox = office.sandbox
        given = {"sources": sandbox.sources, "transport": sandbox} if status else {}
        return verify(document, sandbox.trust, clock=sandbox.clock, **given)

    return report


# ── the browser ──────────────────────────────────────────────────────────────────────────────────────────────

_MEASURE = """<script>addEventListener("load", () => {
  const shown = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!node.data.trim() || holder.closest("svg, .hidden, pre") || !holder.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const clip = holder.closest(".named")?.getBoundingClientRect().bottom ?? Infinity;
    for (const r of range.getClientRects())
      if (r.width > 1 && r.height > 1 && r.top < clip - 4) shown.push([r.left, r.top, r.right, r.bottom, node]);
  }
  const overlaps = [];
  for (let i = 0; i < shown.length; i++) for (let j = i + 1; j < shown.length; j++) {
    const [a, b] = [shown[i], shown[j]];
    const across = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), down = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    if (across > 3 && down > 7 && a[4] !== b[4]) overlaps.push([a[4].data.slice(0, 40), b[4].data.slice(0, 40)]);
  }
  const root = document.documentElement, box = document.querySelector(".conclusion");
  const wide = [...document.body.querySelectorAll("main *")]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName);
  parent.postMessage(JSON.stringify({
    inner: innerWidth, scroll: root.scrollWidth, height: root.scrollHeight, overlaps, wide: wide.slice(0, 5),
    text: document.body.innerText, conclusion: box.getBoundingClientRect().top,
    background: getComputedStyle(box).backgroundColor,
  }), "*");
});</script>"""
_WINDOW = """<!doctype html><script>onmessage = said => document.body.setAttribute("data-measured", said.data)</script>
<body><iframe src="{page}" width="{width}" height="800" frameborder="0"></iframe></body>"""
"""A window as narrow as a phone's: Chromium's own is never narrower than 500 pixels."""


@dataclass(frozen=True)
class Pixels:
    width: int
    height: int
    rows: list[bytes]

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        return tuple(self.rows[y][x * 3 : x * 3 + 3])


def pixels(png: bytes) -> Pixels:
    """An 8-bit RGB PNG as a browser writes it, every filter undone (ISO/IEC 15948 §9)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    position, header, packed = 8, None, b""
    while position < len(png):
        size, name = struct.unpack(">I4s", png[position : position + 8])
        content = png[position + 8 : position + 8 + size]
        header = struct.unpack(">IIBBBBB", content) if name == b"IHDR" else header
        packed += content if name == b"IDAT" else b""
        position += size + 12
    width, height, depth, colour, *_ = header
    assert (depth, colour) == (8, 2)
    return Pixels(width, height, _unfiltered(zlib.decompress(packed), width * 3, height))


def _unfiltered(data: bytes, stride: int, height: int) -> list[bytes]:
    rows, above = [], bytes(stride)
    for y in range(height):
        kind, row = data[y * (stride + 1)], bytearray(data[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for x in range(stride):
            left, up, corner = (row[x - 3], above[x], above[x - 3]) if x >= 3 else (0, above[x], 0)
            if kind == 4:
                guess = left + up - corner
                near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            else:
                near = (0, left, up, (left + up) // 2)[kind]
            row[x] = (row[x] + near) & 255
        above = bytes(row)
        rows.append(above)
    return rows


class Browser:
    """Chromium without a window; each look is a process of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder, self.count = program, folder, 0

    def _run(self, page: str, *options: str) -> str:
        self.count += 1
        file = self.folder / f"{self.count}.html"
        file.write_text(page, encoding="utf-8")
        command = [
            self.program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={self.folder / 'profile'}", *options, file.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.decode("utf-8")

    def measured(self, page: str, width: int) -> dict[str, Any]:
        """How the page lies in a window of that width; the script stands before the policy that forbids scripts."""
        file = self.folder / f"measured-{self.count}.html"
        file.write_text(page.replace("<head>", f"<head>{_MEASURE}", 1), encoding="utf-8")
        window = _WINDOW.format(page=file.name, width=width)
        dom = self._run(window, "--window-size=1200,900", "--virtual-time-budget=5000", "--dump-dom")
        return json.loads(unescape(re.search(r'data-measured="([^"]*)"', dom)[1]))

    def picture(self, page: str, width: int, height: int) -> Pixels:
        """What a reader sees in a window of that size."""
        out = self.folder / f"{self.count}.png"
        self._run(page, f"--window-size={width},{height}", f"--screenshot={out}")
        return pixels(out.read_bytes())

    def printed(self, page: str) -> Path:
        """The page as PDF on paper."""
        out = self.folder / f"{self.count}.pdf"
        self._run(page, "--no-pdf-header-footer", f"--print-to-pdf={out}")
        return out


@pytest.fixture(scope="session")
def browser(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return Browser(tool("chromium"), tmp_path_factory.mktemp("browser"))
