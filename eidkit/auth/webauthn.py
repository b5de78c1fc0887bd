"""Passkeys (WebAuthn Level 3): enrol one, then log in or approve with it in a browser (proof class *transferable*).

The authenticator signs over the origin of the page and the challenge value, which comes from the Transaction.  Its key
is nobody's until :func:`register` enrols it for a person whom the service has identified in another way.

The plan of :func:`verify` (WebAuthn §7.2), in one unit of the stores with one commit:

1. the challenge is taken, whatever comes after; it is of this way, party and purpose, in its time, for this audience;
2. the answer is strict JSON within its bounds; everything that only the browser says in it is left aside;
3. the credential is known here, in force, and of the person whom the challenge was issued for; the user handle is the
   one that its authenticator was given, and must be there where nobody was named;
4. the client data is of an assertion for this challenge value, at this very origin, in no frame that is not allowed;
5. the authenticator data is for this party; the user was present, and verified unless a log-in did without;
6. whether the key may be copied is what it was at the enrolment, and all that the party demands holds;
7. the signature holds under the key and the one algorithm that were enrolled;
8. the signature counter has grown, where there is one: otherwise there may be a second authenticator.

Registration (§7.1) goes the same way; what the authenticator says of itself is judged by
:mod:`eidkit.auth.webauthn_attestation`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from eidkit import canonical
from eidkit.auth import challenge, presenting, webauthn_kept
from eidkit.auth.challenge import Challenge, Wanted
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.presenting import Presented, demanded
from eidkit.auth.refusal import refused
from eidkit.auth.webauthn_account import Accounts, Held
from eidkit.auth.webauthn_attestation import Makers
from eidkit.auth.webauthn_ceremony import Assertion, Registration
from eidkit.auth.webauthn_data import AuthenticatorData, Ceremony
from eidkit.auth.webauthn_kept import recheck
from eidkit.auth.webauthn_key import ALGORITHMS
from eidkit.auth.webauthn_party import Credential, RelyingParty
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta

    from cryptography import x509

    from eidkit.auth.challenge import Issued
    from eidkit.auth.login import Login
    from eidkit.auth.stores import Stores, Unit
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import Clock
    from eidkit.identity import Identity
    from eidkit.key import SigningKey

__all__ = [
    "AuthenticatorData", "Credential", "RelyingParty", "begin", "check_assertion", "check_registration", "credentials",
    "forget", "log_in", "recheck", "register", "register_begin", "verify", "withdraw",
]  # fmt: skip

METHOD = webauthn_kept.METHOD
T = TypeVar("T")
_ENROLMENT = "webauthn-enrolment"
"""Challenges of an enrolment are of a way of their own, so that no log-in is ever taken for one."""
SYNCED = "the key may be copied to other devices of its holder"
_CHECKS = (
    ("challenge", "binding.md §3"),
    ("origin", "WebAuthn §7.2 step 13"),
    ("relying-party", "WebAuthn §7.2 step 15"),
    ("user-verification", "WebAuthn §7.2 step 17"),
    ("signature", "WebAuthn §7.2 step 21"),
    ("counter", "WebAuthn §7.2 step 22"),
)


def register_begin(
    party: RelyingParty,
    identity: Identity,
    *,
    audience: str,
    stores: Stores,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge whose ``question`` is the JSON for ``navigator.credentials.create``; its ``id`` into the session.

    Make sure beforehand that the person in front of you *is* ``identity``: whoever answers will be.  ``audience`` is
    the origin of the page, one of the party's.
    """
    accounts = Accounts(party, stores)
    with stores.unit() as unit:
        held = accounts.of(unit, identity)
        handle = accounts.handle(unit, identity)
    private = {"handle": handle, "party": party.id}
    issued = challenge.new(
        _ENROLMENT,
        None,
        audience=shape.one_of(audience, party.origins, "audience"),
        clock=clock,
        lifetime=lifetime,
        subject=identity,
        private=private,
    )
    shown = identity.name or identity.masked
    asked = {
        "attestation": "none" if party.attestation == "none" else "direct",
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "challenge": shape.base64url(issued.value),
        "excludeCredentials": _descriptors(held),
        "pubKeyCredParams": [{"alg": ALGORITHMS[name].number, "type": "public-key"} for name in party.algorithms],
        "rp": {"id": party.id, "name": party.name},
        "timeout": _milliseconds(issued),
        "user": {"displayName": shown, "id": handle, "name": shown},
    }
    return _asking(issued, asked, stores)


def register(
    answer: str,
    challenge_id: str,
    *,
    party: RelyingParty,
    stores: Stores,
    makers: Sequence[x509.Certificate | bytes] = (),
    clock: Clock = SYSTEM_CLOCK,
) -> Credential:
    """The new credential of the person for whom the enrolment was begun, kept in the stores; or AuthenticationError.

    ``answer`` is the JSON of what ``navigator.credentials.create`` gave (``toJSON()``).  ``makers`` are roots of
    makers of authenticators; the party may demand that an attestation leads to one.  Whatever is raised, the challenge
    is used.
    """
    now = shape.moment(clock.now(), "clock")
    return _in_a_unit(stores, lambda unit: _registered(unit, answer, challenge_id, party, stores, Makers(makers, now)))


