"""The pytest plugin: a sandbox, its people and devices, and a clock, for the tests of programs that embed eidkit.

Installing eidkit registers it; ``-p no:eidkit`` leaves it out.  Nothing heavy is imported before a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from eidkit.clock import FixedClock
    from eidkit.sandbox.authenticator import SandboxAuthenticator
    from eidkit.sandbox.keys import SandboxKey
    from eidkit.sandbox.provider import SandboxProvider
    from eidkit.sandbox.sandbox import Sandbox


@pytest.fixture
def eidkit_clock() -> FixedClock:
    """A clock that stands at the present, for this test alone; ``advance`` moves it."""
    from datetime import UTC, datetime

    from eidkit.clock import FixedClock

    return FixedClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def eidkit_sandbox(eidkit_clock: FixedClock) -> Sandbox:
    """A make-believe trust infrastructure of this test's own, living at ``eidkit_clock``.

    It is a Transport; ``with eidkit.sandbox.server.serving(eidkit_sandbox)`` puts it on the loopback.
    """
    from eidkit.sandbox.sandbox import Sandbox
    from eidkit.sandbox.server import free_address

    return Sandbox.create(clock=eidkit_clock, base_url=free_address())


@pytest.fixture
def eidkit_official(eidkit_sandbox: Sandbox) -> SandboxKey:
    """An official of a ward with a signing key: Nguyễn Thị Lan (``.identity`` says who), certified by the sandbox."""
    from eidkit.sandbox.people import CAST, ORGANISATION, ORGANISATION_MST

    ward = eidkit_sandbox.agency(ORGANISATION, ORGANISATION_MST)
    return eidkit_sandbox.official(CAST[0].name, CAST[0].cccd, title=CAST[0].title, organisation=ward)


@pytest.fixture
def eidkit_provider(eidkit_sandbox: Sandbox) -> SandboxProvider:
    """The sandbox's OpenID provider, where everybody whom the sandbox certified can log in.

    ``.provider()`` is the value for ``oidc.begin``, ``.answer(url, identity)`` plays the browser, ``.faults`` is what
    it gets wrong.
    """
    return eidkit_sandbox.provider


@pytest.fixture
def eidkit_authenticator() -> SandboxAuthenticator:
    """An authenticator for passkeys with its browser at ``https://eidkit.test``; set ``.origin`` to your page's.

    ``.create(options)`` and ``.get(options)`` answer the questions of :mod:`eidkit.auth.webauthn`, ``.faults`` is what
    it gets wrong.
    """
    from eidkit.sandbox.authenticator import SandboxAuthenticator

    return SandboxAuthenticator("https://eidkit.test")
