"""What a verifier demands: small, typed, dated, versioned policies.

A released policy is never edited; a changed one gets the next version.  Every report names the policy and
version that it was judged under.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from eidkit.errors import NotSupported, Text
from eidkit.policy.value import ANY_ERROR, Clause, Listing, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ANY_ERROR", "ETSI_BASELINE", "LENIENT", "RELEASED", "SKEW", "Clause", "Listing", "Policy", "named"]

SKEW = timedelta(seconds=60)
"""How far the clocks of two parties may differ, wherever times of different makers are compared."""

ETSI_BASELINE = Policy("etsi-baseline", "1", dated=date(2026, 11, 24))
"""Strict: a status that cannot be checked is an error, and what changed after signing must be nothing."""
LENIENT = Policy(
    "lenient",
    "1",
    revocation="warn",
    form_filling_allowed=True,
    weak_algorithms_allowed=frozenset({"sha1", "rsa-1024", "rsa-1536"}),
    dated=date(2026, 11, 24),
)
"""For looking into old files: an unknown status, filled forms, SHA-1 and short RSA keys are warnings at most."""
RELEASED = {policy.label: policy for policy in (ETSI_BASELINE, LENIENT)}
"""The policies of this package by ``name@version``; national ones stand above it (``eidkit.vn``)."""


def named(name: str, known: Mapping[str, Policy] = RELEASED) -> Policy:
    """The released policy ``name`` (the newest version) or ``name@version`` among ``known``."""
    if name in known:
        return known[name]
    versions = [policy for policy in known.values() if policy.name == name]
    if versions:
        return max(versions, key=lambda policy: policy.dated or date.min)
    raise NotSupported(
        "policy-unknown",
        Text(f"there is no policy {name[:80]!r}", f"không có chính sách {name[:80]!r}"),
        Text(
            f"use one of {', '.join(known)}, or a TOML file of your own",
            f"dùng một trong {', '.join(known)}, hoặc tệp TOML của bạn",
        ),
        kind="configuration",
    )
