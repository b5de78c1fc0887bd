"""``eidkit dossier verify``: who approved what in a written dossier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.running import FAILED, PASSED, UNREADABLE
from eidkit.cli.speaking import complain, emit_json, language, language_option
from eidkit.errors import EidkitError
from eidkit.verify.render import html

if TYPE_CHECKING:
    from pathlib import Path

    from eidkit.dossier import DossierReport

EPILOG = """\b
Example:
  eidkit dossier verify out --procedure sandbox/procedure.toml --trust sandbox/roots --offline

Exit code: 0 only for COMPLETE, 1 for anything else, 2 could not be read.
"""


@click.group("dossier")
def command() -> None:
    """Prove who approved what in a written dossier."""


@command.command("verify", epilog=EPILOG, short_help="Recompute every link of the dossier in FOLDER.")
@click.argument("folder", type=options.PATH, metavar="FOLDER")
@click.option(
    "--procedure",
    required=True,
    type=options.PATH,
    metavar="FILE",
    help="Your own procedure; the folder's is never believed.",
)
@options.trust_options
@options.material_options
@options.login_options
@options.at_option
@options.json_option
@click.option("--html", type=options.PATH, metavar="OUT", help=options.HTML)
@language_option
@click.pass_context
def verify(ctx: click.Context, /, folder: Path, procedure: Path, **chosen: Any) -> None:
    """Recompute every link of the dossier in FOLDER: files, signatures, logins, persons, order, times.

    Needs only the folder, your procedure, your anchors and the providers' keys that you pinned.
    """
    try:
        report = _report(folder, procedure, chosen)
    except EidkitError as error:
        if chosen["as_json"]:
            from eidkit.cli.speaking import not_readable

            told = not_readable(folder.name, error)
            emit_json(
                {"dossier": told["document"], "verdict": told["verdict"], "steps": [], "findings": told["findings"]}
            )
        else:
            complain(error)
        if chosen["html"]:  # a page of an earlier run must not stay in its place
            options.write_page(chosen["html"], html.rendered([html.Unreadable(folder.name, error)], language()))
        ctx.exit(UNREADABLE)
    if chosen["as_json"]:
        emit_json(report.to_json())
    else:
        click.echo(report.to_text(language()))
    if chosen["html"]:
        options.write_page(chosen["html"], report.to_html(language()))
    ctx.exit(PASSED if report else FAILED)


def _report(folder: Path, procedure: Path, chosen: dict[str, Any]) -> DossierReport:
    from eidkit.binding.procedure import Procedure
    from eidkit.dossier import Dossier

    material = options.material(chosen)
    return Dossier.read(folder, options.named(procedure, Procedure.read)).verify(
        options.anchors(chosen),
        providers=options.providers(chosen["provider"]),
        sources=material.sources,
        at=options.moment(chosen["at"]),
        transport=material.transport,
    )
