"""``eidkit sign --level``: one call from a plain PDF to one that is proved for years, and nothing signed in vain."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from eidkit.cli.running import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("levels")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a sandbox that is served while the tests of this module run."""
    from eidkit.sandbox import init

    folder = tmp_path_factory.mktemp("levels")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    init(folder / "sandbox", base_url=f"http://127.0.0.1:{port}/")
    (folder / "password").write_text("sandbox", encoding="utf-8")
    command = [sys.executable, "-u", "-m", "eidkit.cli", "sandbox", "serve", str(folder / "sandbox")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        (folder / "tsa").write_text(server.stdout.readline().strip(), encoding="utf-8")
        yield folder
        server.terminate()


@pytest.fixture
def sign(box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """``sign("permit.pdf", …)`` signs that document to ``out.pdf`` with a timestamp; exit code and what was said."""

    def call(document: str | Path, *more: object, trust: str = "roots") -> tuple[int, str]:
        key = ["--p12", box / "sandbox/binh.p12", "--password-file", box / "password"]
        tsa = ["--tsa", (box / "tsa").read_text(encoding="utf-8"), "--tsa-trust", box / "sandbox/roots/timestamping"]
        trusting = ["--trust", box / "sandbox" / trust] if trust else []
        arguments = ["sign", box / "sandbox" / document, "-o", tmp_path / "out.pdf", *key, *tsa, *trusting, *more]
        capsys.readouterr()
        return run([str(argument) for argument in arguments]), capsys.readouterr().err

    return call


ALLOW = ("--allow-host", "127.0.0.1")


FORMS = {
    "PAdES": ("permit.pdf", ()),
    "XAdES": ("form.xml", ()),
    "CAdES": ("permit.pdf", ("--format", "cms", "--attached")),
}


@pytest.mark.parametrize("level", ["LT", "LTA"])
@pytest.mark.parametrize("form", FORMS)
def test_one_call_signs_and_preserves(
    form: str, level: str, sign: Callable[..., tuple[int, str]], box: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    document, options = FORMS[form]
    assert sign(document, "--level", level, *options, *ALLOW) == (0, "out.pdf: signed\n")
    trust = ["--trust", str(box / "sandbox/roots"), "--offline", "--crl", str(box / "sandbox/crls")]
    assert run(["verify", str(tmp_path / "out.pdf"), "--json", *trust]) == 0
    [signature] = json.loads(capsys.readouterr().out)["signatures"]
    assert signature["level"] == f"{form}-B-{level}"


def test_a_signature_beside_its_file_is_preserved_at_once_and_renewed(
    sign: Callable[..., tuple[int, str]], box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign("permit.pdf", "--level", "LTA", "--format", "cms", *ALLOW)[0] == 0
    beside = ["--detached", str(box / "sandbox/permit.pdf")]
    trust = ["--trust", str(box / "sandbox/roots")]
    tsa = ["--tsa", (box / "tsa").read_text(encoding="utf-8"), *ALLOW]
    given = ["preserve", str(tmp_path / "out.pdf"), "-o", str(tmp_path / "renewed.p7s"), *trust, *tsa]
    assert run(given) == 2
    assert "--detached" in capsys.readouterr().err
    assert run([*given, *beside]) == 0
    assert "preserved (CAdES-B-LTA), provable until" in capsys.readouterr().err
    assert run(["verify", str(tmp_path / "renewed.p7s"), "--offline", "--json", *trust, *beside]) == 0
    [signature] = json.loads(capsys.readouterr().out)["signatures"]
    assert [stamp["kind"] for stamp in signature["timestamps"]] == ["signature", "archive", "archive"]


def test_without_anchors_it_is_refused_before_it_is_signed(
    sign: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, said = sign("permit.pdf", "--level", "LT", *ALLOW, trust="")
    assert (code, "--trust" in said) == (2, True)
    assert [*tmp_path.iterdir()] == []


def test_without_a_timestamp_authority_it_is_refused(box: Path, tmp_path: Path) -> None:
    key = ["--p12", str(box / "sandbox/binh.p12"), "--password-file", str(box / "password")]
    arguments = ["sign", str(box / "sandbox/permit.pdf"), "-o", str(tmp_path / "out.pdf"), *key, "--level", "LTA"]
    assert run(arguments) == 2
    assert [*tmp_path.iterdir()] == []


def test_a_signer_whose_chain_does_not_hold_never_touches_the_key(
    sign: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, said = sign("permit.pdf", "--level", "LT", *ALLOW, trust="roots/timestamping")
    assert (code, "no chain leads from" in said) == (2, True)
    assert [*tmp_path.iterdir()] == []


def test_what_was_signed_is_kept_when_it_cannot_be_preserved(
    sign: Callable[..., tuple[int, str]], box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from eidkit import Document
    from eidkit.sandbox import Sandbox
    from eidkit.signing import sign as signed_by

    stranger = Sandbox.create().official("Phạm Văn Khách", "001199000079")
    signed_by(Document.read(box / "sandbox/permit.pdf"), stranger).write(tmp_path / "by-a-stranger.pdf")
    code, said = sign(tmp_path / "by-a-stranger.pdf", "--level", "LT", *ALLOW)
    assert (code, "eidkit preserve out.not-preserved.pdf" in said) == (2, True)
    assert {path.name for path in tmp_path.iterdir()} == {"by-a-stranger.pdf", "out.not-preserved.pdf"}
    assert run(["verify", str(tmp_path / "out.not-preserved.pdf"), "--offline", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["signatures"]) == 2


def test_at_any_level_the_chain_is_checked_first_when_anchors_are_given(
    sign: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    assert sign("permit.pdf", *ALLOW)[0] == 0
    assert sign("permit.pdf", *ALLOW, trust="roots/attestation")[0] == 2


def watched(command: list[str]) -> str:
    """What a person at a terminal sees on standard error."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}
    subprocess.run(
        [sys.executable, "-m", "eidkit.cli", *command],
        stdout=subprocess.DEVNULL, stderr=theirs, env=environment, check=False, timeout=60,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:
        pass  # a closed terminal ends like this on Linux
    finally:
        os.close(ours)
    return seen.decode()


def test_a_person_sees_who_is_asked_and_how_far_it_is(
    sign: Callable[..., tuple[int, str]], box: Path, tmp_path: Path
) -> None:
    assert sign("permit.pdf", "--level", "T", *ALLOW)[0] == 0
    file = str(tmp_path / "out.pdf")
    seen = watched(["verify", file, file, "--trust", str(box / "sandbox/roots"), *ALLOW])
    assert "1/2 out.pdf …" in seen
    assert "asking 127.0.0.1 …" in seen
    assert seen.endswith("\r\x1b[2K"), "and nothing of it stays"


def test_a_pipe_sees_nothing_of_it(box: Path, sign: Callable[..., tuple[int, str]]) -> None:
    assert sign("permit.pdf", "--level", "LTA", *ALLOW) == (0, "out.pdf: signed\n")
