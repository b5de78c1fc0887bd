"""Other tools' opinions on what eidkit makes: poppler, qpdf, pyHanko, xmlsec1 and openssl, each a small verdict.

Which tool knows which algorithm is data, in ``known.toml``; a tool is not asked about what it does not know.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

_SECONDS = 120
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
_XADES = "http://uri.etsi.org/01903/v1.3.2#"
_DSIG = "http://www.w3.org/2000/09/xmldsig#"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One tool on one file: whether all is good, how many signatures it saw, and its own words."""

    tool: str
    good: bool
    signatures: int
    detail: str


def require(*tools: str) -> None:
    """Skip the running test when a program is missing; with ``CI=true`` that is a failure, never a skip."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        unavailable(f"not installed: {', '.join(missing)}")


def unavailable(reason: str) -> None:
    """A visible skip at home, a failure in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def known(tool: str, algorithm: str) -> bool:
    """Whether ``tool`` knows a signature algorithm (a name of :mod:`eidkit.algorithms`), by the checked-in table."""
    return algorithm in table()[tool]["algorithms"]


def table() -> dict[str, dict[str, list[str]]]:
    """The table of ``known.toml``: per tool its formats and algorithms."""
    return tomllib.loads((Path(__file__).parent / "known.toml").read_text(encoding="utf-8"))


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False, env=environment
    )


# ------------------------------------------------------------------------------------------------------- PDF
def qpdf_check(file: Path) -> Verdict:
    """The file is sound PDF; a warning counts as a fault."""
    run = _run("qpdf", "--check", str(file))
    return Verdict("qpdf", run.returncode == 0, 0, run.stdout + run.stderr)


def pdfsig(file: Path) -> Verdict:
    """Poppler on every signature's digest and value; certificates are left to the other tools."""
    run = _run("pdfsig", "-nocert", str(file))
    valid = run.stdout.count("Signature Validation: Signature is Valid.")
    seen = run.stdout.count("Signature Validation:")
    return Verdict("pdfsig", seen > 0 and valid == seen, seen, run.stdout + run.stderr)


def pdf_text(file: Path) -> str:
    """The text that poppler extracts."""
    return _run("pdftotext", "-layout", str(file), "-").stdout


def page_count(file: Path) -> tuple[int, str]:
    """The number of pages and the size of the first, in poppler's words."""
    facts = dict(line.split(":", 1) for line in _run("pdfinfo", str(file)).stdout.splitlines() if ":" in line)
    return int(facts["Pages"]), facts["Page size"].strip()


def pyhanko(file: Path, anchors: Sequence[bytes], crls: Sequence[bytes], at: datetime) -> Verdict:
    """pyHanko's own validator on every signature: intact, valid, trusted, covering, changes explained."""
    from asn1crypto import crl, x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    details = []
    good = True
    with file.open("rb") as stream:
        signatures = PdfFileReader(stream).embedded_regular_signatures
        for embedded in signatures:
            context = ValidationContext(
                trust_roots=[x509.Certificate.load(anchor) for anchor in anchors],
                crls=[crl.CertificateList.load(data) for data in crls],
                moment=at,
                best_signature_time=at,
                allow_fetching=False,
                revocation_mode="hard-fail",
            )
            status = validate_pdf_signature(embedded, context, ts_validation_context=context)
            good = good and status.bottom_line
            details.append(status.pretty_print_details())
    return Verdict("pyhanko", good and bool(signatures), len(signatures), "\n".join(details))


def pyhanko_lta(file: Path, anchors: Sequence[bytes]) -> list[str]:
    """pyHanko's AdES validation with archival timestamps on every signature, from the file and the anchors alone."""
    import asyncio

    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.ades import ades_lta_validation
    from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
    from pyhanko_certvalidator.context import CertValidationPolicySpec
    from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
    from pyhanko_certvalidator.registry import SimpleTrustManager

    trust = SimpleTrustManager.build([x509.Certificate.load(anchor) for anchor in anchors])
    policy = CertValidationPolicySpec(trust_manager=trust, revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO))
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy, ts_cert_validation_policy=policy))
    with file.open("rb") as stream:
        reader = PdfFileReader(stream)
        found = [asyncio.run(ades_lta_validation(one, spec)) for one in reader.embedded_regular_signatures]
    return [one.ades_subindic.status.name for one in found]


