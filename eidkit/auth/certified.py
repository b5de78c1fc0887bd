"""The certificate with which a person logs in: judged at the login, kept, and judged again years later.

1. A path to an anchor of kind *login*, for the purpose of logging in (RFC 5280 §6): the certificate may make digital
   signatures and, where it restricts itself, authenticate clients; one that is for non-repudiation only is refused.
2. The status of each certificate on the path; the answers that showed it are kept with the proof.
3. The certificate's own period, at the moment of the login.
4. The holder is a person, named by :mod:`eidkit.trust.subject`.

The later verifier judges the same material at the same moment, with anchors of its own: certificates and answers in
a proof are only candidates.  A key is worth two factors only where its issuer states in the certificate that it lies
in a device that asks its holder (EN 319 412-5 §4.2.2); otherwise it may be a file, and is worth one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from eidkit import algorithms
from eidkit.asn1 import certificate as certificates
from eidkit.asn1 import constraints, der, extension
from eidkit.auth import assurance
from eidkit.auth.foreign import NotAccepted
from eidkit.binding import shape
from eidkit.errors import EidkitError
from eidkit.policy import ETSI_BASELINE, Policy
from eidkit.trust.chasing import chased
from eidkit.trust.path import find_path
from eidkit.trust.sources import Sources
from eidkit.trust.subject import subject_of
from eidkit.verify.certificate import verify_certificate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from eidkit.asn1.certificate import Certificate
    from eidkit.auth.rechecked import Newer
    from eidkit.binding.authentication import Assurance
    from eidkit.identity import Identity
    from eidkit.transport import Transport
    from eidkit.trust.store import TrustStore
    from eidkit.verify.certificate import CertificateReport

Purpose = Literal["login", "signing"]
MAX_CERTIFICATE = 16 * 1024
MAX_ISSUERS = 8
MAX_KEPT = 2 * 1024 * 1024
"""Octets of certificates and answers that are kept with one login."""
_QC_STATEMENTS, _QC_SSCD = "1.3.6.1.5.5.7.1.3", "0.4.0.1862.1.4"
MEMBERS = ("certificate", "crls", "issuers", "ocsps")


class Kept(NamedTuple):
    """A certificate (DER) with the issuers, CRLs and OCSP answers that show what it is worth."""

    certificate: bytes
    issuers: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The members of a proof, each in base64url."""
        listed = {name: [shape.base64url(one) for one in getattr(self, name)] for name in ("issuers", "crls", "ocsps")}
        return {"certificate": shape.base64url(self.certificate), **listed}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Kept:
        """The value of these members; raises EidkitError."""
        listed = (
            shape.items(row[name], lambda one: shape.base64url_bytes(one, "proof"), name, limit=64)
            for name in ("issuers", "crls", "ocsps")
        )
        return cls(shape.base64url_bytes(row["certificate"], "certificate"), *listed)

    def parsed(self) -> Certificate:
        """The certificate read; NotAccepted when it cannot be, or its key is not one to rely on."""
        if len(self.certificate) > MAX_CERTIFICATE:
            raise NotAccepted("certificate-size")
        try:
            return certificates.parse(self.certificate)
        except EidkitError as error:
            raise NotAccepted("certificate-shape") from error

    def public_key(self) -> PublicKeyTypes:
        """Its public key; NotAccepted for one that is unknown or too weak."""
        try:
            key = self.parsed().public_key()
        except EidkitError as error:
            raise NotAccepted("certificate-key") from error
        if not algorithms.key_acceptable(*algorithms.key_kind(key)):
            raise NotAccepted("certificate-key")
        return key

    def report(
        self, trust: TrustStore, at: datetime, policy: Policy = ETSI_BASELINE, purpose: Purpose = "login"
    ) -> CertificateReport:
        """The plan's 1 to 3, with nothing but what is kept here; raises EidkitError for what is none of it."""
        return verify_certificate(
            self.certificate,
            trust,
            purpose=purpose,
            intermediates=self.issuers,
            revocation=(*self.crls, *self.ocsps),
            at=at,
            policy=policy,
        )

    def later_report(self, trust: TrustStore, newer: Newer) -> CertificateReport:
        """What answers that came after the login say of the certificate, instead of those that are kept here."""
        return verify_certificate(
            self.certificate,
            trust,
            purpose="login",
            intermediates=self.issuers,
            at=newer.at,
            sources=newer.sources,
            transport=newer.transport,
        )


