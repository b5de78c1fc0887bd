"""The check of an ID token, pure: token, provider, nonce and a moment in, claims out (OIDC Core §3.1.3.7, RFC 8725).

1. The token is three parts of canonical base64url, its JSON strict.
2. ``alg`` is one of the provider's list; ``typ`` is absent or JWT; ``crit`` is refused; keys and addresses in the
   header (jwk, jku, x5c, x5u) are never looked at.  Whatever its ``typ``, a token with ``events`` tells of an event,
   such as a logout (RFC 8417 §2.2, OIDC Back-Channel Logout §2.4), and is no ID token.
3. The key is the one of the pinned keys with this ``kid`` that fits ``alg``.
4. The signature holds.
5. ``iss`` is the provider's, exactly.
6. ``aud`` is our client and nobody else; ``azp``, when there, too.
7. ``exp``, ``iat`` and ``nbf`` fit the moment, within 60 seconds of skew; a token is at most ten minutes old.
8. ``nonce`` is the one asked with.
9. ``at_hash`` and ``c_hash``, when there, are those of the access token and the code they came with.
10. ``auth_time`` is there and recent enough, when that was asked.
11. ``acr`` is one that counts; its absence is a refusal (what is *requested* of a provider is voluntary).
12. ``sub`` is there and at most 255 characters.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eidkit import policy
from eidkit.auth import foreign, jwk
from eidkit.auth.foreign import NotAccepted
from eidkit.binding import jwa, shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from eidkit.auth.jwk import PinnedKey
    from eidkit.auth.provider import Provider

SKEW = int(policy.SKEW.total_seconds())
"""Seconds by which two clocks may differ."""
MAX_AGE = 600
"""Seconds after which a token is too old to be an answer."""
_HASHES = {"256": "sha256", "384": "sha384", "512": "sha512", "DSA": "sha512"}


@dataclass(frozen=True, slots=True)
class Demands:
    """What a token has to satisfy beyond the provider's own rules; what is ``None`` is not demanded.

    ``authenticated_from``: the earliest ``auth_time`` (before skew).  ``acr``: accepted values, by default those
    of the provider's map.
    """

    code: str | None = None
    access_token: str | None = None
    max_age: int | None = None
    authenticated_from: datetime | None = None
    acr: Sequence[str] | None = None


def claims_of(
    token: str, provider: Provider, nonce: str, at: datetime, demands: Demands, keys: Sequence[PinnedKey]
) -> dict[str, Any]:
    """The claims of a token that passes every check; NotAccepted with the reason otherwise."""
    # 1.
    jws = foreign.compact(token)
    # 2.
    alg = algorithm(jws.header, provider)
    # 3.
    pin = jwk.chosen(keys, jws.header.get("kid"), alg)
    if pin is None:
        raise NotAccepted("key")
    # 4.
    if not jwa.verify(pin.public_key(), alg, jws.signature, jws.signing_input):
        raise NotAccepted("signature")
    claims = foreign.json_object(jws.payload, "token-payload")
    if "events" in claims:
        raise NotAccepted("events")
    # 5. and 6.
    if claims.get("iss") != provider.issuer:
        raise NotAccepted("iss")
    _check_audience(claims, provider.client_id)
    # 7.
    now = at.timestamp()
    _check_times(claims, now)
    # 8.
    if not _same(claims.get("nonce"), nonce):
        raise NotAccepted("nonce")
    # 9.
    for name, delivered in (("at_hash", demands.access_token), ("c_hash", demands.code)):
        if delivered is not None and name in claims and not _same(claims[name], half_hash(delivered, alg)):
            raise NotAccepted(name)
    # 10. to 12.
    _check_authentication(claims, now, demands)
    _check_acr(claims, provider, demands)
    if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
        raise NotAccepted("sub")
    return claims


def algorithm(header: Mapping[str, Any], provider: Provider) -> str:
    """The header's ``alg`` (the plan's 2)."""
    alg, typ = header.get("alg"), header.get("typ")
    if not isinstance(alg, str) or alg not in provider.algorithms:
        raise NotAccepted("alg")
    if typ is not None and not (isinstance(typ, str) and typ.upper() == "JWT"):
        raise NotAccepted("typ")
    if "crit" in header or "b64" in header or "zip" in header:
        raise NotAccepted("crit")
    kid = header.get("kid")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= 255):
        raise NotAccepted("kid")
    return alg


def half_hash(delivered: str, alg: str) -> str:
    """The left half of the hash of what a token was delivered with (OIDC Core §3.1.3.6, §3.3.2.11)."""
    digest = hashlib.new(_HASHES[alg[-3:]], delivered.encode("utf-8")).digest()
    return shape.base64url(digest[: len(digest) // 2])


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    if audience not in (client_id, [client_id]):
        raise NotAccepted("aud")
    if claims.get("azp", client_id) != client_id:
        raise NotAccepted("azp")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    if expires is None or now >= expires + SKEW:
        raise NotAccepted("exp")
    if issued is None or not issued - SKEW <= now <= issued + MAX_AGE + SKEW:
        raise NotAccepted("iat")
    begins = _moment(claims, "nbf")
    if begins is not None and now < begins - SKEW:
        raise NotAccepted("nbf")


def _check_authentication(claims: Mapping[str, Any], now: float, demands: Demands) -> None:
    if demands.max_age is None and demands.authenticated_from is None:
        return
    when = _moment(claims, "auth_time")
    if when is None or when > now + SKEW:
        raise NotAccepted("auth_time")
    if demands.max_age is not None and when + demands.max_age + SKEW < now:
        raise NotAccepted("auth_time")
    if demands.authenticated_from is not None and when < demands.authenticated_from.timestamp() - SKEW:
        raise NotAccepted("auth_time")


def _check_acr(claims: Mapping[str, Any], provider: Provider, demands: Demands) -> None:
    accepted = tuple(value for value, _ in provider.acr) if demands.acr is None else tuple(demands.acr)
    said = claims.get("acr")
    if (accepted or said is not None) and not isinstance(said, str):
        raise NotAccepted("acr")
    if accepted and said not in accepted:
        raise NotAccepted("acr")


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519 §2), or ``None`` where the claim is absent; anything else is refused."""
    if name not in claims:
        return None
    value = claims[name]
    # NaN is not within anything; a whole number may be longer than any float.
    if type(value) not in {int, float} or not 0 <= value < 2**53:
        raise NotAccepted(name)
    return float(value)


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
