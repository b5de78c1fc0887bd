"""What an identity link is worth: a pure function of its bytes, the anchors and the answers at hand (binding.md §6.5).

The plan; findings are collected, not stopped at:
1. the service's signature over the statement holds;
2. the disclosure opens both commitments, and the two are of different schemes;
3. where a timestamp is given it is over this statement and not older than what it says; one that holds proves the
   link's age, otherwise its date is only claimed and the service's certificate has to be good today;
4. the certificate chains to an anchor of kind *attestation*, judged at that time.

Whether the service is one that the procedure names as attester is judged by ``dossier``.  No network, no clock.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.asn1 import certificate as certificates
from eidkit.canonical import format_time
from eidkit.errors import EidkitError
from eidkit.findings import Finding, finding, in_order
from eidkit.policy import SKEW
from eidkit.timestamps.token import check_token
from eidkit.verify.bound import attester_findings

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.binding.identity_link import IdentityLink
    from eidkit.identity import Identity
    from eidkit.policy import Policy
    from eidkit.trust.store import TrustStore
    from eidkit.verify.blocks import Material

_DIGESTS = ("sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True)
class Linked:
    """One link, judged: true when it joins its two ``identities`` from ``since`` on.

    ``attester`` is the certificate of the service that says so.  Threads may share it.
    """

    link: IdentityLink
    since: datetime
    attester: Certificate | None
    findings: tuple[Finding, ...]

    @property
    def identities(self) -> tuple[Identity, Identity] | None:
        """The two that are one person; None where the link does not count."""
        return self.link.identities if self else None

    def __bool__(self) -> bool:
        return self.attester is not None and not any(found.severity == "error" for found in self.findings)


def judged(link: IdentityLink, materials: Material, *, trust: TrustStore, policy: Policy, at: datetime) -> Linked:
    """The link with every reason against it, ``at`` the present.  Numbers: the plan above."""
    about = link.digest[:16]
    # 1.
    found = [] if link.jws.signature_holds() else [finding("ATTESTATION_SIGNATURE", about)]
    attester = _attester(link, found)
    # 2.
    if link.disclosure is None:
        found.append(finding("ERASED", about))
    elif link.identities is None:
        found.append(finding("SUBJECT_COMMITMENT", about))
    # 3.
    proved = _stamped(link, materials, trust, policy, at, found)
    # 4.
    if attester is not None:
        found += attester_findings(
            attester, materials, trust, policy, used_at=proved or at, proved=proved is not None, now=at
        )
    return Linked(link, link.claims.valid_from, attester, in_order(found))


def _attester(link: IdentityLink, found: list[Finding]) -> Certificate | None:
    try:
        return certificates.parse(link.jws.certificate)
    except EidkitError as error:
        found.append(finding("ATTESTATION_MALFORMED", link.digest[:16], why=error.problem))
        return None


def _stamped(
    link: IdentityLink, materials: Material, trust: TrustStore, policy: Policy, at: datetime, found: list[Finding]
) -> datetime | None:
    """3. The time by which the link is proved to have been there; None where it is only claimed."""
    issued = link.claims.issued_at
    if issued > at + SKEW:
        found.append(finding("IDENTITY_LINK_TIME", link.digest[:16], issued=format_time(issued), time=format_time(at)))
    if link.timestamp is None:
        return None
    result = check_token(
        link.timestamp,
        imprints={name: hashlib.new(name, link.stamped).digest() for name in _DIGESTS},
        anchors=trust.of_kind("timestamping"),
        pool=materials.pool,
        crls=materials.crls,
        ocsps=materials.ocsps,
        at=at,
        freshness=policy.freshness,
        weak_allowed=policy.weak_algorithms_allowed,
    )
    if result.indication == "FAILED" or result.time is None:
        found += [reason for reason in result.findings if reason.severity == "error"]
    elif result.time < issued - SKEW:
        said = {"issued": format_time(issued), "time": format_time(result.time)}
        found.append(finding("IDENTITY_LINK_TIME", link.digest[:16], **said))
    return result.time if result.indication == "PASSED" else None
