"""binding.md §5 and §6.7 broken one by one: steps dropped, swapped, repeated, forked, gone on after the end.

An insider plays a procedure of their own and writes the verifier's into every transaction, so that each step
is what it says it is; what the verifier's procedure demands is another thing.
"""

from __future__ import annotations

from dataclasses import replace

from eidkit.binding.procedure import DocumentRule
from eidkit.binding.transaction import ShownText, TransactionAction
from eidkit.document import Document


def under(stage, played, turn, demanded=None, steps=None, **turns):
    """Every step of ``played``, under the name of ``demanded``; the verifier knows only that one."""
    demanded = demanded or stage.procedure

    def renamed(inner):
        return lambda transaction: inner(replace(transaction, procedure=demanded.reference))

    every = {
        step.name: replace(turns.get(step.name, turn()), transaction=renamed(turns.get(step.name, turn()).transaction))
        for step in played.steps
    }
    return replace(stage.play(stage.opened(played), every, steps), procedure=demanded)


def without(procedure, name):
    steps = tuple(replace(s, different_from=tuple(o for o in s.different_from if o != name)) for s in procedure.steps)
    steps = tuple(
        replace(s, actions=tuple(a for a in s.actions if a.returns_to != name)) for s in steps if s.name != name
    )
    return replace(procedure, steps=steps)


def swapped(procedure, first, second):
    steps = [
        replace(s, different_from=(), actions=tuple(a for a in s.actions if a.effect != "returns"))
        for s in procedure.steps
    ]
    steps[first], steps[second] = steps[second], steps[first]
    return replace(procedure, steps=tuple(steps))


def test_a_step_dropped(stage, turn, caught):
    caught(
        under(stage, without(stage.procedure, "assessment"), turn),
        "TRANSACTION_STEP",
        "TRANSACTION_ROLE",
        "TRANSACTION_TEXT",
        "CLAIMED_ROLE_MISMATCH",
        "NOT_HOLDER",
    )


def test_the_first_step_dropped(stage, turn, caught):
    rules = tuple(replace(rule, from_step="assessment") for rule in stage.procedure.documents)
    steps = without(stage.procedure, "assessment").steps
    first = stage.procedure.step("assessment")
    alone = replace(first, actions=tuple(action for action in first.actions if action.effect == "advances"))
    played = replace(stage.procedure, steps=(alone, *steps[1:]), documents=rules)
    caught(
        under(stage, played, turn), "TRANSACTION_STEP", "TRANSACTION_ROLE", "TRANSACTION_TEXT", "CLAIMED_ROLE_MISMATCH"
    )


def test_the_last_step_dropped_only_looks_unfinished(stage, turn):
    report = stage.verify(under(stage, without(stage.procedure, "result"), turn))
    assert report.verdict == "INCOMPLETE"
    assert "STEP_NOT_DONE" in report.codes


def test_steps_swapped(stage, turn, caught):
    report = caught(
        under(stage, swapped(stage.procedure, 1, 2), turn),
        "TRANSACTION_STEP",
        "TRANSACTION_ROLE",
        "TRANSACTION_KIND",
        "TRANSACTION_TEXT",
        "CLAIMED_ROLE_MISMATCH",
        "NOT_HOLDER",
        "PERSON_UNDECIDED",
        "MANDATE_UNDECIDED",
    )
    assert report.verdict == "FAILED"


def test_a_step_done_twice(stage, turn, caught):
    """The insider's procedure has reception twice; the verifier's goes on to assessment."""
    first = stage.procedure.steps[0]
    again = replace(first, name="again", different_from=())
    played = replace(stage.procedure, steps=(first, again, *stage.procedure.steps[1:]))
    stage.cast["again"] = stage.cast["reception"]

    def reception(transaction):
        shown = [(d.label, d.sha256) for d in transaction.documents]
        text = stage.procedure.text("reception", "approve", "vi", dossier=transaction.dossier_id, documents=shown)
        return replace(transaction, step="reception", text=ShownText("vi", text))

    mutant = under(stage, played, turn, again=turn(transaction=reception))
    caught(mutant, "TRANSACTION_STEP", "TRANSACTION_ROLE", "TRANSACTION_TEXT", "CLAIMED_ROLE_MISMATCH")


def test_a_login_listed_twice(stage, caught, honest):
    logins = honest.authentications
    mutant = replace(honest, authentications=(*logins, logins[-1]))
    caught(
        mutant,
        "LOGIN_REUSED",
        "APPROVAL_FORK",
        "LOGIN_UNUSED",
        "STEP_AFTER_END",
        "TRANSACTION_PREVIOUS",
        "DOCUMENT_NOT_SIGNED",
    )


