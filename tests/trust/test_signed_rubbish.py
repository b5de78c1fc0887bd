"""Authorities that sign rubbish: certificates and lists altered *before* they were signed never break the judge."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ObjectIdentifier

from eidkit.asn1 import der
from eidkit.errors import EidkitError
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import CertificateReport, verify_certificate
from tests.trust.making import DAY, NOW, Party, self_signed

ROUNDS = 400


def policies(*oids: str) -> tuple[x509.ExtensionType, bool]:
    return x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in oids]), False


def odd(oid: str, value: bytes) -> tuple[x509.ExtensionType, bool]:
    return x509.UnrecognizedExtension(ObjectIdentifier(oid), value), True


@dataclass
class Scene:
    """A path with every extension that is looked into, and lists of every kind."""

    def __post_init__(self) -> None:
        constraints = x509.NameConstraints([x509.DNSName("gov"), x509.RFC822Name("gov")], [x509.DNSName("secret.gov")])
        self.root = self_signed("Root")
        self.lists = self.root.issue("Lists", usages=("crl_sign",))
        self.authority = self.root.issue(
            "Authority",
            (constraints, True),
            policies("1.2.3"),
            odd("2.5.29.33", der.sequence(der.sequence(der.encode_oid("1.2.3"), der.encode_oid("1.2.4")))),
            (x509.PolicyConstraints(1, 2), True),
            (x509.InhibitAnyPolicy(1), True),
            authority=True,
        )
        issuer = [x509.DirectoryName(self.lists.certificate.subject)]
        names = [x509.DNSName("a.gov"), x509.RFC822Name("a@gov"), x509.UniformResourceIdentifier("http://a.gov/")]
        self.person = self.authority.issue(
            "Person",
            (x509.SubjectAlternativeName(names), False),
            policies("1.2.4"),
            (x509.CRLDistributionPoints([x509.DistributionPoint(None, None, None, issuer)]), False),
        )
        entry = x509.RevokedCertificateBuilder().serial_number(1).revocation_date(NOW - DAY)
        foreign = x509.CertificateIssuer([x509.DirectoryName(self.authority.certificate.subject)])
        flags = dict.fromkeys(
            ("only_contains_user_certs", "only_contains_ca_certs", "only_contains_attribute_certs"), False
        )
        scope = x509.IssuingDistributionPoint(issuer, None, only_some_reasons=None, indirect_crl=True, **flags)
        self.crls: dict[str, tuple[bytes, Party]] = {
            "root": (self.root.crl(), self.root),
            "indirect": (
                self.lists.crl((scope, True), revoked=[entry.add_extension(foreign, critical=True).build()]),
                self.lists,
            ),
            # no longer current: it needs its delta
            "complete": (self.authority.crl((x509.CRLNumber(2), False), until=NOW - DAY / 2), self.authority),
            "delta": (
                self.authority.crl((x509.DeltaCRLIndicator(1), True), (x509.CRLNumber(3), False)),
                self.authority,
            ),
        }
        self.certificates: dict[str, tuple[bytes, Party]] = {
            "person": (self.person.der, self.authority),
            "authority": (self.authority.der, self.root),
            "lists": (self.lists.der, self.root),
        }

    def judged(self, given: tuple[str, ...], **changed: bytes) -> CertificateReport:
        """With the lists that are ``given``."""
        certificates = {name: changed.get(name, data) for name, (data, _) in self.certificates.items()}
        lists = [changed.get(name, self.crls[name][0]) for name in given]
        leaf = certificates.pop("person")
        sources = Sources.of(certificates.values(), lists)
        return verify_certificate(leaf, TrustStore((self.root.anchor,)), sources=sources, at=NOW)


def altered(data: bytes, signer: Party, chance: random.Random) -> bytes:
    """``data`` with one to three octets of what is signed changed, taken out or put in, and signed again."""
    tbs, algorithm, _ = der.whole(data).children()
    inside = bytearray(tbs.content)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(inside))
        how = chance.random()
        if how < 0.8:
            inside[place] = chance.randrange(256)
        elif how < 0.9:
            del inside[place]
        else:
            inside.insert(place, chance.randrange(256))
    signed = der.sequence(bytes(inside))
    value = signer.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return der.sequence(signed, algorithm.raw, der.tlv(der.BIT_STRING, b"\0" + value))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


INDIRECT, DELTA = ("root", "indirect"), ("root", "complete", "delta")


@pytest.mark.parametrize("given", [INDIRECT, DELTA])
def test_the_scene_itself_passes(given: tuple[str, ...], scene: Scene) -> None:
    report = scene.judged(given)
    assert report
    assert report.policies == ("1.2.3",)
    assert all(not scene.judged(tuple(name for name in given if name != missing)) for missing in given)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("person", INDIRECT),
        ("authority", INDIRECT),
        ("lists", INDIRECT),
        ("root", INDIRECT),
        ("indirect", INDIRECT),
        ("complete", DELTA),
        ("delta", DELTA),
    ],
)
def test_what_was_altered_before_it_was_signed_is_judged_without_a_crash(
    name: str, given: tuple[str, ...], scene: Scene
) -> None:
    chance = random.Random(name)  # noqa: S311 - the same rubbish at every run
    data, signer = (scene.certificates | scene.crls)[name]
    verdicts = set()
    for _ in range(ROUNDS):
        rubbish = altered(data, signer, chance)
        try:
            report = scene.judged(given, **{name: rubbish})
        except EidkitError:
            assert name == "person"  # only the certificate that is asked about may be unreadable
            continue
        verdicts.add(report.verdict)
        assert str(report)
        assert report.to_json()
    assert "INDETERMINATE" in verdicts
