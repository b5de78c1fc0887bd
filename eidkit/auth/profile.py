"""Profile: how the claims of one kind of provider are read; a value, so that no national provider is hard-coded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from eidkit.auth import naming
from eidkit.auth.naming import AccountRule, IdentifierRule, LevelRule, Levels
from eidkit.binding import shape

ClaimsFrom = Literal["id-token", "userinfo"]
"""Where the person's identifier stands: in the signed ID token, or only in the (unsigned) answer of UserInfo."""
CLAIMS_FROM: tuple[str, ...] = get_args(ClaimsFrom)
Acr = Levels


@dataclass(frozen=True, slots=True)
class Profile:
    """What the claims of a provider mean: who is named, how sure it says it is, and where that stands.

    ``identifier`` defaults to the provider's own subject (``sub``, scheme ``oidc:<issuer>``).  ``alternatives`` are
    other claims that may name the holder: exactly one of them all may be filled in, unless ``accounts`` says by the
    kind of account which one is meant.  ``acr`` lists the values of that claim that are asked for and accepted, each
    with the assurance that it counts for (none at all is allowed); when it is not empty, a token without one of them
    is refused.  ``levels`` reads the assurance from another claim, of where the person is named.  With
    ``claims_from="userinfo"`` all but ``acr`` are read from UserInfo, which nobody signs: such a login is *attested*,
    never *asserted*.  Threads may share it.
    """

    identifier: IdentifierRule | None = None
    name_claim: str = "name"
    acr: Acr = ()
    scopes: tuple[str, ...] = ("openid",)
    claims_from: ClaimsFrom = "id-token"
    alternatives: tuple[IdentifierRule, ...] = ()
    accounts: AccountRule | None = None
    levels: LevelRule | None = None

    def __post_init__(self) -> None:
        if self.identifier is not None:
            object.__setattr__(self, "identifier", IdentifierRule(*self.identifier))
        object.__setattr__(self, "alternatives", tuple(IdentifierRule(*rule) for rule in self.alternatives))
        for name in (*self.scopes, self.name_claim, *(value for value, _ in self.acr)):
            shape.text(name, "provider value", limit=255)
        naming.check(self.rules, self.accounts, self.levels)
        if "openid" not in self.scopes:
            shape.refuse("provider-scopes", "scopes must hold openid", "scopes phải có openid")
        shape.unique([value for value, _ in self.acr], "acr")
        shape.unique([rule.claim for rule in self.rules], "identifier")
        shape.one_of(self.claims_from, CLAIMS_FROM, "claims_from")

    @property
    def rules(self) -> tuple[IdentifierRule, ...]:
        """The claims that may name the holder."""
        return (*(() if self.identifier is None else (self.identifier,)), *self.alternatives)
