"""No regular expression that CPython before 3.11.5 matches wrongly.

There a possessive repeat or an atomic group of more than one character (``(?:…)*+``, ``(?>…)``) is mishandled when what
stands in it can fail after it began: the place where the match went on is lost.  So an alternative in it is some
single characters, or one character or many of one kind with nothing behind that must be there.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from contextlib import suppress
from dataclasses import fields, is_dataclass
from re import _constants as codes  # type: ignore[attr-defined]  # how re itself sees a pattern
from re import _parser as parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

import pytest

import eidkit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

CALLS = {"compile", "match", "fullmatch", "search", "split", "sub", "subn", "findall", "finditer"}
GUARDED = {"eidkit.pdf.extents": "_USUAL"}
"""Not used where it would be matched wrongly."""
MODULES = sorted(module.name for module in pkgutil.walk_packages(eidkit.__path__, "eidkit."))
_ONE = {codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY}
_REPEATS = {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}


@pytest.mark.parametrize("name", MODULES)
def test_no_possessive_group_can_fail_after_it_began(name: str) -> None:
    module = importlib.import_module(name)
    guarded = GUARDED.get(name)
    known = {getattr(module, guarded).pattern} if guarded else set()
    assert {pattern for pattern, flags in patterns(module) if risky(pattern, flags)} == known


def test_there_are_patterns_to_look_at() -> None:
    assert sum(len(list(patterns(importlib.import_module(name)))) for name in MODULES) > 50


@pytest.mark.parametrize(
    "pattern",
    [r"(?:ab|a*c)*+", r"(?>ab*c|d)", r"(?:a+?b)*+", r"x(?:(?>a|b\d*c)y)?", r"(?:a|b(?=c))++", r"(?:%[^\n]*\n)*+"],
)
def test_what_it_looks_for_is_found(pattern: str) -> None:
    assert risky(pattern, 0)


@pytest.mark.parametrize("pattern", [r"[a-z]*+x", r"(?:\s+|%[^\n]*)*+", r"(?:a|[bc]+)++d", r"(?:ab|a*c)*", r"(?>a|b)"])
def test_what_is_right_everywhere_is_left_alone(pattern: str) -> None:
    assert not risky(pattern, 0)


def patterns(module: ModuleType) -> Iterator[tuple[str | bytes, int]]:
    """Each pattern that is written in the module, its names and parts put together as the module does."""
    source = importlib.util.find_spec(module.__name__).loader.get_source(module.__name__)  # type: ignore[union-attr]
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            flags = node.args[1] if node.func.attr == "compile" and len(node.args) > 1 else given.get("flags")
            with suppress(NameError):  # made in a function, and found below
                yield _value(node.args[0], module), int(_value(flags, module)) if flags is not None else 0
    for made in _compiled(vars(module).values(), 3):
        yield made.pattern, made.flags & ~re.DEBUG


def _compiled(values: Iterable[Any], depth: int) -> Iterator[re.Pattern[Any]]:
    """The compiled patterns among values and in what they hold."""
    for value in values:
        if isinstance(value, re.Pattern):
            yield value
        elif depth and isinstance(value, tuple | list | frozenset):
            yield from _compiled(value, depth - 1)
        elif depth and isinstance(value, dict):
            yield from _compiled(value.values(), depth - 1)
        elif depth and is_dataclass(value) and not isinstance(value, type):
            yield from _compiled((getattr(value, each.name, None) for each in fields(value)), depth - 1)


def _value(node: ast.expr, module: ModuleType) -> Any:
    return eval(compile(ast.Expression(node), "<pattern>", "eval"), {"re": re, **vars(module)})  # noqa: S307 - our own source


def risky(pattern: str | bytes, flags: int) -> bool:
    """Whether a possessive or atomic group in the pattern can fail after it began."""
    return any(_can_fail_late(body) for body in _possessive(parser.parse(pattern, flags)))


def _possessive(parsed: Any) -> Iterator[Any]:
    """The bodies of all possessive repeats and atomic groups, at any depth."""
    for code, value in parsed:
        if code in {codes.POSSESSIVE_REPEAT, codes.ATOMIC_GROUP}:
            yield value[2] if code is codes.POSSESSIVE_REPEAT else value
        for inner in _inside(value):
            yield from _possessive(inner)


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _inside(one)


def _can_fail_late(body: Any) -> bool:
    items = list(body)
    if len(items) == 1 and items[0][0] is codes.BRANCH:
        return any(_can_fail_late(alternative) for alternative in items[0][1][1])
    if len(items) == 1 and items[0][0] is codes.SUBPATTERN:
        return _can_fail_late(items[0][1][-1])
    if all(code in _ONE for code, _ in items):
        return False
    return not _of_one_kind(items[0], least=1) or not all(_of_one_kind(one, least=0) for one in items[1:])


def _of_one_kind(item: tuple[Any, Any], *, least: int) -> bool:
    """One character of a kind, or at least ``least`` of them."""
    code, value = item
    if code in _REPEATS:
        return value[0] <= least and len(value[2]) == 1 and value[2][0][0] in _ONE
    return least == 1 and code in _ONE