def pdf_signatures(data: bytes) -> list[tuple[bytes, bytes]]:
    """``(signed octets, CMS)`` of every signature dictionary, read plainly from the bytes in file order."""
    found = []
    for match in _BYTE_RANGE.finditer(data):
        first, length, second, rest = (int(group) for group in match.groups())
        hole = data[first + length : second].strip(b"<>")
        cms = bytes.fromhex(hole.decode("ascii"))
        found.append((data[first : first + length] + data[second : second + rest], _without_padding(cms)))
    return found


def _without_padding(cms: bytes) -> bytes:
    """The DER object at the start of ``cms``, without the zeros that fill the reserve."""
    if cms[1] < 0x80:
        return cms[: 2 + cms[1]]
    size = cms[1] & 0x7F
    return cms[: 2 + size + int.from_bytes(cms[2 : 2 + size])]


# ------------------------------------------------------------------------------------------------------- XML
def xmlsec1(file: Path, anchors: Sequence[bytes], certificates: Sequence[bytes], count: int) -> Verdict:
    """xmlsec1 on each of ``count`` signatures, certificates up to our anchors included."""
    details = []
    good = 0
    with tempfile.TemporaryDirectory() as folder:
        options = _pem_files(Path(folder), "--trusted-der", anchors) + _pem_files(
            Path(folder), "--untrusted-der", certificates
        )
        for number in range(1, count + 1):
            run = _run(
                "xmlsec1", "--verify", "--enabled-key-data", "x509",
                "--id-attr:Id", f"{_XADES}:SignedProperties", "--id-attr:Id", f"{_DSIG}:KeyInfo",
                "--node-xpath", f"(//*[local-name()='Signature' and namespace-uri()='{_DSIG}'])[{number}]",
                *options, str(file),
            )  # fmt: skip
            good += run.returncode == 0 and "OK" in (run.stdout + run.stderr).split()
            details.append(run.stdout + run.stderr)
    return Verdict("xmlsec1", count > 0 and good == count, count, "\n".join(details))


def _pem_files(folder: Path, option: str, certificates: Sequence[bytes]) -> list[str]:
    arguments = []
    for number, data in enumerate(certificates):
        path = folder / f"{option.strip('-')}-{number}.der"
        path.write_bytes(data)
        arguments += [option, str(path)]
    return arguments


# --------------------------------------------------------------------------------------------- CMS, timestamps
def openssl_cms(cms: bytes, content: bytes, anchors: Sequence[bytes], certificates: Sequence[bytes]) -> Verdict:
    """``openssl cms -verify -cades``: value, digest, signing-certificate attribute, path to our anchors."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cms").write_bytes(cms)
        (folder / "content").write_bytes(content)
        (folder / "out").touch()
        run = _run(
            "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", str(folder / "cms"),
            "-content", str(folder / "content"), "-out", str(folder / "out"), "-purpose", "any",
            "-CAfile", _pem(folder / "anchors.pem", anchors), "-certfile", _pem(folder / "others.pem", certificates),
        )  # fmt: skip
    return Verdict("openssl-cms", run.returncode == 0, 1, run.stdout + run.stderr)


def openssl_ts(token: bytes, stamped: bytes, anchors: Sequence[bytes], certificates: Sequence[bytes]) -> Verdict:
    """``openssl ts -verify`` on a bare token over the stamped octets."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "token").write_bytes(token)
        (folder / "data").write_bytes(stamped)
        run = _run(
            "openssl", "ts", "-verify", "-token_in", "-in", str(folder / "token"), "-data", str(folder / "data"),
            "-CAfile", _pem(folder / "anchors.pem", anchors), "-untrusted", _pem(folder / "others.pem", certificates),
        )  # fmt: skip
    return Verdict("openssl-ts", run.returncode == 0, 1, run.stdout + run.stderr)


def _pem(path: Path, certificates: Sequence[bytes]) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    parts = [x509.load_der_x509_certificate(data).public_bytes(Encoding.PEM) for data in certificates]
    path.write_bytes(b"".join(parts))
    return str(path)