def credentials(identity: Identity, *, party: RelyingParty, stores: Stores) -> tuple[Credential, ...]:
    """The passkeys of ``identity``, those withdrawn among them; ``party.with_credentials(…)`` pins them in a file."""
    with stores.unit() as unit:
        return tuple(one.credential for one in Accounts(party, stores).of(unit, identity))


def withdraw(credential_id: str, *, party: RelyingParty, stores: Stores, clock: Clock = SYSTEM_CLOCK) -> bool:
    """End a passkey that was lost or is not wanted any more; false when there is none in force with this id.

    What it proved before stays provable: give verifiers the pin with its end.
    """
    now = shape.moment(clock.now(), "clock")
    accounts = Accounts(party, stores)
    with stores.unit() as unit:
        try:
            credential = accounts.holding(unit, credential_id).credential
        except NotAccepted:
            return False
        if credential.valid_until is not None:
            return False
        accounts.change(unit, replace(credential, valid_until=max(now, credential.valid_from)))
        return True


def forget(identity: Identity, *, party: RelyingParty, stores: Stores) -> bool:
    """Forget every passkey of ``identity`` and whose they were; false when there was none.

    Logins that were made with them are provable only with pins that were written before.
    """
    with stores.unit() as unit:
        return Accounts(party, stores).forget(unit, identity)


