"""The command line: exit codes, JSON, refusals, and no traceback ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eidkit.cli.running import COMMANDS, run
from tests.cli.conftest import Said

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``sandbox/``, ``password`` and ``signed.pdf``, ``signed.xml``."""
    folder = tmp_path_factory.mktemp("box")
    assert run(["sandbox", "init", str(folder / "sandbox")]) == 0
    (folder / "password").write_text("sandbox\n", encoding="utf-8")
    for name, signed in (("permit.pdf", "signed.pdf"), ("form.xml", "signed.xml")):
        key = ["--p12", str(folder / "sandbox/lan.p12"), "--password-file", str(folder / "password")]
        assert run(["sign", str(folder / "sandbox" / name), "-o", str(folder / signed), *key]) == 0
    return folder


def trusting(box: Path) -> list[object]:
    return ["--trust", box / "sandbox/roots", "--crl", box / "sandbox/crls", "--offline"]


@pytest.mark.parametrize("command", [*COMMANDS])
def test_help_teaches(command: str, eidkit: Callable[..., Said]) -> None:
    said = eidkit(command, "--help")
    assert said.code == 0
    assert "Usage: eidkit" in said.out


def test_help_lists_every_command(eidkit: Callable[..., Said]) -> None:
    said = eidkit("--help")
    assert [name for name in COMMANDS if f"  {name} " not in said.out] == []


