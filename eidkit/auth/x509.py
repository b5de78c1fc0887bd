"""Log in by signing with a certificate's key: a smart card, a PKCS#11 device, a file (binding.md §3, RFC 5280).

The holder's key signs ``eidkit-login-1`` ‖ 0x00 ‖ origin ‖ 0x00 ‖ challenge value with a hashing mechanism, never a
bare 32-byte value, which a raw mechanism would turn into the signature of a document.  The challenge value comes from
the Transaction, so the proof is *transferable*: nobody without the key can have made it.

1. the challenge is taken, whatever comes after; it is of this way and purpose, in its time and for this audience;
2. the answer is strict JSON of exactly its members, of at most 64 KiB;
3. the algorithm is one of a fixed list and fits the key, which is strong enough;
4. the signature holds over this origin and this challenge value;
5. the certificate is good for logging in, by anchors of kind *login*, with its status (:mod:`eidkit.auth.certified`);
6. it names a person, and the one whom the challenge was issued for, if it was for one.

Only an answer that passed 4 makes us ask the network about its certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit import algorithms, canonical
from eidkit.auth import certified, challenge, foreign, kept_certificate, origin, presenting
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

__all__ = ["begin", "log_in", "recheck", "respond", "signed_bytes", "verify"]

METHOD = "x509"
MEDIA_TYPE = "application/vnd.eidkit.x509-login+json"
TAG = b"eidkit-login-1"
MAX_ANSWER = 64 * 1024
_ANSWER = ("algorithm", "certificate", "chain", "signature")
_DIGESTS = ("sha256", "sha384", "sha512")
ALGORITHMS = (*(f"{family}-{digest}" for family in ("rsa-pkcs1", "rsa-pss", "ecdsa") for digest in _DIGESTS), "ed25519")
"""Each hashes what it signs; RSA-PSS has a salt as long as its digest, an ECDSA value is DER."""
_CHECKS = (
    ("challenge", "binding.md §3"),
    ("origin", "RFC 6454 §6.2"),
    ("signature", "binding.md §3"),
    ("path", "RFC 5280 §6"),
    ("key-usage", "RFC 5280 §4.2.1.3"),
    ("revocation", "RFC 6960 §3.2"),
    ("person", "EN 319 412-1 §5.1.3"),
)


def signed_bytes(at_origin: str, value: bytes) -> bytes:
    """What the key signs: ``eidkit-login-1`` ‖ 0x00 ‖ origin ‖ 0x00 ‖ challenge value (32 bytes)."""
    return b"\0".join((TAG, at_origin.encode("ascii"), value))


def begin(
    transaction: Transaction | None = None,
    *,
    audience: str,
    stores: Stores,
    subject: Identity | None = None,
    lifetime: timedelta = challenge.LIFETIME,
    clock: Clock = SYSTEM_CLOCK,
) -> Challenge:
    """A challenge whose ``question`` goes to the program that holds the key; its ``id`` only into the session.

    ``audience`` is the origin at which the person answers (``https://permits.example``); the key signs it.
    ``subject`` names the person who has to answer, where that is known.  Without a ``transaction`` it is for a log-in:
    answer it with :func:`log_in`.
    """
    issued = challenge.new(
        METHOD, transaction, audience=origin.check(audience), clock=clock, lifetime=lifetime, subject=subject
    )
    return Challenge(challenge.keep(stores, issued), issued.facts.expires, question=shape.base64url(issued.value))


def respond(key: SigningKey, question: str, *, at: str) -> str:
    """The holder's side: the answer of ``key`` to ``question``, as JSON.

    ``at`` is the origin *that the program itself sees* (a page's, a browser's), never one that came with the question:
    that is what keeps another site from passing our question on.  The private key is used once.
    """
    value = shape.base64url_bytes(question, "question")
    if len(value) != 32:
        shape.refuse("question-size", "a question has 32 bytes", "câu hỏi phải dài 32 byte")
    algorithm = algorithms.suited(key.certificate.public_key())
    signature = key.sign(signed_bytes(origin.check(at), value), algorithm)
    return canonical.dumps(
        {
            "algorithm": algorithm.name,
            "certificate": shape.base64url(_der(key.certificate)),
            "chain": [shape.base64url(_der(one)) for one in key.chain[: certified.MAX_ISSUERS]],
            "signature": shape.base64url(signature),
        }
    ).decode("ascii")


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
    """The Authentication of the certificate's holder, or AuthenticationError.

    ``answer`` is what :func:`respond` gives (or another program of the same form).  ``trust`` needs anchors of kind
    *login*; ``sources`` are where revocation data may come from, and what was found is kept in the proof, so that it
    can be judged offline.  Whatever is raised, the challenge is used.
    """
    wanted = Wanted(METHOD, "confirm", audience, shape.moment(clock.now(), "clock"))
    issued, shown = _judged(answer, challenge_id, wanted, stores, Inquiry(trust, sources, policy, transport))
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
    issued, shown = _judged(answer, challenge_id, wanted, stores, Inquiry(trust, sources, policy, transport))
    return presenting.login(issued, shown, wanted.now)


class Answer(NamedTuple):
    """What :func:`respond` gave, taken apart; nothing in it is checked yet."""

    algorithm: str
    signature: bytes
    kept: Kept

    @classmethod
    def of(cls, text: str) -> Answer:
        if not isinstance(text, str) or len(text) > MAX_ANSWER:
            raise NotAccepted("answer-shape")
        row = foreign.json_object(text.encode("utf-8", errors="replace"), "answer-shape")
        try:
            canonical.members(row, _ANSWER, "answer")
            chain = shape.items(
                row["chain"], lambda one: shape.base64url_bytes(one, "chain"), "chain", limit=certified.MAX_ISSUERS
            )
            signature, certificate = (shape.base64url_bytes(row[name], name) for name in ("signature", "certificate"))
        except EidkitError as error:
            raise NotAccepted("answer-shape") from error
        return cls(str(row["algorithm"]), signature, Kept(certificate, chain))

    def holds(self, at_origin: str, value: bytes) -> bool:
        """Whether the certificate's key signed this origin and challenge value; NotAccepted for a key that is weak."""
        return _signed(self.kept, self.algorithm, self.signature, at_origin, value)


def _judged(answer: str, challenge_id: str, wanted: Wanted, stores: Stores, given: Inquiry) -> tuple[Issued, Presented]:
    try:
        # 1.
        issued = presenting.taken(stores, challenge_id, wanted)
        # 2.
        said = Answer.of(answer)
        # 3. and 4.
        presenting.demanded(said.holds(issued.facts.audience, issued.value), "signature")
        # 5.
        kept = certified.accepted(said.kept.certificate, said.kept.issuers, given, wanted.now)
        # 6.
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


def _signed(kept: Kept, algorithm: str, signature: bytes, at_origin: str, value: bytes) -> bool:
    """The plan's 3 and 4."""
    if algorithm not in ALGORITHMS:
        raise NotAccepted("algorithm")
    row = algorithms.SIGNATURE_BY_NAME[algorithm]
    return algorithms.verify_signature(kept.public_key(), row, signature, signed_bytes(at_origin, value))


def recheck(
    authentication: Authentication,
    trust: TrustStore,
    providers: Sequence[object] = (),  # noqa: ARG001 - the same call for every way; the anchors are what counts here
    *,
    signed_at: datetime | None = None,  # noqa: ARG001 - the certificate was judged at the login, not at the signature
    newer: Newer | None = None,
) -> Recheck:
    """What the kept signature proves to a verifier with *login* anchors of its own: all of 3 to 6, at that moment."""
    return kept_certificate.recheck(authentication, trust, _FORM, newer)


def _answers(authentication: Authentication, kept: Kept, said: dict[str, Any]) -> bool:
    at_origin = authentication.challenge.audience
    signature = shape.base64url_bytes(said["signature"], "signature")
    if not origin.well_formed(at_origin):
        return False
    return _signed(kept, str(said["algorithm"]), signature, at_origin, authentication.challenge_value)


_FORM = kept_certificate.Form(METHOD, MEDIA_TYPE, "transferable", ("algorithm", "signature"), _answers)


def _der(certificate: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return bytes(certificate.public_bytes(Encoding.DER))
