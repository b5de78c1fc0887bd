"""Judging: a one-page PDF at level B-LT beside pyHanko, an XML form beside signxml, both with chain and status."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import Row, medians
from tests.preserving.world import World, octets

if TYPE_CHECKING:
    from eidkit.document import Document
    from eidkit.trust.sources import Sources


def rows(rounds: int) -> list[Row]:
    """A PDF that carries its validation data, then an XML form."""
    return [pdf(rounds), xml(rounds * 3)]


def pdf(rounds: int) -> Row:
    """One signature, B-LT: everything is in the file, nothing is asked."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    world = World()
    data = octets(world.preserved(world.signed()))
    anchors = [_loaded(anchor.certificate.der) for anchor in world.trust.anchors]
    now = world.clock.now()

    def ours() -> object:
        from eidkit.document import Document

        return _passed(world, Document.from_bytes(data, "permit.pdf"))

    def theirs() -> object:
        reader = PdfFileReader(io.BytesIO(data))
        context = DocumentSecurityStore.read_dss(reader).as_validation_context(
            {"trust_roots": anchors, "moment": now, "allow_fetching": False}
        )
        return validate_pdf_signature(reader.embedded_regular_signatures[0], context, ts_validation_context=context)

    if not theirs().bottom_line:  # type: ignore[attr-defined]  # the peer's status
        raise RuntimeError("pyHanko does not accept the file that is measured")
    found = medians({"ours": ours, "theirs": theirs, "bare": lambda: hashlib.sha256(data).digest()}, rounds)
    peer = "pyHanko `validate_pdf_signature`, its store read"
    return Row("verify PDF B-LT, 1 page", found["ours"], peer, found["theirs"], "SHA-256 of it", found["bare"])


def xml(rounds: int) -> Row:
    """One XAdES B-B signature made by signxml; eidkit also judges chain and revocation, signxml a key it is given."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from lxml import etree
    from signxml import methods
    from signxml.xades.xades import XAdESSigner, XAdESVerifier

    from eidkit.document import Document
    from eidkit.sandbox.documents import form_xml
    from eidkit.trust.sources import Sources

    world = World()
    certificate = world.key.certificate
    signer = XAdESSigner(method=methods.enveloped, signature_algorithm="ecdsa-sha256")
    pem = [one.public_bytes(Encoding.PEM).decode() for one in (certificate, *world.key.chain)]
    key: Any = world.key.private_key
    signed = signer.sign(etree.fromstring(form_xml()), key=key, cert="".join(pem))
    data: bytes = etree.tostring(signed)
    given = Sources.of(crls=world.sandbox.crls())

    def ours() -> object:
        return _passed(world, Document.from_bytes(data, "form.xml"), given)

    def theirs() -> object:
        return XAdESVerifier().verify(data, x509_cert=certificate, expect_references=3)

    found = medians({"ours": ours, "theirs": theirs, "bare": lambda: hashlib.sha256(data).digest()}, rounds)
    return Row(
        "verify XAdES B-B, a form", found["ours"], "signxml, key given", found["theirs"], "SHA-256 of it", found["bare"]
    )


def _passed(world: World, document: Document, sources: Sources | None = None) -> object:
    from eidkit.verify import verify

    report = verify(document, world.trust, sources=sources, clock=world.clock)
    if not report.conclusions:
        raise RuntimeError("nothing was judged")
    return report


def _loaded(der: bytes) -> Any:
    from asn1crypto import x509

    return x509.Certificate.load(der)
