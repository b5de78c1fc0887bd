"""What a verifier demands: small, typed, dated, versioned policies.

A released policy is never edited; a changed one gets the next version.  Every report names the policy and
version that it was judged under.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from eidkit.errors import NotSupported, Text

SKEW = timedelta(seconds=60)
"""How far the clocks of two parties may differ, wherever times of different makers are compared."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The demands of one verifier; threads may share it.

    ``revocation``: ``"require"`` makes a status that cannot be checked an error (INDETERMINATE/TRY_LATER);
    ``"warn"`` makes it the warning that some laws demand instead.  ``freshness`` is the greatest age of a
    revocation answer at the time it is judged for (``None``: its own nextUpdate decides).
    ``timestamp_required`` refuses a signature without a proved time.  ``form_filling_allowed``: whether form
    fields may be filled after an uncertified signature.
    """

    name: str
    version: str
    revocation: Literal["require", "warn"] = "require"
    freshness: timedelta | None = None
    timestamp_required: bool = False
    form_filling_allowed: bool = False
    weak_algorithms_allowed: frozenset[str] = frozenset()
    """Digest names accepted whatever the date: only for files of another age, and named in the report."""


ETSI_BASELINE = Policy("etsi-baseline", "1")
RELEASED = {f"{policy.name}@{policy.version}": policy for policy in (ETSI_BASELINE,)}


def named(name: str) -> Policy:
    """The released policy ``name`` (the newest version) or ``name@version``."""
    if name in RELEASED:
        return RELEASED[name]
    versions = [policy for policy in RELEASED.values() if policy.name == name]
    if versions:
        return versions[-1]
    raise NotSupported(
        "policy-unknown",
        Text(f"there is no policy {name[:80]!r}", f"không có chính sách {name[:80]!r}"),
        Text(f"use one of {', '.join(RELEASED)}", f"dùng một trong {', '.join(RELEASED)}"),
        kind="configuration",
    )
