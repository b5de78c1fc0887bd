"""Authentication by an OpenID provider (code flow with PKCE): begin, verify, recheck.

The nonce *is* the challenge value, so that the provider's signature over the ID token also covers which
Transaction the person came for (proof class *asserted*).  An approval never rides on a session: the provider is
asked for a fresh login (``prompt=login``, ``max_age=0``) and its ``auth_time`` must say that it was one.

The verification plan of :func:`verify`; the token's own plan is in :mod:`eidkit.auth.id_token`:

1. the challenge is taken, whatever comes after: one callback, one try;
2. it is of this way and provider, in its time, and for this audience;
3. ``state`` is the one given out, ``iss`` the provider's (RFC 9207), and there is a code and no error;
4. the code is exchanged with the PKCE verifier (RFC 7636), once;
5. the ID token passes every check, its key looked up again at most once in five minutes for an unknown ``kid``;
6. the token was never accepted before;
7. it names a person in the pinned way, or UserInfo does for the same ``sub``, and the one the challenge was issued
   for, if it was for one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from eidkit.auth import assurance, challenge, foreign, jwks, making, userinfo
from eidkit.auth.challenge import Challenge
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.id_token import SKEW, Demands, algorithm, claims_of
from eidkit.auth.jwk import PinnedKey
from eidkit.auth.jwks import pinned
from eidkit.auth.kept_login import KeptProof, recheck
from eidkit.auth.profile import IdentifierRule, Profile
from eidkit.auth.provider import Provider, needed
from eidkit.auth.refusal import refused
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.errors import Text
from eidkit.transport import HttpTransport, Request, basic, unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from eidkit.auth.challenge import Issued
    from eidkit.auth.stores import Stores
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import Clock
    from eidkit.identity import Identity
    from eidkit.key import SigningKey
    from eidkit.transport import Transport

__all__ = [
    "IdentifierRule", "PinnedKey", "Profile", "Provider", "begin", "check_id_token", "pinned", "recheck", "verify",
]  # fmt: skip

METHOD = "oidc"
KEEP_USED = 86_400
"""Seconds for which an accepted token is remembered at most; none lives that long."""
MAX_CALLBACK = 32
_CHECKS = (
    ("challenge", "binding.md §3"),
    ("state", "RFC 6749 §10.12"),
    ("iss", "RFC 9207"),
    ("pkce", "RFC 7636"),
    ("id-token", "OIDC Core §3.1.3.7"),
    ("auth-time", "OIDC Core §3.1.2.1"),
    ("replay", "RFC 8725 §3.12"),
)


def begin(
    provider: Provider,
    transaction: Transaction,
    *,
    audience: str,
    stores: Stores,
    subject: Identity | None = None,
    redirect_uri: str | None = None,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge whose ``url`` is where the browser goes; put its ``id`` into the session, and only there.

    ``subject`` names the person who has to come back, where that is known.  ``redirect_uri`` replaces the
    provider value's.
    """
    back = needed(redirect_uri or provider.redirect_uri, "redirect_uri")
    endpoint = needed(provider.authorization_endpoint, "authorization_endpoint")
    state, verifier = (shape.base64url(secrets.token_bytes(32)) for _ in range(2))
    private = {"state": state, "verifier": verifier, "redirect_uri": back, "issuer": provider.issuer}
    private["client_id"] = provider.client_id
    issued = challenge.new(
        METHOD, transaction, audience=audience, clock=clock, lifetime=lifetime, subject=subject, private=private
    )
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": " ".join(provider.scopes),
        "state": state,
        "nonce": shape.base64url(issued.value),
        "code_challenge": shape.base64url(hashlib.sha256(verifier.encode("ascii")).digest()),
        "code_challenge_method": "S256",
        "prompt": "login",
        "max_age": "0",
        "ui_locales": transaction.text.language,
    }
    if provider.acr:
        asked["acr_values"] = " ".join(value for value, _ in provider.acr)
    url = f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked, quote_via=quote)}"
    return Challenge(challenge.keep(stores, issued), issued.facts.expires, url)


