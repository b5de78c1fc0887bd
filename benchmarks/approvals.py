"""What the fifth approval of a dossier costs beside the first: judging and binding, parsing told apart."""

from __future__ import annotations

import statistics
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from eidkit.document import Document
    from eidkit.dossier import Dossier
    from eidkit.sandbox.office import Office
    from eidkit.verify.evidence import Evidence


class Cost(NamedTuple):
    """CPU milliseconds of one ``Dossier.approve``: all of it but parsing, and parsing."""

    judging: float
    parsing: float


def costs(rounds: int) -> list[Cost]:
    """The median cost of each of the five approvals, over ``rounds`` new dossiers of two documents."""
    taken = [_walk() for _ in range(rounds)]
    return [
        Cost(
            statistics.median(walk[step].judging for walk in taken),
            statistics.median(walk[step].parsing for walk in taken),
        )
        for step in range(5)
    ]


def _walk() -> list[Cost]:
    from eidkit.document import Document
    from eidkit.dossier import Dossier
    from eidkit.sandbox import Sandbox
    from eidkit.sandbox.documents import decision_pdf, form_xml
    from eidkit.sandbox.office import Office

    office = Office(Sandbox.create())
    documents = [Document.from_bytes(decision_pdf(), "permit.pdf"), Document.from_bytes(form_xml(), "form.xml")]
    dossier = Dossier.open("H56.01-261124-0001", office.procedure, documents)
    found = []
    while dossier.step is not None:
        dossier, cost = _approved(office, dossier)
        found.append(cost)
    return found


def _approved(office: Office, dossier: Dossier) -> tuple[Dossier, Cost]:
    """One step; revocation lists are given, so that no answer is made for us inside the time taken."""
    from eidkit.signing import sign
    from eidkit.trust.sources import Sources

    sandbox, step = office.sandbox, dossier.step
    if step is None:
        raise ValueError("no step is due")
    transaction = dossier.transaction(action="approve")
    login = office.log_in(office.people[step.name].identity, transaction, office.ways[step.name])
    signed = [
        sign(document, office.key_for(step), tsa=sandbox.tsa, authentication=login, transport=sandbox)
        for document in dossier.to_sign
    ]
    given = Sources.of(crls=sandbox.crls())
    parsing = 0.0
    approving: Any = import_module("eidkit.dossier.approving")
    collect = approving.collect

    def timed(document: Document) -> Evidence:
        nonlocal parsing
        start = time.process_time()
        try:
            evidence: Evidence = collect(document)
            return evidence
        finally:
            parsing += time.process_time() - start

    approving.collect = timed
    try:
        start = time.process_time()
        after = dossier.approve(signed, login, sandbox.trust, providers=[office.provider], sources=given)
        whole = time.process_time() - start
    finally:
        approving.collect = collect
    return after, Cost((whole - parsing) * 1000, parsing * 1000)
