"""UserInfo: the claims that some providers tell only there, bound to the ``sub`` of the ID token (OIDC Core §5.3).

The answer is plain JSON that nobody signed: what it says is worth the connection that it came over, and later the
word of the service that kept it.  A signed or encrypted answer (``application/jwt``) is not taken in this release.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from eidkit.auth import exchange, foreign
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.provider import needed
from eidkit.transport import Request

if TYPE_CHECKING:
    from eidkit.auth.provider import Provider
    from eidkit.transport import Transport


def asked(transport: Transport, provider: Provider, access_token: str, subject: str) -> bytes:
    """The bytes that UserInfo answers for ``access_token``, once their ``sub`` is ``subject``.

    By POST, which no redirect takes elsewhere: a redirected GET would carry the access token along.
    """
    url = needed(provider.userinfo_endpoint, "userinfo_endpoint")
    response = transport.send(Request("POST", url, exchange.bearer(access_token), limit=foreign.MAX_ANSWER))
    answer = exchange.body_of(response, url, "userinfo")
    claims_for(subject, answer)
    return answer


def claims_for(subject: str, answer: bytes) -> dict[str, Any]:
    """The claims in ``answer``; NotAccepted unless it speaks of exactly ``subject`` (OIDC Core §5.3.2)."""
    claims = foreign.json_object(answer, "userinfo")
    said = claims.get("sub")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), subject.encode()):
        raise NotAccepted("userinfo-sub")
    return claims
