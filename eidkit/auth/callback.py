"""What a browser brings back from a provider (RFC 6749 §4.1.2), read strictly: nothing twice, ``state`` first."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from eidkit.auth.foreign import NotAccepted

MAX_PARAMETERS = 32
MAX_CODE = 4096


def parameters(callback: Mapping[str, str] | str, *, keep_plus: bool = False) -> dict[str, str]:
    """The callback's parameters; one that stands there twice is refused.

    ``keep_plus``: the provider writes base64 into its addresses without escaping it, so a ``+`` is itself and not
    the space that forms mean by it.  Whoever gives parameters that were decoded already gives spaces, see
    :func:`mended`.
    """
    if isinstance(callback, Mapping):
        return {name: value for name, value in callback.items() if isinstance(value, str)}
    if not isinstance(callback, str):  # such as the bytes of an address: a caller's slip, never a login
        raise NotAccepted("callback")
    try:
        query = urlsplit(callback).query
        if keep_plus:
            query = query.replace("+", "%2B")
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError as error:
        raise NotAccepted("callback") from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise NotAccepted("callback")
    return dict(pairs)


def check_state(given: Mapping[str, str], state: str) -> None:
    """NotAccepted unless the ``state`` is the one given out (RFC 6749 §10.12)."""
    if not hmac.compare_digest(given.get("state", "").encode(errors="replace"), state.encode()):
        raise NotAccepted("state")


def code(given: Mapping[str, str]) -> str:
    """The authorization code, where there is one and no error."""
    if "error" in given:
        raise NotAccepted("provider-error")
    found = given.get("code", "")
    if not 0 < len(found) <= MAX_CODE or not found.isascii() or not found.isprintable():
        raise NotAccepted("code")
    return found


def mended(value: str) -> str:
    """Base64 that somebody decoded as a form: no alphabet of it has a space, so each one was a ``+``."""
    return value.replace(" ", "+")
