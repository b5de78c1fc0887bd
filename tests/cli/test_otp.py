"""``eidkit otp``: the secret stays out of sight, a code is piped and accepted once, a login is bound to its step."""

from __future__ import annotations

import io
import os
import pty
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp
import pytest

from eidkit import Document, Dossier, Identity, Procedure
from eidkit.auth import Stores
from eidkit.auth.otp import confirm
from eidkit.cli.running import run
from eidkit.clock import SYSTEM_CLOCK, FixedClock
from eidkit.errors import AuthenticationError
from tests.cli.conftest import Said

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.xdist_group("cli")
LAN = "vn-cccd:000190000022"


@pytest.fixture
def otp(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Said]:
    """``otp("verify", …, typed="…")`` runs one command on this test's own store, the typed text piped in."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def call(verb: str, *arguments: object, typed: str = "", key: str = "store.key", store: str = "auth.db") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        where = ["--store", str(tmp_path / store), "--key-file", str(tmp_path / key)]
        code = run(["otp", verb, *map(str, arguments), *where])
        return Said(code, *capsys.readouterr())

    return call


def enrolled(otp: Callable[..., Said], who: str = LAN, *more: object) -> str:
    """The address that the app of ``who`` scanned."""
    said = otp("enrol", who, "--name", "Nguyễn Thị Lan", "--issuer", "City Hall", "--show-secret", *more)
    assert said.code == 0, said.err
    return said.out.strip()


def secret_of(uri: str) -> str:
    return uri.partition("secret=")[2].partition("&")[0]


def code_of(uri: str) -> str:
    return pyotp.parse_uri(uri).now()


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


# ── enrolling ─────────────────────────────────────────────────────────────────────────────────────────────


def test_enrolling_makes_store_and_key_readable_by_their_owner_only(otp: Callable[..., Said], tmp_path: Path) -> None:
    enrolled(otp)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("auth.db", "store.key")}
    assert modes == {"auth.db": 0o600, "store.key": 0o600}


def test_the_secret_is_not_in_the_store_in_the_clear(otp: Callable[..., Said], tmp_path: Path) -> None:
    import base64

    secret = secret_of(enrolled(otp))
    stored = (tmp_path / "auth.db").read_bytes()
    assert secret.encode() not in stored
    assert base64.b32decode(secret) not in stored


def test_the_secret_is_printed_only_when_asked(otp: Callable[..., Said], tmp_path: Path) -> None:
    said = otp("enrol", LAN, "--issuer", "City Hall", "--svg", tmp_path / "code.svg")
    assert (said.code, secret_of(said.out)) == (0, "…")


def test_the_picture_is_readable_by_its_owner_only(otp: Callable[..., Said], tmp_path: Path) -> None:
    otp("enrol", LAN, "--issuer", "City Hall", "--svg", tmp_path / "code.svg")
    assert stat.S_IMODE((tmp_path / "code.svg").stat().st_mode) == 0o600
    assert (tmp_path / "code.svg").read_bytes().startswith(b"<?xml")


def test_nobody_is_enrolled_when_nobody_would_see_the_code(otp: Callable[..., Said], tmp_path: Path) -> None:
    said = otp("enrol", LAN, "--issuer", "City Hall")
    assert (said.code, "nobody would see" in said.err) == (2, True)
    assert not (tmp_path / "auth.db").exists()


def test_a_picture_that_cannot_be_written_enrols_nobody(otp: Callable[..., Said], tmp_path: Path) -> None:
    assert otp("enrol", LAN, "--issuer", "City Hall", "--svg", tmp_path / "none" / "code.svg").code == 2
    assert secret_of(enrolled(otp)), "still free to enrol, without --replace"


def test_a_second_authenticator_needs_replace(otp: Callable[..., Said]) -> None:
    first = enrolled(otp)
    again = otp("enrol", LAN, "--issuer", "City Hall", "--show-secret")
    assert (again.code, "--replace" in again.err) == (2, True)
    assert secret_of(enrolled(otp, LAN, "--replace")) != secret_of(first)


def test_a_terminal_shows_the_code_and_not_the_secret(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "eidkit.cli", "otp", "enrol", LAN, "--issuer", "City Hall"]
    command += ["--store", str(tmp_path / "auth.db"), "--key-file", str(tmp_path / "store.key")]
    ours, theirs = pty.openpty()
    environment = os.environ | {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, env=environment, check=False, timeout=60)
    os.close(theirs)
    with open(ours, "rb") as screen:  # noqa: PTH123 - a descriptor
        shown = b""
        try:
            while piece := screen.read1(65536):
                shown += piece
        except OSError:
            pass  # a closed terminal ends like this on Linux
    assert done.returncode == 0, done.stderr
    lines = shown.decode().splitlines()
    assert sum("█" in line for line in lines) >= 15
    assert secret_of(lines[-1]) == "…"


def test_the_identifier_may_come_from_standard_input(otp: Callable[..., Said]) -> None:
    said = otp("enrol", "-", "--issuer", "City Hall", "--show-secret", typed=f"{LAN}\n")
    assert (said.code, "000190000022" in said.err + said.out) == (0, False)
    assert otp("verify", "-", typed=f"{LAN}\n{code_of(said.out.strip())}\n").code == 0


def test_a_key_may_be_written_in_hex(otp: Callable[..., Said], tmp_path: Path) -> None:
    uri = enrolled(otp)
    (tmp_path / "hex.key").write_text((tmp_path / "store.key").read_bytes().hex() + "\n", encoding="ascii")
    assert otp("verify", LAN, typed=code_of(uri), key="hex.key").code == 0


@pytest.mark.parametrize("who", ["nobody", "vn-cccd:12", "unknown:1", ""])
def test_who_must_be_spelled_as_scheme_and_identifier(who: str, otp: Callable[..., Said]) -> None:
    assert otp("enrol", who, "--issuer", "City Hall", "--show-secret").code == 2


# ── verifying ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_right_code_is_accepted_once(otp: Callable[..., Said]) -> None:
    code = code_of(enrolled(otp))
    assert [otp("verify", LAN, typed=f"{code}\n").code for _ in range(2)] == [0, 1]


def test_a_wrong_code_is_not_accepted_and_not_repeated(otp: Callable[..., Said]) -> None:
    wrong = other_than(code_of(enrolled(otp)))
    said = otp("verify", LAN, typed=wrong)
    assert (said.code, wrong in said.out + said.err) == (1, False)


def test_after_a_wrong_code_the_right_one_must_wait(otp: Callable[..., Said], tmp_path: Path) -> None:
    """After seven failures an hour ago the wait is two minutes, so that a slow machine cannot sit it out."""
    uri = enrolled(otp)
    failed_before(tmp_path, 7)
    code = code_of(uri)
    assert [otp("verify", LAN, typed=typed).code for typed in (other_than(code), code)] == [1, 1]


def failed_before(folder: Path, times: int) -> None:
    """``times`` wrong codes in a row, beginning an hour ago."""
    stores = Stores.sqlite(folder / "auth.db", key=(folder / "store.key").read_bytes())
    clock = FixedClock(SYSTEM_CLOCK.now() - timedelta(hours=1))
    for _ in range(times):
        with pytest.raises(AuthenticationError):
            confirm(Identity(*LAN.split(":"), ""), "wrong!", stores=stores, clock=clock)
        clock.advance(timedelta(minutes=5))


@pytest.mark.parametrize("typed", ["", "12345", "１２３４５６", "abcdef", "1" * 5000])
def test_what_is_no_code_is_not_accepted(typed: str, otp: Callable[..., Said]) -> None:
    enrolled(otp)
    assert otp("verify", LAN, typed=typed).code == 1


def test_somebody_who_is_not_enrolled_is_not_accepted(otp: Callable[..., Said]) -> None:
    enrolled(otp)
    assert otp("verify", "vn-cccd:000195000011", typed="123456").code == 1


def test_another_key_opens_nothing(otp: Callable[..., Said], tmp_path: Path) -> None:
    uri = enrolled(otp)
    (tmp_path / "other.key").write_bytes(os.urandom(32))
    assert otp("verify", LAN, typed=code_of(uri), key="other.key").code == 2


def test_a_short_key_is_refused(otp: Callable[..., Said], tmp_path: Path) -> None:
    enrolled(otp)
    (tmp_path / "short.key").write_bytes(b"short")
    said = otp("verify", LAN, typed="123456", key="short.key")
    assert (said.code, "32" in said.err) == (2, True)


def test_verifying_makes_no_store(otp: Callable[..., Said], tmp_path: Path) -> None:
    assert otp("verify", LAN, typed="123456").code == 2
    assert [*tmp_path.iterdir()] == []


# ── confirming a step ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sandbox and the dossier ``opened``, of which no step is done."""
    folder = tmp_path_factory.mktemp("otp")
    assert run(["sandbox", "init", str(folder / "sandbox")]) == 0
    documents = [Document.read(folder / "sandbox" / name) for name in ("permit.pdf", "form.xml")]
    procedure = Procedure.read(folder / "sandbox/procedure.toml")
    Dossier.open("H56.01-261124-0001", procedure, documents).write(folder / "opened")
    (folder / "password").write_text("sandbox", encoding="utf-8")
    return folder


