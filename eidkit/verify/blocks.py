"""The basic building blocks of EN 319 102-1 V1.4.1 §5.2, each a pure function over Evidence.

1. format checking (§5.2.2)            → ``format_findings``
2. identification of the signing certificate (§5.2.3) → ``identify_signing_certificate``
3. cryptographic verification (§5.2.7)  → ``verify_cryptographically``
4. X.509 certificate validation (§5.2.6) → ``validate_certificate``, and what restricts the path (§5.2.8.4.2.1)
5. signature acceptance (§5.2.8)        → ``accept_algorithms``

Each gives findings; none stops at the first.  No network, no clock, no format, no parser of documents.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1 import attributes
from eidkit.asn1.certificate import readable
from eidkit.asn1.public_key import signature_holds
from eidkit.canonical import format_time
from eidkit.errors import EidkitError, NotSupported, Text
from eidkit.findings import Finding, finding
from eidkit.findings.strength import too_weak
from eidkit.trust.standing import Demand, standing_path
from eidkit.verify import longterm
from eidkit.verify.poe import Proofs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.policy import Policy
    from eidkit.trust.revocation import Status
    from eidkit.trust.store import Anchor
    from eidkit.trust.usage import Purpose
    from eidkit.verify.evidence import Evidence, SignatureEvidence

MAX_CANDIDATES = 400


@dataclass(frozen=True, slots=True)
class Material:
    """What a judgement may use beside the signature itself: candidate certificates and revocation answers."""

    pool: tuple[Certificate, ...]
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]


def material(evidence: Evidence, signature: SignatureEvidence | None = None) -> Material:
    """The candidates of a document, those inside one signature first; unreadable ones are left out."""
    own = signature.certificates if signature else ()
    crls = (signature.crls if signature else ()) + evidence.crls
    ocsps = (signature.ocsps if signature else ()) + evidence.ocsps
    unique = dict.fromkeys((*own, *evidence.certificates))
    return Material(tuple(readable(list(unique)[:MAX_CANDIDATES])), crls, ocsps)


def format_findings(signature: SignatureEvidence) -> list[Finding]:
    """§5.2.2: what the reader found wrong with the structure, and what changed around the signature."""
    return [finding(observation) for observation in signature.observations]


def identify_signing_certificate(
    signature: SignatureEvidence, pool: Sequence[Certificate]
) -> tuple[Certificate | None, list[Finding]]:
    """§5.2.3: the certificate that the signed reference names; a mere hint never decides when there is one."""
    if signature.certificate_references:
        named = [
            c
            for c in pool
            if any(
                _names(reference.algorithm, reference.digest, c) for reference in signature.certificate_references[:1]
            )
        ]
        if named:
            return named[0], _issuer_findings(signature, named[0])
        other = _hinted(signature, pool)
        return None, [
            finding("SIGNING_CERTIFICATE_MISMATCH" if other else "NO_SIGNING_CERTIFICATE_FOUND", signature.id)
        ]
    hinted = _hinted(signature, pool) or (pool[0] if len(pool) == 1 else None)
    if hinted is None:
        return None, [finding("NO_SIGNING_CERTIFICATE_FOUND", signature.id)]
    return hinted, [finding("SIGNER_NOT_BOUND", signature.id)]


def _issuer_findings(signature: SignatureEvidence, certificate: Certificate) -> list[Finding]:
    """The issuer and serial that the signed reference gives, when it gives them, are the certificate's."""
    stated = signature.certificate_references[0].issuer_serial
    try:
        agrees = stated is None or attributes.issuer_agrees(stated, certificate.issuer, certificate.serial_octets)
    except EidkitError:
        agrees = False
    return [] if agrees else [finding("ISSUER_SERIAL_MISMATCH", signature.id)]


def _names(algorithm: str, digest: bytes, certificate: Certificate) -> bool:
    if algorithm == "sha256":
        return digest.hex() == certificate.sha256
    if algorithm not in algorithms.DIGEST_BY_NAME:
        return False
    return hashlib.new(algorithm, certificate.der).digest() == digest


