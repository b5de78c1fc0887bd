"""Profile: how the claims of one kind of provider are read; a value, so that no national provider is hard-coded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from eidkit.binding import shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eidkit.binding.authentication import Assurance

ClaimsFrom = Literal["id-token", "userinfo"]
"""Where the person's identifier stands: in the signed ID token, or only in the (unsigned) answer of UserInfo."""
CLAIMS_FROM: tuple[str, ...] = get_args(ClaimsFrom)
Acr = tuple[tuple[str, "tuple[Assurance, ...]"], ...]


class IdentifierRule(NamedTuple):
    """Which claim names the person, and in which scheme of Identity; threads may share it."""

    claim: str
    scheme: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the claims of a provider mean: who is named, how sure it says it is, and where that stands.

    ``identifier`` defaults to the provider's own subject (``sub``, scheme ``oidc:<issuer>``).  ``acr`` lists the
    values that are asked for and accepted, each with the assurance that it counts for (none at all is allowed); when
    it is not empty, a token without one of them is refused.  With ``claims_from="userinfo"`` identifier and name are
    read from UserInfo, which nobody signs: such a login is *attested*, never *asserted*.  Threads may share it.
    """

    identifier: IdentifierRule | None = None
    name_claim: str = "name"
    acr: Acr = ()
    scopes: tuple[str, ...] = ("openid",)
    claims_from: ClaimsFrom = "id-token"

    def __post_init__(self) -> None:
        if self.identifier is not None:
            object.__setattr__(self, "identifier", IdentifierRule(*self.identifier))
        rule = self.identifier or ()
        for name in (*self.scopes, self.name_claim, *rule, *(value for value, _ in self.acr)):
            shape.text(name, "provider value", limit=255)
        if "openid" not in self.scopes:
            shape.refuse("provider-scopes", "scopes must hold openid", "scopes phải có openid")
        shape.unique([value for value, _ in self.acr], "acr")
        shape.one_of(self.claims_from, CLAIMS_FROM, "claims_from")


def asserted(acr: Mapping[str, Sequence[tuple[str, str]]]) -> Acr:
    """An ``acr`` map of ``(scheme, value)`` pairs as assurance that the provider asserts."""
    from eidkit.binding.authentication import Assurance

    return tuple((value, tuple(Assurance(*pair, "asserted") for pair in pairs)) for value, pairs in acr.items())


def acr_json(acr: Acr) -> dict[str, Any]:
    """The stored form of an ``acr`` map."""
    return {value: [{"scheme": one.scheme, "value": one.value} for one in rows] for value, rows in acr}
