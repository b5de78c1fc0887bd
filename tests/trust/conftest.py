"""The small chain that most trust tests start from."""

from __future__ import annotations

import pytest

from tests.trust.making import Pki, self_signed


@pytest.fixture
def pki() -> Pki:
    root = self_signed("Root")
    authority = root.issue("Authority", authority=True)
    return Pki(root, authority, authority.issue("Person"))
