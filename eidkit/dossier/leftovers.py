"""What no single step shows: leftovers of signatures, logins and documents, the index, kept earlier states."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError
from eidkit.findings import Finding, finding
from eidkit.verify.collecting import collect
from eidkit.verify.signature_value import value_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eidkit.document import Document
    from eidkit.dossier.act import Act
    from eidkit.dossier.approval import Approval
    from eidkit.dossier.approving import Given
    from eidkit.dossier.dossier import Dossier, EarlierState
    from eidkit.dossier.progress import Progress
    from eidkit.dossier.verifying import Papers
    from eidkit.verify.report import Conclusion


def with_validation(dossier: Dossier, given: Given) -> Given:
    """``given`` with the certificates and answers kept in the dossier as further candidates."""
    from eidkit.trust.sources import Sources

    kept = dossier.validation
    if not (kept.certificates or kept.crls or kept.ocsps):
        return given
    own = Sources.of(certificates=kept.certificates, crls=kept.crls, ocsps=kept.ocsps)
    return replace(given, sources=own if given.sources is None else own + given.sources)


def initially_present(dossier: Dossier) -> dict[str, frozenset[str]]:
    """By label: the signature values that were there when its first step showed it (signed before the dossier)."""
    found: dict[str, frozenset[str]] = {}
    for login in dossier.authentications:
        for document in login.transaction.documents:
            found.setdefault(document.label, frozenset(document.present))
    return found


def of_logins(dossier: Dossier) -> list[Finding]:
    """One Transaction, one Authentication, one approval; and no two approvals after the same one."""
    logins = dossier.authentications
    found = []
    if _repeats(login.digest for login in logins) or _repeats(login.transaction.digest for login in logins):
        found.append(finding("LOGIN_REUSED", None))
    if _repeats(login.transaction.previous for login in logins):
        found.append(finding("APPROVAL_FORK", None))
    return found


def _repeats(values: Iterable[object]) -> bool:
    seen = list(values)
    return len(set(seen)) != len(seen)


def of_signatures(papers: Papers) -> list[Finding]:
    """Every signature belongs to a step, or was there when the dossier was opened and holds."""
    accounted = {(s.label, s.value) for signatures in papers.carried.values() for s in signatures}
    found = []
    for label, item in papers.judged.items():
        # A document that no step has shown yet may hold whatever it came with.
        initial = papers.initial.get(label, frozenset(item.values))
        for value, conclusion in item.pairs():
            if (label, value) in accounted:
                continue
            if value not in initial:
                found += _unaccounted(label, conclusion)
            elif not conclusion:
                failed = conclusion.indication == "TOTAL-FAILED"
                code = "STEP_SIGNATURE_FAILED" if failed else "STEP_SIGNATURE_UNDECIDED"
                sub = conclusion.subindication or conclusion.indication
                found.append(finding(code, label, document=label, sub=sub))
    return found


def _unaccounted(label: str, conclusion: Conclusion) -> list[Finding]:
    """A signature that no login at hand stands behind: without Assertion, or with one that leads nowhere."""
    login = conclusion.authentication
    named = login is not None and any(found.code == "LOGIN_NOT_GIVEN" for found in login.findings)
    broken = [replace(found, about=label) for found in login.findings if found.severity == "error"] if login else []
    return [finding("LOGIN_MISSING" if named else "SIGNATURE_UNACCOUNTED", label, document=label), *broken]


def of_documents(papers: Papers, progress: Progress) -> list[Finding]:
    """The folder holds the procedure's documents, in their formats, from the step on where each comes in."""
    dossier, judged = papers.dossier, papers.judged
    found = []
    rules = {rule.label: rule for rule in dossier.procedure.documents}
    signed = {label for step in dossier.procedure.steps for label in step.documents}
    for label in dossier.labels:
        if label not in rules:
            found.append(finding("DOCUMENT_UNKNOWN", label, document=label))
        elif label in judged and judged[label].media_type != rules[label].media_type:
            found.append(finding("TRANSACTION_MEDIA_TYPE", label, document=label))
        elif label not in signed:
            found.append(finding("DOCUMENT_NEVER_SIGNED", label, document=label))
    for rule in rules.values():
        due = dossier.procedure.position(rule.from_step) <= progress.position
        if rule.required and due and rule.label not in dossier.labels:
            found.append(finding("DOCUMENT_REQUIRED", rule.label, document=rule.label))
    return found + _appearing(dossier)


def _appearing(dossier: Dossier) -> list[Finding]:
    """A document is shown at every step that signs it, from its ``from_step`` on: never only later."""
    found = []
    seen: set[str] = set()
    for login in reversed(dossier.authentications):
        shown = {document.label for document in login.transaction.documents}
        step = next((step for step in dossier.procedure.steps if step.name == login.transaction.step), None)
        if step is not None:
            found += [
                finding("DOCUMENT_APPEARED", label, document=label)
                for label in sorted(seen - shown)
                if label in step.documents
            ]
        seen |= shown
    return found


def of_index(dossier: Dossier, approvals: Sequence[Approval]) -> list[Finding]:
    """``dossier.json`` is only an index; where it disagrees, somebody changed something."""
    if dossier.index is None:
        return []
    found = []
    if dossier.index.procedure != dossier.procedure.digest:
        found.append(finding("PROCEDURE_DIFFERS", None))
    if dossier.index.approvals != tuple(approval.digest for approval in approvals):
        found.append(finding("INDEX_DIFFERS", None, what="the approvals and their order"))
    return found


def of_earlier_states(papers: Papers, acts: Sequence[Act]) -> list[Finding]:
    """A kept earlier state is what today's file grew from, with exactly the signatures that were there then."""
    return [
        finding("EARLIER_STATE_DIFFERS", state.label, document=state.label, number=state.number)
        for state in papers.dossier.earlier
        if not _state_fits(papers, state, acts)
    ]


def _state_fits(papers: Papers, state: EarlierState, acts: Sequence[Act]) -> bool:
    item = papers.judged.get(state.label)
    if item is None or state.number > len(acts):
        return False
    there = {s.value for act in acts[: state.number] for s in act.signatures if s.label == state.label}
    there |= papers.initial.get(state.label, frozenset()) & set(item.values)
    try:
        found = {value_digest(signature) for signature in collect(state.document).signatures}
        return found == there and _grew(state.document, papers.dossier.document(state.label))
    except EidkitError:
        return False


def _grew(before: Document, now: Document) -> bool:
    """Whether ``now`` is ``before`` with signatures and what preserves them; a PDF needs no kept states."""
    if before.format == now.format == "xml":
        from eidkit import xml

        return xml.grew_from(now, before)
    return before.sha256 == now.sha256
