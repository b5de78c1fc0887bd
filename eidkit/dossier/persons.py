"""Who acted: the rules of binding.md §6.5.

Two Identities speak of one person exactly when scheme and identifier are equal, and of two persons exactly
when the scheme is equal and the identifier is not.  Across schemes nothing is proved: identity links are not
in this release, so that is INDETERMINATE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eidkit.dossier.act import Act, Case
    from eidkit.identity import Identity

Comparison = Literal["same", "different", "unproved"]


def compared(first: Identity | None, second: Identity | None) -> Comparison:
    """Whether two Identities are the same, provably different, or neither is proved."""
    if first is None or second is None or first.scheme != second.scheme:
        return "unproved"
    return "same" if first == second else "different"


def among(person: Identity | None, others: Iterable[Identity]) -> Comparison:
    """``same`` when one of ``others`` is, ``different`` when every one is provably not, otherwise ``unproved``."""
    found = {compared(person, other) for other in others}
    return "same" if "same" in found else "unproved" if "unproved" in found else "different"


def subject_opens(act: Act, _case: Case) -> Iterator[Finding]:
    """The disclosed identity is the one that was committed to and attested; an erased one proves nothing."""
    if act.authentication.disclosure is None:
        yield finding("ERASED", act.step.name)
    elif not act.authentication.disclosure_holds():
        yield finding("SUBJECT_COMMITMENT", act.step.name)


def persons_agree(act: Act, _case: Case) -> Iterator[Finding]:
    """A person's step: certificate and login name the same scheme and identifier."""
    if act.step.kind != "person" or act.person is None:
        return
    for signed in act.signatures:
        subject = signed.conclusion.signer
        named = subject.person if subject else None
        agreement = compared(act.person, named)
        if agreement == "different":
            yield finding("PERSON_MISMATCH", signed.label)
        elif agreement == "unproved":
            certificate = named.scheme if named else "nobody"
            yield finding("PERSON_UNDECIDED", signed.label, login=act.person.scheme, certificate=certificate)


def mandate_kept(act: Act, _case: Case) -> Iterator[Finding]:
    """A seal step: the certificate is the seal of the organisation that the procedure gives the mandate."""
    mandate = act.step.mandate
    if act.step.kind != "seal" or mandate is None:
        return
    for signed in act.signatures:
        subject = signed.conclusion.signer
        agreement = compared(mandate, subject.organisation if subject else None)
        a_person_signed = subject is not None and subject.person is not None and subject.person.scheme != "x509"
        if agreement == "different" or (agreement == "same" and a_person_signed):
            yield finding("MANDATE_MISMATCH", signed.label, expected=mandate.name or mandate.masked)
        elif agreement == "unproved":
            yield finding("MANDATE_UNDECIDED", signed.label)


def role_held(act: Act, _case: Case) -> Iterator[Finding]:
    """The person holds the role, as far as the procedure names holders; otherwise the role is claimed."""
    role = act.step.role
    holders = act.procedure.holders_of(role)
    if not holders:
        yield finding("ROLE_CLAIMED", act.step.name, role=role)
        return
    if act.person is None:
        return
    held = among(act.person, holders)
    if held != "same":
        yield finding("NOT_HOLDER" if held == "different" else "HOLDER_UNDECIDED", act.step.name, role=role)


def others_acted(act: Act, case: Case) -> Iterator[Finding]:
    """Different people where the procedure demands it: proved only by unequal identifiers of one scheme."""
    for other in case.earlier:
        if other.step.name not in act.step.different_from:
            continue
        agreement = compared(act.person, other.person)
        if agreement != "different":
            code = "SAME_PERSON" if agreement == "same" else "DIFFERENCE_UNPROVED"
            yield finding(code, act.step.name, step=other.step.name)
