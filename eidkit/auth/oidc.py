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

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit.auth import assurance, challenge, code_flow, exchange, foreign, jwks, presenting, userinfo
from eidkit.auth import callback as callbacks
from eidkit.auth.challenge import Challenge
from eidkit.auth.code_flow import Given
from eidkit.auth.exchange import Client
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.id_token import SKEW, Demands, algorithm, claims_of
from eidkit.auth.jwk import PinnedKey
from eidkit.auth.jwks import pinned
from eidkit.auth.naming import AccountRule, IdentifierRule, LevelRule
from eidkit.auth.oidc_kept import KeptProof, recheck
from eidkit.auth.presenting import Presented
from eidkit.auth.profile import Profile
from eidkit.auth.provider import Provider, needed
from eidkit.auth.refusal import refused
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from eidkit.auth.challenge import Issued
    from eidkit.auth.login import Login
    from eidkit.auth.stores import Stores
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import Clock
    from eidkit.identity import Identity
    from eidkit.key import SigningKey
    from eidkit.transport import Transport

__all__ = [
    "AccountRule", "IdentifierRule", "LevelRule", "PinnedKey", "Profile", "Provider", "begin", "check_id_token",
    "log_in", "pinned", "recheck", "verify",
]  # fmt: skip

METHOD = "oidc"
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
    transaction: Transaction | None = None,
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
    provider value's.  Without a ``transaction`` it is for a log-in: answer it with :func:`log_in`.
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
        **code_flow.pkce(verifier),
        "prompt": "login",
        "max_age": "0",
    }
    if transaction is not None:
        asked["ui_locales"] = transaction.text.language
    if provider.acr:
        asked["acr_values"] = " ".join(value for value, _ in provider.acr)
    url = code_flow.request_url(endpoint, asked)
    return Challenge(challenge.keep(stores, issued), issued.facts.expires, url)


def verify(
    callback: Mapping[str, str] | str,
    challenge_id: str,
    *,
    provider: Provider,
    stores: Stores,
    attest: SigningKey | None = None,
    client_secret: str | None = None,
    client_key: SigningKey | None = None,
    audience: str | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Authentication:
    """The Authentication of whom the provider names, or AuthenticationError (TransportError when it is not there).

    ``callback`` is the address that the browser came back to, or its query parameters.  ``challenge_id`` comes
    from the session of *this* browser, never from the callback.  Whatever is raised, the challenge is used.  The code
    is exchanged here, with what ``begin`` kept for it.  A confidential client gives its ``client_secret`` (sent by
    HTTP Basic) or its ``client_key`` (``private_key_jwt``: a SigningKey, also one in hardware).  ``authenticated_at``
    is the moment of this call; the provider's own ``auth_time`` stands in the proof.
    """
    given = Given("confirm", audience, Client(client_secret, client_key), transport or HttpTransport(), clock)
    issued, shown, now = _judged(callback, challenge_id, provider, stores, given)
    return presenting.authentication(issued, shown, now, attest)


def log_in(
    callback: Mapping[str, str] | str,
    challenge_id: str,
    *,
    provider: Provider,
    stores: Stores,
    client_secret: str | None = None,
    client_key: SigningKey | None = None,
    audience: str | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Login:
    """As :func:`verify`, for a session and a challenge without a Transaction; a Login approves nothing."""
    given = Given("log-in", audience, Client(client_secret, client_key), transport or HttpTransport(), clock)
    issued, shown, now = _judged(callback, challenge_id, provider, stores, given)
    return presenting.login(issued, shown, now)


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


def _judged(
    callback: Mapping[str, str] | str, challenge_id: str, provider: Provider, stores: Stores, given: Given
) -> tuple[Issued, Presented, datetime]:
    """The plan: the challenge, who was present, and the moment that counts."""
    clock = given.clock
    try:
        # 1. and 2.
        whose = {"issuer": provider.issuer, "client_id": provider.client_id}
        issued = code_flow.taken(stores, challenge_id, METHOD, whose, given)
        # 3.
        code = _code(callback, issued, provider)
        # 4.
        delivered = _exchanged(provider, issued, code, given)
        # 5.
        demands = Demands(code, delivered.access_token, authenticated_from=issued.facts.issued)
        keys = _keys(delivered.id_token, provider, stores, given.transport, clock)
        # Only now: a key that was just found is pinned from its finding on, and must cover this login.
        now = clock.now()
        claims = claims_of(delivered.id_token, provider, shape.base64url(issued.value), now, demands, keys)
        # 6.
        _use_up(delivered.id_token, claims, stores, now)
        # 7.
        proof = _proof(delivered, claims, provider, given.transport)
        shown = _presented(provider, claims, proof)
        presenting.same_person(issued, shown.identity)
        # The exchange itself may have taken too long.
        presenting.demanded(issued.open_at(clock.now()), "challenge-time")
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None
    return issued, shown, now


def _code(given: Mapping[str, str] | str, issued: Issued, provider: Provider) -> str:
    parameters = callbacks.parameters(given)
    callbacks.check_state(parameters, issued.private["state"])
    named = parameters.get("iss", None if provider.iss_in_callback else provider.issuer)
    presenting.demanded(named == provider.issuer, "iss-callback")
    return callbacks.code(parameters)


def _exchanged(provider: Provider, issued: Issued, code: str, given: Given) -> _Delivered:
    """What the code is worth at the token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
    url = needed(provider.token_endpoint, "token_endpoint")
    headers, more = given.client.credentials(provider.client_id, provider.issuer, given.clock.now())
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": issued.private["redirect_uri"],
        "client_id": provider.client_id,
        "code_verifier": issued.private["verifier"],
        **more,
    }
    answer = foreign.json_object(exchange.answered(given.transport, url, form, headers), "token-answer")
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
    """Accept an ID token once: remembered for as long as it could be accepted."""
    moment = int(now.timestamp())
    # The signed part names it: the same content under another spelling of its signature is the same token.
    code_flow.use_up(stores, [token.rpartition(".")[0]], moment, max(int(claims["exp"]), moment) + 2 * SKEW)


def _presented(provider: Provider, claims: Mapping[str, Any], proof: KeptProof) -> Presented:
    """Who is named, how sure that is, and what is kept of it."""
    person = proof.person(claims)
    return Presented(
        provider.identity(person),
        assurance.factors_of_amr(foreign.text_list(claims.get("amr"))),
        provider.assurance(claims, person),
        proof.proof_class,
        (proof.media_type, proof.to_bytes()),
        _CHECKS if proof.userinfo is None else (*_CHECKS, ("userinfo", "OIDC Core §5.3.2")),
    )
