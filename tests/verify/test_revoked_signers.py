"""A revoked signer's document never passes: every forged answer in the file and beside it, and every three of them.

The forgeries are those of :mod:`tests.trust.test_forged_answers`, which asks the same of a certificate alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import pytest

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.identity import Identity
from eidkit.pdf.preserving_revision import preserving_revision
from eidkit.pdf.security_store import SecurityStore
from eidkit.sandbox.documents import decision_pdf
from eidkit.sandbox.keys import SandboxKey
from eidkit.signing import sign
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import Report, collect, judge, verify
from tests.cms.archiving import with_answers
from tests.trust.making import NOW, Party
from tests.trust.test_forged_answers import CRLS, GENUINE, GENUINE_CRLS, GENUINE_OCSPS, HOUR, OCSPS, Scene

_ALL = CRLS | GENUINE_CRLS | OCSPS | GENUINE_OCSPS
_LISTS = CRLS.keys() | GENUINE_CRLS.keys()


@dataclass
class Signed:
    """A scene, its revoked signer's document, and every answer by name."""

    scene: Scene
    pdf: Document
    cms: Document
    answers: dict[str, bytes]

    @property
    def trust(self) -> TrustStore:
        return TrustStore((self.scene.root.anchor,))

    def split(self, names: tuple[str, ...]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        crls = (self.scene.upper, *(self.answers[name] for name in names if name in _LISTS))
        return crls, tuple(self.answers[name] for name in names if name not in _LISTS)


def _key(scene: Scene, party: Party) -> SandboxKey:
    identity = Identity("x509", party.parsed.sha256, "Signer")
    return SandboxKey(party.key, party.certificate, (scene.authority.certificate,), identity)


@pytest.fixture(scope="module")
def signed() -> Signed:
    scene = Scene()
    party = scene.signer
    key = _key(scene, party)
    document = Document.from_bytes(decision_pdf(), "permit.pdf")
    clock = FixedClock(NOW - HOUR)
    pdf, cms = sign(document, key, clock=clock), sign(document, key, format="cms", attached=True, clock=clock)
    return Signed(scene, pdf, cms, {name: make(scene) for name, make in _ALL.items()})


def _verified(signed: Signed, document: Document, sources: Sources) -> tuple[str, str | None]:
    (conclusion,) = verify(document, signed.trust, sources=sources, clock=FixedClock(NOW)).conclusions
    return conclusion.indication, conclusion.subindication


def _expected(*names: str) -> tuple[str, ...]:
    """Revoked where a genuine answer is among them; otherwise the status is not known, or only of an older day."""
    if GENUINE & set(names):
        return ("REVOKED_NO_POE",)
    return ("CERTIFICATE_CHAIN_GENERAL_FAILURE", "TRY_LATER")


@pytest.mark.parametrize("name", _ALL)
def test_handed_over_beside_a_file(name: str, signed: Signed) -> None:
    crls, ocsps = signed.split((name,))
    said = _verified(signed, signed.pdf, Sources.of(signed.scene.pool, crls, ocsps))
    assert said[0] == "INDETERMINATE"
    assert said[1] in _expected(name)


@pytest.mark.parametrize("name", _ALL)
def test_in_the_security_store_of_a_pdf(name: str, signed: Signed) -> None:
    crls, ocsps = signed.split((name,))
    store = SecurityStore(tuple(signed.scene.pool), crls, ocsps)
    document = signed.pdf.spliced(signed.pdf.length, preserving_revision(signed.pdf, store, None).data)
    (kept,) = collect(document).signatures
    assert kept.level.endswith(("LT", "B"))
    assert set(crls) <= set(collect(document).crls)
    said = _verified(signed, document, Sources())
    assert said[0] == "INDETERMINATE"
    assert said[1] in _expected(name)


@pytest.mark.parametrize("name", sorted(_LISTS))
def test_in_the_bag_of_a_cms(name: str, signed: Signed) -> None:
    crls, _ = signed.split((name,))
    if name == "cut off":
        crls = crls[:1]  # a CMS with a broken element is no CMS; what is cut off cannot be in it
    document = with_answers(signed.cms, *crls, certificates=tuple(signed.scene.pool))
    said = _verified(signed, document, Sources())
    assert said[0] == "INDETERMINATE"
    assert said[1] in _expected(name)


def test_no_three_let_a_document_pass(signed: Signed) -> None:
    evidence = replace(collect(signed.cms), certificates=tuple(signed.scene.pool))

    def judged(names: tuple[str, ...]) -> Report:
        crls, ocsps = signed.split(names)
        return judge(replace(evidence, crls=crls, ocsps=ocsps), signed.trust, at=NOW)

    count = 0
    for names in combinations(_ALL, 3):
        (conclusion,) = judged(names).conclusions
        assert conclusion.indication == "INDETERMINATE", names
        assert conclusion.subindication in _expected(*names), names
        count += 1
    assert count > 7_000


def test_one_who_is_not_revoked_passes(signed: Signed) -> None:
    """The same scene, so that the refusals above are not refusals of everything."""
    scene = signed.scene
    honest = scene.authority.issue("Honest")
    key = _key(scene, honest)
    document = sign(Document.from_bytes(decision_pdf(), "permit.pdf"), key, clock=FixedClock(NOW - HOUR))
    crls = (scene.upper, signed.answers["the genuine list"])
    assert verify(document, signed.trust, sources=Sources.of((), crls), clock=FixedClock(NOW))
