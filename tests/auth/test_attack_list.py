"""Every check and every attack that a way to log in must answer has its test: ``attacks.toml`` says which."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
_NAMED = re.compile(r"(?P<file>[a-z0-9_/]+)::(?P<test>test_\w+)(?:\[(?P<case>.+)\])?")
LISTS = tomllib.loads(Path(__file__).with_name("attacks.toml").read_text("utf-8"))
EVERY = [(part, what, test) for part, listed in LISTS.items() for what, tests in listed.items() for test in tests]
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def _module(file: str) -> ast.Module:
    folder, _, name = file.rpartition("/")
    path = TESTS / (folder or "auth") / f"test_{name}.py"
    return ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])


def _texts(tree: ast.AST) -> set[str]:
    held = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in held if isinstance(value, str)}


def _cases(module: ast.Module, test: ast.AST) -> set[str]:
    """Every text in a test and its decorators, and in the tables of the module that these name."""
    named = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    tables = (
        one
        for one in module.body
        if isinstance(one, ast.Assign) and any(isinstance(to, ast.Name) and to.id in named for to in one.targets)
    )
    return _texts(test).union(*map(_texts, tables))


@pytest.mark.parametrize(("part", "what", "test"), EVERY)
def test_what_is_listed_is_proved(part, what, test):
    named = _NAMED.fullmatch(test)
    assert named, f"{test} names no test"
    module = _module(named["file"])
    found = [one for one in module.body if isinstance(one, _FUNCTION) and one.name == named["test"]]
    assert len(found) == 1, f"{part}: nothing proves {what!r} where {test} should"
    if named["case"] is not None:
        assert named["case"] in _cases(module, found[0]), f"{part}: {what!r} is no case of {test}"


@pytest.mark.parametrize("part", LISTS)
def test_nothing_is_listed_without_a_test_or_with_one_twice(part):
    for what, tests in LISTS[part].items():
        assert len(set(tests)) == len(tests) > 0, what
