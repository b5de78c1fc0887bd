"""``docs/interop.md``: counts per kind, every difference, nothing of this machine in it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from tests.corpus.outcome import Outcome, Result
from tests.corpus.stated import FORMATS, QUESTIONS, Fact

_COLUMNS = tuple(Outcome)
_LISTED = (Outcome.CRASHED, Outcome.WRONGLY_ACCEPTED, Outcome.WRONGLY_REJECTED)
_HEAD = """# Agreement with other people's test files

Written by `make corpus`; do not edit. Every file of the shared corpus goes through the public API (`verify`,
`check_id_token`, `otp`), offline, with the anchors that its case names.

- *agree*: our answer is the one stated. For documents the question is whether everything signed is still what was
  signed (`intact`, for attacks also what later revisions changed); trust is left out where a case brings no anchors.
- *wrongly accepted* / *wrongly rejected*: it is not.
- *not supported*: refused by name because this release does not judge it; never counted as an attack caught.
- *no expectation*: the corpus states nothing that can be compared; the file is read to see that nothing breaks.
- *crashed*: anything but an answer or one of our own errors, or more than 30 seconds.
"""


def page(found: Sequence[Result], stated: Sequence[Fact]) -> str:
    """The whole page."""
    return "\n".join([_HEAD, summary(found), told(stated)])


# ---------------------------------------------------------------------------------------------- what is stated
_STATED = """## What EU DSS's tests state of signed files

Beside the verdict: how many signatures, which level, how many timestamps of which kind, whether all of them are
intact, the indication. Levels in our spelling: `PAdES_BASELINE_LT` is `PAdES-B-LT`, `PKCS7_T` is `PKCS7-T`. What
DSS calls a level depends on the anchors of its test, and so does ours.
"""


def told(stated: Sequence[Fact]) -> str:
    """What is stated of each signed file, counted by question; every PDF file; every difference."""
    parts = [
        _STATED,
        _shares(stated),
        "### Every PDF file\n",
        _by_file(fact for fact in stated if fact.format == "pades"),
    ]
    return "\n".join([*parts, "### Differences\n", _disagreements(stated)])


def shares(stated: Iterable[Fact]) -> dict[tuple[str, str], tuple[int, int]]:
    """By format and question: how often we say the same, of how many."""
    counted: dict[tuple[str, str], tuple[int, int]] = {}
    for fact in stated:
        same, asked = counted.get((fact.format, fact.question), (0, 0))
        counted[fact.format, fact.question] = (same + fact.same, asked + 1)
    return counted


def _shares(stated: Sequence[Fact]) -> str:
    lines = ["| format | question | stated | same | share |", "| --- | --- | ---: | ---: | ---: |"]
    counted = shares(stated)
    for kind in FORMATS:
        for question in QUESTIONS:
            if (kind, question) in counted:
                same, asked = counted[kind, question]
                lines.append(f"| {kind} | {question} | {asked} | {same} | {100 * same / asked:.1f} % |")
    return "\n".join(lines) + "\n"


def _by_file(stated: Iterable[Fact]) -> str:
    """One line each: what is stated, *not* what was found where that differs; nothing where nothing is stated."""
    files: dict[str, dict[str, Fact]] = {}
    for fact in stated:
        files.setdefault(fact.case, {})[fact.question] = fact
    lines = [f"| file | {' | '.join(QUESTIONS)} |", "| --- |" + " --- |" * len(QUESTIONS)]
    for case in sorted(files):
        cells = [_cell(files[case].get(question)) for question in QUESTIONS]
        lines.append(f"| {case} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(fact: Fact | None) -> str:
    if fact is None:
        return ""
    return fact.stated if fact.same else f"**{fact.stated}**, not {fact.found}"


def _disagreements(stated: Sequence[Fact]) -> str:
    lines = []
    for fact in sorted((one for one in stated if not one.same), key=lambda one: (one.format, one.case, one.question)):
        why = why_different().get("stated", {}).get(fact.case, "") or why_different().get("dss", {}).get(fact.case, "")
        reason = f"; {why}" if why else ""
        lines.append(
            f"- {fact.format} `{fact.case}`, {fact.question}: stated {fact.stated}, found {fact.found}{reason}"
        )
    return ("\n".join(lines) if lines else "None.") + "\n"


def summary(found: Sequence[Result]) -> str:
    """The page without its explanation: counts, differences, what is not supported."""
    parts = ["## Counts\n", _table(found)]
    for outcome in _LISTED:
        parts += [
            f"## {outcome.value.capitalize()}\n",
            _differences(r for r in found if r.outcome is outcome and not r.case.advisory),
        ]
    advisory = [r for r in found if r.case.advisory and r.outcome is not Outcome.AGREE]
    parts += ["## Advisory differences\n", _differences(advisory)]
    parts += ["## Not supported, by reason\n", _unsupported(found)]
    return "\n".join(parts)


def _table(found: Sequence[Result]) -> str:
    kinds = dict.fromkeys((r.case.corpus, r.case.kind) for r in found)
    lines = [
        "| corpus | kind | cases | " + " | ".join(outcome.value for outcome in _COLUMNS) + " |",
        "| --- | --- | ---: | " + " | ".join("---:" for _ in _COLUMNS) + " |",
    ]
    for corpus, kind in sorted(kinds):
        counted = counts(r for r in found if (r.case.corpus, r.case.kind) == (corpus, kind))
        cells = " | ".join(str(counted[outcome]) for outcome in _COLUMNS)
        lines.append(f"| {corpus} | {kind} | {counted.total()} | {cells} |")
    total = counts(found)
    lines.append(f"| **all** | | {total.total()} | " + " | ".join(str(total[outcome]) for outcome in _COLUMNS) + " |")
    return "\n".join(lines) + "\n"


def counts(found: Iterable[Result]) -> Counter[Outcome]:
    """How many of each outcome; an advisory difference counts as *no expectation*."""
    return Counter(
        Outcome.NO_EXPECTATION
        if r.case.advisory and r.outcome in {Outcome.WRONGLY_ACCEPTED, Outcome.WRONGLY_REJECTED}
        else r.outcome
        for r in found
    )


def _differences(found: Iterable[Result]) -> str:
    lines = []
    for result in sorted(found, key=lambda r: (r.case.corpus, r.case.kind, r.case.id)):
        case = result.case
        reasons = ", ".join(result.reasons) or "no reason given"
        why = why_different().get(case.corpus, {}).get(case.id, "")
        notes = "".join(
            f"; {text}" for text in (f"corpus: {case.note}" if case.note else "", case.advisory, why) if text
        )
        lines.append(f"- {case.corpus}/{case.kind} `{case.id}`: {reasons}{notes}")
    return ("\n".join(lines) if lines else "None.") + "\n"


@cache
def why_different() -> dict[str, dict[str, str]]:
    """By corpus and case: why our answer differs, where that is meant or known (``why.toml``)."""
    return tomllib.loads((Path(__file__).parent / "why.toml").read_text(encoding="utf-8"))


def _unsupported(found: Sequence[Result]) -> str:
    grouped = Counter(
        (r.case.corpus, r.case.kind, ", ".join(r.reasons)) for r in found if r.outcome is Outcome.NOT_SUPPORTED
    )
    lines = [f"- {corpus}/{kind}: {count} × {reasons}" for (corpus, kind, reasons), count in sorted(grouped.items())]
    return ("\n".join(lines) if lines else "None.") + "\n"
