"""What a verifier concludes: a Report with one Conclusion per signature and every finding.

A Report answers questions; ``bool(report)`` is its verdict and false for anything but TOTAL-PASSED, and
``report.require()`` is the gate that raises.  The JSON keys are a contract (``ReportJson``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from eidkit.errors import Text, VerificationFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.findings import Finding, Indication
    from eidkit.policy import Policy
    from eidkit.trust.revocation import Status
    from eidkit.trust.subject import Subject
    from eidkit.verify.basic import Context
    from eidkit.verify.bound import Bound
    from eidkit.verify.evidence import SignatureEvidence, TimestampEvidence
    from eidkit.verify.trace import Step

Verdict = Literal["TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED", "NO-SIGNATURE", "PASSED", "FAILED"]
TimestampIndication = Literal["PASSED", "INDETERMINATE", "FAILED"]
WORST_FIRST: tuple[Verdict, ...] = ("TOTAL-FAILED", "INDETERMINATE", "TOTAL-PASSED")
"""The verdict over several signatures is the first of these that one of them reached."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class TimestampConclusion:
    """What one timestamp token is worth; ``time`` is its genTime (UTC), None when it cannot be read.

    ``proved_at`` is the past time for which it was judged, at which a later timestamp proves that it existed; None
    where it was judged for the present.
    """

    id: str
    kind: str
    time: datetime | None
    tsa: str | None
    intact: bool
    indication: TimestampIndication
    subindication: str | None
    findings: tuple[Finding, ...]
    path: tuple[Certificate, ...]
    evidence: TimestampEvidence
    proved_at: datetime | None = None
    statuses: tuple[Status, ...] = ()
    """The status of each certificate of ``path`` but the anchor, as judged."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What one signature is worth; threads may share it.

    ``best_signature_time`` is the earliest time that a good timestamp proves (``time_proved``), otherwise the
    time of validation.  ``intact``: value and every reference hold.  ``evidence`` are the facts it rests on.
    """

    evidence: SignatureEvidence
    indication: Indication
    subindication: str | None
    intact: bool
    certificate: Certificate | None
    signer: Subject | None
    path: tuple[Certificate, ...]
    best_signature_time: datetime
    time_proved: bool
    timestamps: tuple[TimestampConclusion, ...]
    authentication: Bound | None
    findings: tuple[Finding, ...]
    statuses: tuple[Status, ...] = ()
    """The status of each certificate of ``path`` but the anchor, as judged."""
    level: str = ""
    """The signature level by structure, such as ``PAdES-B-T``; chains end at the anchors that were given."""
    steps: tuple[Step, ...] = field(default=(), repr=False)
    """The building blocks as they were run; :meth:`Report.detailed` tells them."""

    @property
    def id(self) -> str:
        """The signature's name inside the document."""
        return self.evidence.id

    def __bool__(self) -> bool:
        return self.indication == "TOTAL-PASSED"


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict over one document under one policy at one time, with every reason; threads may share it."""

    document: str
    sha256: str
    format: str
    document_seen: bool
    verdict: Verdict
    policy: Policy
    validation_time: datetime
    conclusions: tuple[Conclusion, ...]
    timestamps: tuple[TimestampConclusion, ...]
    findings: tuple[Finding, ...]
    context: Context | None = field(default=None, repr=False, compare=False)
    """What was judged, for looking ahead."""

    @property
    def provable_until(self) -> datetime | None:
        """The earliest date on which this verdict would no longer hold without new evidence; None if not today.

        Judged anew at each call; :mod:`eidkit.verify.horizon` says what it rests on.
        """
        from eidkit.verify.judging import provable_until

        return provable_until(self.context) if self and self.context is not None else None

    def __bool__(self) -> bool:
        return self.verdict in {"TOTAL-PASSED", "PASSED"}

    def require(self) -> Report:
        """This report if it is passed; otherwise raises :class:`VerificationFailed` with the first reason."""
        if self:
            return self
        judged = [conclusion.findings for conclusion in self.conclusions] + [each.findings for each in self.timestamps]
        reasons = (*chain.from_iterable(judged), *self.findings)
        raise not_passed("not-passed", Text(self.document, self.document), self, reasons)

    def __str__(self) -> str:
        from eidkit.verify.render import text

        return text.rendered(self)

    def to_text(self, language: str = "en") -> str:
        """The report for people, ``"en"`` or ``"vi"``: conclusion first, most specific reason first."""
        from eidkit.verify.render import text

        return text.rendered(self, language)

    def detailed(self, language: str = "en") -> str:
        """The report for people, and below it every building block that was run: clause, inputs, outcome."""
        from eidkit.verify.render import detailed

        return detailed.rendered(self, language)

    def to_html(self, language: str = "en") -> str:
        """The report as a page of its own, in both languages with ``language`` shown first.

        Everything escaped, nothing fetched, no script.
        """
        from eidkit.verify.render import html

        return html.rendered([self], language)

    def to_etsi(self) -> str:
        """The report as XML of ETSI TS 119 102-2 (V1.4.1), not signed."""
        from eidkit.verify.render import etsi

        return etsi.rendered([self])

    def to_json(self, *, detailed: bool = False) -> ReportJson:
        """The report as the JSON contract has it (JSON-able values only).

        ``detailed`` adds ``blocks``, every building block that was run, to each signature and document timestamp.
        """
        from eidkit.verify.render import json

        return json.rendered(self, detailed=detailed)


def not_passed(code: str, what: Text, report: Any, reasons: Sequence[Finding]) -> VerificationFailed:
    """The error of a report that is not passed: its verdict, the first error among ``reasons``, and its remedy."""
    reason = next((found for found in reasons if found.severity == "error"), next(iter(reasons), None))
    if reason is None:
        reason_text, remedy = Text("", ""), Text("look at the report's findings", "xem các phát hiện trong báo cáo")
    else:
        reason_text, remedy = Text(", {said}", ", {said}").filled(said=reason.message), reason.remedy
    problem = Text("{what}: {verdict}{reason}", "{what}: {verdict}{reason}")
    error = VerificationFailed(code, problem.filled(what=what, verdict=report.verdict, reason=reason_text), remedy)
    error.report = report
    return error


class BlockJson(TypedDict):
    """One building block that was run, in the JSON contract."""

    clause: str
    title: dict[str, str]
    inputs: list[dict[str, object]]
    indication: str
    subindication: str | None
    findings: list[str]


class TimestampJson(TypedDict):
    """One timestamp in the JSON contract."""

    id: str
    kind: str
    time: str | None
    tsa: str | None
    intact: bool
    indication: TimestampIndication
    subindication: str | None
    blocks: list[BlockJson] | None


class SignerJson(TypedDict):
    """Who signed, in the JSON contract; personal numbers are left out."""

    name: str | None
    person: str | None
    organisation: str | None
    title: str | None
    certificate_sha256: str | None


class SignatureJson(TypedDict):
    """One signature in the JSON contract."""

    id: str
    level: str
    signer: SignerJson
    intact: bool
    indication: Indication
    subindication: str | None
    signing_time: str | None
    best_signature_time: str
    algorithms: dict[str, str]
    scope: list[dict[str, str]]
    covers_whole_document: bool | None
    modifications: str | None
    modifications_allowed: bool | None
    own_revision: str | None
    claimed_roles: list[str]
    commitments: list[str]
    path: list[str]
    timestamps: list[TimestampJson]
    authentication: dict[str, object] | None
    counter_signature_of: str | None
    findings: list[dict[str, object]]
    blocks: list[BlockJson] | None


class ReportJson(TypedDict):
    """What ``eidkit verify --json`` prints for one document."""

    schema: int
    eidkit: str
    document: str
    sha256: str
    format: str
    document_seen: bool
    verdict: Verdict
    policy: str
    policy_version: str
    validation_time: str
    provable_until: str | None
    signatures: list[SignatureJson]
    timestamps: list[TimestampJson]
    findings: list[dict[str, object]]
