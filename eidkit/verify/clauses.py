"""What a policy's law says of one signature: each clause met or not, and what its lists do not name.  Pure.

1. A clause is not met by an error or warning of one of its codes, or by a lower signature level; otherwise it is met.
2. A clause that only the use of the program can show is told with how.
3. The scheme, the digests and the key are compared with the lists of the law.

None of this changes a verdict: what the law makes an error is an error by its own finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.errors import EidkitError, Text
from eidkit.findings import Finding, finding, in_order
from eidkit.policy import ANY_ERROR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eidkit.asn1.certificate import Certificate
    from eidkit.policy import Clause, Listing, Policy
    from eidkit.verify.evidence import SignatureEvidence

_KEEP = Text(
    "keep what the verdict rests on with the file: eidkit preserve", "lưu dữ liệu kiểm tra cùng tệp: eidkit preserve"
)
_SIGNATURE = Text("the signature", "chữ ký")
_DOCUMENT = Text("the document", "tài liệu")
_KEY = Text("the signer's key", "khóa của người ký")
_LEVELS = ("B", "T", "LT", "LTA")
_COUNTS_AS = {
    "REVOCATION_OUT_OF_BOUNDS_NO_POE": "STATUS_UNKNOWN",
    "REFERENCE_OUTSIDE_PATH": "SIGNING_CERTIFICATE_MISMATCH",
}
"""Codes that are younger than released policies, which mean them by an older one; these are never edited."""


def judged(
    signature: SignatureEvidence,
    certificate: Certificate | None,
    level: str,
    found: Sequence[Finding],
    policy: Policy,
) -> list[Finding]:
    """The findings of the policy's clauses and lists about one signature; ``found`` is all else about it."""
    ordered = in_order(found)
    said = [_clause(clause, level, ordered) for clause in policy.clauses]
    for listing in policy.listings:
        said += [
            finding("NOT_CONFORMING", signature.id, clause=listing.clause, what=what, algorithm=name, listed=listed)
            for what, name, listed in _unlisted(signature, certificate, listing)
        ]
    return said


def _clause(clause: Clause, level: str, found: Sequence[Finding]) -> Finding:
    if clause.by_use is not None:
        return finding("CLAUSE_BY_USE", clause.name, clause=clause.name, demand=clause.demand, how=clause.by_use)
    reason = next((f for f in found if _breaks(f, clause)), None)
    why, remedy = (reason.message, reason.remedy) if reason else (_below(clause, level), _KEEP)
    if why is None:
        return finding("CLAUSE_MET", clause.name, clause=clause.name, demand=clause.demand)
    return finding("CLAUSE_NOT_MET", clause.name, clause=clause.name, demand=clause.demand, why=why, remedy=remedy)


def _breaks(one: Finding, clause: Clause) -> bool:
    if {one.code, _COUNTS_AS.get(one.code)} & set(clause.broken_by):
        return one.severity != "info"
    return ANY_ERROR in clause.broken_by and one.severity == "error"


def _below(clause: Clause, level: str) -> Text | None:
    """Why the signature level, such as ``PAdES-B-T``, does not suffice; one of no baseline level never does."""
    if clause.level is None:
        return None
    own = level.rpartition("-")[2]
    if own in _LEVELS and _LEVELS.index(own) >= _LEVELS.index(clause.level):
        return None
    return Text(f"its level is {level or 'unknown'}", f"mức chữ ký là {level or 'không rõ'}")


def _unlisted(
    signature: SignatureEvidence, certificate: Certificate | None, listing: Listing
) -> Iterator[tuple[Text | str, str, str]]:
    """What is used, its name, and what is listed instead."""
    row = algorithms.SIGNATURE_BY_NAME.get(signature.algorithm)
    if listing.schemes and (row is None or row.family not in listing.schemes):
        yield _SIGNATURE, signature.algorithm, ", ".join(listing.schemes)
    if listing.digests:
        used: dict[str, Text | str] = {one.algorithm: one.name or _DOCUMENT for one in signature.references}
        used[(row.digest if row else None) or signature.digest_algorithm] = _SIGNATURE
        yield from (
            (what, name, ", ".join(listing.digests)) for name, what in used.items() if name not in listing.digests
        )
    if certificate is not None:
        yield from _short(certificate, {"rsa": listing.rsa_bits, "ec": listing.ec_bits})


def _short(certificate: Certificate, least: dict[str, int]) -> Iterator[tuple[Text | str, str, str]]:
    try:
        kind, bits = algorithms.key_kind(certificate.public_key())
    except EidkitError:
        return
    if bits < least.get(kind, 0):
        yield _KEY, f"{kind}-{bits}", f"{kind}-{least[kind]}"
