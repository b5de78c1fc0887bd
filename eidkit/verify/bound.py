"""Whether a signature is bound to a login: the Assertion inside it against the authentication files at hand.

The plan (binding.md §6, "verify of one file"); every number stands at its check:
1. one Assertion of ours in the signature, a readable attestation whose signature holds (§6.2);
2. its key is used for nothing else: it did not make this signature (§3);
3. the authentication file that it names is at hand, and each of its members equals the file's (§6.2);
4. its certificate chains to an anchor of kind *attestation*, judged at the best signature time (§6.6);
5. the signature's own content digest is among the transaction's documents, and it shows what the transaction says
   of that document: that stamp at that place, or nothing (§1, §6.3);
6. the times: challenge, login, attestation, signature, certificate (§6.6, without the age limit).

``bound: yes`` says no more than this; only :meth:`eidkit.dossier.Dossier.verify` proves a step.  A pure
function: no network, no clock, no format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eidkit.asn1 import certificate as certificates
from eidkit.binding.attestation import Attestation
from eidkit.canonical import format_time
from eidkit.errors import EidkitError
from eidkit.findings import Finding, as_warning, finding, in_order
from eidkit.policy import SKEW
from eidkit.verify import blocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.binding.authentication import Assurance, Authentication
    from eidkit.binding.transaction import ShownAppearance, Transaction
    from eidkit.policy import Policy
    from eidkit.trust.store import TrustStore
    from eidkit.verify.evidence import SignatureEvidence
    from eidkit.verify.poe import Proofs

State = Literal["yes", "no", "not-given"]
_INCONCLUSIVE = frozenset(
    {
        "LOGIN_NOT_GIVEN",
        "CONTENT_NOT_IN_TRANSACTION",
        "CONTENT_FORM",
        "LOGIN_TIME_CLAIMED",
        "ATTESTATION_UNTRUSTED",
        "ATTESTATION_STATUS_UNKNOWN",
        "ATTESTATION_NO_POE",
    }
)
"""Findings that leave open whether the signature belongs to its login; every other error refutes it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How a signature and its login hang together.

    ``state``: ``"yes"``; ``"no"`` when something contradicts; ``"not-given"`` when the authentication file, its
    service's chain or status, or what ties it to this very content and time, is not at hand.
    ``time`` is when the person authenticated; ``attester`` is the certificate of the service that attested.
    """

    state: State
    method: str | None
    assurance: str | None
    proof_class: str | None
    time: datetime | None
    authentication: Authentication | None
    attester: Certificate | None
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, object]:
        """The login as the JSON contract of ``eidkit verify`` has it."""
        return {
            "method": self.method,
            "assurance": self.assurance,
            "proof_class": self.proof_class,
            "time": format_time(self.time) if self.time else None,
            "bound": self.state,
        }


def bound(
    signature: SignatureEvidence,
    authentications: Sequence[Authentication],
    *,
    trust: TrustStore,
    pool: Sequence[Certificate],
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    best_time: datetime,
    time_proved: bool,
    signer: Certificate | None,
    at: datetime,
    policy: Policy,
    proofs: Proofs | None = None,
    assumed_until: datetime | None = None,
) -> Bound | None:
    """The login that ``signature`` carries, judged; None when it carries none.  Numbers: the plan above."""
    if not signature.assertions:
        return None
    # 1.
    attestation, found = read_attestation(signature)
    if attestation is None:
        return Bound("no", None, None, None, None, None, None, in_order(found))
    attester = _attester(attestation, found, signature.id)
    # 2.
    if attester is not None and signer is not None and attester.spki == signer.spki:
        found.append(finding("ATTESTATION_KEY_REUSED", signature.id))
    # 3.
    authentication = matching(attestation, authentications)
    if authentication is None:
        found.append(finding("LOGIN_NOT_GIVEN", signature.id))
        return _concluded(attestation, None, attester, found)
    found += [
        finding("ATTESTATION_DISAGREES", signature.id, member=name)
        for name in attestation.disagreements(authentication)
    ]
    # 4.
    materials = blocks.Material(tuple(pool), tuple(crls), tuple(ocsps))
    if attester is not None:
        found += attester_findings(
            attester, materials, trust, policy, used_at=best_time, proved=time_proved, now=at, proofs=proofs,
            assumed_until=assumed_until,
        )  # fmt: skip
    # 5.
    found += _content(signature, authentication)
    # 6.
    issued_at = attestation.claims.issued_at
    found += _times(signature.id, authentication, issued_at, best_time, signer, proved=time_proved)
    return _concluded(attestation, authentication, attester, found)


def read_attestation(signature: SignatureEvidence) -> tuple[Attestation | None, list[Finding]]:
    """§6.2: the one attestation in the signature and what is wrong with it; None when none can be read."""
    found = []
    if len(signature.assertions) != 1:
        found.append(finding("ASSERTION_REPEATED", signature.id, count=len(signature.assertions)))
    try:
        attestation = Attestation.read(signature.assertions[0])
    except EidkitError as error:
        return None, [*found, finding("ATTESTATION_MALFORMED", signature.id, why=error.problem)]
    if not attestation.signature_holds():
        found.append(finding("ATTESTATION_SIGNATURE", signature.id))
    return attestation, found


def matching(attestation: Attestation, authentications: Sequence[Authentication]) -> Authentication | None:
    """The authentication file that the attestation names, one with its identity first."""
    # The file that carries this very attestation first: a digest is dear, and a dossier has many files.
    likely = sorted(authentications, key=lambda a: (a.attestation != attestation.text, a.disclosure is None))
    return next((a for a in likely if a.digest == attestation.claims.authentication), None)


def _attester(attestation: Attestation, found: list[Finding], about: str) -> Certificate | None:
    try:
        return certificates.parse(attestation.certificate)
    except EidkitError as error:
        found.append(finding("ATTESTATION_MALFORMED", about, why=error.problem))
        return None


_UNTRUSTED = "ATTESTATION_UNTRUSTED"
_AS_ATTESTER = {
    "NOT_YET_VALID": "ATTESTATION_PERIOD",
    "OUT_OF_BOUNDS_NO_POE": "ATTESTATION_PERIOD",
    "OUT_OF_BOUNDS_NOT_REVOKED": "ATTESTATION_PERIOD",
    "EXPIRED": "ATTESTATION_PERIOD",
    "REVOKED": "ATTESTATION_REVOKED",
    "REVOKED_NO_POE": "ATTESTATION_REVOKED",
    "REVOKED_CA_NO_POE": "ATTESTATION_REVOKED",
    "ON_HOLD": "ATTESTATION_REVOKED",
    "STATUS_UNKNOWN": "ATTESTATION_STATUS_UNKNOWN",
    "REVOCATION_OUT_OF_BOUNDS_NO_POE": "ATTESTATION_STATUS_UNKNOWN",
    "NO_POE": "ATTESTATION_NO_POE",
}
"""What a certificate's finding means where the certificate is the attesting service's."""


def attester_findings(
    attester: Certificate,
    materials: blocks.Material,
    trust: TrustStore,
    policy: Policy,
    *,
    used_at: datetime,
    proved: bool,
    now: datetime,
    proofs: Proofs | None = None,
    assumed_until: datetime | None = None,
) -> list[Finding]:
    """§6.6: the attester's path, period and status at the best signature time; no answer after expiry is NO_POE."""
    anchors = trust.of_kind("attestation")
    subject = attester.subject_text
    if not anchors:
        return [finding(_UNTRUSTED, subject, subject=subject)]
    verdict = blocks.validate_certificate(
        attester, materials, anchors, policy, used_at=used_at, proved=proved, now=now, purpose="attestation",
        proofs=proofs, assumed_until=assumed_until,
    )  # fmt: skip
    found = []
    for reason in verdict.findings:
        if reason.severity == "info" or reason.code == "REVOCATION_REFUSED":
            continue
        code = _AS_ATTESTER.get(reason.code, _UNTRUSTED)
        if code == "ATTESTATION_STATUS_UNKNOWN" and now > attester.not_after:
            code = "ATTESTATION_NO_POE"
        named = finding(code, subject, subject=subject, time=format_time(used_at))
        found.append(as_warning(named) if reason.severity == "warning" else named)
    return found


