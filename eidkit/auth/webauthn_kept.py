"""What a kept login with a passkey still proves: its answer, judged again offline (binding.md §3).

1. The proof is of this kind, *transferable* and nothing else.
2. The verifier's own pins hold a credential of this id that was in force at the login; one that has ended counts only
   for signatures proved older.  A key is never taken from the proof: there is none in it.
3. The answer is an assertion for this challenge value at the origin that was attested, which is one of the pinned
   party's, and all that the party demands is demanded again; for an approval the user was verified.
4. The pinned credential is of the person whom the login names.

The signature counter is not judged again: what it was before stood in the stores of that day only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eidkit import canonical
from eidkit.auth import assurance, rechecked, webauthn_data
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.webauthn_ceremony import MAX_SIGNATURE, Assertion
from eidkit.auth.webauthn_data import MAX_AUTHENTICATOR_DATA, MAX_CLIENT_DATA, Ceremony
from eidkit.auth.webauthn_party import RelyingParty
from eidkit.binding import shape
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from eidkit.auth.rechecked import Recheck
    from eidkit.auth.webauthn_data import AuthenticatorData
    from eidkit.auth.webauthn_party import Credential
    from eidkit.binding.authentication import Assurance, Authentication, ProofClass
    from eidkit.findings import Finding
    from eidkit.trust.store import TrustStore

METHOD = "webauthn"
MEDIA_TYPE = "application/vnd.eidkit.webauthn-login+json"
_CLASS: ProofClass = "transferable"
_MEMBERS = ("authenticator_data", "client_data", "credential_id", "signature")


def to_bytes(answer: Assertion) -> bytes:
    """The proof as it is kept: RFC 8785 JSON, every member base64url."""
    return canonical.dumps(
        {
            "authenticator_data": shape.base64url(answer.authenticator_data),
            "client_data": shape.base64url(answer.client_data),
            "credential_id": answer.credential_id,
            "signature": shape.base64url(answer.signature),
        }
    )


def of_bytes(data: bytes) -> Assertion:
    """The assertion in its kept bytes; NotAccepted."""
    try:
        row: dict[str, Any] = canonical.members(canonical.loads(data, exact=True), _MEMBERS, "login")
    except EidkitError as error:
        raise NotAccepted("proof-shape") from error
    return Assertion(
        webauthn_data.credential_id(row["credential_id"]),
        webauthn_data.octets_of(row["client_data"], "client-data", MAX_CLIENT_DATA),
        webauthn_data.octets_of(row["authenticator_data"], "authenticator-data", MAX_AUTHENTICATOR_DATA),
        webauthn_data.octets_of(row["signature"], "signature", MAX_SIGNATURE),
    )


def factors(said: AuthenticatorData) -> tuple[str, ...]:
    """The factor kinds that a use showed; whether a PIN or a body was verified nobody tells, so it is the lesser."""
    return assurance.factors(METHOD) if said.user_verified else ("have",)


def worth(said: AuthenticatorData) -> tuple[Assurance, ...]:
    """The assurance of such a use."""
    return assurance.assess(METHOD, factors(said))


def recheck(
    authentication: Authentication,
    trust: TrustStore,  # noqa: ARG001 - the same call for every way; a passkey's key is pinned, not certified
    providers: Sequence[object] = (),
    *,
    signed_at: datetime | None = None,
) -> Recheck:
    """What the kept answer proves to a verifier who pinned the credential; the assurance is recomputed from it."""
    found = [*rechecked.disclosed(authentication), *rechecked.of_class(authentication, _CLASS)]
    found += rechecked.of_kind(authentication, MEDIA_TYPE)
    if authentication.disclosure is None or found:
        return rechecked.Recheck(tuple(found), (), _CLASS)
    try:
        answer = of_bytes(authentication.disclosure.proof)
        party, credential = _pinned(authentication, answer, providers)
        ceremony = Ceremony("webauthn.get", authentication.challenge_value, authentication.challenge.audience, party)
        said = answer.check(credential, ceremony, verified=True)
        found += _whose(authentication, credential)
        found += rechecked.ended(authentication, credential.valid_until, signed_at)
    except NotAccepted as error:
        return rechecked.Recheck((_why(authentication, error.reason),), (), _CLASS)
    return rechecked.Recheck(tuple(found), worth(said), _CLASS)


def _pinned(
    authentication: Authentication, answer: Assertion, providers: Sequence[object]
) -> tuple[RelyingParty, Credential]:
    """The verifier's own pin for the credential that the proof names; the proof's word only chooses among them."""
    for party in providers:
        # Two parties may each have a credential of one id; which is meant the authenticator signed.
        if isinstance(party, RelyingParty) and answer.authenticator_data[:32] == party.id_hash:
            for credential in party.credentials:
                if credential.id == answer.credential_id and credential.in_force(authentication.authenticated_at):
                    return party, credential
    raise NotAccepted("no-pin")


def _whose(authentication: Authentication, credential: Credential) -> Iterator[Finding]:
    if credential.identity != authentication.identity:
        why = Text("the passkey is pinned as another person's", "khóa truy cập được ghim cho người khác")
        yield rechecked.refuted(authentication, why)


def _why(authentication: Authentication, reason: str) -> Finding:
    if reason == "no-pin":
        why = Text(
            "none of the relying parties given has this passkey pinned for that time",
            "không có bên tin cậy nào được cung cấp đã ghim khóa truy cập này cho thời điểm đó",
        )
        return rechecked.undecided(authentication, why)
    why = Text(f"the passkey's answer fails at {reason}", f"câu trả lời của khóa truy cập không đạt ở {reason}")
    return rechecked.refuted(authentication, why)
