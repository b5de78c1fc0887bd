"""Timestamps of XAdES of every kind, and counter-signatures: what each proves, and what it does not."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest

from eidkit import algorithms
from eidkit.asn1.certificate import of
from eidkit.document import Document
from eidkit.sandbox.documents import form_xml
from eidkit.signing.formats import xml as writing
from eidkit.timestamps.authority import token_over
from eidkit.verify import collect
from eidkit.xml import names, parse, references, stamps, templates
from eidkit.xml import signature as reading
from eidkit.xml.canonical import EXCLUSIVELY
from tests.preserving.world import World, codes, verdict

_DSIG = f'xmlns:ds="{names.DSIG}"'
_NAMESPACES = {"xades": names.XADES132, "xadesv141": names.XADES141}


def _stamped(world: World, name: str, covered: bytes, inside: str = "") -> Document:
    """Signed without a timestamp, and then with a property of that name, whose token is over ``covered``."""
    signed = world.signed(Document.from_bytes(form_xml(), "form.xml"), stamped=False)
    tree = parse.load(signed)
    value = stamps.canonical_value(reading.read(tree.signatures[0]), EXCLUSIVELY, references.Resolver(tree))
    imprint = hashlib.sha256(covered.replace(b"VALUE", value)).digest()
    token = token_over(world.tsa, imprint, "sha256", transport=world.sandbox, clock=world.clock)
    prefix, method = name.partition(":")[0], f'<ds:CanonicalizationMethod {_DSIG} Algorithm="{names.EXCLUSIVE}"/>'
    property_ = (
        f'<{name} xmlns:{prefix}="{_NAMESPACES[prefix]}" xmlns:xades="{names.XADES132}">{inside}{method}'
        f"<xades:EncapsulatedTimeStamp>{b64encode(token).decode()}</xades:EncapsulatedTimeStamp></{name}>"
    )
    if prefix == "xades":
        property_ = property_.replace(f' xmlns:xades="{names.XADES132}"', "", 1)
    qualifying = next(tree.root.iter(names.xades("QualifyingProperties")))
    return writing.with_unsigned(signed, tree, {qualifying: property_})


@pytest.mark.parametrize("name", ["xades:SigAndRefsTimeStamp", "xadesv141:SigAndRefsTimeStampV2"])
def test_a_timestamp_over_value_and_references_proves_the_time(world: World, name: str) -> None:
    (conclusion,) = world.report(_stamped(world, name, b"VALUE")).conclusions
    assert [(t.kind, t.indication) for t in conclusion.timestamps] == [("archive", "PASSED")]
    assert conclusion.time_proved


@pytest.mark.parametrize("name", ["xades:RefsOnlyTimeStamp", "xadesv141:RefsOnlyTimeStampV2"])
def test_a_timestamp_over_references_alone_proves_no_time(world: World, name: str) -> None:
    """It may be older than the signature: nothing of the signature is in it."""
    (conclusion,) = world.report(_stamped(world, name, b"")).conclusions
    assert [(t.kind, t.indication) for t in conclusion.timestamps] == [("references", "PASSED")]
    assert conclusion.timestamps[0].evidence.covers == ()
    assert not conclusion.time_proved


@pytest.mark.parametrize("name", ["xades:SigAndRefsTimeStamp", "xadesv141:ArchiveTimeStamp", "xades:ArchiveTimeStamp"])
def test_a_wrong_imprint_fails(world: World, name: str) -> None:
    (conclusion,) = world.report(_stamped(world, name, b"something else")).conclusions
    assert not conclusion.timestamps[0].intact
    assert not conclusion.time_proved
    assert "TIMESTAMP_INVALID" in codes(world.report(_stamped(world, name, b"something else")))


def test_one_that_says_itself_what_it_covers_is_named_and_not_judged(world: World) -> None:
    include = '<xades:Include URI="#x"/>'
    (conclusion,) = world.report(_stamped(world, "xadesv141:ArchiveTimeStamp", b"VALUE", include)).conclusions
    assert conclusion.timestamps == ()
    assert "TIMESTAMP_NOT_JUDGED" in {found.code for found in conclusion.findings}


def test_an_archive_timestamp_of_1_3_2_is_no_baseline(world: World) -> None:
    (signature,) = collect(_stamped(world, "xades:ArchiveTimeStamp", b"VALUE")).signatures
    assert signature.level == "XAdES-BES"


# ── counter-signatures ────────────────────────────────────────────────────────────────────────────────────


def _counter_signed(world: World, signed: Document) -> Document:
    """With a counter-signature of a second person, time-stamped, among the unsigned properties of the first."""
    key = world.sandbox.official("Trần Văn Bình", "001199000052")
    tree = parse.load(signed)
    parts = reading.read(tree.signatures[0])
    value = stamps.canonical_value(parts, EXCLUSIVELY, references.Resolver(tree))
    uri = algorithms.DIGEST_BY_NAME["sha256"].uri or ""
    digest, serial = writing._named(key.certificate_der, "sha256")
    said = templates.Statements(world.clock.now(), uri, digest, serial, (), None, None)
    properties = templates.signed_properties("counter", said)
    info = templates.signed_info(
        "counter", algorithms.SIGNATURE_BY_NAME["ecdsa-sha256"].uri or "", uri, hashlib.sha256(value).digest(),
        hashlib.sha256(properties.encode()).digest(),
    )  # fmt: skip
    begin, end = info.index("<ds:Transforms>"), info.index("</ds:Transforms>")
    transform = f'<ds:Transform Algorithm="{names.EXCLUSIVE}"></ds:Transform>'
    info = info[:begin] + "<ds:Transforms>" + transform + info[end:]
    info = info.replace('URI=""', f'Type="{names.COUNTERSIGNED}" URI="#{parts.id}-value"')
    made = algorithms.ecdsa_to_plain(key.sign(info.encode(), algorithms.SIGNATURE_BY_NAME["ecdsa-sha256"]), 256)
    chain = (key.certificate_der, *(of(one).der for one in key.chain))
    before, between, after = templates.signature("counter", info, templates.key_info(chain), properties)
    imprint = hashlib.sha256(templates.signature_value("counter", made).encode()).digest()
    token = token_over(world.tsa, imprint, "sha256", transport=world.sandbox, clock=world.clock)
    stamp = templates.unsigned_properties(templates.unsigned_signature_properties(templates.signature_timestamp(token)))
    inner = f"{before}{templates.base64(made)}{between}{stamp}{after}"
    text = f'<xades:CounterSignature xmlns:xades="{names.XADES132}">{inner}</xades:CounterSignature>'
    qualifying = next(tree.root.iter(names.xades("QualifyingProperties")))
    return writing.with_unsigned(signed, tree, {qualifying: text})


def test_a_counter_signature_is_kept_by_the_signature_that_it_stands_in(world: World) -> None:
    form = _counter_signed(world, world.signed(Document.from_bytes(form_xml(), "form.xml")))
    assert [c.indication for c in world.report(form).conclusions] == ["TOTAL-PASSED"] * 2
    world.new_tsa(10)
    kept = world.preserved(form, stamped=True)
    outer, inner = collect(kept).signatures
    assert inner.counter_signature_of == outer.id
    assert inner.id in outer.timestamps[-1].covers
    assert world.report(kept, offline=True).verdict == "TOTAL-PASSED"
    world.pass_years(9)
    world.new_tsa(10)
    renewed = world.preserved(kept, stamped=True)
    world.pass_years(8)
    assert [c.indication for c in world.report(renewed).conclusions] == ["TOTAL-PASSED"] * 2
    assert {c.best_signature_time.year for c in world.report(renewed).conclusions} == {2026}
    assert verdict(world.report(kept))[0] == "INDETERMINATE"


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_content_beside_a_cms_that_is_called_like_a_signature_is_not_taken_for_one(world: World) -> None:
    """Otherwise the first signature's archive timestamp would prove when the second was made."""
    content = Document.from_bytes(b"two floors", "signature-2")
    one = world.signed(content, format="cms")
    kept = world.preserved(one, stamped=True, detached=content)
    first, second = collect(
        world.signed(kept, key=world.sandbox.official("Lê Chi", "001199000053"), detached=content, stamped=False),
        detached=content,
    ).signatures
    assert first.timestamps[-1].kind == "archive"
    assert second.id == "signature-2"
    assert second.id not in first.timestamps[-1].covers
