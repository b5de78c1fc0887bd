"""What a kept login at a partner still proves: its answer, read again offline with the verifier's own rules.

1. The proof answers the challenge value of this very Transaction, and is *attested* and nothing else.
2. It comes from a partner and for a client that the verifier knows.
3. The answer names the person by the verifier's own rules, and its level counts for what the verifier's table says.
4. The time that the partner said, where it says one, fits the challenge and the moment of receipt.

Nobody signed the answer.  That the partner gave it, to this request, is the word of the service: its attestation is
what a signature stands on, and without one such a login cannot be bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eidkit import canonical
from eidkit.auth import foreign, rechecked
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.vneid_partner import Partner
from eidkit.binding import shape
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.auth.rechecked import Recheck
    from eidkit.binding.authentication import Assurance, Authentication
    from eidkit.trust.store import TrustStore

METHOD = "vneid"
MEDIA_TYPE = "application/vnd.eidkit.vneid-login+json"
_MEMBERS = ("answer", "challenge_value", "client_id", "method", "partner", "salt")


class KeptAnswer(NamedTuple):
    """The proof bytes of a login: which request it was, of whom, and what was answered; never a code or a token.

    Nothing in them is secret and all of it can be guessed, but for the salt: without that the digest, which stays when
    the login is erased, would still tell whoever guesses right (:data:`eidkit.auth.rechecked.SALT`).
    """

    challenge_value: bytes
    partner: str
    client_id: str
    answer: bytes
    salt: bytes

    def to_bytes(self) -> bytes:
        """RFC 8785 JSON: ``answer`` is base64url of what the partner answered, once it was opened."""
        return canonical.dumps(
            {
                "answer": shape.base64url(self.answer),
                "challenge_value": self.challenge_value.hex(),
                "client_id": self.client_id,
                "method": METHOD,
                "partner": self.partner,
                "salt": self.salt.hex(),
            }
        )

    @classmethod
    def of(cls, data: bytes) -> KeptAnswer:
        """The proof in its kept bytes; raises NotAccepted."""
        try:
            row = canonical.members(canonical.loads(data, exact=True), _MEMBERS, "login")
            shape.one_of(row["method"], (METHOD,), "method")
            value, salt = (bytes.fromhex(shape.digest(row[name], name)) for name in ("challenge_value", "salt"))
            partner, client_id = (canonical.typed(row[name], str, name) for name in ("partner", "client_id"))
            return cls(value, partner, client_id, shape.base64url_bytes(row["answer"], "answer"), salt)
        except EidkitError as error:
            raise NotAccepted("proof-shape") from error


def recheck(
    authentication: Authentication,
    trust: TrustStore,  # noqa: ARG001 - the same call for every way; what counts here are the partners
    providers: Sequence[object] = (),
    *,
    signed_at: datetime | None = None,  # noqa: ARG001 - no key of the partner is in it that could have ended
) -> Recheck:
    """What the kept answer says to a verifier who knows the partner; assurance by the verifier's map."""
    found = list(rechecked.disclosed(authentication))
    assurance: tuple[Assurance, ...] = ()
    if authentication.disclosure is not None and not found:
        found += rechecked.of_class(authentication, "attested")
        found += rechecked.of_kind(authentication, MEDIA_TYPE)
        try:
            kept = KeptAnswer.of(authentication.disclosure.proof)
            if kept.challenge_value != authentication.challenge_value:
                why = Text("the proof answers another challenge", "bằng chứng trả lời một thử thách khác")
                found.append(rechecked.refuted(authentication, why))
            assurance = _judged(authentication, kept, _known(kept, providers))
        except NotAccepted as error:
            judge = rechecked.undecided if error.reason == "no-provider" else rechecked.refuted
            found.append(judge(authentication, _why(error.reason)))
    return rechecked.Recheck(tuple(found), assurance, "attested")


def _known(kept: KeptAnswer, providers: Sequence[object]) -> Partner:
    for one in providers:
        if isinstance(one, Partner) and (one.name, one.client_id) == (kept.partner, kept.client_id):
            return one
    raise NotAccepted("no-provider")


def _judged(authentication: Authentication, kept: KeptAnswer, partner: Partner) -> tuple[Assurance, ...]:
    claims = foreign.json_object(kept.answer, "userinfo")
    if partner.identity(claims) != authentication.identity:
        raise NotAccepted("other-person")
    partner.check_time(claims, authentication.challenge.issued, authentication.authenticated_at)
    return partner.assurance(claims)


def _why(reason: str) -> Text:
    if reason == "no-provider":
        return Text(
            "the partner that answered is none of those given", "đối tác đã trả lời không nằm trong danh sách được đưa"
        )
    return Text(f"the partner's answer fails at {reason}", f"câu trả lời của đối tác không đạt ở {reason}")
