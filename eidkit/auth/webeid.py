"""Log in with an identity card in a browser: the Web eID token, ``web-eid:1`` (proof class *transferable*).

The card signs hash(origin) ‖ hash(nonce), both by the hash of the token's algorithm; the nonce is the challenge
value in standard base64, so that the signature also covers which Transaction the person came for.

1. the challenge is taken, whatever comes after; it is of this way and purpose, in its time and for this audience;
2. the token is a strict JSON object of 100 to 10,000 characters, its format ``web-eid:1`` or ``web-eid:1.0``;
3. its algorithm is one of a fixed list and fits the key (ES384 a P-384 key, …), which is strong enough;
4. the signature (raw r ‖ s for EC) holds over this origin and this nonce;
5. no policy of the certificate is one that stands for another device (:data:`DISALLOWED_POLICIES`);
6. the certificate is good for logging in, by anchors of kind *login*, with its status (:mod:`eidkit.auth.certified`);
7. it names a person, and the one whom the challenge was issued for, if it was for one.

``web-eid:1.1`` adds a signing certificate with checks of its own, which this release does not know: refused.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit.auth import certified, challenge, foreign, kept_certificate, presenting
from eidkit.auth import origin as origins
from eidkit.auth.certified import Inquiry, Kept
from eidkit.auth.challenge import Challenge, Wanted
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.presenting import Presented
from eidkit.auth.refusal import refused
from eidkit.binding import jwa, shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.errors import EidkitError
from eidkit.policy import ETSI_BASELINE, Policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from eidkit.auth.challenge import Issued
    from eidkit.auth.login import Login
    from eidkit.auth.rechecked import Newer, Recheck
    from eidkit.auth.stores import Stores
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import Clock
    from eidkit.identity import Identity
    from eidkit.key import SigningKey
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore

__all__ = ["DISALLOWED_POLICIES", "begin", "check_token", "log_in", "recheck", "verify"]

METHOD = "web-eid"
MEDIA_TYPE = "application/vnd.eidkit.web-eid-login+json"
MIN_TOKEN, MAX_TOKEN = 100, 10_000
FORMATS = ("web-eid:1", "web-eid:1.0")
ALGORITHMS = {
    **{f"{family}{bits}": f"sha{bits}" for family in ("ES", "PS", "RS") for bits in ("256", "384", "512")},
}
"""The token's algorithms that are taken (RFC 7518 §3.1), each with the hash of origin and nonce."""
DISALLOWED_POLICIES = frozenset(
    {
        # Estonian Mobile-ID and its predecessors: keys on a phone's SIM, which no card reader can have used.
        "1.3.6.1.4.1.10015.1.3",
        "1.3.6.1.4.1.10015.11.1",
        "1.3.6.1.4.1.10015.17.1",
        "1.3.6.1.4.1.10015.18.1",
    }
)
_CHECKS = (
    ("challenge", "binding.md §3"),
    ("origin", "RFC 6454 §6.2"),
    ("signature", "Web eID authentication token 1.0"),
    ("path", "RFC 5280 §6"),
    ("key-usage", "RFC 5280 §4.2.1.3"),
    ("revocation", "RFC 6960 §3.2"),
    ("person", "EN 319 412-1 §5.1.3"),
)


