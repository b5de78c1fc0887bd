"""What a verdict looks like to a reader: its tone, its words, and what is shown first.

Only what holds *and* is still what was signed is ``passed``: a file whose content was changed afterwards is
``changed`` at best, whatever a policy allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from eidkit.verify.render.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.findings import Finding
    from eidkit.verify.render.html import Unreadable
    from eidkit.verify.report import Conclusion, Report

Tone = Literal["passed", "changed", "open", "failed"]
MAX_ITEMS = 60
"""Signatures of a file, steps of a dossier, timestamps, documents that a page shows."""
_TONES: dict[str, Tone] = {
    "TOTAL-PASSED": "passed", "PASSED": "passed", "COMPLETE": "passed",
    "TOTAL-FAILED": "failed", "FAILED": "failed", "NOT-READABLE": "failed",
}  # fmt: skip
_WORST_FIRST: tuple[Tone, ...] = ("failed", "open", "changed", "passed")
_UNTOUCHED = frozenset({"none", "extension"})


class Headline(NamedTuple):
    """The words of a file's conclusion: the verdict in a word, the sentence, and the counts that fill it."""

    word: str
    sentence: str
    good: int
    all: int


def headline(report: Report | Unreadable) -> Headline:
    """What the page of ``report`` says first; names are rows of the page's words."""
    if report.verdict == "NOT-READABLE":
        return Headline("verdict-NOT-READABLE", "said-NOT-READABLE", 0, 0)
    good, count = sum(bool(one) for one in report.conclusions), len(report.conclusions)
    verdict = "changed" if tone(report) == "changed" else report.verdict
    forms = (f"said-one-{verdict}",) if count == 1 else (f"said-stamp-{verdict}",) if not count else ()
    sentence = next((form for form in forms if form in WORDS), f"said-{verdict}")
    return Headline(f"verdict-{verdict}", sentence, good, count)


def reason(report: Any) -> Finding | None:
    """The one reason that a reader must know first: the gravest error of a file's or a dossier's report."""
    inside = [*getattr(report, "conclusions", ()), *getattr(report, "timestamps", ()), *getattr(report, "steps", ())]
    found = [*report.findings, *(one for item in inside for one in item.findings)]
    errors = [one for one in found if one.severity == "error"]
    failed = (one for one in errors if one.indication == "TOTAL-FAILED")
    return next(failed, next(iter(errors), None)) if tone(report) != "passed" else None


def tone(item: Any) -> Tone:
    """Of a report, a dossier's report, a signature, a timestamp or a step."""
    verdict = getattr(item, "verdict", None) or getattr(item, "indication", None)
    if verdict is None:
        return _tone_of_step(item)
    reached = _TONES.get(verdict, "open")
    return "changed" if reached == "passed" and any(_changed(one) for one in _conclusions(item)) else reached


def _tone_of_step(step: Any) -> Tone:
    errors = [found for found in step.findings if found.severity == "error"]
    if any(found.indication == "TOTAL-FAILED" for found in errors):
        return "failed"
    if errors:
        return "open"
    return "changed" if any(_changed(one) for one in _conclusions(step)) else "passed"


def _conclusions(item: Any) -> Sequence[Conclusion]:
    """The signatures that an item rests on."""
    if hasattr(item, "conclusions"):
        return tuple(item.conclusions)
    if hasattr(item, "steps"):
        return tuple(one for step in item.steps for one in _conclusions(step))
    if hasattr(item, "signatures"):
        return tuple(line.conclusion for line in item.signatures if line.conclusion is not None)
    return (item,) if hasattr(item, "evidence") and hasattr(item.evidence, "coverage") else ()


def _changed(conclusion: Conclusion) -> bool:
    coverage = conclusion.evidence.coverage
    return coverage is not None and (
        coverage.modifications not in _UNTOUCHED
        or not coverage.modifications_allowed
        or coverage.own_revision == "other-changes"
    )


def coverage_word(conclusion: Conclusion) -> str:
    """The word for what the signature covers of what is there now."""
    coverage = conclusion.evidence.coverage
    if not conclusion.intact:
        return "not-intact"
    if coverage is None or coverage.covers_whole_document:
        return "covers-whole"
    if coverage.modifications == "form-fill" and coverage.modifications_allowed:
        return "covers-filled"
    return "covers-changed" if coverage.modifications not in _UNTOUCHED else "covers-then"


def worst_first(items: Sequence[Any]) -> list[tuple[int, Any]]:
    """``(number, item)`` of as many as a page shows; where that is not all, those that do not hold first."""
    numbered = list(enumerate(items, 1))
    if len(numbered) > MAX_ITEMS:
        numbered = sorted(numbered, key=lambda pair: _WORST_FIRST.index(tone(pair[1])))[:MAX_ITEMS]
    return numbered
