"""One-time codes from an authenticator app (TOTP, RFC 6238): enrol, begin, verify, recheck.

A code confirms; it is never a signature, and later it is worth the service's attestation (proof class
*attested*).  The verification plan, each number at its place in the code:

1. the challenge is known, of this way, in its time and for this audience (binding.md §3);
2. the attempt is counted, for the source and for the person, before anything is compared (RFC 4226 §7.3);
3. the code is exactly the right number of ASCII digits;
4. the secret is opened; candidates are the expected step and one on either side (RFC 6238 §5.2, §6);
5. every candidate is compared in constant time, without an early exit;
6. the step must be later than any accepted before, set in the same atomic piece of work (RFC 6238 §5.2);
7. the challenge is taken, the person's counter starts anew, the drift is remembered.

A wrong code does not consume the challenge: it may be answered again until it expires, after the wait that the
limiter demands, until the person's authenticator is locked.  All of 1 to 7 is one unit of the stores with one
commit, also when the answer is refused: a counted attempt stays counted.  Every refusal has the same text.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from eidkit import canonical
from eidkit.auth import assurance, challenge, limits, making, rechecked
from eidkit.auth.codes import MAX_DRIFT, PERIOD, WINDOW, Seed, candidates, step_at
from eidkit.auth.refusal import refused
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from eidkit.auth.challenge import Challenge, Issued
    from eidkit.auth.oidc import Provider
    from eidkit.auth.rechecked import Recheck
    from eidkit.auth.stores import Stores, Unit
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import Clock
    from eidkit.identity import Identity
    from eidkit.key import SigningKey
    from eidkit.trust.store import TrustStore

METHOD = "totp"
MEDIA_TYPE = "application/vnd.eidkit.otp+json"
_CHECKS = (
    ("challenge", "binding.md §3"),
    ("attempts", "RFC 4226 §7.3"),
    ("code", "RFC 6238 §5.2"),
    ("step-increasing", "RFC 6238 §5.2"),
)
_FOREVER = 2**52


@dataclass(frozen=True, slots=True)
class Totp:
    """A new authenticator: show ``uri`` once, as a QR code, to the person it is for; it holds the secret.

    ``repr`` hides it and pickling is refused.  Threads may share it.
    """

    authenticator: str
    uri: str = field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise EidkitError(
            "secret-not-portable",
            Text("an authenticator's secret is not pickled", "không thể pickle mã bí mật"),
            Text("show the QR code once and forget it", "chỉ hiển thị mã QR một lần"),
        )


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
    seed = Seed.fresh(digits, algorithm) if secret is None else Seed(secret, digits, algorithm)
    name = _name(stores, identity)
    label = hashlib.sha256(name.encode() + seed.secret).hexdigest()[:16]
    account = identity.name or identity.masked
    uri = seed.uri(account, shape.text(issuer, "issuer", limit=64))
    with stores.unit() as unit:
        if unit.secret(name) is not None and not replace:
            raise _not_enrolled(
                "this person has an authenticator already",
                "người này đã có thiết bị xác thực",
                "pass replace=True (--replace) after checking who asks",
            )
        if not unit.add_if_absent(f"totp-seed:{stores.digest('seed', seed.secret.hex())}", _FOREVER, 0):
            raise _not_enrolled(
                "this secret was enrolled before",
                "mã bí mật này đã được dùng",
                "use a new secret for each person and device",
            )
        stores.put_secret(unit, name, label, seed.packed())
    return Totp(label, uri)


def withdraw(identity: Identity, *, stores: Stores) -> bool:
    """Forget the authenticator of ``identity``; false when there was none."""
    with stores.unit() as unit:
        return unit.delete_secret(_name(stores, identity))


def unlock(identity: Identity, *, stores: Stores) -> None:
    """Start the count of failures anew, for a person whom an operator has identified in another way."""
    with stores.unit() as unit:
        limits.forgiven(unit, _name(stores, identity))


def begin(
    identity: Identity,
    transaction: Transaction,
    *,
    audience: str,
    stores: Stores,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge for ``identity`` to confirm ``transaction``; put its ``id`` into the session.

    Nothing tells here whether the person has an authenticator, so that nobody can ask for it by trying.
    """
    from eidkit.auth.challenge import Challenge

    issued = challenge.new(METHOD, transaction, audience=audience, clock=clock, lifetime=lifetime, subject=identity)
    return Challenge(challenge.keep(stores, issued), issued.facts.expires)


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
    now = clock.now()
    with stores.unit() as unit:
        outcome = _judged(unit, stores, code, challenge_id, _Asked(source, audience, now))
    # The unit has ended: whatever it counted is kept, also for an answer that is refused here.
    if outcome.issued is None or outcome.issued.subject is None:
        raise refused("otp", outcome.reason)
    return making.authentication(
        outcome.issued,
        outcome.issued.subject,
        at=now,
        factors=assurance.factors(METHOD),
        assurance=assurance.assess(METHOD),
        proof_class="attested",
        proof=(MEDIA_TYPE, proof_bytes(outcome.issued.value, outcome.step)),
        checks=_CHECKS,
        attest=attest,
    )


def confirm(identity: Identity, code: str, *, stores: Stores, clock: Clock = SYSTEM_CLOCK) -> None:
    """Check that the authenticator of ``identity`` gives right codes, as the last step of an enrolment.

    The plan's 2 to 7 without a challenge: the attempt is counted and the code is used up.  Nothing is approved by
    it and it leaves nothing to prove; that is :func:`begin` and :func:`verify`.  Raises AuthenticationError.
    """
    moment = int(clock.now().timestamp())
    name = _name(stores, identity)
    with stores.unit() as unit:
        reason = limits.counted(unit, name, moment)
        if reason is not None:
            _spend_time(code)
        elif accepted(unit, stores, name, code, moment) is None:
            reason = "code"
        else:
            limits.forgiven(unit, name)
    if reason is not None:
        raise refused("otp", reason)


