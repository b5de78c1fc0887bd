"""``Dossier.verify``: the proof, recomputed from files, procedure and anchors (binding.md §6).

The plan:
1. collect, complete and judge every document on its own;
2. give each signature to the login that its Assertion names, and judge the identity links;
3. walk the logins in order: at each step the transaction is recomputed member by member, the documents start
   from what the step before left, and the rules of the step hold (§6.2 to §6.7);
4. nothing is left over: no signature, login or document that no step accounts for;
5. the index and the kept earlier states agree with all that;
6. the gravest error decides; without one, the last step's *advances* makes it COMPLETE.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eidkit.binding.approval import ApprovedSignature
from eidkit.binding.transaction import PDF, TransactionDocument
from eidkit.dossier import expecting, leftovers, linking, persons, rules
from eidkit.dossier.act import Act, Case, Signed
from eidkit.dossier.approval import Approval, in_document_order
from eidkit.dossier.growth import grew
from eidkit.dossier.progress import Progress
from eidkit.dossier.report import DossierReport, Examined, SignatureLine, StepReport, Verdict
from eidkit.errors import EidkitError
from eidkit.findings import Finding, finding, in_order
from eidkit.verify.collecting import collect
from eidkit.verify.content import MEDIA_TYPES
from eidkit.verify.judging import judge
from eidkit.verify.signature_value import value_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.binding.authentication import Authentication
    from eidkit.binding.procedure import Step
    from eidkit.dossier.approving import Given
    from eidkit.dossier.dossier import Dossier
    from eidkit.dossier.linking import Links
    from eidkit.identity import Identity
    from eidkit.verify.evidence import SignatureEvidence
    from eidkit.verify.report import Conclusion, Report

_UNTOUCHED = frozenset({"none", "extension"})
"""What may follow a signature in a PDF: nothing, or only signatures, validation data and document timestamps."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One document of the dossier, judged; ``values`` names each signature (by its value) in the file's order."""

    label: str
    media_type: str
    report: Report
    values: tuple[str, ...]

    def pairs(self) -> tuple[tuple[str, Conclusion], ...]:
        """``(value digest, conclusion)`` of each signature."""
        return tuple(zip(self.values, self.report.conclusions, strict=True))


@dataclass(frozen=True, slots=True)
class Papers:
    """What the walk reads: the dossier, its judged documents, and which signatures carry which login.

    ``carried`` is by the login's digest; ``initial`` by label: the values that were there at the beginning; ``links``
    are the identity links that count.
    """

    dossier: Dossier
    given: Given
    judged: dict[str, Judged]
    carried: dict[str, tuple[Signed, ...]]
    initial: dict[str, frozenset[str]]
    links: Links

    @property
    def opened(self) -> expecting.Opened:
        """What stays the same through all steps."""
        return expecting.Opened(self.dossier.id, self.dossier.nonce, self.dossier.procedure)


@dataclass(slots=True)
class Walk:
    """Where the walk over the logins stands."""

    progress: Progress = field(default_factory=Progress)
    previous: str | None = None
    acts: list[Act] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    logins: set[str] = field(default_factory=set)
    left: dict[str, Conclusion] = field(default_factory=dict)
    """By label: the last signature that a step put there."""


def verify(dossier: Dossier, given: Given) -> DossierReport:
    """The DossierReport; numbers refer to the plan above."""
    # 1.
    judged, whole = _judged(dossier, given)
    # 2.
    completing = leftovers.with_validation(dossier, given)
    # The verifier's own first: whoever fills the folder must not crowd them out.
    links, refused, _ = linking.judged((*given.links, *dossier.links), dossier.procedure, completing)
    whole += refused
    papers = Papers(dossier, given, judged, _by_login(judged), leftovers.initially_present(dossier), links)
    # 3.
    walk = Walk()
    steps = tuple(_step(papers, walk, number, login) for number, login in enumerate(dossier.authentications, 1))
    # 4.
    whole += leftovers.of_logins(dossier)
    whole += leftovers.of_signatures(papers)
    whole += leftovers.of_documents(papers, walk.progress)
    touched = [label for label, left in walk.left.items() if _touched(left) or _grew(papers, label, left)]
    whole += [finding("DOCUMENT_CHANGED_AFTER_STEPS", label, document=label) for label in touched]
    # 5.
    whole += leftovers.of_index(dossier, walk.approvals)
    whole += leftovers.of_earlier_states(papers, walk.acts)
    # 6.
    whole += _standing(dossier, walk)
    everything = [*whole, *(reason for step in steps for reason in step.findings)]
    verdict = _verdict(everything, complete=walk.progress.complete(dossier.procedure))
    if _only_status_missing(everything, walk.acts):
        whole.append(finding("ONLY_STATUS_MISSING", None))
    found = in_order(whole)
    reference = dossier.procedure.reference
    return DossierReport(
        dossier.id, verdict, f"{reference.id} {reference.version}", given.policy, given.now, steps, found,
        tuple(Examined(held.label, held.document, _report_of(judged.get(held.label))) for held in dossier.held),
    )  # fmt: skip


