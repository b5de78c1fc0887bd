"""An OpenID provider for the sandbox: discovery, login page, token endpoint with PKCE, UserInfo, keys that rotate.

People log in on its page (:meth:`SandboxProvider.send` answers a browser); :meth:`SandboxProvider.answer` plays the
browser where there is none.  No session is kept: every login is a fresh one.  ``faults`` make it misbehave in named
ways, so that every check of a relying party has something to refuse.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from eidkit.algorithms import ecdsa_to_plain
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import Text
from eidkit.identity import Identity
from eidkit.sandbox import authorizing, login_page, people
from eidkit.sandbox.authorizing import Asked, AuthorizationError
from eidkit.sandbox.dialect import ACR, CLAIMS, OWN, Dialect, subject_of
from eidkit.sandbox.provider_faults import CLAIM_FAULTS, FAULTS, HEADER_FAULTS
from eidkit.transport import Request, Response, unreachable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from eidkit.auth.oidc import Provider

__all__ = ["ACR", "CLAIMS", "CLIENT_ID", "FAULTS", "ISSUER", "REDIRECT_URI", "SandboxProvider"]

ISSUER = "https://id.sandbox.eidkit.test"
CLIENT_ID = "eidkit-sandbox"
REDIRECT_URI = "https://permits.sandbox.eidkit.test/callback"
MAX_REMEMBERED = 1024
"""Codes and access tokens kept at one time; the oldest go first."""
_LIFETIME = timedelta(minutes=1)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Granted:
    """What a code stands for until it is exchanged, once."""

    asked: Asked
    person: Identity
    claims: dict[str, Any]
    expires: datetime


class SandboxProvider:
    """A provider whose people prove nothing; a Transport for its own addresses.  Threads may share it.

    ``secret`` is what confidential clients must present; ``None`` accepts public clients.  ``clients`` are the
    client ids that it knows; they come back to ``REDIRECT_URI``, to what :meth:`provider` was told, or to any address
    on the loopback.  ``faults`` is a set of names in :data:`FAULTS` that may be changed at any time.  ``keys`` sign:
    the first one; the others are published too.  ``persons`` can be chosen on the login page.
    """

    def __init__(
        self,
        issuer: str = ISSUER,
        *,
        clock: Clock = SYSTEM_CLOCK,
        keys: Sequence[EllipticCurvePrivateKey] = (),
        secret: str | None = None,
        speaks: Dialect = OWN,
        persons: list[Identity] | None = None,
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self.clock = clock
        self.secret = secret
        self.speaks = speaks
        self.faults: set[str] = set()
        self.clients = {CLIENT_ID}
        self.redirect_uris = {REDIRECT_URI}
        self.requests: list[str] = []
        """Paths that were asked for, in order."""
        self.persons = (
            [Identity("vn-cccd", part.cccd, part.name) for part in people.CAST] if persons is None else persons
        )
        self._codes: dict[str, _Granted] = {}
        self._access: dict[str, _Granted] = {}
        self._lock = threading.Lock()
        self._keys = list(keys) or [_fresh_key()]

    # ── what a relying party is given ─────────────────────────────────────────────────────────────────────

    def provider(
        self, scheme: str = "vn-cccd", *, client_id: str = CLIENT_ID, redirect_uri: str = REDIRECT_URI
    ) -> Provider:
        """The value that a relying party makes of this provider: discovered, with its keys pinned now."""
        from eidkit.auth.oidc import Provider

        self.clients.add(client_id)
        self.redirect_uris.add(redirect_uri)
        return Provider.discover(
            self.issuer,
            client_id=client_id,
            redirect_uri=redirect_uri,
            profile=self.speaks.profile(scheme),
            plain_http=self.issuer.startswith("http:"),
            transport=self,
            clock=self.clock,
        )

    def answer(
        self,
        url: str,
        person: Identity,
        *,
        acr: str | None = "",
        amr: Sequence[str] = ("pwd", "otp"),
        auth_time: datetime | None = None,
    ) -> dict[str, str]:
        """What the browser brings back after ``person`` logged in at ``url``: the callback's parameters.

        ``acr`` is what the token says of the assurance: by default the provider's usual value, ``None`` for nothing.
        """
        try:
            asked = authorizing.asked(urlsplit(url).query, self.clients, self.redirect_uris)
        except AuthorizationError as error:
            raise authorizing.misused(error) from error
        usual = self.speaks.usual_acr if acr == "" else acr
        return self._answered(asked, person, usual, amr, auth_time or self.clock.now(), self.faults)

    @property
    def keys(self) -> tuple[EllipticCurvePrivateKey, ...]:
        """Its private keys, to be kept: the first one signs."""
        return tuple(self._keys)

    def rotate(self, *, withdraw: bool = False) -> None:
        """Sign with a new key from now on; the one before stays published unless it is withdrawn."""
        with self._lock:
            self._keys = [_fresh_key()] if withdraw else [_fresh_key(), self._keys[0]]

    # ── the Transport ─────────────────────────────────────────────────────────────────────────────────────

    def handles(self, url: str) -> bool:
        """Whether ``url`` is one of its addresses."""
        return url == self.issuer or url.startswith(self.issuer + "/")

    def send(self, request: Request) -> Response:
        """The response to one request."""
        return self.respond(request)

    def respond(self, request: Request, *more_faults: str) -> Response:
        """The response to one request, misbehaving also in the ways named for this request alone."""
        faults = self.faults | {*more_faults}
        if not self.handles(request.url) or "down" in faults:
            raise unreachable(request.url, Text("nobody is there", "không có ai ở đó"))
        path, _, query = request.url[len(self.issuer) :].partition("?")
        self.requests = [*self.requests[-MAX_REMEMBERED:], path]
        if "not-json" in faults:
            return Response(200, {"content-type": "text/html"}, b"<html>")
        match (request.method, path):
            case "GET", "/.well-known/openid-configuration":
                return _json(self._metadata(faults))
            case "GET", "/jwks":
                keys = [_fresh_key()] if "other-keys" in faults else self._keys
                return _json({"keys": [_jwk(key) for key in keys]})
            case "GET", "/authorize":
                return self._page(query)
            case "POST", "/login":
                return self._login(request.body, faults)
            case "POST", "/token":
                return self._token(request, faults)
            case (("GET" | "POST"), "/userinfo"):
                return self._userinfo(request, faults)
        return _json({"error": "not_found"}, 404)

    def _metadata(self, faults: Collection[str]) -> dict[str, Any]:
        return {
            "issuer": "https://evil.eidkit.test" if "other-issuer" in faults else self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "userinfo_endpoint": self.issuer + "/userinfo",
            "jwks_uri": self.issuer + "/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
            "acr_values_supported": list(self.speaks.acr),
            "ui_locales_supported": ["vi", "en"],
        }

    # ── the browser ───────────────────────────────────────────────────────────────────────────────────────

    def _page(self, query: str, language: str = "", *, nobody: bool = False) -> Response:
        """The login page for the request in ``query``; a request that is wrong goes back, or nowhere."""
        kept, _, chosen = query.partition("&lang=")
        try:
            asked = authorizing.asked(kept, self.clients, self.redirect_uris)
        except AuthorizationError as error:
            return self._sent_back(error, chosen or language)
        usual = next((value for value in asked.acr_values if value == self.speaks.usual_acr), self.speaks.usual_acr)
        form = login_page.LoginForm(
            asked.client_id,
            [(subject_of(person), person) for person in self.persons],
            list(self.speaks.acr),
            usual,
            kept,
            self.issuer + "/login",
            asked.redirect_uri,
        )
        said = chosen or language or asked.language
        return Response(200, login_page.headers(asked.redirect_uri), login_page.login_page(form, said, nobody=nobody))

    def _login(self, body: bytes, faults: Collection[str]) -> Response:
        """Who was chosen on the page; the request that it carried is read again, as if it were new."""
        given: dict[str, str] = {}
        try:
            given = authorizing.parameters(body.decode("utf-8", errors="replace"))
            asked = authorizing.asked(given.get("request", ""), self.clients, self.redirect_uris)
        except AuthorizationError as error:
            return self._sent_back(error, given.get("language", ""))
        if given.get("decision") != "login":
            refusal = {"error": "access_denied", "state": asked.state, "iss": self.issuer}
            return _see_other(authorizing.way_back(asked.redirect_uri, refusal))
        chosen = next((one for one in self.persons if subject_of(one) == given.get("person")), None)
        if chosen is None or given.get("acr") not in self.speaks.acr:
            return self._page(given["request"], given.get("language", ""), nobody=True)
        back = self._answered(asked, chosen, given["acr"], ("pwd", "otp"), self.clock.now(), faults)
        return _see_other(authorizing.way_back(asked.redirect_uri, back))

    def _sent_back(self, error: AuthorizationError, language: str) -> Response:
        if error.back is not None:
            return _see_other(authorizing.way_back(error.back, {"error": error.code, "iss": self.issuer}))
        return Response(400, login_page.headers(), login_page.refusal_page(error.why, language))

    def _answered(
        self,
        asked: Asked,
        person: Identity,
        acr: str | None,
        amr: Sequence[str],
        when: datetime,
        faults: Collection[str],
    ) -> dict[str, str]:
        """The callback's parameters, with a fresh code for who logged in."""
        claims = {"sub": subject_of(person), "nonce": asked.nonce, "auth_time": int(when.timestamp())}
        claims |= {"amr": list(amr)} | ({} if acr is None else {"acr": acr})
        code = secrets.token_urlsafe(24)
        with self._lock:
            _keep(self._codes, code, _Granted(asked, person, claims, self.clock.now() + _LIFETIME))
        back = {"code": code, "state": asked.state, "iss": self.issuer}
        if "wrong-state" in faults:
            back["state"] = "x" * 43
        if "wrong-callback-issuer" in faults:
            back["iss"] = "https://evil.eidkit.test"
        if "no-callback-issuer" in faults:
            del back["iss"]
        return back

    # ── the relying party ─────────────────────────────────────────────────────────────────────────────────

    def _token(self, request: Request, faults: Collection[str]) -> Response:
        """The tokens for a code (RFC 6749 §4.1.3): once, within a minute, for the same client, address and PKCE."""
        try:
            form = authorizing.parameters(request.body.decode("utf-8", errors="replace"))
        except AuthorizationError as error:
            return _json({"error": error.code}, 400)
        with self._lock:
            granted = self._codes.pop(form.get("code", ""), None)
        verifier = shape.base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if granted is None or self.clock.now() > granted.expires or granted.asked.code_challenge != verifier:
            return _json({"error": "invalid_grant"}, 400)
        if (form.get("client_id"), form.get("redirect_uri")) != (granted.asked.client_id, granted.asked.redirect_uri):
            return _json({"error": "invalid_grant"}, 400)
        if self.secret is not None and not self._knows_secret(request, granted.asked.client_id):
            return _json({"error": "invalid_client"}, 401)
        access = secrets.token_urlsafe(24)
        with self._lock:
            _keep(self._access, access, granted)
        claims = self._claims(granted, access, form["code"])
        return _json(
            {
                "token_type": "Bearer", "access_token": access, "expires_in": int(_LIFETIME.total_seconds()),
                "id_token": self._signed(claims, faults),
            }
        )  # fmt: skip

    def _claims(self, granted: _Granted, access: str, code: str) -> dict[str, Any]:
        now = int(self.clock.now().timestamp())
        return {
            "iss": self.issuer,
            "aud": granted.asked.client_id,
            "iat": now,
            "exp": now + int(_LIFETIME.total_seconds()),
            "at_hash": _half(access),
            "c_hash": _half(code),
            **granted.claims,
            **({} if self.speaks.only_userinfo else self.speaks.person(granted.person)),
        }

    def _userinfo(self, request: Request, faults: Collection[str]) -> Response:
        """Who an access token stands for (OIDC Core §5.3)."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        granted = self._access.get(given) if kind.lower() == "bearer" else None
        if granted is None or self.clock.now() > granted.expires + _LIFETIME:
            return Response(401, {"content-type": "application/json", "www-authenticate": "Bearer"}, b"{}")
        claims = {"sub": subject_of(granted.person)} | self.speaks.person(granted.person)
        if "other-userinfo-subject" in faults:
            claims["sub"] = "somebody-else"
        if "no-userinfo-subject" in faults:
            del claims["sub"]
        return _json(claims)

    def _knows_secret(self, request: Request, client_id: str) -> bool:
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, given = base64.b64decode(pair, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        known = hmac.compare_digest(unquote(given).encode(), (self.secret or "").encode())
        return kind == "Basic" and unquote(name) == client_id and known

    def _signed(self, claims: dict[str, Any], faults: Collection[str]) -> str:
        key = self._keys[0]
        header: dict[str, Any] = {"alg": "ES256", "typ": "JWT", "kid": _jwk(key)["kid"]}
        for fault in sorted(faults & CLAIM_FAULTS.keys()):
            CLAIM_FAULTS[fault](claims)
        for fault in sorted(faults & HEADER_FAULTS.keys()):
            HEADER_FAULTS[fault](header)
        if "embedded-key" in faults:
            key = _fresh_key()
            header |= {"jwk": _jwk(key), "jku": "https://evil.eidkit.test/jwks", "kid": _jwk(key)["kid"]}
        payload = json.dumps(claims, ensure_ascii=False)
        if "duplicate-member" in faults:
            payload = payload[:-1] + ', "iss": ' + json.dumps(self.issuer) + "}"
        return _jws(header, payload.encode(), key, spoilt="bad-signature" in faults)


def _keep(remembered: dict[str, V], name: str, value: V) -> None:
    """Remember ``value``, forgetting the oldest beyond the bound."""
    while len(remembered) >= MAX_REMEMBERED:
        del remembered[next(iter(remembered))]
    remembered[name] = value


def _see_other(address: str) -> Response:
    return Response(303, {"location": address, "cache-control": "no-store", "referrer-policy": "no-referrer"}, b"")


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