class Inquiry(NamedTuple):
    """With what a certificate is judged when it is presented, and for which purpose."""

    trust: TrustStore
    sources: Sources | None
    policy: Policy
    transport: Transport | None
    purpose: Purpose = "login"


def accepted(certificate: bytes, issuers: Iterable[bytes], given: Inquiry, at: datetime) -> Kept:
    """The certificate with what shows that it is good at ``at``; NotAccepted with the first reason otherwise.

    OCSP answers alone are kept where they are enough, because CRLs are long.
    """
    leaf = Kept(certificate).parsed()
    try:
        kept = _gathered(leaf, tuple(issuers)[:MAX_ISSUERS], given, at)
    except EidkitError as error:
        raise NotAccepted("certificate-shape") from error
    reason = "certificate"
    for candidate in (kept._replace(crls=()), kept):
        if _size(candidate) > MAX_KEPT:
            raise NotAccepted("revocation-data-size")
        try:
            report = candidate.report(given.trust, at, given.policy, given.purpose)
        except EidkitError as error:
            raise NotAccepted("certificate-shape") from error
        if report:
            return candidate
        reason = next((found.code for found in report.findings if found.severity == "error"), "certificate")
    raise NotAccepted(reason)


def person(kept: Kept) -> Identity | None:
    """The person whom the certificate names (the plan's 4), or None for an organisation or an ambiguous name."""
    return subject_of(kept.parsed()).person


def in_device(kept: Kept) -> bool:
    """Whether the issuer states that the key lies in a qualified device (QcSSCD)."""
    _, value = kept.parsed().extensions.get(_QC_STATEMENTS, (False, None))
    try:
        stated = () if value is None else der.whole(value).items(limit=64)
        return any(der.oid(one.first()) == _QC_SSCD for one in stated)
    except EidkitError:
        return False


def policies(kept: Kept) -> frozenset[str]:
    """The policies that the certificate names (RFC 5280 §4.2.1.4); NotAccepted where they cannot be read."""
    try:
        stated = kept.parsed().read(extension.CERTIFICATE_POLICIES, constraints.certificate_policies)
    except EidkitError as error:
        raise NotAccepted("certificate-shape") from error
    return frozenset() if stated is None else frozenset(stated.oids)


def factors(method: str, kept: Kept) -> tuple[str, ...]:
    """The factor kinds that a use of this key shows by ``method``."""
    return assurance.factors(method) if in_device(kept) else ("have",)


def worth(method: str, kept: Kept) -> tuple[Assurance, ...]:
    """The assurance of a login with this key by ``method``."""
    return assurance.assess(method, factors(method, kept))


def _gathered(leaf: Certificate, issuers: tuple[bytes, ...], given: Inquiry, at: datetime) -> Kept:
    """A path and what the Sources have about it; without a path nobody is asked about anything."""
    sources = given.sources or Sources()
    anchors = given.trust.of_kind(given.purpose)
    pool = tuple(certificates.readable((*issuers, *sources.certificates())))
    path = _path(leaf, pool, given, at)
    if not path:
        pool += chased(leaf, pool, anchors, sources, transport=given.transport)
        path = _path(leaf, pool, given, at)
    crls: dict[bytes, None] = {}
    ocsps: dict[bytes, None] = {}
    for certificate, issuer in pairwise(path):
        found_crls, found_ocsps = sources.revocation(certificate, issuer, transport=given.transport, at=at)
        crls.update(dict.fromkeys(found_crls))
        ocsps.update(dict.fromkeys(found_ocsps))
    between = tuple(one.der for one in path[1:-1])
    # Responders and CRL issuers that were given may be needed too; they are few, or the bound refuses them.
    others = tuple(one for one in sources.certificates() if one not in between)[:MAX_ISSUERS]
    return Kept(leaf.der, (*between, *others), tuple(crls), tuple(ocsps))


def _path(leaf: Certificate, pool: tuple[Certificate, ...], given: Inquiry, at: datetime) -> tuple[Certificate, ...]:
    anchors = given.trust.of_kind(given.purpose)
    found = find_path(leaf, pool=pool, anchors=anchors, at=at, purpose=given.purpose, leaf_period=False)
    return found.path if found.ok else ()


def _size(kept: Kept) -> int:
    return sum(len(one) for one in (kept.certificate, *kept.issuers, *kept.crls, *kept.ocsps))
