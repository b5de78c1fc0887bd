"""The place of a signature is found in the original bytes, whatever the bytes around it look like."""

from __future__ import annotations

import pytest

from eidkit.errors import DocumentError
from eidkit.xml import parse, splice


@pytest.mark.parametrize(
    "data",
    [
        b"<a>x|</a>",
        b"<a>\n  <b/>\n|</a>\n",
        b"\xef\xbb\xbf<a>\xc3\xa9|</a >",
        b"<a><![CDATA[</a>]]>|</a><!-- </a> --><?p </a> ?>",
        b"<a><![CDATA[</a><?x ]]>|</a><?y ?>",
        b"<a>|</a><!-- </a><?x --><?y <?z ?>",
        b"<a b='/>' c=\"'>\">|</a>\n<!-- - -->",
        b"<p:a xmlns:p='urn:p'><p:a></p:a>|</p:a\n>",
        b"<a><b/>|</a>",
        b"<a>/>|</a>",
    ],
)
def test_the_end_tag_of_the_document_element_is_found(data: bytes) -> None:
    assert splice.before_end_of_root(parse.parse(data.replace(b"|", b""))) == data.index(b"|")


@pytest.mark.parametrize("data", [b"<a/>", b"<a b='1' />\n", b"<!-- </a> --><a/>", b"<a/><!-- </a> -->"])
def test_an_empty_tag_is_refused_with_its_remedy(data: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        splice.before_end_of_root(parse.parse(data))
    assert caught.value.code == "xml-empty-root"
    assert "</a>" in caught.value.remedy.en


@pytest.mark.parametrize(
    "data", ["<a>é</a>".encode("utf-16"), '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode("latin-1")]
)
def test_another_encoding_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        splice.before_end_of_root(parse.parse(data))
    assert caught.value.code == "xml-not-utf8"


def test_tags_of_inner_elements_are_found() -> None:
    data = b'<a><!-- <b> --><b c=">"/><b><c>x</c></b></a>'
    tree = parse.parse(data)
    empty, full = tree.root.findall("b")
    assert splice.end_tag(tree, empty) == -1
    places = splice.insides(tree, (empty, full))
    assert places[empty] == (-1, -1)
    assert data[slice(*places[full])] == b"<c>x</c>"
