"""Where a served sandbox lives: an address on this machine's loopback, the one that its certificates name."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from eidkit import addresses
from eidkit.errors import EidkitError, Text, TransportError


class Loopback(NamedTuple):
    """The number to bind and the port; port 0 is any free one."""

    host: str
    port: int


def loopback_of(url: str) -> Loopback | None:
    """Where ``url`` is served; None when it is no IPv4 loopback address (``127.0.0.0/8`` or ``localhost``)."""
    try:
        parts = addresses.split(url)
    except TransportError:
        return None
    host = "127.0.0.1" if parts.hostname == "localhost" else str(parts.hostname)
    try:
        local = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return None
    return Loopback(host, parts.port or 80) if local and parts.scheme == "http" else None


def served_url(url: str) -> str:
    """``url`` as the address of a sandbox to be served, ending in ``/``; one that is not on the loopback is refused.

    Whoever can reach a sandbox can have it sign anything: it is never offered to a network.
    """
    whole = url if url.endswith("/") else url + "/"
    if loopback_of(whole) is None or addresses.split(whole).path != "/" or any(mark in whole for mark in "?#"):
        raise EidkitError(
            "sandbox-bind",
            Text(
                f"a sandbox is served on the loopback only, not at {addresses.shown(url)!r}",
                f"sandbox chỉ chạy trên địa chỉ loopback, không phải {addresses.shown(url)!r}",
            ),
            Text("give an address like http://127.0.0.1:8765/", "dùng địa chỉ như http://127.0.0.1:8765/"),
            kind="person",
        )
    return whole


def is_local_host(header: str, own: str) -> bool:
    """Whether a ``Host`` header names this machine or ``own``: a foreign name that was bound to 127.0.0.1 does not."""
    address = f"http://{header}/"
    try:
        host = addresses.split(address).hostname
    except TransportError:
        return False
    return host == own or loopback_of(address) is not None
