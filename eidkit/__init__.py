"""eidkit: authenticate the person, sign the document, timestamp it, and prove the approval offline.

The nouns live here and are loaded on first use; the verbs stay in their packages (``eidkit.signing``,
``eidkit.verify``, ``eidkit.auth``).  Inside eidkit nothing imports from this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eidkit.binding.attestation import Attestation
    from eidkit.binding.authentication import Authentication
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
    from eidkit.version import VERSION as __version__  # noqa: N811 - the dunder name is the convention

_NOUNS = {
    "Approval": "eidkit.dossier",
    "Attestation": "eidkit.binding.attestation",
    "Authentication": "eidkit.binding.authentication",
    "Document": "eidkit.document",
    "Dossier": "eidkit.dossier",
    "EidkitError": "eidkit.errors",
    "Evidence": "eidkit.verify.evidence",
    "Finding": "eidkit.findings",
    "FixedClock": "eidkit.clock",
    "HttpTransport": "eidkit.transport",
    "Identity": "eidkit.identity",
    "Pending": "eidkit.signing.pending",
    "Policy": "eidkit.policy",
    "Procedure": "eidkit.binding.procedure",
    "Report": "eidkit.verify.report",
    "SigningKey": "eidkit.key",
    "Sources": "eidkit.trust.sources",
    "Step": "eidkit.binding.procedure",
    "Subject": "eidkit.trust.subject",
    "SystemClock": "eidkit.clock",
    "TimestampAuthority": "eidkit.timestamps.authority",
    "Transaction": "eidkit.binding.transaction",
    "Transport": "eidkit.transport",
    "TrustStore": "eidkit.trust.store",
}

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


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "__version__":
        return import_module("eidkit.version").VERSION
    if name not in _NOUNS:
        raise AttributeError(f"module 'eidkit' has no attribute {name!r}")
    value = getattr(import_module(_NOUNS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