def test_logins_in_another_order(stage, caught, honest):
    first, second, *rest = honest.authentications
    mutant = replace(honest, authentications=(second, first, *rest))
    report = caught(mutant, "TRANSACTION_STEP", "TRANSACTION_PREVIOUS", exactly=False)
    assert report.verdict == "FAILED"


def test_a_login_removed(stage, caught, honest):
    first, _, *rest = honest.authentications
    mutant = replace(honest, authentications=(first, *rest))
    report = caught(mutant, "LOGIN_MISSING", "TRANSACTION_STEP", "TRANSACTION_PREVIOUS", exactly=False)
    assert report.verdict == "FAILED"


def test_going_on_after_a_refusal(stage, turn, caught):
    """The insider's procedure lets a refusal advance; the verifier's ends there."""
    steps = tuple(
        replace(s, actions=tuple(replace(a, effect="advances") if a.name == "reject" else a for a in s.actions))
        for s in stage.procedure.steps
    )
    played = replace(stage.procedure, steps=steps)
    honestly = turn(action="reject", transaction=lambda t: replace(t, action=TransactionAction("reject", "ends")))
    mutant = under(stage, played, turn, approval=honestly)
    caught(mutant, "STEP_AFTER_END")


def test_going_on_after_the_last_step(stage, turn, caught):
    last = stage.procedure.steps[-1]
    more = replace(last, name="more")
    played = replace(stage.procedure, steps=(*stage.procedure.steps, more))
    stage.cast["more"] = stage.cast["result"]

    def result(transaction):
        shown = [(d.label, d.sha256) for d in transaction.documents]
        text = stage.procedure.text("result", "approve", "vi", dossier=transaction.dossier_id, documents=shown)
        return replace(transaction, step="result", text=ShownText("vi", text))

    caught(under(stage, played, turn, more=turn(transaction=result)), "STEP_AFTER_END")


def test_a_dossier_returned_and_approved_again_is_complete(stage, turn):
    dossier = stage.play(stage.opened(), {}, ("reception", "assessment"))
    dossier = stage.act(dossier, "approval", turn(action="return"))
    assert dossier.step.name == "assessment"
    dossier = stage.play(dossier, {}, ("assessment", "approval", "signing", "result"))
    report = stage.verify(dossier)
    assert report.verdict == "COMPLETE", str(report)
    assert [step.effect for step in report.steps] == [
        "advances",
        "advances",
        "returns",
        "advances",
        "advances",
        "advances",
        "advances",
    ]


def test_a_return_that_was_hidden(stage, turn, caught):
    """Somebody sent the dossier back; the insider wants that approval out of sight."""
    dossier = stage.play(stage.opened(), {}, ("reception", "assessment"))
    dossier = stage.act(dossier, "approval", turn(action="return"))
    dossier = stage.play(dossier, {}, ("assessment", "approval", "signing", "result"))
    hidden = replace(dossier, authentications=(*dossier.authentications[:2], *dossier.authentications[3:]))
    report = caught(hidden, "LOGIN_MISSING", "TRANSACTION_PREVIOUS", exactly=False)
    assert report.verdict == "FAILED"


def test_two_approvals_after_one(stage, turn, caught):
    """The service let two people approve the same state, and puts both into one folder."""
    dossier = stage.play(stage.opened(), {}, ("reception",))
    one = stage.act(dossier, "assessment", turn())
    other = stage.act(dossier, "assessment", turn())
    both = replace(one, authentications=(*one.authentications, other.authentications[-1]))
    report = caught(both, "APPROVAL_FORK", "LOGIN_REUSED", exactly=False)
    assert report.verdict == "FAILED"


def test_one_step_with_a_login_for_each_document(stage, turn, caught):
    """Two logins over one transaction, each in one signature."""
    dossier = stage.play(stage.opened(), {}, ("reception", "assessment", "approval", "signing"))
    one = stage.act(dossier, "result", turn(labels=("permit",)))
    shown = one.authentications[-1].transaction
    second = stage.login(shown, stage.binh.identity, turn())
    signed = stage.signature(
        one.document("form"), stage.binh, assertion=second.attestation, roles=("one-stop-shop officer",)
    )
    held = tuple(replace(h, document=signed, facts=None) if h.label == "form" else h for h in one.held)
    mutant = replace(one, held=held, authentications=(*one.authentications, second))
    caught(
        mutant,
        "LOGIN_REUSED",
        "APPROVAL_FORK",
        "STEP_AFTER_END",
        "DOCUMENT_NOT_SIGNED",
        "TRANSACTION_PREVIOUS",
    )


