"""What is written: byte-exact, canonical already, co-signed, time-stamped."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from eidkit.asn1.attributes import ASSERTION_OID
from eidkit.document import Document
from eidkit.errors import DocumentError, SigningError
from eidkit.signing.formats import xml as writing
from eidkit.verify.formats import xml
from eidkit.xml import content_digest, names, parse
from eidkit.xml.canonical import EXCLUSIVELY, NodeSet, canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    Signed = Callable[..., Document]


def octets(document: Document) -> bytes:
    return document.read_range(0, document.length)


def test_not_one_byte_outside_the_signature_changes(form: Document, signed: Signed) -> None:
    made = octets(signed(form))
    start, end = made.index(b"<ds:Signature "), made.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert made[:start] + made[end:] == octets(form)
    assert made[end:].startswith(b"</form>\n<!--")


def test_a_byte_order_mark_stays(signed: Signed, holds: Callable[..., bool]) -> None:
    document = Document.from_bytes(b"\xef\xbb\xbf<a>x</a>", "a.xml")
    made = signed(document)
    assert octets(made).startswith(b"\xef\xbb\xbf<a>x<ds:Signature")
    assert holds(xml.read(made).signatures[0])


@pytest.mark.parametrize(
    ("name", "pss", "algorithm"),
    [
        ("p256", False, "ecdsa-sha256"),
        ("p384", False, "ecdsa-sha384"),
        ("p521", False, "ecdsa-sha512"),
        ("rsa", False, "rsa-pkcs1-sha256"),
        ("rsa", True, "rsa-pss-sha256"),
        ("ed25519", False, "ed25519"),
    ],
)
def test_every_key_makes_a_signature_that_verifies(
    form: Document, signed: Signed, holds: Callable[..., bool], name: str, pss: bool, algorithm: str
) -> None:
    (signature,) = xml.read(signed(form, name, pss=pss)).signatures
    assert signature.algorithm == algorithm
    assert signature.level == "XAdES-B-B"
    assert signature.observations == ()
    assert holds(signature)


def test_what_is_signed_is_the_content_digest(form: Document, signed: Signed) -> None:
    (signature,) = xml.read(signed(form)).signatures
    assert signature.content is not None
    assert signature.content.sha256 == content_digest(form) == content_digest(signed(form))
    assert signature.scope == (("form.xml", "sha256", content_digest(form)),)


def test_the_content_digest_is_sha_256_whatever_the_signature_uses(form: Document, signed: Signed) -> None:
    (signature,) = xml.read(signed(form, "p384")).signatures
    assert signature.references[0].algorithm == "sha384"
    assert signature.content is not None
    assert signature.content.sha256 == content_digest(form)


def test_co_signers_sign_the_same_content_and_break_nothing(
    form: Document, signed: Signed, holds: Callable[..., bool]
) -> None:
    made = form
    for name in ("p256", "rsa", "ed25519"):
        made = signed(made, name, token=b"0\x03\x02\x01\x01" if name == "rsa" else None)
    signatures = xml.read(made).signatures
    assert [s.level for s in signatures] == ["XAdES-B-B", "XAdES-B-T", "XAdES-B-B"]
    assert all(holds(s) and not s.observations for s in signatures)
    assert {s.content.sha256 for s in signatures if s.content} == {content_digest(form)}
    assert len({s.id for s in signatures}) == 3


def test_what_was_hashed_is_the_canonical_form(form: Document, signed: Signed) -> None:
    tree = parse.load(signed(form, claimed_roles=("a <&> b",), assertion="e30.e30.AA", commitment="1.2.3"))
    for path in ("SignedInfo", "SignatureValue"):
        element = tree.signatures[0].find(names.ds(path))
        assert element is not None
        assert canonical(tree, NodeSet(element), EXCLUSIVELY) in tree.data
    properties = tree.signatures[0].find(f".//{names.xades('SignedProperties')}")
    assert properties is not None
    assert canonical(tree, NodeSet(properties), EXCLUSIVELY) in tree.data


def test_roles_assertion_commitment_and_time_come_back(form: Document, signed: Signed) -> None:
    roles = ('Trưởng phòng <&> "một"\r', "clerk")
    made = signed(form, claimed_roles=roles, assertion="eyJhIjoxfQ.e30.c2ln", commitment="1.2.840.113549.1.9.16.6.5")
    (signature,) = xml.read(made).signatures
    assert signature.claimed_roles == tuple(role.strip() for role in roles)
    assert signature.assertions == ("eyJhIjoxfQ.e30.c2ln",)
    assert signature.commitments == ("1.2.840.113549.1.9.16.6.5",)
    assert str(signature.signing_time) == "2026-03-02 09:14:05+00:00"
    assert b"#ProofOfApproval" in octets(made)


def test_an_unknown_commitment_is_written_as_a_urn(form: Document, signed: Signed) -> None:
    made = signed(form, commitment="2.999.1")
    assert b'<xades:Identifier Qualifier="OIDAsURN">urn:oid:2.999.1</xades:Identifier>' in octets(made)
    assert xml.read(made).signatures[0].commitments == ("2.999.1",)


def test_the_carrier_of_the_assertion_has_the_number_that_cms_uses() -> None:
    import uuid

    number = int(ASSERTION_OID.split(".")[2])
    assert uuid.UUID(int=number).urn == names.APPROVAL


def test_a_role_that_xml_cannot_hold_is_refused(form: Document, signed: Signed) -> None:
    with pytest.raises(SigningError) as caught:
        signed(form, claimed_roles=("a\x07b",))
    assert caught.value.code == "xml-illegal-character"


def test_the_chain_is_embedded_leaf_first(form: Document, signed: Signed, signers: dict[str, Any]) -> None:
    made = signed(form, chain=(signers["rsa"].der,))
    assert xml.read(made).signatures[0].certificates == (signers["p256"].der, signers["rsa"].der)


def test_the_certificate_is_named_by_digest_and_issuer_and_serial(
    form: Document, signed: Signed, signers: dict[str, Any]
) -> None:
    import hashlib

    (reference,) = xml.read(signed(form)).signatures[0].certificate_references
    assert reference.digest == hashlib.sha256(signers["p256"].der).digest()
    assert reference.issuer_serial is not None
    assert reference.issuer_serial.endswith(b"\x02\x06\x00\x80\xab\xcd\xef\x12")


# ── timestamps ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_signature_timestamp_covers_the_canonical_signature_value(
    form: Document, signers: dict[str, Any], request_for: Callable[..., Any]
) -> None:
    import hashlib

    request = request_for("p256")
    prepared = writing.prepare(form, request)
    value = signers["p256"].value(prepared.to_sign, request.algorithm)
    covered = writing.timestamp_octets(prepared, request, value)
    made = form.spliced(prepared.offset, writing.finish(prepared, request, value, b"0\x03\x02\x01\x07"))
    (stamp,) = xml.read(made).signatures[0].timestamps
    assert dict(stamp.imprints)["sha256"] == hashlib.sha256(covered).digest()
    assert (stamp.kind, stamp.token) == ("signature", b"0\x03\x02\x01\x07")


def test_a_timestamp_is_added_later_to_the_last_signature_without_one(
    form: Document, signed: Signed, holds: Callable[..., bool]
) -> None:
    made = signed(signed(form), "rsa", token=b"0\x00")
    covered: list[bytes] = []

    def token_for(octets_: bytes) -> bytes:
        covered.append(octets_)
        return b"0\x03\x02\x01\x05"

    stamped = writing.add_timestamp(made, token_for)
    first, second = xml.read(stamped).signatures
    assert first.level == second.level == "XAdES-B-T"
    assert first.timestamps[0].token == b"0\x03\x02\x01\x05"
    assert holds(first)
    assert holds(second)
    assert covered[0].startswith(b"<ds:SignatureValue ")
    with pytest.raises(SigningError) as caught:
        writing.add_timestamp(stamped, token_for)
    assert caught.value.code == "xml-nothing-to-timestamp"


def test_a_late_timestamp_equals_an_immediate_one(form: Document, signed: Signed) -> None:
    late = octets(writing.add_timestamp(signed(form), lambda _: b"0\x00"))
    assert re.sub(rb"id-[0-9a-f]{32}|[A-Za-z0-9+/=]{60,}", b"", late).count(b"SignatureTimeStamp") == 2
    assert late.endswith(octets(form)[-40:])


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────

_FOREIGN = (
    f'<Signature xmlns="{names.DSIG}"><SignedInfo><CanonicalizationMethod Algorithm="{names.C14N10}"/>'
    '<SignatureMethod Algorithm="x"/><Reference URI="{uri}"><Transforms>'
    f'<Transform Algorithm="{names.ENVELOPED}"/></Transforms>'
    '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>AA==</DigestValue></Reference>'
    "</SignedInfo><SignatureValue>AA==</SignatureValue></Signature>"
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("<a/>", "xml-empty-root"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><a></a>', "xml-not-utf8"),
        (f"<a>{_FOREIGN.format(uri='')}</a>", "xml-earlier-signature-breaks"),
        (f"<a Id='r'>{_FOREIGN.format(uri='#r')}</a>", "xml-earlier-signature-breaks"),
        (f"<a><b>{_FOREIGN.format(uri='#x')}</b></a>", "xml-signature-elsewhere"),
        (f"<a>{_FOREIGN.format(uri='#x')}<b/></a>", "xml-signature-elsewhere"),
        (_FOREIGN.format(uri="#x"), "xml-only-a-signature"),
    ],
)
def test_what_could_not_be_verified_afterwards_is_not_signed(signed: Signed, data: str, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        signed(Document.from_bytes(data.encode(), "a.xml"))
    assert caught.value.code == code


def test_beside_a_foreign_signature_over_a_part_it_signs(signed: Signed, holds: Callable[..., bool]) -> None:
    data = f"<a><b Id='x'/>{_FOREIGN.format(uri='#x')}</a>"
    _, ours = xml.read(signed(Document.from_bytes(data.encode(), "a.xml"))).signatures
    assert holds(ours)


def test_preparing_gives_json_able_state(form: Document, request_for: Callable[..., Any]) -> None:
    prepared = writing.prepare(form, request_for("p256"))
    assert {type(value) for value in prepared.state.values()} <= {str, int}
    assert prepared.to_sign in prepared.insertion


def test_values_in_the_file_are_r_and_s(form: Document, signed: Signed) -> None:
    found = re.search(rb"<ds:SignatureValue[^>]*>([^<]+)<", octets(signed(form, "p521")))
    assert found is not None
    assert len(b64decode(found[1])) == 132
