"""One approval as the rules see it: who acted, at which step, with which judged signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.identity import Identity
from eidkit.trust.subject import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from eidkit.binding.authentication import Authentication
    from eidkit.binding.procedure import Action, Procedure, Step
    from eidkit.dossier.approving import Given
    from eidkit.dossier.linking import Links
    from eidkit.verify.report import Conclusion


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature of an approval: the label of its document, the digest of its value, and its conclusion."""

    label: str
    value: str
    conclusion: Conclusion


@dataclass(frozen=True, slots=True)
class Act:
    """One approval: the step that was due, the action taken, the login, and the signatures that carry it.

    ``number`` counts approvals from 1; ``action`` is None when the step has none of that name; ``judged_at`` is by when
    it must have happened, for an act whose signatures are not judged again.
    """

    number: int
    procedure: Procedure
    step: Step
    action: Action | None
    authentication: Authentication
    signatures: tuple[Signed, ...]
    judged_at: datetime | None = None

    @property
    def person(self) -> Identity | None:
        """Who authenticated; None where that was erased or does not open its commitment."""
        return self.authentication.identity if self.authentication.disclosure_holds() else None

    def holder(self, known: Iterable[Identity]) -> Identity | None:
        """:attr:`person`, named as a certificate of this act or the procedure names one of the ``known`` identifiers.

        The name in a login file is covered by nothing: it is never shown as who acted.
        """
        person = self.person
        if person is None:
            return None
        subjects = [signed.conclusion.signer for signed in self.signatures if signed.conclusion.signer]
        named = [*(subject.person for subject in subjects), *self.procedure.holders_of(self.step.role)]
        known = {person, *known}
        name = next((other.name for other in named if other is not None and other in known), "")
        return Identity(person.scheme, person.identifier, name)

    @property
    def organisation(self) -> Identity | None:
        """The organisation that the first signing certificate names, if it names one."""
        subjects = [signed.conclusion.signer for signed in self.signatures if signed.conclusion.signer]
        return next((subject.organisation for subject in subjects if subject.organisation), None)

    @property
    def attesters(self) -> tuple[Identity | None, ...]:
        """By signature: the organisation whose service key attested, as its certificate names it."""
        logins = [signed.conclusion.authentication for signed in self.signatures]
        certificates = [login.attester for login in logins if login is not None and login.attester is not None]
        return tuple(subject_of(certificate).organisation for certificate in certificates)

    @property
    def attester(self) -> Identity | None:
        """The first of :attr:`attesters`; None when there is none, or it has no number."""
        return next(iter(self.attesters), None)

    @property
    def time(self) -> datetime | None:
        """The latest proved signature time; None when a signature's time is only claimed."""
        if self.judged_at is not None:
            return self.judged_at
        if not self.signatures or not all(signed.conclusion.time_proved for signed in self.signatures):
            return None
        return max(signed.conclusion.best_signature_time for signed in self.signatures)


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules may look at beside the act: the acts before it, what the verifier brought along, and the links."""

    earlier: Sequence[Act]
    given: Given
    links: Links
