"""The only door to the network.

A :class:`Transport` sends one bounded HTTP request and gives back one bounded response.  The in-memory
sandbox is a Transport; :class:`HttpTransport` is the real one.  Nothing in eidkit opens a socket unless a
Transport was handed in.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from eidkit.addresses import PORTS, is_public, redirected, refused, shown, split
from eidkit.errors import Text, TransportError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    import httpx2

MAX_RESPONSE = 16 * 1024 * 1024
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; ``limit`` is the largest body (bytes) the caller will read, ``timeout`` in seconds.

    ``redirects`` is how many a GET may follow; what it carries goes along, so one with credentials follows none.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    limit: int = MAX_RESPONSE
    timeout: float = 10.0
    redirects: int = MAX_REDIRECTS


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """*(port)* Sends a request.  Raises :class:`TransportError`; threads may share it."""

    def send(self, request: Request) -> Response:
        """The response to ``request``."""
        ...


def unreachable(url: str, why: Text) -> TransportError:
    """The error for a server that did not answer as asked; ``why`` must hold no secret."""
    return TransportError(
        "transport-failed",
        Text("{url} did not answer: {why}", "{url} không trả lời: {why}").filled(url=shown(url), why=why),
        Text("check the address and the network, then try again", "kiểm tra địa chỉ và mạng rồi thử lại"),
    )


def basic(user: str, password: str) -> str:
    """The value of an ``Authorization`` header by HTTP Basic (RFC 7617); send it over https only."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")


class HttpTransport:
    """The real network: plain HTTP and HTTPS, one bounded request at a time; no cookies, no proxy, no cache.

    1. Only ``http`` and ``https`` addresses without user information are fetched.
    2. A name is resolved once and *that* address is connected to; loopback, private and other special addresses
       are refused unless the host stands in ``allow_hosts`` (so that an address found inside a hostile
       certificate reaches nothing inside the house).
    3. A GET follows at most three redirects, each checked as in 1 and 2, and never from https to http; any other
       method follows none.
    4. The body is read in pieces up to ``request.limit``, the whole exchange within ``request.timeout``.

    ``tls`` replaces the system's TLS settings.  Threads and forked processes may share it.  Raises
    :class:`TransportError`.
    """

    def __init__(self, *, allow_hosts: frozenset[str] = frozenset(), tls: ssl.SSLContext | None = None) -> None:
        self._allowed = frozenset(host.lower() for host in allow_hosts)
        self._tls = tls

    def send(self, request: Request) -> Response:
        """The response to ``request``; the caller judges its status."""
        import time

        deadline = time.monotonic() + request.timeout
        url = request.url
        for _ in range(min(request.redirects, MAX_REDIRECTS) + 1):
            response = self._exchange(request, url, deadline)
            location = response.headers.get("location")
            follows = request.method == "GET" and request.redirects > 0
            if not follows or response.status not in REDIRECTS or location is None:
                return response
            url = redirected(url, location)
        raise unreachable(
            request.url, Text(f"more than {request.redirects} redirects", f"quá {request.redirects} lần chuyển hướng")
        )

    def _exchange(self, request: Request, url: str, deadline: float) -> Response:
        import time

        import httpx2

        target = split(url)
        address = self._resolved(target, url)
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise unreachable(url, Text("it took too long", "quá thời gian chờ"))
        try:
            with (
                httpx2.Client(verify=self._context(target.scheme), trust_env=False, timeout=remaining) as client,
                client.stream(
                    request.method,
                    _pinned(target, address),
                    headers=_headers(request, target),
                    content=request.body or None,
                    extensions={"sni_hostname": target.hostname or ""},
                ) as response,
            ):
                body = _body(response, request.limit, url, deadline)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Response(response.status_code, headers, body)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            name = type(error).__name__
            raise unreachable(url, Text(name, name)) from error

    def _context(self, scheme: str) -> ssl.SSLContext | bool:
        import ssl

        if scheme != "https":
            return False  # no TLS is spoken, so none is set up
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _resolved(self, target: SplitResult, url: str) -> str:
        import socket

        host = (target.hostname or "").lower()
        try:
            found = socket.getaddrinfo(host, target.port or PORTS[target.scheme], type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise unreachable(url, Text("its name cannot be resolved", "không phân giải được tên máy chủ")) from error
        addresses = [str(entry[4][0]) for entry in found]
        if host not in self._allowed and not all(is_public(address) for address in addresses):
            raise refused(url, Text("it is a loopback or private address", "là địa chỉ nội bộ"))
        return addresses[0]


def _pinned(target: SplitResult, address: str) -> str:
    """The address to connect to: the number that was checked in place of the name."""
    host = f"[{address.partition('%')[0]}]" if ":" in address else address
    port = f":{target.port}" if target.port else ""
    query = f"?{target.query}" if target.query else ""
    return f"{target.scheme}://{host}{port}{target.path or '/'}{query}"


def _headers(request: Request, target: SplitResult) -> dict[str, str]:
    given = {"Accept-Encoding": "identity", "User-Agent": "eidkit", **request.headers}
    return {**given, "Host": target.netloc.rpartition("@")[2]}


def _body(response: httpx2.Response, limit: int, url: str, deadline: float) -> bytes:
    import time

    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise unreachable(
            url, Text("it answered in an encoding that was not asked for", "trả lời theo mã hóa không được yêu cầu")
        )
    body = bytearray()
    for piece in response.iter_raw(64 * 1024):
        body += piece
        if len(body) > limit:
            raise unreachable(url, Text(f"it answered more than {limit} bytes", f"trả lời dài quá {limit} byte"))
        if time.monotonic() > deadline:
            raise unreachable(url, Text("it took too long", "quá thời gian chờ"))
    return bytes(body)
