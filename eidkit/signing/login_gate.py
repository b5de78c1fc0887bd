"""``sign(…, authentication=)``: a signature is bound to a login only when everything agrees.

Checked before the key is touched, so that no PIN and no paid signature is spent on a refusal:
1. the Authentication is attested, the attestation's signature holds and says what the Authentication says;
2. the certificate's holder is the person who authenticated, or an organisation at a seal step;
3. the Transaction names this certificate, when it names one;
4. this document's content digest (and the signatures already on it) is in the Transaction;
5. what readers will see is exactly what the Transaction names for this document: that stamp there, or nothing;
6. the login is no older than the Transaction allows, and not from the future.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from eidkit import commitments
from eidkit.binding.attestation import Attestation
from eidkit.errors import SigningError, Text
from eidkit.policy import SKEW
from eidkit.trust.subject import subject_of
from eidkit.verify.collecting import collect
from eidkit.verify.content import content_digest
from eidkit.verify.signature_value import value_digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.document import Document
    from eidkit.signing.appearance import Appearance

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
    appearance: Appearance | None = None,
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
    _check_person(certificate, authentication)
    # 3.
    if transaction.signer is not None and transaction.signer != certificate.sha256:
        raise _refused(
            "transaction-other-signer",
            "the transaction names another certificate",
            "giao dịch chỉ định chứng thư khác",
            "sign with the certificate that the transaction names",
        )
    # 4.
    labels = _checked_labels(document, authentication)
    # 5.
    _check_appearance(document, transaction, labels, appearance)
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


def _checked_labels(document: Document, authentication: Authentication) -> list[str]:
    """The labels in the Transaction of documents with this content."""
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
    return [d.label for d in named]


def _check_appearance(
    document: Document, transaction: Transaction, labels: Sequence[str], appearance: Appearance | None
) -> None:
    """Neither another stamp than the person was shown, nor one where none was shown, nor none where one was."""
    named = {entry.document: entry for entry in transaction.appearance}
    if appearance is None:
        if any(label not in named for label in labels):
            return
        raise _refused(
            "transaction-appearance-missing",
            f"the person was shown a visible signature on {document.name}",
            f"người ký đã được trình hình chữ ký trên {document.name}",
            "sign with the appearance= that the transaction was made with",
        )
    if all(named.get(label) != appearance.shown_on(document, label) for label in labels):
        raise _refused(
            "transaction-other-appearance",
            f"the transaction names another visible signature on {document.name}, or none",
            f"giao dịch nêu hình chữ ký khác (hoặc không có) trên {document.name}",
            "sign with the appearance= that the transaction was made with",
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