class _Asked(NamedTuple):
    """From where, for which audience and when an answer came."""

    source: str | None
    audience: str | None
    now: datetime


class _Outcome(NamedTuple):
    """The accepted challenge and step, or the reason (for the log) why not."""

    issued: Issued | None
    step: int
    reason: str


def _judged(unit: Unit, stores: Stores, code: str, challenge_id: str, asked: _Asked) -> _Outcome:
    moment = int(asked.now.timestamp())
    # 1.
    known = challenge.look(stores, unit, challenge_id) if challenge.well_formed(challenge_id) else None
    reason = _unfit(known, asked)
    # 2.
    source = None if asked.source is None else f"source:{stores.digest('source', asked.source)}"
    if source is not None:
        reason = limits.counted_for_source(unit, source, moment) or reason
    if reason is not None or known is None or known.subject is None:
        _spend_time(code)
        return _Outcome(None, 0, reason or "challenge-unknown")
    name = _name(stores, known.subject)
    reason = limits.counted(unit, name, moment)
    if reason is not None:
        if reason == "locked":
            unit.take_challenge(challenge_id)
        _spend_time(code)
        return _Outcome(None, 0, reason)
    # 3. to 6.
    step = accepted(unit, stores, name, code, moment)
    if step is None:
        return _Outcome(None, 0, "code")
    # 7.
    unit.take_challenge(challenge_id)
    limits.forgiven(unit, name)
    if source is not None:
        limits.taken_back(unit, source)
    return _Outcome(known, step, "")


def accepted(unit: Unit, stores: Stores, name: str, code: str, moment: int) -> int | None:
    """The time step that ``code`` is accepted for at Unix time ``moment``, or ``None`` (the plan's 3 to 6).

    ``name`` is where the secret lies.  The step is used up when the unit is kept.
    """
    # 4. before 3., so that a malformed code takes the same way as a wrong one.
    kept = stores.secret(unit, name)
    if kept is None:
        _spend_time(code)
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


def _unfit(known: Issued | None, asked: _Asked) -> str | None:
    if known is None:
        return "challenge-unknown"
    if known.method != METHOD:
        return "challenge-method"
    if not known.open_at(asked.now):
        return "challenge-time"
    if asked.audience is not None and asked.audience != known.facts.audience:
        return "challenge-audience"
    return None


def _spend_time(code: str) -> None:
    """Do what a wrong code costs, so that the time taken does not tell who exists or who is locked."""
    right = _DUMMY.well_formed(code)
    _DUMMY.matching(code if right else "000000", range(3))


_DUMMY = Seed(bytes(20))


def _name(stores: Stores, identity: Identity) -> str:
    return f"totp:{stores.subject_key(identity)}"


def _not_enrolled(en: str, vi: str, remedy: str) -> EidkitError:
    return EidkitError("otp-not-enrolled", Text(en, vi), Text(remedy, "kiểm tra người yêu cầu rồi thử lại"))


def proof_bytes(value: bytes, step: int) -> bytes:
    """``JCS{challenge_value, method, time_step, outcome}``: what is kept of the answer, never the code."""
    proof = {"challenge_value": value.hex(), "method": METHOD, "time_step": step, "outcome": "accepted"}
    return canonical.dumps(proof)


def recheck(
    authentication: Authentication,
    trust: TrustStore,  # noqa: ARG001 - the same call for every way; a code has no certificate
    providers: Sequence[Provider] = (),  # noqa: ARG001 - nor a provider
    *,
    signed_at: datetime | None = None,  # noqa: ARG001 - nor a key that ends
) -> Recheck:
    """What the kept record still proves: that it speaks of this challenge, at this time, and was accepted.

    No more than the service's word stands behind it, so the assurance is that of our table.
    """
    found = list(rechecked.disclosed(authentication))
    if not found and authentication.disclosure is not None:
        found += [
            rechecked.refuted(authentication, why)
            for why in _disagreements(authentication, authentication.disclosure.proof)
        ]
    if authentication.proof_class != "attested":
        why = Text("a one-time code is attested and nothing more", "mã một lần chỉ có giá trị được chứng nhận")
        found.append(rechecked.refuted(authentication, why))
    return rechecked.Recheck(tuple(found), assurance.assess(METHOD), "attested")


def _disagreements(authentication: Authentication, proof: bytes) -> list[Text]:
    if authentication.proof.media_type != MEDIA_TYPE:
        return [rechecked.OTHER_KIND]
    try:
        row = canonical.members(
            canonical.loads(proof, exact=True), ("challenge_value", "method", "time_step", "outcome"), "proof"
        )
        step = shape.whole(row["time_step"], "time_step")
    except EidkitError as error:
        return [Text(f"the proof is malformed ({error.code})", f"bằng chứng sai cấu trúc ({error.code})")]
    found = []
    if row["challenge_value"] != authentication.challenge_value.hex():
        found.append(Text("the proof answers another challenge", "bằng chứng trả lời yêu cầu khác"))
    if (row["method"], row["outcome"]) != (METHOD, "accepted"):
        found.append(
            Text("the proof is of another method or outcome", "bằng chứng thuộc phương thức hoặc kết quả khác")
        )
    if abs(step - step_at(authentication.authenticated_at.timestamp())) > MAX_DRIFT + WINDOW:
        seconds = (MAX_DRIFT + WINDOW) * PERIOD
        found.append(
            Text(
                f"the proof's time step is not within {seconds} seconds of the login",
                f"bước thời gian của bằng chứng lệch quá {seconds} giây so với lúc đăng nhập",
            )
        )
    return found
