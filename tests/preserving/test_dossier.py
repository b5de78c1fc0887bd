"""A dossier whose papers are preserved, between the steps and afterwards, is as COMPLETE as before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.dossier import Dossier
from eidkit.dossier.dossier import Held
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.sandbox.office import Office
from eidkit.signing import preserve
from tests.preserving.world import START

if TYPE_CHECKING:
    from eidkit.dossier import DossierReport


class Desk:
    """An office at work, its dossier, and the keeper of its papers."""

    def __init__(self) -> None:
        self.clock = FixedClock(datetime.fromtimestamp(START.timestamp(), START.tzinfo))
        self.sandbox = Sandbox.create(clock=self.clock)
        self.office = Office(self.sandbox)
        papers = [Document.from_bytes(decision_pdf(), "permit.pdf"), Document.from_bytes(form_xml(), "form.xml")]
        self.dossier = Dossier.open("H56.01-260302-0001", self.office.procedure, papers)

    def take(self) -> None:
        self.clock.advance(timedelta(minutes=5))
        self.dossier = self.office.take(self.dossier).dossier

    def preserve(self) -> None:
        """Every PDF of the dossier, B-LTA."""
        box = self.sandbox
        self.dossier = replace(
            self.dossier,
            held=tuple(
                Held(
                    held.label,
                    preserve(
                        held.document, box.trust, tsa=box.tsa, sources=box.sources, transport=box, clock=self.clock
                    ),
                )
                if held.document.format == "pdf"
                else held
                for held in self.dossier.held
            ),
        )

    def verify(self) -> DossierReport:
        box = self.sandbox
        return self.dossier.verify(
            box.trust, providers=[self.office.provider], sources=box.sources, transport=box, clock=self.clock
        )


@pytest.mark.parametrize("when", ["after every step", "at the end"])
def test_a_preserved_dossier_is_complete(when: str) -> None:
    desk = Desk()
    while desk.dossier.step is not None:
        desk.take()
        if when == "after every step":
            desk.preserve()
    desk.preserve()
    report = desk.verify()
    assert report.verdict == "COMPLETE", str(report)
