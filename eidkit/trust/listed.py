"""What CRLs say of a certificate, complete ones and deltas together (RFC 5280 §5, §6.3.3).

The numbers are those of the plan in :mod:`eidkit.trust.revocation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from eidkit.asn1 import crl, extension
from eidkit.errors import EidkitError
from eidkit.trust import scope
from eidkit.trust.answer import (
    HOLD,
    REMOVED,
    Question,
    Refused,
    Statement,
    Status,
    check_current,
    check_not_future,
    revoked,
)
from eidkit.trust.crl_signers import check_signer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

_KNOWN_CRL_EXTENSIONS = {
    extension.CRL_NUMBER,
    extension.AUTHORITY_KEY_IDENTIFIER,
    extension.ISSUER_ALT_NAME,
    extension.ISSUING_DISTRIBUTION_POINT,
    extension.DELTA_CRL,
    extension.EXPIRED_CERTS_ON_CRL,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list that may be used: what it says of the certificate, and for which reasons it can speak.

    ``number`` is its own, ``base`` that of the list which it completes (a delta); ``kept_since`` as
    :attr:`eidkit.asn1.crl.Crl.expired_kept_since`; ``signer_ends`` as in :class:`eidkit.trust.answer.Status`.
    """

    listed: crl.Crl
    entry: crl.Entry | None
    covers: frozenset[int]
    number: int | None
    base: int | None
    kept_since: datetime | None
    signer_ends: datetime | None

    def completes(self, other: Listing) -> bool:
        """(5) Whether it may be joined to a complete list (RFC 5280 §5.2.4): one issuer, scope and key, in order."""
        same = (extension.ISSUING_DISTRIBUTION_POINT, extension.AUTHORITY_KEY_IDENTIFIER)
        if any(self.listed.extensions.get(oid) != other.listed.extensions.get(oid) for oid in same):
            return False
        if self.base is None or other.number is None or self.number is None:
            return False
        return self.listed.issuer == other.listed.issuer and self.base <= other.number < self.number


def read_lists(question: Question, answers: Sequence[bytes]) -> None:
    """Take down what the lists among ``answers`` say of the certificate; what may not be used becomes an observation.

    A list of another issuer that the certificate does not name says nothing, and nothing is wrong with it.
    """
    complete: list[Listing] = []
    deltas: list[Listing] = []
    for answer in answers:
        try:
            listing = _listing(question, crl.parse(answer))
            if listing is not None:
                (complete if listing.base is None else deltas).append(listing)
        except Refused as refusal:
            question.refuse(sha256(answer).hexdigest(), refusal)
        except EidkitError as error:
            question.refuse(sha256(answer).hexdigest(), error.problem)
    for listing in complete:
        _state(question, listing, [delta for delta in deltas if delta.completes(listing)])
    for delta in deltas:
        if not any(delta.completes(listing) for listing in complete):
            _state(question, delta, [])


def _listing(question: Question, listed: crl.Crl) -> Listing | None:
    """(1)–(4) The list as far as it may be used; None when it is about others' certificates."""
    certificate = question.certificate
    own = scope.is_own(listed, certificate)
    if not own and not scope.is_named(listed, certificate):
        return None
    for oid, (critical, _) in listed.extensions.items():
        if critical and oid not in _KNOWN_CRL_EXTENSIONS:
            raise Refused(
                f"the critical CRL extension {oid} is not supported", f"phần mở rộng CRL {oid} chưa được hỗ trợ"
            )
    covers = scope.reasons_covered(listed, certificate, own=own)  # (3)
    check_not_future(listed.this_update, question)  # (4)
    signer = check_signer(question, listed, own=own)  # (1) and (2)
    entry = listed.find(certificate.serial_octets, None if own else certificate.issuer_key)
    base = listed.base_number
    if entry is not None and entry.reason == REMOVED and base is None:
        raise Refused("removeFromCRL stands in a complete CRL", "removeFromCRL nằm trong CRL đầy đủ")
    ends = None if signer == question.issuer else signer.not_after
    return Listing(listed, entry, covers, listed.number, base, listed.expired_kept_since, ends)


def _state(question: Question, listing: Listing, deltas: Sequence[Listing]) -> None:
    """(5) What a list says by itself, and what it says with each of the deltas that complete it."""
    every = (listing, *deltas)
    said = [
        Statement(_revoked(one, one.entry), one.covers)
        for one in every
        if one.entry is not None and one.entry.reason != REMOVED
    ]
    refused: list[tuple[str, Refused]] = []
    for latest in every:
        try:
            said.extend(_not_revoked(question, listing, latest))
        except Refused as refusal:
            refused.append((latest.listed.sha256, refusal))
    question.statements += said
    if not said:
        for digest, why in refused:
            question.refuse(digest, why)


def _not_revoked(question: Question, base: Listing, latest: Listing) -> Iterator[Statement]:
    """What is "good" by a complete list, alone (``latest`` is the list itself) or brought up to date by a delta."""
    listed = latest.listed
    times = (listed.this_update, listed.next_update)
    if base.base is not None:
        if latest.entry is None or latest.entry.reason == REMOVED:
            raise Refused(
                "a delta CRL says nothing without the complete CRL that it belongs to",
                "delta CRL không dùng được khi thiếu CRL đầy đủ tương ứng",
            )
        return
    if latest is not base and latest.entry is None and base.entry is not None:
        if base.entry.reason == HOLD:  # the hold goes on
            yield Statement(revoked(base.entry.revoked_at, HOLD, "crl", listed.sha256, times), base.covers)
        return
    lifted = latest.entry is not None and latest.entry.reason == REMOVED
    if latest.entry is not None and not lifted:
        return
    if base.entry is not None and base.entry.reason != HOLD:
        return  # only a hold can be lifted
    check_current(question, *times, latest.kept_since)
    good = Status("good", None, None, "crl", listed.sha256, *times, signer_ends=latest.signer_ends)
    yield Statement(good, base.covers)


def _revoked(listing: Listing, entry: crl.Entry) -> Status:
    times = (listing.listed.this_update, listing.listed.next_update)
    return revoked(entry.revoked_at, entry.reason, "crl", listing.listed.sha256, times)
