"""Where people log in at a make-believe provider: the page, the codes that come of it, what each stands for.

No session is kept: every login is a fresh one.  What a relying party is told for a code is the provider's own matter.
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
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import Text
from eidkit.identity import Identity
from eidkit.sandbox import authorizing, login_page, people
from eidkit.sandbox.authorizing import Asked, AuthorizationError
from eidkit.sandbox.dialect import Dialect, subject_of
from eidkit.transport import Request, Response, unreachable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

CLIENT_ID = "eidkit-sandbox"
REDIRECT_URI = "https://permits.sandbox.eidkit.test/callback"
MAX_REMEMBERED = 1024
"""Codes and access tokens kept at one time; the oldest go first."""
LIFETIME = timedelta(minutes=1)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Granted:
    """What a code stands for until it is exchanged, once."""

    asked: Asked
    person: Identity
    claims: dict[str, Any]
    expires: datetime


class LoggedIn(NamedTuple):
    """Who logged in and when, with what is said of how; ``acr`` is ``None`` where nothing is said of the assurance."""

    person: Identity
    acr: str | None
    amr: Sequence[str]
    at: datetime


class LoginDesk:
    """A login page for its own addresses, and the codes that it gave out; a Transport.  Threads may share it."""

    wants_pkce: ClassVar[bool] = True

    def __init__(
        self, issuer: str, *, clock: Clock = SYSTEM_CLOCK, secret: str | None, speaks: Dialect,
        persons: list[Identity] | None = None,
    ) -> None:  # fmt: skip
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
        self._codes: dict[str, Granted] = {}
        self._access: dict[str, Granted] = {}
        self._lock = threading.Lock()

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

        ``acr`` is what is said of the assurance: by default the provider's usual value, ``None`` for nothing.
        """
        try:
            asked = self._asked(urlsplit(url).query)
        except AuthorizationError as error:
            raise authorizing.misused(error) from error
        usual = self.speaks.usual_acr if acr == "" else acr
        return self._answered(asked, LoggedIn(person, usual, amr, auth_time or self.clock.now()), self.faults)

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
            case "GET", "/authorize":
                return self._page(query)
            case "POST", "/login":
                return self._login(request.body, faults)
        return self._told(request, path, faults)

    def _told(self, request: Request, path: str, faults: Collection[str]) -> Response:  # noqa: ARG002 - see each kind
        """The response to a relying party's own request."""
        return json_response({"error": "not_found"}, 404)

    # ── the browser ───────────────────────────────────────────────────────────────────────────────────────

    def _asked(self, query: str) -> Asked:
        return authorizing.asked(query, self.clients, self.redirect_uris, pkce=self.wants_pkce)

    def _page(self, query: str, language: str = "", *, nobody: bool = False) -> Response:
        """The login page for the request in ``query``; a request that is wrong goes back, or nowhere."""
        kept, _, chosen = query.partition("&lang=")
        try:
            asked = self._asked(kept)
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
            asked = self._asked(given.get("request", ""))
        except AuthorizationError as error:
            return self._sent_back(error, given.get("language", ""))
        if given.get("decision") != "login":
            refusal = {"error": "access_denied", "state": asked.state, "iss": self.issuer}
            return see_other(authorizing.way_back(asked.redirect_uri, refusal))
        chosen = next((one for one in self.persons if subject_of(one) == given.get("person")), None)
        if chosen is None or given.get("acr") not in self.speaks.acr:
            return self._page(given["request"], given.get("language", ""), nobody=True)
        back = self._answered(asked, LoggedIn(chosen, given["acr"], ("pwd", "otp"), self.clock.now()), faults)
        return see_other(self._way_back(asked.redirect_uri, back))

    def _way_back(self, redirect_uri: str, back: dict[str, str]) -> str:
        return authorizing.way_back(redirect_uri, back)

    def _sent_back(self, error: AuthorizationError, language: str) -> Response:
        if error.back is not None:
            return see_other(authorizing.way_back(error.back, {"error": error.code, "iss": self.issuer}))
        return Response(400, login_page.headers(), login_page.refusal_page(error.why, language))

    def _answered(self, asked: Asked, who: LoggedIn, faults: Collection[str]) -> dict[str, str]:
        """The callback's parameters, with a fresh code for who logged in."""
        claims = {"sub": subject_of(who.person), "nonce": asked.nonce, "auth_time": int(who.at.timestamp())}
        claims |= {"amr": list(who.amr)} | ({} if who.acr is None else {"acr": who.acr})
        code = secrets.token_urlsafe(24)
        with self._lock:
            keep(self._codes, code, Granted(asked, who.person, claims, self.clock.now() + LIFETIME))
        back = {"code": code, "state": asked.state, "iss": self.issuer}
        if "wrong-state" in faults:
            back["state"] = "x" * 43
        if "wrong-callback-issuer" in faults:
            back["iss"] = "https://evil.eidkit.test"
        if "no-callback-issuer" in faults:
            del back["iss"]
        return back

    # ── the relying party ─────────────────────────────────────────────────────────────────────────────────

    def _redeemed(self, request: Request) -> tuple[Granted, str] | Response:
        """What the request's code stands for, and the code (RFC 6749 §4.1.3); or the refusal.

        Once, within a minute, for the same client, address and, where it was begun with one, PKCE verifier.
        """
        try:
            form = authorizing.parameters(request.body.decode("utf-8", errors="replace"))
        except AuthorizationError as error:
            return json_response({"error": error.code}, 400)
        with self._lock:
            granted = self._codes.pop(form.get("code", ""), None)
        if granted is None or self.clock.now() > granted.expires:
            return json_response({"error": "invalid_grant"}, 400)
        challenge = granted.asked.code_challenge
        verifier = shape.base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (challenge or self.wants_pkce) and challenge != verifier:
            return json_response({"error": "invalid_grant"}, 400)
        if (form.get("client_id"), form.get("redirect_uri")) != (granted.asked.client_id, granted.asked.redirect_uri):
            return json_response({"error": "invalid_grant"}, 400)
        if not self._knows_client(request, form, granted.asked.client_id):
            return json_response({"error": "invalid_client"}, 401)
        return granted, form["code"]

    def _knows_client(self, request: Request, form: dict[str, str], client_id: str) -> bool:
        """Whether the client showed that it is itself, where it has to."""
        if self.secret is None:
            return True
        given = form.get("client_secret") or _by_header(request, client_id)
        return given is not None and hmac.compare_digest(given.encode(), self.secret.encode())

    def _access_token(self, granted: Granted) -> str:
        access = secrets.token_urlsafe(24)
        with self._lock:
            keep(self._access, access, granted)
        return access

    def _bearer(self, request: Request) -> Granted | None:
        """Whom an access token stands for (RFC 6750 §2.1)."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        granted = self._access.get(given) if kind.lower() == "bearer" else None
        return None if granted is None or self.clock.now() > granted.expires + LIFETIME else granted


NO_BEARER = Response(401, {"content-type": "application/json", "www-authenticate": "Bearer"}, b"{}")


def keep(remembered: dict[str, V], name: str, value: V) -> None:
    """Remember ``value``, forgetting the oldest beyond the bound."""
    while len(remembered) >= MAX_REMEMBERED:
        del remembered[next(iter(remembered))]
    remembered[name] = value


def see_other(address: str) -> Response:
    """The browser is sent to ``address``."""
    return Response(303, {"location": address, "cache-control": "no-store", "referrer-policy": "no-referrer"}, b"")


def json_response(value: Any, status: int = 200) -> Response:
    """``value`` as JSON."""
    return Response(status, {"content-type": "application/json"}, json.dumps(value, ensure_ascii=False).encode())


def _by_header(request: Request, client_id: str) -> str | None:
    """The client's secret by HTTP Basic (RFC 6749 §2.3.1)."""
    kind, _, pair = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, given = base64.b64decode(pair, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(given) if kind == "Basic" and unquote(name) == client_id else None
