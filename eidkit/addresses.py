"""Which addresses may be fetched: http(s) only, and never a private, loopback or link-local place by surprise.

A certificate names the addresses that we fetch, so whoever wrote it aims our requests.  A host is refused when
it *is* such an address, in any spelling, or resolves to one, unless the caller allowed that host by name.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from eidkit.errors import Text, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable


MAX_URL = 2_048
PORTS = {"http": 80, "https": 443}


def resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses that the system's resolver gives for a host; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def check_url(url: str, allow_hosts: frozenset[str], names: Callable[[str, int], tuple[str, ...]] | None) -> str:
    """``url`` if it may be fetched; raises :class:`TransportError` with the reason.

    ``names`` resolves host names to addresses; None leaves them unresolved (a Transport that is no network, such as
    the in-memory sandbox, or one that checks the addresses it connects to itself).
    """
    parts = split(url)
    host = (parts.hostname or "").rstrip(".").lower()
    if host in allow_hosts:
        return url
    literal = _literal(host)
    if literal is not None:
        addresses: tuple[str, ...] = (literal,)
    elif host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        raise refused(url, Text("it is inside a private network", "nằm trong mạng nội bộ"))
    elif names is None:
        return url
    else:
        try:
            addresses = names(host, parts.port or PORTS[parts.scheme])
        except (OSError, UnicodeError) as error:
            raise refused(url, Text("its host is not known", "không biết máy chủ này")) from error
    if not addresses or not all(is_public(address) for address in addresses):
        raise refused(url, Text("it is inside a private network", "nằm trong mạng nội bộ"))
    return url


def split(url: str) -> SplitResult:
    """The parts of a plain http or https address; anything else raises :class:`TransportError`."""
    if len(url) > MAX_URL or not url.isascii() or any(character <= " " or character == "\\" for character in url):
        raise refused(url, Text("it is no plain address", "không phải địa chỉ thông thường"))
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError as error:
        raise refused(url, Text("it is no plain address", "không phải địa chỉ thông thường")) from error
    if parts.scheme not in PORTS or not parts.hostname or parts.username is not None or parts.password is not None:
        raise refused(url, Text("only plain http and https addresses are fetched", "chỉ tải địa chỉ http và https"))
    return parts


def redirected(url: str, location: str) -> str:
    """The address that ``url`` leads on to by ``location``; raises :class:`TransportError` unless it is plain.

    Never from https to http: what was asked for protected does not come back unprotected.
    """
    try:
        following = urljoin(url, location)
    except ValueError as error:
        raise refused(
            url, Text("it redirects to no plain address", "chuyển hướng đến nơi không phải địa chỉ")
        ) from error
    if split(url).scheme == "https" and split(following).scheme != "https":
        raise refused(url, Text("it redirects to an unprotected address", "chuyển hướng đến địa chỉ không được bảo vệ"))
    return following


def shown(url: str) -> str:
    """The address as a message may show it: bounded, and without its query, which may carry a secret."""
    return url.split("?", 1)[0][:200]


def on_loopback(url: object, *, by_name: bool = False) -> bool:
    """Whether ``url`` is a plain http address of this machine: given as a number, or ``by_name`` as localhost too.

    What a number of the loopback carries leaves no wire; what a name leads to, a resolver says.
    """
    try:
        parts = split(url) if isinstance(url, str) else None
        if parts is None or parts.scheme != "http":
            return False
        named = by_name and parts.hostname == "localhost"
        return named or ipaddress.ip_address(parts.hostname or "").is_loopback
    except (TransportError, ValueError):
        return False


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
            return ""  # a number that is no address: counts as not public
    return None


def is_public(address: str) -> bool:
    """Whether ``address`` (a number) is on the public network, whatever it is wrapped in."""
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None and not is_public(str(inner)):
            return False
        if parsed.ipv4_mapped is not None:
            return True
    return parsed.is_global and not parsed.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def refused(url: str, why: Text) -> TransportError:
    """The error for an address that is not fetched or gave nothing usable."""
    return TransportError(
        "transport-refused",
        Text("{url} is not used: {why}", "không dùng {url}: {why}").filled(url=shown(url), why=why),
        Text(
            "allow the host by name (allow_hosts=, --allow-host) if you trust it, or give what is there as a file",
            "cho phép máy chủ bằng allow_hosts nếu tin cậy, hoặc cung cấp tệp",
        ),
        kind="configuration",
        retryable=False,
    )