def _report_of(item: Judged | None) -> Report | None:
    return item.report if item else None


def _verdict(findings: Sequence[Finding], *, complete: bool) -> Verdict:
    errors = [reason for reason in findings if reason.severity == "error"]
    if any(reason.indication == "TOTAL-FAILED" for reason in errors):
        return "FAILED"
    if errors:
        return "INDETERMINATE"
    return "COMPLETE" if complete else "INCOMPLETE"


_WANT_OF_STATUS = frozenset({"STATUS_UNKNOWN", "ATTESTATION_STATUS_UNKNOWN"})
_FOLLOWS_FROM_IT = frozenset({"STEP_SIGNATURE_UNDECIDED", "TIME_NOT_PROVED"})


def _only_status_missing(findings: Sequence[Finding], acts: Sequence[Act]) -> bool:
    """Whether revocation answers would settle it; a time without any timestamp they would not."""
    codes = {reason.code for reason in findings if reason.severity == "error"}
    stamped = all(signed.conclusion.timestamps for act in acts for signed in act.signatures)
    wanting = codes & _WANT_OF_STATUS
    return bool(wanting) and codes <= _WANT_OF_STATUS | _FOLLOWS_FROM_IT and (stamped or "TIME_NOT_PROVED" not in codes)


def _judged(dossier: Dossier, given: Given) -> tuple[dict[str, Judged], list[Finding]]:
    """1. Every document judged as it would be alone, with the material kept in the dossier as candidates."""
    judged: dict[str, Judged] = {}
    found: list[Finding] = []
    completing = leftovers.with_validation(dossier, given)
    for held in dossier.held:
        try:
            evidence = completing.completed(collect(held.document))
        except EidkitError as error:
            found.append(finding("DOCUMENT_UNREADABLE", held.label, document=held.label, why=error.problem))
            continue
        report = judge(evidence, given.trust, given.policy, at=given.now, authentications=dossier.authentications)
        values = tuple(value_digest(signature) for signature in evidence.signatures)
        judged[held.label] = Judged(held.label, MEDIA_TYPES.get(held.document.format, ""), report, values)
        found += [reason for reason in report.findings if reason.severity == "error"]
    return judged, found


def _by_login(judged: dict[str, Judged]) -> dict[str, tuple[Signed, ...]]:
    """2. By digest of the login: the signatures that carry it."""
    carried: dict[str, list[Signed]] = {}
    for item in judged.values():
        for value, conclusion in item.pairs():
            login = conclusion.authentication.authentication if conclusion.authentication else None
            if login is not None:
                carried.setdefault(login.digest, []).append(Signed(item.label, value, conclusion))
    return {digest: tuple(signatures) for digest, signatures in carried.items()}


def _step(papers: Papers, walk: Walk, number: int, login: Authentication) -> StepReport:
    """3. One login: what was due, what was done, what is wrong with it; moves the walk on."""
    procedure, found = papers.dossier.procedure, list[Finding]()
    due = walk.progress.due(procedure)
    if due is None:
        found.append(finding("STEP_AFTER_END", login.transaction.step))
    claimed = next((step for step in procedure.steps if step.name == login.transaction.step), None)
    step = due or claimed or procedure.steps[-1]
    digest = login.digest
    # A login that was listed before has had its signatures: it stands for one approval.
    signed = () if digest in walk.logins else papers.carried.get(digest, ())
    act = Act(number, procedure, step, expecting.chosen_action(step, login.transaction), login, signed)
    found += expecting.differences(papers.opened, step, login.transaction, previous=walk.previous)
    found += _documents(papers, walk, act)
    case = Case(tuple(walk.acts), papers.given, papers.links)
    found += rules.broken(act, case)
    walk.logins.add(digest)
    _move_on(walk, act, claimed or step)
    return _report(act, act.holder(persons.known(act, case).identities), in_order(found))


