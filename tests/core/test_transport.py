"""The real network: bounded, and never where an attacker's address would like to lead us."""

from __future__ import annotations

import http.server
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from eidkit import addresses
from eidkit.errors import TransportError
from eidkit.transport import HttpTransport, Request

if TYPE_CHECKING:
    from collections.abc import Iterator


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path."""

    def _reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        places = {
            "/again": "/again",
            "/moved": "/ok",
            "/file": "file:///etc/passwd",
            "/inside": "http://10.0.0.1/x",
            "/nowhere": "http://[",
        }
        if self.path in places:
            self._reply(302, Location=places[self.path])
        elif self.path == "/zipped":
            self._reply(200, b"x", Content_Encoding="gzip")
        elif self.path == "/endless":
            self._endless()
        else:
            self._reply(200, self.headers["Host"].encode(), X_Agent=self.headers["User-Agent"])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/moved":
            self._reply(307, Location="/ok")
        else:
            self._reply(200, body[::-1])

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65536))
        except OSError:
            pass

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def transport() -> HttpTransport:
    return HttpTransport(allow_hosts=frozenset({"localhost"}))


def test_an_allowed_host_answers_under_its_own_name(transport: HttpTransport, port: int) -> None:
    response = transport.send(Request("GET", f"http://localhost:{port}/ok?q=1"))
    assert (response.status, response.body) == (200, f"localhost:{port}".encode())
    assert response.headers["x-agent"] == "eidkit"


def test_a_body_is_posted(transport: HttpTransport, port: int) -> None:
    assert transport.send(Request("POST", f"http://localhost:{port}/", body=b"abc")).body == b"cba"


def test_a_redirect_is_followed_for_get_only(transport: HttpTransport, port: int) -> None:
    assert transport.send(Request("GET", f"http://localhost:{port}/moved")).status == 200
    assert transport.send(Request("POST", f"http://localhost:{port}/moved", body=b"x")).status == 307


@pytest.mark.parametrize("path", ["again", "file", "inside", "nowhere", "zipped"])
def test_what_leads_astray_is_refused(transport: HttpTransport, port: int, path: str) -> None:
    with pytest.raises(TransportError):
        transport.send(Request("GET", f"http://localhost:{port}/{path}"))


def test_a_body_past_the_limit_is_cut_short(transport: HttpTransport, port: int) -> None:
    with pytest.raises(TransportError, match="more than 100000 bytes"):
        transport.send(Request("GET", f"http://localhost:{port}/endless", limit=100_000))


def test_the_whole_exchange_has_one_deadline(transport: HttpTransport, port: int) -> None:
    with pytest.raises(TransportError):
        transport.send(Request("GET", f"http://localhost:{port}/endless", limit=2**40, timeout=0.3))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:192.168.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
    ],
)
def test_private_and_special_addresses_are_refused(url: str) -> None:
    with pytest.raises(TransportError) as caught:
        HttpTransport().send(Request("GET", url))
    assert (caught.value.code, caught.value.retryable) == ("transport-refused", False)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "http://user:pw@example.com/", "http://", "x", "http://a b/"]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(TransportError):
        HttpTransport(allow_hosts=frozenset({"example.com"})).send(Request("GET", url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765/oidc", "http://127.8.0.1", "http://[::1]:9/"])
def test_a_number_of_the_loopback_leaves_no_wire(url: str) -> None:
    assert addresses.on_loopback(url)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1", "http://192.168.0.1", "http://127.0.0.1.example", "http://a@127.0.0.1", "", None]
)
def test_other_addresses_are_not_on_the_loopback(url: object) -> None:
    assert not addresses.on_loopback(url, by_name=True)


def test_localhost_is_a_name_that_counts_only_where_it_is_asked_for() -> None:
    assert (addresses.on_loopback("http://localhost/"), addresses.on_loopback("http://localhost/", by_name=True)) == (
        False,
        True,
    )


def test_the_name_is_resolved_once_and_that_address_is_used(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """A name that answers differently the second time (DNS rebinding) gains nothing."""
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def changing(host: str, *rest: object, **more: object) -> object:
        if host == "rebinding.example":
            asked.append(host)
            return resolve("127.0.0.1", *rest, **more)
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    transport = HttpTransport(allow_hosts=frozenset({"rebinding.example"}))
    assert transport.send(Request("GET", f"http://rebinding.example:{port}/ok")).status == 200
    assert len(asked) == 1


def test_an_error_shows_no_query() -> None:
    with pytest.raises(TransportError) as caught:
        HttpTransport().send(Request("GET", "http://127.0.0.1/x?secret=1"))
    assert "secret" not in str(caught.value)


def test_importing_it_loads_no_http_client() -> None:
    import subprocess
    import sys

    code = "import sys, eidkit.transport; raise SystemExit('httpx2' in sys.modules or 'ssl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_get_that_carries_credentials_follows_no_redirect(transport: HttpTransport, port: int) -> None:
    assert transport.send(Request("GET", f"http://localhost:{port}/moved", redirects=0)).status == 302