def verify(
    callback: Mapping[str, str] | str,
    challenge_id: str,
    *,
    provider: Provider,
    stores: Stores,
    attest: SigningKey | None = None,
    client_secret: str | None = None,
    audience: str | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Authentication:
    """The Authentication of whom the provider names, or AuthenticationError (TransportError when it is not there).

    ``callback`` is the address that the browser came back to, or its query parameters.  ``challenge_id`` comes
    from the session of *this* browser, never from the callback.  Whatever is raised, the challenge is used.
    ``client_secret`` is for confidential clients (sent by HTTP Basic).  ``authenticated_at`` is the moment of
    this call; the provider's own ``auth_time`` stands in the proof.
    """
    reached = transport or HttpTransport()
    try:
        # 1.
        issued = challenge.take(stores, challenge_id) if challenge.well_formed(challenge_id) else None
        # 2.
        issued = _fitting(issued, provider, audience, clock.now())
        # 3.
        code = _code(_parameters(callback), issued, provider)
        # 4.
        delivered = _exchanged(reached, provider, issued, code, client_secret)
        # 5.
        demands = Demands(code, delivered.access_token, authenticated_from=issued.facts.issued)
        keys = _keys(delivered.id_token, provider, stores, reached, clock)
        # Only now: a key that was just found is pinned from its finding on, and must cover this login.
        now = clock.now()
        claims = claims_of(delivered.id_token, provider, shape.base64url(issued.value), now, demands, keys)
        # 6.
        _use_up(delivered.id_token, claims, stores, now)
        # 7.
        proof = _proof(delivered, claims, provider, reached)
        identity = _named(provider, proof.person(claims), issued, clock.now())
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None
    return making.authentication(
        issued,
        identity,
        at=now,
        factors=assurance.factors_of_amr(foreign.text_list(claims.get("amr"))),
        assurance=provider.assurance(claims),
        proof_class=proof.proof_class,
        proof=(proof.media_type, proof.to_bytes()),
        checks=_CHECKS if proof.userinfo is None else (*_CHECKS, ("userinfo", "OIDC Core §5.3.2")),
        attest=attest,
    )


def check_id_token(
    token: str,
    provider: Provider,
    nonce: str,
    at: datetime,
    *,
    code: str | None = None,
    access_token: str | None = None,
    max_age: int | None = None,
    acr: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The claims of an ID token that holds at the moment ``at`` under the provider's pinned keys; pure.

    Give ``code`` and ``access_token`` when they came with it, ``max_age`` and ``acr`` when they were asked for.
    Raises AuthenticationError.  That the nonce is used only once is the caller's to see to (:func:`verify` does).
    """
    keys = jwks.in_force(provider.keys, at)
    try:
        return claims_of(token, provider, nonce, at, Demands(code, access_token, max_age, acr=acr), keys)
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None


class _Delivered(NamedTuple):
    """What the token endpoint gave."""

    id_token: str
    access_token: str


def _fitting(issued: Issued | None, provider: Provider, audience: str | None, now: datetime) -> Issued:
    if issued is None:
        raise NotAccepted("challenge-unknown")
    if issued.method != METHOD:
        raise NotAccepted("challenge-method")
    if (issued.private["issuer"], issued.private["client_id"]) != (provider.issuer, provider.client_id):
        raise NotAccepted("challenge-provider")
    if audience is not None and audience != issued.facts.audience:
        raise NotAccepted("challenge-audience")
    if not issued.open_at(now):
        raise NotAccepted("challenge-time")
    return issued


def _parameters(callback: Mapping[str, str] | str) -> dict[str, str]:
    """The callback's parameters; one that stands there twice is refused."""
    if not isinstance(callback, str):
        return {name: value for name, value in callback.items() if isinstance(value, str)}
    try:
        query = urlsplit(callback).query
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_CALLBACK
        )
    except ValueError as error:
        raise NotAccepted("callback") from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise NotAccepted("callback")
    return dict(pairs)


def _code(parameters: Mapping[str, str], issued: Issued, provider: Provider) -> str:
    if not hmac.compare_digest(parameters.get("state", "").encode(errors="replace"), issued.private["state"].encode()):
        raise NotAccepted("state")
    named = parameters.get("iss", None if provider.iss_in_callback else provider.issuer)
    if named != provider.issuer:
        raise NotAccepted("iss-callback")
    if "error" in parameters:
        raise NotAccepted("provider-error")
    code = parameters.get("code", "")
    if not 0 < len(code) <= 4096 or not code.isascii() or not code.isprintable():
        raise NotAccepted("code")
    return code


def _exchanged(
    transport: Transport, provider: Provider, issued: Issued, code: str, client_secret: str | None
) -> _Delivered:
    """What the code is worth at the token endpoint (RFC 6749 §4.1.3); a refusal is the person's, the rest outside."""
    url = needed(provider.token_endpoint, "token_endpoint")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": issued.private["redirect_uri"],
        "client_id": provider.client_id,
        "code_verifier": issued.private["verifier"],
    }
    headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
    if client_secret is not None:
        headers["authorization"] = basic(quote(provider.client_id, safe=""), quote(client_secret, safe=""))
    response = transport.send(Request("POST", url, headers, urlencode(form).encode("ascii"), foreign.MAX_ANSWER))
    if response.status in {400, 401, 403}:
        raise NotAccepted("code-exchange")
    if response.status != 200 or len(response.body) > foreign.MAX_ANSWER:
        raise unreachable(url, Text(f"status {response.status}", f"trạng thái {response.status}"))
    answer = foreign.json_object(response.body, "token-answer")
    token, access, kind = answer.get("id_token"), answer.get("access_token"), answer.get("token_type")
    if not isinstance(token, str) or not isinstance(access, str) or str(kind).lower() != "bearer":
        raise NotAccepted("token-answer")
    return _Delivered(token, access)


