"""eidkit: authenticate the person, sign the document, timestamp it, and prove the approval offline.

The nouns live here and are loaded on first use; the verbs stay in their packages (``eidkit.signing``,
``eidkit.verify``, ``eidkit.auth``).  Inside eidkit nothing imports from this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import lazily
from eidkit.version import VERSION

if TYPE_CHECKING:
    from eidkit.binding.attestation import Attestation
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.identity_link import IdentityLink
    from eidkit.binding.procedure import Procedure, Step
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import FixedClock, SystemClock
    from eidkit.document import Document
    from eidkit.dossier import Approval, Dossier
    from eidkit.errors import EidkitError
    from eidkit.findings import Finding
    from eidkit.identity import Identity
    from eidkit.key import SigningKey
    from eidkit.policy import Policy
    from eidkit.signing.pending import Pending
    from eidkit.timestamps.authority import TimestampAuthority
    from eidkit.transport import HttpTransport, Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore
    from eidkit.trust.subject import Subject
    from eidkit.verify.evidence import Evidence
    from eidkit.verify.report import Report

__all__ = [
    "Approval",
    "Attestation",
    "Authentication",
    "Document",
    "Dossier",
    "EidkitError",
    "Evidence",
    "Finding",
    "FixedClock",
    "HttpTransport",
    "Identity",
    "IdentityLink",
    "Pending",
    "Policy",
    "Procedure",
    "Report",
    "SigningKey",
    "Sources",
    "Step",
    "Subject",
    "SystemClock",
    "TimestampAuthority",
    "Transaction",
    "Transport",
    "TrustStore",
    "__version__",
]

__version__ = VERSION
__getattr__, __dir__ = lazily.loading(
    __name__,
    {
        "eidkit.binding.attestation": ("Attestation",),
        "eidkit.binding.authentication": ("Authentication",),
        "eidkit.binding.identity_link": ("IdentityLink",),
        "eidkit.binding.procedure": ("Procedure", "Step"),
        "eidkit.binding.transaction": ("Transaction",),
        "eidkit.clock": ("FixedClock", "SystemClock"),
        "eidkit.document": ("Document",),
        "eidkit.dossier": ("Approval", "Dossier"),
        "eidkit.errors": ("EidkitError",),
        "eidkit.findings": ("Finding",),
        "eidkit.identity": ("Identity",),
        "eidkit.key": ("SigningKey",),
        "eidkit.policy": ("Policy",),
        "eidkit.signing.pending": ("Pending",),
        "eidkit.timestamps.authority": ("TimestampAuthority",),
        "eidkit.transport": ("HttpTransport", "Transport"),
        "eidkit.trust.sources": ("Sources",),
        "eidkit.trust.store": ("TrustStore",),
        "eidkit.trust.subject": ("Subject",),
        "eidkit.verify.evidence": ("Evidence",),
        "eidkit.verify.report": ("Report",),
    },
)
