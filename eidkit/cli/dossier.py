"""``eidkit dossier verify`` and ``erase``: who approved what in a written dossier, and forgetting who it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.running import FAILED, PASSED, UNREADABLE
from eidkit.cli.speaking import complain, emit_json, language, language_option, say
from eidkit.errors import EidkitError, Text
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
    """Prove who approved what in a written dossier, or erase who it was."""


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
@options.cache_option
@options.login_options
@click.option(
    "--identity-link",
    multiple=True,
    type=options.PATH,
    metavar="FILE",
    help="Statements that two identifiers are one person, beside those in FOLDER.",
)
@options.policy_option
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
        links=options.identity_links(chosen["identity_link"]),
        origins=options.origins(chosen["origin"]),
        sources=material.sources,
        policy=options.policy(chosen["policy"]),
        at=options.moment(chosen["at"]),
        transport=material.transport,
    )


ERASE_EPILOG = """\b
Example:
  eidkit dossier erase out --step reception --yes

Exit code: 0 erased (also when it had been before), 2 could not be done; what was erased stays erased.
"""


@command.command("erase", epilog=ERASE_EPILOG, short_help="Erase who acted at a step from the dossier in FOLDER.")
@click.argument("folder", type=options.PATH, metavar="FOLDER")
@click.option("--step", multiple=True, required=True, metavar="NAME", help="The step whose logins are erased.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@language_option
@click.pass_context
def erase(ctx: click.Context, /, folder: Path, step: tuple[str, ...], *, yes: bool) -> None:
    """Delete who acted at a step, and the proof of the login, from the dossier in FOLDER. There is no way back.

    What was signed still verifies; what needs the person is INDETERMINATE from then on. Names and numbers in the
    signer's certificate and in the documents stay. Copies and backups are not touched.
    """
    from eidkit.dossier import erase as erase_from

    told = Text(
        f"Who acted at {', '.join(step)} in {folder.name} will be deleted for good. Go on?",
        f"Thông tin người thực hiện {', '.join(step)} trong {folder.name} sẽ bị xóa vĩnh viễn. Tiếp tục?",
    )
    if not yes:
        click.confirm(told.in_language(language()), abort=True, err=True)
    try:
        done = erase_from(folder, steps=step)
    except EidkitError as error:
        complain(error)
        ctx.exit(UNREADABLE)
    say(
        Text(
            f"{done.logins} logins and {done.links} identity links erased, {done.before} had been before",
            f"đã xóa {done.logins} lần đăng nhập và {done.links} liên kết định danh; {done.before} đã xóa từ trước",
        )
    )
