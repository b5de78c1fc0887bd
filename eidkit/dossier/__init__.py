"""Dossiers: documents moving along a Procedure, one Approval a Step, and the proof of it from files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eidkit.dossier.approval import Approval
    from eidkit.dossier.dossier import Dossier
    from eidkit.dossier.report import DossierReport, StepReport

_HOMES = {
    "Approval": "eidkit.dossier.approval",
    "Dossier": "eidkit.dossier.dossier",
    "DossierReport": "eidkit.dossier.report",
    "StepReport": "eidkit.dossier.report",
}
__all__ = ["Approval", "Dossier", "DossierReport", "StepReport"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'eidkit.dossier' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
