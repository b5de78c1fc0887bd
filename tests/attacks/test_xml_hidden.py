"""XML: content that no signature covers, where a reader that looks for it by name would find it."""

from __future__ import annotations

import pytest

from tests.attacks.making import C14N, ENVELOPED, XPATH, signed_xml

FORM = '<form Id="F"><amount>1000</amount>@@</form>'
FAKE = '<form xmlns=""><amount>9999</amount></form>'


@pytest.fixture(scope="module")
def enveloped(lan, judged, codes):
    """Signed by another product: only its own signature is left out."""
    data = signed_xml(FORM, ("", ENVELOPED + C14N), lan)
    assert "PARTIAL_SCOPE" not in codes(judged(data.encode(), "f.xml"))
    return data


@pytest.fixture(scope="module")
def leaving_out_all(lan):
    return signed_xml(FORM, ("", ENVELOPED + XPATH + C14N), lan)


def unsigned(content: str) -> str:
    return (
        "</xades:SignedProperties><xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        f"{content}</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )


HIDDEN = {
    "an object": ("</ds:Signature>", f"<ds:Object>{FAKE}</ds:Object></ds:Signature>"),
    "an object that looks like properties": (
        "</ds:Signature>",
        f'<ds:Object><QualifyingProperties xmlns="">{FAKE}</QualifyingProperties></ds:Object></ds:Signature>',
    ),
    "the unsigned properties": ("</xades:SignedProperties>", unsigned(FAKE)),
    "the key": ("</ds:KeyInfo>", f"{FAKE}</ds:KeyInfo>"),
    "the text of an object": ("</ds:Signature>", "<ds:Object>9999</ds:Object></ds:Signature>"),
    "an instruction in an object": ("</ds:Signature>", "<ds:Object><?form 9999?></ds:Object></ds:Signature>"),
}


@pytest.mark.parametrize("place", HIDDEN)
def test_content_inside_the_signature_is_told(enveloped, judged, codes, place):
    report = judged(enveloped.replace(*HIDDEN[place]).encode(), "f.xml")
    assert "PARTIAL_SCOPE" in codes(report)


@pytest.mark.parametrize("place", HIDDEN)
def test_where_every_signature_is_left_out_it_is_an_error(leaving_out_all, judged, codes, place):
    report = judged(leaving_out_all.replace(*HIDDEN[place]).encode(), "f.xml")
    assert "SIGNATURE_MISPLACED" in codes(report)
    assert not report


def test_a_sibling_of_what_an_enveloping_signature_signs(lan, judged, codes):
    objects = f'<ds:Object><w xmlns="">{FAKE}<form Id="A"><amount>1000</amount></form></w></ds:Object>'
    data = signed_xml("@@", ("#A", C14N), lan, objects=objects)
    assert "PARTIAL_SCOPE" in codes(judged(data.encode(), "f.xml"))


def test_a_style_sheet_before_a_signed_document_element(lan, judged, codes):
    data = signed_xml(FORM, ("#F", ENVELOPED + C14N), lan)
    assert "PARTIAL_SCOPE" not in codes(judged(data.encode(), "f.xml"))
    styled = f'<?xml-stylesheet type="text/xsl" href="other.xsl"?>{data}'
    assert "PARTIAL_SCOPE" in codes(judged(styled.encode(), "f.xml"))


def test_a_second_signature_that_covers_the_first_hides_nothing_in_itself(leaving_out_all, binh, judged, codes):
    """Both hold; what the second brings along is covered by none of them."""
    both = signed_xml(leaving_out_all.replace("</form>", "@@</form>"), ("", ENVELOPED + C14N), binh, name="T")
    assert judged(both.encode(), "f.xml")
    hidden = both.replace("</ds:Signature></form>", f"<ds:Object>{FAKE}</ds:Object></ds:Signature></form>")
    assert not judged(hidden.encode(), "f.xml")


REFUSED = {
    "an element after the signature": ("</ds:Signature>", "</ds:Signature><amount>9</amount>"),
    "text after the signature": ("</ds:Signature>", "</ds:Signature>9"),
    "an instruction in a text": ("1000", "10<?x?>00"),
    "another base": ("<form ", '<form xml:base="http://other.test/" '),
    "a comment in the value": ("</ds:SignatureValue>", "<!-- --></ds:SignatureValue>"),
    "two sets of signed properties": (
        "<xades:SignedProperties Id", "<xades:SignedProperties/><xades:SignedProperties Id",
    ),
    "a signature in the key": ("</ds:KeyInfo>", "<ds:Signature><amount>9</amount></ds:Signature></ds:KeyInfo>"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_changes_that_are_refused(leaving_out_all, judged, name):
    assert judged(leaving_out_all.encode(), "f.xml")
    assert not judged(leaving_out_all.replace(*REFUSED[name], 1).encode(), "f.xml")


@pytest.mark.parametrize("attribute", ["Id", "ID", "id", "xml:id"])
def test_a_second_element_of_the_same_id(lan, judged, attribute):
    data = signed_xml('<root><form Id="A"><amount>1000</amount></form>@@</root>', ("#A", C14N), lan)
    assert not judged(data.replace("<root>", f'<root><form {attribute}="A"/>').encode(), "f.xml")
