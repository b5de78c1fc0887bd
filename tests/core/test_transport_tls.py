"""HTTPS: the server must prove the *name* that was asked for, although the number that was checked is connected to."""

from __future__ import annotations

import http.server
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from eidkit.errors import TransportError
from eidkit.transport import HttpTransport, Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALLOWED = frozenset({"localhost", "127.0.0.1"})


class Handler(http.server.BaseHTTPRequestHandler):
    """Says yes, or sends away to plain http."""

    def do_GET(self) -> None:
        if self.path == "/down":
            self.send_response(302)
            self.send_header("Location", "http://localhost/")
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port and certificate of a server whose certificate says ``localhost``."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    own_key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(own_key_id, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_port, folder / "cert.pem"
        running.shutdown()


def test_a_server_that_proves_its_name_answers(server: tuple[int, Path]) -> None:
    port, trusted = server
    transport = HttpTransport(allow_hosts=ALLOWED, tls=ssl.create_default_context(cafile=str(trusted)))
    assert transport.send(Request("GET", f"https://localhost:{port}/")).status == 200


def test_another_name_at_the_same_number_is_refused(server: tuple[int, Path]) -> None:
    port, trusted = server
    transport = HttpTransport(allow_hosts=ALLOWED, tls=ssl.create_default_context(cafile=str(trusted)))
    with pytest.raises(TransportError):
        transport.send(Request("GET", f"https://127.0.0.1:{port}/"))


def test_a_server_that_nobody_vouches_for_is_refused(server: tuple[int, Path]) -> None:
    port, _ = server
    with pytest.raises(TransportError):
        HttpTransport(allow_hosts=ALLOWED).send(Request("GET", f"https://localhost:{port}/"))


def test_no_redirect_leads_from_https_to_http(server: tuple[int, Path]) -> None:
    port, trusted = server
    transport = HttpTransport(allow_hosts=ALLOWED, tls=ssl.create_default_context(cafile=str(trusted)))
    with pytest.raises(TransportError, match="unprotected"):
        transport.send(Request("GET", f"https://localhost:{port}/down"))
