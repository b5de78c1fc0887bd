"""Signing at level B-B, the key loaded before: PDF beside pyHanko, XML beside signxml."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import Row, medians
from eidkit.algorithms import suited

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

PASSWORD = "sandbox"
LABELS = {"rsa": "RSA-2048", "ec": "P-256"}


def rows(folder: Path, rounds: int) -> list[Row]:
    """PDF and XML, each with both kinds of key."""
    found = [pdf_signing(folder, kind, rounds) for kind in LABELS]
    return found + [xml_signing(folder, kind, rounds * 5) for kind in LABELS]


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
