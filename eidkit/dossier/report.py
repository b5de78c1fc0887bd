"""What ``Dossier.verify`` concludes: who approved what, step by step, with every reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict

from eidkit.errors import Text
from eidkit.verify.report import not_passed

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.document import Document
    from eidkit.findings import Finding, Indication
    from eidkit.identity import Identity
    from eidkit.policy import Policy
    from eidkit.verify.bound import Bound
    from eidkit.verify.report import Conclusion, Report

Verdict = Literal["COMPLETE", "INCOMPLETE", "INDETERMINATE", "FAILED"]


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """What one signature of a step is worth: the document's label, indication and sub-indication."""

    document: str
    indication: Indication
    subindication: str | None
    conclusion: Conclusion | None = field(default=None, repr=False, compare=False)
    """What the judge concluded, with every fact it rests on."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """One approval: who, in which role, with which login and signatures, when (None: not proved), and all reasons.

    ``person`` is who authenticated, named as certificate or procedure do (without a name where neither does);
    ``organisation`` is whose certificate signed, beside it at a seal step.  Threads may share it.
    """

    step: str
    title: Text
    role: str
    kind: str
    action: str
    effect: str
    person: Identity | None
    organisation: Identity | None
    authentication: Bound | None
    signatures: tuple[SignatureLine, ...]
    time: datetime | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """One document of a dossier and the report that it got by itself; None where it could not be read."""

    label: str
    document: Document
    report: Report | None


@dataclass(frozen=True, slots=True)
class DossierReport:
    """The verdict over one dossier under one procedure, with every reason; true only for COMPLETE.

    COMPLETE speaks of this branch: it does not say that the service signed no other one.  Threads may share it.
    """

    dossier: str
    verdict: Verdict
    procedure: str
    policy: Policy
    validation_time: datetime
    steps: tuple[StepReport, ...]
    findings: tuple[Finding, ...]
    documents: tuple[Examined, ...] = field(default=(), repr=False, compare=False)
    """The documents as they stand in the dossier, each with its own report."""

    def __bool__(self) -> bool:
        return self.verdict == "COMPLETE"

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all findings, of the steps and of the whole."""
        return frozenset(found.code for found in self.all_findings)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings of the whole, then of each step."""
        return self.findings + tuple(found for step in self.steps for found in step.findings)

    def require(self) -> DossierReport:
        """This report if COMPLETE; otherwise raises :class:`VerificationFailed` with the first reason."""
        if self:
            return self
        what = Text(f"dossier {self.dossier}", f"hồ sơ {self.dossier}")
        raise not_passed("dossier-not-complete", what, self, self.all_findings)

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, language: str = "en") -> str:
        """The report for people, ``"en"`` or ``"vi"``: conclusion first, then a line per step with its reasons."""
        from eidkit.dossier import rendering

        return rendering.text(self, language)

    def to_html(self, language: str = "en") -> str:
        """The report as a page of its own, in both languages with ``language`` shown first.

        With a picture of each person's signed page as it was then, and what changed later boxed.  Everything
        escaped, nothing fetched, no script.
        """
        from eidkit.dossier import page

        return page.rendered(self, language)

    def to_json(self) -> DossierJson:
        """The report as the JSON contract has it; personal numbers are left out."""
        from eidkit.dossier import rendering

        return rendering.json(self)


class SignatureLineJson(TypedDict):
    """One signature of a step in the JSON contract."""

    document: str
    indication: str
    subindication: str | None


class StepJson(TypedDict):
    """One step in the JSON contract."""

    step: str
    role: str
    person: str | None
    organisation: str | None
    authentication: dict[str, object] | None
    signatures: list[SignatureLineJson]
    time: str | None
    findings: list[dict[str, object]]


class DossierJson(TypedDict):
    """What ``eidkit dossier verify --json`` prints."""

    dossier: str
    verdict: Verdict
    steps: list[StepJson]
    findings: list[dict[str, object]]
