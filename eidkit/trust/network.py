"""Which addresses may be fetched: http(s) only, and never a private, loopback or link-local place by surprise.

A certificate names the addresses that we fetch, so whoever wrote it aims our requests.  A host is refused when
it *is* such an address, in any spelling, or resolves to one, unless the caller allowed that host by name.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from eidkit.errors import Text, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.transport import Response, Transport

MAX_URL = 2_048
MAX_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}


def resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses that the system's resolver gives for a host; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def check_url(url: str, allow_hosts: frozenset[str], names: Callable[[str, int], tuple[str, ...]] | None) -> str:
    """``url`` if it may be fetched; raises :class:`TransportError` with the reason.

    ``names`` resolves host names to addresses; None leaves them unresolved (a Transport that is no network, such as
    the in-memory sandbox, or one that checks the addresses it connects to itself).
    """
    parts = _split(url)
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme not in _PORTS or not host or parts.username is not None or parts.password is not None:
        raise refused(url, "only plain http and https addresses are fetched")
    if host in allow_hosts:
        return url
    literal = _literal(host)
    if literal is not None:
        addresses: tuple[str, ...] = (literal,)
    elif host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        raise refused(url, "it is inside a private network")
    elif names is None:
        return url
    else:
        try:
            addresses = names(host, parts.port or _PORTS[parts.scheme])
        except (OSError, UnicodeError) as error:
            raise refused(url, "its host is not known") from error
    if not addresses or not all(_public(address) for address in addresses):
        raise refused(url, "it is inside a private network")
    return url


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL or not url.isascii() or any(character <= " " or character == "\\" for character in url):
        raise refused(url, "it is no plain address")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError as error:
        raise refused(url, "it is no plain address") from error
    return parts


def _literal(host: str) -> str | None:
    """The address that ``host`` spells, also in the old forms (``127.1``, ``0x7f000001``, ``2130706433``)."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    last = host.rsplit(".", 1)[-1]
    if last.isdigit() or last.startswith("0x"):
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            return "0.0.0.0"  # noqa: S104  # a number that is no address: counts as not public
    return None


def _public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None and not _public(str(inner)):
            return False
        if parsed.ipv4_mapped is not None:
            return True
    return parsed.is_global and not parsed.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def fetch(
    url: str,
    *,
    transport: Transport,
    allow_hosts: frozenset[str],
    names: Callable[[str, int], tuple[str, ...]] | None,
    limit: int,
    timeout: float,
    body: bytes = b"",
    content_type: str | None = None,
) -> bytes:
    """The body at ``url``: every redirect is checked like the first address; raises :class:`TransportError`."""
    from eidkit.transport import Request

    for _ in range(MAX_REDIRECTS + 1):
        check_url(url, allow_hosts, names)
        headers = {"Content-Type": content_type} if content_type else {}
        request = Request("POST" if body else "GET", url, headers, body, limit, timeout)
        response = transport.send(request)
        if response.status in {301, 302, 303, 307, 308} and not body:
            url = _target(url, response)
            continue
        if response.status != 200:
            raise refused(url, f"HTTP status {response.status}")
        if len(response.body) > limit:
            raise refused(url, f"its answer is above {limit} bytes")
        return response.body
    raise refused(url, f"more than {MAX_REDIRECTS} redirects")


def _target(url: str, response: Response) -> str:
    from urllib.parse import urljoin

    location = response.headers.get("location", "")
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise refused(url, "it redirects to no plain address") from error


def refused(url: str, why: str) -> TransportError:
    """The error for an address that is not fetched or gave nothing usable; shown without its query."""
    shown = url.split("?", 1)[0][:200]
    return TransportError(
        "fetch-refused",
        Text(f"{shown} was not used: {why}", f"không dùng {shown}: {why}"),
        Text(
            "give the certificate, CRL or OCSP answer as a file, or allow the host by name",
            "cung cấp tệp chứng thư, CRL hoặc OCSP, hoặc cho phép máy chủ theo tên",
        ),
    )
