"""A make-believe trust infrastructure: authorities, revocation, timestamps, people, agencies.

In memory a :class:`Sandbox` is a Transport; ``init`` writes one to a folder for the command line.  Nothing that
it issues means anything: never put its roots among anchors that decide something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eidkit.sandbox.folder import init
    from eidkit.sandbox.keys import SandboxKey
    from eidkit.sandbox.sandbox import Sandbox

_MODULES = {
    "Sandbox": "eidkit.sandbox.sandbox",
    "SandboxKey": "eidkit.sandbox.keys",
    "init": "eidkit.sandbox.folder",
}
__all__ = ["Sandbox", "SandboxKey", "init"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module 'eidkit.sandbox' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
