"""What the package says of itself: finding codes, public names, the command line."""

from __future__ import annotations

import importlib
import inspect
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from eidkit_clauses import is_public, places
from eidkit_tree import ROOT, cell, first_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator


def findings() -> str:
    """A table per area: every code with its severity, sentence and remedy in both languages, and its clauses."""
    table = importlib.import_module("eidkit.findings")
    areas = [module for _, module in inspect.getmembers(table, inspect.ismodule) if hasattr(module, "ROWS")]
    areas.sort(key=lambda module: table.RANK[module.ROWS[0].code])
    said = []
    for module in areas:
        said.append(
            f"\n## {first_sentence(module.__doc__ or '').rstrip('.')}\n\n| code | sentence and remedy |\n|---|---|"
        )
        said += [f"| {_code_cell(row)} | {_text_cell(row)} |" for row in module.ROWS]
    return "\n".join(said)


def _code_cell(row: Any) -> str:
    verdict = row.severity if row.indication is None else f"{row.indication}"
    sub = f" / {row.subindication}" if row.subindication and row.subindication != row.code else ""
    cited = dict.fromkeys(
        f"{name} §{clause}" for place in places() if row.code in place.findings for name, clause in place.cited
    )
    shown = [line for line in cited if is_public(line.split(" §")[0])][:4]
    return f"`{row.code}`<br>{verdict}{sub}" + (f"<br><small>{', '.join(shown)}</small>" if shown else "")


def _text_cell(row: Any) -> str:
    english, vietnamese = (cell(f"{row.message.in_language(x)} → {row.remedy.in_language(x)}") for x in ("en", "vi"))
    return f'{english}<br><span class="eidkit-vi" lang="vi">{vietnamese}</span>'


def public_names() -> str:
    """Every public name, once, under the package that has it first, from its docstring."""
    lines = (ROOT / "tests" / "public_names.txt").read_text(encoding="utf-8").splitlines()
    seen: dict[int, str] = {}
    said = []
    for package, names in groupby(lines, key=lambda line: line.rpartition(".")[0]):
        said.append(f"\n## `{package}`\n")
        if package != "eidkit":
            said.append((inspect.getdoc(importlib.import_module(package)) or "").split("\n\n")[0].replace("``", "`"))
            said[-1] = re.sub(r":[a-z]+:`~?([^`]+)`", r"`\1`", said[-1]) + "\n"
        said += [_name(line, seen) for line in names]
    return "\n".join(said)


def _name(line: str, seen: dict[int, str]) -> str:
    module, _, name = line.rpartition(".")
    value = getattr(importlib.import_module(module), name)
    if inspect.ismodule(value):
        return f"`{line}`: see below.\n"
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return f"`{line}` = `{value!r}`\n"
    if id(value) in seen:
        return f"`{line}` is [`{seen[id(value)]}`](#{seen[id(value)]}).\n"
    seen[id(value)] = line
    if not inspect.isclass(value):
        return f"```{{eval-rst}}\n.. autofunction:: {line}\n```\n"
    hidden = "\n   :exclude-members: __init__, __new__, with_traceback, add_note"
    return f"```{{eval-rst}}\n.. autoclass:: {line}\n   :members:{hidden}\n```\n"


def commands() -> str:
    """Every command: what it does, its options, its examples, from the command line itself."""
    import click

    from eidkit.cli.running import COMMANDS, eidkit

    root = click.Context(eidkit, info_name="eidkit", **eidkit.context_settings)
    return "\n".join(part for name in COMMANDS for part in _command(name, root))


def _command(name: str, parent: Any) -> Iterator[str]:
    import click

    command = parent.command.get_command(parent, name)
    if command is None or command.hidden:
        return
    ctx = click.Context(command, info_name=name, parent=parent)
    yield f"\n{'##' if parent.parent is None else '###'} {ctx.command_path}\n\n{_paragraphs(command.help)}\n"
    if isinstance(command, click.Group):
        for inner in command.list_commands(ctx):
            yield from _command(inner, ctx)
        return
    usage = " ".join(command.collect_usage_pieces(ctx))
    yield f"```text\n{ctx.command_path} {usage}\n```\n"
    yield _options(command, ctx)
    yield _epilog(command.epilog)


def _paragraphs(text: str | None) -> str:
    return inspect.cleandoc(text or "").replace("\b\n", "").replace("<", "&lt;")


def _options(command: Any, ctx: Any) -> str:
    import click

    options = [option for option in command.get_params(ctx) if isinstance(option, click.Option)]
    records = [record for option in options if (record := option.get_help_record(ctx))]
    rows = [f"| {' '.join(f'`{cell(part)}`' for part in head.split(', '))} | {cell(told)} |" for head, told in records]
    return "\n".join(("| option | |", "|---|---|", *rows, ""))


def _epilog(text: str | None) -> str:
    """Each paragraph that keeps its lines as a block of text; the others as they are."""
    said = []
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        if paragraph.startswith("\b\n"):
            title, _, body = paragraph.removeprefix("\b\n").partition("\n")
            said.append(f"{title}\n\n```text\n{inspect.cleandoc(body)}\n```\n")
        elif paragraph:
            said.append(f"{paragraph}\n")
    return "\n".join(said)
