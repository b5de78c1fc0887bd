"""``sign(…, authentication=)``: a signature is bound to a login only when everything agrees.

Checked before the key is touched, so that no PIN and no paid signature is spent on a refusal:
1. the Authentication is attested, the attestation's signature holds and says what the Authentication says;
2. no visible appearance is asked for (not in this release);
3. the certificate's holder is the person who authenticated, or an organisation at a seal step;
4. the Transaction names this certificate, when it names one;
5. this document's content digest (and the signatures already on it) is in the Transaction;
6. the login is no older than the Transaction allows, and not from the future.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from eidkit import commitments
from eidkit.binding.attestation import Attestation
from eidkit.errors import NotSupported, SigningError, Text
from eidkit.policy import SKEW
from eidkit.trust.subject import subject_of
from eidkit.verify.collecting import collect
from eidkit.verify.content import content_digest
from eidkit.verify.signature_value import value_digest

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.binding.authentication import Authentication
    from eidkit.document import Document

_APPROVAL = commitments.PROOF_OF_APPROVAL.oid


@dataclass(frozen=True, slots=True)
class LoginStatements:
    """What an Authentication puts into the signature: the attestation JWS, the claimed role, the commitment."""

    assertion: str
    role: str
    commitment: str | None


def admitted(
    document: Document,
    certificate: Certificate,
    authentication: Authentication,
    commitment: str | None,
    *,
    at: datetime,
) -> LoginStatements:
    """What the login puts into the signature; :class:`SigningError` with the first disagreement (the plan above)."""
    transaction = authentication.transaction
    # 1.
    jws = authentication.attestation
    if jws is None:
        raise _refused(
            "authentication-not-attested",
            "the login carries no attestation",
            "bản ghi xác thực chưa được chứng nhận",
            "pass attest= when verifying the login",
        )
    attestation = Attestation.read(jws)
    if not attestation.signature_holds() or attestation.disagreements(authentication):
        raise _refused(
            "authentication-attestation",
            "the attestation does not belong to this login",
            "chứng nhận không khớp với bản ghi xác thực",
            "use the Authentication as it was given by verify",
        )
    # 2.
    if transaction.appearance:
        raise NotSupported(
            "appearance-not-supported",
            Text("visible appearances are not drawn by this release", "phiên bản này chưa hỗ trợ chữ ký hiển thị"),
            Text("make the transaction without appearance", "tạo giao dịch không có hình chữ ký"),
        )
    # 3.
    _check_person(certificate, authentication)
    # 4.
    if transaction.signer is not None and transaction.signer != certificate.sha256:
        raise _refused(
            "transaction-other-signer",
            "the transaction names another certificate",
            "giao dịch chỉ định chứng thư khác",
            "sign with the certificate that the transaction names",
        )
    # 5.
    _check_document(document, authentication)
    # 6.
    age = at - authentication.authenticated_at
    if age < -SKEW or age > timedelta(seconds=transaction.max_age):
        raise _refused(
            "authentication-stale",
            "the login is too old for this step (or from the future)",
            "bản ghi xác thực đã quá hạn",
            "let the person authenticate again",
        )
    return LoginStatements(jws, transaction.role, _commitment(transaction.action.effect, commitment))


def _check_person(certificate: Certificate, authentication: Authentication) -> None:
    subject = subject_of(certificate)
    identity = authentication.identity
    if identity is not None and identity in {subject.person, subject.organisation} - {None}:
        return
    if authentication.transaction.kind == "seal" and subject.organisation is not None and subject.person is None:
        return
    raise _refused(
        "authentication-other-person",
        "the certificate names another person than the one who authenticated",
        "chứng thư số không thuộc người đã xác thực",
        "sign with the certificate of the person who authenticated",
    )


def _check_document(document: Document, authentication: Authentication) -> None:
    content = content_digest(document)
    named = [
        d for d in authentication.transaction.documents if d.sha256 == content.sha256 and d.length == content.length
    ]
    if not named:
        raise _refused(
            "transaction-other-document",
            f"{document.name} is not what the person was shown",
            f"{document.name} không phải tài liệu đã trình cho người ký",
            "begin a new transaction for this document",
        )
    if document.format == "xml":
        present = tuple(sorted(value_digest(s) for s in collect(document).signatures))
        if all(tuple(d.present) != present for d in named):
            raise _refused(
                "transaction-other-signatures",
                f"{document.name} carries other signatures than the person was shown",
                f"{document.name} có chữ ký khác với bản đã trình",
                "begin a new transaction for this document",
            )


def _commitment(effect: str, commitment: str | None) -> str | None:
    """Proof of approval belongs to an action that advances; anything else is the step's word."""
    if commitment == "auto":
        return _APPROVAL if effect == "advances" else None
    oid = commitments.oid_of(commitment) if commitment else None
    if oid == _APPROVAL and effect != "advances":
        raise _refused(
            "commitment-not-approval",
            "this action does not approve",
            "hành động này không phải phê duyệt",
            "leave commitment= to eidkit",
        )
    return oid


def _refused(code: str, en: str, vi: str, remedy: str) -> SigningError:
    return SigningError(code, Text(en, vi), Text(remedy, "xác thực lại và ký đúng tài liệu, đúng người"), kind="caller")
