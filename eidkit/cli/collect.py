"""``eidkit collect``: all facts about a signed file, to judge them later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eidkit.cli import options
from eidkit.cli.speaking import language_option, say
from eidkit.errors import Text

if TYPE_CHECKING:
    from pathlib import Path

EPILOG = """\b
Example:
  eidkit collect signed.pdf -o evidence.json
  eidkit verify evidence.json --detached signed.pdf --trust roots.pem

Without --detached the report says that the document was not seen, and is at most INDETERMINATE; but where somebody
you trust attested the evidence:

\b
  eidkit collect signed.pdf -o evidence.json --statement statement.json
  eidkit sign statement.json -o attestation.p7s --format cms --p12 service.p12 --tsa URL --tsa-trust tsa.pem
  eidkit verify evidence.json --attestation attestation.p7s --attest-trust roots.pem --trust roots.pem

Exit code: 0 collected, 2 could not be read: nothing is written.
"""


@click.command(epilog=EPILOG)
@click.argument("file", type=options.PATH, metavar="FILE")
@click.option(
    "-o", "--output", required=True, type=options.PATH, metavar="EVIDENCE.json", help="Where the evidence goes."
)
@click.option(
    "--detached", multiple=True, type=options.PATH, metavar="CONTENT", help="What FILE signs or stamps beside it."
)
@click.option(
    "--statement", type=options.PATH, metavar="FILE", help="Also write what to sign to attest the evidence (see below)."
)
@language_option
def command(file: Path, output: Path, detached: tuple[Path, ...], statement: Path | None) -> None:
    """Collect all facts about FILE: bytes, digests, certificates, timestamps, revisions; no verdict."""
    from eidkit.document import Document
    from eidkit.verify import collect, evidence_statement, save_evidence

    evidence = collect(Document.read(file), detached=[Document.read(path) for path in detached])
    Document.from_bytes(save_evidence(evidence), output.name).write(output)
    if statement is not None:
        evidence_statement(evidence).write(statement)
    count = len(evidence.signatures)
    say(Text(f"{output.name}: facts about {count} signature(s)", f"{output.name}: dữ kiện về {count} chữ ký"), err=True)
