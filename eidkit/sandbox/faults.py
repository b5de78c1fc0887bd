"""Faults on demand: how an endpoint of the sandbox misbehaves, in memory and over HTTP alike.

| kind | what happens |
|---|---|
| ``slow`` | the answer comes after ``seconds`` |
| ``wrong`` | an answer that must not be believed; ``detail`` names which, for the endpoints that know several |
| ``down`` | the connection is closed without an answer |
| ``rate-limited`` | status 429 with ``Retry-After`` |
| ``cut-off`` | the connection is closed in the middle of the answer |
| ``too-large`` | an answer longer than anybody may read |
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from eidkit.errors import EidkitError, Text
from eidkit.sandbox import partner_faults, provider_faults, tsa
from eidkit.transport import MAX_RESPONSE, Request, Response, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Kind = Literal["slow", "wrong", "down", "rate-limited", "cut-off", "too-large"]
KINDS: tuple[str, ...] = get_args(Kind)
DETAILS: dict[str, tuple[str, ...]] = {
    "crl": ("bad-signature",),
    "ocsp": ("bad-signature",),
    "certificate": ("bad-signature",),
    "tsa": ("wrong-imprint", *(name for name in tsa.FAULTS if name != "wrong-imprint")),
    "discovery": ("other-issuer", "not-json"),
    "jwks": ("other-keys", "not-json"),
    "authorize": (
        "wrong-state",
        *sorted(provider_faults.CALLBACK_FAULTS - {"wrong-state"}),
        *sorted(partner_faults.CODE_FAULTS),
    ),
    "token": (
        "bad-signature",
        *sorted(provider_faults.TOKEN_FAULTS - {"bad-signature"}),
        "not-json",
        *sorted({*partner_faults.TOKEN_FAULTS, *partner_faults.BODY_FAULTS}),
    ),
    "userinfo": (
        "other-userinfo-subject",
        *sorted(provider_faults.USERINFO_FAULTS - {"other-userinfo-subject"}),
        *sorted({*partner_faults.ANSWER_FAULTS, *partner_faults.BODY_FAULTS}),
    ),
}
"""Each endpoint, and what can be wrong there; the first is meant when nothing is named."""
ENDPOINTS: tuple[str, ...] = tuple(DETAILS)
MAX_SECONDS = 120.0
_PROVIDER_PATHS = {
    ".well-known/openid-configuration": "discovery",
    "jwks": "jwks",
    "authorize": "authorize",
    "login": "authorize",
    "token": "token",
    "userinfo": "userinfo",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One endpoint's misbehaviour; it ends after ``times`` requests, or never.  Threads may share it."""

    endpoint: str
    kind: str
    detail: str | None = None
    seconds: float = 5.0
    times: int | None = None

    def __post_init__(self) -> None:
        _among(self.endpoint, ENDPOINTS, "endpoint")
        _among(self.kind, KINDS, "fault")
        if self.detail is not None:
            _among(self.detail, DETAILS[self.endpoint] if self.kind == "wrong" else (), "detail")
        if not 0 <= self.seconds <= MAX_SECONDS or (self.times is not None and self.times < 1):
            raise _refused(
                f"seconds is 0 to {MAX_SECONDS:g}, times at least 1", "giá trị seconds hoặc times không hợp lệ"
            )

    @property
    def named(self) -> str:
        """What is wrong, for the kind ``wrong``."""
        return self.detail or DETAILS[self.endpoint][0]

    def to_json(self) -> dict[str, Any]:
        """Every member by name."""
        return {name: getattr(self, name) for name in ("endpoint", "kind", "detail", "seconds", "times")}

    @classmethod
    def parse(cls, text: str) -> Fault:
        """The fault in ``ENDPOINT=KIND``, ``ENDPOINT=slow:SECONDS`` or ``ENDPOINT=wrong:DETAIL``."""
        endpoint, _, rest = text.partition("=")
        kind, _, more = rest.partition(":")
        if kind != "slow":
            return cls(endpoint, kind, more or None)
        try:
            return cls(endpoint, kind, seconds=float(more or 5))
        except ValueError as error:
            raise _refused(f"{more[:20]!r} is no number of seconds", "số giây không hợp lệ") from error


