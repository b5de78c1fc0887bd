"""``recheck``: judge the proof of any Authentication again, whichever way it was made.

What each way needs from the verifier is a row of one table: pins of his own, anchors, an origin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from eidkit.auth import origin
from eidkit.auth.rechecked import Newer, Recheck, refuted, undecided
from eidkit.canonical import format_time
from eidkit.errors import Text
from eidkit.findings import finding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.binding.authentication import Authentication
    from eidkit.findings import Finding
    from eidkit.trust.store import TrustStore
    from eidkit.verify.report import Conclusion, Report

__all__ = ["Newer", "Recheck", "Way", "needs_pins", "recheck", "rechecked"]


@dataclass(frozen=True, slots=True)
class Way:
    """Who rechecks the logins of one method, and with what.

    ``module`` has ``recheck(authentication, trust, providers, *, signed_at)``.  ``pinned``: it needs a pin of the
    verifier's (``providers``).  ``at_origin``: the person's key signed the origin, which is the challenge's audience.
    ``certified``: a certificate stands behind it, so that ``module.recheck`` takes ``newer`` answers as well.
    """

    module: str
    pinned: bool = False
    at_origin: bool = False
    certified: bool = False


_WAYS = {
    "totp": Way("eidkit.auth.otp"),
    "hotp": Way("eidkit.auth.hotp"),
    "ocra": Way("eidkit.auth.ocra"),
    "sms": Way("eidkit.auth.delivered"),
    "email": Way("eidkit.auth.delivered"),
    "recovery": Way("eidkit.auth.recovery"),
    "oidc": Way("eidkit.auth.oidc", pinned=True),
    "vneid": Way("eidkit.auth.vneid", pinned=True),
    "x509": Way("eidkit.auth.x509", at_origin=True, certified=True),
    "x509-tls": Way("eidkit.auth.x509_tls", certified=True),
    "webauthn": Way("eidkit.auth.webauthn", pinned=True, at_origin=True),
    "web-eid": Way("eidkit.auth.webeid", at_origin=True, certified=True),
}


def needs_pins(authentication: Authentication) -> bool:
    """Whether the proof can only be judged with a pin of the verifier's, such as a provider's keys."""
    way = _WAYS.get(authentication.method)
    return way is not None and way.pinned


def recheck(
    authentication: Authentication,
    trust: TrustStore,
    providers: Sequence[object] = (),
    *,
    signed_at: datetime | None = None,
    origins: Sequence[str] = (),
    newer: Newer | None = None,
) -> Recheck:
    """What the proof still proves, offline; never raises for a bad proof.

    ``providers`` are the verifier's own pins, of any kind: each way takes what is its.  ``signed_at`` is the time that
    a timestamp proves for the signature: a pinned key that has ended counts only for signatures proved older than its
    end.  ``origins`` are the only ones at which a key may have signed to log in (none: any that the service attested).
    ``newer`` holds revocation answers that came after the login.  The attestation is not judged here (``verify`` does).
    """
    way = _WAYS.get(authentication.method)
    if way is None:
        method = authentication.method
        why = Text(f"this release does not know the method {method}", f"phiên bản này không biết phương thức {method}")
        return Recheck((undecided(authentication, why),), (), authentication.proof_class)
    more: dict[str, Any] = {"newer": newer} if way.certified else {}
    result: Recheck = import_module(way.module).recheck(authentication, trust, providers, signed_at=signed_at, **more)
    found = (*result.findings, *_out_of_time(authentication))
    if elsewhere := _elsewhere(authentication, way, origins):
        return replace(result, findings=(*found, *elsewhere), assurance=())
    return replace(result, findings=found)


def _out_of_time(authentication: Authentication) -> tuple[Finding, ...]:
    """binding.md §6.6: a challenge is answered in its time, whatever else the proof says."""
    asked, at = authentication.challenge, authentication.authenticated_at
    if asked.issued <= at <= asked.expires:
        return ()
    times = {"time": at, "issued": asked.issued, "expires": asked.expires}
    told = {name: format_time(moment) for name, moment in times.items()}
    return (finding("CHALLENGE_TIMES", authentication.method, **told),)


def _elsewhere(authentication: Authentication, way: Way, origins: Sequence[str]) -> tuple[Finding, ...]:
    """What signs an origin signed one of the verifier's, where he says which are his."""
    if not way.at_origin or not origins:
        return ()
    if authentication.challenge.audience in [origin.pinned(one) for one in origins]:
        return ()
    why = Text("it was made at another origin than yours", "đăng nhập được thực hiện ở origin khác")
    return (refuted(authentication, why),)


def rechecked(
    report: Report,
    trust: TrustStore,
    providers: Sequence[object] = (),
    *,
    origins: Sequence[str] = (),
    newer: Newer | None = None,
) -> Report:
    """``report`` on one document with the proof of every login that was given judged again; never better than before.

    Takes what :func:`recheck` takes.
    """
    from eidkit.verify.report import WORST_FIRST

    def again(conclusion: Conclusion) -> Conclusion:
        from eidkit.verify.basic import with_findings

        login = conclusion.authentication
        if login is None or login.authentication is None:
            return conclusion
        signed_at = conclusion.best_signature_time if conclusion.time_proved else None
        result = recheck(login.authentication, trust, providers, signed_at=signed_at, origins=origins, newer=newer)
        if result.refuted:
            conclusion = replace(conclusion, authentication=replace(login, state="no"))
        return with_findings(conclusion, result.findings)

    conclusions = tuple(again(conclusion) for conclusion in report.conclusions)
    reached = {report.verdict, *(conclusion.indication for conclusion in conclusions)}
    verdict = next((verdict for verdict in WORST_FIRST if verdict in reached), report.verdict)
    return replace(report, conclusions=conclusions, verdict=verdict)
