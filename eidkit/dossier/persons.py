"""Who acted: the rules of binding.md §6.5.

Two Identities speak of one person when scheme and identifier are equal, or identity links join them; and of two
persons when the scheme is one that tells persons apart and the identifier is not the same.  Anything else proves
nothing, and is INDETERMINATE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from eidkit.dossier import linking
from eidkit.dossier.linking import Known
from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eidkit.dossier.act import Act, Case
    from eidkit.identity import Identity

Comparison = Literal["same", "different", "unproved"]


def compared(first: Known, second: Known) -> Comparison:
    """Whether what is known of two is of one person, provably of two, or neither is proved."""
    if first.contradictory or second.contradictory:
        return "unproved"
    if first.identities & second.identities:
        return "same"
    schemes = {one.scheme for one in first.identities} & {one.scheme for one in second.identities}
    return "different" if any(linking.tells_apart(scheme) for scheme in schemes) else "unproved"


def among(person: Known, others: Iterable[Identity]) -> Comparison:
    """``same`` when one of ``others`` is, ``different`` when every one is provably not, otherwise ``unproved``."""
    found = {compared(person, Known(frozenset({other}))) for other in others}
    return "same" if "same" in found else "unproved" if "unproved" in found else "different"


def known(act: Act, case: Case) -> Known:
    """Who authenticated, by every identifier that links prove for the time of the act; nobody where that is erased."""
    if act.person is None:
        return Known(frozenset())
    signers = [signed.conclusion.certificate for signed in act.signatures]
    return case.links.known(act.person, act.time, but_of=[one for one in signers if one is not None])


def subject_opens(act: Act, _case: Case) -> Iterator[Finding]:
    """The disclosed identity is the one that was committed to and attested; an erased one proves nothing."""
    if act.authentication.disclosure is None:
        yield finding("ERASED", act.step.name)
    elif not act.authentication.disclosure_holds():
        yield finding("SUBJECT_COMMITMENT", act.step.name)


def persons_agree(act: Act, case: Case) -> Iterator[Finding]:
    """A person's step: certificate and login name the same scheme and identifier, or links join them."""
    if act.step.kind != "person" or act.person is None:
        return
    person = known(act, case)
    if person.contradictory:
        yield finding("IDENTITY_LINKS_CONTRADICT", act.step.name)
    for signed in act.signatures:
        subject = signed.conclusion.signer
        named = subject.person if subject else None
        # The certificate's own name is taken as it is: only what is known of who logged in grows by links.
        agreement = _agreement(act.person, person, named)
        if agreement == "different":
            yield finding("PERSON_MISMATCH", signed.label)
        elif agreement == "unproved":
            certificate = named.scheme if named else "nobody"
            yield finding("PERSON_UNDECIDED", signed.label, login=act.person.scheme, certificate=certificate)
        elif named != act.person:
            yield from linking.told(person, act.step.name)


def _agreement(person: Identity, of_person: Known, named: Identity | None) -> Comparison:
    if named is None:
        return "unproved"
    direct = compared(Known(frozenset({person})), Known(frozenset({named})))
    return compared(of_person, Known(frozenset({named}))) if direct == "unproved" else direct


def mandate_kept(act: Act, _case: Case) -> Iterator[Finding]:
    """A seal step: the certificate is the seal of the organisation that the procedure gives the mandate."""
    mandate = act.step.mandate
    if act.step.kind != "seal" or mandate is None:
        return
    for signed in act.signatures:
        subject = signed.conclusion.signer
        agreement = _one_organisation(mandate, subject.organisation if subject else None)
        a_person_signed = subject is not None and subject.person is not None and subject.person.scheme != "x509"
        if agreement == "different" or (agreement == "same" and a_person_signed):
            yield finding("MANDATE_MISMATCH", signed.label, expected=mandate.name or mandate.masked)
        elif agreement == "unproved":
            yield finding("MANDATE_UNDECIDED", signed.label)


def _one_organisation(first: Identity, second: Identity | None) -> Comparison:
    """Links join persons only: an organisation is who its number says."""
    if second is None or first.scheme != second.scheme:
        return "unproved"
    return "same" if first == second else "different"


def role_held(act: Act, case: Case) -> Iterator[Finding]:
    """The person holds the role, as far as the procedure names holders; otherwise the role is claimed."""
    role = act.step.role
    holders = act.procedure.holders_of(role)
    if not holders:
        yield finding("ROLE_CLAIMED", act.step.name, role=role)
        return
    if act.person is None:
        return
    person = known(act, case)
    held = among(person, holders)
    if held != "same":
        yield finding("NOT_HOLDER" if held == "different" else "HOLDER_UNDECIDED", act.step.name, role=role)
    elif act.person not in holders:
        yield from linking.told(person, act.step.name)


def others_acted(act: Act, case: Case) -> Iterator[Finding]:
    """Different people where the procedure demands it: proved only by unequal identifiers of one scheme."""
    for other in case.earlier:
        if other.step.name not in act.step.different_from:
            continue
        first, second = known(act, case), known(other, case)
        agreement = _difference(act, other, first, second, case)
        if agreement != "different":
            code = "SAME_PERSON" if agreement == "same" else "DIFFERENCE_UNPROVED"
            yield finding(code, act.step.name, step=other.step.name)
        elif act.person is not None and other.person is not None and act.person.scheme != other.person.scheme:
            yield from linking.told(Known(frozenset(), (*first.through, *second.through)), act.step.name)


def _difference(act: Act, other: Act, first: Known, second: Known, case: Case) -> Comparison:
    """Two persons only where what is known for the times of their acts says so, and no link of any time denies it."""
    if act.person is None or other.person is None:
        return "unproved"
    if act.person == other.person:
        return "same"
    ever = compared(case.links.ever_known(act.person), case.links.ever_known(other.person))
    said = {compared(first, second), ever}
    return "same" if "same" in said else "different" if said == {"different"} else "unproved"
