"""How the sandbox's provider judges a client that signs (``private_key_jwt``, RFC 7523 §3, OIDC Core §9)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from eidkit.auth import exchange, foreign
from eidkit.auth.foreign import NotAccepted
from eidkit.binding import jwa

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

MAX_LIFE = 300
"""Seconds for which a client may let its assertion live."""


def accepted(form: Mapping[str, str], client_id: str, key: PublicKeyTypes, issuer: str, now: datetime) -> str | None:
    """The ``jti`` of the assertion in ``form``, or ``None`` unless it is this client's, for this issuer, and fresh."""
    if form.get("client_assertion_type") != exchange.ASSERTION_TYPE:
        return None
    try:
        jws = foreign.compact(form.get("client_assertion"))
        claims = foreign.json_object(jws.payload, "assertion")
    except NotAccepted:
        return None
    if not jwa.verify(key, str(jws.header.get("alg")), jws.signature, jws.signing_input):
        return None
    expected = {"iss": client_id, "sub": client_id, "aud": issuer}
    if any(not _same(claims.get(name), value) for name, value in expected.items()):
        return None
    moment, until, number = now.timestamp(), claims.get("exp"), claims.get("jti")
    fresh = type(until) is int and moment < until <= moment + MAX_LIFE
    return number if fresh and isinstance(number, str) and number else None


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
