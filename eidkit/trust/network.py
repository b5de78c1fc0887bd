"""Fetching what a certificate points at: bounded, and every address checked first (:mod:`eidkit.addresses`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.addresses import check_url, redirected, refused
from eidkit.errors import Text
from eidkit.transport import MAX_REDIRECTS, REDIRECTS, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.transport import Transport


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
    for _ in range(MAX_REDIRECTS + 1):
        check_url(url, allow_hosts, names)
        headers = {"Content-Type": content_type} if content_type else {}
        request = Request("POST" if body else "GET", url, headers, body, limit, timeout)
        response = transport.send(request)
        if response.status in REDIRECTS and not body:
            url = redirected(url, response.headers.get("location", ""))
            continue
        if response.status != 200:
            raise refused(url, Text(f"HTTP status {response.status}", f"mã HTTP {response.status}"))
        if len(response.body) > limit:
            raise refused(url, Text(f"its answer is above {limit} bytes", f"câu trả lời dài quá {limit} byte"))
        return response.body
    raise refused(url, Text(f"more than {MAX_REDIRECTS} redirects", f"quá {MAX_REDIRECTS} lần chuyển hướng"))
