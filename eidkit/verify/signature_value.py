"""One name for one signature value, whatever its container did to the encoding (binding.md §5)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1.certificate import readable
from eidkit.binding.approval import signature_value_digest
from eidkit.errors import EidkitError
from eidkit.verify import blocks

if TYPE_CHECKING:
    from eidkit.asn1.certificate import Certificate
    from eidkit.verify.evidence import SignatureEvidence


def value_digest(signature: SignatureEvidence, certificate: Certificate | None = None) -> str:
    """SHA-256 (hex) of the signature value, an ECDSA value brought to fixed-length r ‖ low s first.

    So it is the same in CMS (DER) and XML (r ‖ s), after later timestamps, and for both values of s that
    verify.  Without ``certificate`` the one that the signature names is used; a value that cannot be brought
    to that form (no certificate, malformed) is digested as it stands: it does not verify anyway.
    """
    algorithm = algorithms.SIGNATURE_BY_NAME.get(signature.algorithm)
    signer = certificate or blocks.identify_signing_certificate(signature, readable(signature.certificates))[0]
    if algorithm is not None and signer is not None:
        try:
            return signature_value_digest(signature.value, algorithm, signer.public_key())
        except EidkitError:
            pass
    return hashlib.sha256(signature.value).hexdigest()
