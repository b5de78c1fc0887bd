"""Vietnam as data and small adapters: the five-step procedure of the one-stop shop.

Nothing lower imports this package; national certificate shapes are rows of :mod:`eidkit.trust.subject`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eidkit.vn.one_stop_shop import dossier_code, five_steps
    from eidkit.vn.writing import procedure_toml

_HOMES = {
    "dossier_code": "eidkit.vn.one_stop_shop",
    "five_steps": "eidkit.vn.one_stop_shop",
    "procedure_toml": "eidkit.vn.writing",
}
__all__ = ["dossier_code", "five_steps", "procedure_toml"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'eidkit.vn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
