"""An OpenID provider for the sandbox: discovery, authorization, token endpoint with PKCE, key set with rotation.

:meth:`SandboxProvider.answer` plays the person's browser at the authorization endpoint.  ``faults`` make it
misbehave in named ways, so that every check of a relying party has something to refuse.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from eidkit.algorithms import ecdsa_to_plain
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import EidkitError, Text
from eidkit.transport import Request, Response, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from eidkit.auth.oidc import Provider
    from eidkit.identity import Identity

ISSUER = "https://id.sandbox.eidkit.test"
CLIENT_ID = "eidkit-sandbox"
REDIRECT_URI = "https://permits.sandbox.eidkit.test/callback"
CLAIMS = {"vn-cccd": "citizen_id", "vn-cmnd": "old_citizen_id", "vn-mst": "tax_id"}
"""The claim in which an Identity of each scheme is told; others are told as ``sub`` only."""
ACR = {"urn:eidkit:sandbox:level:1": "1", "urn:eidkit:sandbox:level:2": "2", "urn:eidkit:sandbox:level:3": "3"}
"""Its ``acr`` values, and the level of the scheme vn-2024 that its own client maps them to."""
_LIFETIME = timedelta(minutes=1)

_CLAIM_FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "wrong-nonce": lambda c: c.update(nonce="x"),
    "no-nonce": lambda c: c.pop("nonce"),
    "wrong-issuer": lambda c: c.update(iss="https://evil.eidkit.test"),
    "wrong-audience": lambda c: c.update(aud="other-client"),
    "extra-audience": lambda c: c.update(aud=[c["aud"], "other-client"]),
    "wrong-azp": lambda c: c.update(azp="other-client"),
    "expired": lambda c: c.update(exp=c["iat"] - 120),
    "from-the-future": lambda c: c.update(iat=c["iat"] + 3600, exp=c["exp"] + 3600),
    "stale": lambda c: c.update(iat=c["iat"] - 3600),
    "not-yet": lambda c: c.update(nbf=c["iat"] + 3600),
    "old-login": lambda c: c.update(auth_time=c["auth_time"] - 3600),
    "no-auth-time": lambda c: c.pop("auth_time"),
    "no-acr": lambda c: c.pop("acr", None),
    "other-acr": lambda c: c.update(acr="urn:other"),
    "wrong-at-hash": lambda c: c.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "wrong-c-hash": lambda c: c.update(c_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "no-subject": lambda c: c.pop("sub"),
    "long-subject": lambda c: c.update(sub="x" * 256),
    "no-identifier": lambda c: [c.pop(name, None) for name in CLAIMS.values()],
    "misspelt-identifier": lambda c: c.update(citizen_id="1"),
}
_HEADER_FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no-algorithm": lambda h: h.update(alg="none"),
    "mac": lambda h: h.update(alg="HS256"),
    "wrong-type": lambda h: h.update(typ="at+jwt"),
    "logout-type": lambda h: h.update(typ="logout+jwt"),
    "critical": lambda h: h.update(crit=["exp"]),
    "unknown-kid": lambda h: h.update(kid="../../etc/passwd"),
    "no-kid": lambda h: h.pop("kid"),
}
FAULTS = frozenset(
    {*_CLAIM_FAULTS, *_HEADER_FAULTS, "bad-signature", "embedded-key", "duplicate-member", "no-callback-issuer",
     "wrong-callback-issuer", "wrong-state", "down", "not-json"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Granted:
    """What a code stands for until it is exchanged, once."""

    client_id: str
    redirect_uri: str
    challenge: str
    claims: dict[str, Any]


class SandboxProvider:
    """A provider whose people prove nothing; a Transport for its own addresses.  Threads may share it.

    ``secret`` is what confidential clients must present; ``None`` accepts public clients.  ``faults`` is a set of
    names in :data:`FAULTS` that may be changed at any time.
    """

    def __init__(
        self,
        issuer: str = ISSUER,
        *,
        clock: Clock = SYSTEM_CLOCK,
        key: EllipticCurvePrivateKey | None = None,
        secret: str | None = None,
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self.clock = clock
        self.secret = secret
        self.faults: set[str] = set()
        self.requests: list[str] = []
        """Paths that were asked for, in order."""
        self._granted: dict[str, _Granted] = {}
        self._lock = threading.Lock()
        self._keys = [key or _fresh_key()]

    # ── what a relying party is given ─────────────────────────────────────────────────────────────────────

    def provider(
        self, scheme: str = "vn-cccd", *, client_id: str = CLIENT_ID, redirect_uri: str = REDIRECT_URI
    ) -> Provider:
        """The value that a relying party makes of this provider: discovered, with its keys pinned now."""
        from eidkit.auth.oidc import Provider

        return Provider.discover(
            self.issuer,
            client_id=client_id,
            redirect_uri=redirect_uri,
            identifier=(CLAIMS[scheme], scheme) if scheme in CLAIMS else None,
            acr={value: [("vn-2024", level)] for value, level in ACR.items()},
            plain_http=self.issuer.startswith("http:"),
            transport=self,
            clock=self.clock,
        )

    def answer(
        self,
        url: str,
        person: Identity,
        *,
        acr: str | None = "urn:eidkit:sandbox:level:2",
        amr: Sequence[str] = ("pwd", "otp"),
        auth_time: datetime | None = None,
    ) -> dict[str, str]:
        """What the browser brings back after ``person`` logged in at ``url``: the callback's parameters."""
        asked = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            raise _misused("the sandbox's provider answers the code flow with PKCE only")
        with self._lock:
            code = secrets.token_urlsafe(24)
            claims = self._claims(asked, person, auth_time or self.clock.now())
            claims |= {"amr": list(amr)} | ({} if acr is None else {"acr": acr})
            self._granted[code] = _Granted(asked["client_id"], asked["redirect_uri"], asked["code_challenge"], claims)
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        if "wrong-state" in self.faults:
            back["state"] = "x" * 43
        if "wrong-callback-issuer" in self.faults:
            back["iss"] = "https://evil.eidkit.test"
        if "no-callback-issuer" in self.faults:
            del back["iss"]
        return back

    def rotate(self) -> None:
        """Sign with a new key from now on; the one before stays published."""
        with self._lock:
            self._keys = [_fresh_key(), self._keys[0]]

    # ── the Transport ─────────────────────────────────────────────────────────────────────────────────────

    def handles(self, url: str) -> bool:
        """Whether ``url`` is one of its addresses."""
        return url == self.issuer or url.startswith(self.issuer + "/")

    def send(self, request: Request) -> Response:
        """The response to one request."""
        if not self.handles(request.url) or "down" in self.faults:
            raise unreachable(request.url, Text("nobody is there", "không có ai ở đó"))
        path = request.url[len(self.issuer) :].split("?", 1)[0]
        self.requests.append(path)
        if "not-json" in self.faults:
            return Response(200, {"content-type": "text/html"}, b"<html>")
        if request.method == "GET" and path == "/.well-known/openid-configuration":
            return _json(self._metadata())
        if request.method == "GET" and path == "/jwks":
            return _json({"keys": [_jwk(key) for key in self._keys]})
        if request.method == "POST" and path == "/token":
            return self._token(request)
        return _json({"error": "not_found"}, 404)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "jwks_uri": self.issuer + "/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
            "acr_values_supported": list(ACR),
        }

    def _claims(self, asked: Mapping[str, str], person: Identity, when: datetime) -> dict[str, Any]:
        subject = hashlib.sha256(f"{person.scheme}\x00{person.identifier}".encode()).hexdigest()[:32]
        named = {CLAIMS[person.scheme]: person.identifier} if person.scheme in CLAIMS else {}
        when_said = {"auth_time": int(when.timestamp())}
        return {"sub": subject, "nonce": asked["nonce"], "name": person.name} | named | when_said

    def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode("ascii")).items()}
        with self._lock:
            granted = self._granted.pop(form.get("code", ""), None)
        verifier = shape.base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if granted is None or granted.challenge != verifier:
            return _json({"error": "invalid_grant"}, 400)
        if (form.get("client_id"), form.get("redirect_uri")) != (granted.client_id, granted.redirect_uri):
            return _json({"error": "invalid_grant"}, 400)
        if self.secret is not None and not self._knows_secret(request, granted.client_id):
            return _json({"error": "invalid_client"}, 401)
        access = secrets.token_urlsafe(24)
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": granted.client_id,
            "iat": now,
            "exp": now + int(_LIFETIME.total_seconds()),
            "at_hash": _half(access),
            "c_hash": _half(form["code"]),
            **granted.claims,
        }
        return _json(
            {"token_type": "Bearer", "access_token": access, "expires_in": 60, "id_token": self._signed(claims)}
        )

    def _knows_secret(self, request: Request, client_id: str) -> bool:
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        name, _, given = base64.b64decode(pair).decode().partition(":")
        known = hmac.compare_digest(unquote(given), self.secret or "")
        return kind == "Basic" and unquote(name) == client_id and known

    def _signed(self, claims: dict[str, Any]) -> str:
        key = self._keys[0]
        header: dict[str, Any] = {"alg": "ES256", "typ": "JWT", "kid": _jwk(key)["kid"]}
        for fault in sorted(self.faults & _CLAIM_FAULTS.keys()):
            _CLAIM_FAULTS[fault](claims)
        for fault in sorted(self.faults & _HEADER_FAULTS.keys()):
            _HEADER_FAULTS[fault](header)
        if "embedded-key" in self.faults:
            key = _fresh_key()
            header |= {"jwk": _jwk(key), "jku": "https://evil.eidkit.test/jwks", "kid": _jwk(key)["kid"]}
        payload = json.dumps(claims, ensure_ascii=False)
        if "duplicate-member" in self.faults:
            payload = payload[:-1] + ', "iss": ' + json.dumps(self.issuer) + "}"
        return _jws(header, payload.encode(), key, spoilt="bad-signature" in self.faults)


