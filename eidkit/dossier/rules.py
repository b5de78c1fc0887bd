"""The rules of one step: binding.md §6 items 1 to 6 and 8, each a function from an Act to findings.

1. every signature holds, by the judge (§6.1);
2. it carries this login, bound, and attested by a service that the procedure names (§6.2);
3. documents and signatures are the same set, and each shows what the transaction names for it (§2, §6.3);
4. the proof class meets the step (§6.4); proof and assurance are checked again in ``proofs``;
5. the persons (§6.5) are in ``persons``;
6. the times: proved, and within the step's age limit (§6.6);
7. signature level, commitment and claimed role are the step's (§0, §4);
8. who alone could have made it up (§6.8).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from eidkit.binding import scales
from eidkit.dossier import persons, proofs
from eidkit.findings import Finding, finding
from eidkit.verify.bound import appearance_differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eidkit.dossier.act import Act, Case, Signed


def broken(act: Act, case: Case) -> list[Finding]:
    """Every finding of every rule; errors, warnings and infos."""
    return [found for rule in RULES for found in rule(act, case)]


def signatures_hold(act: Act, _case: Case) -> Iterator[Finding]:
    """1. What the judge says of each signature."""
    for signed in act.signatures:
        conclusion = signed.conclusion
        if conclusion.indication != "TOTAL-PASSED":
            code = "STEP_SIGNATURE_FAILED" if conclusion.indication == "TOTAL-FAILED" else "STEP_SIGNATURE_UNDECIDED"
            yield finding(
                code, signed.label, document=signed.label, sub=conclusion.subindication or conclusion.indication
            )
        yield from _of(signed)


def _of(signed: Signed) -> Iterator[Finding]:
    """The reasons themselves, about the document that they are of."""
    for reason in signed.conclusion.findings:
        if reason.severity == "error" or reason.code in _WORTH_REPEATING:
            yield replace(reason, about=signed.label)


_WORTH_REPEATING = frozenset({"LOGIN_TIME_CLAIMED", "FORM_FILLED_AFTER_SIGNING", "SPLIT_TEXT"})


def logins_bound(act: Act, _case: Case) -> Iterator[Finding]:
    """2. Each signature carries the login and is bound to it."""
    for signed in act.signatures:
        login = signed.conclusion.authentication
        if login is None:
            yield finding("ASSERTION_MISSING", signed.label, document=signed.label)
        elif login.authentication is None:
            yield finding("LOGIN_MISSING", signed.label, document=signed.label)
        elif login.state == "no" or login.authentication.digest != act.authentication.digest:
            yield finding("LOGIN_NOT_BOUND", signed.label, document=signed.label)


def attester_named(act: Act, _case: Case) -> Iterator[Finding]:
    """2. The service that attested is one of the procedure's attesters, in every signature."""
    for attester in dict.fromkeys(act.attesters):
        if attester not in act.procedure.attesters:
            name = attester.name or attester.masked if attester else "a service without a number"
            yield finding("ATTESTER_NOT_NAMED", act.step.name, attester=name)


def same_set(act: Act, _case: Case) -> Iterator[Finding]:
    """3. Each document of the transaction is covered by exactly one signature of the approval, and no other."""
    if not act.signatures:
        yield finding("LOGIN_UNUSED", act.step.name, step=act.step.name)
    shown = [document.label for document in act.authentication.transaction.documents]
    signed = [signature.label for signature in act.signatures]
    for label in shown:
        if label not in signed:
            yield finding("DOCUMENT_NOT_SIGNED", label, document=label)
        elif signed.count(label) > 1:
            yield finding("DOCUMENT_SIGNED_TWICE", label, document=label)
    for label in dict.fromkeys(signed):
        if label not in shown:
            yield finding("DOCUMENT_NOT_SHOWN", label, document=label)


def appearance_kept(act: Act, _case: Case) -> Iterator[Finding]:
    """3. Each signature shows the stamp that the transaction names for its own document, or nothing."""
    for signed in act.signatures:
        transaction = act.authentication.transaction
        for reason in appearance_differences(signed.conclusion.evidence, transaction, [signed.label]):
            yield replace(reason, about=signed.label)


