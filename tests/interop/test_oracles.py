"""The oracles themselves: they must be able to say no, and a missing one must not pass unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from eidkit.sandbox.documents import decision_pdf
from tests.interop import eu_dss, oracles

pytestmark = pytest.mark.interop


def test_a_missing_tool_is_skipped_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-tool"):
        oracles.require("no-such-tool")


def test_a_missing_tool_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-tool"):
        oracles.require("no-such-tool")


def test_dss_says_why_it_cannot_read_a_file(tmp_path: Path) -> None:
    oracles.require("java", "mvn")
    plain = tmp_path / "plain.txt"
    plain.write_text("not signed", encoding="utf-8")
    unsigned = tmp_path / "unsigned.pdf"
    unsigned.write_bytes(decision_pdf())
    verdicts = eu_dss.validate([plain, unsigned], eu_dss.Material())
    assert verdicts[plain].error
    assert (verdicts[unsigned].error, verdicts[unsigned].signatures) == (None, ())


def test_poppler_sees_no_signature_in_an_unsigned_file(tmp_path: Path) -> None:
    oracles.require("pdfsig")
    file = tmp_path / "unsigned.pdf"
    file.write_bytes(decision_pdf())
    assert not oracles.pdfsig(file).good


def test_qpdf_says_no_to_a_cut_off_file(tmp_path: Path) -> None:
    oracles.require("qpdf")
    file = tmp_path / "cut.pdf"
    file.write_bytes(decision_pdf()[:-200])
    assert not oracles.qpdf_check(file).good
