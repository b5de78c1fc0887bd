"""``Dossier.approve``: one more approval, when everything agrees; otherwise every reason at once.

The plan:
1. find the document that each signed file is of; what is new in it is what the step signed;
2. judge the new signatures, and only those: the old ones were judged when they came in;
3. the transaction is the one that this dossier calls for now, member by member (binding.md §6.3);
4. the rules of the step: login, person, role, times, level (§6.2 to §6.6);
5. one login, one transaction, one approval (§3);
6. no reason against it: the next value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from eidkit.dossier import expecting, labels, linking, rules
from eidkit.dossier.act import Act, Case, Signed
from eidkit.dossier.approval import Approval, approved_signature, in_document_order
from eidkit.dossier.growth import grew
from eidkit.errors import StepError, Text
from eidkit.findings import Finding, finding, in_order
from eidkit.verify.collecting import collect
from eidkit.verify.completing import complete
from eidkit.verify.judging import judge
from eidkit.verify.signature_value import value_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from eidkit.binding.authentication import Authentication
    from eidkit.binding.identity_link import IdentityLink
    from eidkit.binding.procedure import Step
    from eidkit.binding.transaction import TransactionDocument
    from eidkit.clock import Clock
    from eidkit.document import Document
    from eidkit.dossier.dossier import Dossier, EarlierState, Held, Validation
    from eidkit.dossier.linking import Links
    from eidkit.policy import Policy
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore
    from eidkit.verify.blocks import Material
    from eidkit.verify.evidence import Evidence, SignatureEvidence
    from eidkit.verify.report import Report


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller brought along to judge with.

    ``providers`` None: proofs of logins that need a pin are not checked again.  ``origins``: the only ones at which a
    key may have signed to log in (none: any).  ``links`` come beside those that the dossier keeps.
    """

    trust: TrustStore
    providers: Sequence[object] | None
    sources: Sources | None
    policy: Policy
    now: datetime
    transport: Transport | None
    clock: Clock
    origins: tuple[str, ...] = ()
    links: tuple[IdentityLink, ...] = ()

    def completed(self, evidence: Evidence) -> Evidence:
        """``evidence`` with what the sources add."""
        return complete(evidence, self.trust, self.sources, at=self.now, transport=self.transport, clock=self.clock)


@dataclass(frozen=True, slots=True)
class Came:
    """One signed file: what the dossier held before, the file, its evidence, and its values that are new."""

    before: Held
    shown: TransactionDocument
    document: Document
    evidence: Evidence
    values: tuple[str, ...]

    @property
    def new(self) -> tuple[SignatureEvidence, ...]:
        """The signatures that were not there before."""
        return tuple(
            s for s, value in zip(self.evidence.signatures, self.values, strict=True) if value not in self.shown.present
        )


def approve(
    dossier: Dossier, signed: Mapping[str, Document] | Iterable[Document], authentication: Authentication, given: Given
) -> Dossier:
    """The dossier with one more approval; :class:`StepError` with every reason otherwise.  Numbers: the plan above."""
    step = dossier.step
    if step is None:
        raise _refused([finding("STEP_AFTER_END", None)])
    # 1.
    came, found = _matched(dossier, step, signed)
    # 2.
    judged = [_judged(item, authentication, given) for item in came]
    act = _act(dossier, step, authentication, [signature for _, signatures, _ in judged for signature in signatures])
    found += [reason for _, _, report in judged for reason in report.findings if reason.severity == "error"]
    # 3.
    found += _transaction(dossier, step, authentication, came)
    # 4.
    links, refused, materials = linking.judged((*given.links, *dossier.links), dossier.procedure, given)
    found += [*refused, *rules.broken(act, Case(_earlier(dossier), given, links))]
    # 5.
    if _used_before(dossier, authentication):
        found.append(finding("LOGIN_REUSED", step.name))
    errors = [reason for reason in in_order(found) if reason.severity == "error"]
    if errors:
        raise _refused(errors)
    # 6.
    advanced = _advanced(dossier, authentication, came, [completed for completed, _, _ in judged])
    return _with_links(advanced, act, links, materials)


