"""How Vietnamese identity providers tell who logged in: rows of data, read off what is public.

No number, claim or level is guessed: confirm a row against the connection documents of the provider before use.  The
levels of an *account* (1 and 2 of Decree 69/2024/ND-CP) are not the levels of an *authentication* (1 to
4 by its factors, the scheme ``vn-2024``), and what a provider's words are worth on that scale is not public.  So they
are listed here, demanded, and count for nothing until the deployer says so: ``levels=`` of the two functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.auth.naming import AccountRule, IdentifierRule, LevelRule
from eidkit.auth.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CITIZEN, OLD_CITIZEN, ORGANISATION = (
    IdentifierRule("SoDinhDanh", "vn-cccd"),
    IdentifierRule("SoCMND", "vn-cmnd"),
    IdentifierRule("MaSoThue", "vn-mst"),
)
"""The claims by which the national portal names the holder of an account."""
_HOLDERS = {"citizen": CITIZEN, "old-citizen": OLD_CITIZEN, "organisation": ORGANISATION}

NATIONAL_PORTAL = Profile(
    identifier=CITIZEN,
    alternatives=(OLD_CITIZEN, ORGANISATION),
    name_claim="HoVaTen",
    acr=(("LoA1", ()),),
    claims_from="userinfo",
)
"""The national public-service portal (WSO2): the claims of its UserInfo.

Exactly one of ``SoDinhDanh``, ``SoCMND`` and ``MaSoThue`` may be filled in; an account with several is refused as
ambiguous, because whether a person or an organisation acts is not to be guessed: see :func:`national_portal`.
``LoA1`` is the one ``acr`` value seen in the field, asked for and demanded; it counts for nothing (``acr=``).
"""

VNEID = Profile(
    identifier=IdentifierRule("citizenPid", "vn-cccd"),
    name_claim="fullName",
    levels=LevelRule("accountLevel", (("1", ()), ("2", ()))),
    claims_from="userinfo",
)
"""The partner flow of VNeID: the claims of what it answers once opened, for :class:`eidkit.auth.vneid.Partner`.

An answer without one of the two account levels is refused; they count for nothing, see :func:`vneid_profile`.
"""


def national_portal(
    *,
    accounts: Mapping[str, str] | None = None,
    levels: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    acr: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> Profile:
    """The profile of the national portal with what your connection documents say.

    ``accounts`` maps each value of ``LoaiTaiKhoan`` that you admit to whom such an account names: ``citizen``,
    ``old-citizen`` or ``organisation``; other kinds are then refused.  ``levels`` maps each value of ``loAs``, and
    ``acr`` each ``acr`` value, to ``(scheme, value)`` pairs; a value that is not there is refused, and none counts
    for more than it says: ``levels={"2": [("vn-2024", "2")]}``.
    """
    kinds = None if accounts is None else {value: _holder(name) for value, name in accounts.items()}
    return Profile(
        identifier=CITIZEN,
        alternatives=(OLD_CITIZEN, ORGANISATION),
        accounts=None if kinds is None else AccountRule.of("LoaiTaiKhoan", kinds),
        name_claim="HoVaTen",
        acr=NATIONAL_PORTAL.acr if acr is None else LevelRule.of("acr", acr).values,
        levels=None if levels is None else LevelRule.of("loAs", levels),
        claims_from="userinfo",
    )


def vneid_profile(
    *,
    levels: Mapping[str, Sequence[tuple[str, str]]],
    accounts: Sequence[str] | None = None,
) -> Profile:
    """The profile of VNeID's partner flow with what your connection documents say.

    ``levels`` maps each value of ``accountLevel`` that you admit to ``(scheme, value)`` pairs.  ``accounts`` are the
    values of ``accountType`` that are a citizen's own; other accounts are then refused.
    """
    named = VNEID.rules[0]
    return Profile(
        identifier=named,
        accounts=None if accounts is None else AccountRule.of("accountType", dict.fromkeys(accounts, named)),
        name_claim=VNEID.name_claim,
        levels=LevelRule.of("accountLevel", levels),
        claims_from="userinfo",
    )


def _holder(name: str) -> IdentifierRule:
    from eidkit.binding import shape

    return _HOLDERS[shape.one_of(name, _HOLDERS, "account holder")]
