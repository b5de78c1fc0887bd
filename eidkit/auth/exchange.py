"""The exchange of an authorization code at the token endpoint, by us (RFC 6749 §4.1.3), and how we say who we are.

A client with a key signs an assertion of its own for every exchange (``private_key_jwt``, RFC 7523 §2.2, OIDC Core §9):
for the issuer and nobody else, so that no other server can use it; for a minute; with a number of its own.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

from eidkit import algorithms, canonical
from eidkit.auth import foreign, jwk
from eidkit.auth.foreign import NotAccepted
from eidkit.binding import jwa, shape
from eidkit.errors import EidkitError, NotSupported, Text
from eidkit.transport import Request, basic, unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from eidkit.key import SigningKey
    from eidkit.transport import Response, Transport

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = timedelta(seconds=60)


class Client(NamedTuple):
    """How a confidential client shows that it is itself; with neither it is a public one.

    ``secret`` goes into the ``Authorization`` header, or with ``in_body`` into the form (RFC 6749 §2.3.1).
    """

    secret: str | None = None
    key: SigningKey | None = None
    in_body: bool = False

    def credentials(self, client_id: str, audience: str, now: datetime) -> tuple[dict[str, str], dict[str, str]]:
        """What it adds to the headers, and to the form."""
        if self.secret is not None and self.key is not None:
            raise EidkitError(
                "client-authentication",
                Text("give client_secret or client_key, not both", "chỉ đưa một trong client_secret và client_key"),
                Text("use what the provider registered for your client", "dùng cách đã đăng ký với nhà cung cấp"),
            )
        if self.key is not None:
            said = assertion(self.key, client_id, audience, now)
            return {}, {"client_assertion_type": ASSERTION_TYPE, "client_assertion": said}
        if self.secret is None:
            return {}, {}
        if self.in_body:
            return {}, {"client_secret": self.secret}
        return {"authorization": basic(quote(client_id, safe=""), quote(self.secret, safe=""))}, {}


def answered(
    transport: Transport, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> bytes:
    """What the endpoint answers; a refusal is the person's, the rest outside.  No redirect is followed."""
    given = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded", **(headers or {})}
    response = transport.send(Request("POST", url, given, urlencode(form).encode("ascii"), foreign.MAX_ANSWER))
    return body_of(response, url, "code-exchange")


def body_of(response: Response, url: str, reason: str) -> bytes:
    """What an endpoint that wants credentials answered; NotAccepted(``reason``) where it refuses what we presented."""
    if response.status in {400, 401, 403}:
        raise NotAccepted(reason)
    if response.status != 200 or len(response.body) > foreign.MAX_ANSWER:
        raise unreachable(url, Text(f"status {response.status}", f"trạng thái {response.status}"))
    return response.body


def bearer(access_token: str) -> dict[str, str]:
    """The header that presents ``access_token`` (RFC 6750 §2.1); one that would break it is not accepted."""
    if not access_token.isascii() or not access_token.isprintable() or not access_token or " " in access_token:
        raise NotAccepted("access-token")
    return {"accept": "application/json", "authorization": f"Bearer {access_token}"}


def assertion(key: SigningKey, client_id: str, audience: str, now: datetime) -> str:
    """A JWT by which the client's key says that it asks ``audience``; ``kid`` is the key's RFC 7638 thumbprint."""
    public = key.certificate.public_key()
    alg = next((alg for alg in jwa.ALGORITHMS if jwa.fits(public, alg)), None)
    if alg is None:
        raise NotSupported(
            "client-key",
            Text("this kind of key cannot sign for a client", "loại khóa này không dùng được cho ứng dụng"),
            Text(
                "use P-256, P-384, P-521, Ed25519, or RSA of at least 2048 bits",
                "dùng P-256, P-384, P-521, Ed25519 hoặc RSA từ 2048 bit",
            ),
        )
    row = jwa.ALGORITHMS[alg]
    header = {"alg": alg, "kid": jwk.thumbprint_of(public), "typ": "JWT"}
    issued = int(now.timestamp())
    claims = {
        "iss": client_id, "sub": client_id, "aud": audience, "iat": issued,
        "exp": issued + int(ASSERTION_LIFETIME.total_seconds()), "jti": shape.base64url(secrets.token_bytes(16)),
    }  # fmt: skip
    head, body = (shape.base64url(canonical.dumps(part)) for part in (header, claims))
    value = key.sign(f"{head}.{body}".encode("ascii"), algorithms.SIGNATURE_BY_NAME[row.algorithm])
    if row.bits is not None:
        value = algorithms.ecdsa_to_plain(value, row.bits)
    return f"{head}.{body}.{shape.base64url(value)}"
