"""A make-believe trust infrastructure: authorities, revocation, timestamps, people, agencies.

In memory a :class:`Sandbox` is a Transport; ``init`` writes one to a folder for the command line.  Nothing that
it issues means anything: never put its roots among anchors that decide something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.sandbox.folder import init
    from eidkit.sandbox.keys import SandboxKey
    from eidkit.sandbox.sandbox import Sandbox

__all__ = ["Sandbox", "SandboxKey", "init"]

__getattr__, __dir__ = lazily.loading(__name__, {"folder": ("init",), "keys": ("SandboxKey",), "sandbox": ("Sandbox",)})
