"""Identity links: a provider's subject and a certificate's identifier are one person, because both were shown together.

Two roads to one statement; each checks both proofs *now*:

- :func:`join`: two Authentications over one Transaction, such as a login at a provider and one by certificate;
- :func:`begin` and :func:`verify`: an Authentication, and then the key of the person's certificate signs a challenge
  that names that very Authentication.  Also for certificates that are for signing documents and not for logging in.

1. each Authentication is disclosed, was attested by the very key that signs the link, and its proof holds again, with
   the verifier's own pins and anchors (:func:`eidkit.auth.recheck`);
2. both are of one Transaction (in the second form: the challenge is over the digest of the Authentication), and at most
   15 minutes apart from each other and from now;
3. the certificate is good now, for signing or for logging in, with its status, and names a person;
4. the two identifiers are of different schemes: unequal ones of one scheme are two persons, equal ones need no link;
5. the service's key signs commitments to the two, and the statement is time-stamped where ``tsa`` is given.

Who runs the service could still sign a link without all this: a link is worth the attester's word, and reports say so.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from eidkit import canonical
from eidkit.asn1 import certificate as certificates
from eidkit.auth import certified, challenge, origin, presenting, rechecking, x509
from eidkit.auth.certified import Inquiry
from eidkit.auth.challenge import Challenge, Wanted
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.refusal import refused
from eidkit.binding import requiring, shape
from eidkit.binding.attestation import Attestation
from eidkit.binding.identity_link import APART, IdentityLink, LinkClaims, Opening, Shown
from eidkit.clock import SYSTEM_CLOCK
from eidkit.errors import AuthenticationError, Text
from eidkit.identity import Identity
from eidkit.policy import ETSI_BASELINE, SKEW, Policy
from eidkit.timestamps.authority import first_token

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from eidkit.auth.stores import Stores
    from eidkit.binding.authentication import Authentication
    from eidkit.clock import Clock
    from eidkit.key import SigningKey
    from eidkit.timestamps.authority import TimestampAuthority
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore

__all__ = ["IdentityLink", "begin", "join", "verify"]

METHOD = "identity-link"
_TAG = "eidkit-link-possession-1"


def join(
    first: Authentication,
    second: Authentication,
    *,
    trust: TrustStore,
    attest: SigningKey,
    providers: Sequence[object] = (),
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...] = (),
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> IdentityLink:
    """The link of the two persons named by two Authentications that were made together; AuthenticationError otherwise.

    ``trust`` and ``providers`` are what both are checked again with; ``attest`` is the service's attestation key.
    Give ``tsa``: without a timestamp the link is worth nothing once the certificate of ``attest`` has ended.
    """
    now = shape.moment(clock.now(), "clock")
    if first.transaction.digest != second.transaction.digest:
        raise _refused("the two logins are of different transactions", "hai lần đăng nhập thuộc hai giao dịch")
    opened = tuple(_opened(one, trust, providers, attest, now) for one in (first, second))
    shown = tuple(Shown(one.method, one.digest, one.authenticated_at) for one in (first, second))
    return _signed((opened[0], opened[1]), (shown[0], shown[1]), now, attest, tsa, transport, clock)


def begin(
    authentication: Authentication,
    *,
    audience: str,
    stores: Stores,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge whose ``question`` goes to the program that holds the certificate's key; ``id`` into the session.

    ``authentication`` is what the person has just shown; ``audience`` is the origin at which they answer.  The program
    answers as it does for :func:`eidkit.auth.x509.respond`.
    """
    issued = challenge.new(
        METHOD,
        None,
        audience=origin.check(audience),
        clock=clock,
        lifetime=lifetime,
        private={"authentication": authentication.digest},
    )
    name = challenge.keep(stores, issued)
    return Challenge(
        name, issued.facts.expires, question=shape.base64url(_question(authentication, issued.facts.nonce))
    )


def verify(
    answer: str,
    challenge_id: str,
    authentication: Authentication,
    *,
    trust: TrustStore,
    stores: Stores,
    attest: SigningKey,
    providers: Sequence[object] = (),
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...] = (),
    sources: Sources | None = None,
    policy: Policy = ETSI_BASELINE,
    audience: str | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> IdentityLink:
    """The link of the person in ``authentication`` with the holder of the certificate that answered.

    ``trust`` has anchors of kind *signing* or *login* for the certificate; ``sources`` are where its status may come
    from.  Raises AuthenticationError, one for all reasons; whatever is raised, the challenge is used.
    """
    now = shape.moment(clock.now(), "clock")
    wanted, given = Wanted(METHOD, "log-in", audience, now), Inquiry(trust, sources, policy, transport)
    holder = _holder(answer, challenge_id, authentication, stores, given, wanted)
    opened = (_opened(authentication, trust, providers, attest, now), Opening(holder, secrets.token_bytes(32)))
    shown = (
        Shown(authentication.method, authentication.digest, authentication.authenticated_at),
        Shown("certificate", hashlib.sha256(answer.encode("utf-8")).hexdigest(), now),
    )
    return _signed(opened, shown, now, attest, tsa, transport, clock)


