"""The finding about an algorithm that is too weak, written one way wherever it is met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.canonical import format_time
from eidkit.errors import Text
from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.algorithms import Weakness


def too_weak(about: str | None, what: Text | str, weak: Weakness, at: datetime) -> Finding:
    """CRYPTO_CONSTRAINTS_FAILURE: names the algorithm, the key's size, the time judged for, and when it ended."""
    time = format_time(at)
    return finding("CRYPTO_CONSTRAINTS_FAILURE", about, what=what, algorithm=weak.name, time=time, end=_ended(weak))


def _ended(weak: Weakness) -> Text:
    if weak.end is None:
        return Text("it was never acceptable", "chưa bao giờ được chấp nhận")
    day = f"{weak.end:%Y-%m-%d}"
    return Text(f"acceptable before {day} only", f"chỉ được chấp nhận trước {day}")
