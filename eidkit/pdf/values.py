"""PDF values compared and walked: equality without coercion, what differs, what is reachable.

pyHanko's objects are Python strings and numbers, which compare across PDF types; here a name is never a text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_REACHED = 20_000
MAX_NESTING = 200
MAX_MOVED = 6


def same(one: Any, other: Any, depth: int = 0) -> bool:
    """Whether two values are equal: same types, same members; references by number and generation."""
    if depth > MAX_NESTING:
        return False
    if one is None or other is None:
        return one is other
    if type(one) is not type(other):
        return False
    if hasattr(one, "idnum"):
        return bool((one.idnum, one.generation) == (other.idnum, other.generation))
    if isinstance(one, dict):
        if one.keys() != other.keys() or not all(
            same(dict.get(one, key), dict.get(other, key), depth + 1) for key in one
        ):
            return False
        return bool(getattr(one, "encoded_data", None) == getattr(other, "encoded_data", None))
    if isinstance(one, list):
        return len(one) == len(other) and all(
            same(a, b, depth + 1) for a, b in zip(list.__iter__(one), list.__iter__(other), strict=True)
        )
    return bool(one == other)


def equivalent(old: Any, one: Any, new: Any, other: Any, depth: int = 0) -> bool:
    """Whether ``one`` in the view ``old`` and ``other`` in the view ``new`` show the same.

    A reference equals one to the same number (whether that object changed is judged on its own), or one to
    another object of equivalent content.
    """
    if depth > MAX_MOVED or same(one, other):
        return depth <= MAX_MOVED
    numbers = getattr(one, "idnum", None), getattr(other, "idnum", None)
    if numbers[0] is not None or numbers[1] is not None:
        found = old.get_object(one.reference) if numbers[0] is not None else one
        return equivalent(
            old, found, new, new.get_object(other.reference) if numbers[1] is not None else other, depth + 1
        )
    if type(one) is not type(other) or getattr(one, "encoded_data", None) != getattr(other, "encoded_data", None):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            equivalent(old, dict.get(one, key), new, dict.get(other, key), depth + 1) for key in one
        )
    if isinstance(one, list):
        pairs = zip(list.__iter__(one), list.__iter__(other), strict=False)
        return len(one) == len(other) and all(equivalent(old, a, new, b, depth + 1) for a, b in pairs)
    return False


def names_in(old: Any, new: Any) -> frozenset[str]:
    """The names of the members in which two dictionaries differ."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return frozenset({"everything"})
    return frozenset(str(key) for key in {*old, *new} if not same(dict.get(old, key), dict.get(new, key)))


def reachable(resolver: Any, value: Any, floor: int, skip: Iterable[str] = ()) -> set[int]:
    """The numbers of objects from ``floor`` on that ``value`` leads to, not through members named in ``skip``."""
    left_out = frozenset(skip)
    found: set[int] = set()
    pending = [value]
    while pending:
        current = pending.pop()
        number = getattr(current, "idnum", None)
        if number is not None:
            if number < floor or number in found:
                continue
            found.add(number)
            if len(found) > MAX_REACHED:
                return found
            pending.append(resolver.get_object(current.reference))
        elif isinstance(current, dict):
            pending += [dict.get(current, key) for key in current if key not in left_out]
        elif isinstance(current, list):
            pending += list(list.__iter__(current))
    return found