def test_a_document_left_unsigned(stage, turn, caught):
    caught(stage.play(stage.opened(), {"result": turn(labels=("permit",))}), "DOCUMENT_NOT_SIGNED")


def test_a_document_signed_twice_in_one_step(stage, turn, caught):
    dossier = stage.play(stage.opened(), {}, ("reception", "assessment", "approval", "signing"))
    mutant = stage.act(dossier, "result", turn())
    login = mutant.authentications[-1]
    again = stage.signature(
        mutant.document("form"), stage.binh, assertion=login.attestation, roles=("one-stop-shop officer",)
    )
    held = tuple(replace(h, document=again, facts=None) if h.label == "form" else h for h in mutant.held)
    caught(replace(mutant, held=held), "DOCUMENT_SIGNED_TWICE")


def test_a_document_that_the_procedure_demands_and_nobody_gave(stage, turn, caught):
    fewer = tuple(replace(rule, required=rule.label == "permit") for rule in stage.procedure.documents)
    played = replace(stage.procedure, documents=fewer)
    files, stage.files = stage.files, {"permit": stage.files["permit"]}
    try:
        mutant = under(stage, played, turn)
    finally:
        stage.files = files
    caught(mutant, "DOCUMENT_REQUIRED")


def test_a_document_that_comes_in_late(stage, turn, caught):
    """The insider lets the form in at assessment only; the verifier's procedure wants it from reception on."""
    late = tuple(replace(r, from_step="assessment") if r.label == "form" else r for r in stage.procedure.documents)
    steps = tuple(replace(s, documents=("permit",)) if s.name == "reception" else s for s in stage.procedure.steps)
    played = replace(stage.procedure, documents=late, steps=steps)
    files, stage.files = stage.files, {"permit": stage.files["permit"]}
    renamed = turn(transaction=lambda t: replace(t, procedure=stage.procedure.reference))
    try:
        dossier = stage.act(stage.opened(played), "reception", replace(renamed, labels=("permit",)))
    finally:
        stage.files = files
    dossier = dossier.add({"form": stage.files["form"]})
    dossier = stage.play(
        dossier,
        dict.fromkeys(("assessment", "approval", "signing", "result"), renamed),
        ("assessment", "approval", "signing", "result"),
    )
    caught(replace(dossier, procedure=stage.procedure), "DOCUMENT_APPEARED", "TRANSACTION_DOCUMENTS")


def test_a_document_that_comes_in_where_the_procedure_lets_it(stage, turn):
    rules = (*stage.procedure.documents, DocumentRule("note", "application/xml", False, "assessment"))
    steps = tuple(
        replace(s, documents=("permit", "form"))
        if s.name == "reception"
        else replace(s, documents=("permit", "form", "note"))
        for s in stage.procedure.steps
    )
    procedure = replace(stage.procedure, documents=rules, steps=steps)
    dossier = stage.act(stage.opened(procedure), "reception", turn())
    dossier = dossier.add({"note": Document.from_bytes(b"<note>ok</note>", "note.xml")})
    dossier = stage.play(dossier, {}, ("assessment", "approval", "signing", "result"))
    report = stage.verify(dossier)
    assert report.verdict == "COMPLETE", str(report)


def test_a_signature_level_below_the_steps(stage, turn, caught):
    steps = tuple(replace(s, signature_level="B-LT") if s.name == "approval" else s for s in stage.procedure.steps)
    procedure = replace(stage.procedure, steps=steps)
    caught(stage.play(stage.opened(procedure)), "SIGNATURE_LEVEL_TOO_LOW")


def test_a_document_that_no_step_signs_is_named(stage):
    rules = (*stage.procedure.documents, DocumentRule("note", "application/xml", False, "reception"))
    procedure = replace(stage.procedure, documents=rules)
    files, stage.files = stage.files, {**stage.files, "note": Document.from_bytes(b"<note>ok</note>", "note.xml")}
    try:
        report = stage.verify(stage.play(stage.opened(procedure)))
    finally:
        stage.files = files
    assert report.verdict == "COMPLETE"
    assert "DOCUMENT_NEVER_SIGNED" in report.codes
