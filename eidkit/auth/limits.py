"""The attempt limiter: counted before any comparison, per person and per source (auth.md §6.2).

Guessing is slow (1, 2, 4 … 300 seconds between failures) and ends after ten failures in a row; only a success or
an operator starts the count anew.  A success resets the person's own counter and no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.auth.stores import Attempts

if TYPE_CHECKING:
    from eidkit.auth.stores import Unit

MAX_FAILURES = 10
"""Failures in a row after which a person's authenticator is locked (SP 800-63B-4 §3.2.2 allows 100)."""
MAX_PER_SOURCE = 100
SOURCE_WINDOW = 3600
"""Failures from one source within a window of so many seconds."""
MAX_DELAY = 300


def counted(unit: Unit, name: str, now: int) -> str | None:
    """Count one attempt under ``name``, or the reason why none is allowed now."""
    failed, last = unit.attempts(name)
    if failed >= MAX_FAILURES:
        return "locked"
    if failed and now < last:
        # The clock went back: wait the whole delay from this moment on, and not until the old one comes again.
        unit.set_attempts(name, Attempts(failed, now))
        return "too-soon"
    if failed and now - last < delay(failed):
        return "too-soon"
    unit.set_attempts(name, Attempts(failed + 1, now))
    return None


def counted_for_source(unit: Unit, name: str, now: int) -> str | None:
    """Count one attempt from a source, or the reason why its budget for this window is spent."""
    failed, start = unit.attempts(name)
    if not failed or now - start >= SOURCE_WINDOW:
        failed, start = 0, now
    if failed >= MAX_PER_SOURCE:
        return "source-spent"
    unit.set_attempts(name, Attempts(failed + 1, start))
    return None


def forgiven(unit: Unit, name: str) -> None:
    """Forget what was counted under ``name``."""
    unit.set_attempts(name, Attempts(0, 0))


def taken_back(unit: Unit, name: str) -> None:
    """Take one attempt back: it was no guess."""
    failed, last = unit.attempts(name)
    unit.set_attempts(name, Attempts(max(failed - 1, 0), last))


def delay(failed: int) -> int:
    """Seconds to wait after so many failures in a row: 1, 2, 4 … 300."""
    return int(min(2 ** (failed - 1), MAX_DELAY))
