"""Error codes and bounds, from the places in the code where they stand."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from eidkit_tree import PACKAGE, cell, python_files

if TYPE_CHECKING:
    from collections.abc import Iterator

_ERROR_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")


class Refusal(NamedTuple):
    """An error as the code has it: its code, its class where that can be told, its sentence in both languages."""

    code: str
    kind: str
    en: str
    vi: str


def errors() -> str:
    """Every error code that the code raises, with its class and its sentence where they stand together."""
    found: dict[str, Refusal] = {}
    for path in python_files():
        for refusal in _refusals(ast.parse(path.read_text(encoding="utf-8"))):
            known = found.get(refusal.code, Refusal(refusal.code, "", "", ""))
            found[refusal.code] = Refusal(*(old or new for old, new in zip(known, refusal, strict=True)))
    rows = [
        f"| `{code}` | {f'`{kind}`' if kind else ''} | {cell(en)}{_vi(vi)} |"
        for code, (_, kind, en, vi) in sorted(found.items())
    ]
    return "\n".join(("| code | class | problem |", "|---|---|---|", *rows))


def _vi(text: str) -> str:
    return f'<br><span class="eidkit-vi" lang="vi">{cell(text)}</span>' if text else ""


def _refusals(tree: ast.Module) -> Iterator[Refusal]:
    """Codes beside a sentence, in a call or as the key of a table, and codes given to something that makes an error."""
    makers = _error_classes() | _makers(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (code := _code(key)) and isinstance(value, ast.Tuple) and _has_remedy(value.elts):
                    yield Refusal(code, "", *_sentences(value.elts))
        elif isinstance(node, ast.Call) and len(node.args) > 1 and (code := _code(node.args[0])):
            kind = makers.get(_called(node), "")
            if kind or _has_remedy(node.args):
                yield Refusal(code, kind, *_sentences(node.args[1:]))


def _has_remedy(nodes: list[ast.expr]) -> bool:
    """Whether a problem and a remedy stand there: that is what makes a refusal."""
    return sum(isinstance(node, ast.Call) and _called(node) == "Text" for node in nodes) >= 2


def _code(node: ast.expr | None) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and _ERROR_CODE.fullmatch(value) else ""


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


@cache
def _error_classes() -> dict[str, str]:
    """Whatever makes an error, by name: the classes, and the functions that give or raise always the same one."""
    made: dict[str, set[str]] = {name: {name} for name in _classes()}
    for path in python_files():
        for name, kind in _makers(ast.parse(path.read_text(encoding="utf-8"))).items():
            made.setdefault(name, set()).add(kind)
    return {name: kinds.pop() for name, kinds in made.items() if len(kinds) == 1}


def _makers(tree: ast.Module) -> dict[str, str]:
    """The functions of one module that give or raise an error, and its class."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {node.name: kind for node in functions if (kind := _given_or_raised(node)) in _classes()}


@cache
def _classes() -> frozenset[str]:
    module = importlib.import_module("eidkit.errors")
    found = inspect.getmembers(module, inspect.isclass)
    return frozenset(name for name, cls in found if issubclass(cls, module.EidkitError))


def _given_or_raised(node: ast.FunctionDef) -> str:
    if isinstance(node.returns, ast.Name) and node.returns.id != "NoReturn":
        return node.returns.id
    raised = [inner.exc for inner in node.body if isinstance(inner, ast.Raise)]
    return _called(raised[0]) if raised and isinstance(raised[0], ast.Call) else ""


def _sentences(nodes: list[ast.expr]) -> tuple[str, str]:
    """The first Text among ``nodes``, or two plain sentences."""
    text = next((node.args for node in nodes if isinstance(node, ast.Call) and _called(node) == "Text"), nodes)
    said = [re.sub("…+", "…", _template(arg)) for arg in text[:2]]
    return (said[0], said[1]) if len(said) == 2 and " " in said[0] else ("", "")


def _template(node: ast.expr) -> str:
    """A string as it stands in the code, with ``…`` where values are filled in."""
    if isinstance(node, ast.Constant):
        return re.sub(r"\{[^{}]*\}", "…", node.value) if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp):
        return f"{_template(node.left)}{_template(node.right) or '…'}"
    return ""


_OUTSIDE = ("sandbox", "cli", "findings")


def bounds() -> str:
    """Every named bound: its name, its value as it is written, what its module says that it is for."""
    said = ["| bound | value | where |", "|---|---|---|"]
    for path in python_files():
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] in _OUTSIDE:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if name.startswith("MAX_"):
                    said.append(f"| `{name}` | {cell(ast.unparse(node.value))} | `{'.'.join(parts)}` |")
    return "\n".join(said)
