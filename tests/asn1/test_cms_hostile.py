"""Mutated CMS objects and tokens: an error of ours or a value, never anything else, and never a forged pass."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eidkit import algorithms
from eidkit.asn1 import attributes, cms, der, tsp
from eidkit.clock import FixedClock
from eidkit.commitments import PROOF_OF_APPROVAL
from eidkit.errors import EidkitError
from eidkit.sandbox import Sandbox
from eidkit.timestamps.token import check_token, signer_of

NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)
SANDBOX = Sandbox.create(clock=FixedClock(NOON))
IMPRINT = hashlib.sha256(b"octets").digest()
TOKEN = SANDBOX.timestamp_maker.token(tsp.TimestampRequest("sha256", IMPRINT, nonce=5), NOON)
MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _cms() -> bytes:
    key = SANDBOX.official("Nguyễn Thị Lan", "000190000022")
    to_sign = cms.signed_attributes(
        message_digest=IMPRINT,
        certificate=key.certificate_der,
        claimed_roles=["Trưởng phòng"],
        assertion="a.b.c",
        commitment=PROOF_OF_APPROVAL.oid,
    )
    algorithm = algorithms.SIGNATURE_BY_NAME["ecdsa-sha256"]
    signed = cms.signed_data(
        certificate=key.certificate_der,
        digest="sha256",
        algorithm=algorithm,
        signed_attributes=to_sign,
        signature=key.sign(to_sign, algorithm),
    )
    return cms.with_timestamp(signed, TOKEN)


CMS = _cms()


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """``original`` with a few bytes changed, cut out, doubled or put in."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        position = draw(st.integers(0, len(data) - 1))
        kind = draw(st.sampled_from(["set", "cut", "double", "insert", "truncate"]))
        size = draw(st.integers(1, 40))
        if kind == "set":
            data[position] = draw(st.integers(0, 255))
        elif kind == "cut":
            del data[position : position + size]
        elif kind == "double":
            data[position:position] = data[position : position + size]
        elif kind == "insert":
            data[position:position] = draw(st.binary(min_size=1, max_size=8))
        else:
            del data[position:]
    return bytes(data)


@st.composite
def restructured(draw: st.DrawFn, original: bytes) -> bytes:
    """``original`` with values taken out, emptied, doubled or given another tag; all lengths stay right."""
    chosen = draw(st.lists(st.integers(0, 250), min_size=1, max_size=3))
    kinds = [draw(st.sampled_from(["drop", "empty", "double", "tag", "swap"])) for _ in chosen]
    tag = draw(st.sampled_from([0x02, 0x04, 0x05, 0x06, 0x30, 0x31, 0x80, 0xA0, 0xA1, 0xA2]))
    plan = dict(zip(chosen, kinds, strict=True))
    counter = iter(range(10_000))

    def again(node: der.Node) -> bytes:
        kind = plan.get(next(counter))
        if kind == "drop":
            return b""
        content = node.content
        if node.tag & der.CONSTRUCTED:
            children = [again(child) for child in node.children()]
            content = b"".join(children[::-1] if kind == "swap" else children)
        found = der.tlv(tag if kind == "tag" else node.tag, b"" if kind == "empty" else content)
        return found * 2 if kind == "double" else found

    return again(der.whole(original)) or b"\x30\x00"


def either(original: bytes) -> st.SearchStrategy[bytes]:
    return st.one_of(mutated(original), restructured(original))


def read_everything(data: bytes) -> None:
    """All that a reader asks of a CMS object."""
    signed = cms.parse(data)
    for signer in signed.signers:
        _ = signer.message_digest, signer.sorted_octets
        for reader in (
            attributes.certificate_ids,
            attributes.further_certificate_ids,
            attributes.commitments,
            attributes.claimed_roles,
            attributes.assertions,
            attributes.claimed_time,
        ):
            reader(signer.signed_attributes)


@MANY
@given(either(CMS))
def test_a_mutated_signature_is_read_or_refused(data: bytes) -> None:
    with suppress(EidkitError):
        read_everything(data)


@MANY
@given(st.binary(max_size=200))
def test_junk_is_refused(data: bytes) -> None:
    with pytest.raises(EidkitError):
        cms.parse(data)


@MANY
@given(either(TOKEN))
def test_a_mutated_token_never_passes(data: bytes) -> None:
    result = check_token(
        data,
        imprints={"sha256": IMPRINT},
        anchors=SANDBOX.trust.of_kind("timestamping"),
        at=NOON,
        require_status=False,
    )
    if result.indication == "PASSED":
        # Only what no signature covers may differ: the bag, the spelling of the container, the order of a set.
        original = cms.parse(TOKEN)
        found = cms.parse(data)
        assert found.e_content == original.e_content
        assert found.signers[0].sorted_octets == original.signers[0].sorted_octets


@MANY
@given(either(TOKEN))
def test_the_signer_of_a_mutated_token_is_found_or_refused(data: bytes) -> None:
    with suppress(EidkitError):
        signer_of(data)


@MANY
@given(either(tsp.encode_response(TOKEN)))
def test_a_mutated_response_is_read_or_refused(data: bytes) -> None:
    with suppress(EidkitError):
        tsp.parse_response(data)


@MANY
@given(either(tsp.encode_request(tsp.TimestampRequest("sha256", IMPRINT, nonce=5, policy="1.2.3"))))
def test_a_mutated_request_is_read_or_refused(data: bytes) -> None:
    with suppress(EidkitError):
        tsp.parse_request(data)


@MANY
@given(either(CMS))
def test_adding_a_timestamp_to_a_mutated_signature_is_done_or_refused(data: bytes) -> None:
    with suppress(EidkitError):
        cms.with_timestamp(data, TOKEN)


def test_a_huge_number_of_attributes_is_refused() -> None:
    many = b"".join(attributes.attribute(f"1.2.{i}", der.encode_integer(i)) for i in range(cms.MAX_ATTRIBUTES + 1))
    with pytest.raises(EidkitError):
        attributes.parse_set(der.read(der.tlv(der.SET, many)), cms.MAX_ATTRIBUTES)