def _content(signature: SignatureEvidence, authentication: Authentication) -> list[Finding]:
    """§6.3: the content that this signature covers is one of the transaction's documents."""
    if signature.content is None:
        return [finding("CONTENT_FORM", signature.id)]
    content = (signature.content.sha256, signature.content.length)
    labels = [d.label for d in authentication.transaction.documents if (d.sha256, d.length) == content]
    if labels:
        return appearance_differences(signature, authentication.transaction, labels)
    return [finding("CONTENT_NOT_IN_TRANSACTION", signature.id)]


def appearance_differences(
    signature: SignatureEvidence, transaction: Transaction, labels: Sequence[str]
) -> list[Finding]:
    """§1, §2: where what is seen of ``signature`` is not what the transaction names for a document of ``labels``."""
    named = {entry.document: entry for entry in transaction.appearance}
    different = [_differs(signature, named.get(label)) for label in labels]
    return [] if None in different else [one for one in different if one is not None][:1]


def _differs(signature: SignatureEvidence, named: ShownAppearance | None) -> Finding | None:
    seen, about = signature.appearance, signature.id
    if seen is None or named is None:
        if seen is not None:
            return finding("APPEARANCE_NOT_NAMED", about, page=seen.page)
        return finding("APPEARANCE_MISSING", about, page=named.page) if named is not None else None
    if (seen.page, seen.rectangle) != (named.page, named.rectangle):
        return finding("APPEARANCE_ELSEWHERE", about, page=named.page, found=seen.page)
    return finding("APPEARANCE_OTHER", about, page=seen.page) if seen.sha256 != named.sha256 else None


