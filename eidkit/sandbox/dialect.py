"""How a make-believe provider tells who logged in: names of claims, ``acr`` values, and where the claims stand."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eidkit.auth.profile import Profile
    from eidkit.identity import Identity

ACR = {"urn:eidkit:sandbox:level:1": "1", "urn:eidkit:sandbox:level:2": "2", "urn:eidkit:sandbox:level:3": "3"}
"""The sandbox's ``acr`` values, and the level of the scheme vn-2024 that its own client maps them to."""
CLAIMS = {"vn-cccd": "citizen_id", "vn-cmnd": "old_citizen_id", "vn-mst": "tax_id"}
"""The claim in which an Identity of each scheme is told; others are told as ``sub`` only."""


class Dialect(NamedTuple):
    """``acr`` maps each value to a level of vn-2024, empty where it counts for none; ``usual_acr`` is said unasked."""

    claims: Mapping[str, str]
    name_claim: str
    acr: Mapping[str, str]
    usual_acr: str
    only_userinfo: bool

    def person(self, identity: Identity) -> dict[str, Any]:
        """The claims that name ``identity``."""
        number = {self.claims[identity.scheme]: identity.identifier} if identity.scheme in self.claims else {}
        return {self.name_claim: identity.name} | number

    def profile(self, scheme: str) -> Profile:
        """The profile with which a relying party reads this dialect, for persons named in ``scheme``."""
        from eidkit.auth.profile import IdentifierRule, Profile, asserted

        rule = IdentifierRule(self.claims[scheme], scheme) if scheme in self.claims else None
        acr = asserted({value: [("vn-2024", level)] if level else [] for value, level in self.acr.items()})
        return Profile(rule, self.name_claim, acr, claims_from="userinfo" if self.only_userinfo else "id-token")


OWN = Dialect(CLAIMS, "name", ACR, "urn:eidkit:sandbox:level:2", only_userinfo=False)
"""The sandbox's own: everything stands in the ID token."""
PORTAL = Dialect(
    {"vn-cccd": "SoDinhDanh", "vn-cmnd": "SoCMND", "vn-mst": "MaSoThue"},
    "HoVaTen",
    {"LoA1": ""},
    "LoA1",
    only_userinfo=True,
)
"""As Vietnam's national service portal tells it: the claims of its UserInfo, one ``acr`` value."""


def subject_of(identity: Identity) -> str:
    """The ``sub`` of a person: the same at every login, and no number in it."""
    return hashlib.sha256(f"{identity.scheme}\x00{identity.identifier}".encode()).hexdigest()[:32]