class Delivery(NamedTuple):
    """An answer and how it is delivered: none at all, after ``seconds``, or only in part."""

    response: Response | None
    seconds: float = 0.0
    cut: bool = False

    def in_memory(self, request: Request) -> Response:
        """What a Transport gives of it; nobody waits: an answer that would come too late does not come."""
        if self.response is None or self.cut:
            raise unreachable(request.url, Text("the connection was cut", "kết nối bị ngắt"))
        if self.seconds > request.timeout:
            raise unreachable(request.url, Text("it took too long", "quá thời gian chờ"))
        if len(self.response.body) > request.limit:
            length = Text(f"it answered more than {request.limit} bytes", f"trả lời dài quá {request.limit} byte")
            raise unreachable(request.url, length)
        return self.response


class Faults:
    """The faults that are switched on, one for each endpoint at most; threads may share it."""

    def __init__(self) -> None:
        self._on: dict[str, Fault] = {}
        self._lock = threading.Lock()

    def switch(self, faults: Iterable[Fault]) -> None:
        """Switch these on; each takes the place of the one before at its endpoint."""
        with self._lock:
            self._on |= {fault.endpoint: fault for fault in faults}

    def clear(self, endpoint: str | None = None) -> None:
        """Let ``endpoint`` answer as it should again, or all of them."""
        with self._lock:
            for name in (endpoint,) if endpoint is not None else tuple(self._on):
                self._on.pop(_among(name, ENDPOINTS, "endpoint"), None)

    def now(self) -> tuple[Fault, ...]:
        """What is switched on."""
        with self._lock:
            return tuple(self._on.values())

    def met(self, endpoint: str | None) -> Fault | None:
        """The fault that one request to ``endpoint`` meets; it counts."""
        with self._lock:
            fault = self._on.get(endpoint or "")
            if fault is not None and fault.times is not None:
                del self._on[fault.endpoint]
                if fault.times > 1:
                    self._on[fault.endpoint] = replace(fault, times=fault.times - 1)
            return fault


def endpoint_of(path: str) -> str | None:
    """The endpoint that ``path`` (below the sandbox's address) belongs to."""
    head, _, tail = path.partition("/")
    if head == "tsa":
        return "tsa"
    if tail.partition("/")[0] == "ocsp":
        return "ocsp"
    if head.endswith(".crl"):
        return "crl"
    if head.endswith(".cer"):
        return "certificate"
    return _PROVIDER_PATHS.get(tail)


def delivered(fault: Fault | None, answer: Callable[[str | None], Response]) -> Delivery:
    """How ``answer`` is delivered under ``fault``; it is called with what to get wrong, or None."""
    if fault is None:
        return Delivery(answer(None))
    if fault.kind == "down":
        return Delivery(None)
    if fault.kind == "rate-limited":
        return Delivery(Response(429, {"content-type": "text/plain", "retry-after": "60"}, b"too many requests"))
    if fault.kind == "slow":
        return Delivery(answer(None), seconds=fault.seconds)
    if fault.kind == "cut-off":
        return Delivery(answer(None), cut=True)
    if fault.kind == "too-large":
        good = answer(None)
        return Delivery(replace(good, body=good.body.ljust(MAX_RESPONSE + 1)))
    return Delivery(answer(fault.named))


def spoilt(response: Response) -> Response:
    """A signed DER answer whose signature does not hold."""
    return replace(response, body=response.body[:-1] + bytes([response.body[-1] ^ 1])) if response.body else response


def _among(value: str, allowed: tuple[str, ...], what: str) -> str:
    if value not in allowed:
        choices = ", ".join(allowed) or "none here"
        raise _refused(
            f"no {what} {value[:40]!r}; there are: {choices}", f"không có {what} {value[:40]!r}; gồm: {choices}"
        )
    return value


def _refused(en: str, vi: str) -> EidkitError:
    return EidkitError(
        "sandbox-fault",
        Text(en, vi),
        Text(
            "write it like tsa=down, ocsp=slow:3 or token=wrong:expired",
            "viết như tsa=down, ocsp=slow:3 hoặc token=wrong:expired",
        ),
        kind="person",
    )
