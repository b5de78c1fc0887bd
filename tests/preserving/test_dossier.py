"""A dossier whose papers are preserved, between the steps and afterwards, is as COMPLETE as before."""

from __future__ import annotations

import re
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
from eidkit.verify import collect
from tests.preserving.world import START, octets

if TYPE_CHECKING:
    from collections.abc import Callable

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
        """Every signed document of the dossier, B-LTA."""
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
                if _signed(held.document)
                else held
                for held in self.dossier.held
            ),
        )

    def verify(self) -> DossierReport:
        box = self.sandbox
        return self.dossier.verify(
            box.trust, providers=[self.office.provider], sources=box.sources, transport=box, clock=self.clock
        )


def _signed(document: Document) -> bool:
    return bool(collect(document).signatures)


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


# ── the form, an XML document, preserved between the steps and then changed ───────────────────────────────


def _changed(desk: Desk, change: Callable[[bytes], bytes]) -> None:
    form = desk.dossier.document("form")
    data = change(octets(form))
    assert data != octets(form)
    held = (Held(h.label, Document.from_bytes(data, form.name)) if h.label == "form" else h for h in desk.dossier.held)
    desk.dossier = replace(desk.dossier, held=tuple(held))


def _without(name: bytes) -> Callable[[bytes], bytes]:
    """The first property of that name taken out."""
    return lambda data: re.sub(b"<" + name + b"[ >].*?</" + name + b">", b"", data, count=1, flags=re.DOTALL)


_CHANGES = {
    "a timestamp taken out": _without(b"xades:SignatureTimeStamp"),
    "an element among the properties": lambda data: data.replace(
        b"</xades:UnsignedProperties>", b"<note>9.999.000</note></xades:UnsignedProperties>", 1
    ),
    "a comment in a signature": lambda data: data.replace(b"</ds:Signature>", b"<!-- 9.999.000 --></ds:Signature>", 1),
    "a line break": lambda data: data.replace(b"<ds:Signature ", b"\n<ds:Signature ", 1),
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_a_preserved_form_that_was_changed_is_not_complete(change: Callable[[bytes], bytes]) -> None:
    desk = Desk()
    while desk.dossier.step is not None:
        desk.take()
        desk.preserve()
    _changed(desk, change)
    assert desk.verify().verdict != "COMPLETE"


def test_a_timestamp_taken_out_between_two_steps_is_seen() -> None:
    desk = Desk()
    desk.take()
    desk.preserve()
    desk.take()
    _changed(desk, _without(b"xades:SignatureTimeStamp"))
    while desk.dossier.step is not None:
        desk.take()
    assert desk.verify().verdict != "COMPLETE"
