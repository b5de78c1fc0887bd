"""Evidence that earlier releases wrote is read and judged as it was then, with its document and without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eidkit.document import Document
from eidkit.verify import judge, load_evidence
from eidkit.version import VERSION
from tests.verify.keeping import KEPT, STATED, kept_at, kept_trust, reached, stated_alone

_RELEASES = sorted(path for path in KEPT.iterdir() if path.is_dir())
_CASES = [
    pytest.param(folder, name, said, id=f"{folder.name}-{name}")
    for folder in _RELEASES
    for name, said in json.loads((folder / "cases.json").read_text(encoding="utf-8")).items()
]


def _document(folder: Path, said: dict[str, str], role: str, name: str) -> Document | None:
    return Document.from_bytes((folder / said[role]).read_bytes(), said[name]) if said[role] else None


def test_this_release_has_kept_its_evidence() -> None:
    assert VERSION in [folder.name for folder in _RELEASES]
    assert {case.values[1] for case in _CASES} == set(STATED)


@pytest.mark.parametrize(("folder", "name", "said"), _CASES)
def test_with_its_document_the_verdict_is_the_same(folder: Path, name: str, said: dict[str, str]) -> None:
    document = _document(folder, said, "document", "name")
    detached = _document(folder, said, "detached", "detached_name")
    saved = (folder / f"{name}.json").read_bytes()
    evidence = load_evidence(saved, document=document, detached=detached or ())
    assert reached(judge(evidence, kept_trust(folder), at=kept_at(said))) == STATED[name]


@pytest.mark.parametrize(("folder", "name", "said"), _CASES)
def test_without_its_document_nothing_passes(folder: Path, name: str, said: dict[str, str]) -> None:
    evidence = load_evidence((folder / f"{name}.json").read_bytes())
    report = judge(evidence, kept_trust(folder), at=kept_at(said))
    assert not report
    assert reached(report) == stated_alone(name)
