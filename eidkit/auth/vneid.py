"""Authentication by a partner of the VNeID kind: a code flow with encrypted bodies, without ID token and nonce.

Nobody signs over our challenge here, so the login is *attested*: it is worth the connection on which we asked, and
later the word of the service that asked (binding.md §3; ADR 0028).  The challenge value is the ``state``: the
partner's own record of the request, where it keeps one, then names which Transaction the person came for.

The verification plan of :func:`verify`:

1. the challenge is taken, whatever comes after: one callback, one try;
2. it is of this way, partner and purpose, in its time, and for this audience;
3. ``state`` is the one given out, and there is one code and no error; a ``+`` in it is a ``+``;
4. a code that came encrypted is opened with our key, and one that does not open goes on as a made-up one;
5. the code is exchanged by us, once, at the address that we configured;
6. the body that comes back is opened with our key, and a body that is not encrypted is refused;
7. neither the code nor the access token was ever accepted before;
8. who it was is asked with that access token and no other, at the address that we configured; the answer is opened
   the same way;
9. it names exactly one person, the one the challenge was issued for, if it was for one, and a level of our table;
10. the time of the login is what the partner says, no older than the challenge, or that of receipt where it says none.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit.auth import callback as callbacks
from eidkit.auth import challenge, code_flow, exchange, foreign, presenting, rechecked, vneid_sealed
from eidkit.auth.challenge import Challenge
from eidkit.auth.code_flow import Given
from eidkit.auth.exchange import Client
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.naming import AccountRule, IdentifierRule, LevelRule
from eidkit.auth.presenting import Presented
from eidkit.auth.profile import Profile
from eidkit.auth.provider import needed
from eidkit.auth.refusal import refused
from eidkit.auth.vneid_kept import MEDIA_TYPE, METHOD, KeptAnswer, recheck
from eidkit.auth.vneid_partner import Partner
from eidkit.auth.vneid_sealed import DecryptionKey, PemDecryptionKey
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.transport import HttpTransport, Request

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    "AccountRule", "DecryptionKey", "IdentifierRule", "LevelRule", "Partner", "PemDecryptionKey", "Profile", "begin",
    "log_in", "recheck", "verify",
]  # fmt: skip

NO_TIME = "the partner does not say when the person logged in: the time is that of receipt"
NO_PKCE = "the partner does not bind the code to our request (no PKCE, no nonce)"
_CHECKS = (
    ("challenge", "binding.md §3"),
    ("state", "RFC 6749 §10.12"),
    ("exchange", "RFC 6749 §4.1.3"),
    ("sealed-bodies", "RFC 8017 §7.2"),
    ("replay", "RFC 9700 §2.1.1"),
    ("userinfo", "RFC 6750 §2.1"),
)


def begin(
    partner: Partner,
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

    ``subject`` names the person who has to come back, where that is known.  ``redirect_uri`` replaces the partner
    value's.  Without a ``transaction`` it is for a log-in: answer it with :func:`log_in`.
    """
    back = needed(redirect_uri or partner.redirect_uri, "redirect_uri")
    endpoint = needed(partner.authorization_endpoint, "authorization_endpoint")
    verifier = shape.base64url(secrets.token_bytes(32))
    private = {
        "verifier": verifier, "redirect_uri": back, "partner": partner.name, "client_id": partner.client_id,
    }  # fmt: skip
    issued = challenge.new(
        METHOD, transaction, audience=audience, clock=clock, lifetime=lifetime, subject=subject, private=private
    )
    asked = dict(partner.asked) | {
        "response_type": "code",
        "client_id": partner.client_id,
        "redirect_uri": back,
        "scope": " ".join(partner.profile.scopes),
        "state": shape.base64url(issued.value),
    }
    if partner.pkce:
        asked |= code_flow.pkce(verifier)
    return Challenge(challenge.keep(stores, issued), issued.facts.expires, code_flow.request_url(endpoint, asked))


