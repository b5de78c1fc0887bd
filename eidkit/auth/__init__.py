"""Ways to authenticate a person for one Transaction: ``begin()``, the person answers, ``verify()``.

One module per way: :mod:`eidkit.auth.otp` (one-time codes), :mod:`eidkit.auth.oidc` (an OpenID provider).  Every
``verify`` gives an :class:`~eidkit.binding.authentication.Authentication` or raises; :func:`recheck` judges one
again offline.  What has to be remembered between the calls lives in :class:`Stores`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eidkit.auth.challenge import Challenge
    from eidkit.auth.rechecking import Recheck, recheck
    from eidkit.auth.stores import Stores

__all__ = ["Challenge", "Recheck", "Stores", "oidc", "otp", "recheck"]

_HOME = {"Challenge": "challenge", "Recheck": "rechecking", "recheck": "rechecking", "Stores": "stores"}
_WAYS = ("oidc", "otp")


def __getattr__(name: str) -> Any:
    if name in _WAYS:
        return import_module(f"{__name__}.{name}")
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
