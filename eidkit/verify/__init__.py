"""Verifying: ``collect → complete → judge``, and ``verify`` which is these three."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.verify.auditing import AuditJson
    from eidkit.verify.certificate import CertificateJson, CertificateReport, PathEntry, verify_certificate
    from eidkit.verify.collecting import collect, evidence_statement, load_evidence, save_evidence
    from eidkit.verify.completing import complete
    from eidkit.verify.judging import judge
    from eidkit.verify.many import NotReadable, verify_many
    from eidkit.verify.report import Conclusion, Report, ReportJson
    from eidkit.verify.rescue import Loss, Outlook, Rescue, outlook
    from eidkit.verify.spreading import Processes
    from eidkit.verify.verifying import verify

__all__ = [
    "AuditJson",
    "CertificateJson",
    "CertificateReport",
    "Conclusion",
    "Loss",
    "NotReadable",
    "Outlook",
    "PathEntry",
    "Processes",
    "Report",
    "ReportJson",
    "Rescue",
    "collect",
    "complete",
    "evidence_statement",
    "judge",
    "load_evidence",
    "outlook",
    "save_evidence",
    "verify",
    "verify_certificate",
    "verify_many",
]

__getattr__, __dir__ = lazily.loading(
    __name__,
    {
        "auditing": ("AuditJson",),
        "certificate": ("CertificateJson", "CertificateReport", "PathEntry", "verify_certificate"),
        "collecting": ("collect", "evidence_statement", "load_evidence", "save_evidence"),
        "completing": ("complete",),
        "judging": ("judge",),
        "many": ("NotReadable", "verify_many"),
        "report": ("Conclusion", "Report", "ReportJson"),
        "rescue": ("Loss", "Outlook", "Rescue", "outlook"),
        "spreading": ("Processes",),
        "verifying": ("verify",),
    },
)
