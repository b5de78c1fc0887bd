"""Asking an RFC 3161 timestamp authority, and believing only a reply that holds."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from eidkit.algorithms import DIGEST_BY_NAME, digest_acceptable
from eidkit.asn1 import tsp
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import EidkitError, NotSupported, Text, TimestampUnavailable
from eidkit.findings import finding
from eidkit.timestamps.token import check_token, read
from eidkit.transport import HttpTransport, Request, basic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from eidkit.timestamps.token import TokenResult
    from eidkit.transport import Transport
    from eidkit.trust.store import TrustStore

CLOCK_SKEW = timedelta(minutes=5)
"""How far an authority's clock may be from ours when it answers."""

TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class TimestampAuthority:
    """An RFC 3161 service and the anchors (kind *timestamping* of ``trust``) that its tokens must chain to.

    ``policy_oid``: ask for this TSA policy and accept no other.  ``credentials`` gives user name and password
    when they are needed (HTTP Basic, https only); it is asked once per request and never shown.  ``transport``
    is used where a call brings none; without both, plain HTTP(S) to this one host.  Threads may share it.
    """

    url: str
    trust: TrustStore
    transport: Transport | None = field(default=None, repr=False)
    policy_oid: str | None = None
    credentials: Callable[[], tuple[str, str]] | None = field(default=None, repr=False)

    def timestamp(
        self, imprint: bytes, algorithm: str, *, transport: Transport | None = None, clock: Clock = SYSTEM_CLOCK
    ) -> bytes:
        """A token (DER) over ``imprint``, the digest ``algorithm`` of what is stamped; fully checked.

        Status, imprint, nonce, policy, signature, certificate and chain are checked before it is returned.
        Raises :class:`TimestampUnavailable` with the reason, :class:`NotSupported` for a digest too weak to use.
        """
        row = DIGEST_BY_NAME.get(algorithm)
        if row is None or len(imprint) != row.size or not digest_acceptable(algorithm, clock.now()):
            raise NotSupported(
                "timestamp-digest",
                Text(
                    f"a timestamp over a {algorithm} digest is not asked for",
                    f"không yêu cầu dấu thời gian trên {algorithm}",
                ),
                Text("use SHA-256, SHA-384 or SHA-512", "dùng SHA-256, SHA-384 hoặc SHA-512"),
            )
        request = tsp.TimestampRequest(algorithm, imprint, secrets.randbits(63) | 1 << 62, self.policy_oid)
        reply = self._ask(tsp.encode_request(request), transport or self.transport)
        return self._checked(reply, request, clock.now())

    def _ask(self, body: bytes, transport: Transport | None) -> bytes:
        response = (transport or self._own_transport()).send(
            Request("POST", self.url, self._headers(), body, limit=tsp.MAX_RESPONSE, timeout=TIMEOUT)
        )
        if response.status != 200:
            raise unavailable(self.url, Text(f"HTTP status {response.status}", f"mã HTTP {response.status}"))
        return response.body

    def _own_transport(self) -> Transport:
        """A real transport that may reach this host even on a private network: the caller wrote the address."""
        return HttpTransport(allow_hosts=frozenset({urlsplit(self.url).hostname or ""}))

    def _headers(self) -> Mapping[str, str]:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        if self.credentials is None:
            return headers
        if urlsplit(self.url).scheme != "https":
            raise NotSupported(
                "timestamp-credentials",
                Text("a password is not sent over plain http", "không gửi mật khẩu qua http"),
                Text("use the https address of the timestamp authority", "dùng địa chỉ https của dịch vụ"),
                kind="configuration",
            )
        user, password = self.credentials()
        return headers | {"Authorization": basic(user, password)}

    def _checked(self, reply: bytes, request: tsp.TimestampRequest, now: datetime) -> bytes:
        if len(reply) > tsp.MAX_RESPONSE:
            limit = tsp.MAX_RESPONSE
            raise unavailable(
                self.url, Text(f"the reply is longer than {limit} bytes", f"trả lời dài quá {limit} byte")
            )
        try:
            response = tsp.parse_response(reply)
        except EidkitError as error:
            why = Text("the reply is not a timestamp response", "trả lời không phải dấu thời gian")
            raise unavailable(self.url, why) from error
        if not response.granted or response.token is None:
            words = ", ".join((*response.failures, response.text)) or f"status {response.status}"
            raise unavailable(self.url, Text(f"refused: {words}", f"từ chối: {words}"))
        self._check_echo(response.token, request, now)
        # Settled policy of a signer: status of the TSA's own certificate is the verifier's question, later.
        result = check_token(
            response.token,
            imprints={request.algorithm: request.imprint},
            anchors=self.trust.of_kind("timestamping"),
            at=now + CLOCK_SKEW,
            require_status=False,
        )
        if result.indication != "PASSED":
            raise unavailable(self.url, _reason(result))
        return response.token

    def _check_echo(self, token: bytes, request: tsp.TimestampRequest, now: datetime) -> None:
        """RFC 3161 §2.2: what was asked came back; and the answer is of this moment, not an old one."""
        try:
            signed, info = read(token)
        except EidkitError as error:
            raise unavailable(self.url, Text("the token cannot be read", "không đọc được dấu thời gian")) from error
        if info.nonce != request.nonce:
            raise unavailable(self.url, Text("the nonce was not returned", "không trả lại nonce"))
        if request.policy is not None and info.policy != request.policy:
            why = Text(
                f"the token has policy {info.policy}, not the one asked for",
                f"dấu thời gian theo chính sách {info.policy}, khác chính sách đã yêu cầu",
            )
            raise unavailable(self.url, why)
        if abs(info.time - now) > CLOCK_SKEW:
            time = info.time.isoformat()
            raise unavailable(
                self.url, Text(f"its time {time} is not the present", f"thời điểm {time} không phải hiện tại")
            )
        if not signed.certificates:
            why = Text("its certificate was asked for and is not in the token", "thiếu chứng thư đã yêu cầu")
            raise unavailable(self.url, why)


