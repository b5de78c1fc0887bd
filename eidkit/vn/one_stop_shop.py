"""The five-step procedure of the Vietnamese one-stop shop, as data (``procedures/one-stop-shop.toml``)."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

from eidkit.binding import procedure_toml, shape
from eidkit.binding.procedure import Procedure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eidkit.binding.procedure import AssuranceRule
    from eidkit.identity import Identity

_CODE = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9]{1,3}){1,4}-[0-9]{6}-[0-9]{4,6}")


def five_steps(
    *,
    attesters: Sequence[Identity],
    mandate: Identity,
    holders: Mapping[str, Sequence[Identity]] | None = None,
    assurance: Mapping[str, AssuranceRule] | None = None,
    proof_class: Mapping[str, str] | None = None,
) -> Procedure:
    """Reception, assessment, approval, signing (the seal of ``mandate``), return of the result.

    ``attesters`` are the organisations whose service key may attest logins.  ``holders`` names who holds the
    roles ``one-stop-shop officer``, ``case officer``, ``head of unit`` and ``clerk``; a role without holders
    is claimed, and reported so.  ``assurance`` and ``proof_class`` raise or lower, by step name, the least that
    a step takes (as shipped: ``vn-2024`` level 1 and *attested*, which every method meets).  Documents: a PDF
    ``permit`` and an XML ``form``, both signed at every step.
    """
    table = tomllib.loads(_shipped())
    table["attesters"] = [identity.to_json() for identity in attesters]
    table["holders"] = {role: [identity.to_json() for identity in people] for role, people in (holders or {}).items()}
    roles = {step["role"] for step in table["steps"]}
    for role in table["holders"]:
        shape.one_of(role, sorted(roles), "role")
    demands = _demands(table["steps"], assurance or {}, proof_class or {})
    for step in table["steps"]:
        step.update(demands.get(step["step"], {}))
        if step.get("kind") == "seal":
            step["mandate"] = mandate.to_json()
    return Procedure.from_json(procedure_toml.with_defaults(table))


def _demands(
    steps: list[dict[str, Any]], assurance: Mapping[str, AssuranceRule], proof_class: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    names = [step["step"] for step in steps]
    demands: dict[str, dict[str, Any]] = {}
    for step, rule in assurance.items():
        demands.setdefault(shape.one_of(step, names, "step"), {})["assurance"] = rule.to_json()
    for step, least in proof_class.items():
        demands.setdefault(shape.one_of(step, names, "step"), {})["proof_class"] = least
    return demands


def _shipped() -> str:
    return resources.files("eidkit.vn").joinpath("procedures/one-stop-shop.toml").read_text(encoding="utf-8")


def dossier_code(text: str) -> bool:
    """Whether ``text`` has the shape of a dossier code: agency, date (yyMMdd), counter: ``H56.01-261124-0001``."""
    return _CODE.fullmatch(text) is not None
