"""Readers of hostile bytes raise only our errors, and whatever they read stays judged within its bounds."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eidkit.asn1 import algorithm, certificate, crl, curves, der, extension, name, ocsp, pem
from eidkit.errors import EidkitError
from eidkit.trust.path import find_path
from eidkit.trust.revocation import status_of
from eidkit.trust.store import Anchor
from eidkit.trust.subject import subject_of
from tests.trust.making import NOW, Party, self_signed

if TYPE_CHECKING:
    from collections.abc import Callable

AT = NOW
quick = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def root() -> Party:
    return self_signed("Root")


@cache
def seeds() -> dict[str, bytes]:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    urls = [x509.DistributionPoint([x509.UniformResourceIdentifier("http://a.example/c")], None, None, None)]
    person = root().issue(
        "Person",
        (x509.CRLDistributionPoints(urls), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectKeyIdentifier.from_public_key(root().key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(root().key.public_key()), False),
    )
    root().revoke(person)
    point = x509.IssuingDistributionPoint(urls[0].full_name, None, False, False, None, False, False)
    return {
        "certificate": person.der,
        "crl": root().crl((point, True), (x509.CRLNumber(3), False)),
        "ocsp": root().ocsp(person, responder=root().responder(), status="revoked"),
    }


@st.composite
def mutated(draw: st.DrawFn, seed: str) -> bytes:
    """The seed with some octets changed, cut or doubled."""
    data = bytearray(seeds()[seed])
    for _ in range(draw(st.integers(1, 4))):
        position = draw(st.integers(0, len(data) - 1))
        how = draw(st.sampled_from(("set", "cut", "double", "insert")))
        if how == "set":
            data[position] = draw(st.integers(0, 255))
        elif how == "cut":
            del data[position : position + draw(st.integers(1, 8))]
        elif how == "double":
            data[position:position] = data[position : position + draw(st.integers(1, 64))]
        else:
            data[position:position] = draw(st.binary(min_size=1, max_size=4))
        if not data:
            data = bytearray(b"\x30")
    return bytes(data)


def read_certificate(data: bytes) -> None:
    parsed = certificate.parse(data)
    assert parsed.subject_text is not None
    subject_of(parsed)
    for read in (
        parsed.public_key,
        lambda: parsed.basic_constraints,
        lambda: parsed.key_usage,
        lambda: parsed.ocsp_urls,
        lambda: parsed.extended_key_usage,
        lambda: parsed.crl_distribution_points,
        lambda: parsed.self_issued,
        lambda: parsed.authority_key_identifier,
        lambda: parsed.subject_key_identifier,
        lambda: parsed.ca_issuer_urls,
    ):
        with suppress(EidkitError):
            read()
    result = find_path(parsed, pool=[parsed], anchors=[Anchor(root().parsed, "signing")], at=AT, purpose="signing")
    assert not result.ok or data == seeds()["certificate"]
    status_of(parsed, root().parsed, crls=[seeds()["crl"]], ocsps=[seeds()["ocsp"]], at=AT, now=AT)


def read_crl(data: bytes) -> None:
    parsed = crl.parse(data)
    for read in (lambda: parsed.scope, lambda: parsed.expired_kept_since, lambda: parsed.find(b"\x05" * 8)):
        with suppress(EidkitError):
            read()


def read_ocsp(data: bytes) -> None:
    parsed = ocsp.parse(data)
    for single in parsed.singles:
        with suppress(EidkitError):
            assert single.archive_cutoff is None or single.archive_cutoff.tzinfo


READERS: dict[str, Callable[[bytes], None]] = {"certificate": read_certificate, "crl": read_crl, "ocsp": read_ocsp}


@pytest.mark.parametrize("kind", READERS)
def test_a_mutated_object_raises_only_our_errors(kind: str) -> None:
    @quick
    @given(mutated(kind))
    def holds(data: bytes) -> None:
        with suppress(EidkitError):
            READERS[kind](data)

    holds()


@pytest.mark.parametrize("kind", READERS)
def test_arbitrary_octets_raise_only_our_errors(kind: str) -> None:
    @quick
    @given(st.binary(max_size=200))
    def holds(data: bytes) -> None:
        for framed in (data, der.tlv(der.SEQUENCE, data), der.sequence(der.sequence(data), der.sequence(data))):
            with suppress(EidkitError):
                READERS[kind](framed)

    holds()


@quick
@given(mutated("crl"), mutated("ocsp"))
def test_a_mutated_answer_never_says_good(first: bytes, second: bytes) -> None:
    person = certificate.parse(seeds()["certificate"])
    status = status_of(person, root().parsed, crls=[first], ocsps=[second], at=AT, now=AT)
    assert status.state != "good"


@quick
@given(st.binary(max_size=120))
def test_small_readers_raise_only_our_errors(data: bytes) -> None:
    readers: tuple[Callable[[bytes], object], ...] = (
        name.text,
        name.attributes,
        lambda octets: name.same(octets, b"\x30\x00"),
        certificate.load,
        pem.blocks,
        extension.distribution_points,
        extension.basic_constraints,
        extension.key_purposes,
        extension.key_identifier,
        lambda octets: extension.access_urls(octets, extension.ACCESS_OCSP),
        curves.named_curve,
        lambda octets: algorithm.signature_algorithm(algorithm.parse(der.whole(octets))),
        lambda octets: algorithm.signature_algorithm(algorithm.AlgorithmIdentifier("1.2.840.113549.1.1.10", octets)),
    )
    for octets in (data, der.tlv(der.SEQUENCE, data), der.sequence(der.sequence(data))):
        for read in readers:
            with suppress(EidkitError):
                read(octets)
