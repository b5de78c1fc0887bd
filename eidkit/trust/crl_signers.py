"""Whose key signed a CRL, and by what right (RFC 5280 §6.3.3 (f)–(g)), pure.

The numbers are those of the plan in :mod:`eidkit.trust.revocation`.  RFC 5280 asks only that the signer's path ends at
the anchor of the certificate's own path: then any authority under that anchor could make a signer of another's name.
Here every authority above the signer must also be one above the certificate.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from eidkit.asn1 import name
from eidkit.trust import scope
from eidkit.trust.answer import Question, Refused, check_strength, count_check
from eidkit.trust.path import find_path
from eidkit.trust.store import Anchor
from eidkit.trust.usage import CRL_SIGN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.asn1.crl import Crl

MAX_SIGNERS = 20
MAX_RIGHTS, MAX_FOLLOWED = 4, 16
"""How many signers that are not the issuer are followed up to the anchor for one certificate, and how often in all."""


def check_signer(question: Question, listed: Crl, *, own: bool) -> Certificate:
    """(1) and (2): who signed the list; raises Refused unless it may speak for the certificate's issuer."""
    check_strength(question, listed.signature_algorithm)
    if own:
        count_check(question)
        if listed.signed_by(question.issuer):
            usage = question.issuer.key_usage
            if usage is not None and CRL_SIGN not in usage:
                raise Refused("its issuer may not sign CRLs (key usage)", "tổ chức cấp không được phép ký CRL")
            return question.issuer
    refused = Refused("it is not signed by the issuer's key", "không được ký bằng khóa của tổ chức cấp")
    for signer in _signers(question, listed):
        try:
            _check_right(question, signer, max(question.at, listed.this_update))
        except Refused as refusal:
            refused = refusal
        else:
            return signer
    raise refused


def _signers(question: Question, listed: Crl) -> Iterator[Certificate]:
    """The certificates of the list's issuer, allowed to sign CRLs, whose key signed it; a key may have several."""
    wanted = name.key(listed.issuer)
    named = [each for each in (*question.above[1:], *question.pool) if each.subject_key == wanted]
    for candidate in list(dict.fromkeys(named))[:MAX_SIGNERS]:
        if not _may_sign_lists(candidate):
            continue
        count_check(question)
        if listed.signed_by(candidate):
            yield candidate


def _may_sign_lists(candidate: Certificate) -> bool:
    """cRLSign, where key usage is stated; without it only an authority may."""
    usage = candidate.key_usage
    return candidate.basic_constraints[0] if usage is None else CRL_SIGN in usage


def _check_right(question: Question, signer: Certificate, at: datetime) -> None:
    """(1) The signer's path, who stands on it, and the status of each of its certificates; asked once per signer.

    ``at``: when it must be valid.  A list made after the time we judge for is by a signer of then.
    """
    key = (question.certificate.sha256, signer.sha256, at)
    if key not in question.rights:
        others = {sha256 for _, sha256, _ in question.rights} - {signer.sha256}
        if len(others) >= MAX_RIGHTS or len(question.rights) >= MAX_FOLLOWED:  # (6)
            raise Refused(
                f"more than {MAX_RIGHTS} signers beside the issuer", f"quá {MAX_RIGHTS} người ký ngoài tổ chức cấp"
            )
        question.rights[key] = _refusal(question, signer, at)
    refusal = question.rights[key]
    if refusal is not None:
        raise refusal


def _refusal(question: Question, signer: Certificate, at: datetime) -> Refused | None:
    try:
        _follow(question, signer, at)
    except Refused as refusal:
        return refusal
    return None


def _follow(question: Question, signer: Certificate, at: datetime) -> None:
    above = question.above
    if signer == above[-1]:
        return
    if signer == question.certificate:
        # only where its own issuer said so: otherwise the holder of a stolen key would vouch for that key
        if scope.names_itself(signer):
            return
        raise Refused("it would vouch for its own signer", "người ký CRL tự xác nhận trạng thái của chính mình")
    path = _path_of(question, signer, at)
    for position, (certificate, _) in enumerate(pairwise(path)):
        status = question.about(certificate, path[position + 1 :], at=at)
        if status.state != "good":
            who = certificate.subject_text
            raise Refused(
                f"the status of {who}, on the path of its signer, is {status.state}",
                f"trạng thái của {who}, trên đường dẫn của người ký CRL, là {status.state}",
            )


def _path_of(question: Question, signer: Certificate, at: datetime) -> tuple[Certificate, ...]:
    above = question.above
    if signer in above:
        return above[above.index(signer) :]
    found = find_path(
        signer,
        pool=(*above[:-1], *question.pool),
        anchors=(Anchor(above[-1], "signing"),),
        at=at,
        purpose="crl",
        weak=question.weak,
    )
    allowed = {each.subject_key for each in above}
    if not found.ok or any(each.subject_key not in allowed for each in found.path[1:]):
        raise Refused(
            "nothing shows that its signer may speak for the issuer",
            "không có gì cho thấy người ký CRL được tổ chức cấp ủy quyền",
        )
    return found.path
