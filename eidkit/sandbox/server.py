"""The sandbox on a loopback port, for programs and browsers that cannot be handed a Transport.

1. It binds the loopback and nothing else, and answers only under this machine's names (a page of somebody else whose
   name was pointed at 127.0.0.1 gets nothing).
2. At most ``MAX_CONNECTIONS`` are served at one time, a request line and headers have the bounds of
   :mod:`http.server`, a body at most ``MAX_BODY``, and a silent peer is let go after ten seconds; one that says
   little for long is let go after a minute when others wait.
3. Faults are delivered as they are: late, in part, or not at all.
4. Closing ends what is under way, then waits for it.
"""

from __future__ import annotations

import http.server
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from eidkit.errors import TransportError
from eidkit.sandbox.control import PATH, Control
from eidkit.sandbox.faults import Delivery
from eidkit.sandbox.loopback import Loopback, is_local_host, loopback_of
from eidkit.transport import Request

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from eidkit.sandbox.sandbox import Sandbox

MAX_BODY = 1024 * 1024
MAX_CONNECTIONS = 32
_SILENCE = 10
"""Seconds for which a peer may say nothing."""
_PATIENCE = 60.0
"""Seconds for which a connection keeps its place while others wait for one."""
_RUN = 2**32
"""More revocation lists than one run issues."""
_BOTH_WAYS = 2
"""``SHUT_RDWR`` of the socket's own interface."""


class Server:
    """A served sandbox: its ``address``, and the faults that it can be told to have.  Threads may share it."""

    def __init__(self, sandbox: Sandbox, address: str) -> None:
        self.sandbox = sandbox
        self.address = address

    def __repr__(self) -> str:
        return f"Server({self.address!r})"

    @property
    def control_url(self) -> str:
        """The page on which faults and revocations are switched by hand."""
        return self.address + PATH

    def fault(
        self, endpoint: str, kind: str, detail: str | None = None, *, seconds: float = 5.0, times: int | None = None
    ) -> None:
        """As :meth:`Sandbox.fault`: ``server.fault("tsa", "slow", seconds=3)``."""
        self.sandbox.fault(endpoint, kind, detail, seconds=seconds, times=times)

    def mend(self) -> None:
        """Let everything answer as it should again."""
        self.sandbox.mend()


@contextmanager
def serving(
    sandbox: Sandbox, *, port: int | None = None, folder: str | os.PathLike[str] | None = None
) -> Iterator[Server]:
    """Serve ``sandbox`` while the block runs.

    It lives at the sandbox's own address when that is on the loopback (:func:`eidkit.sandbox.init` and
    :func:`free_address` give such), so that what its certificates name can be fetched, and its providers' logins work.
    ``port`` takes another port, 0 any free one: then only what is asked for by hand is found.  Only this machine can
    connect.  ``folder`` is where the sandbox is kept (:meth:`Sandbox.write`) whenever something in it changes.  Raises
    OSError when the port is taken.
    """
    place = loopback_of(sandbox.base_url) or Loopback("127.0.0.1", 0)
    chosen = place.port if port is None else port
    with _Bounded(Loopback(place.host, chosen), sandbox, Control(sandbox, folder)) as listener:
        if folder is not None:
            _begin_run(sandbox, folder)
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), name="eidkit-sandbox", daemon=True)
        thread.start()
        try:
            yield Server(sandbox, f"http://{place.host}:{listener.server_port}/")
        finally:
            listener.hang_up()
            listener.shutdown()
            thread.join()
            listener.hang_up()


def _begin_run(sandbox: Sandbox, folder: str | os.PathLike[str]) -> None:
    """The CRL numbers of this run lie above those of every run before (RFC 5280 §5.2.3)."""
    for authority in sandbox.authorities.values():
        authority.crl_number = (authority.crl_number // _RUN + 1) * _RUN
    sandbox.write(folder)


def free_address() -> str:
    """An address on the loopback that is free now, for ``Sandbox.create(base_url=…)``."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as found:
        return f"http://127.0.0.1:{found.server_port}/"


class _Bounded(http.server.ThreadingHTTPServer):
    """A thread for each connection, as many as there are places; waiting ones wait in the system's queue."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 2 * MAX_CONNECTIONS

    def __init__(self, place: Loopback, sandbox: Sandbox, control: Control) -> None:
        self.sandbox = sandbox
        self.control = control
        self.own_host = urlsplit(sandbox.base_url).hostname or ""
        self.closing = threading.Event()
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._open: dict[Any, float] = {}
        super().__init__(place, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, once there is a place for it."""
        while not self._places.acquire(timeout=0.5):
            self._end(one for one, since in tuple(self._open.items()) if time.monotonic() - since > _PATIENCE)
        self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it in its thread, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(request, None)
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of peers that hang up."""

    def hang_up(self) -> None:
        """End the connections that are still open; whoever serves one closes it."""
        self.closing.set()
        self._end(tuple(self._open))

    @staticmethod
    def _end(requests: Iterable[Any]) -> None:
        for request in requests:
            with suppress(OSError):
                request.shutdown(_BOTH_WAYS)

    def delivery(self, request: Request, path: str) -> Delivery:
        """What is answered to a request for ``path``."""
        try:
            if path.partition("?")[0].partition("/")[0] == PATH:
                return Delivery(self.control.respond(request, path))
            return self.sandbox.delivery(request)
        except TransportError:
            return Delivery(None)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection, one request."""

    server: _Bounded
    timeout = _SILENCE

    def version_string(self) -> str:
        """What the ``Server`` header says."""
        return "eidkit-sandbox"

    def do_GET(self) -> None:
        """Answer a request without a body."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Answer a request with a body of a length that is told and bounded."""
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY:
            self.send_error(413)
            return
        self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        host = self.headers.get("Host")
        if host is not None and not is_local_host(host, self.server.own_host):
            self.send_error(421)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.lstrip("/")
        request = Request(self.command, self.server.sandbox.base_url + path, headers, body)
        self._deliver(self.server.delivery(request, path))

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.seconds:
            self.server.closing.wait(delivery.seconds)
        response = delivery.response
        if response is None or self.server.closing.is_set():
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body[: len(response.body) // 2] if delivery.cut else response.body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the caller decides what is logged."""
