"""What is refused before anything is believed, each by its name."""

from __future__ import annotations

import time

import pytest

from eidkit.document import Document
from eidkit.errors import DocumentError
from eidkit.xml import content_digest, parse

SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"


def refused(data: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        parse.parse(data)
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a><a/>",
        b'<?xml version="1.0"?>\n<!-- c --><?p i?>\n<!DOCTYPE a SYSTEM "http://x.example/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b"\xef\xbb\xbf<!DOCTYPE a><a/>",
        "<!DOCTYPE a><a/>".encode("utf-16"),
        b'<!DOCTYPE b [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;">]><b>&m;&m;&m;</b>',
    ],
)
def test_a_doctype_is_refused(data: bytes) -> None:
    assert refused(data) == "xml-doctype"


def test_a_doctype_in_a_comment_or_text_is_only_text() -> None:
    assert parse.parse(b"<!-- <!DOCTYPE a> --><a><![CDATA[<!DOCTYPE a>]]></a>").root.tag == "a"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "xml-encoding"),
        (b"%PDF-1.7", "xml-encoding"),
        (b"<a>", "xml-malformed"),
        (b"<a>&unknown;</a>", "xml-malformed"),
        (b"<a b='1' b='2'/>", "xml-malformed"),
        (b"<a/><b/>", "xml-malformed"),
        (b"<p:a/>" + b"\x00", "xml-malformed"),
        (b'<?xml version="1.1"?><a/>', "xml-version"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "xml-encoding"),
        (b'<?xml version="1.0" encoding="IBM037"?><a/>', "xml-encoding"),
        ("<a/>".encode("utf-32"), "xml-encoding"),
        ("<a/>".encode("utf-16-le"), "xml-encoding"),
        (b"\xff\xfe<", "xml-malformed"),
    ],
)
def test_what_is_not_readable_is_refused_by_name(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_utf_16_with_its_mark_is_read() -> None:
    assert parse.parse('<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16")).root.text == "é"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<a>" * 300 + b"</a>" * 300, "xml-malformed"),
        (b"<a " + b" ".join(b'a%d=""' % i for i in range(400)) + b"/>", "xml-too-many-attributes"),
        (b"<a " + b" ".join(b'xmlns:a%d="u:%d"' % (i, i) for i in range(100)) + b"/>", "xml-too-many-namespaces"),
        (
            b"<a>" + b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>' * 101 + b"</a>",
            "xml-too-many-signatures",
        ),
    ],
)
def test_every_bound_has_a_name(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_a_document_above_the_byte_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "MAX_BYTES", 100)
    with pytest.raises(DocumentError) as caught:
        parse.load(Document.from_bytes(b"<a>" + b"x" * 100 + b"</a>", "a.xml"))
    assert caught.value.code == "document-too-large"


def test_too_much_markup_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "MAX_MARKUP", 10)
    assert refused(b"<a>" + b"<b/>" * 20 + b"</a>") == "xml-too-large"


def test_a_text_above_ten_megabytes_is_read_and_depth_stays_bounded() -> None:
    big = b"x" * 11_000_000
    assert len(parse.parse(b"<a>" + big + b"</a>").root.text or "") == len(big)
    assert refused(b"<a>" * 300 + big + b"</a>" * 300) == "xml-too-deep"


def test_a_relative_namespace_has_no_canonical_form() -> None:
    with pytest.raises(DocumentError) as caught:
        content_digest(Document.from_bytes(b'<a xmlns="relative"/>', "a.xml"))
    assert caught.value.code == "xml-no-canonical-form"


def test_many_namespaces_and_nested_references_stay_cheap() -> None:
    names = "".join(f' xmlns:n{i}="u:{i}"' for i in range(60))
    nested = "".join(f'<b Id="i{i}">' for i in range(25))
    reference = (
        '<s:Reference URI="#i{}"><s:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        "<s:DigestValue>AA==</s:DigestValue></s:Reference>"
    )
    info = (
        f'<s:Signature xmlns:s="{SIGNATURE}"><s:SignedInfo><s:CanonicalizationMethod Algorithm="x"/>'
        f'<s:SignatureMethod Algorithm="x"/>{"".join(reference.format(i) for i in range(25))}</s:SignedInfo>'
        "<s:SignatureValue>AA==</s:SignatureValue></s:Signature>"
    )
    from eidkit.verify.formats import xml

    data = f"<r{names}>{nested}{'<a/>' * 1200}{'</b>' * 25}{info}</r>".encode()
    started = time.process_time()
    xml.read(Document.from_bytes(data, "x.xml"))
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "inside",
    [
        "a<!---->" * 20_000,
        "a" + "<!---->" * 20_000 + "b",
        "<?p?>" * 20_000,
        "".join(f'<a Id="i{i}"/>' for i in range(20_000)),
        '<a Id="i1"/>' * 20_000,
        "<a>" * 250 + "</a>" * 250,
    ],
)
def test_strange_shapes_stay_cheap(inside: str) -> None:
    from eidkit.verify.formats import xml

    reference = (
        '<s:Reference URI="#i1"><s:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        "<s:DigestValue>AA==</s:DigestValue></s:Reference>"
    )
    signature = (
        f'<s:Signature xmlns:s="{SIGNATURE}"><s:SignedInfo><s:CanonicalizationMethod Algorithm="x"/>'
        f'<s:SignatureMethod Algorithm="x"/>{reference * 10}</s:SignedInfo><s:SignatureValue>AA==</s:SignatureValue>'
        "</s:Signature>"
    )
    started = time.process_time()
    xml.read(Document.from_bytes(f"<r>{inside}{signature * 10}</r>".encode(), "x.xml"))
    assert time.process_time() - started < 1
