"""Codes that we send, by SMS or e-mail: begin (which sends), verify, recheck.

A code confirms; it is never a signature (proof class *attested*).  A telephone number can be taken over, so SMS is a
*restricted* factor (SP 800-63B-4 §3.1.3.3) and the result carries that warning; an e-mail address is no factor at all
(§3.1.3.1) and gives no assurance.  Before anything is sent:

a. the quotas are counted: for the address (with a pause), the person and the source, because every message costs
   money that a fraudster can earn;
b. a code before it, of the same person and channel, is void;
c. the code lies in the stores only as a keyed HMAC, bound to this challenge and so to this Transaction.

The plan's 1, 2 and 7, which all codes share, are in :mod:`eidkit.auth.answering`; here are

3. the code is exactly six ASCII digits;
4. five tries count for this code, whoever makes them, and the fifth wrong one voids it;
5. the HMACs are compared in constant time.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from eidkit.auth import answering, assurance, challenge, kept_code, limits
from eidkit.auth.hidden import Hidden
from eidkit.auth.refusal import told
from eidkit.auth.stores import Attempts
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK
from eidkit.errors import AuthenticationError, EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

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

__all__ = ["Message", "Send", "begin", "log_in", "recheck", "unlock", "verify"]

LIFETIME = timedelta(minutes=5)
"""How long a code counts (SP 800-63B-4 §3.1.3.2 allows ten minutes)."""
DIGITS = 6
MAX_TRIES = 5
MAX_PER_ADDRESS = 5
MAX_PER_PERSON = 10
MAX_PER_SOURCE = 20
"""Messages within an hour."""
SHOWN_DOCUMENTS = 3
_ADDRESSES = {
    # E.164; and one mailbox, with nothing in it that ends a header or begins another recipient (RFC 5321 §4.5.3.1).
    "sms": re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII),
    "email": re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII),
}
_TO_CONFIRM = Text(
    "{code} is your code to confirm at {audience}: {about}. It counts for 5 minutes. Tell it to nobody.",
    "{code} là mã xác nhận của bạn tại {audience}: {about}. Mã có hiệu lực 5 phút. Không cho ai biết mã này.",
)
_TO_LOG_IN = Text(
    "{code} is your code to log in at {audience}. It counts for 5 minutes. Tell it to nobody.",
    "{code} là mã đăng nhập của bạn tại {audience}. Mã có hiệu lực 5 phút. Không cho ai biết mã này.",
)
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """What ``send`` has to deliver: ``body`` to ``address``.  It holds the code.

    ``language`` is the one that the Transaction was shown in; ``in_language`` gives the same in the other.  ``repr``
    and ``dataclasses.asdict`` show neither, and pickling is refused.  Threads may share it.
    """

    channel: str
    language: str
    to: Hidden[str]
    texts: Hidden[tuple[str, ...]]

    @property
    def address(self) -> str:
        """The number or mailbox."""
        return self.to.shown()

    @property
    def body(self) -> str:
        """The text in the person's language."""
        return self.in_language(self.language)

    def in_language(self, language: str) -> str:
        """The text in Vietnamese for ``"vi"``, in English for anything else."""
        return self.texts.shown()[language == "vi"]


Send = Callable[[Message], object]
"""What delivers a Message: your gateway.  Whatever it raises counts as not sent."""


