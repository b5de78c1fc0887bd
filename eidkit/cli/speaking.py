"""How the command line speaks: its language, its errors, one JSON object per line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.errors import EidkitError, Language, Text

F = TypeVar("F", bound="Callable[..., Any]")


@dataclass(slots=True)
class Reader:
    """The person we speak to; one per run, carried as click's ``obj``."""

    chosen: str | None = None

    @property
    def language(self) -> Language:
        """``vi`` or ``en``: ``--lang`` when given, otherwise LC_ALL, LC_MESSAGES or LANG."""
        names = ("LC_ALL", "LC_MESSAGES", "LANG")
        spoken = self.chosen or next((os.environ[name] for name in names if os.environ.get(name)), "")
        return "vi" if spoken.lower().startswith("vi") else "en"


def language() -> Language:
    """The language of the command that is running."""
    context = click.get_current_context(silent=True)
    reader = context.find_object(Reader) if context else None
    return (reader or Reader()).language


def _choose(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    reader = ctx.find_object(Reader)
    if value and reader:
        reader.chosen = value


def language_option(command: F) -> F:
    """Adds ``--lang`` to a command."""
    return click.option(
        "--lang",
        type=click.Choice(["en", "vi"]),
        expose_value=False,
        is_eager=True,
        callback=_choose,
        help="Language of messages; default: LC_ALL, LC_MESSAGES or LANG.",
    )(command)


def in_language(text: Text, spoken: Language | None = None) -> str:
    """``text`` in the reader's language."""
    return text.in_language(spoken or language())


def say(text: Text, *, err: bool = False, spoken: Language | None = None) -> None:
    """One sentence to the person, in their language."""
    click.echo(in_language(text, spoken), err=err)


def misused(why: Text) -> click.UsageError:
    """Options that do not fit together, told in the reader's language."""
    return click.UsageError(in_language(why))


def complain(error: EidkitError, spoken: Language | None = None) -> None:
    """Problem and remedy on standard error."""
    from eidkit.verify.render.text import printable

    click.echo(printable(f"eidkit: {in_language(error.problem, spoken)}"), err=True)
    click.echo(printable(f"      → {in_language(error.remedy, spoken)}"), err=True)


def emit_json(value: object) -> None:
    """One JSON object on one line of standard output; a file name that is not Unicode is written as escapes."""
    import json

    text = json.dumps(value, ensure_ascii=False)
    click.echo(text if text.isascii() or _encodable(text) else json.dumps(value))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def not_readable(name: str, error: EidkitError) -> dict[str, object]:
    """What ``--json`` prints for a file that is not understood at all."""
    from eidkit.findings import refusal_json

    return {"document": name, "verdict": "NOT-READABLE", "findings": [refusal_json(error)]}
