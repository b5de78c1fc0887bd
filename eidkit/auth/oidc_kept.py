"""What a kept login at an OpenID provider still proves: its proof bytes, judged again offline (binding.md §3).

1. The proof is what the verifier's own provider value says it must be: the ID token alone, or the ID token with
   UserInfo's answer.
2. The ID token passes the same checks as at the login, at the moment of the login, under the keys that the verifier
   pinned for that moment; one that has ended counts only for signatures proved older.
3. The person is named where the verifier's value says: in the token, or in the answer for the token's ``sub``.
4. The assurance is that of the verifier's own map.

The provider signed the token, so who is named in it is *asserted*.  Nobody signed UserInfo: who is named there is the
word of the service that asked, *attested*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit import canonical
from eidkit.auth import foreign, jwk, jwks, rechecked, userinfo
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.id_token import Demands, algorithm, claims_of
from eidkit.auth.provider import Provider
from eidkit.binding import shape
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from eidkit.auth.jwk import PinnedKey
    from eidkit.auth.rechecked import Recheck
    from eidkit.binding.authentication import Authentication, ProofClass
    from eidkit.findings import Finding
    from eidkit.trust.store import TrustStore

JWT = "application/jwt"
WITH_USERINFO = "application/vnd.eidkit.oidc-login+json"
"""RFC 8785 JSON: ``{"id_token", "userinfo"}``, the second as base64url of the bytes that were answered."""


class KeptProof(NamedTuple):
    """The proof bytes of a login: the ID token, and UserInfo's answer where that is what names the person."""

    id_token: str
    userinfo: bytes | None = None

    @property
    def media_type(self) -> str:
        """What :meth:`to_bytes` is."""
        return JWT if self.userinfo is None else WITH_USERINFO

    @property
    def proof_class(self) -> ProofClass:
        """Who vouches for the person named."""
        return "asserted" if self.userinfo is None else "attested"

    def person(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims that name the person, given those of the (checked) token; NotAccepted for another ``sub``."""
        return claims if self.userinfo is None else userinfo.claims_for(claims["sub"], self.userinfo)

    def to_bytes(self) -> bytes:
        """The proof as it is kept."""
        if self.userinfo is None:
            return self.id_token.encode("ascii")
        return canonical.dumps({"id_token": self.id_token, "userinfo": shape.base64url(self.userinfo)})

    @classmethod
    def of(cls, media_type: str, data: bytes) -> KeptProof:
        """The proof in its kept bytes; raises NotAccepted."""
        if media_type == JWT:
            return cls(data.decode("ascii", errors="replace"))
        try:
            row = canonical.members(canonical.loads(data, exact=True), ("id_token", "userinfo"), "login")
            return cls(
                canonical.typed(row["id_token"], str, "id_token"), shape.base64url_bytes(row["userinfo"], "userinfo")
            )
        except EidkitError as error:
            raise NotAccepted("proof-shape") from error


def recheck(
    authentication: Authentication,
    trust: TrustStore,  # noqa: ARG001 - the same call for every way; a provider's keys are pinned, not certified
    providers: Sequence[object] = (),
    *,
    signed_at: datetime | None = None,
) -> Recheck:
    """What the kept proof proves to a verifier who pinned the provider's keys; assurance by the verifier's map."""
    found = list(rechecked.disclosed(authentication))
    media_type = authentication.proof.media_type
    proved: ProofClass = "attested" if media_type == WITH_USERINFO else "asserted"
    if authentication.disclosure is None or found:
        return rechecked.Recheck(tuple(found), (), proved)
    found += rechecked.of_class(authentication, proved)
    if other := rechecked.of_kind(authentication, JWT, WITH_USERINFO):
        return rechecked.Recheck((*found, *other), (), proved)
    try:
        proof = KeptProof.of(media_type, authentication.disclosure.proof)
        provider = _pinned(proof, providers)
        found += _judged_key(authentication, proof.id_token, provider, signed_at)
        claims = _judged_token(authentication, proof.id_token, provider)
        person = proof.person(claims)
        if provider.identity(person) != authentication.identity:
            found.append(
                rechecked.refuted(authentication, Text("the token names another person", "token nêu người khác"))
            )
        return rechecked.Recheck(tuple(found), provider.assurance(claims, person), proved)
    except NotAccepted as error:
        judge = rechecked.undecided if error.reason in _UNDECIDED else rechecked.refuted
        failed = Text(f"the ID token fails at {error.reason}", f"ID token không đạt ở {error.reason}")
        found.append(judge(authentication, _UNDECIDED.get(error.reason, failed)))
        return rechecked.Recheck(tuple(found), (), proved)


_UNDECIDED = {
    "no-provider": Text(
        "no pinned provider is the issuer and client of the ID token",
        "không có nhà cung cấp đã ghim nào khớp với ID token",
    ),
    "key": Text(
        "none of the provider's keys that are pinned for that time fits the ID token",
        "không có khóa đã ghim nào của nhà cung cấp cho thời điểm đó khớp với ID token",
    ),
}


def _pinned(proof: KeptProof, providers: Sequence[object]) -> Provider:
    """The verifier's own value for the issuer that the token names; the token's word only chooses among them."""
    claims = foreign.json_object(foreign.compact(proof.id_token).payload, "token-payload")
    for provider in (one for one in providers if isinstance(one, Provider)):
        if claims.get("iss") == provider.issuer and claims.get("aud") in (provider.client_id, [provider.client_id]):
            if (provider.claims_from == "userinfo") != (proof.userinfo is not None):
                raise NotAccepted("claims-from")
            return provider
    raise NotAccepted("no-provider")


def _judged_key(
    authentication: Authentication, token: str, provider: Provider, signed_at: datetime | None
) -> list[Finding]:
    """binding.md §3: a key that has an end counts only for signatures proved not later than it."""
    header = foreign.compact(token).header
    keys = _keys_then(authentication, provider)
    pin = jwk.chosen(keys, header.get("kid"), algorithm(header, provider))
    return [] if pin is None else list(rechecked.ended(authentication, pin.valid_until, signed_at))


def _judged_token(authentication: Authentication, token: str, provider: Provider) -> dict[str, Any]:
    demands = Demands(authenticated_from=authentication.challenge.issued)
    nonce, at = shape.base64url(authentication.challenge_value), authentication.authenticated_at
    return claims_of(token, provider, nonce, at, demands, _keys_then(authentication, provider))


def _keys_then(authentication: Authentication, provider: Provider) -> list[PinnedKey]:
    """The keys that the verifier pinned for the time of the login."""
    return jwks.in_force(provider.keys, authentication.authenticated_at)
