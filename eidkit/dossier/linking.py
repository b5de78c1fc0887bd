"""Identity links in a dossier: which of those at hand count, and whom they make one person (binding.md §6.5).

A link counts from its ``valid_from`` on, when it holds, its certificate chains to an anchor of kind *attestation* and
names one of the procedure's attesters.  Over several links two identifiers are one person only where every hop is such
a link.  Where links give one person two numbers of one kind, none of them decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from eidkit.asn1 import certificate as certificates
from eidkit.canonical import format_time
from eidkit.errors import EidkitError, Text
from eidkit.findings import Finding, finding
from eidkit.timestamps.token import signer_of
from eidkit.trust.path import find_path
from eidkit.trust.sources import Sources
from eidkit.trust.subject import subject_of
from eidkit.verify import linked
from eidkit.verify.blocks import Material

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.binding.identity_link import IdentityLink
    from eidkit.binding.procedure import Procedure
    from eidkit.dossier.approving import Given
    from eidkit.identity import Identity
    from eidkit.trust.store import AnchorKind
    from eidkit.verify.linked import Linked

MAX_LINKS = 256
_OF_A_PAPER = ("x509", "vn-cmnd", "passport-", "PAS", "IDC")
"""Schemes whose numbers are those of a paper or a key: one person may have several, one after the other."""


def tells_apart(scheme: str) -> bool:
    """Whether unequal identifiers of ``scheme`` are two persons."""
    return not scheme.startswith(_OF_A_PAPER)


@dataclass(frozen=True, slots=True)
class Known:
    """The identifiers of one person, and the links that say so."""

    identities: frozenset[Identity]
    through: tuple[Linked, ...] = ()

    @property
    def contradictory(self) -> bool:
        """Whether two of them are different persons."""
        schemes = [one.scheme for one in self.identities if tells_apart(one.scheme)]
        return len(schemes) != len(set(schemes))


@dataclass(frozen=True, slots=True)
class Links:
    """The links that count."""

    counted: tuple[Linked, ...] = ()

    def known(self, person: Identity, at: datetime | None, *, but_of: Iterable[Certificate] = ()) -> Known:
        """What is known of ``person`` at ``at``; nothing more than himself where that time is not proved.

        A link attested by a key of ``but_of`` is left out: the key that signs documents attests nothing.
        """
        keys = {certificate.spki for certificate in but_of}
        links = [
            one
            for one in self.counted
            if at is not None and one.since <= at and (one.attester is None or one.attester.spki not in keys)
        ]
        return _joined(person, links)

    def ever_known(self, person: Identity) -> Known:
        """What all links together say of ``person``, whenever: for what speaks against somebody."""
        return _joined(person, self.counted)


def _joined(person: Identity, links: Sequence[Linked]) -> Known:
    found = {person}
    through: list[tuple[Linked, tuple[Identity, Identity]]] = []
    left = [(one, pair) for one in links if (pair := one.identities) is not None]
    while hops := [(one, pair) for one, pair in left if found & set(pair)]:
        found.update(identity for _, pair in hops for identity in pair)
        through += hops
        left = [entry for entry in left if entry not in hops]
    return Known(frozenset(found), tuple(one for one, _ in through))


def judged(links: Iterable[IdentityLink], procedure: Procedure, given: Given) -> tuple[Links, list[Finding], Material]:
    """The links that count, why others do not, and what they were judged with.

    Why not is a warning: whatever needed the link says the rest.
    """
    counted, found = [], []
    unique = list(dict.fromkeys(links))
    if len(unique) > MAX_LINKS:
        found.append(_refused("…", f"more than {MAX_LINKS} links were given", f"có hơn {MAX_LINKS} liên kết"))
    chosen = unique[:MAX_LINKS]
    materials = _material(chosen, given)
    for link in chosen:
        one = linked.judged(link, materials, trust=given.trust, policy=given.policy, at=given.now)
        if not one:
            reason = next(reason for reason in one.findings if reason.severity == "error")
            found.append(_refused(link.digest[:16], reason.message.en, reason.message.vi))
        elif _attester(one) not in procedure.attesters:
            said = ("its attester is not one that the procedure names", "đơn vị chứng nhận không có trong quy trình")
            found.append(_refused(link.digest[:16], *said))
        else:
            counted.append(one)
    return Links(tuple(counted)), found, materials


def _refused(link: str, en: str, vi: str) -> Finding:
    return finding("IDENTITY_LINK_REFUSED", None, link=link, why=Text(en, vi))


def _attester(one: Linked) -> Identity | None:
    return subject_of(one.attester).organisation if one.attester is not None else None


def told(known: Known, about: str) -> list[Finding]:
    """That these links were needed, and who stands behind each."""
    found = []
    for one in known.through:
        pair, attester = one.identities, _attester(one)
        if pair is None or attester is None:
            continue
        first, second = (f"{identity.scheme} {identity.masked}" for identity in pair)
        name, time = attester.name or attester.masked, format_time(one.since)
        found.append(finding("IDENTITY_LINKED", about, first=first, second=second, attester=name, time=time))
    return found


def _material(links: Sequence[IdentityLink], given: Given) -> Material:
    """Candidates and answers for the certificates behind ``links``; the network is asked where a chain is ours."""
    sources = given.sources or Sources()
    pool = tuple(certificates.readable(sources.certificates()))
    crls, ocsps = dict.fromkeys(sources.given_crls), dict.fromkeys(sources.given_ocsps)
    if sources.network:
        for subject, issuer in dict.fromkeys(_steps(links, pool, given)):
            asked = replace(sources, given_crls=(), given_ocsps=())
            found = asked.revocation(subject, issuer, transport=given.transport, at=given.now, clock=given.clock)
            crls.update(dict.fromkeys(found[0]))
            ocsps.update(dict.fromkeys(found[1]))
    return Material(pool, tuple(crls), tuple(ocsps))


def _steps(
    links: Sequence[IdentityLink], pool: tuple[Certificate, ...], given: Given
) -> Iterator[tuple[Certificate, Certificate]]:
    for leaf, others, kind in _leaves(links, pool):
        at = min(given.now, leaf.not_after)
        anchors = given.trust.of_kind(kind)
        path = find_path(leaf, pool=(*others, *pool), anchors=anchors, at=at, purpose="any", leaf_period=False).path
        yield from pairwise(path)


def _leaves(
    links: Sequence[IdentityLink], pool: tuple[Certificate, ...]
) -> Iterator[tuple[Certificate, tuple[Certificate, ...], AnchorKind]]:
    for link in links:
        for attester in certificates.readable([link.jws.certificate]):
            yield attester, (), "attestation"
        if link.timestamp is None:
            continue
        try:
            stamper, embedded = signer_of(link.timestamp, pool)
        except EidkitError:
            continue
        if stamper is not None:
            yield stamper, embedded, "timestamping"