def first_token(
    authorities: TimestampAuthority | tuple[TimestampAuthority, ...],
    octets: bytes,
    *,
    digest: str = "sha256",
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> bytes:
    """A checked token over ``octets`` from the first of ``authorities``, in order, that gives one.

    Raises :class:`TimestampUnavailable` with the reason of each when none does.
    """
    import hashlib

    return token_over(authorities, hashlib.new(digest, octets).digest(), digest, transport=transport, clock=clock)


def token_over(
    authorities: TimestampAuthority | tuple[TimestampAuthority, ...],
    imprint: bytes,
    digest: str,
    *,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> bytes:
    """The same as :func:`first_token` where the digest of what is stamped is known already."""
    asked = authorities if isinstance(authorities, tuple) else (authorities,)
    reasons: list[EidkitError] = []
    for authority in asked:
        try:
            return authority.timestamp(imprint, digest, clock=clock, transport=transport)
        except EidkitError as error:
            if error.kind == "caller":
                raise
            reasons.append(error)
    if len(reasons) == 1 and isinstance(reasons[0], TimestampUnavailable):
        raise reasons[0]
    raise TimestampUnavailable(
        "timestamp-unavailable",
        Text(
            "; ".join(error.problem.en for error in reasons) or "no timestamp authority was given",
            "; ".join(error.problem.vi for error in reasons) or "chưa có dịch vụ dấu thời gian nào",
        ),
        _REMEDY,
        retryable=any(error.retryable for error in reasons),
    )


_REMEDY = Text(
    "try again later or add another timestamp authority; the signature itself is kept without a timestamp",
    "thử lại sau hoặc thêm dịch vụ dấu thời gian khác; chữ ký vẫn được giữ khi chưa có dấu thời gian",
)


def unavailable(url: str, why: Text) -> TimestampUnavailable:
    """The error for one authority that gave no token that holds; ``why`` must hold no secret."""
    problem = Text(
        "the timestamp authority {host} gave no usable token: {why}",
        "dịch vụ dấu thời gian {host} không cấp được dấu hợp lệ: {why}",
    )
    filled = problem.filled(host=urlsplit(url).hostname or "?", why=why)
    return TimestampUnavailable("timestamp-unavailable", filled, _REMEDY)


def _reason(result: TokenResult) -> Text:
    errors = [one for one in result.findings if one.severity == "error"]
    return errors[0].message if errors else finding("TIMESTAMP_FAILED", why=result.indication).message
