"""Documents of every verdict, each with its evidence, from a sandbox whose clock stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.signing import preserve, sign
from eidkit.trust.store import TrustStore
from eidkit.verify import Report, collect, complete, judge
from eidkit.verify.evidence import Evidence

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """A document, what stands beside it, its completed evidence, and for when it is judged."""

    name: str
    document: Document
    detached: Document | None
    evidence: Evidence
    trust: TrustStore
    at: datetime

    def report(self) -> Report:
        return judge(self.evidence, self.trust, at=self.at)


class _World:
    """A sandbox and the cases made in it."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOON)
        self.box = Sandbox.create(clock=self.clock)
        self.cases: list[Case] = []

    def signed(self, document: Document, number: int = 41, *, stamped: bool = True, **more: object) -> Document:
        key = self.box.official("Nguyễn Thị Lan", f"0011990000{number}")
        tsa = self.box.tsa if stamped else None
        return sign(document, key, tsa=tsa, transport=self.box, clock=self.clock, **more)  # type: ignore[arg-type]

    def token(self, document: Document) -> Document:
        digest = bytes.fromhex(document.sha256)
        token = self.box.tsa.timestamp(digest, "sha256", clock=self.clock, transport=self.box)
        return Document.from_bytes(token, "permit.tst")

    def add(self, name: str, document: Document, detached: Document | None = None, *, days: int = 0) -> None:
        at = self.clock.now() + timedelta(days=days)
        found = collect(document, detached=detached or ())
        evidence = complete(found, self.box.trust, self.box.sources, at=at, transport=self.box, clock=self.clock)
        self.cases.append(Case(name, document, detached, evidence, self.box.trust, at))


@cache
def made() -> tuple[Case, ...]:
    """Every case, made once in a process."""
    world = _World()
    pdf, xml = Document.from_bytes(decision_pdf(), "permit.pdf"), Document.from_bytes(form_xml(), "form.xml")
    text = Document.from_bytes(b"One line that is signed beside it.\n", "permit.txt")
    stamped = world.signed(pdf)
    world.add("pdf-passed", stamped)
    world.add("pdf-claimed-time", world.signed(pdf, stamped=False))
    world.add("pdf-expired", world.signed(pdf, stamped=False), days=4000)
    world.add("pdf-two-signatures", world.signed(stamped, 42))
    world.add("pdf-unsigned", pdf)
    world.add("pdf-changed", _changed(stamped, b"/MediaBox", b"/MediaBoy"))
    world.add("xml-passed", world.signed(xml))
    world.add("xml-changed", _changed(world.signed(xml), b'phienBan="1.0"', b'phienBan="1.1"'))
    world.add("cms-passed", world.signed(text, format="cms"), text)
    world.add("token-passed", world.token(text), text)
    _later(world, pdf, stamped)
    return tuple(world.cases)


def _later(world: _World, pdf: Document, stamped: Document) -> None:
    """What needs time to pass: an archived file, and a revocation."""
    key = world.box.official("Trần Văn Bình", "001199000043")
    claimed = sign(pdf, key, clock=world.clock)
    kept = preserve(
        stamped, world.box.trust, tsa=world.box.tsa, sources=world.box.sources, transport=world.box, clock=world.clock
    )
    world.clock.advance(timedelta(days=3))
    world.add("pdf-archived", kept)
    world.box.revoke(key)
    world.clock.advance(timedelta(hours=1))
    world.add("pdf-revoked", claimed)


def _changed(document: Document, old: bytes, new: bytes) -> Document:
    with document.open() as stream:
        data = stream.read()
    assert old in data
    return Document.from_bytes(data.replace(old, new, 1), document.name)
