"""What is bound to what: procedures, transactions, authentications and attestations as values.

``auth`` makes them, ``signing`` writes them into signatures, ``verify`` and ``dossier`` recompute them.  Every
value here is a frozen dataclass with ``to_json``/``from_json``; reading refuses what it does not know.
Building one of these values proves nothing: what it is worth is decided by whoever verifies it (binding.md §6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily

if TYPE_CHECKING:
    from eidkit.binding.approval import ApprovedSignature, approval_digest, signature_value_digest
    from eidkit.binding.attestation import Attestation, AttestationClaims, attest
    from eidkit.binding.authentication import (
        Assurance,
        Authentication,
        ChallengeFacts,
        Check,
        Disclosure,
        Proof,
        challenge_value,
        subject_commitment,
    )
    from eidkit.binding.identity_link import IdentityLink
    from eidkit.binding.procedure import Action, AssuranceRule, DocumentRule, Procedure, Step
    from eidkit.binding.transaction import (
        ProcedureReference,
        ShownAppearance,
        ShownText,
        Transaction,
        TransactionAction,
        TransactionDocument,
    )

__all__ = [
    "Action",
    "ApprovedSignature",
    "Assurance",
    "AssuranceRule",
    "Attestation",
    "AttestationClaims",
    "Authentication",
    "ChallengeFacts",
    "Check",
    "Disclosure",
    "DocumentRule",
    "IdentityLink",
    "Procedure",
    "ProcedureReference",
    "Proof",
    "ShownAppearance",
    "ShownText",
    "Step",
    "Transaction",
    "TransactionAction",
    "TransactionDocument",
    "approval_digest",
    "attest",
    "challenge_value",
    "signature_value_digest",
    "subject_commitment",
]

__getattr__, __dir__ = lazily.loading(
    __name__,
    {
        "approval": ("ApprovedSignature", "approval_digest", "signature_value_digest"),
        "attestation": ("Attestation", "AttestationClaims", "attest"),
        "authentication": (
            "Assurance",
            "Authentication",
            "ChallengeFacts",
            "Check",
            "Disclosure",
            "Proof",
            "challenge_value",
            "subject_commitment",
        ),
        "identity_link": ("IdentityLink",),
        "procedure": ("Action", "AssuranceRule", "DocumentRule", "Procedure", "Step"),
        "transaction": (
            "ProcedureReference",
            "ShownAppearance",
            "ShownText",
            "Transaction",
            "TransactionAction",
            "TransactionDocument",
        ),
    },
)
