"""What an insider needs: PDFs byte by byte, updates to them, and XML signatures of any shape, all really signed."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.algorithms import SIGNATURE_BY_NAME, ecdsa_to_plain
from eidkit.document import Document
from eidkit.verify import collect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eidkit.sandbox.keys import SandboxKey

CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<<>>>>"
TRAILER = b"/Root 1 0 R"
EVIL = b"1 0 0 rg 0 0 200 200 re f"


def stream(data: bytes, members: bytes = b"") -> bytes:
    """A stream object's value."""
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (members, len(data), data)


CONTENT = stream(b"0 0 m 100 100 l S")
DRAWING = stream(EVIL, b"/Type/XObject/Subtype/Form/BBox[0 0 200 200]/Resources<<>>")
OBJECTS = (CATALOGUE, PAGES, PAGE, CONTENT)


def pdf(objects: Iterable[bytes] = OBJECTS) -> bytes:
    """A PDF with a classic cross-reference table; object numbers count from 1."""
    body, places = b"%PDF-1.7\n", []
    for number, value in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(places) + 1
    return body + b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d%b>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, rows, size, TRAILER, len(body),
    )  # fmt: skip


def updated(data: bytes, objects: Mapping[int, bytes], rows: bytes = b"") -> bytes:
    """``data`` with an update that defines ``objects``; ``rows`` are further cross-reference rows."""
    before, places, body = start(data), {}, data
    for number, value in objects.items():
        places[number] = len(body)
        body += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    rows += b"".join(b"%d 1\n%010d 00000 n \n" % item for item in sorted(places.items()))
    return body + b"xref\n%btrailer\n<</Size 200/Prev %d%b>>\nstartxref\n%d\n%%%%EOF\n" % (
        rows, before, TRAILER, len(body),
    )  # fmt: skip


def start(data: bytes) -> int:
    """Where the last cross-reference section of ``data`` begins."""
    return int(data[data.rindex(b"startxref") + 9 :].split()[0])


def xref_stream(number: int, width: bytes, index: bytes, rows: bytes, *, size: int, members: bytes = b"") -> bytes:
    """A cross-reference stream as an indirect object."""
    about = b"/Type/XRef/Size %d/W[%b]/Index[%b]%b%b" % (size, width, index, TRAILER, members)
    return b"%d 0 obj\n%b\nendobj\n" % (number, stream(rows, about))


def stamped(data: bytes, objects: Mapping[int, bytes]) -> bytes:
    """An update one of whose objects is :data:`FALSE_STAMP`, its ranges filled in."""
    body = updated(data, objects)
    first = body.rindex(b"/Contents<") + len(b"/Contents")
    second = body.index(b">", first) + 1
    numbers = zip((b"A", b"B", b"C"), (first, second, len(body) - second), strict=True)
    for letter, number in numbers:
        body = body.replace(letter * 10, b"%010d" % number, 1)
    return body


FALSE_STAMP = (
    b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161"
    b"/ByteRange[0 AAAAAAAAAA BBBBBBBBBB CCCCCCCCCC]/Contents<3003020101%b>>>" % (b"00" * 40)
)


def form(fields: bytes, more: bytes = b"", about: bytes = b"") -> bytes:
    """The catalogue of a signed :func:`pdf`, with further ``fields``, members of its own and of the form."""
    return b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R%b]/SigFlags 3%b>>%b>>" % (fields, about, more)


def page(annotations: bytes) -> bytes:
    """The page of a signed :func:`pdf`, with further ``annotations``."""
    return PAGE[:-2] + b"/Annots[6 0 R%b]>>" % annotations


# ── XML ───────────────────────────────────────────────────────────────────────────────────────────────────

ENVELOPED = '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
XPATH = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
    "<ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath></ds:Transform>"
)
C14N = '<ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
_SHA256 = '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'


def signed_xml(
    template: str, reference: tuple[str, str], key: SandboxKey, *, objects: str = "", name: str = "S"
) -> str:
    """``template`` with a XAdES signature at ``@@``: ``reference`` is URI and transforms, beside its properties."""
    signature = _signature(reference, key, objects, name)
    data = template.replace("@@", signature)
    for number, found in enumerate(_evidence(data, name).references):
        assert found.computed is not None
        data = data.replace(_placeholder("DV", name, number), base64.b64encode(found.computed).decode())
    value = key.sign(_evidence(data, name).signed_octets, SIGNATURE_BY_NAME["ecdsa-sha256"])
    return data.replace(_placeholder("SV", name, 0), base64.b64encode(ecdsa_to_plain(value, 256)).decode())


def _evidence(data: str, name: str):
    return next(s for s in collect(Document.from_bytes(data.encode(), "f.xml")).signatures if s.id == name)


def _placeholder(kind: str, name: str, number: int) -> str:
    return f"{kind}{name}{number}".ljust(8, "0")


def _signature(reference: tuple[str, str], key: SandboxKey, objects: str, name: str) -> str:
    chain = [key.certificate_der, *(one.public_bytes(Encoding.DER) for one in key.chain)]
    certificates = "".join(
        f"<ds:X509Certificate>{base64.b64encode(one).decode()}</ds:X509Certificate>" for one in chain
    )
    wanted = [(*reference, ""), (f"#P{name}", C14N, ' Type="http://uri.etsi.org/01903#SignedProperties"')]
    references = "".join(
        f'<ds:Reference URI="{uri}"{kind}><ds:Transforms>{transforms}</ds:Transforms>{_SHA256}'
        f"<ds:DigestValue>{_placeholder('DV', name, number)}</ds:DigestValue></ds:Reference>"
        for number, (uri, transforms, kind) in enumerate(wanted)
    )
    digest = base64.b64encode(hashlib.sha256(key.certificate_der).digest()).decode()
    return (
        f'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="{name}"><ds:SignedInfo>'
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>'
        f"{references}</ds:SignedInfo><ds:SignatureValue>{_placeholder('SV', name, 0)}</ds:SignatureValue>"
        f"<ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo><ds:Object>"
        f'<xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#{name}">'
        f'<xades:SignedProperties Id="P{name}"><xades:SignedSignatureProperties><xades:SigningCertificateV2>'
        f"<xades:Cert><xades:CertDigest>{_SHA256}<ds:DigestValue>{digest}</ds:DigestValue></xades:CertDigest>"
        "</xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties>"
        f"</xades:QualifyingProperties></ds:Object>{objects}</ds:Signature>"
    )


def without_signature(data: bytes) -> bytes:
    """The XML without its first ``ds:Signature``."""
    return re.sub(rb"<ds:Signature .*?</ds:Signature>", b"", data, count=1, flags=re.DOTALL)
