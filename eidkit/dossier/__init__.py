"""Dossiers: documents moving along a Procedure, one Approval a Step, and the proof of it from files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.dossier.approval import Approval
    from eidkit.dossier.dossier import Dossier
    from eidkit.dossier.erasing import Erased, erase
    from eidkit.dossier.report import DossierReport, StepReport

__all__ = ["Approval", "Dossier", "DossierReport", "Erased", "StepReport", "erase"]

__getattr__, __dir__ = lazily.loading(
    __name__,
    {
        "approval": ("Approval",),
        "dossier": ("Dossier",),
        "erasing": ("Erased", "erase"),
        "report": ("DossierReport", "StepReport"),
    },
)
