"""What judging costs beside its floor, and the bounds that it must keep: paths, revocation, stored evidence.

Nothing here has a peer in the same terms: the floor is the bare work of the library that verifies signatures, or the
hash of the octets, in the same run.  Keys are P-256.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.measuring import medians, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cryptography import x509

    from eidkit.verify.evidence import Evidence
    from tests.trust.making import Party

NAMESAKES = 20
LISTED = 100_000
_UNLIKE_A_FLAG = bytes([2, 3, *range(2, 256)])
"""A list in which something looks like a critical extension is walked through at once; by chance one in ten would."""
SEARCHED = 29
"""Look-ups in a large list before all of it is indexed."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure and the most that it may be (None: that is not said), in milliseconds.

    ``floor`` is the part that no library can leave out.
    """

    work: str
    ours: float
    most: float | None
    floor: float | None = None
    bound: str = ""

    @property
    def kept(self) -> str:
        """Whether the bound is kept, for the table."""
        return "–" if self.most is None else "yes" if self.ours <= self.most else "no"


def goals(rounds: int) -> list[Goal]:
    """All of them."""
    return [*paths(rounds), namesakes(max(3, rounds // 4)), *large_list(), hostile(), *stored(rounds)]


def table(found: list[Goal]) -> str:
    """The goals as a Markdown table."""
    lines = ["| work | eidkit | floor | bound | kept |", "|---|---:|---:|---|---|"]
    for goal in found:
        floor = told(goal.floor) if goal.floor is not None else "–"
        most = told(goal.most) if goal.most is not None else "–"
        bound = f"{goal.bound} = {most}" if goal.bound else most
        lines.append(f"| {goal.work} | {told(goal.ours)} | {floor} | {bound} | {goal.kept} |")
    return "\n".join(lines)


def paths(rounds: int) -> list[Goal]:
    """Three certificates and two CRLs, nothing known; then a new leaf under an authority that is known."""
    cold = [_standing(*_people(1)) for _ in range(rounds)]
    warm, reported = iter(_standing(*_people(rounds + 1))), iter(_reported(*_people(rounds + 1)))
    next(warm)()
    next(reported)()
    firsts = (first for (first,) in cold)
    contenders = {"cold": _each(firsts), "leaf": _each(warm), "reported": _each(reported)}
    found = medians(contenders | {"verify": _one_verification()}, rounds, warm_up=False)
    one = found["verify"]
    return [
        Goal(
            "path of 3 certificates, 2 CRLs, all new",
            found["cold"],
            4 * one + 0.3,
            4 * one,
            "4 verifications + 0.30 ms",
        ),
        Goal("new leaf, its authority and lists known", found["leaf"], one + 0.1, one, "1 verification + 0.10 ms"),
        Goal("the same by `verify_certificate`, reported", found["reported"], None, one),
    ]


def _people(count: int) -> tuple[Party, list[Party]]:
    from tests.trust.making import self_signed

    authority = self_signed("Root").issue("Authority", authority=True)
    return authority, [authority.issue(f"Person {number}") for number in range(count)]


def _standing(authority: Party, people: Iterable[Party]) -> list[Callable[[], object]]:
    """For each of the people, the path of their certificate and the status of all on it, from its octets."""
    from eidkit.asn1.certificate import readable
    from eidkit.trust.standing import Demand, standing_path
    from tests.trust.making import NOW

    root = _above(authority)
    anchors, demand, lists = (root.anchor,), Demand(NOW, NOW), (authority.crl(), root.crl())
    above = authority.der

    def find(der: bytes) -> None:
        leaf, *pool = readable([der, above])
        found = standing_path(leaf, demand, pool=pool, anchors=anchors, purpose="signing", crls=lists, ocsps=())
        if not found.result.ok or found.findings:
            raise RuntimeError("the path does not hold")

    return [partial(find, one.der) for one in people]


def _reported(authority: Party, people: Iterable[Party]) -> list[Callable[[], object]]:
    """The same with all that is told about it."""
    from eidkit.trust.store import TrustStore
    from eidkit.verify.certificate import verify_certificate
    from tests.trust.making import NOW

    root = _above(authority)
    trust = TrustStore((root.anchor,))
    lists, above = [authority.crl(), root.crl()], [authority.der]

    def judge(der: bytes) -> object:
        return verify_certificate(der, trust, intermediates=above, revocation=lists, at=NOW).require()

    return [partial(judge, one.der) for one in people]


def _above(party: Party) -> Party:
    if party.issuer is None:
        raise ValueError("nobody issued it")
    return party.issuer


def _one_verification() -> Callable[[], object]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    _, (person,) = _people(1)
    certificate: x509.Certificate = person.certificate
    public, algorithm = _above(person).key.public_key(), ec.ECDSA(hashes.SHA256())
    return lambda: public.verify(certificate.signature, certificate.tbs_certificate_bytes, algorithm)


def namesakes(rounds: int) -> Goal:
    """One leaf, and as candidates for its issuer many authorities of one name, all new."""
    from eidkit.trust.path import find_path
    from tests.trust.making import NOW, self_signed

    def made() -> Callable[[], object]:
        root = self_signed("Root")
        authorities = [root.issue("Authority", authority=True) for _ in range(NAMESAKES)]
        person, pool = authorities[-1].issue("Person"), [one.parsed for one in authorities]
        return partial(find_path, person.parsed, pool=pool, anchors=(root.anchor,), at=NOW, purpose="signing")

    new = iter([made() for _ in range(rounds)])
    bare = _one_verification()
    found = medians({"ours": _each(new), "verify": bare}, rounds, warm_up=False)
    return Goal(
        f"path among {NAMESAKES} authorities of one name", found["ours"], 5.0, (NAMESAKES + 1) * found["verify"]
    )


def large_list() -> list[Goal]:
    """A CRL of many entries: read and believed once, then asked for others."""
    from eidkit.asn1 import crl
    from tests.trust.making import self_signed

    root = self_signed("Root")
    data, serials = _long(root)

    def believed(octets: bytes) -> None:
        listed = crl.parse(octets)
        if not listed.signed_by(root.parsed) or listed.find(serials[0]) is not None:
            raise RuntimeError("the list was not understood")

    once = [_milliseconds(partial(believed, _long(root)[0])) for _ in range(3)]
    bare = min(_milliseconds(lambda: hashlib.sha256(data).digest()) for _ in range(9))
    listed = crl.parse(data)
    asked = [_milliseconds(partial(listed.find, serial)) for serial in serials]
    return [
        Goal(f"CRL of {LISTED:,} entries, once", statistics.median(once), 12.0, bare),
        Goal("a later look-up in it", statistics.median(asked[1:SEARCHED]), 0.7),
        Goal(f"after the {SEARCHED + 1}th", statistics.median(asked[SEARCHED + 2 :]), 0.01),
    ]


def _long(root: Party) -> tuple[bytes, list[bytes]]:
    """A list of that many entries, and serial numbers that it does not have."""
    import os

    from cryptography import x509

    from tests.trust.making import NOW

    def serial(first: int) -> bytes:
        return bytes([first]) + os.urandom(15).translate(_UNLIKE_A_FLAG)

    entry = x509.RevokedCertificateBuilder().revocation_date(NOW)
    revoked = [entry.serial_number(int.from_bytes(serial(0x11))).build() for _ in range(LISTED)]
    return root.crl(revoked=revoked), [serial(0x22) for _ in range(100)]


def hostile() -> Goal:
    """A chain of 13 KB made to cost: one name and ever another slow key, each a candidate for the issuer."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from eidkit.trust.path import find_path
    from tests.trust.making import NOW, self_signed

    mallory = self_signed("Mallory")
    slow = [
        mallory.issue("Mallory", authority=True, key=ec.generate_private_key(ec.BrainpoolP512R1())) for _ in range(31)
    ]
    leaf = mallory.issue("Mallory").parsed
    anchors, pool = (self_signed("Root").anchor,), [one.parsed for one in slow]
    size = len(leaf.der) + sum(len(one.der) for one in pool)
    spent = _milliseconds(lambda: find_path(leaf, pool=pool, anchors=anchors, at=NOW, purpose="signing"))
    return Goal(f"hostile chain of {size / 1000:.0f} KB", spent, 1000.0)


