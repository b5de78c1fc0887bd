"""One-time codes from an authenticator app (TOTP, RFC 6238): enrol, begin, verify, recheck.

A code confirms; it is never a signature, and later it is worth the service's attestation (proof class
*attested*).  The plan's 1, 2 and 7, which all codes share, are in :mod:`eidkit.auth.answering`; here are

3. the code is exactly the right number of ASCII digits;
4. the secret is opened; candidates are the expected step and one on either side (RFC 6238 §5.2, §6);
5. every candidate is compared in constant time, without an early exit;
6. the step must be later than any accepted before, set in the same atomic piece of work (RFC 6238 §5.2), and
   the drift is remembered with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eidkit.auth import answering, assurance, challenge, enrolling, kept_code, limits
from eidkit.auth.codes import MAX_DRIFT, PERIOD, WINDOW, Seed, candidates, step_at
from eidkit.auth.hidden import Hidden
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.errors import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from eidkit.auth.challenge import Challenge, Issued
    from eidkit.auth.login import Login
    from eidkit.auth.rechecked import Recheck
    from eidkit.auth.stores import Stores, Unit
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import Clock
    from eidkit.identity import Identity
    from eidkit.key import SigningKey
    from eidkit.trust.store import TrustStore

__all__ = ["Totp", "begin", "confirm", "enrol", "log_in", "recheck", "unlock", "verify", "withdraw"]

METHOD = "totp"


class Totp(enrolling.Enrolment):
    """A new authenticator app of a person: show ``uri`` (or ``svg()``) once, as a QR code; it holds the secret."""

    __slots__ = ()


def enrol(
    identity: Identity,
    *,
    issuer: str,
    stores: Stores,
    digits: int = 6,
    algorithm: str = "sha1",
    secret: bytes | None = None,
    replace: bool = False,
) -> Totp:
    """A new authenticator of ``identity``; its ``uri`` is what the app scans.

    Make sure beforehand that the person in front of you *is* ``identity``: whoever scans the code will be.
    ``secret`` imports the seed of a device (at least 16 bytes); a seed that was ever used here is refused.
    ``replace`` must be spelled out where the person has an authenticator already; their lock stays.
    """
    seed = Seed.fresh(digits, algorithm) if secret is None else Seed.of(secret, digits, algorithm)
    name = _WAY.name(stores, identity)
    uri = seed.uri(identity.name or identity.masked, shape.text(issuer, "issuer", limit=64))
    with stores.unit() as unit:
        label = enrolling.laid(unit, stores, name, seed.secret, seed.packed(), replace=replace)
    return Totp(label, Hidden(uri))


def withdraw(identity: Identity, *, stores: Stores) -> bool:
    """Forget the authenticator of ``identity``; false when there was none."""
    with stores.unit() as unit:
        return unit.delete_secret(_WAY.name(stores, identity))


def unlock(identity: Identity, *, stores: Stores) -> None:
    """Start the count of failures anew, for a person whom an operator has identified in another way."""
    with stores.unit() as unit:
        limits.forgiven(unit, _WAY.name(stores, identity))


def begin(
    identity: Identity,
    transaction: Transaction | None = None,
    *,
    audience: str,
    stores: Stores,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge for ``identity`` to confirm ``transaction``; put its ``id`` into the session.

    Without a ``transaction`` it is for a log-in: answer it with :func:`log_in`, and it approves nothing.  Nothing
    tells here whether the person has an authenticator, so that nobody can ask for it by trying.
    """
    return answering.begin(
        METHOD, identity, transaction, audience=audience, stores=stores, lifetime=lifetime, clock=clock
    )


