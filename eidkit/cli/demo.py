"""``eidkit demo``: five officials and a seal approve a dossier, a stranger proves it, tampering is caught."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.running import FAILED, PASSED
from eidkit.cli.speaking import in_language, language, language_option, say
from eidkit.errors import DocumentError, EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.document import Document
    from eidkit.sandbox.office import Office, Taken

EPILOG = """\b
Examples:
  eidkit demo
  eidkit demo my.pdf -o walked

DIR then holds dossier/ (the proof), anchors/, procedure.toml and providers/ (what a verifier brings),
report.html (for people, with pictures), report.txt and report.json, and tampered/ (three copies that are caught,
each with its page).

Exit code: 0 the dossier was proved and every tampered copy caught, 1 not, 2 it could not be run.
"""
DOSSIER = "H56.01-261124-0001"
SHOWN_REASONS = 3
WRITTEN = frozenset(
    {"dossier", "anchors", "procedure.toml", "providers", "report.txt", "report.html", "report.json", "tampered"}
)
_OTP = Text("one-time code", "mã dùng một lần")
_OIDC = Text("identity provider", "nhà cung cấp định danh")


@click.command(epilog=EPILOG)
@click.argument("pdf", required=False, type=options.PATH, metavar="[YOUR.pdf]")
@click.option(
    "-o",
    "--output",
    default="eidkit-demo",
    show_default=True,
    type=options.PATH,
    metavar="DIR",
    help="Where everything goes.",
)
@language_option
@click.pass_context
def command(ctx: click.Context, /, pdf: Path | None, output: Path) -> None:
    """Walk a dossier through five steps, prove it in another process, then tamper with copies.

    Everything is real but the authorities, which are a sandbox in memory: five officials log in (one-time codes,
    an identity provider), sign a PDF and an XML form with their own keys and the agency's seal, and each signature
    is time-stamped. YOUR.pdf takes the place of the sample decision.
    """
    document = _document(pdf)
    target = output.absolute()
    _check_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        proved = _told(document, building, sample=pdf is None)
        building.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        building.replace(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _tell_where(output)
    ctx.exit(PASSED if proved else FAILED)


def _tell_where(output: Path) -> None:
    """Last of all: the page to open, and what lies beside it."""
    page, caught = output / "report.html", output / "tampered" / "amount.html"
    say(
        Text(
            f"\nOpen in a browser: {page}\n  a tampered copy:   {caught}\n  beside it: dossier/ (the proof), "
            "report.txt, report.json, tampered/",
            f"\nMở bằng trình duyệt: {page}\n  bản bị can thiệp:    {caught}\n  cùng thư mục: dossier/ (chứng cứ), "
            "report.txt, report.json, tampered/",
        )
    )


def _document(pdf: Path | None) -> Document:
    from eidkit.document import Document
    from eidkit.sandbox.documents import decision_pdf

    if pdf is None:
        return Document.from_bytes(decision_pdf(), "permit.pdf")
    document = Document.read(pdf)
    if document.format != "pdf":
        raise DocumentError(
            "demo-not-pdf",
            Text(f"{document.name} is not a PDF", f"{document.name} không phải PDF"),
            Text("give a PDF, or leave it out for the sample", "chọn tệp PDF, hoặc bỏ trống để dùng tệp mẫu"),
        )
    return document


def _check_replaceable(target: Path) -> None:
    """Only an empty place, or a folder that holds what a demo writes and nothing else, is written over."""
    if not target.exists():
        return
    if target.is_dir() and not target.is_symlink() and {path.name for path in target.iterdir()} <= WRITTEN:
        return
    raise DocumentError(
        "demo-folder-taken",
        Text(
            f"{target.name} is there already and is not a demo", f"{target.name} đã tồn tại và không phải thư mục demo"
        ),
        Text("choose another folder with -o; nothing was changed", "chọn thư mục khác bằng -o; chưa có gì thay đổi"),
    )


def _told(document: Document, folder: Path, *, sample: bool) -> bool:
    """The whole story, written to ``folder``; true when it ends as it must.  Only the sample has places for stamps."""
    from eidkit.cli.tampering import tampered
    from eidkit.document import Document
    from eidkit.dossier import Dossier
    from eidkit.sandbox import Sandbox
    from eidkit.sandbox.documents import form_xml
    from eidkit.sandbox.office import Office

    office = Office(Sandbox.create())
    dossier = Dossier.open(
        DOSSIER, office.procedure, {"permit": document, "form": Document.from_bytes(form_xml(), "form.xml")}
    )
    say(Text(f"Dossier {dossier.id}: {document.name} and form.xml", f"Hồ sơ {dossier.id}: {document.name} và form.xml"))
    steps = list(_walked(office, dossier, stamped=sample))
    steps[-1].dossier.write(folder / "dossier")
    office.hand_over(folder)

    say(
        Text(
            "\nAnother process, with folder, procedure and anchors only:",
            "\nTiến trình khác, chỉ có hồ sơ, quy trình và điểm tin cậy:",
        )
    )
    verify = _command(folder, folder / "dossier")
    report = _reported(verify)
    text = _run([*verify, "--html", str(folder / "report.html")]).stdout
    click.echo(text.rstrip())
    (folder / "report.txt").write_text(text, encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    say(Text("\nThree copies, tampered with:", "\nBa bản sao bị can thiệp:"))
    caught = []
    for copy in tampered(folder, office, steps):
        found = _reported([*_command(folder, copy.folder), "--html", str(copy.folder.with_suffix(".html"))])
        caught.append(found["verdict"] == "FAILED")
        _tell_caught(copy.story, found)
    return bool(report["verdict"] == "COMPLETE" and all(caught))


def _walked(office: Office, dossier: Any, *, stamped: bool) -> Iterator[Taken]:
    """Each step as it is taken, told while it happens."""
    from eidkit.sandbox.documents import decision_stamp

    count = len(office.procedure.steps)
    for number, step in enumerate(office.procedure.steps, 1):
        click.echo(f"  {number}/{count} {in_language(step.title)} … ", nl=False)
        start = time.perf_counter()
        try:
            stamp = decision_stamp(step.name, office.sandbox.clock.now()) if stamped else None
            taken = office.take(dossier, language=language(), appearance={"permit": stamp} if stamp else None)
        except EidkitError:
            click.echo("✗")
            raise
        dossier = taken.dossier
        who = f"{taken.person.name}, {in_language(_OTP if taken.way == 'otp' else _OIDC)}"
        seal = f", {office.seal.identity.name}" if step.kind == "seal" else ""
        click.echo(f"✓ {who}{seal}, {len(taken.signed)} × B-T ({(time.perf_counter() - start) * 1000:.0f} ms)")
        yield taken


def _command(brought: Path, dossier: Path) -> list[str]:
    """``eidkit dossier verify``, offline, with nothing but the folder and what a verifier brings."""
    command = [
        sys.executable, "-m", "eidkit.cli", "dossier", "verify", str(dossier), "--offline", "--lang", language(),
        "--procedure", str(brought / "procedure.toml"), "--trust", str(brought / "anchors"),
    ]  # fmt: skip
    for path in sorted((brought / "providers").glob("*.json")):
        command += ["--provider", str(path)]
    return command


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, which speaks UTF-8 as we do."""
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, env=environment)  # noqa: S603 - our own interpreter, fixed arguments


def _reported(command: list[str]) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(_run([*command, "--json"]).stdout)
    return report


def _tell_caught(story: Text, report: dict[str, Any]) -> None:
    """The verdict, and the gravest reason of the whole and of each step, told once each."""
    click.echo(f"  ✗ {in_language(story)}: {report['verdict']}")
    told: dict[str, str] = {}
    for findings in (report["findings"], *(step["findings"] for step in report["steps"])):
        errors = [reason for reason in findings if reason["severity"] == "error"]
        for reason in errors[:1]:
            told.setdefault(reason["code"], reason["message"][language()])
    for code, message in list(told.items())[:SHOWN_REASONS]:
        click.echo(f"      {code}  {message}")