@pytest.mark.parametrize("name", ["signed.pdf", "signed.xml"])
def test_a_signed_file_passes(name: str, box: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit("verify", box / name, *trusting(box))
    assert (said.code, said.out.splitlines()[0]) == (0, f"{name}: TOTAL-PASSED, 1 of 1 signature is good")


def test_json_has_the_keys_of_the_contract(box: Path, eidkit: Callable[..., Said]) -> None:
    from eidkit.verify.report import ReportJson, SignatureJson

    [report] = eidkit("verify", box / "signed.pdf", *trusting(box), "--json").lines
    assert list(report) == list(ReportJson.__annotations__)
    assert list(report["signatures"][0]) == list(SignatureJson.__annotations__)


def test_a_changed_file_fails(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    data = (box / "signed.pdf").read_bytes()
    (tmp_path / "changed.pdf").write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    assert eidkit("verify", tmp_path / "changed.pdf", *trusting(box)).code == 1


def test_without_anchors_nothing_passes(box: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit("verify", box / "signed.pdf", "--offline", "--json")
    assert (said.code, said.lines[0]["verdict"]) == (1, "INDETERMINATE")


def test_an_unsigned_file_does_not_pass(box: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit("verify", box / "sandbox/permit.pdf", *trusting(box), "--json")
    assert (said.code, said.lines[0]["verdict"]) == (1, "NO-SIGNATURE")


ODD = {
    "empty": b"",
    "text": b"hello",
    "zeros": b"\x00" * 100,
    "cut-pdf": b"%PDF-1.7\n%%EOF",
    "cut-xml": b"<a",
    "dtd": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "zip": b"PK\x03\x04",
    "cut-der": b"\x30\x82\xff\xff",
    "json": b'{"v":1}',
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_what_is_not_understood_is_not_readable(data: bytes, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    (tmp_path / "odd").write_bytes(data)
    said = eidkit("verify", tmp_path / "odd", "--offline", "--json")
    assert (said.code, said.lines[0]["verdict"]) == (2, "NOT-READABLE")
    assert set(said.lines[0]["findings"][0]) == {"code", "severity", "about", "message", "remedy"}


def test_several_files_give_the_highest_code_and_a_line_each(box: Path, eidkit: Callable[..., Said]) -> None:
    files = [box / "signed.pdf", box / "sandbox/permit.pdf", box / "absent.pdf"]
    said = eidkit("verify", *files, *trusting(box), "--json")
    assert said.code == 2
    assert [line["verdict"] for line in said.lines] == ["TOTAL-PASSED", "NO-SIGNATURE", "NOT-READABLE"]


def test_evidence_is_judged_again_beside_its_file(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    assert eidkit("collect", box / "signed.pdf", "-o", tmp_path / "e.json").code == 0
    beside = eidkit("verify", tmp_path / "e.json", "--detached", box / "signed.pdf", *trusting(box), "--json")
    alone = eidkit("verify", tmp_path / "e.json", *trusting(box), "--json")
    assert (beside.code, beside.lines[0]["verdict"], beside.lines[0]["document_seen"]) == (0, "TOTAL-PASSED", True)
    assert (alone.code, alone.lines[0]["verdict"], alone.lines[0]["document_seen"]) == (1, "INDETERMINATE", False)


def test_a_wrong_password_is_told_and_nothing_is_written(
    box: Path, tmp_path: Path, eidkit: Callable[..., Said]
) -> None:
    (tmp_path / "wrong").write_text("wrong", encoding="utf-8")
    key = ["--p12", box / "sandbox/lan.p12", "--password-file", tmp_path / "wrong"]
    said = eidkit("sign", box / "sandbox/permit.pdf", "-o", tmp_path / "out.pdf", *key)
    assert said.code == 2
    assert "password" in said.err
    assert not (tmp_path / "out.pdf").exists()


def test_a_missing_file_is_told_in_vietnamese_when_asked(
    box: Path, tmp_path: Path, eidkit: Callable[..., Said]
) -> None:
    key = ["--p12", box / "sandbox/lan.p12", "--password-file", box / "password"]
    said = eidkit("sign", "absent.pdf", "-o", tmp_path / "out.pdf", *key, "--lang", "vi")
    assert said.code == 2
    assert "không đọc được" in said.err


def test_the_environment_chooses_the_language(monkeypatch: pytest.MonkeyPatch, eidkit: Callable[..., Said]) -> None:
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert "không dùng được" in eidkit("verify", "absent.pdf", "--trust", "absent", "--offline").err


def test_an_empty_trust_folder_is_refused(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    (tmp_path / "empty").mkdir()
    said = eidkit("verify", box / "signed.pdf", "--trust", tmp_path / "empty", "--offline")
    assert said.code == 2
    assert "→" in said.err


def test_an_unreachable_authority_keeps_the_signature_beside(
    box: Path, tmp_path: Path, eidkit: Callable[..., Said]
) -> None:
    key = ["--p12", box / "sandbox/lan.p12", "--password-file", box / "password"]
    tsa = [
        "--tsa",
        "http://127.0.0.1:9/tsa",
        "--tsa-trust",
        box / "sandbox/roots/timestamping",
        "--allow-host",
        "127.0.0.1",
    ]
    said = eidkit("sign", box / "sandbox/permit.pdf", "-o", tmp_path / "out.pdf", *key, *tsa)
    assert said.code == 2
    assert not (tmp_path / "out.pdf").exists()
    assert eidkit("verify", tmp_path / "out.without-timestamp.pdf", *trusting(box)).code == 0


def test_a_time_without_a_zone_is_refused(box: Path, eidkit: Callable[..., Said]) -> None:
    assert "zone" in eidkit("verify", box / "signed.pdf", "--offline", "--at", "2026-03-02T09:14:00").err


def test_the_etsi_report_is_written_over_all_files(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    (tmp_path / "junk.bin").write_bytes(b"junk")
    said = eidkit("verify", box / "signed.pdf", tmp_path / "junk.bin", "--offline", "--etsi", tmp_path / "report.xml")
    assert said.code == 2
    written = (tmp_path / "report.xml").read_text(encoding="utf-8")
    assert written.count("<SignatureValidationReport>") == 2
    assert "urn:etsi:019102:subindication:NO_CERTIFICATE_CHAIN_FOUND" in written


def test_the_detailed_view_names_each_clause(box: Path, eidkit: Callable[..., Said]) -> None:
    assert "EN 319 102-1 §5.2.7" not in eidkit("verify", box / "signed.pdf", "--offline").out
    assert "EN 319 102-1 §5.2.7" in eidkit("verify", box / "signed.pdf", "--offline", "--detailed").out
    printed = json.loads(eidkit("verify", box / "signed.pdf", "--offline", "--detailed", "--json").out)
    assert "EN 319 102-1 §5.2.7" in [one["clause"] for one in printed["signatures"][0]["blocks"]]


@pytest.mark.parametrize("option", [("--password-file", "x")])
def test_options_of_later_releases_are_refused_by_name(option: tuple[str, str], eidkit: Callable[..., Said]) -> None:
    said = eidkit("verify", "signed.pdf", *option)
    assert said.code == 2
    assert option[0] in said.err


@pytest.mark.parametrize("arguments", [("verify",), ("sign", "a.pdf"), ("nothing",), ("sign", "a.pdf", "-o", "b.pdf")])
def test_a_mistake_in_the_command_is_2_with_usage(arguments: tuple[str, ...], eidkit: Callable[..., Said]) -> None:
    said = eidkit(*arguments)
    assert said.code == 2
    assert "Usage" in said.err


def test_a_defect_is_named_and_shows_no_traceback(monkeypatch: pytest.MonkeyPatch, eidkit: Callable[..., Said]) -> None:
    import eidkit.document as documents

    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(documents.Document, "read", broken)
    said = eidkit("collect", "a.pdf", "-o", "b.json")
    assert said.code == 2
    assert "ZeroDivisionError" in said.err
    assert "Traceback" not in said.err


def test_a_name_cannot_steer_the_terminal(tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    (tmp_path / "a\x1b[2J\n✓.pdf").write_bytes(b"hello")
    said = eidkit("verify", tmp_path / "a\x1b[2J\n✓.pdf", "--offline")
    assert said.code == 2
    assert "\x1b" not in said.err
    assert len(said.err.splitlines()) == 2


def test_a_page_escapes_what_an_attacker_named(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    name = "<script>alert(1)<!--.pdf"
    (tmp_path / name).write_bytes((box / "signed.pdf").read_bytes())
    assert eidkit("verify", tmp_path / name, *trusting(box), "--html", tmp_path / "page.html").code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_page_shows_every_report_and_reason(
    language: str, box: Path, tmp_path: Path, eidkit: Callable[..., Said]
) -> None:
    page = tmp_path / "page.html"
    files = [box / "signed.pdf", box / "signed.xml", box / "sandbox/permit.pdf"]
    eidkit("verify", *files, *trusting(box), "--html", page, "--lang", language)
    text = page.read_text(encoding="utf-8")
    assert [name for name in ("signed.pdf", "signed.xml", "permit.pdf", "NO_SIGNATURE") if name not in text] == []
    assert f'lang="{language}"' in text


@pytest.mark.parametrize("option", ["--provider", "--authentication"])
def test_a_refused_file_is_named(option: str, box: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit("verify", box / "signed.pdf", *trusting(box), option, box / "password")
    assert said.code == 2
    assert said.err.startswith("eidkit: password: ")


@pytest.mark.parametrize(("content", "verdict", "code"), [(b"content", "PASSED", 0), (b"another", "FAILED", 1)])
def test_a_bare_token_is_judged_about_its_content(
    content: bytes, verdict: str, code: int, box: Path, tmp_path: Path, eidkit: Callable[..., Said]
) -> None:
    import hashlib

    from eidkit.sandbox import Sandbox

    sandbox = Sandbox.open(box / "sandbox")
    token = sandbox.tsa.timestamp(hashlib.sha256(b"content").digest(), "sha256", clock=sandbox.clock)
    (tmp_path / "token.tsr").write_bytes(token)
    (tmp_path / "content.bin").write_bytes(content)
    said = eidkit("verify", tmp_path / "token.tsr", "--detached", tmp_path / "content.bin", *trusting(box), "--json")
    assert (said.code, said.lines[0]["verdict"]) == (code, verdict)
