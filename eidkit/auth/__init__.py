"""Ways to authenticate a person for one Transaction: ``begin()``, the person answers, ``verify()``.

One module per way: :mod:`eidkit.auth.otp` (one-time codes), :mod:`eidkit.auth.oidc` (an OpenID provider).  Every
``verify`` gives an :class:`~eidkit.binding.authentication.Authentication` or raises; :func:`recheck` judges one
again offline.  What has to be remembered between the calls lives in :class:`Stores`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.auth.challenge import Challenge
    from eidkit.auth.rechecking import Recheck, recheck
    from eidkit.auth.stores import Stores

__all__ = ["Challenge", "Recheck", "Stores", "oidc", "otp", "recheck"]

__getattr__, __dir__ = lazily.loading(
    __name__,
    {"challenge": ("Challenge",), "rechecking": ("Recheck", "recheck"), "stores": ("Stores",)},
    modules=("oidc", "otp"),
)