def confirming(box: Path, output: Path) -> list[object]:
    dossier = ["--dossier", box / "opened", "--procedure", box / "sandbox/procedure.toml", "--action", "approve"]
    key = ["--service-key", box / "sandbox/service.p12", "--password-file", box / "password"]
    return [*dossier, *key, "-o", output]


def test_a_code_confirms_the_step_that_is_due_and_the_signature_carries_it(
    otp: Callable[..., Said], box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login, signed = tmp_path / "authentication.json", tmp_path / "signed.pdf"
    said = otp("verify", LAN, *confirming(box, login), typed=code_of(enrolled(otp)))
    assert said.code == 0, said.err
    assert "H56.01-261124-0001" in said.err, "the text of the step is shown before the code is asked for"
    key = ["--p12", str(box / "sandbox/lan.p12"), "--password-file", str(box / "password")]
    assert run(["sign", str(box / "sandbox/permit.pdf"), "-o", str(signed), *key, "--authentication", str(login)]) == 0
    trust = ["--trust", str(box / "sandbox/roots"), "--crl", str(box / "sandbox/crls"), "--offline"]
    assert run(["verify", str(signed), *trust, "--authentication", str(login)]) == 0
    assert "login: totp" in capsys.readouterr().out


def test_a_wrong_code_leaves_no_record(otp: Callable[..., Said], box: Path, tmp_path: Path) -> None:
    login = tmp_path / "authentication.json"
    said = otp("verify", LAN, *confirming(box, login), typed=other_than(code_of(enrolled(otp))))
    assert (said.code, login.exists()) == (1, False)


def test_the_options_of_a_step_belong_together(otp: Callable[..., Said], box: Path) -> None:
    enrolled(otp)
    said = otp("verify", LAN, "--dossier", box / "opened", typed="123456")
    assert (said.code, "belong together" in said.err) == (2, True)


# ── rotate, and stores on servers ──────────────────────────────────────────────────────────────────────────


def test_after_a_rotation_only_the_new_key_opens_and_nobody_enrols_again(
    otp: Callable[..., Said], tmp_path: Path
) -> None:
    uri = enrolled(otp)
    said = otp("rotate", "--new-key-file", tmp_path / "new.key")
    assert (said.code, "sealed again under the new key: 2" in said.out) == (0, True), said.err
    assert stat.S_IMODE((tmp_path / "new.key").stat().st_mode) == 0o600
    assert otp("verify", LAN, typed=code_of(uri)).code == 2
    assert otp("verify", LAN, typed=code_of(uri), key="new.key").code == 0


def test_a_rotation_is_gone_on_with_by_the_same_command(otp: Callable[..., Said], tmp_path: Path) -> None:
    enrolled(otp)
    for sealed in (2, 0):
        said = otp("rotate", "--new-key-file", tmp_path / "new.key")
        assert (said.code, f"new key: {sealed};" in said.out) == (0, True), said.err


def test_a_rotation_to_the_same_key_is_refused(otp: Callable[..., Said], tmp_path: Path) -> None:
    enrolled(otp)
    said = otp("rotate", "--new-key-file", tmp_path / "store.key")
    assert (said.code, "the new key is the old one" in said.err) == (2, True)


def test_a_rotation_under_a_wrong_key_changes_nothing(otp: Callable[..., Said], tmp_path: Path) -> None:
    uri = enrolled(otp)
    (tmp_path / "wrong.key").write_bytes(bytes(32))
    assert otp("rotate", "--new-key-file", tmp_path / "new.key", key="wrong.key").code == 2
    assert not (tmp_path / "new.key").exists()
    assert otp("verify", LAN, typed=code_of(uri)).code == 0


def test_a_rotation_makes_no_store(otp: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "store.key").write_bytes(bytes(32))
    said = otp("rotate", "--new-key-file", tmp_path / "new.key")
    assert (said.code, "auth.db is not there" in said.err) == (2, True)
    assert [file.name for file in tmp_path.iterdir()] == ["store.key"]


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_the_store_may_be_a_server(
    kind: str, request: pytest.FixtureRequest, otp: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = request.getfixturevalue(f"{kind}_server")
    address = server.place().address if kind == "postgresql" else server.url
    (tmp_path / "server.key").write_bytes(bytes(range(32)))
    monkeypatch.setenv("EIDKIT_STORE", address)
    key = ["--key-file", str(tmp_path / "server.key")]

    def call(*words: str, typed: str = "") -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return run(["otp", *words, *key])

    who = "vn-cccd:000190000022"
    assert call("enrol", who, "--issuer", "City Hall", "--svg", str(tmp_path / "code.svg"), "--replace") == 0
    assert call("verify", who, typed="000000") == 1
    assert call("rotate", "--new-key-file", str(tmp_path / "new.key")) == 0


@pytest.mark.parametrize(
    "address", ["redis://:hunter2@127.0.0.1:1/0", "postgresql://u:hunter2@127.0.0.1:1/x", "ftp://u:hunter2@h/x"]
)
def test_a_server_that_is_not_there_is_told_without_the_password(
    address: str,
    otp: Callable[..., Said],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "store.key").write_bytes(bytes(32))
    code = run(
        [
            "otp",
            "rotate",
            "--store",
            address,
            "--key-file",
            str(tmp_path / "store.key"),
            "--new-key-file",
            str(tmp_path / "new.key"),
        ]
    )
    said = capsys.readouterr()
    assert (code, "hunter2" in said.out + said.err) == (2, False)
    assert "→" in said.err


# ── unlocking ─────────────────────────────────────────────────────────────────────────────────────────────


def locked_out(tmp_path: Path, wrong: str) -> None:
    """Ten wrong codes in a row, each after the longest wait, the last one some minutes ago."""
    stores = Stores.sqlite(tmp_path / "auth.db", key=(tmp_path / "store.key").read_bytes())
    clock = FixedClock(SYSTEM_CLOCK.now() - timedelta(hours=1))
    for _ in range(10):
        with pytest.raises(AuthenticationError):
            confirm(Identity(*LAN.split(":")), wrong, stores=stores, clock=clock)
        clock.advance(timedelta(minutes=5))


def test_who_was_locked_out_is_accepted_once_an_operator_unlocks(otp: Callable[..., Said], tmp_path: Path) -> None:
    uri = enrolled(otp)
    locked_out(tmp_path, other_than(code_of(uri)))
    assert otp("verify", LAN, typed=code_of(uri)).code == 1
    said = otp("unlock", LAN)
    assert (said.code, said.out) == (0, "")
    assert "000190000022" not in said.err
    assert otp("verify", LAN, typed=code_of(uri)).code == 0


def test_unlocking_one_leaves_another_locked(otp: Callable[..., Said], tmp_path: Path) -> None:
    uri = enrolled(otp)
    locked_out(tmp_path, other_than(code_of(uri)))
    assert otp("unlock", "vn-cccd:000190000030").code == 0
    assert otp("verify", LAN, typed=code_of(uri)).code == 1


def test_unlocking_makes_no_store(otp: Callable[..., Said], tmp_path: Path) -> None:
    assert otp("unlock", LAN).code == 2
    assert not (tmp_path / "auth.db").exists()
