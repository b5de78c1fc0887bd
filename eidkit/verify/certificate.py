"""``verify_certificate``: what one certificate is worth for a purpose, and why (EN 319 102-1 §5.2.6, RFC 5280 §6).

1. Given certificates and answers, then those of the Sources; a path to an anchor of the purpose's kind.
2. Where a path holds, the status of each certificate on it; another path is tried where one speaks against it.
   The network is asked only about certificates on a path that ends at an anchor of ours.
3. The certificate's own period, at the time asked for.
4. The verdict is the worst of it: FAILED for what is proved wrong, INDETERMINATE for what is open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from eidkit.asn1 import certificate as certificates
from eidkit.asn1.constraints import ANY_POLICY
from eidkit.canonical import format_time
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import EidkitError, Text
from eidkit.findings import Finding, finding, in_order
from eidkit.policy import ETSI_BASELINE, Policy
from eidkit.trust.chasing import chased
from eidkit.trust.path import PathResult, find_path
from eidkit.trust.policies import PolicyInputs
from eidkit.trust.sources import Sources
from eidkit.trust.standing import Demand, standing, statuses_of
from eidkit.verify import longterm
from eidkit.verify.poe import Proofs
from eidkit.verify.report import not_passed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography import x509

    from eidkit.asn1.certificate import Certificate
    from eidkit.transport import Transport
    from eidkit.trust.revocation import Status
    from eidkit.trust.store import Anchor, TrustStore

    _Told = tuple[tuple[Certificate, ...], tuple[bytes, ...], tuple[bytes, ...], tuple[Certificate, ...]]

CertificateVerdict = Literal["PASSED", "INDETERMINATE", "FAILED"]
CertificatePurpose = Literal["signing", "timestamping", "login", "attestation", "any"]
CertificateStatus = Literal["good", "revoked", "unknown", "not-checked"]
PURPOSES: tuple[CertificatePurpose, ...] = ("signing", "timestamping", "login", "attestation", "any")
_REVOKED_LEAF = {"REVOKED", "REVOKED_NO_POE"}
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,38})){1,64}")
SCHEMA = 1
MAX_TOLD = 8
"""How many failures to fetch something are told."""


class PathEntryJson(TypedDict):
    """One certificate of the path in the JSON contract."""

    subject: str
    issuer: str
    serial: str
    sha256: str
    status: CertificateStatus
    status_source: str | None
    revoked_at: str | None


class CertificateJson(TypedDict):
    """What ``eidkit certificate --json`` prints for one certificate."""

    schema: int
    certificate: str
    subject: str
    purpose: CertificatePurpose
    validation_time: str
    verdict: CertificateVerdict
    indication: CertificateVerdict
    subindication: str | None
    path: list[PathEntryJson]
    policies: list[str]
    findings: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One certificate of the path; ``status`` is ``not-checked`` for the anchor, and where nothing was asked.

    A suspended certificate is ``revoked`` here; its finding says that the suspension may end.  ``subject`` and
    ``issuer`` are for people, long numbers masked; ``serial`` is hexadecimal.
    """

    subject: str
    issuer: str
    serial: str
    sha256: str
    status: CertificateStatus
    status_source: Literal["crl", "ocsp"] | None = None
    revoked_at: datetime | None = None

    def to_json(self) -> PathEntryJson:
        """The entry as the JSON contract has it."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "sha256": self.sha256,
            "status": self.status,
            "status_source": self.status_source,
            "revoked_at": format_time(self.revoked_at) if self.revoked_at else None,
        }


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """What one certificate is worth for one purpose at one time, with every reason; threads may share it.

    ``certificate`` is its SHA-256 (hex), ``path`` leaf first and anchor last (empty when there is none, the best one
    that failed otherwise), ``policies`` the user-constrained policy set of RFC 5280 §6.1.6 (OIDs, sorted).  True
    exactly when the verdict is PASSED.
    """

    certificate: str
    subject: str
    purpose: CertificatePurpose
    validation_time: datetime
    verdict: CertificateVerdict
    subindication: str | None
    path: tuple[PathEntry, ...]
    policies: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def indication(self) -> CertificateVerdict:
        """The main indication; for a certificate it is the verdict."""
        return self.verdict

    def __bool__(self) -> bool:
        return self.verdict == "PASSED"

    def require(self) -> CertificateReport:
        """This report if it is passed; otherwise raises :class:`VerificationFailed` with the first reason."""
        if self:
            return self
        raise not_passed("certificate-not-passed", Text(self.subject, self.subject), self, self.findings)

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, language: str = "en") -> str:
        """The report for people, ``"en"`` or ``"vi"``: conclusion, path, reasons with their remedies."""
        from eidkit.verify.render import certificate

        return certificate.rendered(self, language)

    def to_json(self) -> CertificateJson:
        """The report as the JSON contract has it (JSON-able values only)."""
        return {
            "schema": SCHEMA,
            "certificate": self.certificate,
            "subject": self.subject,
            "purpose": self.purpose,
            "validation_time": format_time(self.validation_time),
            "verdict": self.verdict,
            "indication": self.indication,
            "subindication": self.subindication,
            "path": [entry.to_json() for entry in self.path],
            "policies": list(self.policies),
            "findings": [found.to_json() for found in self.findings],
        }


def verify_certificate(
    certificate: x509.Certificate | bytes,
    trust: TrustStore,
    *,
    purpose: CertificatePurpose = "signing",
    intermediates: Iterable[x509.Certificate | bytes] = (),
    revocation: Iterable[Any] = (),
    at: datetime | None = None,
    policies: frozenset[str] = frozenset(),
    require_explicit_policy: bool = False,
    inhibit_policy_mapping: bool = False,
    inhibit_any_policy: bool = False,
    sources: Sources | None = None,
    policy: Policy = ETSI_BASELINE,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> CertificateReport:
    """The report on ``certificate`` (a ``cryptography`` one, DER or PEM) for ``purpose``; ``bool`` is its verdict.

    Only anchors of the purpose's kind count (``"any"``: every one).  ``intermediates`` may complete a path,
    ``revocation`` are CRLs and OCSP answers (PEM or DER bytes, or ``cryptography``'s); both are only candidates.
    ``at`` (with a time zone) replaces the present and proves nothing.  ``policies`` and the three flags are the inputs
    of RFC 5280 §6.1.1 (no policies: every one will do).  No socket is opened unless ``sources`` holds one.  Not for
    signatures: :func:`eidkit.verify.verify` also knows when a key was used.  Raises :class:`EidkitError` only for what
    cannot be read at all, or for a purpose or time that is none.
    """
    _check_inputs(purpose, at, policies)
    leaf = _single(certificate)
    given = Sources.told_apart(_bytes(item) for item in (*intermediates, *revocation)) + (sources or Sources())
    inputs = PolicyInputs(
        policies or frozenset({ANY_POLICY}), require_explicit_policy, inhibit_policy_mapping, inhibit_any_policy
    )
    inquiry = _Inquiry(leaf, purpose, at or clock.now(), policy, inputs, given, transport)
    return inquiry.report(_anchors(trust, purpose))


def _check_inputs(purpose: str, at: datetime | None, policies: frozenset[str]) -> None:
    if purpose not in PURPOSES:
        raise EidkitError(
            "purpose-unknown",
            Text(f"{purpose[:40]!r} is not a purpose of certificates", f"{purpose[:40]!r} không phải mục đích"),
            Text(f"use one of {', '.join(PURPOSES)}", f"dùng một trong {', '.join(PURPOSES)}"),
        )
    if at is not None and at.tzinfo is None:
        raise EidkitError(
            "time-without-zone",
            Text("at= has no time zone", "at= không có múi giờ"),
            Text("give datetime(…, tzinfo=UTC)", "ghi datetime(…, tzinfo=UTC)"),
        )
    for policy in policies:
        if not _OID.fullmatch(policy):
            raise EidkitError(
                "policy-oid",
                Text(f"{policy[:80]!r} is not a policy's OID", f"{policy[:80]!r} không phải OID chính sách"),
                Text("write it in dots, like 2.16.704.1.1.2", "ghi dạng có dấu chấm, như 2.16.704.1.1.2"),
            )


def _bytes(item: Any) -> bytes:
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(item)
    from cryptography.hazmat.primitives.serialization import Encoding

    return bytes(item.public_bytes(Encoding.DER))


def _single(certificate: x509.Certificate | bytes) -> Certificate:
    if not isinstance(certificate, (bytes, bytearray, memoryview)):
        return certificates.of(certificate)
    found = certificates.load(bytes(certificate))
    if len(found) != 1:
        raise EidkitError(
            "one-certificate",
            Text(f"{len(found)} certificates stand where one belongs", f"có {len(found)} chứng thư thay vì một"),
            Text("give its issuers as intermediates", "cung cấp các chứng thư cấp trên riêng"),
        )
    return found[0]


def _anchors(trust: TrustStore, purpose: CertificatePurpose) -> tuple[Anchor, ...]:
    return trust.anchors if purpose == "any" else trust.of_kind(purpose)


@dataclass(slots=True)
class _Inquiry:
    """One certificate, what is asked of it, and the answers found so far."""

    leaf: Certificate
    purpose: CertificatePurpose
    at: datetime
    policy: Policy
    inputs: PolicyInputs
    sources: Sources
    transport: Transport | None
    pool: tuple[Certificate, ...] = ()
    asked: set[tuple[str, str]] = field(default_factory=set)
    crls: dict[bytes, None] = field(default_factory=dict)
    ocsps: dict[bytes, None] = field(default_factory=dict)
    problems: list[EidkitError] = field(default_factory=list)
    told: tuple[_Told, tuple[Status, ...]] | None = None
    """The last statuses, and what they rest on: the path, the lists, the answers and the candidates."""

    def report(self, anchors: tuple[Anchor, ...]) -> CertificateReport:
        """1. to 4. of the plan."""
        self.pool = tuple(certificates.readable(self.sources.certificates()))
        self.crls = dict.fromkeys(self.sources.given_crls)
        self.ocsps = dict.fromkeys(self.sources.given_ocsps)
        result = self._path(anchors)  # 1. and 2.
        if not result.path and anchors:
            self.pool += chased(
                self.leaf, self.pool, anchors, self.sources, transport=self.transport, problems=self.problems
            )
            result = self._path(anchors)
        statuses = self._statuses(result.path)
        found = [*result.findings, *self._standing(result.path), *self._period()]
        if not result.path or any(status.state == "unknown" for status in statuses):
            told = dict.fromkeys(problem.problem for problem in self.problems)
            found += [finding("NOT_FETCHED", why=why) for why in list(told)[:MAX_TOLD]]
        return self._concluded(result, statuses, in_order(found))

    def _path(self, anchors: tuple[Anchor, ...]) -> PathResult:
        return find_path(
            self.leaf,
            pool=self.pool,
            anchors=anchors,
            at=self.at,
            purpose=self.purpose,
            leaf_period=False,
            weak=self.policy.weak_algorithms_allowed,
            policies=self.inputs,
            also=self._standing,
        )

    def _demand(self) -> Demand:
        return Demand(
            self.at,
            self.at,
            used_at=self.at,
            unknown="warning" if self.policy.revocation == "warn" else "error",
            freshness=self.policy.freshness,
            weak=self.policy.weak_algorithms_allowed,
        )

    def _statuses(self, path: tuple[Certificate, ...]) -> tuple[Status, ...]:
        """2. The status of each certificate but the anchor; the network is asked once about each."""
        for certificate, issuer in pairwise(path):
            if not self.sources.network or (certificate.sha256, issuer.sha256) in self.asked:
                continue
            self.asked.add((certificate.sha256, issuer.sha256))
            crls, ocsps = self.sources.revocation(
                certificate, issuer, transport=self.transport, at=self.at, problems=self.problems
            )
            self.crls.update(dict.fromkeys(crls))
            self.ocsps.update(dict.fromkeys(ocsps))
        resting_on = path, tuple(self.crls), tuple(self.ocsps), self.pool
        if self.told is None or self.told[0] != resting_on:
            _, crls, ocsps, pool = resting_on
            self.told = resting_on, statuses_of(path, self._demand(), crls=crls, ocsps=ocsps, pool=pool)
        return self.told[1]

    def _standing(self, path: tuple[Certificate, ...]) -> list[Finding]:
        statuses = self._statuses(path)
        demand = self._demand()
        found = [one for one in standing(path, statuses, demand) if one.code not in _REVOKED_LEAF]
        found += longterm.ended_signers(
            path, statuses, demand, proofs=Proofs(self.at), crls=tuple(self.crls), ocsps=tuple(self.ocsps),
            pool=self.pool,
        )  # fmt: skip
        if statuses and statuses[0].state == "revoked":
            who, since = self.leaf.subject_text, statuses[0].revoked_at
            time, reason = format_time(since) if since else "?", statuses[0].reason
            found.append(finding("CERTIFICATE_REVOKED", who, subject=who, time=time, reason=reason))
        return found

    def _period(self) -> list[Finding]:
        """3. Both ends belong to the period (RFC 5280 §4.1.2.5)."""
        who = self.leaf.subject_text
        if self.at < self.leaf.not_before:
            begins = format_time(self.leaf.not_before)
            return [finding("CERTIFICATE_NOT_YET_VALID", who, subject=who, time=begins)]
        if self.at > self.leaf.not_after:
            return [finding("CERTIFICATE_EXPIRED", who, subject=who, time=format_time(self.leaf.not_after))]
        return []

    def _concluded(
        self, result: PathResult, statuses: tuple[Status, ...], found: tuple[Finding, ...]
    ) -> CertificateReport:
        """4. The verdict over everything found."""
        errors = [one for one in found if one.severity == "error"]
        gravest = next((one for one in errors if one.indication == "TOTAL-FAILED"), errors[0] if errors else None)
        verdict: CertificateVerdict = "PASSED"
        if gravest is not None or not result.path:
            failed = gravest is not None and gravest.indication == "TOTAL-FAILED"
            verdict = "FAILED" if failed else "INDETERMINATE"
        return CertificateReport(
            self.leaf.sha256,
            self.leaf.subject_text,
            self.purpose,
            self.at,
            verdict,
            gravest.subindication if gravest else None,
            tuple(_entry(one, statuses[at] if at < len(statuses) else None) for at, one in enumerate(result.path)),
            tuple(sorted(result.policies)),
            found,
        )


_STATES: dict[str, CertificateStatus] = {"good": "good", "revoked": "revoked", "hold": "revoked", "unknown": "unknown"}


def _entry(certificate: Certificate, status: Status | None) -> PathEntry:
    subject, issuer = certificate.subject_text, certificate.issuer_text
    serial, sha256 = f"{certificate.serial:x}", certificate.sha256
    if status is None:
        return PathEntry(subject, issuer, serial, sha256, "not-checked")
    return PathEntry(subject, issuer, serial, sha256, _STATES[status.state], status.source, status.revoked_at)