def _documents(papers: Papers, walk: Walk, act: Act) -> list[Finding]:
    """§6.3: the documents of the transaction, recomputed from the files and from what the step before left."""
    shown = act.authentication.transaction.documents
    labels = [document.label for document in shown]
    found = expecting.label_differences(papers.dossier.labels_of(act.step), labels, act.step.name)
    for document in shown:
        if document.label not in papers.dossier.labels:
            found.append(finding("DOCUMENT_DISAPPEARED", document.label, document=document.label))
        for signed in act.signatures:
            if signed.label == document.label:
                found += expecting.document_differences(_recomputed(papers, walk, document, signed), document)
                found += _continues(papers, walk, signed)
    return found


def _recomputed(papers: Papers, walk: Walk, document: TransactionDocument, signed: Signed) -> TransactionDocument:
    """The document as it was when the signature was made: its content, and the signatures already there."""
    content, item = signed.conclusion.evidence.content, papers.judged[signed.label]
    if content is None or (content.length is None) != (item.media_type != PDF):
        # CONTENT_FORM says it already: the signature is not bound in this way.
        return document
    if content.length is not None:
        present = {value for value, other in item.pairs() if _ends_by(other.evidence, content.length)}
    else:
        present = {s.value for act in walk.acts for s in act.signatures if s.label == signed.label}
        # What was there at the beginning is only said; it counts as far as the file still holds it.
        present |= papers.initial.get(signed.label, frozenset()) & set(item.values)
    return TransactionDocument(document.label, item.media_type, content.length, content.sha256, tuple(sorted(present)))


def _ends_by(signature: SignatureEvidence, length: int) -> bool:
    return signature.coverage is not None and signature.coverage.revision_end <= length


def _continues(papers: Papers, walk: Walk, signed: Signed) -> list[Finding]:
    """The document starts from what the last step left: its signed file plus only DSS and document timestamps."""
    before = walk.left.get(signed.label)
    if before is None or not (_touched(before) or _grew(papers, signed.label, before, signed.conclusion)):
        return []
    return [finding("DOCUMENT_CHANGED_BETWEEN_STEPS", signed.label, document=signed.label)]


def _touched(conclusion: Conclusion) -> bool:
    coverage = conclusion.evidence.coverage
    return coverage is not None and (coverage.modifications not in _UNTOUCHED or not coverage.modifications_allowed)


def _grew(papers: Papers, label: str, left: Conclusion, until: Conclusion | None = None) -> bool:
    """Whether a PDF gained more than DSS and document timestamps before ``until`` signed it (None: until today)."""
    ended = left.evidence.coverage
    following = until.evidence.coverage if until is not None else None
    every = (conclusion.evidence for _, conclusion in papers.judged[label].pairs())
    return ended is not None and grew(every, ended, following)


def _move_on(walk: Walk, act: Act, claimed: Step) -> None:
    """The next step's starting point; after a wrong step the walk goes on from where the login says it was."""
    pairs = in_document_order(act.authentication, [(signed.label, signed) for signed in act.signatures])
    signatures = tuple(
        ApprovedSignature((label,), signed.value, signed.conclusion.certificate.sha256)
        for label, signed in pairs
        if signed.conclusion.certificate is not None
    )
    approval = Approval(act.authentication, signatures)
    walk.previous = approval.digest
    walk.approvals.append(approval)
    walk.acts.append(act)
    walk.left.update({s.label: s.conclusion for s in act.signatures})
    action = act.action or expecting.chosen_action(claimed, act.authentication.transaction)
    if action is not None:
        walk.progress = walk.progress.after(act.procedure, action, act.procedure.position(claimed.name))


def _report(act: Act, person: Identity | None, findings: tuple[Finding, ...]) -> StepReport:
    transaction = act.authentication.transaction
    login = next((s.conclusion.authentication for s in act.signatures if s.conclusion.authentication), None)
    lines = tuple(
        SignatureLine(s.label, s.conclusion.indication, s.conclusion.subindication, s.conclusion)
        for s in act.signatures
    )
    return StepReport(
        act.step.name, act.step.title, act.step.role, act.step.kind, transaction.action.name, transaction.action.effect,
        person, act.organisation, login, lines, act.time, findings,
    )  # fmt: skip


def _standing(dossier: Dossier, walk: Walk) -> list[Finding]:
    """6. What is still to be done, or where it ended."""
    if walk.progress.ended and walk.acts:
        last = walk.acts[-1].authentication.transaction
        return [finding("DOSSIER_ENDED", None, step=last.step, action=last.action.name)]
    return [
        finding("STEP_NOT_DONE", step.name, step=step.name)
        for step in dossier.procedure.steps[walk.progress.position :]
    ]