def _question(authentication: Authentication, nonce: str) -> bytes:
    """32 bytes that stand for this Authentication and this challenge, and for no Transaction and no log-in."""
    about = {"authentication": authentication.digest, "nonce": nonce}
    return bytes.fromhex(canonical.digest(_TAG, about))


def _holder(
    answer: str, challenge_id: str, authentication: Authentication, stores: Stores, given: Inquiry, wanted: Wanted
) -> Identity:
    """3. The person whose certificate's key answered; one error for all reasons."""
    try:
        issued = presenting.taken(stores, challenge_id, wanted)
        presenting.demanded(issued.private.get("authentication") == authentication.digest, "authentication")
        said = x509.Answer.of(answer)
        value = _question(authentication, issued.facts.nonce)
        presenting.demanded(said.holds(issued.facts.audience, value), "signature")
        return presenting.named(certified.person(_good(said, given, wanted.now)))
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None


def _good(said: x509.Answer, given: Inquiry, at: datetime) -> certified.Kept:
    """The certificate good for signing; where it is not for that, good for logging in."""
    try:
        return certified.accepted(said.kept.certificate, said.kept.issuers, given._replace(purpose="signing"), at)
    except NotAccepted:
        return certified.accepted(said.kept.certificate, said.kept.issuers, given, at)


def _opened(
    authentication: Authentication, trust: TrustStore, providers: Sequence[object], attest: SigningKey, now: datetime
) -> Opening:
    """1. and 2."""
    identity = authentication.identity
    if identity is None or not authentication.disclosure_holds():
        raise _refused("a login does not show whose it is", "một lần đăng nhập không cho biết của ai")
    for why in requiring.unbound(authentication):
        raise _refused(f"a login cannot be relied on: {why.en}", f"không thể tin lần đăng nhập: {why.vi}")
    if not _ours(authentication, attest):
        raise _refused("a login was attested by another service", "đăng nhập do đơn vị khác chứng nhận")
    if not -SKEW <= now - authentication.authenticated_at <= APART:
        raise _refused("a login is too old: show both together", "lần đăng nhập đã cũ: hãy trình cả hai cùng lúc")
    result = rechecking.recheck(authentication, trust, providers)
    for found in result.findings:
        if found.severity == "error":
            raise _refused(f"a login does not hold: {found.message.en}", f"đăng nhập không hợp lệ: {found.message.vi}")
    return Opening(Identity(identity.scheme, identity.identifier), secrets.token_bytes(32))


def _ours(authentication: Authentication, attest: SigningKey) -> bool:
    """Whether the very key that will sign the link attested the login: anybody can make a key and attest a code."""
    certificate = certificates.of(attest.certificate)
    return certificates.parse(Attestation.read(authentication.attestation or "").certificate).spki == certificate.spki


def _signed(
    opened: tuple[Opening, Opening],
    shown: tuple[Shown, Shown],
    now: datetime,
    attest: SigningKey,
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...],
    transport: Transport | None,
    clock: Clock,
) -> IdentityLink:
    """4. and 5."""
    if opened[0].identity.scheme == opened[1].identity.scheme:
        raise _refused(
            "both name the person in one scheme: equal ones need no link, unequal ones are two persons",
            "cả hai dùng cùng một loại định danh: trùng nhau thì không cần liên kết, khác nhau là hai người",
        )
    since = max(now, *(one.at for one in shown))
    claims = LinkClaims((opened[0].commitment, opened[1].commitment), shown, since, since)
    link = IdentityLink.made(claims, opened, attest)
    if not tsa:
        return link
    token = first_token(tsa, link.stamped, transport=transport, clock=clock)
    return IdentityLink(link.jws, claims, token, opened)


def _refused(en: str, vi: str) -> AuthenticationError:
    return AuthenticationError(
        "identity-link-refused",
        Text(en, vi),
        Text(
            "let one person show both at once, in one transaction", "để một người trình cả hai trong cùng một giao dịch"
        ),
        kind="person",
    )