def class_met(act: Act, _case: Case) -> Iterator[Finding]:
    """4. The proof class is at least the step's."""
    least, found = act.step.proof_class, act.authentication.proof_class
    if not scales.at_least(scales.PROOF_CLASSES, found, least):
        yield finding("PROOF_CLASS_TOO_LOW", act.step.name, expected=least, found=found)


def times_proved(act: Act, _case: Case) -> Iterator[Finding]:
    """6. Each time is proved, and the login no older than the step allows."""
    limit = timedelta(seconds=act.step.max_age)
    for signed in act.signatures:
        if not signed.conclusion.time_proved:
            yield finding("TIME_NOT_PROVED", signed.label, document=signed.label)
            continue
        age = signed.conclusion.best_signature_time - act.authentication.authenticated_at
        if age > limit:
            yield finding("LOGIN_TOO_OLD", signed.label, age=int(age.total_seconds()), limit=act.step.max_age)


def level_met(act: Act, _case: Case) -> Iterator[Finding]:
    """7. The signature level by structure is at least the step's; what a level promises is judged above."""
    for signed in act.signatures:
        found = signed.conclusion.level.partition("-")[2]
        if not scales.at_least(scales.SIGNATURE_LEVELS, found, act.step.signature_level):
            yield finding(
                "SIGNATURE_LEVEL_TOO_LOW", signed.label, document=signed.label,
                expected=act.step.signature_level, found=found or signed.conclusion.level,
            )  # fmt: skip


def commitment_kept(act: Act, _case: Case) -> Iterator[Finding]:
    """7. §4: the commitment type is the action's; proof of approval only where the action advances."""
    if act.action is None:
        return
    wanted = (act.action.commitment_oid,) if act.action.commitment_oid else ()
    for signed in act.signatures:
        if signed.conclusion.evidence.commitments != wanted:
            yield finding("COMMITMENT_MISMATCH", signed.label, document=signed.label)


def role_claimed(act: Act, _case: Case) -> Iterator[Finding]:
    """7. §4: the signature claims the step's role and no other."""
    for signed in act.signatures:
        if signed.conclusion.evidence.claimed_roles != (act.step.role,):
            yield finding("CLAIMED_ROLE_MISMATCH", signed.label, document=signed.label)


def signer_named(act: Act, _case: Case) -> Iterator[Finding]:
    """3. A transaction that names its signer's certificate was signed with that certificate."""
    wanted = act.authentication.transaction.signer
    for signed in act.signatures:
        certificate = signed.conclusion.certificate
        if wanted is not None and (certificate is None or certificate.sha256 != wanted):
            yield finding("TRANSACTION_SIGNER", signed.label)


def made_up_by(act: Act, _case: Case) -> Iterator[Finding]:
    """8. Who alone could have made this login up."""
    attester = act.attester
    name = (attester.name or attester.masked) if attester else "?"
    code = f"MADE_UP_{act.authentication.proof_class.upper()}"
    yield finding(code, act.step.name, step=act.step.name, attester=name)
    if act.authentication.proof_class == "attested" and _service_holds_signing_key(act):
        yield finding("MADE_UP_SERVICE_KEY", act.step.name, step=act.step.name)


def _service_holds_signing_key(act: Act) -> bool:
    """The organisation that attests is the one whose seal signed."""
    return act.step.kind == "seal" and act.organisation is not None and act.organisation == act.attester


RULES: tuple[Callable[[Act, Case], Iterator[Finding]], ...] = (
    signatures_hold,
    logins_bound,
    attester_named,
    same_set,
    appearance_kept,
    signer_named,
    proofs.login_proved,
    class_met,
    persons.subject_opens,
    persons.persons_agree,
    persons.mandate_kept,
    persons.role_held,
    persons.others_acted,
    times_proved,
    level_met,
    commitment_kept,
    role_claimed,
    made_up_by,
)
