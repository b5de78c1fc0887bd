"""A revoked signer never passes: every forgery alone, and every combination of three with the genuine answers.

Each forgery claims, in its own way, that the signer is not revoked; each is signed, altered, timed or scoped so that it
may not be believed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from eidkit.asn1 import der
from eidkit.asn1.ocsp import encode_response
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import CertificateReport, verify_certificate
from tests.trust.making import DAY, NOW, Party, self_signed

HOUR = timedelta(hours=1)
COMPROMISED, REMOVED = x509.ReasonFlags.key_compromise, x509.ReasonFlags.remove_from_crl
SHA1_ECDSA = der.sequence(der.encode_oid("1.2.840.10045.4.1"))


@dataclass
class Scene:
    """A signer revoked two days ago, and everybody who would like to say otherwise."""

    root: Party = field(default_factory=lambda: self_signed("Root"))

    def __post_init__(self) -> None:
        root = self.root
        self.authority = root.issue("Authority", authority=True)
        self.signer = self.authority.issue("Signer")
        self.sibling = root.issue("Sibling", authority=True)
        self.twin = self.sibling.issue("Authority", authority=True)
        self.made_up = self_signed("Authority")
        self.lists = root.issue("Lists", usages=("crl_sign",))
        self.mallory = self.authority.issue("Mallory", usages=("digital_signature",))
        self.stranger = self_signed("Authority").responder()
        self.cousin = self.sibling.responder()
        self.ended = self.authority.responder(ends=NOW - 5 * DAY)
        self.dismissed = self.authority.responder(nocheck=False)
        self.weak = self.authority.responder(key=ec.generate_private_key(ec.SECP192R1()))
        self.authority.revoke(self.signer, NOW - 2 * DAY, COMPROMISED)
        self.authority.revoke(self.dismissed, NOW - 9 * DAY, COMPROMISED)
        self.upper = root.crl()

    @property
    def pool(self) -> list[bytes]:
        """Every certificate of the scene but the root's."""
        parties = (self.authority, self.sibling, self.twin, self.made_up, self.lists, self.mallory, self.stranger)
        return [party.der for party in (*parties, self.cousin, self.ended, self.dismissed, self.weak)]

    def without(self, *gone: Party) -> list[x509.RevokedCertificate]:
        """The authority's entries without those of ``gone``."""
        serials = {party.certificate.serial_number for party in gone}
        return [entry for entry in self.authority.revoked if entry.serial_number not in serials]


def idp(**values: object) -> tuple[x509.ExtensionType, bool]:
    names = ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs")
    fields = {"full_name": None, "relative_name": None, "only_some_reasons": None, **dict.fromkeys(names, False)}
    return x509.IssuingDistributionPoint(**(fields | values)), True  # type: ignore[arg-type]


def sha1_signed(authority: Party, crl: bytes) -> bytes:
    version, _, *rest = der.whole(crl).children()[0].children()
    tbs = der.sequence(version.raw, SHA1_ECDSA, *(node.raw for node in rest))
    return der.sequence(tbs, SHA1_ECDSA, _value(authority, tbs))


def sha1_signed_answer(authority: Party, answer: bytes) -> bytes:
    tbs = _basic(answer).children()[0].raw
    return encode_response(der.sequence(tbs, SHA1_ECDSA, _value(authority, tbs)))


def _value(authority: Party, tbs: bytes) -> bytes:
    return der.tlv(der.BIT_STRING, b"\0" + authority.key.sign(tbs, ec.ECDSA(hashes.SHA1())))  # noqa: S303 - the attack


def _basic(answer: bytes) -> der.Node:
    return der.whole(der.octets(der.whole(answer).children()[1].only().children()[1]))


def other_serial(scene: Scene, crl: bytes) -> bytes:
    """The genuine list with another serial number where the signer's stood."""
    return crl.replace(scene.signer.parsed.serial_octets, bytes(len(scene.signer.parsed.serial_octets) - 1) + b"\x07")


