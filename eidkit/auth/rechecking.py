"""``recheck``: judge the proof of any Authentication again, whichever way it was made."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from eidkit.auth.rechecked import Recheck, undecided
from eidkit.errors import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.auth.oidc import Provider
    from eidkit.binding.authentication import Authentication
    from eidkit.trust.store import TrustStore

__all__ = ["Recheck", "recheck"]

_WAYS = {
    "totp": "eidkit.auth.otp",
    "hotp": "eidkit.auth.hotp",
    "ocra": "eidkit.auth.ocra",
    "sms": "eidkit.auth.delivered",
    "email": "eidkit.auth.delivered",
    "recovery": "eidkit.auth.recovery",
    "oidc": "eidkit.auth.oidc",
    "x509": "eidkit.auth.x509",
    "x509-tls": "eidkit.auth.x509_tls",
    "web-eid": "eidkit.auth.webeid",
}


def recheck(
    authentication: Authentication,
    trust: TrustStore,
    providers: Sequence[Provider] = (),
    *,
    signed_at: datetime | None = None,
) -> Recheck:
    """What the proof still proves, offline; never raises for a bad proof.

    ``providers`` are the verifier's own pins.  ``signed_at`` is the time that a timestamp proves for the
    signature: a pinned key that has ended counts only for signatures proved older than its end.  The
    attestation is not judged here (``verify`` does that).
    """
    if authentication.method not in _WAYS:
        method = authentication.method
        why = Text(f"this release does not know the method {method}", f"phiên bản này không biết phương thức {method}")
        found = undecided(authentication, why)
        return Recheck((found,), (), authentication.proof_class)
    way = import_module(_WAYS[authentication.method])
    result: Recheck = way.recheck(authentication, trust, providers, signed_at=signed_at)
    return result
