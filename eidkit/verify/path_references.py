"""The references to certificates that a signature signs beside the one to its own: they restrict its path.

A reference names a certificate of the path, or one above our anchor, which may stand in the middle of the signer's own
idea of it; a certificate that was issued anew for the same name and key counts as the one that is named.  A reference
to anything else says that the signer meant another path.  A pure function.
Source: EN 319 102-1 V1.4.1 §5.2.8.4.2.1; RFC 5035 §5.4; EN 319 132-1 §5.2.2.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eidkit.asn1.certificate import Certificate
    from eidkit.verify.evidence import CertificateReference, SignatureEvidence

_MAX_ABOVE = 10
"""How far above an anchor the certificates at hand are followed."""


def outside(
    signature: SignatureEvidence, pool: Sequence[Certificate]
) -> Callable[[tuple[Certificate, ...]], tuple[Finding, ...]]:
    """The question what speaks against a path for the references of ``signature``; ``pool``: certificates at hand."""
    references = signature.certificate_references[1:]

    def findings(path: tuple[Certificate, ...]) -> tuple[Finding, ...]:
        if not references or not path:
            return ()
        return tuple(
            finding("REFERENCE_OUTSIDE_PATH", signature.id, digest=reference.digest.hex()[:16])
            for reference in _outside(references, path, pool)
        )[:1]

    return findings


def _outside(
    references: Sequence[CertificateReference], path: Sequence[Certificate], pool: Sequence[Certificate]
) -> list[CertificateReference]:
    """The references to what is neither on ``path`` nor above it."""
    names = {reference.algorithm for reference in references} & algorithms.DIGEST_BY_NAME.keys()
    at_hand = {
        (name, hashlib.new(name, one.der).digest()): one for name in names for one in dict.fromkeys((*path, *pool))
    }
    keys = {(one.subject_key, one.spki) for one in path}
    above = _above(path[-1], pool)
    found = []
    for reference in references:
        meant = at_hand.get((reference.algorithm, reference.digest))
        if meant is None and not path[-1].self_issued and reference.algorithm in names:
            continue  # it may stand above our anchor; nobody can tell
        if meant is None or ((meant.subject_key, meant.spki) not in keys and meant not in above):
            found.append(reference)
    return found


def _above(anchor: Certificate, pool: Sequence[Certificate]) -> frozenset[Certificate]:
    """The certificates at hand that may stand above ``anchor``, by name: the signer vouches for them, we do not."""
    found: set[Certificate] = set()
    wanted = {anchor.issuer_key}
    for _ in range(_MAX_ABOVE):
        more = {one for one in pool if one.subject_key in wanted} - found
        if not more:
            break
        found |= more
        wanted = {one.issuer_key for one in more}
    return frozenset(found)
