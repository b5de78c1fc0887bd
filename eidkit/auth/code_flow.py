"""The authorization code flow, as far as all who answer in it have it in common (RFC 6749 §4.1, RFC 7636).

Where the browser is sent, whose challenge its callback answers, and that nothing is accepted twice.  What the browser
brings back is read by :mod:`eidkit.auth.callback`, the code exchanged by :mod:`eidkit.auth.exchange`; what comes of it
is the way's own matter (:mod:`eidkit.auth.oidc`, :mod:`eidkit.auth.vneid`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from eidkit.auth import presenting
from eidkit.auth.challenge import Wanted
from eidkit.auth.foreign import NotAccepted
from eidkit.binding import shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eidkit.auth.challenge import Issued
    from eidkit.auth.exchange import Client
    from eidkit.auth.stores import Stores
    from eidkit.clock import Clock
    from eidkit.transport import Transport

KEEP_USED = 86_400
"""Seconds for which what was accepted is remembered at most; nothing of this flow lives that long."""


class Given(NamedTuple):
    """What a callback is to be worth, how our client shows who it is, and the two doors."""

    purpose: str
    audience: str | None
    client: Client
    transport: Transport
    clock: Clock


def request_url(endpoint: str, asked: Mapping[str, str]) -> str:
    """Where the browser goes: the endpoint, which may have a query of its own, with the request (RFC 6749 §3.1)."""
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked, quote_via=quote)}"


def pkce(verifier: str) -> dict[str, str]:
    """What the request says of the ``verifier`` that will come with the code (RFC 7636 §4.3)."""
    challenge = shape.base64url(hashlib.sha256(verifier.encode("ascii")).digest())
    return {"code_challenge": challenge, "code_challenge_method": "S256"}


def taken(stores: Stores, challenge_id: str, method: str, whose: Mapping[str, str], given: Given) -> Issued:
    """The challenge, used from now on; NotAccepted when it does not fit, or was issued for another than ``whose``."""
    wanted = Wanted(method, given.purpose, given.audience, given.clock.now())
    issued = presenting.taken(stores, challenge_id, wanted)
    presenting.demanded(whose.items() <= issued.private.items(), "challenge-provider")
    return issued


def use_up(stores: Stores, values: Iterable[str], moment: int, until: int | None = None) -> None:
    """Accept each of ``values`` (a code, an access token, an ID token) once (RFC 8725 §3.12); NotAccepted otherwise.

    Times are Unix seconds.  It is remembered for :data:`KEEP_USED`, or ``until``, where it can be accepted no longer.
    """
    end = moment + KEEP_USED if until is None else min(until, moment + KEEP_USED)
    with stores.unit() as unit:
        for value in values:
            name = hashlib.sha256(value.encode("utf-8")).hexdigest()
            if not unit.add_if_absent(f"token:{name}", end, moment):
                raise NotAccepted("replay")
