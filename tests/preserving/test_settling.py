"""What is stored where no single answer settles a status: lists with their deltas, lists by another key."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.asn1 import crl as lists
from eidkit.errors import SigningError
from eidkit.sandbox.keys import generate
from eidkit.trust.sources import Sources
from tests.preserving.world import World, verdict
from tests.trust.making import usage

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from eidkit.document import Document

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PASSED = ("TOTAL-PASSED", None)


def _list(world: World, number: int, age: timedelta, life: timedelta, **more: object) -> bytes:
    """A list of the authority that certified Lan: ``delta_of`` another one, or signed by another ``key``."""
    authority, made = world.sandbox.authorities["official"], world.clock.now() - age
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(made)
        .next_update(made + life)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    if "delta_of" in more:
        builder = builder.add_extension(x509.DeltaCRLIndicator(more["delta_of"]), critical=True)
    return builder.sign(more.get("key", authority.key), hashes.SHA256()).public_bytes(Encoding.DER)


def _others(world: World) -> tuple[bytes, ...]:
    """The lists of every other authority."""
    own = world.sandbox.authorities["official"].certificate.subject.public_bytes()
    return tuple(one for one in world.sandbox.crls() if lists.parse(one).issuer != own)


def _new_key(world: World) -> tuple[EllipticCurvePrivateKey, bytes]:
    """A second key of the authority that certified Lan, for lists alone, and its certificate."""
    key, root = generate("p256"), world.sandbox.authorities["root"]
    builder = (
        x509.CertificateBuilder()
        .subject_name(world.sandbox.authorities["official"].certificate.subject)
        .issuer_name(root.certificate.subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(world.clock.now() - DAY)
        .not_valid_after(world.clock.now() + 3650 * DAY)
        .public_key(key.public_key())
        .add_extension(usage("crl_sign"), critical=True)
    )
    return key, builder.sign(root.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _later(world: World, document: Document) -> tuple[str, str | None]:
    """The verdict when Lan's certificate has ended, with an answer about the timestamp authority alone."""
    world.pass_years(4)
    authority = world.sandbox.authorities["time-root"]
    return verdict(world.report(document, sources=Sources.of(crls=(authority.crl(world.clock.now()),))))


def _stored(world: World, document: Document) -> set[bytes]:
    return set(world.report(document, offline=True).context.evidence.crls)


@pytest.fixture
def signed(world: World) -> Document:
    document = world.signed()
    world.clock.advance(HOUR)
    return document


def test_a_list_that_ended_is_stored_with_the_delta_that_brings_it_up_to_date(world: World, signed: Document) -> None:
    full, delta = _list(world, 5, 9 * DAY, DAY), _list(world, 6, timedelta(0), DAY, delta_of=5)
    older = _list(world, 4, 20 * DAY, DAY)
    kept = world.preserved(signed, sources=Sources.of(crls=(older, full, delta, *_others(world))))
    assert {full, delta} <= _stored(world, kept)
    assert older not in _stored(world, kept)
    assert _later(world, kept) == PASSED


def test_a_recent_delta_is_preferred_to_an_old_list_alone(world: World, signed: Document) -> None:
    full, delta = _list(world, 5, DAY, 9 * DAY), _list(world, 6, timedelta(0), DAY, delta_of=5)
    kept = world.preserved(signed, sources=Sources.of(crls=(full, delta, *_others(world))))
    assert {full, delta} <= _stored(world, kept)


def test_a_list_by_another_key_is_stored_with_the_certificate_of_that_key(world: World, signed: Document) -> None:
    key, certificate = _new_key(world)
    renewed = _list(world, 5, timedelta(0), DAY, key=key)
    kept = world.preserved(signed, sources=Sources.of((certificate,), (renewed, *_others(world))))
    assert renewed in _stored(world, kept)
    assert certificate in world.report(kept, offline=True).context.evidence.certificates
    assert _later(world, kept) == PASSED


def test_a_list_by_a_key_that_nobody_certified_settles_nothing(world: World, signed: Document) -> None:
    forged = _list(world, 5, timedelta(0), DAY, key=generate("p256"))
    with pytest.raises(SigningError, match="revocation data is missing"):
        world.preserved(signed, sources=Sources.of(crls=(forged, *_others(world))))