def begin(
    party: RelyingParty,
    transaction: Transaction | None = None,
    *,
    audience: str,
    stores: Stores,
    subject: Identity | None = None,
    user_verification: bool = True,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge whose ``question`` is the JSON for ``navigator.credentials.get``; its ``id`` only into the session.

    ``audience`` is the origin of the page, one of the party's; the authenticator signs it.  ``subject`` names the
    person who has to answer; without it any enrolled person may, with a key that their authenticator finds by itself.
    Where ``subject`` has none, one that nobody has is asked for, so that the page does not tell.  Without a
    ``transaction`` it is for a log-in: answer it with :func:`log_in`; only then ``user_verification=False`` may do with
    a touch, which is one factor.
    """
    if transaction is not None and not user_verification:
        shape.refuse("user-verification", "an approval verifies its user", "phê duyệt phải xác minh người dùng")
    private = {"party": party.id, "verified": "yes" if user_verification else "no"}
    issued = challenge.new(
        METHOD,
        transaction,
        audience=shape.one_of(audience, party.origins, "audience"),
        clock=clock,
        lifetime=lifetime,
        subject=subject,
        private=private,
    )
    asked = {
        "allowCredentials": [] if subject is None else _allowed(party, stores, subject),
        "challenge": shape.base64url(issued.value),
        "rpId": party.id,
        "timeout": _milliseconds(issued),
        "userVerification": "required" if user_verification else "preferred",
    }
    return _asking(issued, asked, stores)


def verify(
    answer: str,
    challenge_id: str,
    *,
    party: RelyingParty,
    stores: Stores,
    attest: SigningKey | None = None,
    audience: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Authentication:
    """The Authentication of the passkey's holder, or AuthenticationError.

    ``answer`` is the JSON of what ``navigator.credentials.get`` gave (``toJSON()``); ``challenge_id`` comes from the
    session of *this* browser.  Whatever is raised, the challenge is used.  Pin the credential for later verifiers
    (:func:`credentials`): without it nobody can recheck the proof.
    """
    wanted = Wanted(METHOD, "confirm", audience, shape.moment(clock.now(), "clock"))
    issued, shown = _judged(answer, challenge_id, wanted, party, stores)
    return presenting.authentication(issued, shown, wanted.now, attest)


def log_in(
    answer: str,
    challenge_id: str,
    *,
    party: RelyingParty,
    stores: Stores,
    audience: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Login:
    """As :func:`verify`, for a session and a challenge without a Transaction; a Login approves nothing."""
    wanted = Wanted(METHOD, "log-in", audience, shape.moment(clock.now(), "clock"))
    issued, shown = _judged(answer, challenge_id, wanted, party, stores)
    return presenting.login(issued, shown, wanted.now)


def check_registration(
    answer: str,
    party: RelyingParty,
    identity: Identity,
    *,
    challenge: bytes,
    origin: str,
    at: datetime,
    makers: Sequence[x509.Certificate | bytes] = (),
    user_verification: bool = True,
) -> Credential:
    """The credential in a registration for this ``challenge``, judged without stores; or AuthenticationError.

    For what was registered elsewhere; it does not see whether the id is somebody's already.
    """
    ceremony = Ceremony("webauthn.create", challenge, origin, party)
    makers_at = Makers(makers, shape.moment(at, "at"))
    try:
        return Registration.of(answer).check(identity, ceremony, makers_at, verified=user_verification)[0]
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None


def check_assertion(
    answer: str,
    party: RelyingParty,
    credential: Credential,
    *,
    challenge: bytes,
    origin: str,
    user_verification: bool = True,
) -> AuthenticatorData:
    """What the authenticator said in an answer to this ``challenge``, judged without stores; or AuthenticationError.

    Neither that the challenge is used once nor the counter is seen to here; :func:`verify` does.
    """
    try:
        said = Assertion.of(answer)
        demanded(said.credential_id == credential.id, "credential-unknown")
        return said.check(credential, Ceremony("webauthn.get", challenge, origin, party), verified=user_verification)
    except NotAccepted as error:
        raise refused(METHOD, error.reason) from None


# ------------------------------------------------------------------------------------------------- what is asked
def _asking(issued: Issued, asked: dict[str, Any], stores: Stores) -> Challenge:
    kept = challenge.keep(stores, issued)
    return Challenge(kept, issued.facts.expires, question=canonical.dumps(asked).decode("utf-8"))


def _allowed(party: RelyingParty, stores: Stores, subject: Identity) -> list[dict[str, Any]]:
    """The passkeys of ``subject`` that were not withdrawn; where there is none, one that nobody has."""
    accounts = Accounts(party, stores)
    with stores.unit() as unit:
        held = accounts.of(unit, subject)
    found = _descriptors(held)
    return found or [{"id": accounts.decoy(subject), "transports": ["hybrid", "internal"], "type": "public-key"}]


def _descriptors(held: Iterable[Held]) -> list[dict[str, Any]]:
    found = (one.credential for one in held if one.credential.valid_until is None)
    return [{"id": one.id, "transports": list(one.transports), "type": "public-key"} for one in found]


def _milliseconds(issued: Issued) -> int:
    return int((issued.facts.expires - issued.facts.issued).total_seconds() * 1000)


# ----------------------------------------------------------------------------------------------- what is answered
def _in_a_unit(stores: Stores, judge: Callable[[Unit], T]) -> T:
    """What ``judge`` gives in one unit of the stores, or AuthenticationError."""
    with stores.unit() as unit:
        try:
            return judge(unit)
        except NotAccepted as error:
            # The unit ends well: the challenge is used, and nothing else was written.
            reason = error.reason
    raise refused(METHOD, reason)


def _registered(
    unit: Unit, answer: str, challenge_id: str, party: RelyingParty, stores: Stores, makers: Makers
) -> Credential:
    issued = presenting.taken(stores, challenge_id, Wanted(_ENROLMENT, "log-in", None, makers.at), unit)
    demanded(issued.private["party"] == party.id, "other-party")
    ceremony = Ceremony("webauthn.create", issued.value, issued.facts.audience, party)
    person = presenting.named(issued.subject)
    made, said = Registration.of(answer).check(person, ceremony, makers, verified=True)
    Accounts(party, stores).add(unit, Held(made, issued.private["handle"]), said.counter)
    return made


def _judged(
    answer: str, challenge_id: str, wanted: Wanted, party: RelyingParty, stores: Stores
) -> tuple[Issued, Presented]:
    return _in_a_unit(stores, lambda unit: _answered(unit, answer, challenge_id, wanted, party, stores))


def _answered(
    unit: Unit, answer: str, challenge_id: str, wanted: Wanted, party: RelyingParty, stores: Stores
) -> tuple[Issued, Presented]:
    # 1.
    issued = presenting.taken(stores, challenge_id, wanted, unit)
    demanded(issued.private["party"] == party.id, "other-party")
    # 2.
    given = Assertion.of(answer)
    # 3.
    accounts = Accounts(party, stores)
    held = accounts.holding(unit, given.credential_id)
    credential = held.credential
    # What was withdrawn stays so, whatever the clock says; one that began later could never be rechecked.
    demanded(credential.valid_until is None, "credential-withdrawn")
    demanded(credential.in_force(wanted.now), "credential-time")
    person = presenting.same_person(issued, credential.identity)
    demanded(given.handle == held.handle or (given.handle is None and issued.subject is not None), "user-handle")
    # 4. to 7.
    ceremony = Ceremony("webauthn.get", issued.value, issued.facts.audience, party)
    said = given.check(credential, ceremony, verified=issued.private["verified"] == "yes")
    # 8.
    accounts.count(unit, credential.id, said.counter)
    if said.backed_up != credential.backed_up:
        accounts.change(unit, replace(credential, backed_up=said.backed_up))
    return issued, _shown(person, given, said)


def _shown(person: Identity, answer: Assertion, said: AuthenticatorData) -> Presented:
    return Presented(
        person,
        webauthn_kept.factors(said),
        webauthn_kept.worth(said),
        "transferable",
        (webauthn_kept.MEDIA_TYPE, webauthn_kept.to_bytes(answer)),
        _CHECKS,
        (SYNCED,) if said.backup_eligible else (),
    )
