"""The only door to the present time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import timedelta


class Clock(Protocol):
    """*(port)* Tells the present in UTC.  Implementations must be safe to share between threads."""

    def now(self) -> datetime:
        """The present, with a time zone."""
        ...


class SystemClock:
    """The machine's clock; threads may share it."""

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands where it was set; ``advance`` moves it.  For tests, sandboxes and re-enactments.

    Threads may read it; only one may move it.
    """

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError("a clock needs a time with a zone; add tzinfo=datetime.UTC")
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was set to."""
        return self._moment

    def advance(self, by: timedelta) -> None:
        """Move the clock forward (or back, with a negative ``by``)."""
        self._moment += by


SYSTEM_CLOCK: Clock = SystemClock()
