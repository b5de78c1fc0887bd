"""``eidkit timestamp``: a timestamp on the last signature that has none."""

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
  eidkit timestamp signed.pdf -o stamped.pdf --tsa http://tsa.example.gov --tsa-trust tsa.pem

Exit code: 0 time-stamped and written to OUT, 2 not: nothing is written.
"""


@click.command(epilog=EPILOG)
@click.argument("document", type=options.PATH, metavar="IN")
@click.option("-o", "--output", required=True, type=options.PATH, metavar="OUT", help="Where the document goes.")
@options.tsa_options(required=True)
@language_option
def command(
    document: Path, output: Path, tsa: tuple[str, ...], tsa_trust: tuple[Path, ...], allow_host: tuple[str, ...]
) -> None:
    """Put a timestamp on the last signature in IN that has none, and write the document to OUT.

    It proves that the signature existed at that time; it proves nothing about who made it.
    """
    from eidkit.document import Document
    from eidkit.signing import timestamp

    read = Document.read(document)
    asked = options.authorities(tsa, options.trust_store((tsa_trust, "timestamping")))
    timestamp(read, tsa=asked, transport=options.transport(asked, allow_host)).write(output)
    say(Text(f"{output.name}: time-stamped", f"{output.name}: đã gắn dấu thời gian"), err=True)
