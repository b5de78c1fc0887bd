"""Log in with a TLS client certificate that a proxy in front of us asked for (RFC 9440).

The holder's key signed a handshake with the proxy and nothing of the Transaction: what is left is the proxy's word
and ours, so the proof class is *attested*.  Where it has to be *transferable*, use :mod:`eidkit.auth.x509`.

1. the caller says that the request came over a hop that only the proxy can use; the proxy strips these fields from
   what clients send (RFC 9440 §3.1, §4);
2. the challenge is taken, whatever comes after; it is of this way and purpose, in its time and for this audience;
3. there is exactly one ``Client-Cert``, and at most one ``Client-Cert-Chain``, spelt as byte sequences (RFC 8941
   §3.3.5);
4. the certificate is good for logging in, by anchors of kind *login*, with its status (:mod:`eidkit.auth.certified`);
   the proxy's own check is not relied on;
5. it names a person, and the one whom the challenge was issued for, if it was for one.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit.auth import certified, challenge, kept_certificate, presenting, rechecked
from eidkit.auth.certified import Inquiry, Kept
from eidkit.auth.challenge import Challenge, Wanted
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.presenting import Presented
from eidkit.auth.refusal import refused
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.errors import EidkitError
from eidkit.policy import ETSI_BASELINE, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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

__all__ = ["begin", "log_in", "recheck", "verify"]

METHOD = "x509-tls"
MEDIA_TYPE = "application/vnd.eidkit.x509-tls-login+json"
MAX_FIELD = 64 * 1024
_CHECKS = (
    ("challenge", "binding.md §3"),
    ("client-cert", "RFC 9440 §2"),
    ("path", "RFC 5280 §6"),
    ("key-usage", "RFC 5280 §4.2.1.3"),
    ("revocation", "RFC 6960 §3.2"),
    ("person", "EN 319 412-1 §5.1.3"),
)
_WARNINGS = ("the key of the certificate signed a TLS handshake, not this transaction",)


def begin(
    transaction: Transaction | None = None,
    *,
    audience: str,
    stores: Stores,
    subject: Identity | None = None,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge for whoever comes with a client certificate; put its ``id`` into the session.

    Without a ``transaction`` it is for a log-in: answer it with :func:`log_in`.
    """
    issued = challenge.new(METHOD, transaction, audience=audience, clock=clock, lifetime=lifetime, subject=subject)
    return Challenge(challenge.keep(stores, issued), issued.facts.expires)


def verify(
    fields: Iterable[tuple[str, str]],
    challenge_id: str,
    *,
    only_the_proxy_reaches_us: bool,
    trust: TrustStore,
    stores: Stores,
    attest: SigningKey | None = None,
    sources: Sources | None = None,
    policy: Policy = ETSI_BASELINE,
    audience: str | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Authentication:
    """The Authentication of the client certificate's holder, or AuthenticationError.

    ``fields`` are *all* header fields of the request, repeated ones too.  ``only_the_proxy_reaches_us`` is your word
    that nobody else can send them (mutual TLS to the proxy, a Unix socket) and that the proxy removes what clients
    send under these names; without it nothing is accepted.
    """
    wanted = Wanted(METHOD, "confirm", audience, shape.moment(clock.now(), "clock"))
    hop = _Hop(fields, only_the_proxy_reaches_us)
    issued, shown = _judged(hop, challenge_id, wanted, stores, Inquiry(trust, sources, policy, transport))
    return presenting.authentication(issued, shown, wanted.now, attest)


def log_in(
    fields: Iterable[tuple[str, str]],
    challenge_id: str,
    *,
    only_the_proxy_reaches_us: bool,
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
    hop = _Hop(fields, only_the_proxy_reaches_us)
    issued, shown = _judged(hop, challenge_id, wanted, stores, Inquiry(trust, sources, policy, transport))
    return presenting.login(issued, shown, wanted.now)


class _Hop(NamedTuple):
    """What came over the hop from the proxy, and the caller's word about it."""

    fields: Iterable[tuple[str, str]]
    only_the_proxy: bool


def _judged(hop: _Hop, challenge_id: str, wanted: Wanted, stores: Stores, given: Inquiry) -> tuple[Issued, Presented]:
    try:
        # 1.
        presenting.demanded(hop.only_the_proxy is True, "hop")
        # 2.
        issued = presenting.taken(stores, challenge_id, wanted)
        # 3.
        certificate, issuers = _forwarded(hop.fields)
        # 4.
        kept = certified.accepted(certificate, issuers, given, wanted.now)
        # 5.
        person = presenting.same_person(issued, certified.person(kept))
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None
    return issued, Presented(
        person,
        certified.factors(METHOD, kept),
        certified.worth(METHOD, kept),
        "attested",
        (MEDIA_TYPE, _FORM.to_bytes(kept, {"challenge_value": issued.value.hex(), "salt": _salt()})),
        _CHECKS,
        _WARNINGS,
    )


def recheck(
    authentication: Authentication,
    trust: TrustStore,
    providers: Sequence[object] = (),  # noqa: ARG001 - the same call for every way; the anchors are what counts here
    *,
    signed_at: datetime | None = None,  # noqa: ARG001 - the certificate was judged at the login, not at the signature
    newer: Newer | None = None,
) -> Recheck:
    """That the record speaks of this challenge and its certificate was good then; who came is the service's word."""
    return kept_certificate.recheck(authentication, trust, _FORM, newer)


def _answers(authentication: Authentication, _kept: Kept, said: dict[str, Any]) -> bool:
    shape.digest(said["salt"], "salt")
    return bool(said["challenge_value"] == authentication.challenge_value.hex())


def _salt() -> str:
    """What makes the proof one that nobody can guess who has the certificate: no signature of its key is in it."""
    return secrets.token_bytes(rechecked.SALT).hex()


_FORM = kept_certificate.Form(METHOD, MEDIA_TYPE, "attested", ("challenge_value", "salt"), _answers)


def _forwarded(fields: Iterable[tuple[str, str]]) -> tuple[bytes, tuple[bytes, ...]]:
    """The plan's 3."""
    found: dict[str, list[str]] = {"client-cert": [], "client-cert-chain": []}
    for name, value in fields:
        # Some servers take "_" for "-": such a name is a client's copy in disguise.
        spelt = name.lower().replace("_", "-")
        if spelt in found:
            found[spelt].append(value if name.lower() == spelt else "")
    chains = found["client-cert-chain"]
    if len(found["client-cert"]) != 1 or len(chains) > 1:
        raise NotAccepted("client-cert")
    issuers = tuple(_sequence(item) for item in chains[0].split(",")) if chains else ()
    if len(issuers) > certified.MAX_ISSUERS:
        raise NotAccepted("client-cert")
    return _sequence(found["client-cert"][0]), issuers


def _sequence(text: str) -> bytes:
    """A byte sequence: base64 between colons."""
    item = text.strip(" \t")
    if len(item) > MAX_FIELD or len(item) < 2 or item[0] != ":" or item[-1] != ":":
        raise NotAccepted("client-cert")
    try:
        return shape.base64_bytes(item[1:-1], "Client-Cert")
    except EidkitError as error:
        raise NotAccepted("client-cert") from error
