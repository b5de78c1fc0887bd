"""The sandbox on a loopback port, and the command line as its client: the only real network of the tests."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from eidkit.cli.running import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("serving")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from eidkit.sandbox import init

    folder = tmp_path_factory.mktemp("serving")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    init(folder / "sandbox", base_url=f"http://127.0.0.1:{port}/")
    (folder / "password").write_text("sandbox", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tsa(box: Path) -> Iterator[str]:
    """The address of the served timestamp authority."""
    command = [sys.executable, "-u", "-m", "eidkit.cli", "sandbox", "serve", str(box / "sandbox")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def timestamping(box: Path, tsa: str) -> list[str]:
    return ["--tsa", tsa, "--tsa-trust", str(box / "sandbox/roots/timestamping"), "--allow-host", "127.0.0.1"]


def signing(box: Path) -> list[str]:
    return ["--p12", str(box / "sandbox/binh.p12"), "--password-file", str(box / "password")]


def judged(path: Path, box: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, object]:
    capsys.readouterr()
    code = run(["verify", str(path), "--trust", str(box / "sandbox/roots"), "--json", *more])
    return {"code": code, **json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize("name", ["permit.pdf", "form.xml"])
def test_sign_fetches_a_timestamp_and_verify_fetches_the_status(
    name: str, box: Path, tsa: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / name
    assert run(["sign", str(box / "sandbox" / name), "-o", str(out), *signing(box), *timestamping(box, tsa)]) == 0
    report = judged(out, box, capsys, "--allow-host", "127.0.0.1")
    assert (report["code"], report["verdict"]) == (0, "TOTAL-PASSED")
    assert report["signatures"][0]["level"][-3:] == "B-T"


def test_a_timestamp_is_added_later(box: Path, tsa: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, stamped = tmp_path / "plain.xml", tmp_path / "stamped.xml"
    assert run(["sign", str(box / "sandbox/form.xml"), "-o", str(plain), *signing(box)]) == 0
    assert run(["timestamp", str(plain), "-o", str(stamped), *timestamping(box, tsa)]) == 0
    report = judged(stamped, box, capsys, "--allow-host", "127.0.0.1")
    assert report["signatures"][0]["timestamps"][0]["indication"] == "PASSED"


def test_without_allow_host_the_loopback_is_not_asked(
    box: Path, tsa: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.pdf"
    arguments = [*signing(box), *timestamping(box, tsa)[:-2]]
    assert run(["sign", str(box / "sandbox/permit.pdf"), "-o", str(out), *arguments]) == 2
    assert "a loopback or private address" in capsys.readouterr().err
    assert not out.exists()


def test_a_status_that_cannot_be_fetched_does_not_pass(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "signed.pdf"
    assert run(["sign", str(box / "sandbox/permit.pdf"), "-o", str(out), *signing(box)]) == 0
    report = judged(out, box, capsys, "--offline")
    assert (report["code"], report["verdict"]) == (1, "INDETERMINATE")


def test_a_taken_port_is_told(box: Path, tsa: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tsa
    assert run(["sandbox", "serve", str(box / "sandbox")]) == 2
    assert "already taken" in capsys.readouterr().err


def test_a_file_is_preserved_and_renewed(
    box: Path, tsa: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signed, kept, renewed = (tmp_path / f"{name}.pdf" for name in ("signed", "kept", "renewed"))
    assert (
        run(["sign", str(box / "sandbox/permit.pdf"), "-o", str(signed), *signing(box), *timestamping(box, tsa)]) == 0
    )
    trust = ["--trust", str(box / "sandbox/roots")]
    assert run(["preserve", str(signed), "-o", str(kept), *trust, "--allow-host", "127.0.0.1"]) == 0
    assert "provable until" in capsys.readouterr().err
    report = judged(kept, box, capsys, "--offline")
    assert (report["verdict"], report["signatures"][0]["level"]) == ("TOTAL-PASSED", "PAdES-B-LT")
    assert run(["preserve", str(kept), "-o", str(renewed), *trust, *timestamping(box, tsa)]) == 0
    report = judged(renewed, box, capsys, "--allow-host", "127.0.0.1")
    assert (report["verdict"], report["signatures"][0]["level"]) == ("TOTAL-PASSED", "PAdES-B-LTA")
    assert report["provable_until"] > report["validation_time"]


def test_what_cannot_be_preserved_offline_says_what_is_missing(
    box: Path, tsa: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = tmp_path / "signed.pdf"
    assert (
        run(["sign", str(box / "sandbox/permit.pdf"), "-o", str(signed), *signing(box), *timestamping(box, tsa)]) == 0
    )
    out = tmp_path / "kept.pdf"
    arguments = ["preserve", str(signed), "-o", str(out), "--trust", str(box / "sandbox/roots"), "--offline"]
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert "revocation data is missing for" in said
    assert "/official.crl" in said
    assert not out.exists()


@pytest.fixture(scope="module")
def alone(box: Path, tsa: str) -> Path:
    """A file time-stamped and signed with a certificate that came without its issuer."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

    key, certificate, _ = pkcs12.load_key_and_certificates((box / "sandbox/binh.p12").read_bytes(), b"sandbox")
    assert key is not None
    assert certificate is not None
    (box / "binh.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (box / "binh.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    keyed = ["--key", str(box / "binh.key"), "--cert", str(box / "binh.pem")]
    source, out = str(box / "sandbox/permit.pdf"), box / "alone.pdf"
    assert run(["sign", source, "-o", str(out), *keyed, *timestamping(box, tsa)]) == 0
    return out


def test_a_missing_issuer_is_fetched_only_when_asked(
    alone: Path, box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    online = ["--allow-host", "127.0.0.1"]
    assert judged(alone, box, capsys, *online)["code"] == 1
    assert judged(alone, box, capsys, *online, "--fetch-issuers")["code"] == 0


def test_preserving_fetches_a_missing_issuer_and_keeps_it(
    alone: Path, box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.pdf"
    online = ["--trust", str(box / "sandbox/roots"), "--allow-host", "127.0.0.1"]
    assert run(["preserve", str(alone), "-o", str(kept), *online]) == 2
    assert run(["preserve", str(alone), "-o", str(kept), *online, "--fetch-issuers"]) == 0
    assert judged(kept, box, capsys, "--offline")["code"] == 0


def test_a_certificate_alone_is_judged_with_what_is_fetched(
    alone: Path, box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["certificate", str(alone.with_name("binh.pem")), "--trust", str(box / "sandbox/roots")]
    asked += ["--allow-host", "127.0.0.1", "--cache", str(tmp_path / "answers.db")]
    assert run(asked) == 1
    assert run([*asked, "--fetch-issuers"]) == 0
    assert stat.S_IMODE((tmp_path / "answers.db").stat().st_mode) == 0o600


def test_fetching_issuers_belongs_to_the_levels_that_are_preserved(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = str(box / "sandbox/permit.pdf"), tmp_path / "out.pdf"
    assert run(["sign", source, "-o", str(out), *signing(box), "--fetch-issuers"]) == 2
    assert "--fetch-issuers belongs to --level LT and LTA" in capsys.readouterr().err
    assert not out.exists()
