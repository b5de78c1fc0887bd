"""Strict reading of what others wrote: JSON objects, compact JWS, their answers over HTTP.

Unlike our own JSON (:mod:`eidkit.canonical`) a provider's may hold floats and text in any Unicode form; what it
may not hold is anything that two readers understand in two ways.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from eidkit.binding import shape
from eidkit.errors import EidkitError, Text
from eidkit.transport import Request, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eidkit.transport import Transport

MAX_TOKEN = 128 * 1024
MAX_ANSWER = 256 * 1024
MAX_DEPTH = 32


class NotAccepted(Exception):
    """Why something foreign is not accepted: a short word of ours for the log, on its way to one of our errors."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Jws(NamedTuple):
    """A compact JWS taken apart; nothing in it is checked yet."""

    header: dict[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes


def json_object(data: bytes, reason: str) -> dict[str, Any]:
    """The JSON object in ``data``: UTF-8 (also what escapes spell), no member twice, no NaN, at most 32 levels deep."""
    try:
        text = data.decode("utf-8", errors="strict")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8", errors="strict")
    except (ValueError, RecursionError) as error:
        raise NotAccepted(reason) from error
    if not isinstance(value, dict) or _too_deep(value):
        raise NotAccepted(reason)
    return value


def compact(token: object) -> Jws:
    """A compact JWS of at most 128 KiB in canonical base64url without padding (RFC 7515 §7.1)."""
    parts = token.split(".") if isinstance(token, str) and len(token) <= MAX_TOKEN and token.isascii() else []
    if len(parts) != 3:
        raise NotAccepted("token-shape")
    try:
        header, payload, signature = (shape.base64url_bytes(part, "token") for part in parts)
    except EidkitError as error:
        raise NotAccepted("token-shape") from error
    return Jws(json_object(header, "token-header"), payload, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def fetched(transport: Transport, request: Request) -> dict[str, Any]:
    """The JSON object that a provider answers with status 200; TransportError for anything else."""
    response = transport.send(request)
    if response.status != 200:
        raise unreachable(request.url, Text(f"status {response.status}", f"trạng thái {response.status}"))
    if len(response.body) > request.limit:
        raise unreachable(request.url, Text("the answer is too long", "câu trả lời quá dài"))
    try:
        return json_object(response.body, "answer")
    except NotAccepted as error:
        raise unreachable(
            request.url, Text("the answer is not strict JSON", "câu trả lời không phải JSON hợp lệ")
        ) from error


def get(url: str) -> Request:
    """A bounded request for a JSON document."""
    return Request("GET", url, {"accept": "application/json"}, limit=MAX_ANSWER)


def text_list(value: object, limit: int = 64) -> tuple[str, ...]:
    """``value`` as a bounded list of texts; anything else is empty."""
    if not isinstance(value, list) or len(value) > limit:
        return ()
    return tuple(item for item in value if isinstance(item, str) and len(item) <= 255)


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    listed = list(pairs)
    result = dict(listed)
    if len(result) != len(listed):
        raise ValueError("a member appears twice")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _too_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
        ]
        if not level:
            return False
    return True
