"""What a signature says of its path beside naming its own certificate (EN 319 102-1 §5.2.8.4.2.1)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.asn1 import attributes, der
from eidkit.errors import Text
from eidkit.policy import Clause, Policy
from eidkit.trust.store import TrustStore
from eidkit.verify import collect, complete, judge
from eidkit.verify.evidence import CertificateReference, Evidence
from tests.preserving.world import LASTING, World, verdict

if TYPE_CHECKING:
    from eidkit.sandbox.authority import Authority
    from eidkit.verify import Report

_DEMAND = Text("the certificate is named", "có nêu chứng thư")
OUTSIDE = ("INDETERMINATE", "SIG_CONSTRAINTS_FAILURE")


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def evidence(world: World) -> Evidence:
    return complete(collect(world.signed()), world.trust, world.sandbox.sources, transport=world.sandbox)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _judged(
    world: World,
    evidence: Evidence,
    *named: bytes,
    trust: TrustStore | None = None,
    digest: str = "sha256",
    policy: Policy = LASTING,
) -> Report:
    """The report when the signature names these certificates too."""
    (signature,) = evidence.signatures
    more = tuple(CertificateReference(digest, hashlib.new(digest, one).digest()) for one in named)
    signature = replace(signature, certificate_references=(*signature.certificate_references, *more))
    changed = replace(evidence, signatures=(signature,))
    return judge(changed, trust or world.trust, policy, at=world.clock.now())


def _anew(world: World, issuer: Authority, by: Authority) -> bytes:
    """Another certificate for the key and name of ``issuer``."""
    now, old = world.clock.now(), issuer.certificate
    builder = (
        x509.CertificateBuilder(extensions=list(old.extensions))
        .subject_name(old.subject)
        .issuer_name(by.certificate.subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .public_key(old.public_key())
    )
    return _der(builder.sign(by.key, hashes.SHA256()))


def test_references_to_the_certificates_of_the_path_are_fine(world: World, evidence: Evidence) -> None:
    path = [_der(world.sandbox.authorities[slug].certificate) for slug in ("official", "root")]
    assert verdict(_judged(world, evidence, *path)) == ("TOTAL-PASSED", None)
    assert verdict(_judged(world, evidence, *path, digest="sha512")) == ("TOTAL-PASSED", None)


def test_a_reference_to_another_certificate_leaves_it_open(world: World, evidence: Evidence) -> None:
    other = _der(world.sandbox.authorities["time-root"].certificate)
    report = _judged(world, evidence, other)
    assert verdict(report) == OUTSIDE
    (found,) = [one for one in report.conclusions[0].findings if one.code == "REFERENCE_OUTSIDE_PATH"]
    assert hashlib.sha256(other).hexdigest()[:16] in found.message.en


def test_a_reference_under_an_unknown_digest_leaves_it_open(world: World, evidence: Evidence) -> None:
    (signature,) = evidence.signatures
    unknown = CertificateReference("1.2.3.4", b"\0" * 32)
    signature = replace(signature, certificate_references=(*signature.certificate_references, unknown))
    report = judge(replace(evidence, signatures=(signature,)), world.trust, LASTING, at=world.clock.now())
    assert verdict(report) == OUTSIDE


def test_an_authority_certified_anew_for_its_name_and_key_is_the_one_that_is_meant(
    world: World, evidence: Evidence
) -> None:
    older = _anew(world, world.sandbox.authorities["official"], world.sandbox.authorities["root"])
    with_it = replace(evidence, certificates=(*evidence.certificates, older))
    assert verdict(_judged(world, with_it, older)) == ("TOTAL-PASSED", None)
    assert verdict(_judged(world, evidence, older)) == OUTSIDE  # nobody can tell what a bare digest is of


def test_what_stands_above_an_anchor_of_ours_is_not_ours_to_judge(world: World, evidence: Evidence) -> None:
    official, root = (_der(world.sandbox.authorities[slug].certificate) for slug in ("official", "root"))
    middle = TrustStore.of([official], "signing") + TrustStore(world.trust.of_kind("timestamping"))
    assert verdict(_judged(world, evidence, official, root, trust=middle)) == ("TOTAL-PASSED", None)
    other = _der(world.sandbox.authorities["time-root"].certificate)
    with_it = replace(evidence, certificates=(*evidence.certificates, other))
    assert verdict(_judged(world, with_it, other, trust=middle)) == OUTSIDE


def test_of_two_paths_the_one_that_is_named_is_taken(world: World, evidence: Evidence) -> None:
    world.new_time_root("second")
    second = world.sandbox.authorities["second"]
    cross = _anew(world, world.sandbox.authorities["official"], second)
    trust = world.trust + TrustStore.of([second.certificate], "signing")
    material = replace(evidence, certificates=(*evidence.certificates, cross))
    crls = tuple(authority.crl(world.clock.now()) for authority in world.sandbox.authorities.values())
    report = _judged(world, replace(material, crls=crls), _der(second.certificate), trust=trust)
    assert verdict(report) == ("TOTAL-PASSED", None)
    assert report.conclusions[0].path[-1].der == _der(second.certificate)


def test_every_identifier_of_the_attribute_is_read_the_signer_s_first() -> None:
    def named(digest: bytes) -> bytes:
        return der.tlv(der.SEQUENCE, der.encode_octets(digest))

    ids = [named(bytes([n]) * 32) for n in range(3)]
    value = der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, b"".join(ids)))
    found = (attributes.Attribute(attributes.SIGNING_CERTIFICATE_V2, (value,)),)
    assert [one.digest[0] for one in attributes.certificate_ids(found)] == [0]
    assert [one.digest[0] for one in attributes.further_certificate_ids(found)] == [1, 2]


def test_a_law_that_asks_for_a_bound_certificate_is_not_met(world: World, evidence: Evidence) -> None:
    policy = replace(LASTING, clauses=(Clause("Rule 1", _DEMAND, broken_by=("SIGNING_CERTIFICATE_MISMATCH",)),))
    other = _der(world.sandbox.authorities["time-root"].certificate)
    for named, code in (((), "CLAUSE_MET"), ((other,), "CLAUSE_NOT_MET")):
        report = _judged(world, evidence, *named, policy=policy)
        assert [one.code for one in report.conclusions[0].findings if one.about == "Rule 1"] == [code]
