"""Missing issuers, fetched where certificates say that they are (AIA caIssuers, RFC 5280 §4.2.2.1).

Only for Sources that were asked to chase; what comes back is a candidate like any other, and counts only where its
key signed what is below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.asn1.certificate import readable, verify_issued

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.asn1.certificate import Certificate
    from eidkit.errors import EidkitError
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import Anchor

MAX_ROUNDS = 8


def chased(
    leaf: Certificate,
    pool: Sequence[Certificate],
    anchors: Sequence[Anchor],
    sources: Sources,
    *,
    transport: Transport | None = None,
    problems: list[EidkitError] | None = None,
) -> tuple[Certificate, ...]:
    """The issuers of ``leaf``, and theirs up to an anchor, that are not in ``pool``; nothing unless asked to chase."""
    if not sources.chase:
        return ()
    ends = {anchor.certificate: None for anchor in anchors}
    found: dict[Certificate, None] = {}
    current = leaf
    for _ in range(MAX_ROUNDS):
        known = _issuer(current, [*ends, *pool, *found])
        if known is None:
            fetched = readable(sources.issuers(current, transport=transport, problems=problems))
            known = _issuer(current, fetched)
            if known is None:
                break
            found[known] = None
        if known in ends or known.self_issued:
            break
        current = known
    return tuple(found)


def _issuer(certificate: Certificate, candidates: Sequence[Certificate]) -> Certificate | None:
    named = (one for one in candidates if one.subject_key == certificate.issuer_key and one != certificate)
    return next((one for one in named if verify_issued(certificate, one)), None)
