"""Ways to authenticate a person for one Transaction: ``begin()``, the person answers, ``verify()``.

One module per way: :mod:`eidkit.auth.otp` (codes of an app), :mod:`eidkit.auth.hotp` (of a device that counts),
:mod:`eidkit.auth.ocra` (of a device that is asked a question), :mod:`eidkit.auth.delivered` (by SMS or e-mail),
:mod:`eidkit.auth.recovery` (from a list on paper), :mod:`eidkit.auth.oidc` (an OpenID provider),
:mod:`eidkit.auth.vneid` (a provider that signs nothing and encrypts what it says),
:mod:`eidkit.auth.x509` (a certificate's key), :mod:`eidkit.auth.x509_tls` (the same behind a proxy),
:mod:`eidkit.auth.webeid` (an identity card in a browser), :mod:`eidkit.auth.webauthn` (passkeys).  Every
``verify`` gives an :class:`~eidkit.binding.authentication.Authentication` or raises; :class:`AllOf` joins several of
one person; :func:`recheck` judges one again offline; :mod:`eidkit.auth.links` states that two identifiers are one
person.  Without a Transaction ``log_in()`` stands for ``verify()`` and gives a :class:`Login`, which approves nothing.
What has to be remembered between the calls lives in :class:`Stores`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.auth.all_of import AllOf
    from eidkit.auth.challenge import Challenge
    from eidkit.auth.login import Login
    from eidkit.auth.rechecking import Newer, Recheck, recheck
    from eidkit.auth.stores import Stores

__all__ = [
    "AllOf",
    "Challenge",
    "Login",
    "Newer",
    "Recheck",
    "Stores",
    "delivered",
    "hotp",
    "links",
    "ocra",
    "oidc",
    "otp",
    "recheck",
    "recovery",
    "vneid",
    "webauthn",
    "webeid",
    "x509",
    "x509_tls",
]

__getattr__, __dir__ = lazily.loading(
    __name__,
    {
        "all_of": ("AllOf",),
        "challenge": ("Challenge",),
        "login": ("Login",),
        "rechecking": ("Newer", "Recheck", "recheck"),
        "stores": ("Stores",),
    },
    modules=(
        "delivered",
        "hotp",
        "links",
        "ocra",
        "oidc",
        "otp",
        "recovery",
        "vneid",
        "webauthn",
        "webeid",
        "x509",
        "x509_tls",
    ),
)
