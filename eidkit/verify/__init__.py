"""Verifying: ``collect → complete → judge``, and ``verify`` which is these three."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.verify.collecting import collect, load_evidence, save_evidence
    from eidkit.verify.completing import complete
    from eidkit.verify.judging import judge
    from eidkit.verify.report import Conclusion, Report, ReportJson
    from eidkit.verify.verifying import verify

__all__ = [
    "Conclusion",
    "Report",
    "ReportJson",
    "collect",
    "complete",
    "judge",
    "load_evidence",
    "save_evidence",
    "verify",
]

__getattr__, __dir__ = lazily.loading(
    __name__,
    {
        "collecting": ("collect", "load_evidence", "save_evidence"),
        "completing": ("complete",),
        "judging": ("judge",),
        "report": ("Conclusion", "Report", "ReportJson"),
        "verifying": ("verify",),
    },
)
