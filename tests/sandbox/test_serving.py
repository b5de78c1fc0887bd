"""``eidkit sandbox serve``: the loopback only, within bounds, the same after a restart, ended in order."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from eidkit.clock import FixedClock
from eidkit.errors import EidkitError
from eidkit.sandbox import Sandbox, init
from eidkit.sandbox.loopback import is_local_host, served_url
from eidkit.sandbox.server import MAX_CONNECTIONS, Server, free_address, serving

EIDKIT = [sys.executable, "-m", "eidkit.cli"]


@pytest.fixture
def server(clock: FixedClock) -> Iterator[Server]:
    with serving(Sandbox.create(clock=clock, base_url=free_address())) as started:
        yield started


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2].strip("/"))


def raw(server: Server, request: bytes) -> bytes:
    """What comes back for these bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server.address), timeout=15)
    connection.connect()
    with connection.sock as sock:
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


# ── who is answered, and how much is read ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", "[::ffff:8.8.8.8]", "a b"])
def test_a_foreign_name_for_this_machine_gets_nothing(server: Server, host: str) -> None:
    assert status(raw(server, f"GET /root.crl HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())) == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "127.0.0.2:1"])
def test_this_machines_names_are_answered(server: Server, host: str) -> None:
    assert status(raw(server, f"GET /root.crl HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())) == 200


def test_the_sandboxs_own_name_is_answered_too() -> None:
    assert is_local_host("sandbox.eidkit.test:8765", "sandbox.eidkit.test")
    assert not is_local_host("other.eidkit.test", "sandbox.eidkit.test")


@pytest.mark.parametrize("length", [b"-1", b"x", b"1048577", "١".encode(), b"99999999999999999999"])
def test_a_length_that_is_none_or_too_much_is_refused(server: Server, length: bytes) -> None:
    assert status(raw(server, b"POST /tsa HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n")) == 413


def test_a_line_without_end_is_refused(server: Server) -> None:
    assert status(raw(server, b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n")) == 414


def test_headers_without_end_are_refused(server: Server) -> None:
    assert status(raw(server, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n")) == 431


@pytest.mark.parametrize("method", [b"PUT", b"DELETE", b"TRACE", b"CONNECT"])
def test_other_methods_are_not_there(server: Server, method: bytes) -> None:
    assert status(raw(server, method + b" /root.crl HTTP/1.1\r\n\r\n")) == 501


def test_silent_peers_take_no_more_places_than_there_are(server: Server) -> None:
    """Connections beyond the bound wait in the queue; when the silent ones go, they are answered."""
    silent = [http.client.HTTPConnection("127.0.0.1", port_of(server.address)) for _ in range(MAX_CONNECTIONS)]
    for one in silent:
        one.connect()
    time.sleep(0.2)
    busy = sum(thread.name.startswith("Thread-") for thread in threading.enumerate())
    assert busy <= MAX_CONNECTIONS
    for one in silent:
        one.close()
    assert status(raw(server, b"GET /root.crl HTTP/1.1\r\n\r\n")) == 200


def test_peers_that_trickle_do_not_keep_others_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each octet of theirs begins the ten seconds anew."""
    monkeypatch.setattr("eidkit.sandbox.server._PATIENCE", 1.0)
    slow = [socket.create_connection(("127.0.0.1", port_of(server.address))) for _ in range(MAX_CONNECTIONS)]
    over = threading.Event()

    def trickle() -> None:
        while not over.wait(0.2):
            for one in slow:
                with suppress(OSError):
                    one.sendall(b"G")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        assert status(raw(server, b"GET /root.crl HTTP/1.1\r\n\r\n")) == 200
    finally:
        over.set()
        thread.join()
        for one in slow:
            one.close()


def test_closing_ends_what_is_slow(clock: FixedClock) -> None:
    sandbox = Sandbox.create(clock=clock, base_url=free_address())
    sandbox.fault("crl", "slow", seconds=60)
    began = time.monotonic()
    with serving(sandbox) as server:
        waiting = threading.Thread(target=raw, args=(server, b"GET /root.crl HTTP/1.1\r\n\r\n"))
        waiting.start()
        time.sleep(0.2)
    waiting.join()
    assert time.monotonic() - began < 5


def test_a_taken_port_is_said(server: Server) -> None:
    with pytest.raises(OSError, match="in use"), serving(server.sandbox):
        pass


# ── where it may live ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    ["http://0.0.0.0:8765/", "http://10.1.2.3/", "http://[::]:80/", "https://127.0.0.1/", "http://sandbox.eidkit.test/",
     "http://127.0.0.1:8765/below/", "http://127.0.0.1:8765/?a", "http://127.0.0.1:99999/", "8765", "", "http://2130706433/"],
)  # fmt: skip
def test_elsewhere_than_on_the_loopback_is_refused(url: str) -> None:
    with pytest.raises(EidkitError) as caught:
        served_url(url)
    assert caught.value.code == "sandbox-bind"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765", "http://localhost:1234/", "http://127.9.9.9:80/"])
def test_on_the_loopback_it_may_live(url: str) -> None:
    assert served_url(url) == url.rstrip("/") + "/"


# ── by the command line ───────────────────────────────────────────────────────────────────────────────────


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``eidkit sandbox serve`` as a process; its address, once it answers."""
    command = [*EIDKIT, "sandbox", "serve", str(folder), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.endswith("/tsa"), process.communicate()
        yield line.removesuffix("tsa"), process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


def fetched(url: str) -> bytes:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as response:
        return response.read()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init(tmp_path / "sandbox", base_url=free_address())
    return tmp_path / "sandbox"


def crl_number(address: str) -> int:
    from cryptography import x509

    crl = x509.load_der_x509_crl(fetched(address + "official.crl"))
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_it_is_the_same_after_a_restart(folder: Path) -> None:
    seen = []
    for _ in range(2):
        with served(folder) as (address, _process):
            keys = {path: fetched(address + path) for path in ("oidc/jwks", "portal/jwks", "official.cer", "root.cer")}
            seen.append((address, keys, crl_number(address)))
    (first, keys, number), (second, again, later) = seen
    assert (first, keys) == (second, again)
    assert later > number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_when_it_is_told(folder: Path, number: signal.Signals) -> None:
    with served(folder) as (_address, process):
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 0, err
        assert "Traceback" not in out + err


def test_it_says_where_everything_is(folder: Path) -> None:
    with served(folder) as (address, process):
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert [line.partition(": ")[2] for line in err.splitlines()] == [
        address + "oidc", address + "portal", address + "vneid", address + "control",
    ]  # fmt: skip


def test_it_can_begin_with_faults(folder: Path) -> None:
    with served(folder, "--fault", "tsa=wrong:wrong-nonce", "--fault", "crl=rate-limited") as (address, _process):
        request = urllib.request.Request(address + "control", headers={"accept": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as response:
            on = json.load(response)["faults"]
    assert [(one["endpoint"], one["kind"], one["detail"]) for one in on] == [
        ("tsa", "wrong", "wrong-nonce"), ("crl", "rate-limited", None),
    ]  # fmt: skip


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*EIDKIT, "sandbox", *arguments], capture_output=True, text=True, check=False)


def test_a_second_one_says_that_the_port_is_taken(folder: Path) -> None:
    with served(folder):
        done = run("serve", str(folder))
    assert done.returncode == 2
    assert "already taken" in done.stderr


def test_init_writes_the_address_that_it_is_told(tmp_path: Path) -> None:
    address = free_address()
    assert run("init", str(tmp_path / "s"), "--url", address.rstrip("/")).returncode == 0
    assert Sandbox.open(tmp_path / "s").base_url == address


@pytest.mark.parametrize("url", ["http://0.0.0.0:8765/", "http://sandbox.example/"])
def test_init_refuses_an_address_that_others_could_reach(tmp_path: Path, url: str) -> None:
    done = run("init", str(tmp_path / "s"), "--url", url)
    assert done.returncode == 2
    assert "loopback" in done.stderr
    assert not (tmp_path / "s").exists()


def test_a_sandbox_that_lives_elsewhere_is_not_served(tmp_path: Path) -> None:
    Sandbox.create(base_url="http://192.0.2.1/").write(tmp_path)
    done = run("serve", str(tmp_path))
    assert done.returncode == 2
    assert "loopback" in done.stderr


def test_a_fault_that_does_not_exist_is_refused_with_those_that_do(folder: Path) -> None:
    done = run("serve", str(folder), "--fault", "moon=down")
    assert done.returncode == 2
    assert "userinfo" in done.stderr
