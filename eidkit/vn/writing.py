"""A Procedure as TOML for people to read and change; reading it again gives the same digest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.binding.procedure import Procedure


def procedure_toml(procedure: Procedure) -> str:
    """``procedure`` as a TOML file that ``Procedure.read`` takes; every member is written out."""
    return "\n".join(_lines(procedure.to_json())) + "\n"


def _lines(value: dict[str, Any]) -> Iterator[str]:
    yield f"id = {_scalar(value['id'])}"
    yield f"version = {_scalar(value['version'])}"
    yield f"title = {_inline(value['title'])}"
    yield f"holders = {_inline(value['holders'])}"
    for identity in value["attesters"]:
        yield from ("", "[[attesters]]", *_pairs(identity))
    for rule in value["documents"]:
        yield from ("", "[[documents]]", *_pairs(rule))
    for step in value["steps"]:
        yield from ("", "[[steps]]", *_pairs({name: item for name, item in step.items() if name != "actions"}))
        for action in step["actions"]:
            # TOML has no null: an action without a commitment says "none", since its default is not nothing.
            yield from ("", "[[steps.actions]]", *_pairs({**action, "commitment": action["commitment"] or "none"}))


def _pairs(table: dict[str, Any]) -> Iterator[str]:
    return (f"{name} = {_inline(item)}" for name, item in table.items() if item is not None)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_inline(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """A JSON string, integer or boolean: strict text has no character that TOML spells otherwise."""
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _scalar(name)