def _jws(header: dict[str, Any], payload: bytes, key: EllipticCurvePrivateKey, *, spoilt: bool) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    signing_input = f"{shape.base64url(json.dumps(header).encode())}.{shape.base64url(payload)}"
    value = ecdsa_to_plain(key.sign(signing_input.encode(), ec.ECDSA(SHA256())), 256)
    if header["alg"] == "none":
        value = b""
    elif header["alg"] == "HS256":
        # The classic confusion: the public key, as everybody can read it, used as a secret.
        value = hmac.digest(json.dumps(_jwk(key)).encode(), signing_input.encode(), "sha256")
    elif spoilt:
        value = value[:-1] + bytes([value[-1] ^ 1])
    return f"{signing_input}.{shape.base64url(value)}"


def _half(delivered: str) -> str:
    return shape.base64url(hashlib.sha256(delivered.encode()).digest()[:16])


def _fresh_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _jwk(key: EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (shape.base64url(part.to_bytes(32)) for part in (numbers.x, numbers.y))
    kid = hashlib.sha256(f"{x}.{y}".encode()).hexdigest()[:16]
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256"}


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(value, ensure_ascii=False).encode())


def _misused(en: str) -> EidkitError:
    return EidkitError(
        "sandbox-provider",
        Text(en, "nhà cung cấp sandbox chỉ hỗ trợ code flow với PKCE"),
        Text("take the address from oidc.begin", "dùng địa chỉ do oidc.begin trả về"),
    )
