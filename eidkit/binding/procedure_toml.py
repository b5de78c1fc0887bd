"""A Procedure as people write it: TOML, with every default written out before anything is digested.

Defaults: a document is ``required`` from the first step on; a step is a person's, takes any assurance and any
proof class, wants signature level B-T within 900 seconds, signs every document that is there and allows no
visible signature; an action *advances* and then commits to proof-of-approval.
"""

from __future__ import annotations

from typing import Any

from eidkit import canonical
from eidkit.binding import shape
from eidkit.files import toml

MAX_AGE = 900


def loads(data: bytes) -> dict[str, Any]:
    """The Procedure's JSON form of TOML bytes, every member present; dates and floats are refused."""
    try:
        value = toml(data)
    except ValueError as error:
        reason = str(error)[:200]
        shape.refuse(
            "toml-malformed", f"the procedure is not TOML: {reason}", f"thủ tục không phải TOML hợp lệ: {reason}"
        )
    canonical.check_strict(value)
    return with_defaults(value)


def with_defaults(value: dict[str, Any]) -> dict[str, Any]:
    """``value`` with the defaults of this module written out; it still has to be read strictly."""
    documents = _tables(value.get("documents", []), "documents")
    steps = _tables(value.get("steps", []), "steps")
    names = [str(step.get("step")) for step in steps]
    rules = [{"required": True, "from_step": names[0] if names else "", **rule} for rule in documents]
    return {
        "v": 1,
        "holders": {},
        **value,
        "attesters": [_identity(entry) for entry in _tables(value.get("attesters", []), "attesters")],
        **({"holders": _holders(value["holders"])} if "holders" in value else {}),
        "documents": rules,
        "steps": [_step(step, position, names, rules) for position, step in enumerate(steps)],
    }


def _step(step: dict[str, Any], position: int, names: list[str], rules: list[dict[str, Any]]) -> dict[str, Any]:
    there = [rule.get("label") for rule in rules if rule["from_step"] in names[: position + 1]]
    return {
        "kind": "person",
        "assurance": None,
        "proof_class": "attested",
        "signature_level": "B-T",
        "max_age": MAX_AGE,
        "different_from": [],
        "documents": there,
        "appearance": False,
        **step,
        "mandate": _identity(step["mandate"]) if "mandate" in step else None,
        "actions": [_action(action) for action in _tables(step.get("actions", []), "actions")],
    }


def _action(action: dict[str, Any]) -> dict[str, Any]:
    commitment = "proof-of-approval" if action.get("effect", "advances") == "advances" else None
    filled = {"effect": "advances", "returns_to": None, "commitment": commitment, **action}
    # TOML has no null: "none" spells an action without a commitment.
    return {**filled, "commitment": None if filled["commitment"] == "none" else filled["commitment"]}


def _holders(value: Any) -> dict[str, Any]:
    table: dict[str, Any] = canonical.typed(value, dict, "holders")
    return {role: [_identity(entry) for entry in _tables(people, "holders")] for role, people in table.items()}


def _identity(value: Any) -> dict[str, Any]:
    return {"name": "", **canonical.typed(value, dict, "identity")}


def _tables(value: Any, what: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = canonical.typed(value, list, what)
    for row in rows:
        canonical.typed(row, dict, what)
    return rows
