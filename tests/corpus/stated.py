"""What EU DSS's tests state of each signed file beside the verdict: signatures, levels, timestamps, indications.

Each statement is one fact: what is stated, what we found, and whether that is the same.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eidkit.errors import EidkitError
from eidkit.verify import Report
from tests.corpus.documents import intact, report_of

FORMATS = ("pades", "xades", "cades")
QUESTIONS = ("intact", "signatures", "level", "timestamps", "timestamp kinds", "timestamps intact", "indication")

_KINDS = {
    "SIGNATURE_TIMESTAMP": "signature",
    "DOCUMENT_TIMESTAMP": "document",
    "VRI_TIMESTAMP": "vri",
    "ARCHIVE_TIMESTAMP": "archive",
    "CONTENT_TIMESTAMP": "content",
    "ALL_DATA_OBJECTS_TIMESTAMP": "content",
    "INDIVIDUAL_DATA_OBJECTS_TIMESTAMP": "content",
    "VALIDATION_DATA_TIMESTAMP": "archive",
    "VALIDATION_DATA_REFSONLY_TIMESTAMP": "references",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about one file, and our answer to the same question."""

    format: str
    case: str
    question: str
    stated: str
    found: str

    @property
    def same(self) -> bool:
        """Whether we say the same."""
        return self.stated == self.found


def facts(folder: Path) -> list[Fact]:
    """Every fact that the manifest of the DSS corpus states of files in a format that is read."""
    found: list[Fact] = []
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        if entry["format"] in FORMATS:
            try:
                answers = dict(_found(report_of(folder, entry), entry))
            except EidkitError as error:
                answers = {"intact": "no", "refused": error.code}
            for question, stated in _stated(entry):
                answer = answers.get(question, f"refused: {answers.get('refused')}")
                found.append(Fact(entry["format"], entry["id"], question, stated, answer))
    return found


# ------------------------------------------------------------------------------------------- what is stated
def _stated(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    expected = entry["expectations"]
    whole = expected.get("content_intact", expected.get("intact"))
    if whole is not None:
        yield "intact", _yes(whole)
    count = expected.get("signatures_count", expected.get("top_level_signatures_count"))
    if count is not None:
        yield "signatures", str(count)
    if level := _stated_levels(expected):
        yield "level", ", ".join(level)
    if "timestamps_count" in expected:
        yield "timestamps", str(expected["timestamps_count"])
    if "timestamp_type_counts" in expected:
        yield "timestamp kinds", _counted(Counter(_kinds_stated(expected["timestamp_type_counts"])))
    if "timestamps_valid" in expected:
        yield "timestamps intact", _yes(expected["timestamps_valid"])
    if "indication" in expected and not entry.get("context", {}).get("custom_policy"):
        yield "indication", expected["indication"].replace("_", "-")


def _kinds_stated(counts: dict[str, int]) -> dict[str, int]:
    stated: Counter[str] = Counter()
    for kind, count in counts.items():
        stated[_KINDS.get(kind, kind)] += count
    return stated


def _stated_levels(expected: dict[str, Any]) -> list[str]:
    """One level for all signatures, or one each."""
    each = expected.get("signature_levels") or {}
    levels = list(each.values()) if isinstance(each, dict) else list(each)
    if not levels and "signature_level" in expected:
        levels = [expected["signature_level"]]
    return sorted({level_name(one) for one in levels})


def level_name(stated: str) -> str:
    """DSS's name of a level in our spelling: ``PAdES_BASELINE_LT`` is ``PAdES-B-LT``, ``PKCS7_T`` is ``PKCS7-T``."""
    return stated.replace("_BASELINE_", "-B-").replace("_", "-")


# --------------------------------------------------------------------------------------------- what we found
def _found(report: Report, entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    whole = "signatures_count" in entry["expectations"]
    counted = [one for one in report.conclusions if whole or one.evidence.counter_signature_of is None]
    stamps = [stamp for one in report.conclusions for stamp in one.timestamps] + list(report.timestamps)
    yield "intact", _yes(intact(report))
    yield "signatures", str(len(counted))
    yield "level", ", ".join(sorted({one.level for one in report.conclusions}))
    yield "timestamps", str(len(stamps))
    yield "timestamp kinds", _counted(Counter(stamp.kind for stamp in stamps))
    yield "timestamps intact", _yes(bool(stamps) and all(stamp.intact for stamp in stamps))
    yield "indication", report.conclusions[0].indication if report.conclusions else report.verdict


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
