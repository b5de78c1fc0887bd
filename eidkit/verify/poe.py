"""Proofs of existence: for each object, the earliest time at which it is proved to have existed.

An object is known by its SHA-256.  What nothing proves existed only now.  A value: adding a proof makes another.
Source: EN 319 102-1 V1.4.1 §5.6.2.3.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Proofs:
    """The earliest proved time of each object (SHA-256 in hex), as seen from ``now``."""

    now: datetime
    times: Mapping[str, datetime] = field(default_factory=dict)

    def of(self, octets: bytes) -> datetime:
        """When ``octets`` are proved to have existed at the latest; ``now`` where nothing proves more."""
        return self.of_digest(hashlib.sha256(octets).hexdigest()) if self.times else self.now

    def of_digest(self, sha256: str) -> datetime:
        """The same for an object known by its SHA-256."""
        return min(self.times.get(sha256, self.now), self.now)

    def extended(self, objects: Iterable[str], time: datetime) -> Proofs:
        """These proofs and, for each of ``objects`` (SHA-256), that it existed at ``time``."""
        times = dict(self.times)
        for sha256 in objects:
            times[sha256] = min(time, times.get(sha256, time))
        return Proofs(self.now, times)