def begin(
    transaction: Transaction | None = None,
    *,
    audience: str,
    stores: Stores,
    subject: Identity | None = None,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge whose ``question`` is the nonce for ``webeid.authenticate()``; its ``id`` only into the session.

    ``audience`` is the origin of the page (``https://permits.example``); the browser's extension signs it.
    Without a ``transaction`` it is for a log-in: answer it with :func:`log_in`.
    """
    issued = challenge.new(
        METHOD, transaction, audience=origins.check(audience), clock=clock, lifetime=lifetime, subject=subject
    )
    return Challenge(challenge.keep(stores, issued), issued.facts.expires, question=shape.base64_text(issued.value))


def verify(
    answer: str,
    challenge_id: str,
    *,
    trust: TrustStore,
    stores: Stores,
    attest: SigningKey | None = None,
    sources: Sources | None = None,
    policy: Policy = ETSI_BASELINE,
    audience: str | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Authentication:
    """The Authentication of the card's holder, or AuthenticationError.

    ``answer`` is the token, the JSON that ``webeid.authenticate()`` gives.  ``trust`` needs anchors of kind *login*;
    ``sources`` are where revocation data may come from, and what was found is kept in the proof.  Whatever is raised,
    the challenge is used.
    """
    wanted = Wanted(METHOD, "confirm", audience, shape.moment(clock.now(), "clock"))
    issued, shown = _presented(answer, challenge_id, wanted, stores, Inquiry(trust, sources, policy, transport))
    return presenting.authentication(issued, shown, wanted.now, attest)


def log_in(
    answer: str,
    challenge_id: str,
    *,
    trust: TrustStore,
    stores: Stores,
    sources: Sources | None = None,
    policy: Policy = ETSI_BASELINE,
    audience: str | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Login:
    """As :func:`verify`, for a session and a challenge without a Transaction; a Login approves nothing."""
    wanted = Wanted(METHOD, "log-in", audience, shape.moment(clock.now(), "clock"))
    issued, shown = _presented(answer, challenge_id, wanted, stores, Inquiry(trust, sources, policy, transport))
    return presenting.login(issued, shown, wanted.now)


def check_token(
    token: str,
    trust: TrustStore,
    nonce: str,
    origin: str,
    at: datetime,
    *,
    sources: Sources | None = None,
    policy: Policy = ETSI_BASELINE,
    transport: Transport | None = None,
) -> Identity:
    """The person whom a token names that holds at the moment ``at``; pure unless ``sources`` may ask the network.

    Raises AuthenticationError.  That the nonce is used only once is the caller's to see to (:func:`verify` does).
    """
    try:
        said = _Token.of(token)
        kept = _good(said, nonce, origin, Inquiry(trust, sources, policy, transport), at)
        return presenting.named(certified.person(kept))
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None


class _Token(NamedTuple):
    """A token taken apart; nothing in it is checked yet."""

    algorithm: str
    signature: bytes
    kept: Kept

    @classmethod
    def of(cls, text: str) -> _Token:
        """The plan's 2; other members (the app's name and version) say nothing that counts."""
        if not isinstance(text, str) or not MIN_TOKEN <= len(text) <= MAX_TOKEN:
            raise NotAccepted("token-size")
        row = foreign.json_object(text.encode("utf-8", errors="replace"), "token-shape")
        if row.get("format") not in FORMATS:
            raise NotAccepted("token-format")
        try:
            certificate = shape.base64_bytes(row.get("unverifiedCertificate"), "certificate")
            signature = shape.base64_bytes(row.get("signature"), "signature")
        except EidkitError as error:
            raise NotAccepted("token-shape") from error
        return cls(str(row.get("algorithm")), signature, Kept(certificate))


def _presented(
    answer: str, challenge_id: str, wanted: Wanted, stores: Stores, given: Inquiry
) -> tuple[Issued, Presented]:
    try:
        # 1.
        issued = presenting.taken(stores, challenge_id, wanted)
        # 2. to 6.
        said = _Token.of(answer)
        kept = _good(said, shape.base64_text(issued.value), issued.facts.audience, given, wanted.now)
        # 7.
        person = presenting.same_person(issued, certified.person(kept))
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None
    proof = _FORM.to_bytes(kept, {"algorithm": said.algorithm, "signature": shape.base64url(said.signature)})
    return issued, Presented(
        person,
        certified.factors(METHOD, kept),
        certified.worth(METHOD, kept),
        "transferable",
        (MEDIA_TYPE, proof),
        _CHECKS,
    )


def _good(said: _Token, nonce: str, at_origin: str, given: Inquiry, at: datetime) -> Kept:
    """The plan's 3 to 6."""
    if not origins.well_formed(at_origin):
        raise NotAccepted("origin")
    if not _signed(said.kept, said.algorithm, said.signature, nonce, at_origin):
        raise NotAccepted("signature")
    if certified.policies(said.kept) & DISALLOWED_POLICIES:
        raise NotAccepted("certificate-policy")
    return certified.accepted(said.kept.certificate, said.kept.issuers, given, at)


def _signed(kept: Kept, algorithm: str, signature: bytes, nonce: str, at_origin: str) -> bool:
    """The plan's 3 and 4."""
    if algorithm not in ALGORITHMS:
        raise NotAccepted("algorithm")
    signed = b"".join(hashlib.new(ALGORITHMS[algorithm], text.encode()).digest() for text in (at_origin, nonce))
    return jwa.verify(kept.public_key(), algorithm, signature, signed)


def recheck(
    authentication: Authentication,
    trust: TrustStore,
    providers: Sequence[object] = (),  # noqa: ARG001 - the same call for every way; the anchors are what counts here
    *,
    signed_at: datetime | None = None,  # noqa: ARG001 - the certificate was judged at the login, not at the signature
    newer: Newer | None = None,
) -> Recheck:
    """What the kept signature proves to a verifier with *login* anchors of its own: all of 3 to 7, at that moment."""
    return kept_certificate.recheck(authentication, trust, _FORM, newer)


def _answers(authentication: Authentication, kept: Kept, said: dict[str, Any]) -> bool:
    at_origin, nonce = authentication.challenge.audience, shape.base64_text(authentication.challenge_value)
    signature = shape.base64url_bytes(said["signature"], "signature")
    if not origins.well_formed(at_origin) or certified.policies(kept) & DISALLOWED_POLICIES:
        return False
    return _signed(kept, str(said["algorithm"]), signature, nonce, at_origin)


_FORM = kept_certificate.Form(METHOD, MEDIA_TYPE, "transferable", ("algorithm", "signature"), _answers)
