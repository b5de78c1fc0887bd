"""What pyHanko makes with the sandbox's keys: B-T, B-LT and B-LTA, by its own signer, writer and store."""

from __future__ import annotations

import asyncio
import logging
from io import BytesIO
from typing import TYPE_CHECKING, Any

from asn1crypto import crl, keys, ocsp, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner, fields
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from eidkit.document import Document
from tests.preserving.world import octets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.preserving.world import World

logging.getLogger("pyhanko").setLevel(logging.ERROR)


class Stamper(TimeStamper):
    """The sandbox's timestamp authority, asked by pyHanko."""

    def __init__(self, world: World) -> None:
        untyped: Any = super()
        untyped.__init__()
        self._world = world

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        now = self._world.clock.now()
        _, body = self._world.sandbox.timestamp_maker.respond(req.dump(), now)
        return tsp.TimeStampResp.load(body)


def made(world: World, level: str, *, ocsps: Sequence[bytes] = ()) -> Document:
    """The sample signed by Lan at ``level`` (``"T"``, ``"LT"`` or ``"LTA"``); with ``ocsps``, kept by them alone."""
    chain = [_certificate(one) for one in world.key.chain]
    signer = SimpleSigner(
        signing_cert=_certificate(world.key.certificate),
        signing_key=keys.PrivateKeyInfo.load(
            world.key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        ),
        cert_registry=SimpleCertificateStore.from_certs(chain),
    )
    metadata = PdfSignatureMetadata(
        field_name="Lan",
        subfilter=fields.SigSeedSubFilter.PADES,
        validation_context=context(world, ocsps=ocsps),
        embed_validation_info=level != "T",
        use_pades_lta=level == "LTA",
        md_algorithm="sha256",
    )
    writer = IncrementalPdfFileWriter(BytesIO(octets(world.original())))
    out = BytesIO()
    signer_of_pdf = PdfSigner(metadata, signer, timestamper=Stamper(world))
    asyncio.run(signer_of_pdf.async_sign_pdf(writer, output=out))
    return Document.from_bytes(out.getvalue(), "permit.pdf")


def context(world: World, crls: Sequence[bytes] | None = None, *, ocsps: Sequence[bytes] = ()) -> ValidationContext:
    """What pyHanko may rely on, at the world's time; ``crls`` when the sandbox need not make them again.

    With ``ocsps`` these answers take the place of the lists.
    """
    roots = [one for one in world.sandbox.authorities.values() if one.certificate.issuer == one.certificate.subject]
    return ValidationContext(
        trust_roots=[_certificate(one.certificate) for one in roots],
        crls=[] if ocsps else [crl.CertificateList.load(data) for data in crls or world.sandbox.crls()],
        ocsps=[ocsp.OCSPResponse.load(data) for data in ocsps],
        moment=world.clock.now(),
        allow_fetching=False,
        revocation_mode="hard-fail",
    )


def _certificate(certificate: Any) -> x509.Certificate:
    return x509.Certificate.load(certificate.public_bytes(Encoding.DER))