def _times(
    about: str,
    authentication: Authentication,
    issued_at: datetime,
    best_time: datetime,
    signer: Certificate | None,
    *,
    proved: bool,
) -> list[Finding]:
    """§6.6, without the age limit of a step."""
    found = []
    login, challenge = authentication.authenticated_at, authentication.challenge
    if not challenge.issued <= login <= challenge.expires:
        times = {"time": login, "issued": challenge.issued, "expires": challenge.expires}
        found.append(finding("CHALLENGE_TIMES", about, **{name: format_time(moment) for name, moment in times.items()}))
    if issued_at < login:
        found.append(finding("ATTESTED_BEFORE_LOGIN", about))
    if issued_at > best_time + SKEW:
        found.append(
            finding("ATTESTED_AFTER_SIGNATURE", about, issued=format_time(issued_at), time=format_time(best_time))
        )
    if signer is not None and signer.not_before > best_time:
        begins = format_time(signer.not_before)
        found.append(finding("SIGNER_CERTIFICATE_LATER", about, begins=begins, time=format_time(best_time)))
    if not proved:
        found.append(finding("LOGIN_TIME_CLAIMED", about))
    return found


def _concluded(
    attestation: Attestation,
    authentication: Authentication | None,
    attester: Certificate | None,
    found: Sequence[Finding],
) -> Bound:
    ordered = in_order(found)
    errors = {f.code for f in ordered if f.severity == "error"} - _INCONCLUSIVE
    state: State = "no" if errors else "not-given" if {f.code for f in ordered} & _INCONCLUSIVE else "yes"
    claims = attestation.claims
    return Bound(
        state, claims.method, assurance_text(claims.assurance), claims.proof_class,
        claims.authenticated_at, authentication, attester, ordered,
    )  # fmt: skip


def assurance_text(assurances: Sequence[Assurance]) -> str | None:
    """Assurance values as ``scheme:value``, joined; None when there are none."""
    return ", ".join(f"{entry.scheme}:{entry.value}" for entry in assurances) or None
