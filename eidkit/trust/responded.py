"""What one OCSP answer says of a certificate (RFC 6960 §3.2, §4.2.2.2).

The numbers are those of the plan in :mod:`eidkit.trust.revocation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1 import certificate as x509
from eidkit.asn1 import der, extension, name, ocsp
from eidkit.policy import SKEW
from eidkit.trust.answer import (
    Question,
    Refused,
    Statement,
    Status,
    check_current,
    check_not_future,
    check_signature,
    revoked,
)
from eidkit.trust.usage import may_sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.asn1.certificate import Certificate

MAX_RESPONDERS = 10
_KNOWN_OCSP_EXTENSIONS = {extension.OCSP_NONCE, extension.OCSP_ARCHIVE_CUTOFF}


def statements_of_ocsp(question: Question, answer: bytes) -> Iterator[Statement]:
    """What an answer says of the certificate; raises Refused, DerError or OcspRefused where it may not be used."""
    certificate, issuer = question.certificate, question.issuer
    response = ocsp.parse(answer)
    about = [single for single in response.singles if single.is_about(certificate, issuer)]
    if not about:
        return  # (3) about other certificates
    for oid, (critical, _) in [
        *response.extensions.items(),
        *(each for single in about for each in single.extensions.items()),
    ]:
        if critical and oid not in _KNOWN_OCSP_EXTENSIONS:
            raise Refused(
                f"the critical OCSP extension {oid} is not supported", f"phần mở rộng OCSP {oid} chưa được hỗ trợ"
            )
    check_not_future(response.produced_at, question)
    if certificate.not_before - response.produced_at > SKEW:
        raise Refused("the OCSP answer is older than the certificate", "trả lời OCSP có trước chứng thư")
    responder = _responder(response, question)  # (1)
    check_signature(question, response.signature_algorithm, lambda: response.signed_by(responder))  # (2)
    for single in about:  # one statement that may not be used does not silence the others
        try:
            yield Statement(_statement(question, response, single, responder))
        except Refused as refusal:
            question.refuse(response.sha256, refusal)


def _statement(question: Question, response: ocsp.OcspResponse, single: ocsp.Single, responder: Certificate) -> Status:
    check_not_future(single.this_update, question)
    times = (single.this_update, single.next_update)
    if single.status == "revoked":
        return revoked(single.revoked_at, single.reason, "ocsp", response.sha256, times)
    if single.status == "good":
        check_current(question, *times, single.archive_cutoff)
        ends = None if responder == question.issuer else responder.not_after
        return Status("good", None, None, "ocsp", response.sha256, *times, signer_ends=ends)
    raise Refused("the OCSP responder does not know the certificate", "máy chủ OCSP không biết chứng thư này")


def _responder(response: ocsp.OcspResponse, question: Question) -> Certificate:
    """The certificate whose key must have signed: the issuer, or a responder that it named (RFC 6960 §4.2.2.2)."""
    if response.names(question.issuer):
        return question.issuer
    if not question.delegates:
        raise Refused(
            "an OCSP answer about a responder must come from the issuer itself",
            "trạng thái của máy chủ OCSP phải do chính tổ chức cấp trả lời",
        )
    refused = Refused(
        "nothing shows that its responder may speak for the issuer",
        "không có gì cho thấy máy chủ OCSP được tổ chức cấp ủy quyền",
    )
    for responder in _candidates(response, question):
        try:
            _check_delegated(responder, response, question)
        except Refused as refusal:
            refused = refusal
        except der.DerError:
            continue
        else:
            return responder
    raise refused


def _candidates(response: ocsp.OcspResponse, question: Question) -> Iterator[Certificate]:
    """The certificates that the answer names as its responder: those inside it first, then those at hand."""
    count = 0
    for candidate in (*x509.readable(response.certificates), *question.pool):
        try:
            named = response.names(candidate)
        except der.DerError:
            continue
        if named:
            yield candidate
            count += 1
        if count >= MAX_RESPONDERS:
            return


def _check_delegated(responder: Certificate, response: ocsp.OcspResponse, question: Question) -> None:
    """A delegated responder: issued by the issuer itself, for OCSP, valid when it answered, not revoked."""
    issuer = question.issuer
    if not name.same(responder.issuer, issuer.subject) or not may_sign(responder, "ocsp"):
        raise Refused(
            "its responder was not named by the issuer for OCSP",
            "máy chủ OCSP không được tổ chức cấp chỉ định",
        )
    for oid, (critical, _) in responder.extensions.items():
        if critical and oid not in _KNOWN_RESPONDER_EXTENSIONS:
            raise Refused(
                f"the critical extension {oid} of its responder is not supported",
                f"phần mở rộng {oid} của máy chủ OCSP chưa được hỗ trợ",
            )
    check_signature(question, responder.signature_algorithm, lambda: x509.verify_issued(responder, issuer))
    if not responder.not_before <= response.produced_at <= responder.not_after:
        raise Refused(
            "its responder's certificate was not valid when it answered",
            "chứng thư của máy chủ OCSP không có hiệu lực khi trả lời",
        )
    kind, bits = algorithms.key_kind(responder.public_key())
    if algorithms.key_weakness(kind, bits, question.at, question.weak):
        raise Refused(
            f"its responder's key is too weak ({kind}-{bits})", f"khóa của máy chủ OCSP quá yếu ({kind}-{bits})"
        )
    if responder.ocsp_nocheck:
        return
    status = question.about(responder, question.above, at=response.produced_at, delegates=False)
    if status.state != "good":
        raise Refused(
            f"the status of its responder is {status.state}, and it has no ocsp-nocheck",
            f"trạng thái của máy chủ OCSP là {status.state} và không có ocsp-nocheck",
        )


_KNOWN_RESPONDER_EXTENSIONS = {
    extension.BASIC_CONSTRAINTS,
    extension.KEY_USAGE,
    extension.EXTENDED_KEY_USAGE,
    extension.OCSP_NOCHECK,
    extension.SUBJECT_ALT_NAME,
    extension.CRL_DISTRIBUTION_POINTS,
    extension.CERTIFICATE_POLICIES,
}
