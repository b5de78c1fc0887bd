"""A DossierReport as a page of its own: steps in order, each with who, login, signatures, times and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.dossier.rendering import approved, shown_name
from eidkit.verify.render import html

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.dossier.report import DossierReport, StepReport
    from eidkit.findings import Finding

MADE_UP = "MADE_UP_"


def rendered(report: DossierReport, language: str = "en") -> str:
    """The page in both languages; ``language`` is shown first."""
    from eidkit.dossier import pictures

    done, demanded = approved(report)
    shown = pictures.shown(report)
    return html.page(
        "dossier.html",
        language,
        report=report,
        done=done,
        demanded=demanded,
        seen_by=shown,
        until=_until(report),
        soonest=_soonest,
        name=shown_name,
        made_up=_made_up,
        others=_others,
    )


def _until(report: DossierReport) -> dict[str, datetime | None]:
    """How long each document's own verdict can be proved, by label."""
    return {one.label: one.report.provable_until if one.report else None for one in report.documents}


def _soonest(until: dict[str, datetime | None], step: StepReport) -> datetime | None:
    """Until when all that the step signed can be proved; None where one of them cannot be proved today."""
    ends = [until.get(line.document) for line in step.signatures]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None


def _made_up(step: StepReport) -> list[Finding]:
    """Who alone could have made it up: said in a place of its own (binding.md §6.8)."""
    return [found for found in step.findings if found.code.startswith(MADE_UP)]


def _others(step: StepReport) -> list[Finding]:
    """The other reasons, each once, however many documents of the step it is about."""
    found = [reason for reason in step.findings if not reason.code.startswith(MADE_UP)]
    return list({(reason.code, reason.message): reason for reason in reversed(found)}.values())[::-1]
