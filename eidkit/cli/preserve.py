"""``eidkit preserve``: a signed document made fit to be proved for years, or renewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.speaking import language_option, misused, say
from eidkit.errors import Text

if TYPE_CHECKING:
    from pathlib import Path

    from eidkit.verify import Report

EPILOG = """\b
Examples:
  eidkit preserve signed.pdf -o kept.pdf --trust roots.pem --tsa-trust tsa.pem
  eidkit preserve signed.pdf -o kept.pdf --trust roots --tsa http://tsa.example.gov --tsa-trust tsa.pem
  eidkit preserve kept.pdf -o renewed.pdf --trust roots --tsa http://tsa.example.gov --tsa-trust tsa.pem
  eidkit preserve plan.dwg.p7s -o kept.p7s --detached plan.dwg --trust roots --tsa http://tsa.example.gov \
      --tsa-trust tsa.pem

Without --tsa the file gets what proves it (B-LT); with --tsa also a timestamp over everything (B-LTA). Run it
again, with --tsa, before the date that it prints.

Exit code: 0 preserved and written to OUT, 2 not: nothing is written. `eidkit verify` says what OUT is worth.
"""


@click.command(epilog=EPILOG)
@click.argument("document", type=options.PATH, metavar="IN")
@click.option("-o", "--output", required=True, type=options.PATH, metavar="OUT", help="Where the document goes.")
@options.trust_options
@options.attest_trust_option
@click.option("--tsa", multiple=True, metavar="URL", help="Timestamp authorities, asked in this order.")
@options.material_options
@click.option(
    "--detached",
    multiple=True,
    type=options.PATH,
    metavar="FILE",
    help="What is signed, where it stands beside IN.",
)
@language_option
def command(document: Path, output: Path, **chosen: Any) -> None:
    """Put into IN (a signed PDF, XML or CMS) what proves its signatures for years, and write the document to OUT.

    Certificates and revocation answers that the file lacks are taken from --intermediate, --crl and --ocsp, and
    from the network unless --offline. Whatever is signed or time-stamped in IN keeps its octets.
    """
    if chosen["tsa"] and chosen["offline"]:
        raise misused(Text("--tsa needs the network; leave out --offline", "--tsa cần mạng; bỏ --offline"))
    from eidkit.document import Document
    from eidkit.signing import preserve
    from eidkit.verify import verify

    trust, material = options.anchors(chosen), options.material(chosen)
    beside = tuple(Document.read(path) for path in chosen["detached"])
    kept = preserve(
        Document.read(document),
        trust,
        tsa=options.authorities(chosen["tsa"], trust) or None,
        sources=material.sources,
        detached=beside,
        transport=material.transport,
    )
    kept.write(output)
    report = verify(kept, trust, detached=beside, sources=material.sources, transport=material.transport)
    say(_told(output.name, report), err=True)


def _told(name: str, report: Report) -> Text:
    level = ", ".join(sorted({conclusion.level for conclusion in report.conclusions}))
    until = report.provable_until
    if until is None:
        return Text(f"{name}: preserved ({level})", f"{name}: đã lưu trữ ({level})")
    return Text(
        f"{name}: preserved ({level}), provable until {until:%Y-%m-%d}; renew it before",
        f"{name}: đã lưu trữ ({level}), chứng minh được đến {until:%Y-%m-%d}; hãy gia hạn trước ngày đó",
    )