def verify(
    code: str,
    challenge_id: str,
    *,
    stores: Stores,
    attest: SigningKey | None = None,
    source: str | None = None,
    audience: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Authentication:
    """The Authentication of the person for whom the challenge was issued, or AuthenticationError.

    ``source`` (such as a network address) has a budget of failures of its own.  ``audience`` is compared when
    given.  Without ``attest`` the Authentication cannot be bound to a signature; when that key fails, the code
    is used all the same.  A second use of the same code raises, and so does a store that fails (StoreError).
    """
    asked = answering.Asked(source, audience, clock.now())
    return answering.verify(_WAY, code, challenge_id, asked, stores=stores, attest=attest)


def log_in(
    code: str,
    challenge_id: str,
    *,
    stores: Stores,
    source: str | None = None,
    audience: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Login:
    """The Login of the person for whom a challenge without a Transaction was issued, or AuthenticationError.

    As :func:`verify`, for a session: a Login approves nothing.
    """
    asked = answering.Asked(source, audience, clock.now())
    return answering.log_in(_WAY, code, challenge_id, asked, stores=stores)


def confirm(identity: Identity, code: str, *, stores: Stores, clock: Clock = SYSTEM_CLOCK) -> None:
    """Check that the authenticator of ``identity`` gives right codes, as the last step of an enrolment.

    The plan's 2 to 7 without a challenge: the attempt is counted and the code is used up.  Nothing is approved by
    it and it leaves nothing to prove; that is :func:`begin` and :func:`verify`.  Raises AuthenticationError.
    """
    now = clock.now()

    def right(unit: Unit, name: str) -> bool:
        return _accepted(unit, stores, name, code, int(now.timestamp())) is not None

    answering.tried(_WAY, identity, code, right, stores=stores, now=now)


def _accepted(unit: Unit, stores: Stores, name: str, code: str, moment: int) -> int | None:
    """The time step that ``code`` is accepted for at Unix time ``moment``, or ``None`` (the plan's 3 to 6).

    ``name`` is where the secret lies.  The step is used up when the unit is kept.
    """
    # 4. before 3., so that a malformed code takes the same way as a wrong one.
    kept = stores.secret(unit, name)
    if kept is None:
        _spend(code)
        return None
    label, seed = kept[0], Seed.unpacked(kept[1])
    # 3.
    right = seed.well_formed(code)
    used = unit.counter(f"{name}:{label}")
    now = step_at(moment)
    # 5.
    step = seed.matching(code if right else "0" * seed.digits, candidates(now, used.drift if used else 0))
    if step is None or not right:
        return None
    # 6.
    drift = max(-MAX_DRIFT, min(MAX_DRIFT, step - now))
    return step if unit.advance(f"{name}:{label}", step, drift) else None


def _judge(unit: Unit, stores: Stores, known: Issued, code: str, moment: int) -> answering.Accepted | None:
    if known.subject is None:
        return None
    step = _accepted(unit, stores, _WAY.name(stores, known.subject), code, moment)
    return None if step is None else answering.Accepted({"time_step": step}, assurance.factors(METHOD))


def _spend(code: str) -> None:
    """Do what a wrong code costs, so that the time taken does not tell who exists or who is locked."""
    right = _DUMMY.well_formed(code)
    _DUMMY.matching(code if right else "000000", range(3))


_DUMMY = Seed.of(bytes(20))
_WAY = answering.Way(
    METHOD,
    _judge,
    _spend,
    (*answering.COMMON_CHECKS, ("code", "RFC 6238 §5.2"), ("step-increasing", "RFC 6238 §5.2")),
)


def recheck(
    authentication: Authentication,
    trust: TrustStore,  # noqa: ARG001 - the same call for every way; a code has no certificate
    providers: Sequence[object] = (),  # noqa: ARG001 - nor a provider
    *,
    signed_at: datetime | None = None,  # noqa: ARG001 - nor a key that ends
) -> Recheck:
    """What the kept record still proves: that it speaks of this challenge, at this time, and was accepted.

    No more than the service's word stands behind it, so the assurance is that of our table.
    """
    return kept_code.recheck(authentication, METHOD, ("time_step",), _disagreements)


def _disagreements(authentication: Authentication, proof: dict[str, Any]) -> list[Text]:
    step = shape.whole(proof["time_step"], "time_step")
    if abs(step - step_at(authentication.authenticated_at.timestamp())) <= MAX_DRIFT + WINDOW:
        return []
    seconds = (MAX_DRIFT + WINDOW) * PERIOD
    return [
        Text(
            f"the proof's time step is not within {seconds} seconds of the login",
            f"bước thời gian của bằng chứng lệch quá {seconds} giây so với lúc đăng nhập",
        )
    ]
