"""The Transaction that a step should have had, and where a given one differs (binding.md §2, §6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eidkit.binding.transaction import ShownText, Transaction, TransactionAction
from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eidkit.binding.procedure import Action, Procedure, Step
    from eidkit.binding.transaction import ShownAppearance, TransactionDocument


class Opened(NamedTuple):
    """What stays the same from a dossier's first step to its last."""

    id: str
    nonce: str
    procedure: Procedure


def transaction(
    opened: Opened,
    step: Step,
    action: Action,
    *,
    language: str,
    documents: Sequence[TransactionDocument],
    previous: str | None,
    appearance: Sequence[ShownAppearance] = (),
    signer: str | None = None,
) -> Transaction:
    """The Transaction of ``action`` at ``step``: a pure function of the dossier and of what is shown."""
    return Transaction(
        opened.id,
        opened.nonce,
        opened.procedure.reference,
        step.name,
        step.role,
        step.kind,
        TransactionAction(action.name, action.effect),
        step.max_age,
        ShownText(language, _text(opened, step, action, language, documents)),
        tuple(documents),
        tuple(appearance),
        signer,
        previous,
    )


def _text(opened: Opened, step: Step, action: Action, language: str, documents: Sequence[TransactionDocument]) -> str:
    shown = [(document.label, document.sha256) for document in documents]
    return opened.procedure.text(step.name, action.name, language, dossier=opened.id, documents=shown)


def chosen_action(step: Step, found: Transaction) -> Action | None:
    """The step's action that ``found`` names; None when the step has no such action."""
    return next((action for action in step.actions if action.name == found.action.name), None)


def differences(opened: Opened, step: Step, found: Transaction, *, previous: str | None) -> list[Finding]:
    """Where ``found`` is not what the procedure and the position demand; documents are compared elsewhere."""
    about = step.name
    findings = [finding(code, about) for code, differs in _DOSSIER if differs(opened, found)]
    demanded = (
        ("TRANSACTION_STEP", step.name, found.step),
        ("TRANSACTION_ROLE", step.role, found.role),
        ("TRANSACTION_KIND", step.kind, found.kind),
    )
    findings += [finding(code, about, expected=wanted, found=got) for code, wanted, got in demanded if wanted != got]
    if found.max_age != step.max_age:
        findings.append(finding("TRANSACTION_MAX_AGE", about))
    if found.previous != previous:
        findings.append(finding("TRANSACTION_PREVIOUS", about))
    if found.appearance and not step.appearance:
        findings.append(finding("APPEARANCE_NOT_ALLOWED", step.name))
    return findings + _action_differences(opened, step, found)


_DOSSIER: tuple[tuple[str, Callable[[Opened, Transaction], bool]], ...] = (
    ("TRANSACTION_DOSSIER", lambda opened, found: (found.dossier_id, found.dossier_nonce) != (opened.id, opened.nonce)),
    ("TRANSACTION_PROCEDURE", lambda opened, found: found.procedure != opened.procedure.reference),
)


def _action_differences(opened: Opened, step: Step, found: Transaction) -> list[Finding]:
    """The action is one of the step's, with its effect; the text is its template filled from this transaction."""
    action = chosen_action(step, found)
    if action is None or action.effect != found.action.effect:
        return [finding("TRANSACTION_ACTION", step.name, found=found.action.name, effect=found.action.effect)]
    if found.text.body != _text(opened, step, action, found.text.language, found.documents):
        return [finding("TRANSACTION_TEXT", step.name)]
    return []


def document_differences(expected: TransactionDocument, found: TransactionDocument) -> list[Finding]:
    """Where one document of a transaction is not the one in the file."""
    label = found.label
    codes = []
    if found.media_type != expected.media_type:
        codes.append("TRANSACTION_MEDIA_TYPE")
    if (found.sha256, found.length) != (expected.sha256, expected.length):
        codes.append("TRANSACTION_CONTENT")
    if found.present != expected.present:
        codes.append("TRANSACTION_PRESENT")
    return [finding(code, label, document=label) for code in codes]


def label_differences(expected: Sequence[str], found: Sequence[str], about: str) -> list[Finding]:
    """The documents shown are exactly those that the step signs, in order."""
    if list(expected) == list(found):
        return []
    return [finding("TRANSACTION_DOCUMENTS", about, expected=", ".join(expected) or "—", found=", ".join(found) or "—")]
