"""``eidkit audit``: what the files that you have prove today, until when, what would be lost first, and the rescue."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from eidkit.cli import options, progress
from eidkit.cli.running import FAILED, PASSED, UNREADABLE
from eidkit.cli.speaking import emit_json, language, language_option, say
from eidkit.errors import DocumentError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eidkit.verify.auditing import Task
    from eidkit.verify.journal import Journal
    from eidkit.verify.many import Terms
    from eidkit.verify.render.audit import Summary
    from eidkit.verify.walking import Found

EPILOG = """\b
Examples:
  eidkit audit archive --trust roots --html audit.html
  eidkit audit archive other/file.pdf --trust roots --crl crls --offline --json > audit.jsonl
  eidkit audit archive --trust roots --resume audit.journal

With --resume, run the same command again after an interruption: it goes on where it stopped, as of the moment at
which it was begun. Begin another file for a new audit.

Exit code: 0 every document passed, 1 some did not, 2 some could not be read.
"""


@click.command(epilog=EPILOG)
@click.argument("folders", nargs=-1, required=True, type=options.PATH, metavar="FOLDER...")
@options.trust_options
@options.attest_trust_option
@options.material_options
@options.cache_option
@options.policy_option
@options.at_option
@options.json_option
@click.option("--html", type=options.PATH, metavar="OUT", help="All of it as one page, the first to be lost first.")
@click.option("--resume", type=options.PATH, metavar="FILE", help="Keep a journal in FILE, and go on where it stopped.")
@click.option(
    "--workers",
    type=click.IntRange(0, 512),
    metavar="N",
    help="Processes that verify; default: one per core. 0: none but this one.",
)
@language_option
@click.pass_context
def command(ctx: click.Context, /, folders: tuple[Path, ...], **chosen: Any) -> None:
    """Say of each document below FOLDER what it proves today, until when, what is lost first and how to save it.

    Documents are known by their content, not by their names: PDF, XML, CMS, timestamp tokens, containers. Other files
    are passed over, unless their name promises a document. Symbolic links are not followed.
    """
    from eidkit.verify.walking import walk

    found = walk(folders)
    terms = _terms(chosen)
    with ExitStack() as opened:
        journal = opened.enter_context(_journal(chosen, terms)) if chosen["resume"] else None
        if journal is not None:
            terms = replace(terms, at=options.moment(journal.run.at))
        summary = _told(found, terms, journal, chosen)
    if not summary.documents:
        raise _nothing()
    if chosen["html"] and terms.at is not None:
        from eidkit.verify.render import audit as rendering

        names = [str(folder) for folder in folders]
        options.write_page(chosen["html"], rendering.page(summary, names, terms.at, language()))
    say(summary.said(), err=True)
    ctx.exit(UNREADABLE if summary.unreadable else PASSED if summary.passed == summary.documents else FAILED)


def _terms(chosen: dict[str, Any]) -> Terms:
    """What all files are judged with, as of one moment."""
    from eidkit.clock import SYSTEM_CLOCK
    from eidkit.verify.many import Terms

    at = options.moment(chosen["at"]) or SYSTEM_CLOCK.now().replace(microsecond=0)
    sources = options.material(chosen).sources
    policy = options.policy(chosen["policy"])
    return Terms(options.anchors(chosen), sources, policy, at, None, SYSTEM_CLOCK, uuid4().hex)


def _journal(chosen: dict[str, Any], terms: Terms) -> Journal:
    """The journal of ``--resume``; without ``--at`` one is continued as of the moment at which it was begun."""
    from eidkit.verify import auditing
    from eidkit.verify.journal import Journal

    journal = Journal.open(chosen["resume"], auditing.run_of(terms), any_moment=chosen["at"] is None)
    if len(journal):
        count, at = len(journal), journal.run.at
        say(
            Text(
                f"going on with the audit of {at}: {count} files are done",
                f"tiếp tục lần rà soát lúc {at}: đã xong {count} tệp",
            ),
            err=True,
        )
    return journal


def _told(found: Iterator[Found], terms: Terms, journal: Journal | None, chosen: dict[str, Any]) -> Summary:
    """Every line told, in order, and all of them summed up."""
    from eidkit.verify.auditing import audit
    from eidkit.verify.render import audit as rendering
    from eidkit.verify.spreading import Processes

    executor = None if chosen["workers"] == 0 else Processes(chosen["workers"])
    summary = rendering.Summary()
    watched = _Watched()
    try:
        for audited in audit(_tasks(found, journal), terms, executor):
            watched.tick(summary)
            line = audited.line
            if line is None:
                summary.passed_over += 1
                continue
            if journal is not None and audited.fresh and line != journal.line(line["path"]):
                journal.add(line)
            summary.add(line)
            if chosen["as_json"]:
                emit_json(line)
            else:
                click.echo(rendering.text_line(line, language()))
    finally:
        watched.erase()
    return summary


def _tasks(found: Iterator[Found], journal: Journal | None) -> Iterator[Task]:
    from eidkit.verify.auditing import task_of

    for one in found:
        yield task_of(one, journal.line(one.path) if journal is not None else None)


@dataclass(slots=True)
class _Watched:
    """How far we are, on standard error while somebody watches it and the lines go elsewhere."""

    begun: float = 0.0
    shown: float = 0.0

    def tick(self, summary: Summary) -> None:
        """One file more."""
        now = time.monotonic()
        self.begun = self.begun or now
        if now - self.shown < 0.2 or not sys.stderr.isatty() or sys.stdout.isatty():
            return
        self.shown = now
        count = summary.documents
        rate = count / (now - self.begun) if now > self.begun else 0.0
        progress.show(
            Text(
                f"{count} documents, {summary.passed} pass, {rate:.0f} a second",
                f"{count} tài liệu, {summary.passed} hợp lệ, {rate:.0f} mỗi giây",
            )
        )

    def erase(self) -> None:
        """Leave nothing of it on the screen."""
        if self.shown:
            progress.erase()


def _nothing() -> DocumentError:
    return DocumentError(
        "audit-nothing",
        Text("there is no document in what you named", "không có tài liệu nào ở nơi đã chỉ định"),
        Text("check the path, and that the disk is mounted", "kiểm tra đường dẫn và ổ đĩa đã được gắn"),
    )