def _keys(token: str, provider: Provider, stores: Stores, transport: Transport, clock: Clock) -> Sequence[PinnedKey]:
    """The keys under which the token may count now."""
    header = foreign.compact(token).header
    return jwks.for_login(
        header.get("kid"), algorithm(header, provider), provider, stores, transport=transport, clock=clock
    )


def _proof(delivered: _Delivered, claims: Mapping[str, Any], provider: Provider, transport: Transport) -> KeptProof:
    """What is kept of the login: the ID token, and UserInfo's answer where that is what names the person."""
    answer = None
    if provider.claims_from == "userinfo":
        answer = userinfo.asked(transport, provider, delivered.access_token, claims["sub"])
    return KeptProof(delivered.id_token, answer)


def _use_up(token: str, claims: Mapping[str, Any], stores: Stores, now: datetime) -> None:
    """Accept a token once (RFC 8725 §3.12): remembered for as long as it could be accepted."""
    moment = int(now.timestamp())
    until = max(int(claims["exp"]), moment) + 2 * SKEW
    # The signed part names it: the same content under another spelling of its signature is the same token.
    name = hashlib.sha256(token.rpartition(".")[0].encode("ascii")).hexdigest()
    with stores.unit() as unit:
        if not unit.add_if_absent(f"token:{name}", min(until, moment + KEEP_USED), moment):
            raise NotAccepted("replay")


def _named(provider: Provider, claims: Mapping[str, Any], issued: Issued, now: datetime) -> Identity:
    identity = provider.identity(claims)
    if issued.subject is not None and issued.subject != identity:
        raise NotAccepted("other-person")
    if not issued.open_at(now):
        # The exchange itself took too long.
        raise NotAccepted("challenge-time")
    return identity
