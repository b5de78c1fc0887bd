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
    """``acr`` maps each value to a level of vn-2024, empty where it counts for none; ``usual_acr`` is said unasked.

    ``account_claim`` says what kind of account it is, a number for each scheme; the claims of other schemes are then
    there and blank.  ``level_claim`` is another claim that says how sure it is, as ``acr`` does.
    """

    claims: Mapping[str, str]
    name_claim: str
    acr: Mapping[str, str]
    usual_acr: str
    only_userinfo: bool
    account_claim: str | None = None
    level_claim: str | None = None

    def person(self, identity: Identity, acr: str = "") -> dict[str, Any]:
        """The claims that name ``identity``."""
        number = {self.claims[identity.scheme]: identity.identifier} if identity.scheme in self.claims else {}
        told: dict[str, Any] = {self.name_claim: identity.name} | number
        if self.account_claim is not None and identity.scheme in self.claims:
            kind = str([*self.claims].index(identity.scheme) + 1)
            told = dict.fromkeys(self.claims.values(), "") | {self.account_claim: kind} | told
        if self.level_claim is not None:
            told[self.level_claim] = acr or self.usual_acr
        return told

    def profile(self, scheme: str) -> Profile:
        """The profile with which a relying party reads this dialect, for persons named in ``scheme``."""
        from eidkit.auth.naming import IdentifierRule, LevelRule, asserted
        from eidkit.auth.profile import Profile

        rule = IdentifierRule(self.claims[scheme], scheme) if scheme in self.claims else None
        counts = asserted({value: [("vn-2024", level)] if level else [] for value, level in self.acr.items()})
        if self.level_claim is not None and self.account_claim is None:
            return Profile(rule, self.name_claim, claims_from="userinfo", levels=LevelRule(self.level_claim, counts))
        return Profile(rule, self.name_claim, counts, claims_from="userinfo" if self.only_userinfo else "id-token")


OWN = Dialect(CLAIMS, "name", ACR, "urn:eidkit:sandbox:level:2", only_userinfo=False)
"""The sandbox's own: everything stands in the ID token."""
PORTAL = Dialect(
    {"vn-cccd": "SoDinhDanh", "vn-cmnd": "SoCMND", "vn-mst": "MaSoThue"},
    "HoVaTen",
    {"LoA1": ""},
    "LoA1",
    only_userinfo=True,
    account_claim="LoaiTaiKhoan",
    level_claim="loAs",
)
"""As Vietnam's national service portal tells it: the claims of its UserInfo, one ``acr`` value.

The numbers of ``LoaiTaiKhoan`` (1 citizen, 2 old number, 3 organisation) are made up here.
"""
VNEID = Dialect(
    {"vn-cccd": "citizenPid"}, "fullName", {"1": "1", "2": "2"}, "2", only_userinfo=True, level_claim="accountLevel"
)
"""As VNeID's partner flow tells it; that an account's level counts as that level of vn-2024 is made up here."""


def subject_of(identity: Identity) -> str:
    """The ``sub`` of a person: the same at every login, and no number in it."""
    return hashlib.sha256(f"{identity.scheme}\x00{identity.identifier}".encode()).hexdigest()[:32]
