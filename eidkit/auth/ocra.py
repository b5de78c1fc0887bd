"""Challenge and response on a device of the person (OCRA, RFC 6287): the challenge value is the question.

The person types the question into their device (or scans it) and the code back, so that the code is of this
Transaction and no other.  The secret is shared, so the proof class is still *attested*.  The plan's 1, 2 and 7, which
all codes share, are in :mod:`eidkit.auth.answering`; here are

3. the code is exactly the right number of ASCII digits;
4. secret and PIN hash are opened, the question is computed anew from the challenge (binding.md §3); candidates are
   the next counter and nine after it, the time step and one on either side, as the suite says (RFC 6287 §7.1);
5. every candidate is compared in constant time, without an early exit;
6. counter or, where the question is short, time step must be greater than any accepted before, set in the same
   atomic piece of work.  A question that carries the challenge value is asked once, and then the challenge is taken.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit.auth import answering, assurance, challenge, enrolling, kept_code, limits
from eidkit.auth.codes import MIN_SECRET
from eidkit.auth.hidden import Hidden
from eidkit.auth.ocra_suite import Suite
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.errors import EidkitError, Text

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

__all__ = [
    "DEFAULT_SUITE", "Ocra", "Suite", "begin", "enrol", "log_in", "recheck", "unlock", "verify", "withdraw",
]  # fmt: skip

METHOD = "ocra"
DEFAULT_SUITE = "OCRA-1:HOTP-SHA256-8:QH64-T1M"
"""All of the challenge value as question, and a code that lives a minute."""
SECRET = 32
LOOK_AHEAD = 10
LEAST_PIN = 4
FULL_QUESTION = 128
"""Bits from which on no question comes twice; a shorter one needs a counter or a time in the suite."""
LEAST_QUESTION = 26
PERIODS = (30, 600)
"""Seconds of a time step that are taken, least and most."""


@dataclass(frozen=True, slots=True, eq=False)
class Ocra:
    """A new device: put ``secret`` and ``suite`` into it once, and forget the secret.

    ``repr`` and ``dataclasses.asdict`` hide it and pickling is refused.  Threads may share it.
    """

    authenticator: str
    suite: str
    hidden: Hidden[bytes]

    @property
    def secret(self) -> bytes:
        """The raw shared secret."""
        return self.hidden.shown()


def enrol(
    identity: Identity,
    *,
    stores: Stores,
    suite: str = DEFAULT_SUITE,
    secret: bytes | None = None,
    pin: str | None = None,
    replace: bool = False,
) -> Ocra:
    """A new device of ``identity`` that computes codes by ``suite``.

    Make sure beforehand that the person in front of you *is* ``identity``.  ``secret`` imports that of a device (at
    least 16 bytes); ``pin`` is given exactly where the suite has one, and is kept as its hash, sealed.  Refused:
    suites with session data, with questions under 26 bits, and short questions without counter or time.
    """
    read = Suite.parse(suite)
    _check_fit(read, pin)
    raw = secrets.token_bytes(SECRET) if secret is None else secret
    if not MIN_SECRET <= len(raw) <= 128:
        raise _unfit("a secret has 16 to 128 bytes", "mã bí mật gồm 16 đến 128 byte")
    name = _WAY.name(stores, identity)
    packed = _Device(read, raw, b"" if pin is None else read.pin_hash(pin)).packed()
    with stores.unit() as unit:
        label = enrolling.laid(unit, stores, name, raw, packed, replace=replace)
    return Ocra(label, suite, Hidden(raw))


def withdraw(identity: Identity, *, stores: Stores) -> bool:
    """Forget the device of ``identity``; false when there was none."""
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
    """A challenge whose ``question`` the person types into their device; put its ``id`` into the session.

    Without a ``transaction`` it is for a log-in.  For a person without a device the question is one of the default
    suite, so that where all have that suite nobody can ask who is enrolled by trying.
    """
    issued = challenge.new(METHOD, transaction, audience=audience, clock=clock, lifetime=lifetime, subject=identity)
    with stores.unit() as unit:
        kept = stores.secret(unit, _WAY.name(stores, identity))
    suite = Suite.parse(DEFAULT_SUITE) if kept is None else _Device.unpacked(kept[1]).suite
    return challenge.Challenge(
        challenge.keep(stores, issued), issued.facts.expires, question=suite.question(issued.value)
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

    ``source`` (such as a network address) has a budget of failures of its own; ``audience`` is compared when given.
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
    """The Login of the person for whom a challenge without a Transaction was issued, or AuthenticationError."""
    asked = answering.Asked(source, audience, clock.now())
    return answering.log_in(_WAY, code, challenge_id, asked, stores=stores)


def recheck(
    authentication: Authentication,
    trust: TrustStore,  # noqa: ARG001 - the same call for every way; a code has no certificate
    providers: Sequence[object] = (),  # noqa: ARG001 - nor a provider
    *,
    signed_at: datetime | None = None,  # noqa: ARG001 - nor a key that ends
) -> Recheck:
    """What the kept record still proves: that the question was this challenge's, at this time, and was answered.

    The code itself is not kept, and the secret is not the verifier's: the service's word stands behind it.
    """
    return kept_code.recheck(authentication, METHOD, _PARTICULAR, _disagreements, _kinds(_suite_said(authentication)))


class _Device(NamedTuple):
    """What is kept of a device, sealed."""

    suite: Suite
    secret: bytes
    pin_hash: bytes

    def packed(self) -> bytes:
        text = self.suite.text.encode("ascii")
        return bytes((1, len(text), len(self.pin_hash))) + text + self.pin_hash + self.secret

    @classmethod
    def unpacked(cls, data: bytes) -> _Device:
        text, pin = 3 + data[1], 3 + data[1] + data[2]
        return cls(Suite.parse(data[3:text].decode("ascii")), data[pin:], data[text:pin])

    def __repr__(self) -> str:
        return f"_Device({self.suite.text})"

    def matching(self, code: str, value: bytes, counters: range, steps: range) -> tuple[int | None, int | None] | None:
        """The last counter and time step whose code is ``code``; all are computed and compared."""
        made = self.suite.coder(self.secret, self.suite.question(value), pin_hash=self.pin_hash or None)
        given, found = code.encode("ascii"), None
        for moving in product(counters if self.suite.counter else (None,), steps if self.suite.period else (None,)):
            same = hmac.compare_digest(made(*moving).encode("ascii"), given)
            found = (found, moving)[same]
        return found


_PARTICULAR = ("counter", "question", "suite", "time_step")


def _judge(unit: Unit, stores: Stores, known: Issued, code: str, moment: int) -> answering.Accepted | None:
    # 4. before 3., so that a malformed code takes the same way as a wrong one.
    name = "" if known.subject is None else _WAY.name(stores, known.subject)
    kept = stores.secret(unit, name)
    if kept is None:
        _spend(code)
        return None
    key, device = f"{name}:{kept[0]}", _Device.unpacked(kept[1])
    suite = device.suite
    used = unit.counter(key)
    first = used.value + 1 if suite.counter and used else 0
    # 3.
    right = suite.well_formed(code)
    # 5.
    found = device.matching(
        code if right else "0" * suite.digits, known.value, range(first, first + LOOK_AHEAD), _steps(suite, moment)
    )
    if found is None or not right:
        return None
    # 6.
    counter, step = found
    rising = counter if suite.counter else step if suite.question_bits < FULL_QUESTION else None
    if rising is not None and not unit.advance(key, rising, 0):
        return None
    proof = {"counter": counter, "question": suite.question(known.value), "suite": suite.text, "time_step": step}
    return answering.Accepted(proof, _kinds(suite))


def _steps(suite: Suite, moment: float) -> range:
    now = int(moment) // (suite.period or 1)
    return range(max(now - 1, 0), now + 2)


def _kinds(suite: Suite | None) -> tuple[str, ...]:
    """The device is one factor; a PIN that enters the code is another."""
    return ("have", "know") if suite is not None and suite.pin else assurance.factors(METHOD)


def _spend(code: str) -> None:
    """Do what a wrong code costs, so that the time taken does not tell who exists or who is locked."""
    right = _DUMMY.suite.well_formed(code)
    _DUMMY.matching(code if right else "00000000", bytes(32), range(1), range(3))


def _check_fit(suite: Suite, pin: str | None) -> None:
    if suite.session is not None:
        raise _unfit("suites with session data are not taken", "không nhận bộ OCRA có dữ liệu phiên")
    if suite.digits < 6:
        raise _unfit("a code has at least 6 digits", "mã phải có ít nhất 6 chữ số")
    if suite.question_bits < LEAST_QUESTION:
        raise _unfit("the question is too short to tell transactions apart", "câu hỏi quá ngắn")
    if suite.question_bits < FULL_QUESTION and not (suite.counter or suite.period):
        raise _unfit(
            "a short question needs a counter or a time in the suite", "câu hỏi ngắn cần bộ đếm hoặc thời gian"
        )
    if suite.period is not None and not PERIODS[0] <= suite.period <= PERIODS[1]:
        raise _unfit("a time step has 30 seconds to 10 minutes", "bước thời gian từ 30 giây đến 10 phút")
    if (pin is None) != (suite.pin is None):
        raise _unfit("a PIN is given exactly where the suite has one", "mã PIN chỉ dùng khi bộ OCRA có mã PIN")
    if pin is not None and len(pin) < LEAST_PIN:
        raise _unfit("a PIN has at least 4 characters", "mã PIN phải có ít nhất 4 ký tự")


def _unfit(en: str, vi: str) -> EidkitError:
    return EidkitError(
        "ocra-parameters", Text(en, vi), Text(f"use {DEFAULT_SUITE} where you can", f"nên dùng {DEFAULT_SUITE}")
    )


def _suite_said(authentication: Authentication) -> Suite | None:
    """The suite that the proof names, or ``None`` where it names none: then the device alone counts."""
    try:
        return Suite.parse(kept_code.row(authentication, _PARTICULAR)["suite"])
    except EidkitError:
        return None


def _disagreements(authentication: Authentication, proof: dict[str, Any]) -> list[Text]:
    suite = Suite.parse(proof["suite"])
    if (proof["counter"] is not None) != suite.counter or (proof["time_step"] is not None) != bool(suite.period):
        return [Text("the proof is not of the suite that it names", "bằng chứng không đúng bộ OCRA đã nêu")]
    if suite.counter:
        shape.whole(proof["counter"], "counter")
    found = []
    if proof["question"] != suite.question(authentication.challenge_value):
        found.append(Text("the question was another transaction's", "câu hỏi thuộc giao dịch khác"))
    if suite.period and shape.whole(proof["time_step"], "time_step") not in _steps(
        suite, authentication.authenticated_at.timestamp()
    ):
        found.append(Text("the proof's time step is not that of the login", "bước thời gian không khớp lúc đăng nhập"))
    return found


_DUMMY = _Device(Suite.parse(DEFAULT_SUITE), bytes(SECRET), b"")
_WAY = answering.Way(
    METHOD,
    _judge,
    _spend,
    (*answering.COMMON_CHECKS, ("question", "binding.md §3"), ("code", "RFC 6287 §7.1")),
)
