"""A pytest plugin: a sandbox, and a clock that the test may move, for the tests of programs that embed eidkit.

Switch it on with ``pytest -p eidkit.sandbox.plugin``, or with ``pytest_plugins`` in the top ``conftest.py``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from eidkit.clock import FixedClock
    from eidkit.sandbox.sandbox import Sandbox


@pytest.fixture
def eidkit_clock() -> FixedClock:
    """A clock that stands at the present, for this test alone; ``advance`` moves it."""
    from eidkit.clock import FixedClock

    return FixedClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def eidkit_sandbox(eidkit_clock: FixedClock) -> Sandbox:
    """A make-believe trust infrastructure of this test's own, living at ``eidkit_clock``; it is a Transport."""
    from eidkit.sandbox.sandbox import Sandbox

    return Sandbox.create(clock=eidkit_clock)