def _refused(reasons: Sequence[Finding]) -> StepError:
    first = reasons[0]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    error = StepError(
        "step-refused",
        Text(f"{first.code}: {first.message.en}{more}", f"{first.code}: {first.message.vi}"),
        first.remedy,
        kind="person",
    )
    error.reasons = tuple(reasons)
    return error


def _matched(
    dossier: Dossier, step: Step, signed: Mapping[str, Document] | Iterable[Document]
) -> tuple[list[Came], list[Finding]]:
    """Each signed file with the document it is of: by mapping, otherwise by the content that was signed."""
    from collections.abc import Mapping as AnyMapping

    due = {
        label: (item, item.shown()) for item in dossier.held for label in dossier.labels_of(step) if item.label == label
    }
    pairs = list(signed.items()) if isinstance(signed, AnyMapping) else [(None, document) for document in signed]
    came: list[Came] = []
    found: list[Finding] = []
    for label, document in pairs:
        evidence = collect(document)
        values = tuple(value_digest(signature) for signature in evidence.signatures)
        chosen = (
            label
            if label is not None
            else _label_by_content(document, evidence, values, due, {item.shown.label for item in came})
        )
        if chosen not in due:
            found.append(finding("TRANSACTION_CONTENT", document.name, document=document.name))
            continue
        before, shown = due[chosen]
        came.append(Came(before, shown, document, evidence, values))
        if not set(shown.present) <= set(values):
            found.append(finding("TRANSACTION_PRESENT", chosen, document=chosen))
        elif not _kept(dossier, came[-1]):
            found.append(finding("DOCUMENT_CHANGED_BETWEEN_STEPS", chosen, document=chosen))
        elif any(one.coverage is not None and grew(came[-1].new, one.coverage, None) for one in came[-1].new):
            found.append(finding("DOCUMENT_CHANGED_AFTER_STEPS", chosen, document=chosen))
    return came, found


def _kept(dossier: Dossier, came: Came) -> bool:
    """1. What was there has its octets and timestamps: a PDF by its prefix, with only DSS and timestamps after it."""
    if came.before.document.format == "pdf":
        approved = {
            one.value for each in dossier.approvals for one in each.signatures if came.shown.label in one.documents
        }
        pairs = zip(came.evidence.signatures, came.values, strict=True)
        left = [each.coverage for each, value in pairs if value in approved and each.coverage is not None]
        new = next((each.coverage for each in came.new), None)
        return not left or new is None or not grew(came.evidence.signatures, left[-1], new)
    from eidkit import xml

    return came.document.format == "xml" and xml.grew_from(came.document, came.before.document)


def _label_by_content(
    document: Document,
    evidence: Evidence,
    values: Sequence[str],
    due: Mapping[str, tuple[Held, TransactionDocument]],
    taken: set[str],
) -> str | None:
    """The label whose content a new signature covers; between equal contents the file's name decides."""
    fitting = []
    for label, (_, shown) in due.items():
        contents = {
            (signature.content.sha256, signature.content.length)
            for signature, value in zip(evidence.signatures, values, strict=True)
            if signature.content is not None and value not in shown.present
        }
        if label not in taken and (shown.sha256, shown.length) in contents:
            fitting.append(label)
    named = labels.label_of(document.name.split(".", 1)[0])
    return named if named in fitting or (not fitting and named in due) else next(iter(fitting), None)


def _judged(came: Came, authentication: Authentication, given: Given) -> tuple[Evidence, list[Signed], Report]:
    """2. The new signatures of one file, judged; the file itself was read whole."""
    completed = given.completed(replace(came.evidence, signatures=came.new))
    report = judge(completed, given.trust, given.policy, at=given.now, authentications=(authentication,))
    signed = [
        Signed(came.shown.label, value_digest(conclusion.evidence), conclusion) for conclusion in report.conclusions
    ]
    return completed, signed, report


def _act(dossier: Dossier, step: Step, authentication: Authentication, signed: Sequence[Signed]) -> Act:
    action = expecting.chosen_action(step, authentication.transaction)
    number = len(dossier.authentications) + 1
    return Act(number, dossier.procedure, step, action, authentication, tuple(signed))


