"""The proofs behind logins, judged again with the keys that the verifier pinned, and what that does to a report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eidkit.auth import recheck
from eidkit.verify.basic import with_findings
from eidkit.verify.report import WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.auth.oidc import Provider
    from eidkit.trust.store import TrustStore
    from eidkit.verify import Conclusion, Report


def rechecked(report: Report, trust: TrustStore, providers: Sequence[Provider]) -> Report:
    """``report`` with the proof of every login that was given judged again; never better than before."""
    conclusions = tuple(_again(conclusion, trust, providers) for conclusion in report.conclusions)
    reached = {report.verdict, *(conclusion.indication for conclusion in conclusions)}
    verdict = next((verdict for verdict in WORST_FIRST if verdict in reached), report.verdict)
    return replace(report, conclusions=conclusions, verdict=verdict)


def _again(conclusion: Conclusion, trust: TrustStore, providers: Sequence[Provider]) -> Conclusion:
    login = conclusion.authentication
    if login is None or login.authentication is None:
        return conclusion
    signed_at = conclusion.best_signature_time if conclusion.time_proved else None
    result = recheck(login.authentication, trust, providers, signed_at=signed_at)
    if any(found.indication == "TOTAL-FAILED" for found in result.findings):
        conclusion = replace(conclusion, authentication=replace(login, state="no"))
    return with_findings(conclusion, result.findings)
