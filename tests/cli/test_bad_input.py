"""Bad input: told with a remedy, nothing written over, nothing half-written left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eidkit.cli.running import run
from eidkit.document import Document
from eidkit.sandbox import Sandbox, init
from eidkit.sandbox.documents import decision_pdf, form_xml

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys that work and keys that do not, a password file, a PDF and an XML form."""
    folder = tmp_path_factory.mktemp("bad-input")
    sandbox = Sandbox.create()
    (folder / "good.p12").write_bytes(sandbox.official("Nguyễn Thị Lan", "001199000071").pkcs12())
    (folder / "expired.p12").write_bytes(sandbox.official("Trần Văn Bình", "001199000072", expired=True).pkcs12())
    (folder / "password").write_text("sandbox", encoding="utf-8")
    (folder / "permit.pdf").write_bytes(decision_pdf())
    (folder / "form.xml").write_bytes(form_xml())
    return folder


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def refused(box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """``refused(document, key)`` signs, expects a refusal that changes no file, and gives what was said."""

    def call(document: Path, key: str = "good.p12", *more: str) -> str:
        output = tmp_path / "out.bin"
        output.write_bytes(b"what was there before")
        before = _files(tmp_path)
        password = ["--password-file", str(box / "password")]
        code = run(["sign", str(document), "-o", str(output), "--p12", str(box / key), *password, *more])
        said = capsys.readouterr().err
        assert code == 2
        assert "Traceback" not in said
        assert "→" in said
        assert _files(tmp_path) == before
        return said

    return call


def _made(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_missing_document(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "none.pdf" in refused(tmp_path / "none.pdf")


def test_a_pdf_that_is_cut_off(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "missing" in refused(_made(tmp_path, "cut.pdf", decision_pdf()[:20_000]))


def test_an_encrypted_pdf(refused: Callable[..., str], corpus: Callable[[str], Path]) -> None:
    assert "encrypted" in refused(corpus("pdf-intake") / "minimal-aes256.pdf")


def test_an_xml_with_a_dtd(refused: Callable[..., str], tmp_path: Path) -> None:
    data = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    assert "DOCTYPE" in refused(_made(tmp_path, "dtd.xml", data))


def test_an_xml_that_is_cut_off(refused: Callable[..., str], tmp_path: Path) -> None:
    refused(_made(tmp_path, "cut.xml", form_xml()[:-20]))


def test_an_empty_file(refused: Callable[..., str], tmp_path: Path) -> None:
    refused(_made(tmp_path, "empty.pdf", b""))


def test_something_else_than_a_document(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "neither PDF nor XML" in refused(_made(tmp_path, "photo.pdf", b"\x89PNG\r\n\x1a\n" + bytes(100)))


def test_an_expired_certificate(refused: Callable[..., str], box: Path) -> None:
    assert "expired" in refused(box / "permit.pdf", "expired.p12")


def test_a_key_that_is_none(refused: Callable[..., str], box: Path) -> None:
    assert "key" in refused(box / "permit.pdf", "password")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of file sizes are POSIX")
@pytest.mark.parametrize("name", ["permit.pdf", "form.xml"])
def test_a_disk_that_is_full(box: Path, tmp_path: Path, name: str) -> None:
    """The limit on file sizes stands in for the full disk: the write fails in the middle."""
    output = tmp_path / "out"
    output.write_bytes(b"what was there before")
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048));"
        "from eidkit.cli.running import run; sys.exit(run(sys.argv[1:]))"
    )
    command = ["sign", str(box / name), "-o", str(output), "--p12", str(box / "good.p12")]
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, *command, "--password-file", str(box / "password")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "was not written" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert output.read_bytes() == b"what was there before"


def test_the_document_itself_is_never_touched(box: Path, tmp_path: Path) -> None:
    before = Document.read(box / "permit.pdf").sha256
    key = ["--p12", str(box / "good.p12"), "--password-file", str(box / "password")]
    assert run(["sign", str(box / "permit.pdf"), "-o", str(tmp_path / "signed.pdf"), *key]) == 0
    assert Document.read(box / "permit.pdf").sha256 == before


@pytest.fixture
def piped() -> Callable[[bytes], str]:
    """The path of a pipe that gives these bytes, once."""

    def made(data: bytes) -> str:
        reading, writing = os.pipe()
        os.write(writing, data)
        os.close(writing)
        return f"/dev/fd/{reading}"

    return made


def test_a_password_may_come_from_a_pipe(box: Path, tmp_path: Path, piped: Callable[[bytes], str]) -> None:
    out = tmp_path / "signed.pdf"
    key = ["--p12", str(box / "good.p12"), "--password-file", piped(b"sandbox\n")]
    assert run(["sign", str(box / "permit.pdf"), "-o", str(out), *key]) == 0
    assert Document.read(out).format == "pdf"


def test_a_document_does_not_come_from_a_pipe(
    box: Path, tmp_path: Path, piped: Callable[[bytes], str], capsys: pytest.CaptureFixture[str]
) -> None:
    init(tmp_path / "sandbox")
    path = piped((box / "permit.pdf").read_bytes()[:4000])
    assert run(["verify", path, "--offline", "--trust", str(tmp_path / "sandbox" / "roots")]) == 2
    assert "it is a pipe" in capsys.readouterr().err


def test_a_password_file_whose_first_line_is_endless_is_refused(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "long").write_bytes(b"x" * 5000)
    key = ["--p12", str(box / "good.p12"), "--password-file", str(tmp_path / "long")]
    assert run(["sign", str(box / "permit.pdf"), "-o", str(tmp_path / "signed.pdf"), *key]) == 2
    assert "no password" in capsys.readouterr().err
