"""Worlds whose time passes."""

from __future__ import annotations

import pytest

from tests.preserving.world import World


@pytest.fixture
def world() -> World:
    return World()
