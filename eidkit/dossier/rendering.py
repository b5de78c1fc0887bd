"""A DossierReport as text and as the JSON contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.canonical import format_time
from eidkit.errors import spoken
from eidkit.verify.render.text import printable, reasons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eidkit.dossier.report import DossierJson, DossierReport, StepJson, StepReport
    from eidkit.findings import Finding
    from eidkit.identity import Identity

_MARKS = {"TOTAL-PASSED": "✓", "INDETERMINATE": "?", "TOTAL-FAILED": "✗"}
_WORDS = {
    "en": {
        "headline": "dossier {dossier}: {verdict}, {done} of {all} steps approved",
        "nobody": "unknown person",
        "for": "for {organisation}",
        "login": "login: {method} ({proof_class})",
        "proved": "{time:%Y-%m-%d %H:%M} UTC",
        "claimed": "time not proved",
    },
    "vi": {
        "headline": "hồ sơ {dossier}: {verdict}, {done}/{all} bước đã phê duyệt",
        "nobody": "không rõ người thực hiện",
        "for": "thay mặt {organisation}",
        "login": "đăng nhập: {method} ({proof_class})",
        "proved": "{time:%Y-%m-%d %H:%M} UTC",
        "claimed": "chưa chứng minh được thời điểm",
    },
}


def text(report: DossierReport, language: str = "en") -> str:
    """The report as lines of text, English unless ``language`` is ``"vi"``."""
    words = _WORDS[spoken(language)]
    done, demanded = approved(report)
    lines = [words["headline"].format(dossier=report.dossier, verdict=report.verdict, done=done, all=demanded)]
    lines.extend(reasons(report.findings, language, indent="  "))
    for step in report.steps:
        mark = "✓" if _passed(step) else "✗" if _failed(step) else "?"
        lines.append(f"  {mark} {_step_line(step, words, language)}")
        lines.extend(f"      {_MARKS[line.indication]} {line.document}" for line in step.signatures)
        lines.extend(reasons(_once(step.findings), language))
    return "\n".join(printable(line) for line in lines)


def approved(report: DossierReport) -> tuple[int, int]:
    """How many steps hold, of how many that were taken or are still to be."""
    done = sum(_passed(step) for step in report.steps)
    return done, len(report.steps) + sum(found.code == "STEP_NOT_DONE" for found in report.findings)


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """Each reason once, however many documents of the step it is about."""
    return list({(found.code, found.message): found for found in reversed(list(findings))}.values())[::-1]


def _passed(step: StepReport) -> bool:
    return not any(found.severity == "error" for found in step.findings)


def _failed(step: StepReport) -> bool:
    return any(found.severity == "error" and found.indication == "TOTAL-FAILED" for found in step.findings)


def _step_line(step: StepReport, words: dict[str, str], language: str) -> str:
    parts = [
        f"{step.title.in_language(language)} ({step.step}): {step.action}",
        shown_name(step.person) or words["nobody"],
        step.role,
    ]
    if step.kind == "seal" and step.organisation:
        parts.append(words["for"].format(organisation=shown_name(step.organisation)))
    if step.authentication:
        parts.append(
            words["login"].format(method=step.authentication.method, proof_class=step.authentication.proof_class)
        )
    parts.append(words["proved"].format(time=step.time) if step.time else words["claimed"])
    return ", ".join(parts)


def shown_name(identity: Identity | None) -> str | None:
    """The name, or where nothing vouches for one, the masked number."""
    return (identity.name or f"{identity.scheme} {identity.masked}") if identity else None


def json(report: DossierReport) -> DossierJson:
    """Every key of the contract."""
    return {
        "dossier": report.dossier,
        "verdict": report.verdict,
        "steps": [_step(step) for step in report.steps],
        "findings": [found.to_json() for found in report.findings],
    }


def _step(step: StepReport) -> StepJson:
    return {
        "step": step.step,
        "role": step.role,
        "person": shown_name(step.person),
        "organisation": shown_name(step.organisation),
        "authentication": step.authentication.to_json() if step.authentication else None,
        "signatures": [
            {"document": line.document, "indication": line.indication, "subindication": line.subindication}
            for line in step.signatures
        ],
        "time": format_time(step.time) if step.time else None,
        "findings": [found.to_json() for found in step.findings],
    }