def begin(
    identity: Identity,
    transaction: Transaction | None = None,
    *,
    address: str,
    send: Send,
    audience: str,
    stores: Stores,
    channel: str = "sms",
    source: str | None = None,
    language: str = "vi",
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge whose code went to ``address`` through ``send``; put its ``id`` into the session.

    ``address`` (``+84…`` for ``sms``, a mailbox for ``email``) is the one that *you* hold for ``identity``, never one
    out of the request.  To send again, call it again: the code before is void.  ``source`` is where the request came
    from.  Without a ``transaction`` it is for a log-in, told in ``language``.  Raises AuthenticationError
    (``code-quota``) when too many were sent, and EidkitError (``code-not-sent``) when ``send`` raised: what it raised
    is not repeated, because it may hold the code.
    """
    way = _WAYS[shape.one_of(channel, _WAYS, "channel")]
    if not isinstance(address, str) or not _ADDRESSES[channel].fullmatch(address):
        raise _malformed(channel)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    issued = challenge.new(channel, transaction, audience=audience, clock=clock, lifetime=LIFETIME, subject=identity)
    issued = replace(issued, private={"code": _kept(stores, issued, code)})
    _count(stores, way, identity, (address, source), int(issued.facts.issued.timestamp()))
    begun = _begun(stores, way.name(stores, identity), issued)
    message = _message(channel, address, code, issued, language)
    failure = _failure(send, message)
    if failure is not None:
        with stores.unit() as unit:
            unit.take_challenge(begun.id)
        told(channel, "send-failed")
        raise _not_sent(failure)
    return begun


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
    """The Authentication of the person for whom the code was sent, or AuthenticationError.

    ``source`` (such as a network address) has a budget of failures of its own; ``audience`` is compared when given.
    """
    asked = answering.Asked(source, audience, clock.now())
    return answering.verify(_way_of(stores, challenge_id), code, challenge_id, asked, stores=stores, attest=attest)


def log_in(
    code: str,
    challenge_id: str,
    *,
    stores: Stores,
    source: str | None = None,
    audience: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Login:
    """The Login of the person for whom a code without a Transaction was sent, or AuthenticationError."""
    asked = answering.Asked(source, audience, clock.now())
    return answering.log_in(_way_of(stores, challenge_id), code, challenge_id, asked, stores=stores)


def unlock(identity: Identity, *, stores: Stores, channel: str = "sms") -> None:
    """Start the count of failures anew, for a person whom an operator has identified in another way."""
    with stores.unit() as unit:
        limits.forgiven(unit, _WAYS[shape.one_of(channel, _WAYS, "channel")].name(stores, identity))


def recheck(
    authentication: Authentication,
    trust: TrustStore,  # noqa: ARG001 - the same call for every way; a code has no certificate
    providers: Sequence[object] = (),  # noqa: ARG001 - nor a provider
    *,
    signed_at: datetime | None = None,  # noqa: ARG001 - nor a key that ends
) -> Recheck:
    """What the kept record still proves: that it speaks of this challenge and was accepted."""
    channel = shape.one_of(authentication.method, _WAYS, "method")
    return kept_code.recheck(authentication, channel)


def _way_of(stores: Stores, challenge_id: str) -> answering.Way:
    """The channel over which the code of this challenge went; the first one where there is no such challenge."""
    with stores.unit() as unit:
        known = challenge.look(stores, unit, challenge_id) if challenge.well_formed(challenge_id) else None
    return _WAYS["sms"] if known is None else _WAYS.get(known.method, _WAYS["sms"])


def _count(stores: Stores, way: answering.Way, identity: Identity, to_from: tuple[str, str | None], now: int) -> None:
    """Count the message for all quotas, or for none when one of them is spent (a.)."""
    address, source = to_from
    person = way.name(stores, identity)
    quotas = [
        (f"sent:{stores.digest('address', address)}", MAX_PER_ADDRESS, limits.SEND_PAUSE),
        (f"sent:{person}", MAX_PER_PERSON, 0),
    ]
    if source is not None:
        quotas.append((f"sent:{stores.digest('sending-source', source)}", MAX_PER_SOURCE, 0))
    with stores.unit() as unit:
        refusals = [limits.sending_refused(unit, name, now, most, pause) for name, most, pause in quotas]
        if unit.attempts(person).failed >= limits.MAX_FAILURES:
            refusals.append("locked")
        reason = next(filter(None, refusals), None)
        if reason is None:
            for name, _, _ in quotas:
                limits.sending(unit, name, now)
    if reason is not None:
        told(way.method, reason)
        raise _too_many()


def _begun(stores: Stores, name: str, issued: Issued) -> Challenge:
    """The challenge in the stores, and the one before it gone (b. and c.)."""
    kept = challenge.keep(stores, issued)
    now = int(issued.facts.issued.timestamp())
    with stores.unit() as unit:
        before = unit.note(f"code-of:{name}")
        if before is not None:
            unit.take_challenge(before[0].decode("ascii"))
        unit.put_note(f"code-of:{name}", kept.encode("ascii"), now)
    return challenge.Challenge(kept, issued.facts.expires)


def _failure(send: Send, message: Message) -> str | None:
    """Send it; the kind of error that came of it, and none of its text."""
    try:
        send(message)
    except Exception as error:  # noqa: BLE001 - whatever a caller's function raises, it may quote the message
        return type(error).__name__
    return None


def _kept(stores: Stores, issued: Issued, code: str) -> str:
    """HMAC(key, challenge value ‖ code): of this person's challenge and, through it, of this Transaction."""
    return stores.digest("delivered", issued.value.hex(), code)


def _judge(unit: Unit, stores: Stores, known: Issued, code: str, moment: int) -> answering.Accepted | None:
    # 3.
    right = isinstance(code, str) and _CODE.fullmatch(code) is not None
    # 4.
    name = f"tries:{known.facts.nonce}"
    tries = unit.attempts(name).failed
    unit.set_attempts(name, Attempts(tries + 1, moment))
    # 5.
    same = hmac.compare_digest(_kept(stores, known, code if right else ""), known.private["code"])
    if not (same and right) or tries >= MAX_TRIES:
        return None
    return answering.Accepted({}, assurance.factors(known.method))


def _spend(code: str) -> None:
    """An HMAC takes no time that could be told from the rest."""


def _message(channel: str, address: str, code: str, issued: Issued, language: str) -> Message:
    transaction = issued.transaction
    if transaction is None:
        text = _TO_LOG_IN.filled(code=code, audience=issued.facts.audience)
    else:
        language = transaction.text.language
        shown = [f"{document.label} {document.sha256[:8]}" for document in transaction.documents]
        more = len(shown) - SHOWN_DOCUMENTS
        labels = ", ".join(shown[:SHOWN_DOCUMENTS]) + (f" +{more}" if more > 0 else "")
        about = f"{transaction.action.name}, {transaction.dossier_id}, {labels}"
        text = _TO_CONFIRM.filled(code=code, audience=issued.facts.audience, about=about)
    return Message(channel, language, Hidden(address), Hidden((text.en, text.vi)))


def _malformed(channel: str) -> EidkitError:
    return EidkitError(
        "code-address",
        Text(f"this is no address for {channel}", f"địa chỉ không hợp lệ cho {channel}"),
        Text("give a number as +84…, or one mailbox", "dùng số dạng +84… hoặc một hộp thư"),
    )


def _too_many() -> AuthenticationError:
    return AuthenticationError(
        "code-quota",
        Text("no further code can be sent now", "hiện chưa thể gửi thêm mã"),
        Text("wait, or use another way to authenticate", "hãy đợi, hoặc dùng cách xác thực khác"),
        retryable=True,
    )


def _not_sent(failure: str) -> EidkitError:
    return EidkitError(
        "code-not-sent",
        Text(f"the code could not be sent ({failure})", f"không gửi được mã ({failure})"),
        Text("look at the log of the sender, and begin again", "xem nhật ký của bên gửi rồi thử lại"),
        kind="outside",
        retryable=True,
    )


_CHECKS = (*answering.COMMON_CHECKS, ("code", "SP 800-63B-4 §3.1.3.2"), ("tries", "SP 800-63B-4 §3.2.2"))
_WAYS = {
    "sms": answering.Way("sms", _judge, _spend, _CHECKS, ("SP 800-63B-4 §3.1.3.3: a restricted authenticator",)),
    "email": answering.Way("email", _judge, _spend, _CHECKS, ("an e-mail address is no factor",)),
}
