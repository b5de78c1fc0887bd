"""Canonical forms where the standards say exactly what they are."""

from __future__ import annotations

import pytest

from eidkit.document import Document
from eidkit.errors import DocumentError
from eidkit.xml import content_digest, names, parse
from eidkit.xml.canonical import METHODS, Method, NodeSet, canonical, join_references, subtree

C14N, COMMENTED = METHODS[names.C14N10], METHODS[names.C14N10 + "#WithComments"]
EXCLUSIVE, C14N11 = METHODS[names.EXCLUSIVE], METHODS[names.C14N11]


def whole(data: bytes, method: Method = C14N, *, comments: bool = False) -> bytes:
    return canonical(parse.parse(data), NodeSet(None, comments=comments), method)


def part(data: bytes, path: str, method: Method = C14N) -> bytes:
    tree = parse.parse(data)
    found = tree.root.find(path)
    assert found is not None
    return subtree(found, (), method, comments=False)


def test_instructions_and_comments_around_the_root_count_as_the_recommendation_has_it() -> None:
    data = b'<?xml version="1.0"?>\n\n<?a  b ?>\n<!-- c -->\n<doc>Hello<!-- d --></doc>\n\n<?e?>\n<!-- f -->'
    assert (
        whole(data, COMMENTED, comments=True) == b"<?a b ?>\n<!-- c -->\n<doc>Hello<!-- d --></doc>\n<?e?>\n<!-- f -->"
    )
    assert whole(data, COMMENTED) == whole(data) == b"<?a b ?>\n<doc>Hello</doc>\n<?e?>"


def test_characters_are_replaced_as_the_recommendation_has_it() -> None:
    data = b"<d a='&lt;&#9;&#10;&#13;\"&gt;&amp;'>&#13;\r\n&gt;<![CDATA[<x>&]]></d>"
    assert whole(data) == b'<d a="&lt;&#x9;&#xA;&#xD;&quot;>&amp;">&#xD;\n&gt;&lt;x&gt;&amp;</d>'


def test_attributes_and_namespaces_are_ordered_and_repetitions_dropped() -> None:
    data = b'<e b:attr="s" a:attr="o" attr2="a" attr="I" xmlns:b="urn:b" xmlns:a="urn:a" xmlns="urn:x">'
    data += b'<e xmlns="urn:x"/></e>'
    expected = b'<e xmlns="urn:x" xmlns:a="urn:a" xmlns:b="urn:b" attr="I" attr2="a" a:attr="o" b:attr="s"><e></e></e>'
    assert whole(data) == expected


def test_no_empty_default_namespace_appears_among_grandchildren() -> None:
    data = b'<r xmlns="urn:x"><a><b><c/></b></a></r>'
    assert part(data, "{*}a") == b'<a xmlns="urn:x"><b><c></c></b></a>'


def test_an_undeclared_default_namespace_stays_undeclared() -> None:
    assert (
        part(b'<r xmlns="urn:x"><p:a xmlns:p="urn:p" xmlns=""><b/></p:a></r>', "{urn:p}a/b")
        == b'<b xmlns:p="urn:p"></b>'
    )


def test_inclusive_c14n_inherits_every_xml_attribute() -> None:
    data = b'<r xml:lang="vi" xml:space="preserve" xml:base="http://x.example/" xml:id="i" xml:foo="1">'
    data += b'<a xml:lang="en"/></r>'
    expected = b'<a xml:base="http://x.example/" xml:foo="1" xml:id="i" xml:lang="en" xml:space="preserve"></a>'
    assert part(data, "a") == expected


def test_c14n_1_1_inherits_language_and_space_joins_bases_and_leaves_ids() -> None:
    data = b'<r xml:lang="vi" xml:base="http://x.example/a/" xml:id="i"><m xml:base="b/c"><a xml:base="../d"/></m></r>'
    assert part(data, "m/a", C14N11) == b'<a xml:base="http://x.example/a/d" xml:lang="vi"></a>'


def test_exclusive_c14n_inherits_nothing_and_follows_its_prefix_list() -> None:
    data = b'<r xml:lang="vi" xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q"><p:a><b/></p:a></r>'
    assert part(data, "{urn:p}a", EXCLUSIVE) == b'<p:a xmlns:p="urn:p"><b xmlns="urn:d"></b></p:a>'
    listed = Method(names.EXCLUSIVE, exclusive=True, prefixes=("q", "#default"))
    assert part(data, "{urn:p}a", listed) == b'<p:a xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q"><b></b></p:a>'


@pytest.mark.parametrize(
    ("base", "reference", "joined"),
    [
        ("http://x.example/a/b", "c", "http://x.example/a/c"),
        ("http://x.example/a/b/", "../c/./d", "http://x.example/a/c/d"),
        ("http://x.example", "c", "http://x.example/c"),
        ("a/b/", "../../../c", "../c"),
        ("..", "c", "../c"),
        ("../a/", "..", "../"),
        ("a", "b", "b"),
        ("/a/b", "?q", "/a/b?q"),
        ("a/b", "http://y.example/z#f", "http://y.example/z"),
        ("a/b", "//y.example/z", "//y.example/z"),
        ("a/b", "", "a/b"),
    ],
)
def test_bases_are_joined_as_c14n_1_1_says(base: str, reference: str, joined: str) -> None:
    assert join_references(base, reference) == joined


def test_signatures_are_left_out_and_their_tail_text_is_kept() -> None:
    nested = f'<s:Signature xmlns:s="{names.DSIG}"><s:Object><s:Signature/></s:Object></s:Signature>'
    bare = content_digest(Document.from_bytes(b"<r>a<b/>bcd</r>", "r.xml"))
    assert content_digest(Document.from_bytes(f"<r>a<b/>b{nested}c{nested}d</r>".encode(), "r.xml")) == bare


def test_a_comment_does_not_change_what_is_shown() -> None:
    assert content_digest(Document.from_bytes(b"<r>1<!---->000</r>", "r")) == content_digest(
        Document.from_bytes(b"<r>1000</r>", "r")
    )


def test_an_instruction_beside_the_root_does() -> None:
    assert content_digest(Document.from_bytes(b"<r/><?a?>", "r")) != content_digest(Document.from_bytes(b"<r/>", "r"))


def test_a_document_with_a_default_prefix_list_keeps_what_is_around_its_root() -> None:
    listed = Method(names.EXCLUSIVE, exclusive=True, prefixes=("#default",))
    data = b'<?a?><!-- c --><r xmlns="urn:d"><p:a xmlns:p="urn:p" z="&#10;" p:b="\'"/><?i x?><!-- d --></r><?e?>'
    expected = b'<?a?>\n<r xmlns="urn:d"><p:a xmlns:p="urn:p" z="&#xA;" p:b="\'"></p:a><?i x?></r>\n<?e?>'
    assert whole(data, listed) == expected


def test_a_default_prefix_list_over_a_large_document_is_refused() -> None:
    listed = Method(names.EXCLUSIVE, exclusive=True, prefixes=("#default",))
    with pytest.raises(DocumentError) as caught:
        whole(b"<r>" + b"x" * 5_000_000 + b"</r>", listed)
    assert caught.value.code == "xml-too-costly"
