"""Vietnam as data and small adapters: procedures of the one-stop shop, policies, profiles of identity providers.

Nothing lower imports this package; national certificate shapes are rows of :mod:`eidkit.trust.subject`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.vn.law import policies
    from eidkit.vn.logins import NATIONAL_PORTAL, VNEID, national_portal, vneid_profile
    from eidkit.vn.one_stop_shop import dossier_code, five_steps
    from eidkit.vn.writing import procedure_toml

__all__ = [
    "NATIONAL_PORTAL",
    "VNEID",
    "dossier_code",
    "five_steps",
    "national_portal",
    "policies",
    "procedure_toml",
    "vneid_profile",
]

__getattr__, __dir__ = lazily.loading(
    __name__,
    {
        "law": ("policies",),
        "logins": ("NATIONAL_PORTAL", "VNEID", "national_portal", "vneid_profile"),
        "one_stop_shop": ("dossier_code", "five_steps"),
        "writing": ("procedure_toml",),
    },
)
