"""Without the corpus its tests are skipped; a corpus that lacks a folder fails in CI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.corpus.place import folder

if TYPE_CHECKING:
    from pathlib import Path

SKIPPED, FAILED = pytest.skip.Exception, pytest.fail.Exception


@pytest.mark.parametrize("ci", ["true", "false"])
def test_no_corpus_at_all_is_a_skip_in_ci_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("EIDKIT_CORPUS", str(tmp_path / "nowhere"))
    with pytest.raises(SKIPPED, match="there is no corpus"):
        folder("dss")


@pytest.mark.parametrize(("ci", "outcome"), [("true", FAILED), ("false", SKIPPED)])
def test_a_corpus_that_lacks_a_folder_fails_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("EIDKIT_CORPUS", str(tmp_path))
    with pytest.raises(outcome, match="corpus dss is missing"):
        folder("dss")


def test_what_is_there_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIDKIT_CORPUS", str(tmp_path))
    (tmp_path / "dss").mkdir()
    assert folder("dss") == tmp_path / "dss"
