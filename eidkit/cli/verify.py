"""``eidkit verify``: what each signature in a file is worth, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.progress import counted
from eidkit.cli.running import FAILED, PASSED, UNREADABLE, not_supported
from eidkit.cli.speaking import complain, emit_json, language, language_option, misused, not_readable
from eidkit.errors import EidkitError, Text
from eidkit.verify.render import html

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from eidkit.auth.pinned_files import Pin
    from eidkit.binding.authentication import Authentication
    from eidkit.document import Document
    from eidkit.policy import Policy
    from eidkit.trust.store import TrustStore
    from eidkit.verify import Report

MAX_EVIDENCE = 256 * 1024 * 1024
_LATER = {
    "password_file": Text("remove the encryption first (qpdf --decrypt)", "gỡ mã hoá trước (qpdf --decrypt)"),
}
EPILOG = """\b
Examples:
  eidkit verify signed.pdf --trust sandbox/roots --crl sandbox/crls --offline
  eidkit verify a.pdf b.xml --trust roots.pem --tsa-trust tsa.pem --json
  eidkit verify plan.dwg.p7s --detached plan.dwg --trust roots.pem
  eidkit verify token.tsr --detached content.bin --tsa-trust tsa.pem
  eidkit verify evidence.json --detached signed.pdf --trust roots.pem

Exit code: 0 passed, 1 failed or indeterminate, 2 could not be read; with several files, the highest.
"""


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, type=options.PATH, metavar="FILE...")
@options.trust_options
@options.material_options
@options.cache_option
@click.option(
    "--detached",
    multiple=True,
    type=options.PATH,
    metavar="FILE",
    help="What a CMS signature, a bare token, an XML signature or evidence is about.",
)
@click.option(
    "--attestation",
    type=options.PATH,
    metavar="FILE",
    help="A signature over the statement of the evidence, by an anchor of --attest-trust.",
)
@click.option(
    "--authentication",
    multiple=True,
    type=options.PATH,
    metavar="FILE",
    help="Records of logins that signatures rest on.",
)
@options.login_options
@options.policy_option
@options.at_option
@click.option("--password-file", type=options.PATH, metavar="FILE", hidden=True)
@options.json_option
@click.option("--html", type=options.PATH, metavar="OUT", help=options.HTML)
@click.option("--etsi", type=options.PATH, metavar="OUT", help="Also write the report as XML of ETSI TS 119 102-2.")
@click.option("--detailed", is_flag=True, help="Say which checks were run: clause, inputs and outcome of each.")
@language_option
@click.pass_context
def command(ctx: click.Context, /, files: tuple[Path, ...], **chosen: Any) -> None:
    """Say what each signature in FILE is worth, with every reason and its remedy.

    FILE is a signed PDF or XML document, a CMS signature (.p7s, .p7m), a bare RFC 3161 token, or evidence from
    `eidkit collect`. Only the anchors you name are trusted; a certificate whose status cannot be known does not pass.
    """
    for name, remedy in _LATER.items():
        if chosen[name] is not None:
            raise not_supported(f"--{name.replace('_', '-')}", remedy)
    verifying = Verifying.of(chosen)
    reports: list[Report | html.Unreadable] = []
    shown = Shown(as_json=chosen["as_json"], detailed=chosen["detailed"])
    codes = [verifying.verify(path, reports, shown) for path in counted(files)]
    if chosen["html"]:
        options.write_page(chosen["html"], html.rendered(reports, language()))
    if chosen["etsi"]:
        from eidkit.verify.render import etsi

        options.write_page(chosen["etsi"], etsi.rendered(reports))
    ctx.exit(max(codes))


@dataclass(frozen=True, slots=True)
class Shown:
    """How reports are printed."""

    as_json: bool
    detailed: bool

    def of(self, report: Report) -> None:
        """Print one report."""
        if self.as_json:
            emit_json(report.to_json(detailed=self.detailed))
        else:
            click.echo(report.detailed(language()) if self.detailed else report.to_text(language()))


@dataclass(frozen=True, slots=True)
class Verifying:
    """Everything that all files of one run are judged with."""

    trust: TrustStore
    material: options.Material
    policy: Policy
    at: datetime
    authentications: tuple[Authentication, ...]
    providers: tuple[Pin, ...]
    origins: tuple[str, ...]
    detached: tuple[Document, ...]
    attestation: Document | None

    @classmethod
    def of(cls, chosen: dict[str, Any]) -> Verifying:
        """What the options describe; an unreadable anchor or source stops the run before any file."""
        from eidkit.clock import SYSTEM_CLOCK
        from eidkit.document import Document

        return cls(
            options.anchors(chosen),
            options.material(chosen),
            options.policy(chosen["policy"]),
            options.moment(chosen["at"]) or SYSTEM_CLOCK.now(),
            options.authentications(chosen["authentication"]),
            options.providers(chosen["provider"]),
            options.origins(chosen["origin"]),
            tuple(Document.read(path) for path in chosen["detached"]),
            Document.read(chosen["attestation"]) if chosen["attestation"] else None,
        )

    def verify(self, path: Path, reports: list[Report | html.Unreadable], shown: Shown) -> int:
        """The exit code for one file, after its report was printed and put among ``reports``."""
        try:
            report = self._report(path)
        except EidkitError as error:
            reports.append(html.Unreadable(path.name, error))
            if shown.as_json:
                emit_json(not_readable(path.name, error))
            else:
                complain(error)
            return UNREADABLE
        reports.append(report)
        shown.of(report)
        return PASSED if report else FAILED

    def _report(self, path: Path) -> Report:
        from eidkit.document import Document
        from eidkit.verify import collect, complete, judge, load_evidence

        document = Document.read(path)
        if document.format == "json":
            original, contents = (self.detached[0], self.detached[1:]) if self.detached else (None, ())
            saved = document.read_bounded(MAX_EVIDENCE, "stored evidence")
            evidence = load_evidence(saved, document=original, detached=contents, attestation=self.attestation)
        elif self.attestation is not None:
            raise misused(
                Text(
                    f"--attestation belongs to evidence from `eidkit collect`, and {path.name} is none",
                    f"--attestation đi với chứng cứ của `eidkit collect`, {path.name} không phải chứng cứ",
                )
            )
        else:
            evidence = collect(document, detached=self.detached)
        sources, transport = self.material.sources, self.material.transport
        evidence = complete(evidence, self.trust, sources, at=self.at, transport=transport)
        report = judge(evidence, self.trust, self.policy, at=self.at, authentications=self.authentications)
        if not self.authentications:
            return report
        from eidkit.auth.rechecking import Newer, rechecked

        newer = Newer(sources, self.at, transport)
        return rechecked(report, self.trust, self.providers, origins=self.origins, newer=newer)
