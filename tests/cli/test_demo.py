"""The demo tells its story on any PDF, ends with every tampering caught, and writes over nothing else."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from eidkit.cli.running import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("demo")
TAMPERINGS = {
    "amount": "HASH_FAILURE",
    "step": "TRANSACTION_STEP",
    "login": "LOGIN_MISSING",
}


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert run(["demo", "-o", str(folder)]) == 0
    return folder


def test_another_process_finds_the_dossier_complete(walked: Path) -> None:
    report = json.loads((walked / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "COMPLETE"
    assert len(report["steps"]) == 5
    assert "COMPLETE" in (walked / "report.txt").read_text(encoding="utf-8")


def test_it_ends_with_a_page_for_people(walked: Path) -> None:
    page = (walked / "report.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/png') + page.count('href="data:image/png') >= 5
    assert '<div class="conclusion passed">' in page
    for name in TAMPERINGS:
        caught = (walked / "tampered" / f"{name}.html").read_text(encoding="utf-8")
        assert '<div class="conclusion failed">' in caught


def verified(walked: Path, folder: Path, capsys: pytest.CaptureFixture[str], *more: object) -> dict[str, object]:
    arguments = ["dossier", "verify", folder, "--procedure", walked / "procedure.toml", "--trust", walked / "anchors"]
    for provider in (walked / "providers").iterdir():
        arguments += ["--provider", provider]
    capsys.readouterr()
    code = run([str(part) for part in [*arguments, *more, "--offline", "--json"]])
    return {"code": code, **json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize(("name", "code"), TAMPERINGS.items())
def test_each_tampered_copy_is_caught_for_its_own_reason(
    name: str, code: str, walked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = verified(walked, walked / "tampered" / name, capsys)
    found = {reason["code"] for step in (report, *report["steps"]) for reason in step["findings"]}
    assert (report["code"], report["verdict"]) == (1, "FAILED")
    assert code in found


def test_the_policy_decides_what_an_unknown_status_is(
    walked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unanswered = tmp_path / "dossier"
    shutil.copytree(walked / "dossier", unanswered)
    shutil.rmtree(unanswered / "validation")
    own = tmp_path / "city.toml"
    own.write_text('name = "city"\nversion = "1"\nextends = "etsi-baseline@1"\nrevocation = "warn"\n', "utf-8")
    assert verified(walked, unanswered, capsys)["verdict"] == "INDETERMINATE"
    assert verified(walked, unanswered, capsys, "--policy", own)["verdict"] == "COMPLETE"


def test_without_the_attesting_anchor_nothing_is_complete(walked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["dossier", "verify", walked / "dossier", "--procedure", walked / "procedure.toml", "--offline"]
    assert run([str(part) for part in [*arguments, "--trust", walked / "anchors" / "signing"]]) == 1


def test_a_second_run_takes_the_place_of_the_first_with_any_pdf(
    walked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from eidkit.pdf.drawing import Canvas

    own = tmp_path / "own.pdf"
    own.write_bytes(Canvas().pdf(title="A PDF of one's own", language="en", created="D:20261124090000+07'00'"))
    shutil.copytree(walked, tmp_path / "out")
    assert run(["demo", str(own), "-o", str(tmp_path / "out"), "--lang", "vi"]) == 0
    said = capsys.readouterr().out
    assert "hồ sơ H56.01-261124-0001: COMPLETE" in said
    assert str(tmp_path / "out" / "report.html") in said


@pytest.mark.parametrize("content", [b"hello", b"%PDF-1.7 cut off"])
def test_what_is_no_usable_pdf_is_refused_and_leaves_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "own.pdf").write_bytes(content)
    assert run(["demo", str(tmp_path / "own.pdf"), "-o", str(tmp_path / "out")]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.pdf"]


def test_a_folder_that_is_something_else_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "letters" / "report.json").write_text("{}", encoding="utf-8")
    assert run(["demo", "-o", str(tmp_path / "letters")]) == 2
    assert (tmp_path / "letters" / "mine.txt").read_text(encoding="utf-8") == "mine"


def alone(walked: Path, capsys: pytest.CaptureFixture[str], *more: object) -> dict[str, object]:
    """``eidkit verify`` of the signed PDF by itself, with the logins that it names."""
    brought = [part for path in (walked / "dossier/authentications").iterdir() for part in ("--authentication", path)]
    material = ["--trust", walked / "anchors", "--crl", walked / "dossier/validation", "--offline", "--json"]
    capsys.readouterr()
    code = run([str(part) for part in ["verify", walked / "dossier/documents/permit.pdf", *material, *brought, *more]])
    return {"code": code, **json.loads(capsys.readouterr().out)}


def test_one_file_is_bound_to_its_logins(walked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = alone(walked, capsys, "--provider", walked / "providers/sandbox.json")
    assert (report["code"], report["verdict"]) == (0, "TOTAL-PASSED")
    assert [signature["authentication"]["bound"] for signature in report["signatures"]] == ["yes"] * 5


def test_a_login_whose_provider_is_not_pinned_is_not_confirmed(
    walked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = alone(walked, capsys)
    assert (report["code"], report["verdict"]) == (1, "INDETERMINATE")
    codes = [{found["code"] for found in signature["findings"]} for signature in report["signatures"]]
    assert ["LOGIN_RECHECK_UNDECIDED" in found for found in codes] == [False, True, True, False, False]


def test_a_login_under_another_key_than_the_pinned_one_is_refuted(
    walked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from eidkit.sandbox.provider import SandboxProvider

    SandboxProvider().provider().write(tmp_path / "other.json")
    report = alone(walked, capsys, "--provider", tmp_path / "other.json")
    assert report["code"] == 1
    assert report["signatures"][1]["indication"] != "TOTAL-PASSED"
