"""What a reader must see in forged, moved and strange signatures; each test is one attack or one shape."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from eidkit import algorithms
from eidkit.document import Document
from eidkit.errors import DocumentError
from eidkit.verify.formats import xml
from eidkit.xml import content_digest, names, parse
from eidkit.xml.canonical import METHODS, NodeSet, canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.verify.evidence import SignatureEvidence

    Signed = Callable[..., Document]

DIGEST = "http://www.w3.org/2001/04/xmlenc#sha256"


def octets(document: Document) -> bytes:
    return document.read_range(0, document.length)


def read(data: bytes) -> tuple[SignatureEvidence, ...]:
    return xml.read(Document.from_bytes(data, "form.xml")).signatures


def codes(signature: SignatureEvidence) -> set[str]:
    return {observation.code for observation in signature.observations}


def matches(signature: SignatureEvidence) -> bool:
    return bool(signature.references) and all(r.computed == r.declared for r in signature.references)


def changed(document: Document, *pairs: tuple[bytes, bytes]) -> tuple[SignatureEvidence, ...]:
    data = octets(document)
    for old, new in pairs:
        assert old in data
        data = data.replace(old, new)
    return read(data)


# ── changes ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_without_signatures_has_none(form: Document) -> None:
    assert xml.read(form).signatures == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"1000", b"9000"),
        (b'currency="VND"', b'currency="USD"'),
        (b"\n  <amount", b"\n   <amount"),
        (b"<?show form?>", b""),
        (b'xml:lang="vi"', b'xml:lang="en"'),
        (b' xmlns:q="urn:example:q"', b' xmlns:q="urn:example:r"'),
        (b"</ds:Signature>", b"</ds:Signature> "),
    ],
)
def test_a_change_of_the_content_breaks_the_reference(form: Document, signed: Signed, old: bytes, new: bytes) -> None:
    (signature,) = changed(signed(form), (old, new))
    assert not matches(signature)


def test_comments_are_not_covered_and_the_content_says_so(form: Document, signed: Signed) -> None:
    (signature,) = changed(signed(form), (b"1000", b"1<!-- -->000"))
    assert matches(signature)
    assert codes(signature) == {"SPLIT_TEXT"}


def test_signed_properties_that_were_changed_say_nothing(form: Document, signed: Signed) -> None:
    (signature,) = changed(signed(form, claimed_roles=("clerk",)), (b"clerk", b"chief"))
    assert (signature.claimed_roles, signature.certificate_references) == ((), ())
    assert "SIGNED_PROPERTIES_NOT_BOUND" in codes(signature)
    assert not matches(signature)


# ── wrapping ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_signed_properties_of_another_object_are_not_read(form: Document, signed: Signed) -> None:
    """The real ones moved into a second Object, forged ones in their place under another ID."""
    data = octets(signed(form, claimed_roles=("clerk",)))
    start = data.index(b"<xades:SignedProperties")
    end = data.index(b"</xades:SignedProperties>") + len(b"</xades:SignedProperties>")
    real = data[start:end]
    forged = real.replace(b"clerk", b"chief").replace(b'-properties"', b'-forged"')
    data = data[:start] + forged + data[end:]
    data = data.replace(b"</ds:Signature>", b"<ds:Object>" + real + b"</ds:Object></ds:Signature>")
    (signature,) = read(data)
    assert signature.references[1].computed is None
    assert signature.claimed_roles == ()
    assert {"SIGNED_PROPERTIES_NOT_BOUND", "SIGNATURE_MISPLACED"} <= codes(signature)


def test_an_id_that_occurs_twice_is_not_found(form: Document, signed: Signed) -> None:
    data = octets(signed(form))
    start, end = (
        data.index(b'Id="id-', data.index(b"<xades:SignedProperties")),
        data.index(b"-properties", data.index(b"<xades:SignedProperties")),
    )
    identifier = data[start:end] + b'-properties"'
    (signature,) = read(data.replace(b"<name ", b"<name " + identifier + b" "))
    assert [r.computed for r in signature.references][1] is None


def test_a_type_that_is_missing_binds_nothing(form: Document, signed: Signed) -> None:
    (signature,) = changed(signed(form), (f'Type="{names.SIGNED_PROPERTIES}" '.encode(), b""))
    assert "SIGNED_PROPERTIES_NOT_BOUND" in codes(signature)
    assert signature.level == "XML-NOT-ETSI"


def test_properties_about_another_signature_bind_nothing(form: Document, signed: Signed) -> None:
    (signature,) = changed(signed(form), (b'Target="#id-', b'Target="#other-'))
    assert "SIGNED_PROPERTIES_NOT_BOUND" in codes(signature)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            b"<amount",
            b"<hidden><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'>9000</ds:Signature></hidden><amount",
        ),
        (b"</ds:Signature>", b"</ds:Signature><later/>"),
        (b"</ds:KeyInfo>", b"<pay xmlns='urn:p'>9000</pay></ds:KeyInfo>"),
        (b"</ds:Signature>", b"<ds:Object>9000</ds:Object></ds:Signature>"),
        (b"</ds:Signature>", b"pay 9000</ds:Signature>"),
        (
            b"</xades:QualifyingProperties>",
            b"<xades:UnsignedProperties><p xmlns='urn:p'/></xades:UnsignedProperties></xades:QualifyingProperties>",
        ),
    ],
)
def test_what_hides_in_or_behind_a_signature_is_named(form: Document, signed: Signed, old: bytes, new: bytes) -> None:
    made = signed(form)
    data = octets(made)
    position = data.rindex(old)
    signatures = read(data[:position] + new + data[position + len(old) :])
    assert all("SIGNATURE_MISPLACED" in codes(s) or "FORMAT_FAILURE" in codes(s) for s in signatures)


def test_a_signature_that_was_moved_into_the_content_is_named(form: Document, signed: Signed) -> None:
    data = octets(signed(form))
    start, end = data.index(b"<ds:Signature "), data.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    signature = data[start:end]
    moved = (data[:start] + data[end:]).replace(b"<amount", signature + b"<amount")
    (found,) = read(moved)
    assert matches(found)
    assert "SIGNATURE_MISPLACED" in codes(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (names.XPATH_LITERAL.encode(), b"not(ancestor-or-self::ds:Signature) "),
        (names.XPATH_LITERAL.encode(), b"not( ancestor-or-self::ds:Signature)"),
        (b"<ds:XPath>", b"<ds:XPath xmlns:ds='http://www.w3.org/2000/09/xmldsig#' xmlns:x='u'><!-- -->"),
        (f'<ds:Transform Algorithm="{names.C14N10}"></ds:Transform>'.encode(), b""),
        (names.C14N10.encode(), names.EXCLUSIVE.encode()),
    ],
)
def test_only_the_three_transforms_to_the_letter_give_a_content_digest(
    form: Document, signed: Signed, old: bytes, new: bytes
) -> None:
    (signature,) = changed(signed(form), (old, new))
    assert signature.content is None


def test_the_xpath_with_another_namespace_under_ds_is_not_supported(form: Document, signed: Signed) -> None:
    data = octets(signed(form)).replace(
        b"<ds:XPath>", b"<d:XPath xmlns:d='http://www.w3.org/2000/09/xmldsig#' xmlns:ds='urn:evil'>"
    )
    (signature,) = read(data.replace(b"</ds:XPath>", b"</d:XPath>"))
    assert signature.references[0].computed is None
    assert signature.content is None
    assert "NOT_SUPPORTED" in codes(signature)


def test_two_signatures_of_one_id_are_malformed(form: Document, signed: Signed) -> None:
    data = octets(signed(form))
    start, end = data.index(b"<ds:Signature "), data.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    first, second = read(data[:end] + data[start:end] + data[end:])
    assert first.id != second.id
    assert "FORMAT_FAILURE" in codes(second)


# ── structure ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<ds:SignedInfo", b"<ds:SignedInfo/><ds:SignedInfo"),
        (b"<ds:KeyInfo>", b"<ds:SignatureValue>AA==</ds:SignatureValue><ds:KeyInfo>"),
        (b"<ds:DigestValue>", b"<ds:DigestValue><!-- x -->"),
        (b"<ds:DigestValue>", b"<ds:DigestValue>*"),
        (b"<ds:Reference ", b"text<ds:Reference "),
        (b"</ds:Transforms>", b"<ds:Transform Algorithm='x'/>" * 6 + b"</ds:Transforms>"),
    ],
)
def test_parts_that_are_not_there_exactly_once_are_malformed(
    form: Document, signed: Signed, old: bytes, new: bytes
) -> None:
    (signature,) = changed(signed(form), (old, new))
    assert "FORMAT_FAILURE" in codes(signature)
    assert not signature.references
    assert signature.signed_octets == b""


def unsigned(
    reference: str, *, method: str = "x", key_info: str = "", objects: str = "", around: str = "{}"
) -> tuple[SignatureEvidence, ...]:
    """The signatures of a document whose signature value means nothing."""
    return read(around.format(_signature(reference, method, key_info + objects)).encode())


def _signature(reference: str, method: str = "x", rest: str = "") -> str:
    return (
        f'<ds:Signature xmlns:ds="{names.DSIG}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{names.C14N10}"/><ds:SignatureMethod Algorithm="{method}"/>{reference}'
        f"</ds:SignedInfo><ds:SignatureValue>AA==</ds:SignatureValue>{rest}</ds:Signature>"
    )


def reference(uri: str | None, *transforms: str, type_: str = "", value: bytes = b"") -> str:
    inner = "".join(t if t.startswith("<") else f'<ds:Transform Algorithm="{t}"/>' for t in transforms)
    address = f' URI="{uri}"' if uri is not None else ""
    kind = f' Type="{type_}"' if type_ else ""
    return (
        f"<ds:Reference{address}{kind}>{f'<ds:Transforms>{inner}</ds:Transforms>' if inner else ''}"
        f'<ds:DigestMethod Algorithm="{DIGEST}"/>'
        f"<ds:DigestValue>{base64.b64encode(value or b'x').decode()}</ds:DigestValue></ds:Reference>"
    )


def computed(uri: str | None, *transforms: str, document: str = "<a>{}</a>") -> bytes | None:
    (signature,) = unsigned(reference(uri, *transforms), around=document)
    return signature.references[0].computed


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@pytest.mark.parametrize(
    "uri",
    ["#x", "http://x.example/", "file:///etc/passwd", "other.xml", "#xpointer(id('y'))", "#'] | //* | //*['", None],
)
def test_what_is_elsewhere_is_not_found_and_not_fetched(uri: str | None) -> None:
    assert computed(uri) is None


@pytest.mark.parametrize("attribute", ["Id", "ID", "id", "xml:id"])
def test_ids_are_found_under_their_four_names(attribute: str) -> None:
    assert computed("#x", document=f"<a><b {attribute}='x'/>{{}}</a>") == sha(f'<b {attribute}="x"></b>'.encode())


def test_an_id_in_another_namespace_is_none() -> None:
    assert computed("#x", document="<a><b xmlns:w='urn:w' w:Id='x'/>{}</a>") is None


def test_references_leave_comments_out_and_pointers_keep_them() -> None:
    document = "<a><b Id='x'><!-- c --></b>{}</a>"
    commented = names.C14N10 + "#WithComments"
    assert computed("#x", commented, document=document) == sha(b'<b Id="x"></b>')
    assert computed("#xpointer(id('x'))", commented, document=document) == sha(b'<b Id="x"><!-- c --></b>')
    assert computed("#xpointer(id('x'))", document=document) == sha(b'<b Id="x"></b>')


def test_base64_content_is_decoded() -> None:
    assert computed("#x", names.BASE64, document="<a><b Id='x'>aGVs<!-- c --><i>bG8=</i>\n</b>{}</a>") == sha(b"hello")


def test_enveloped_signatures_leave_themselves_out() -> None:
    assert computed("", names.ENVELOPED, names.C14N10, document="<a>x{}y</a>") == sha(b"<a>xy</a>")


@pytest.mark.parametrize(
    "transform",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/2002/07/decrypt#XML",
        "",
        f'<ds:Transform Algorithm="{names.XPATH}"><ds:XPath>self::text()</ds:XPath></ds:Transform>',
        (
            f'<ds:Transform Algorithm="{names.FILTER2}"><f:XPath xmlns:f="{names.FILTER2}" Filter="union">/</f:XPath>'
            "</ds:Transform>"
        ),
    ],
)
def test_a_transform_off_the_list_is_named_never_skipped(transform: str) -> None:
    (signature,) = unsigned(reference("", transform or "<ds:Transform/>"), around="<a>{}</a>")
    assert signature.references[0].computed is None
    assert "NOT_SUPPORTED" in codes(signature)


def test_a_filter_that_subtracts_signatures_is_the_same_as_the_xpath() -> None:
    filter2 = (
        f'<ds:Transform Algorithm="{names.FILTER2}"><f:XPath xmlns:f="{names.FILTER2}" Filter="subtract">'
        "/descendant::ds:Signature</f:XPath></ds:Transform>"
    )
    assert computed("", filter2, document="<a>x{}y</a>") == sha(b"<a>xy</a>")


def test_a_transform_that_leaves_nothing_is_not_supported() -> None:
    (signature,) = unsigned(
        reference("#o", names.ENVELOPED), objects='<ds:Object Id="o">x</ds:Object>', around="<a>{}</a>"
    )
    assert signature.references[0].computed is None


def test_sixty_five_references_are_too_many() -> None:
    (signature,) = unsigned(reference("") * 65, around="<a>{}</a>")
    assert "FORMAT_FAILURE" in codes(signature)


def test_a_reference_of_type_object_to_other_content_is_not_found() -> None:
    (signature,) = unsigned(reference("#x", type_=names.OBJECT), around="<a><b Id='x'/>{}</a>")
    assert signature.references[0].computed is None


def test_an_enveloping_signature_covers_its_object() -> None:
    (signature,) = unsigned(reference("#o", type_=names.OBJECT), objects='<ds:Object Id="o">x</ds:Object>')
    assert signature.references[0].computed == sha(f'<ds:Object xmlns:ds="{names.DSIG}" Id="o">x</ds:Object>'.encode())
    assert "PARTIAL_SCOPE" not in codes(signature)


def test_an_object_that_nobody_signed_is_named() -> None:
    objects = '<ds:Object Id="o">x</ds:Object><ds:Object>pay</ds:Object>'
    (signature,) = unsigned(reference("#o"), objects=objects)
    assert "PARTIAL_SCOPE" in codes(signature)


def test_a_signature_over_a_part_says_so() -> None:
    (signature,) = unsigned(reference("#x"), around="<a><b Id='x'/>{}<c/></a>")
    assert "PARTIAL_SCOPE" in codes(signature)
    assert "SIGNATURE_MISPLACED" not in codes(signature)
    assert signature.scope == (("#x", "sha256", sha(b'<b Id="x"></b>').hex()),)


def test_detached_content_is_used_when_handed_in() -> None:
    data = unsigned_bytes(reference("dir/some%20file.bin"))
    document = Document.from_bytes(data, "signature.xml")
    assert xml.read(document).signatures[0].references[0].computed is None
    handed = xml.read(document, detached=[Document.from_bytes(b"hello", "some file.bin")])
    assert handed.signatures[0].references[0].computed == sha(b"hello")


def unsigned_bytes(inner: str) -> bytes:
    return _signature(inner).encode()


def test_the_entries_of_a_manifest_count_too() -> None:
    manifest = f'<ds:Object><ds:Manifest Id="m">{reference("#o")}{reference("gone.pdf")}</ds:Manifest></ds:Object>'
    (signature,) = unsigned(reference("#m", type_=names.MANIFEST), objects=manifest + '<ds:Object Id="o">x</ds:Object>')
    assert [r.name for r in signature.references] == ["#m", "#o", "gone.pdf"]
    assert signature.references[2].computed is None


# ── algorithms and keys ───────────────────────────────────────────────────────────────────────────────────


def test_hmac_is_refused_by_name() -> None:
    (signature,) = unsigned(
        reference(""), method="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", around="<a>{}</a>"
    )
    assert signature.algorithm not in algorithms.SIGNATURE_BY_NAME
    assert any("HMAC" in dict(o.values).get("what", "") for o in signature.observations)


def test_an_unknown_canonicalisation_signs_nothing(form: Document, signed: Signed) -> None:
    old = b'<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">'
    (signature,) = changed(signed(form), (old, b'<ds:CanonicalizationMethod Algorithm="urn:x">'))
    assert signature.signed_octets == b""
    assert "NOT_SUPPORTED" in codes(signature)


def test_a_bare_key_that_is_not_the_certificates_is_named(
    form: Document, signed: Signed, signers: dict[str, Any]
) -> None:
    from cryptography.hazmat.primitives import serialization

    def der(name: str) -> str:
        key = signers[name].key.public_key()
        return base64.b64encode(
            key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        ).decode()

    template = '<ds:KeyInfo><e:DEREncodedKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#">{}</e:DEREncodedKeyValue>'
    (good,) = changed(signed(form), (b"<ds:KeyInfo>", template.format(der("p256")).encode()))
    (bad,) = changed(signed(form), (b"<ds:KeyInfo>", template.format(der("p384")).encode()))
    assert "FORMAT_FAILURE" not in codes(good)
    assert "FORMAT_FAILURE" in codes(bad)


def test_the_certificate_whose_key_fits_is_hinted_among_several(
    form: Document, signed: Signed, signers: dict[str, Any]
) -> None:
    data = octets(signed(form))
    certificate = b"<ds:X509Certificate>" + base64.b64encode(signers["rsa"].der) + b"</ds:X509Certificate>"
    (signature,) = read(data.replace(b"<ds:X509Data>", b"<ds:X509Data>" + certificate))
    assert signature.signer_hint is not None
    assert signature.certificates[0] == signers["rsa"].der


def test_a_der_value_in_the_file_is_taken_too(form: Document, signed: Signed, holds: Callable[..., bool]) -> None:
    made = signed(form)
    (signature,) = xml.read(made).signatures
    plain = algorithms.ecdsa_to_plain(signature.value, 256)
    data = octets(made).replace(base64.b64encode(plain), base64.b64encode(signature.value))
    assert read(data)[0].value == signature.value
    assert holds(read(data)[0])


def test_an_assertion_that_is_not_canonical_base64_is_refused(
    form: Document, signed: Signed, signers: dict[str, Any]
) -> None:
    made = signed(form, assertion="e30.e30.AA")
    encoded = base64.b64encode(b"e30.e30.AA")
    (signature,) = changed(made, (encoded, encoded[:4] + b"\n" + encoded[4:]))
    assert signature.assertions == ()


# ── counter-signatures ────────────────────────────────────────────────────────────────────────────────────


def counter_signed(form: Document, signed: Signed, target: str) -> tuple[SignatureEvidence, ...]:
    data = octets(signed(form))
    name = data[data.index(b'Id="id-') + 4 : data.index(b'"', data.index(b'Id="id-') + 4)].decode()
    tree = parse.parse(data)
    element = tree.by_id(target.format(name))[0]
    value = sha(canonical(tree, NodeSet(element), METHODS[names.C14N10]))
    inner = unsigned_bytes(
        reference(f"#{target.format(name)}", names.C14N10, type_=names.COUNTERSIGNED, value=value)
    ).decode()
    wrapped = (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CounterSignature>"
        f"{inner}</xades:CounterSignature></xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>"
    )
    return read(data.replace(b"</xades:QualifyingProperties>", wrapped.encode()))


def test_a_counter_signature_names_the_signature_that_it_signs(form: Document, signed: Signed) -> None:
    outer, inner = counter_signed(form, signed, "{}-value")
    assert inner.counter_signature_of == outer.id
    assert codes(outer) == set()
    assert matches(inner)
    assert "FORMAT_FAILURE" not in codes(inner)


def test_a_counter_signature_over_something_else_is_malformed(form: Document, signed: Signed) -> None:
    _, inner = counter_signed(form, signed, "{}-properties")
    assert "FORMAT_FAILURE" in codes(inner)


# ── shapes met in practice ────────────────────────────────────────────────────────────────────────────────


def test_an_unprefixed_signature_with_inclusive_c14n_inside_a_default_namespace_matches() -> None:
    """Tax and invoice files: no prefix, inclusive C14N, a reference by ID, the signature elsewhere in the tree."""
    data = '<notice xmlns="urn:example:tax"><data Id="data"><a><b>1</b></a></data><signers>{}</signers></notice>'
    tree = parse.parse(data.format("").encode())
    element = tree.by_id("data")[0]
    value = sha(canonical(tree, NodeSet(element), METHODS[names.C14N10]))
    (signature,) = unsigned(reference("#data", value=value), around=data)
    assert matches(signature)
    assert codes(signature) == {"PARTIAL_SCOPE"}


def test_the_content_digest_is_the_same_for_both_readers(form: Document, signed: Signed) -> None:
    made = signed(signed(form))
    assert {s.content.sha256 for s in xml.read(made).signatures if s.content} == {content_digest(made)}


def test_what_is_not_xml_is_refused() -> None:
    with pytest.raises(DocumentError):
        xml.read(Document.from_bytes(b"%PDF-1.7", "a.pdf"))