def good_instead(answer: bytes) -> bytes:
    """The genuine answer, well-formed, with "good" where "revoked" stood, under the genuine signature."""
    data, algorithm, value = _basic(answer).children()[:3]
    responder, produced, singles, *rest = data.children()
    identifier, _, *times = singles.children()[0].children()
    single = der.sequence(identifier.raw, b"\x80\x00", *(node.raw for node in times))
    tbs = der.sequence(responder.raw, produced.raw, der.sequence(single), *(node.raw for node in rest))
    return encode_response(der.sequence(tbs, algorithm.raw, value.raw))


CRLS: dict[str, Callable[[Scene], bytes]] = {
    "signed by a made-up authority": lambda s: s.authority.crl(revoked=[], signer=s.made_up),
    "signed by a twin that a sibling made": lambda s: s.authority.crl(revoked=[], signer=s.twin),
    "signed by the sibling": lambda s: s.authority.crl(revoked=[], signer=s.sibling),
    "signed by a person of the authority": lambda s: s.authority.crl(revoked=[], signer=s.mallory),
    "signed by the root": lambda s: s.authority.crl(revoked=[], signer=s.root),
    "the sibling's own": lambda s: s.sibling.crl(),
    "indirect, by an issuer nobody named": lambda s: s.lists.crl(idp(indirect_crl=True)),
    "indirect, under the authority's name": lambda s: s.authority.crl(
        idp(indirect_crl=True), revoked=[], signer=s.lists
    ),
    "with another serial number": lambda s: other_serial(s, s.authority.crl()),
    "of last month": lambda s: s.authority.crl(revoked=[], this=NOW - 40 * DAY, until=NOW - 10 * DAY),
    "of tomorrow": lambda s: s.authority.crl(revoked=[], this=NOW + DAY, until=NOW + 9 * DAY),
    "weakly signed": lambda s: sha1_signed(s.authority, s.authority.crl(revoked=[])),
    "about authorities": lambda s: s.authority.crl(idp(only_contains_ca_certs=True), revoked=[]),
    "of a place the signer does not name": lambda s: s.authority.crl(
        idp(full_name=[x509.UniformResourceIdentifier("http://other.example/")]), revoked=[]
    ),
    "about some reasons": lambda s: s.authority.crl(
        idp(only_some_reasons=frozenset({x509.ReasonFlags.superseded})), revoked=[]
    ),
    "a delta that removes": lambda s: s.authority.crl(
        (x509.DeltaCRLIndicator(1), True), (x509.CRLNumber(9), False), revoked=[removal(s.signer)]
    ),
    "with a critical extension": lambda s: s.authority.crl(
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True), revoked=[]
    ),
    "cut off": lambda s: s.authority.crl(revoked=[])[:-9],
}
OCSPS: dict[str, Callable[[Scene], bytes]] = {
    "answered by a person of the authority": lambda s: s.authority.ocsp(s.signer, responder=s.mallory),
    "answered by a stranger's responder": lambda s: s.authority.ocsp(s.signer, responder=s.stranger),
    "answered by the sibling's responder": lambda s: s.authority.ocsp(s.signer, responder=s.cousin),
    "answered by the sibling": lambda s: s.authority.ocsp(s.signer, responder=s.sibling),
    "answered by the root": lambda s: s.authority.ocsp(s.signer, responder=s.root),
    "answered by a responder that had ended": lambda s: s.authority.ocsp(s.signer, responder=s.ended),
    "answered by a revoked responder": lambda s: s.authority.ocsp(s.signer, responder=s.dismissed),
    "answered by a responder with a weak key": lambda s: s.authority.ocsp(s.signer, responder=s.weak),
    "answered last month": lambda s: s.authority.ocsp(s.signer, this=NOW - 40 * DAY, until=NOW - 10 * DAY),
    "answered tomorrow": lambda s: s.authority.ocsp(s.signer, this=NOW + DAY, until=NOW + 2 * DAY),
    "answered without an end": lambda s: s.authority.ocsp(s.signer, until=None),
    "answered weakly": lambda s: sha1_signed_answer(s.authority, s.authority.ocsp(s.signer)),
    "answered about another": lambda s: s.authority.ocsp(s.mallory),
    "answered about a twin of another issuer": lambda s: s.authority.ocsp(s.signer, issuer=s.twin),
    "altered to good": lambda s: good_instead(s.authority.ocsp(s.signer, status="revoked", reason=COMPROMISED)),
    "answered that it is unknown": lambda s: s.authority.ocsp(s.signer, status="unknown"),
}
GENUINE_CRLS: dict[str, Callable[[Scene], bytes]] = {
    "the genuine list": lambda s: s.authority.crl(this=NOW - HOUR),
    "the genuine list of last week": lambda s: s.authority.crl(this=NOW - 2 * DAY, until=NOW - DAY),
}
GENUINE_OCSPS: dict[str, Callable[[Scene], bytes]] = {
    "the genuine answer": lambda s: s.authority.ocsp(s.signer, status="revoked", at=NOW - 2 * DAY, reason=COMPROMISED),
}
GENUINE = GENUINE_CRLS.keys() | GENUINE_OCSPS.keys()


