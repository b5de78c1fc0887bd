"""A sandbox that lives through decades: its clock is moved, its timestamp authority gets new keys and roots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.policy import ETSI_BASELINE, Policy
from eidkit.sandbox import Sandbox, people
from eidkit.sandbox.authority import Flaws, root
from eidkit.sandbox.documents import decision_pdf
from eidkit.sandbox.keys import generate
from eidkit.sandbox.tsa import TimestampMaker
from eidkit.signing import preserve, sign
from eidkit.timestamps.authority import TimestampAuthority
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import Report, verify

START = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
YEAR = timedelta(days=365.25)
LASTING = Policy("test-lasting", "1")
"""A policy whose algorithms last: SHA-256 and P-256 have no end in the table of today."""


class World:
    """One sandbox, its clock, and what somebody who verifies trusts."""

    def __init__(self, *, tsa_years: float = 5, start: datetime = START) -> None:
        self.clock = FixedClock(start)
        self.sandbox = Sandbox.create(clock=self.clock)
        self.trust = self.sandbox.trust
        self.key = self.sandbox.official("Nguyễn Thị Lan", "001199000051")
        self.new_tsa(tsa_years)

    def pass_years(self, years: float) -> None:
        """Let time go by."""
        self.clock.advance(years * YEAR)

    def new_tsa(self, years: float, *, under: str = "time-root") -> x509.Certificate:
        """From now on timestamps are made with a new key, whose certificate lives for ``years``."""
        now, key = self.clock.now(), generate("p256")
        authority = self.sandbox.authorities[under]
        subject = people.authority(f"Sandbox TSA {now:%Y}")
        flaws = Flaws(not_before=now - timedelta(days=1), not_after=now + years * YEAR)
        certificate = authority.issue(subject, key.public_key(), "timestamping", now, flaws)
        self.sandbox.timestamp_maker = TimestampMaker(key, certificate, (authority.certificate,), {})
        return certificate

    def new_time_root(self, slug: str) -> None:
        """A new root for timestamps, trusted from now on beside the old ones."""
        subject = people.authority(f"Sandbox Time Root CA {slug}")
        self.sandbox.authorities[slug] = root(slug, self.sandbox.base_url, subject, "p256", self.clock.now())
        self.trust += TrustStore.of([self.sandbox.authorities[slug].certificate], "timestamping")

    @property
    def tsa(self) -> TimestampAuthority:
        """The timestamp authority, believed by today's trust."""
        return replace(self.sandbox.tsa, trust=self.trust)

    def original(self) -> Document:
        """The unsigned sample."""
        return Document.from_bytes(decision_pdf(), "permit.pdf")

    def signed(self, document: Document | None = None, *, stamped: bool = True, **more: Any) -> Document:
        """Signed by Lan, B-T unless told otherwise."""
        tsa = self.tsa if stamped else None
        given = {"tsa": tsa, "transport": self.sandbox, "clock": self.clock} | more
        return sign(document or self.original(), given.pop("key", self.key), **given)

    def preserved(self, document: Document, *, stamped: bool = False, **more: Any) -> Document:
        """B-LT, or B-LTA with ``stamped``."""
        given: dict[str, Any] = {"sources": self.sandbox.sources, "transport": self.sandbox, "clock": self.clock}
        return preserve(document, self.trust, tsa=self.tsa if stamped else None, **(given | more))

    def report(
        self, document: Document, *, sources: Sources | None = None, offline: bool = False, **more: Any
    ) -> Report:
        """What a verifier concludes now: asking the sandbox, or from ``sources``, or from the file alone."""
        given: dict[str, Any] = {"policy": LASTING, "transport": self.sandbox, "clock": self.clock} | more
        return verify(document, self.trust, sources=None if offline else (sources or self.sandbox.sources), **given)


def octets(document: Document) -> bytes:
    """The whole document."""
    return document.read_range(0, document.length)


def verdict(report: Report) -> tuple[str, str | None]:
    """The first signature's indication and sub-indication."""
    conclusion = report.conclusions[0]
    return conclusion.indication, conclusion.subindication


def codes(report: Report) -> set[str]:
    """The codes of every error and warning about signatures."""
    return {f.code for c in report.conclusions for f in c.findings if f.severity != "info"}


def assert_policy_is_baseline() -> None:
    """The test policy demands what the baseline does; only its name says that it looks far ahead."""
    assert replace(LASTING, name=ETSI_BASELINE.name) == ETSI_BASELINE
