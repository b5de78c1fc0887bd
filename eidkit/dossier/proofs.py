"""What the proof of a login still proves: binding.md §6.4, through the ``recheck`` of its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from eidkit.auth.rechecking import Recheck, recheck
from eidkit.binding import scales
from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.binding.authentication import Assurance
    from eidkit.dossier.act import Act, Case


def proof_holds(act: Act, case: Case) -> Iterator[Finding]:
    """The proof holds against what the verifier pinned, and is of the class that the login claims."""
    result = _rechecked(act, case)
    if result is None:
        return
    yield from (found for found in result.findings if found.severity == "error")
    claimed = act.authentication.proof_class
    if not scales.at_least(scales.PROOF_CLASSES, result.proof_class, claimed):
        yield finding("PROOF_CLASS_CLAIMED", act.step.name, found=claimed, proved=result.proof_class)


def proved_assurance(act: Act, case: Case) -> tuple[Assurance, ...]:
    """Recomputed from the proof with the verifier's own map, or from our table where it is the service's word."""
    result = _rechecked(act, case)
    return act.authentication.assurance if result is None else result.assurance


def _rechecked(act: Act, case: Case) -> Recheck | None:
    """None where the service that made the login approves it and no provider is at hand to check it again."""
    needs_provider = act.authentication.proof_class != "attested" or act.authentication.method == "oidc"
    if case.providers is None and needs_provider:
        return None
    # Providers come from the caller as they are; the way that knows them checks them.
    return recheck(act.authentication, case.trust, cast("Any", case.providers or ()), signed_at=act.time)
