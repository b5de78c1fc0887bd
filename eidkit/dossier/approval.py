"""Approval: one Step done, with the digest that the next one names (binding.md §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from eidkit.asn1.certificate import readable
from eidkit.binding.approval import ApprovedSignature, approval_digest
from eidkit.errors import EidkitError
from eidkit.verify import blocks
from eidkit.verify.bound import matching, read_attestation
from eidkit.verify.signature_value import value_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.verify.evidence import Evidence, SignatureEvidence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Approval:
    """An Authentication and the signatures over the same Transaction, in document order.

    A value, not a verdict: what it is worth is what :meth:`eidkit.dossier.Dossier.verify` proves.  Threads may
    share it.
    """

    authentication: Authentication
    signatures: tuple[ApprovedSignature, ...]

    @property
    def transaction(self) -> Transaction:
        """What was approved."""
        return self.authentication.transaction

    @property
    def digest(self) -> str:
        """``H("eidkit-approval-1", …)`` in hex: what the next Transaction's ``previous`` names."""
        return approval_digest(self.transaction.digest, self.authentication.digest, self.signatures)


def approved_signature(label: str, signature: SignatureEvidence) -> ApprovedSignature:
    """The signature over the document ``label`` as an Approval names it; EidkitError without its certificate."""
    certificate, findings = blocks.identify_signing_certificate(signature, readable(signature.certificates))
    if certificate is None:
        raise EidkitError("signature-without-certificate", findings[0].message, findings[0].remedy, kind="person")
    return ApprovedSignature((label,), value_digest(signature, certificate), certificate.sha256)


def in_document_order(authentication: Authentication, signatures: Sequence[tuple[str, T]]) -> tuple[tuple[str, T], ...]:
    """``(label, …)`` pairs in the order in which the transaction names the labels."""
    order = {document.label: place for place, document in enumerate(authentication.transaction.documents)}
    return tuple(sorted(signatures, key=lambda pair: order.get(pair[0], len(order))))


def approvals_in(evidence: Mapping[str, Evidence], authentications: Sequence[Authentication]) -> tuple[Approval, ...]:
    """The Approvals that ``authentications`` and the signatures carrying them make, in the order given.

    Nothing is judged here: this only puts together what claims to belong together.
    """
    carried: dict[str, list[tuple[str, SignatureEvidence]]] = {}
    for label, found in evidence.items():
        for signature in found.signatures:
            login = login_of(signature, authentications)
            if login is not None:
                carried.setdefault(login.digest, []).append((label, signature))
    return tuple(
        Approval(
            authentication,
            tuple(
                approved_signature(*pair)
                for pair in in_document_order(authentication, carried.get(authentication.digest, []))
            ),
        )
        for authentication in authentications
    )


def login_of(signature: SignatureEvidence, authentications: Sequence[Authentication]) -> Authentication | None:
    """The authentication that the signature's Assertion names, when it is among ``authentications``."""
    if not signature.assertions:
        return None
    attestation, _ = read_attestation(signature)
    return matching(attestation, authentications) if attestation else None
