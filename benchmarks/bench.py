"""Side by side with peers, interleaved in one run: medians, and what matters, their ratios.

``python benchmarks/bench.py`` prints the table; ``--write FILE`` also puts it there.  Absolute times mean nothing on
another machine; ratios and floors do.
"""

from __future__ import annotations

import argparse
import io
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.approvals import Cost, costs
from eidkit.algorithms import suited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

PASSWORD = "sandbox"
LABELS = {"rsa": "RSA-2048", "ec": "P-256"}


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: our median, the peer's, and the floor that no library can go below (milliseconds)."""

    work: str
    ours: float
    peer: str
    theirs: float | None
    floor: str = "–"
    bare: float | None = None


def medians(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median milliseconds of each contender, taken in turn so that a slow moment hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            taken[name].append((time.process_time() - start) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def processes(commands: Mapping[str, list[str]], rounds: int) -> dict[str, float]:
    """The median milliseconds of CPU that whole processes take, in turn."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, capture_output=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken[name].append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def holder(folder: Path, kind: str) -> Path:
    """A PKCS#12 file with a fresh key of this kind and a certificate that may sign."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
    from cryptography.x509.oid import NameOID

    key: CertificateIssuerPrivateKeyTypes
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Benchmark")])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{kind}.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"b", key, certificate, None, BestAvailableEncryption(PASSWORD.encode()))
    )
    return path


def pdf_signing(folder: Path, kind: str, rounds: int) -> Row:
    """A one-page PDF, level B-B, the key loaded before: eidkit, pyHanko's own call, the bare key operation."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import SigSeedSubFilter

    from eidkit.document import Document
    from eidkit.sandbox.documents import decision_pdf
    from eidkit.signing import Pkcs12Key, sign

    path = holder(folder, kind)
    data = decision_pdf()
    key = Pkcs12Key.open(path, password=PASSWORD)
    algorithm = suited(key.certificate.public_key(), None)
    simple = signers.SimpleSigner.load_pkcs12(str(path), passphrase=PASSWORD.encode())
    about = signers.PdfSignatureMetadata(field_name="S", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)

    def ours() -> object:
        return sign(Document.from_bytes(data, "permit.pdf"), key)

    def theirs() -> object:
        return signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), about, signer=simple)

    found = medians({"ours": ours, "theirs": theirs, "bare": lambda: key.sign(b"x" * 200, algorithm)}, rounds)
    label = LABELS[kind]
    return Row(
        f"PDF B-B, 1 page, {label}",
        found["ours"],
        "pyHanko `sign_pdf`, SimpleSigner",
        found["theirs"],
        f"{label} signature",
        found["bare"],
    )


def xml_signing(folder: Path, kind: str, rounds: int) -> Row:
    """XAdES B-B of 1 KB, the key loaded before: eidkit, signxml as its documentation calls it (certificate as PEM)."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from lxml import etree
    from signxml import methods
    from signxml.xades.xades import XAdESSigner

    from eidkit.document import Document
    from eidkit.signing import Pkcs12Key, sign

    path = holder(folder, kind)
    key = Pkcs12Key.open(path, password=PASSWORD)
    algorithm = suited(key.certificate.public_key(), None)
    private: Any = loaded(path)
    certificate = key.certificate.public_bytes(Encoding.PEM).decode()
    data = b'<form xmlns="urn:example:form">' + b"<line>0123456789 0123456789</line>" * 28 + b"</form>"
    name = "rsa-sha256" if kind == "rsa" else "ecdsa-sha256"

    def ours() -> object:
        return sign(Document.from_bytes(data, "form.xml"), key)

    def theirs() -> object:
        signer = XAdESSigner(method=methods.enveloped, signature_algorithm=name)
        return etree.tostring(signer.sign(etree.fromstring(data), key=private, cert=certificate))

    found = medians({"ours": ours, "theirs": theirs, "bare": lambda: key.sign(b"x" * 200, algorithm)}, rounds)
    label = LABELS[kind]
    floor = f"{label} signature"
    return Row(f"XAdES B-B, 1 KB, {label}", found["ours"], "signxml", found["theirs"], floor, found["bare"])


def loaded(path: Path) -> object:
    """The private key of a PKCS#12 file, loaded once."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    return pkcs12.load_key_and_certificates(path.read_bytes(), PASSWORD.encode())[0]


def imports(rounds: int) -> list[Row]:
    """What a fresh interpreter pays for an import, its own start taken off."""
    statements = {
        "nothing": "pass",
        "import eidkit": "import eidkit",
        "from eidkit.verify import verify": "from eidkit.verify import verify",
        "import pyhanko.sign": "import pyhanko.sign",
    }
    found = processes({name: [sys.executable, "-c", code] for name, code in statements.items()}, rounds)
    peer = found["import pyhanko.sign"] - found["nothing"]
    names = ("import eidkit", "from eidkit.verify import verify")
    return [
        Row(
            f"`{name}`",
            found[name] - found["nothing"],
            "`import pyhanko.sign`",
            peer,
            "interpreter start",
            found["nothing"],
        )
        for name in names
    ]


def command_line(folder: Path, rounds: int) -> Row | None:
    """A whole ``eidkit verify`` of a small PDF beside ``pyhanko sign validate`` of the same file."""
    from eidkit.document import Document
    from eidkit.sandbox import init
    from eidkit.signing import Pkcs12Key, sign

    init(folder / "sandbox")
    with Pkcs12Key.open(folder / "sandbox" / "lan.p12", password=PASSWORD) as key:
        sign(Document.read(folder / "sandbox" / "permit.pdf"), key).write(folder / "signed.pdf")
    roots = sorted((folder / "sandbox" / "roots" / "signing").glob("*.pem"))
    commands = {
        "ours": [
            sys.executable, "-m", "eidkit.cli", "verify", str(folder / "signed.pdf"), "--offline",
            "--trust", str(folder / "sandbox" / "roots"), "--crl", str(folder / "sandbox" / "crls"),
        ],
        "nothing": [sys.executable, "-c", "pass"],
    }  # fmt: skip
    peer = shutil.which("pyhanko", path=str(Path(sys.executable).parent))
    if peer:
        trust = [part for root in roots for part in ("--trust", str(root))]
        commands["theirs"] = [peer, "sign", "validate", "--soft-revocation-check", *trust, str(folder / "signed.pdf")]
    found = processes(commands, rounds)
    return Row(
        "`eidkit verify`, whole process",
        found["ours"],
        "`pyhanko sign validate`" if peer else "pyhanko-cli not installed",
        found.get("theirs"),
        "interpreter start",
        found["nothing"],
    )


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| work | eidkit | peer | peer's | faster | floor | × floor |", "|---|---:|---|---:|---:|---|---:|"]
    for row in rows:
        theirs = f"{row.theirs:.2f} ms" if row.theirs is not None else "–"
        faster = f"{row.theirs / row.ours:.1f} ×" if row.theirs is not None else "–"
        floor = f"{row.floor} {row.bare:.2f} ms" if row.bare else row.floor
        times = f"{row.ours / row.bare:.1f}" if row.bare else "–"
        lines.append(f"| {row.work} | {row.ours:.2f} ms | {row.peer} | {theirs} | {faster} | {floor} | {times} |")
    return "\n".join(lines)


def approvals_table(found: list[Cost]) -> str:
    """What each approval of one dossier costs, beside the first."""
    lines = ["| approval | judging and binding | × the first | parsing |", "|---:|---:|---:|---:|"]
    for number, cost in enumerate(found, 1):
        times = cost.judging / found[0].judging
        lines.append(f"| {number} | {cost.judging:.2f} ms | {times:.2f} | {cost.parsing:.2f} ms |")
    return "\n".join(lines)


def page(rows: list[Row], approvals: list[Cost]) -> str:
    """docs/performance.md."""
    parts = (
        "# What it costs, beside its peers",
        "Written by `make bench`: all contenders in one run, one call each by turns; medians of CPU time.",
        table(rows),
        "## Approving, step by step",
        "One `Dossier.approve` of two documents, each signed once at every step: only what is new is judged.",
        approvals_table(approvals),
        f"With {', '.join(versions())}; CPython {platform.python_version()}.",
    )
    return "\n\n".join(parts) + "\n"


def versions() -> list[str]:
    """The versions of what was measured."""
    names = ("eidkit", "pyHanko", "pyhanko-cli", "signxml", "cryptography", "lxml")
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Measure, print, and write when asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the page to FILE")
    parser.add_argument("--rounds", type=int, default=40, help="how often each contender runs (processes: a quarter)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [pdf_signing(folder, kind, chosen.rounds) for kind in ("rsa", "ec")]
        rows += [xml_signing(folder, kind, chosen.rounds * 5) for kind in ("rsa", "ec")]
        rows += imports(max(3, chosen.rounds // 4))
        whole = command_line(folder, max(3, chosen.rounds // 4))
        rows += [whole] if whole else []
        approvals = costs(max(3, chosen.rounds // 4))
    print(table(rows), approvals_table(approvals), sep="\n\n")
    if chosen.write:
        chosen.write.write_text(page(rows, approvals), encoding="utf-8")


if __name__ == "__main__":
    main()
