"""The sandbox on a loopback port, for programs that cannot be handed a Transport."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from eidkit.errors import TransportError
from eidkit.transport import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.sandbox.sandbox import Sandbox

MAX_BODY = 1024 * 1024


@contextmanager
def serving(sandbox: Sandbox, *, port: int | None = None) -> Iterator[str]:
    """Serve ``sandbox`` while the block runs; gives the address (``http://127.0.0.1:PORT/``).

    The port is that of the sandbox's own addresses when these are on the loopback (as :func:`eidkit.sandbox.init`
    makes them), so that what its certificates name can be fetched; ``port=0`` takes any free one.  Only this
    machine can connect.  Raises OSError when the port is taken.
    """
    place = urlsplit(sandbox.base_url)
    chosen = port if port is not None else (place.port or 0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", chosen), _handler(sandbox)) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="eidkit-sandbox", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def _handler(sandbox: Sandbox) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        server_version = "eidkit-sandbox"
        timeout = 30

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > MAX_BODY:
                self.send_error(413)
                return
            self._answer(self.rfile.read(int(length)))

        def _answer(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, sandbox.base_url + self.path.lstrip("/"), headers, body)
            try:
                response = sandbox.send(request)
            except TransportError:
                self.send_error(502)
                return
            self.send_response(response.status)
            for name, value in response.headers.items():
                if name != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the caller decides what is logged."""

    return Handler
