"""Whether a document grew from an earlier state: by whole signatures and unsigned properties, and nothing else."""

from __future__ import annotations

import re

import pytest

from eidkit import xml
from eidkit.document import Document


def changed(document: Document, pattern: bytes, replacement: bytes) -> Document:
    data, found = re.subn(pattern, replacement, document.read_bounded(10**6, "x"), count=1, flags=re.DOTALL)
    assert found
    return Document.from_bytes(data, document.name)


@pytest.fixture
def earlier(form, signed):
    return signed(form, token=b"one timestamp token")


def test_it_grew_from_itself_and_from_the_unsigned_document(form, earlier):
    assert xml.grew_from(earlier, earlier)
    assert xml.grew_from(earlier, form)


def test_another_signature(earlier, signed):
    later = signed(earlier, token=b"another token")
    assert xml.grew_from(later, earlier)
    assert not xml.grew_from(earlier, later)


MORE = rb"<xades:CertificateValues>more</xades:CertificateValues>\n"


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (rb"(<xades:UnsignedSignatureProperties[^>]*>)", rb"\1" + MORE),
        (rb"(</xades:UnsignedSignatureProperties>)", MORE + rb"\1"),
        (rb"(<xades:SignatureTimeStamp.*</xades:SignatureTimeStamp>)", rb"\1\1"),
    ],
)
def test_more_unsigned_properties(earlier, pattern, replacement):
    later = changed(earlier, pattern, replacement)
    assert xml.grew_from(later, earlier)
    assert not xml.grew_from(earlier, later)


def test_the_first_unsigned_properties(form, signed):
    before = signed(form)
    inside = b"<xades:UnsignedSignatureProperties>" + MORE + b"</xades:UnsignedSignatureProperties>"
    later = changed(
        before,
        rb"(</xades:QualifyingProperties>)",
        b"<xades:UnsignedProperties>" + inside + rb"</xades:UnsignedProperties>\1",
    )
    assert xml.grew_from(later, before)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (rb"<ds:X509Certificate>M", rb"<ds:X509Certificate>N"),
        (rb"<ds:X509Certificate>.*?</ds:X509Certificate>", b""),
        (rb"<ds:KeyInfo.*?</ds:KeyInfo>", b""),
        (rb"(<xades:EncapsulatedTimeStamp>)\w", rb"\1A"),
        (rb"<xades:UnsignedProperties.*</xades:UnsignedProperties>", b""),
        (rb"(<xades:UnsignedSignatureProperties[^>]*>)", rb"\1<!-- more -->"),
        (rb"(<xades:UnsignedSignatureProperties[^>]*>)", rb"\1more"),
        (rb"(<xades:UnsignedProperties)", rb'\1 Id="more"'),
        (rb"(</ds:Object>)", rb"\1<ds:Object>more</ds:Object>"),
        (rb">1000<", rb">9000<"),
        (rb"<!-- a form -->", rb"<!-- a farm -->"),
        (rb"\?show form\?", rb"?hide form?"),
    ],
)
def test_anything_else(earlier, signed, pattern, replacement):
    later = signed(changed(earlier, pattern, replacement), token=b"another token")
    assert not xml.grew_from(later, earlier)


def test_how_it_is_written_down_does_not_count(earlier):
    assert xml.grew_from(changed(earlier, rb'currency="VND"', b"currency = 'VND'"), earlier)
    assert xml.grew_from(changed(earlier, b"UTF-8", b"utf-8"), earlier)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (rb"<ds:Signature ", rb"changed<ds:Signature "),
        (rb"<ds:Signature ", rb"<amount>9</amount><ds:Signature "),
        (rb"</ds:Signature>", rb"</ds:Signature>changed"),
        (rb"</ds:Signature>", rb"</ds:Signature><amount>9</amount>"),
        (rb"</ds:Signature>", rb"</ds:Signature><ds:Signature xmlns:ds='urn:another'></ds:Signature>"),
    ],
)
def test_a_signature_and_something_beside_it(form, signed, pattern, replacement):
    assert xml.grew_from(signed(form), form)
    assert not xml.grew_from(changed(signed(form), pattern, replacement), form)


def test_a_signature_where_the_document_element_is_not_the_end(form, signed):
    before = changed(form, rb"\Z", b"<!-- after -->")
    assert xml.grew_from(signed(before), before)
    assert not xml.grew_from(changed(signed(before), rb"<!-- after -->", b"<!-- later -->"), before)