def verify(
    callback: Mapping[str, str] | str,
    challenge_id: str,
    *,
    partner: Partner,
    decryption_key: DecryptionKey,
    stores: Stores,
    attest: SigningKey | None = None,
    client_secret: str | None = None,
    audience: str | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Authentication:
    """The *attested* Authentication of whom the partner names, or AuthenticationError (TransportError: not there).

    ``callback`` is the address that the browser came back to, as it stands: frameworks that decode it make a space of
    a ``+``, which is mended where it can be.  ``challenge_id`` comes from the session of *this* browser.
    ``decryption_key`` is ours, in a file (:class:`PemDecryptionKey`) or behind the port; ``client_secret`` goes into
    the form of the exchange, as this kind of partner wants it.  Whatever is raised, the challenge is used.
    """
    client = Client(client_secret, in_body=True)
    given = Given("confirm", audience, client, transport or HttpTransport(), clock)
    issued, shown, now = _judged(callback, challenge_id, _Connection(partner, decryption_key), stores, given)
    return presenting.authentication(issued, shown, now, attest)


def log_in(
    callback: Mapping[str, str] | str,
    challenge_id: str,
    *,
    partner: Partner,
    decryption_key: DecryptionKey,
    stores: Stores,
    client_secret: str | None = None,
    audience: str | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Login:
    """As :func:`verify`, for a session and a challenge without a Transaction; a Login approves nothing."""
    client = Client(client_secret, in_body=True)
    given = Given("log-in", audience, client, transport or HttpTransport(), clock)
    issued, shown, now = _judged(callback, challenge_id, _Connection(partner, decryption_key), stores, given)
    return presenting.login(issued, shown, now)


class _Connection(NamedTuple):
    """A partner, and our key that opens what it says."""

    partner: Partner
    key: DecryptionKey


class _Code(NamedTuple):
    """The authorization code, and the wrapped key that it came with (the partner wants that back), if one did."""

    value: str
    wrapped_key: str | None


def _judged(
    callback: Mapping[str, str] | str, challenge_id: str, to: _Connection, stores: Stores, given: Given
) -> tuple[Issued, Presented, datetime]:
    """The plan: the challenge, who was present, and the moment of receipt."""
    partner = to.partner
    try:
        # 1. and 2.
        whose = {"partner": partner.name, "client_id": partner.client_id}
        issued = code_flow.taken(stores, challenge_id, METHOD, whose, given)
        # 3. and 4.
        code = _code(callback, issued, to.key)
        # 5. and 6.
        access_token = _exchanged(to, issued, code, given)
        # 7.
        used = (f"{partner.name}\0{value}" for value in (code.value, access_token))
        code_flow.use_up(stores, used, int(given.clock.now().timestamp()))
        # 8.
        answer = _told(to, access_token, given)
        # 9. and 10.
        now = shape.moment(given.clock.now(), "clock")
        presenting.demanded(issued.open_at(now), "challenge-time")
        shown = _presented(partner, issued, answer, now)
        presenting.same_person(issued, shown.identity)
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None
    return issued, shown, now


def _code(callback: Mapping[str, str] | str, issued: Issued, key: DecryptionKey) -> _Code:
    given = callbacks.parameters(callback, keep_plus=True)
    callbacks.check_state(given, shape.base64url(issued.value))
    code = callbacks.mended(callbacks.code(given))
    wrapped = given.get("encrypt_key")
    if wrapped is None:
        return _Code(code, None)
    wrapped = callbacks.mended(wrapped)
    return _Code(vneid_sealed.opened_code(code, wrapped, key), wrapped)


def _exchanged(to: _Connection, issued: Issued, code: _Code, given: Given) -> str:
    """The access token that the code is worth."""
    partner = to.partner
    url = needed(partner.token_endpoint, "token_endpoint")
    headers, form = given.client.credentials(partner.client_id, partner.name, given.clock.now())
    form |= {
        "grant_type": "authorization_code",
        "code": code.value,
        "redirect_uri": issued.private["redirect_uri"],
        "client_id": partner.client_id,
    }
    if code.wrapped_key is not None:
        form["encrypt_key"] = code.wrapped_key
    if partner.pkce:
        form["code_verifier"] = issued.private["verifier"]
    body = vneid_sealed.opened_body(exchange.answered(given.transport, url, form, headers), to.key)
    answer = foreign.json_object(body, "token-answer")
    access, kind = answer.get("access_token"), answer.get("token_type")
    if not isinstance(access, str) or str(kind).lower() != "bearer":
        raise NotAccepted("token-answer")
    return access


def _told(to: _Connection, access_token: str, given: Given) -> bytes:
    """What the partner answers to who it was, opened; no redirect takes the access token elsewhere."""
    url = needed(to.partner.userinfo_endpoint, "userinfo_endpoint")
    headers, limit = exchange.bearer(access_token), foreign.MAX_ANSWER
    request = Request(to.partner.userinfo_method, url, headers, limit=limit, redirects=0)
    return vneid_sealed.opened_body(exchange.body_of(given.transport.send(request), url, "userinfo"), to.key)


def _presented(partner: Partner, issued: Issued, answer: bytes, received: datetime) -> Presented:
    """Who is named, how sure that is, and what is kept of it."""
    claims: Mapping[str, Any] = foreign.json_object(answer, "userinfo")
    identity, assurance = partner.identity(claims), partner.assurance(claims)
    partner.check_time(claims, issued.facts.issued, received)
    kept = KeptAnswer(issued.value, partner.name, partner.client_id, answer, secrets.token_bytes(rechecked.SALT))
    checks = (*_CHECKS, *((("pkce", "RFC 7636"),) if partner.pkce else ()))
    warnings = (*((NO_TIME,) if partner.time_claim is None else ()), *(() if partner.pkce else (NO_PKCE,)))
    return Presented(identity, (), assurance, "attested", (MEDIA_TYPE, kept.to_bytes()), checks, warnings)
