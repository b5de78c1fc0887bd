"""Our canonical forms against another processor's: it signs sub-trees, and every digest must be ours too."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eidkit.document import Document
from eidkit.verify.formats import xml

xmlsec = pytest.importorskip("xmlsec")
etree = pytest.importorskip("lxml.etree")

DSIG = "http://www.w3.org/2000/09/xmldsig#"
_PREFIXES = ("", "p", "q")
_URIS = ("urn:a", "urn:b", "urn:c")
_BASES = ("http://x.example/a/b/", "c/d/", "../e/", "e/f", "/g/h/")
_TEXTS = ("", "t", " \n", "&amp;&lt;&gt;", "&#13;", "é", "<![CDATA[<x>]]>", "<!-- c -->", "<?pi x?>", '"')


@st.composite
def _attributes(draw: st.DrawFn, scope: dict[str, str]) -> tuple[str, dict[str, str]]:
    inner = dict(scope)
    parts = []
    for prefix in draw(st.lists(st.sampled_from(_PREFIXES), max_size=2, unique=True)):
        uri = draw(st.sampled_from((*_URIS, "") if prefix == "" else _URIS))
        inner[prefix] = uri
        parts.append(f'xmlns{":" + prefix if prefix else ""}="{uri}"')
    for name in draw(st.lists(st.sampled_from(("b", "a", "p:a", "q:b")), max_size=2, unique=True)):
        prefix = name.partition(":")[0] if ":" in name else None
        if prefix is None or prefix in inner:
            parts.append(f'{name}="{draw(st.sampled_from(("v", "&quot;&#9;", "&#xA;x", "é", "&lt;")))}"')
    for name in draw(st.lists(st.sampled_from(("lang", "space", "base")), max_size=2, unique=True)):
        value = {"lang": "vi", "space": "preserve", "base": draw(st.sampled_from(_BASES))}[name]
        parts.append(f'xml:{name}="{value}"')
    return " ".join(parts), inner


@st.composite
def _element(draw: st.DrawFn, scope: dict[str, str], depth: int, target: list[int]) -> str:
    attributes, inner = draw(_attributes(scope))
    prefix = draw(st.sampled_from([p for p in _PREFIXES if p in inner or p == ""]))
    name = f"{prefix}:e" if prefix else "e"
    content = draw(st.sampled_from(_TEXTS))
    if depth:
        for _ in range(draw(st.integers(1 if target else 0, 2))):
            content += draw(_element(inner, depth - 1, target)) + draw(st.sampled_from(_TEXTS))
    identifier = ""
    if depth <= 1 and target:
        target.pop()
        identifier = ' Id="signed"'
    return f"<{name}{identifier} {attributes}>{content}</{name}>"


@st.composite
def documents(draw: st.DrawFn) -> str:
    return f"<root>{draw(_element({}, 3, [1]))}<here/></root>"


METHODS = {
    "": None,
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": "TransformInclC14N",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": "TransformInclC14NWithComments",
    "http://www.w3.org/2006/12/xml-c14n11": "TransformInclC14N11",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments": "TransformInclC14N11WithComments",
    "http://www.w3.org/2001/10/xml-exc-c14n#": "TransformExclC14N",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments": "TransformExclC14NWithComments",
}


def _template(uri: str, transforms: str, c14n: str) -> str:
    return (
        f'<s:Signature xmlns:s="{DSIG}"><s:SignedInfo><s:CanonicalizationMethod Algorithm="{c14n}"/>'
        '<s:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"/>'
        f'<s:Reference URI="{uri}"><s:Transforms>{transforms}</s:Transforms>'
        '<s:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><s:DigestValue/></s:Reference>'
        "</s:SignedInfo><s:SignatureValue/></s:Signature>"
    )


def _signed_by_oracle(text: str, uri: str, transforms: str, c14n: str) -> bytes:
    root = etree.fromstring(text.replace("<here/>", _template(uri, transforms, c14n)).encode())
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, b"secret")
    context.sign(root.find(f".//{{{DSIG}}}Signature"))
    return etree.tostring(root)


def _agrees(data: bytes) -> None:
    import hashlib
    import hmac

    (signature,) = xml.read(Document.from_bytes(data, "x.xml")).signatures
    assert [r.computed for r in signature.references] == [r.declared for r in signature.references]
    assert hmac.new(b"secret", signature.signed_octets, hashlib.sha256).digest() == signature.value


@pytest.mark.parametrize("method", [m for m in METHODS if m])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=documents())
def test_a_sub_tree_has_the_digest_that_another_processor_gives_it(method: str, text: str) -> None:
    _agrees(_signed_by_oracle(text, "#signed", f'<s:Transform Algorithm="{method}"/>', method))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=documents(), prefixes=st.lists(st.sampled_from(("p", "q", "#default")), min_size=1, unique=True))
def test_a_prefix_list_is_followed(text: str, prefixes: list[str]) -> None:
    exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
    listed = f'<i:InclusiveNamespaces xmlns:i="{exclusive}" PrefixList="{" ".join(prefixes)}"/>'
    _agrees(
        _signed_by_oracle(text, "#signed", f'<s:Transform Algorithm="{exclusive}">{listed}</s:Transform>', exclusive)
    )


@pytest.mark.parametrize("method", [m for m in METHODS if m])
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=documents())
def test_a_whole_document_has_the_digest_that_another_processor_gives_it(method: str, text: str) -> None:
    enveloped = f'<s:Transform Algorithm="{DSIG}enveloped-signature"/><s:Transform Algorithm="{method}"/>'
    _agrees(_signed_by_oracle(text, "", enveloped, method))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=documents())
def test_the_xpath_that_leaves_out_signatures_means_what_another_processor_makes_of_it(text: str) -> None:
    xpath = (
        '<s:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
        f'<s:XPath xmlns:ds="{DSIG}">not(ancestor-or-self::ds:Signature)</s:XPath></s:Transform>'
    )
    _agrees(_signed_by_oracle(text, "", xpath, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))
