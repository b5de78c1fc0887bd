"""The attempt limiter: counted before any comparison, per person and per source (auth.md §6.2).

Guessing is slow (1, 2, 4 … 300 seconds between failures) and ends after ten failures in a row; only a success or
an operator starts the count anew.  A success resets the person's own counter and no other.

A source (such as a network address) is shared by many people: it waits only after more failures than a whole office
makes by mistake, and its budget ends for the rest of the window.  What is *sent* has quotas of its own.
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
SOURCE_FREE = 20
"""Failures from one source after which it, too, waits ever longer between attempts."""
MAX_DELAY = 300
SEND_PAUSE = 30
"""Seconds between two messages to one address (auth.md §6.4)."""
TIDIED = ("source:", "sent:", "tries:")
"""Names under which counts are forgotten when they are older than a window."""


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
    """Count one attempt from a source, or the reason why none is allowed now."""
    failed, start = _in_window(unit, name, now)
    if failed >= MAX_PER_SOURCE:
        return "source-spent"
    if failed >= SOURCE_FREE:
        if _too_soon(unit, name, now, delay(failed - SOURCE_FREE + 1)):
            return "source-too-soon"
        unit.set_attempts(f"{name}:last", Attempts(1, now))
    unit.set_attempts(name, Attempts(failed + 1, start))
    return None


def sending_refused(unit: Unit, name: str, now: int, most: int, pause: int = 0) -> str | None:
    """Why no message may be sent under ``name`` now: ``most`` were in this window, or one in the last ``pause``."""
    if _in_window(unit, name, now).failed >= most:
        return "send-quota"
    return "send-pause" if pause and _too_soon(unit, name, now, pause) else None


def sending(unit: Unit, name: str, now: int) -> None:
    """Count one message under ``name``."""
    sent, start = _in_window(unit, name, now)
    unit.set_attempts(name, Attempts(sent + 1, start))
    unit.set_attempts(f"{name}:last", Attempts(1, now))


def _in_window(unit: Unit, name: str, now: int) -> Attempts:
    """What was counted in the window that is going on, and when that began.

    Where the clock went back the count stays, and its window lasts from this moment on.
    """
    count, start = unit.attempts(name)
    if not count or now - start >= SOURCE_WINDOW:
        return Attempts(0, now)
    if now < start:
        unit.set_attempts(name, Attempts(count, now))
    return Attempts(count, min(start, now))


def _too_soon(unit: Unit, name: str, now: int, pause: int) -> bool:
    last = unit.attempts(f"{name}:last")
    if last.failed and now < last.last:
        # The clock went back: wait the whole pause from this moment on, and not until the old one comes again.
        unit.set_attempts(f"{name}:last", Attempts(1, now))
        return True
    return bool(last.failed) and now - last.last < pause


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
