"""Verifying: ``collect → complete → judge``, and ``verify`` which is these three."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eidkit.verify.collecting import collect, load_evidence, save_evidence
    from eidkit.verify.completing import complete
    from eidkit.verify.judging import judge
    from eidkit.verify.report import Conclusion, Report, ReportJson
    from eidkit.verify.verifying import verify

_WHERE = {
    "Conclusion": "report",
    "Report": "report",
    "ReportJson": "report",
    "collect": "collecting",
    "complete": "completing",
    "judge": "judging",
    "load_evidence": "collecting",
    "save_evidence": "collecting",
    "verify": "verifying",
}
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


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
