"""Names of a package that are loaded when they are first asked for, so that its import costs nothing.

The package writes its names three times, each for another reader: under ``TYPE_CHECKING`` for type checkers, in
``__all__`` for people, and here with the module that each lives in.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def loading(
    package: str, homes: Mapping[str, Sequence[str]], *, modules: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` (PEP 562) of ``package``; the second lists its ``__all__``.

    ``homes`` maps a module (its name inside the package, or a whole one that begins with ``eidkit.``) to the names
    that live in it; ``modules`` are modules that are offered themselves.  Any other name is an AttributeError.
    """
    home = {name: module for module, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name in home:
            module = home[name] if home[name].startswith("eidkit.") else f"{package}.{home[name]}"
            value = getattr(import_module(module), name)
        elif name in modules:
            value = import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    def listed() -> list[str]:
        return sorted(sys.modules[package].__all__)

    return load, listed