def _hinted(signature: SignatureEvidence, pool: Sequence[Certificate]) -> Certificate | None:
    if signature.signer_hint is None:
        return None
    issuer, serial = signature.signer_hint
    return next((c for c in pool if c.serial_octets == serial and c.issuer == issuer), None)


def verify_cryptographically(
    signature: SignatureEvidence, certificate: Certificate | None
) -> tuple[bool, list[Finding]]:
    """§5.2.7: every reference is found and matches, and the value is the key's over the octets.

    The key is the certificate's; a bare key that came without one serves for this block only, and names nobody.
    """
    found = (
        [finding("FORMAT_FAILURE", signature.id, why=Text("nothing is signed", "không có nội dung nào được ký"))]
        if not signature.references
        else []
    )
    for reference in signature.references:
        if reference.computed is None:
            found.append(finding("SIGNED_DATA_NOT_FOUND", signature.id, what=reference.name or _DOCUMENT))
        elif reference.computed != reference.declared:
            found.append(finding("HASH_FAILURE", signature.id, what=_what(reference.kind, reference.name)))
    algorithm = algorithms.SIGNATURE_BY_NAME.get(signature.algorithm)
    if algorithm is None or not algorithms.implemented(algorithm):
        found.append(finding("NOT_SUPPORTED", signature.id, what=_algorithm_of(signature)))
        return False, found
    if certificate is None and signature.bare_key is None:
        return False, found
    try:
        holds = _value_holds(signature, algorithm, certificate)
    except NotSupported as error:
        found.append(finding("NOT_SUPPORTED", signature.id, what=_unusable_key(error)))
        return False, found
    if not holds:
        found.append(finding("SIG_CRYPTO_FAILURE", signature.id))
    return not found, found


_DOCUMENT = Text("the document", "tài liệu")
_SIGNATURE = Text("the signature", "chữ ký")
_SIGNED_PROPERTIES = Text("the signed properties", "các thuộc tính đã ký")


def _what(kind: str, name: str) -> Text | str:
    return _SIGNED_PROPERTIES if kind == "signed-properties" else name or _DOCUMENT


def _algorithm_of(signature: SignatureEvidence) -> Text:
    return Text(f"the signature algorithm {signature.algorithm}", f"thuật toán chữ ký {signature.algorithm}")


def _unusable_key(error: NotSupported) -> Text:
    return Text(f"the signer's key ({error.code})", f"khóa của người ký ({error.code})")


def _value_holds(
    signature: SignatureEvidence, algorithm: algorithms.SignatureAlgorithm, certificate: Certificate | None
) -> bool:
    try:
        return signature_holds(
            certificate.spki if certificate else signature.bare_key or b"",
            algorithm,
            signature.value,
            signature.signed_octets,
            salt_length=signature.salt_length,
        )
    except NotSupported:
        raise
    except EidkitError:
        return False


@dataclass(frozen=True, slots=True)
class CertificateVerdict:
    """§5.2.6: the path found, why it may not be relied on, and the status of each certificate but the anchor."""

    path: tuple[Certificate, ...]
    findings: tuple[Finding, ...]
    statuses: tuple[Status, ...] = ()


