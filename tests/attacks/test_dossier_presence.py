"""binding.md §2 ``present`` and §6.3: signatures that were there before the dossier, taken away or made up."""

from __future__ import annotations

import re
from dataclasses import replace

from eidkit.document import Document
from eidkit.dossier import Dossier
from eidkit.dossier.dossier import Held
from eidkit.signing import sign
from tests.attacks.making import start, without_signature


def test_a_citizens_signature_taken_out_of_the_finished_dossier(stage):
    """Anybody can do this: the content of the XML is the same without it."""
    citizen = stage.sandbox.citizen("Lê Văn Dân", "000070000044")
    applied = sign(stage.files["form"], citizen, clock=stage.clock)
    dossier = stage.play(Dossier.open("H56.01-260302-0009", stage.procedure, {**stage.files, "form": applied}))
    assert stage.verify(dossier).verdict == "COMPLETE"
    form = dossier.document("form")
    without = Document.from_bytes(without_signature(form.read_range(0, form.length)), "form.xml")
    held = tuple(Held(item.label, without) if item.label == "form" else item for item in dossier.held)
    report = stage.verify(replace(dossier, held=held, known_approvals=None, earlier=()))
    assert "TRANSACTION_PRESENT" in report.codes
    assert not report


def test_a_signature_that_never_was_said_to_be_present_at_every_step(stage, turn):
    """Each step agrees with the one before; only the file knows better."""

    def said(transaction):
        documents = (
            replace(d, present=tuple(sorted({*d.present, "0" * 64}))) if d.label == "form" else d
            for d in transaction.documents
        )
        return replace(transaction, documents=tuple(documents))

    everywhere = {step.name: turn(transaction=said) for step in stage.procedure.steps}
    report = stage.verify(stage.play(stage.opened(), everywhere))
    assert "TRANSACTION_PRESENT" in report.codes
    assert not report


def test_a_paper_retitled_between_two_steps(stage, turn):
    """§6.3: between steps a PDF gains validation data and document timestamps, and nothing else."""

    def retitled(label, document):
        if label != "permit":
            return document
        data = document.read_range(0, document.length)
        number = int(re.search(rb"/Info (\d+) 0 R", data)[1]) if b"/Info" in data else 90
        root = re.findall(rb"/Root \d+ 0 R", data)[-1]
        table = b"%d 1\n%010d 00000 n \n" % (number, len(data))
        body = data + b"%d 0 obj\n<</Title(Another permit)>>\nendobj\n" % number
        about = (table, start(data), root, number, len(body))
        body += b"xref\n%btrailer\n<</Size 91/Prev %d%b/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % about
        return Document.from_bytes(body, "permit.pdf")

    report = stage.verify(stage.play(stage.opened(), {"reception": turn(after=retitled)}))
    assert "DOCUMENT_CHANGED_BETWEEN_STEPS" in report.codes
    assert not report