def stored(rounds: int) -> list[Goal]:
    """Evidence from its JSON, and its judgement, apart: a PDF that carries its validation data, and an XML form."""
    from eidkit.document import Document
    from eidkit.sandbox.documents import form_xml
    from eidkit.verify import collect, complete, judge, load_evidence, save_evidence
    from tests.preserving.world import World

    world = World()
    form = Document.from_bytes(form_xml(), "form.xml")
    files = {"PDF B-LT": world.preserved(world.signed()), "XML B-T": world.signed(form)}
    goals = []
    for what, document in files.items():
        evidence = complete(
            collect(document), world.trust, world.sandbox.sources, transport=world.sandbox, clock=world.clock
        )
        saved = save_evidence(evidence)

        def judged(evidence: Evidence = evidence) -> None:
            judge(evidence, world.trust, at=world.clock.now()).require()

        loading = partial(load_evidence, saved, document=document)
        found = medians({"load": loading, "judge": judged}, rounds)
        goals += [
            Goal(f"judging {what} from evidence", found["judge"], 2.0),
            Goal(f"loading evidence of {what}, the file beside it", found["load"], None),
        ]
    return goals


def _each(works: Iterator[Callable[[], object]]) -> Callable[[], object]:
    """One of the works after another, each of which can be done only once."""

    def work() -> object:
        return next(works)()

    return work


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000