def validate_certificate(
    certificate: Certificate,
    materials: Material,
    anchors: Sequence[Anchor],
    policy: Policy,
    *,
    used_at: datetime,
    proved: bool,
    now: datetime,
    purpose: Purpose = "signing",
    proofs: Proofs | None = None,
    assumed_until: datetime | None = None,
    also: Callable[[tuple[Certificate, ...]], tuple[Finding, ...]] | None = None,
) -> CertificateVerdict:
    """§5.2.6: path to an anchor, period and revocation at the time of use; without proof of time, at present.

    With a proved time, what the path rests on must be as old as it has to be, by ``proofs`` (§5.6.2).
    ``assumed_until`` as in :class:`eidkit.trust.standing.Demand`.  ``also`` tells what else speaks against a
    path, as in :func:`eidkit.trust.standing.standing_path`.
    """
    demand = Demand(
        used_at,
        now,
        harmless_after=used_at,
        unknown="warning" if policy.revocation == "warn" else "error",
        assumed_until=assumed_until,
        freshness=policy.freshness,
        weak=policy.weak_algorithms_allowed,
    )
    chosen = standing_path(
        certificate,
        demand,
        pool=materials.pool,
        anchors=anchors,
        purpose=purpose,
        crls=materials.crls,
        ocsps=materials.ocsps,
        also=also,
    )
    result, statuses = chosen.result, chosen.statuses
    found = [*result.findings, *_period(certificate, used_at, statuses, proved=proved), *chosen.findings]
    found += longterm.ended_signers(
        result.path,
        statuses,
        demand,
        proofs=proofs or Proofs(now),
        crls=materials.crls,
        ocsps=materials.ocsps,
        pool=materials.pool,
    )
    if proved and proofs is not None:
        found += longterm.unproved(
            result.path,
            statuses,
            demand,
            anchors=anchors,
            proofs=proofs,
            crls=materials.crls,
            ocsps=materials.ocsps,
            pool=materials.pool,
        )
    return CertificateVerdict(result.path, tuple(found), statuses)


def _period(certificate: Certificate, used_at: datetime, statuses: Sequence[Status], *, proved: bool) -> list[Finding]:
    """§5.2.6.4, 7), and §5.5.4, 4): outside its period a certificate is only worth something with a proof of time.

    What exists before the certificate begins was not made with it; without a proof §5.5.4 comes to that only where the
    status of the path is known.  After its end it makes a difference whether all of it is known not to be revoked.
    """
    subject = certificate.subject_text
    if used_at < certificate.not_before:
        known = bool(statuses) and all(status.state != "unknown" for status in statuses)
        code = "NOT_YET_VALID" if proved or known else "OUT_OF_BOUNDS_NO_POE"
        return [finding(code, subject, subject=subject, time=format_time(certificate.not_before))]
    if used_at > certificate.not_after:
        clean = bool(statuses) and all(status.state == "good" for status in statuses)
        code = "OUT_OF_BOUNDS_NOT_REVOKED" if clean else "OUT_OF_BOUNDS_NO_POE"
        return [finding(code, subject, subject=subject, time=format_time(certificate.not_after))]
    return []


def accept_algorithms(signature: SignatureEvidence, policy: Policy, used_at: datetime) -> list[Finding]:
    """§5.2.8: digests and signature algorithm that may be relied on at the time of use (keys: with the path)."""
    row = algorithms.SIGNATURE_BY_NAME.get(signature.algorithm)
    found = []
    for what, weakness in _judged(signature, row):
        strict, weak = weakness(used_at, frozenset()), weakness(used_at, policy.weak_algorithms_allowed)
        if weak is not None:
            found.append(too_weak(signature.id, what, weak, used_at))
        elif strict is not None:
            found.append(finding("WEAK_ALGORITHM_ALLOWED", signature.id, what=what, algorithm=strict.name))
    if signature.algorithm.startswith("dsa"):
        found.append(finding("NOT_SUPPORTED", signature.id, what=_algorithm_of(signature)))
    return found


def _judged(
    signature: SignatureEvidence, row: algorithms.SignatureAlgorithm | None
) -> Iterator[tuple[Text | str, Callable[[datetime, frozenset[str]], algorithms.Weakness | None]]]:
    """What is judged, and how: the digest of each reference, and the signature's own algorithm."""
    for reference in signature.references:
        yield reference.name or _DOCUMENT, partial(algorithms.digest_weakness, reference.algorithm)
    if row is not None:
        yield _SIGNATURE, partial(algorithms.signature_weakness, row)
    else:
        yield _SIGNATURE, partial(algorithms.digest_weakness, signature.digest_algorithm)
