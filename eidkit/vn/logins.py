"""How Vietnamese identity providers tell who logged in: rows of data, read off what is public.

No number, claim or level is guessed: confirm a row against the connection documents of the provider before use.
"""

from __future__ import annotations

from eidkit.auth.profile import IdentifierRule, Profile

NATIONAL_PORTAL = Profile(
    identifier=IdentifierRule("SoDinhDanh", "vn-cccd"),
    name_claim="HoVaTen",
    acr=(("LoA1", ()),),
    claims_from="userinfo",
)
"""The national public-service portal (WSO2): the claims of its UserInfo for a person's account.

``LoA1`` is the one ``acr`` value seen in the field, asked for and demanded; what it is worth on a scale of assurance is
not public, so it counts for nothing until the deployer says so (``acr=``).
"""
