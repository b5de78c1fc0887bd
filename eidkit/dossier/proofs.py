"""What the proof of a login still proves: binding.md §6.4, through the ``recheck`` of its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.auth.rechecking import Newer, Recheck, needs_pins, recheck
from eidkit.binding import scales
from eidkit.findings import Finding, finding
from eidkit.verify.bound import assurance_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.dossier.act import Act, Case


def login_proved(act: Act, case: Case) -> Iterator[Finding]:
    """The proof holds against what the verifier pinned, is of the class that the login claims, and is worth enough."""
    result = _rechecked(act, case)
    if result is not None:
        yield from (found for found in result.findings if found.severity == "error")
        claimed = act.authentication.proof_class
        if not scales.at_least(scales.PROOF_CLASSES, result.proof_class, claimed):
            yield finding("PROOF_CLASS_CLAIMED", act.step.name, found=claimed, proved=result.proof_class)
    yield from _assurance_met(act, result)


def _assurance_met(act: Act, result: Recheck | None) -> Iterator[Finding]:
    """The assurance, as the proof gives it under the verifier's own map, meets the step.

    What could not be recomputed for want of something that the verifier can still give is undecided.
    """
    rule = act.step.assurance
    proved = act.authentication.assurance if result is None else result.assurance
    if rule is None or rule.met_by(proved):
        return
    expected = f"{rule.scheme}:{rule.least}"
    if result is not None and not result.decided:
        if act.authentication.disclosure is not None:  # otherwise ERASED says it, and nothing can be given any more
            yield finding("ASSURANCE_UNDECIDED", act.step.name, expected=expected)
    else:
        yield finding("ASSURANCE_TOO_LOW", act.step.name, expected=expected, found=assurance_text(proved) or "none")


def _rechecked(act: Act, case: Case) -> Recheck | None:
    """None where the service that made the login approves it and has no pin at hand to check it again."""
    given, login = case.given, act.authentication
    if given.providers is None and needs_pins(login):
        return None
    newer = None if given.sources is None else Newer(given.sources, given.now, given.transport)
    return recheck(login, given.trust, given.providers or (), signed_at=act.time, origins=given.origins, newer=newer)