def _earlier(dossier: Dossier) -> tuple[Act, ...]:
    """The acts before, as far as persons and steps go; their signatures were judged when they came in.

    Each came no later than its step's age limit after its login.
    """
    found = []
    for number, login in enumerate(dossier.authentications, 1):
        step = dossier.procedure.step(login.transaction.step)
        by = login.authenticated_at + timedelta(seconds=step.max_age)
        found.append(Act(number, dossier.procedure, step, None, login, (), by))
    return tuple(found)


def _transaction(dossier: Dossier, step: Step, authentication: Authentication, came: Sequence[Came]) -> list[Finding]:
    """3. The login's transaction against what this dossier calls for."""
    found = authentication.transaction
    opened = expecting.Opened(dossier.id, dossier.nonce, dossier.procedure)
    findings = expecting.differences(opened, step, found, previous=dossier.head)
    findings += expecting.label_differences(
        dossier.labels_of(step), [document.label for document in found.documents], step.name
    )
    held = {item.label: item for item in dossier.held}
    for document in found.documents:
        if document.label in held:
            findings += expecting.document_differences(held[document.label].shown(), document)
    for item in came:
        wanted = (item.shown.sha256, item.shown.length)
        if any(s.content is None or (s.content.sha256, s.content.length) != wanted for s in item.new):
            findings.append(finding("TRANSACTION_CONTENT", item.shown.label, document=item.shown.label))
    return findings


def _used_before(dossier: Dossier, authentication: Authentication) -> bool:
    """5. A login is of one Transaction: another use of either would be another use of the same Transaction."""
    return any(login.transaction == authentication.transaction for login in dossier.authentications)


def _advanced(
    dossier: Dossier, authentication: Authentication, came: Sequence[Came], completed: Sequence[Evidence]
) -> Dossier:
    """6. The next value: documents as they stand now, the login, the approval, and what was used to judge."""
    from eidkit.dossier.dossier import Held

    after = {item.shown.label: item for item in came}
    held = tuple(
        Held(item.label, after[item.label].document, _shown_after(after[item.label])) if item.label in after else item
        for item in dossier.held
    )
    pairs = in_document_order(
        authentication, [(item.shown.label, signature) for item in came for signature in item.new]
    )
    approval = Approval(authentication, tuple(approved_signature(*pair) for pair in pairs))
    validation = dossier.validation
    for evidence in completed:
        validation = validation.joined(_used(evidence))
    return replace(
        dossier,
        held=held,
        authentications=(*dossier.authentications, authentication),
        known_approvals=(*dossier.approvals, approval),
        earlier=(*dossier.earlier, *_left_behind(dossier, came)),
        validation=validation,
        index=None,
    )


def _with_links(dossier: Dossier, act: Act, links: Links, materials: Material) -> Dossier:
    """The links that say who acted stay with the dossier, and what shows that they hold."""
    person = act.person
    needed = () if person is None else links.known(person, act.time).through
    new = tuple(one.link for one in needed if one.link not in dossier.links)
    if not new:
        return dossier
    from eidkit.dossier.dossier import Validation

    kept = Validation(tuple(one.der for one in materials.pool), materials.crls, materials.ocsps)
    return replace(dossier, links=(*dossier.links, *new), validation=dossier.validation.joined(kept))


def _shown_after(came: Came) -> TransactionDocument:
    document = came.document
    present = tuple(sorted(set(came.values)))
    if came.shown.length is None:
        return replace(came.shown, present=present)
    return replace(came.shown, length=document.length, sha256=document.sha256, present=present)


def _left_behind(dossier: Dossier, came: Sequence[Came]) -> list[EarlierState]:
    """Earlier states that are not a prefix of what stands now: every format but PDF."""
    from eidkit.dossier.dossier import EarlierState

    number = len(dossier.authentications)
    return [EarlierState(number, item.shown.label, item.before.document) for item in came if item.shown.length is None]


def _used(evidence: Evidence) -> Validation:
    from eidkit.dossier.dossier import Validation

    def supplied(items: Iterable[bytes]) -> tuple[bytes, ...]:
        return tuple(item for item in items if sha256(item).hexdigest() in evidence.supplied)

    return Validation(supplied(evidence.certificates), supplied(evidence.crls), supplied(evidence.ocsps))