def removal(party: Party) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(party.certificate.serial_number)
    return builder.revocation_date(NOW - DAY).add_extension(x509.CRLReason(REMOVED), critical=False).build()


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


@pytest.fixture(scope="module")
def answers(scene: Scene) -> dict[str, tuple[str, bytes]]:
    """By name: whether it is a CRL or an OCSP answer, and its bytes."""
    crls = {name: ("crl", make(scene)) for name, make in (CRLS | GENUINE_CRLS).items()}
    return crls | {name: ("ocsp", make(scene)) for name, make in (OCSPS | GENUINE_OCSPS).items()}


def judged(scene: Scene, chosen: list[tuple[str, bytes]]) -> CertificateReport:
    return verify_certificate(
        scene.signer.der,
        TrustStore((scene.root.anchor,)),
        sources=Sources.of(
            scene.pool,
            [scene.upper, *(data for kind, data in chosen if kind == "crl")],
            [data for kind, data in chosen if kind == "ocsp"],
        ),
        at=NOW,
    )


@pytest.mark.parametrize("name", [*CRLS, *OCSPS])
def test_no_forgery_says_good_alone(name: str, scene: Scene, answers: dict[str, tuple[str, bytes]]) -> None:
    report = judged(scene, [answers[name]])
    assert report.verdict == "INDETERMINATE"
    assert report.path[0].status == "unknown"
    assert report.path[1].status == "good"


@pytest.mark.parametrize("name", sorted(GENUINE))
def test_the_genuine_answers_are_believed(name: str, scene: Scene, answers: dict[str, tuple[str, bytes]]) -> None:
    report = judged(scene, [answers[name]])
    assert (report.verdict, report.subindication) == ("FAILED", "REVOKED")


def test_no_three_of_them_let_a_revoked_signer_pass(scene: Scene, answers: dict[str, tuple[str, bytes]]) -> None:
    """In both orders; whenever a genuine answer is among them, it decides."""
    count = 0
    for size in (2, 3):
        for names in combinations(answers, size):
            chosen = [answers[name] for name in names]
            for order in (chosen, chosen[::-1]) if size == 2 else (chosen,):
                report = judged(scene, order)
                expected = "FAILED" if GENUINE & set(names) else "INDETERMINATE"
                assert report.verdict == expected, names
                count += 1
    assert count > 7_000


def test_a_genuine_good_is_believed_of_one_who_is_not_revoked(scene: Scene) -> None:
    """The same scene, so that the refusals above are not refusals of everything."""
    honest = scene.authority.issue("Honest")
    report = verify_certificate(
        honest.der,
        TrustStore((scene.root.anchor,)),
        intermediates=[scene.authority.der],
        revocation=[scene.authority.crl(), scene.root.crl()],
        at=NOW,
    )
    assert report
