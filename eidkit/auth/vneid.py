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

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from eidkit.auth import callback as callbacks
from eidkit.auth import challenge, exchange, foreign, presenting, vneid_sealed
from eidkit.auth.challenge import Challenge
from eidkit.auth.exchange import Client
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.kept_answer import MEDIA_TYPE, METHOD, KeptAnswer, recheck
from eidkit.auth.naming import AccountRule, IdentifierRule, LevelRule
from eidkit.auth.presenting import Presented
from eidkit.auth.profile import Profile
from eidkit.auth.provider import needed
from eidkit.auth.refusal import refused
from eidkit.auth.vneid_partner import Partner
from eidkit.auth.vneid_sealed import DecryptionKey, PemDecryptionKey
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.transport import HttpTransport, Request, unreachable

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

KEEP_USED = 86_400
"""Seconds for which a code and an access token are remembered as used."""
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
        asked["code_challenge"] = shape.base64url(hashlib.sha256(verifier.encode("ascii")).digest())
        asked["code_challenge_method"] = "S256"
    url = f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked, quote_via=quote)}"
    return Challenge(challenge.keep(stores, issued), issued.facts.expires, url)


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
    asked = _Asked("confirm", audience, Client(client_secret, in_body=True), decryption_key,
                   transport or HttpTransport(), clock)  # fmt: skip
    issued, shown, now = _judged(callback, challenge_id, partner, stores, asked)
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
    asked = _Asked("log-in", audience, Client(client_secret, in_body=True), decryption_key,
                   transport or HttpTransport(), clock)  # fmt: skip
    issued, shown, now = _judged(callback, challenge_id, partner, stores, asked)
    return presenting.login(issued, shown, now)


class _Asked(NamedTuple):
    """What a callback is to be worth, how our client shows who it is, our key, and the two doors."""

    purpose: str
    audience: str | None
    client: Client
    key: DecryptionKey
    transport: Transport
    clock: Clock


class _Code(NamedTuple):
    """The authorization code, and the wrapped key that it came with (the partner wants that back), if one did."""

    value: str
    wrapped_key: str | None


def _judged(
    callback: Mapping[str, str] | str, challenge_id: str, partner: Partner, stores: Stores, asked: _Asked
) -> tuple[Issued, Presented, datetime]:
    """The plan: the challenge, who was present, and the moment of receipt."""
    try:
        # 1. and 2.
        issued = _taken(stores, challenge_id, partner, asked)
        # 3. and 4.
        code = _code(callback, issued, asked.key)
        # 5. and 6.
        access_token = _exchanged(partner, issued, code, asked)
        # 7.
        _use_up(stores, partner, (code.value, access_token), asked.clock.now())
        # 8.
        answer = _told(partner, access_token, asked)
        # 9. and 10.
        now = shape.moment(asked.clock.now(), "clock")
        presenting.demanded(issued.open_at(now), "challenge-time")
        shown = _presented(partner, issued, answer, now)
        presenting.same_person(issued, shown.identity)
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None
    return issued, shown, now


def _taken(stores: Stores, challenge_id: str, partner: Partner, asked: _Asked) -> Issued:
    wanted = presenting.Asked(METHOD, asked.purpose, asked.audience, asked.clock.now())
    issued = presenting.taken(stores, challenge_id, wanted)
    ours = (issued.private["partner"], issued.private["client_id"])
    presenting.demanded(ours == (partner.name, partner.client_id), "challenge-provider")
    return issued


def _code(callback: Mapping[str, str] | str, issued: Issued, key: DecryptionKey) -> _Code:
    given = callbacks.parameters(callback, keep_plus=True)
    callbacks.check_state(given, shape.base64url(issued.value))
    code = callbacks.mended(callbacks.code(given))
    wrapped = given.get("encrypt_key")
    if wrapped is None:
        return _Code(code, None)
    wrapped = callbacks.mended(wrapped)
    return _Code(vneid_sealed.opened_code(code, wrapped, key), wrapped)


def _exchanged(partner: Partner, issued: Issued, code: _Code, asked: _Asked) -> str:
    """The access token that the code is worth."""
    url = needed(partner.token_endpoint, "token_endpoint")
    headers, form = asked.client.credentials(partner.client_id, partner.name, asked.clock.now())
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
    body = vneid_sealed.opened_body(exchange.answered(asked.transport, url, form, headers), asked.key)
    answer = foreign.json_object(body, "token-answer")
    access, kind = answer.get("access_token"), answer.get("token_type")
    if not isinstance(access, str) or str(kind).lower() != "bearer":
        raise NotAccepted("token-answer")
    return access


def _use_up(stores: Stores, partner: Partner, values: tuple[str, ...], now: datetime) -> None:
    """Accept a code and an access token once each: no second login comes of either."""
    moment = int(now.timestamp())
    with stores.unit() as unit:
        for value in values:
            name = hashlib.sha256(f"{partner.name}\0{value}".encode()).hexdigest()
            if not unit.add_if_absent(f"token:{name}", moment + KEEP_USED, moment):
                raise NotAccepted("replay")


def _told(partner: Partner, access_token: str, asked: _Asked) -> bytes:
    """What the partner answers to who it was, opened; no redirect takes the access token elsewhere."""
    url = needed(partner.userinfo_endpoint, "userinfo_endpoint")
    headers, limit = exchange.bearer(access_token), foreign.MAX_ANSWER
    response = asked.transport.send(Request(partner.userinfo_method, url, headers, limit=limit, redirects=0))
    if response.status in {400, 401, 403}:
        raise NotAccepted("userinfo")
    if response.status != 200 or len(response.body) > limit:
        raise unreachable(url, exchange.status(response.status))
    return vneid_sealed.opened_body(response.body, asked.key)


def _presented(partner: Partner, issued: Issued, answer: bytes, received: datetime) -> Presented:
    """Who is named, how sure that is, and what is kept of it."""
    claims: Mapping[str, Any] = foreign.json_object(answer, "userinfo")
    identity, assurance = partner.identity(claims), partner.assurance(claims)
    partner.check_time(claims, issued.facts.issued, received)
    kept = KeptAnswer(issued.value, partner.name, partner.client_id, answer)
    checks = (*_CHECKS, *((("pkce", "RFC 7636"),) if partner.pkce else ()))
    warnings = (*((NO_TIME,) if partner.time_claim is None else ()), *(() if partner.pkce else (NO_PKCE,)))
    return Presented(identity, (), assurance, "attested", (MEDIA_TYPE, kept.to_bytes()), checks, warnings)
