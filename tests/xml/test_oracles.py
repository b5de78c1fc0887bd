"""What we write, read by other people's tools."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from eidkit.document import Document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Signed = Callable[..., Document]

XADES = "http://uri.etsi.org/01903/v1.3.2#"
pytestmark = pytest.mark.interop


@pytest.mark.parametrize("name", ["p256", "p384", "p521", "rsa"])
def test_xmlsec1_verifies_every_co_signature(
    form: Document, signed: Signed, signers: dict[str, Any], tool: Callable[[str], str], tmp_path: Path, name: str
) -> None:
    made = signed(
        signed(form, "rsa", token=b"0\x00"), name, claimed_roles=("Trưởng phòng <&>",), assertion="e30.e30.AA"
    )
    made.write(tmp_path / "signed.xml")
    for place, signer in enumerate(("rsa", name), start=1):
        (tmp_path / "certificate.pem").write_bytes(signers[signer].pem)
        found = subprocess.run(
            [
                tool("xmlsec1"), "--verify", "--pubkey-cert-pem", str(tmp_path / "certificate.pem"),
                "--id-attr:Id", f"{XADES}:SignedProperties",
                "--node-xpath", f"(/*/*[local-name()='Signature'])[{place}]", str(tmp_path / "signed.xml"),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert found.returncode == 0, found.stderr[-600:]
        assert "SignedInfo References (ok/all): 2/2" in found.stderr


@pytest.mark.parametrize(("name", "pss"), [("p256", False), ("rsa", False), ("rsa", True)])
def test_signxml_verifies_the_signature_value(
    form: Document, signed: Signed, signers: dict[str, Any], name: str, pss: bool
) -> None:
    """It has no XPath transform, so it is asked for the signature value and the signed properties only."""
    signxml = pytest.importorskip("signxml")
    etree = pytest.importorskip("lxml.etree")
    from cryptography import x509

    from eidkit.verify.formats import xml

    made = signed(form, name, pss=pss)
    (signature,) = xml.read(made).signatures
    root = etree.fromstring(made.read_range(0, made.length))
    info = root.find(".//{*}SignedInfo")
    verifier = signxml.XMLVerifier()
    verifier.get_root = lambda data: data
    octets = verifier._c14n(info, algorithm=signxml.CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
    assert octets == signature.signed_octets
    assert x509.load_der_x509_certificate(signature.certificates[0]).public_key() == signers[name].key.public_key()


def test_the_properties_follow_the_order_of_the_schema(form: Document, signed: Signed) -> None:
    etree = pytest.importorskip("lxml.etree")
    made = signed(
        form, claimed_roles=("clerk",), assertion="e30.e30.AA", commitment="1.2.840.113549.1.9.16.6.5", token=b"0\x00"
    )
    root = etree.fromstring(made.read_range(0, made.length))

    def order(path: str) -> list[str]:
        return [etree.QName(child).localname for child in root.find(".//{*}" + path)]

    assert order("QualifyingProperties") == ["SignedProperties", "UnsignedProperties"]
    assert order("SignedProperties") == ["SignedSignatureProperties", "SignedDataObjectProperties"]
    assert order("SignedSignatureProperties") == ["SigningTime", "SigningCertificateV2", "SignerRoleV2"]
    assert order("SignerRoleV2") == ["ClaimedRoles", "SignedAssertions"]
    assert order("SignedDataObjectProperties") == ["DataObjectFormat", "CommitmentTypeIndication"]
    assert order("CommitmentTypeIndication") == ["CommitmentTypeId", "AllSignedDataObjects"]
    assert order("SignatureTimeStamp") == ["CanonicalizationMethod", "EncapsulatedTimeStamp"]
