"""binding.md §6.3 broken member by member: what was shown is not what the procedure and the files demand.

The transaction is changed before anybody logs in, so that login, attestation, signatures and timestamps are
all good and all about the changed one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from eidkit.binding.transaction import ProcedureReference, ShownText, TransactionAction
from eidkit.document import Document
from eidkit.dossier import Dossier


def changed(turn, **members):
    """A Turn whose transaction has other ``members``; a callable makes the member from the transaction."""

    def change(transaction):
        return replace(transaction, **{n: v(transaction) if callable(v) else v for n, v in members.items()})

    return turn(transaction=change)


def with_document(turn, label, **members):
    """A Turn whose transaction says something else of one document."""

    def documents(transaction):
        return tuple(replace(d, **members) if d.label == label else d for d in transaction.documents)

    return changed(turn, documents=documents)


def test_another_dossiers_id(stage, turn, caught):
    caught(
        stage.play(stage.opened(), {"approval": changed(turn, dossier_id="H56.01-260302-0002")}), "TRANSACTION_DOSSIER"
    )


def test_another_dossiers_nonce(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": changed(turn, dossier_nonce="0" * 64)}), "TRANSACTION_DOSSIER")


def test_another_version_of_the_procedure(stage, turn, caught):
    other = ProcedureReference(stage.procedure.id, "2", stage.procedure.digest)
    caught(stage.play(stage.opened(), {"approval": changed(turn, procedure=other)}), "TRANSACTION_PROCEDURE")


def test_another_procedure_of_the_same_name(stage, turn, caught):
    other = ProcedureReference(stage.procedure.id, stage.procedure.version, "1" * 64)
    caught(stage.play(stage.opened(), {"reception": changed(turn, procedure=other)}), "TRANSACTION_PROCEDURE")


def test_a_role_that_the_step_does_not_have(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": changed(turn, role="mayor")}), "TRANSACTION_ROLE")


def test_a_persons_step_shown_as_a_seal(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": changed(turn, kind="seal")}), "TRANSACTION_KIND")


def test_an_action_that_the_step_does_not_have(stage, turn, caught):
    other = changed(turn, action=TransactionAction("wave-through", "advances"))
    caught(stage.play(stage.opened(), {"result": other}), "TRANSACTION_ACTION")


def test_a_refusal_shown_as_approval(stage, turn, caught):
    """The person was shown the refusal; the insider wrote *approve* beside it."""

    def text(transaction):
        shown = [(d.label, d.sha256) for d in transaction.documents]
        return ShownText(
            "vi", stage.procedure.text("approval", "reject", "vi", dossier=transaction.dossier_id, documents=shown)
        )

    caught(stage.play(stage.opened(), {"approval": changed(turn, text=text)}), "TRANSACTION_TEXT")


def test_a_refusal_that_advances(stage, turn, caught):
    """The action is the refusal, its effect says that the dossier goes on."""
    other = replace(
        changed(turn, action=TransactionAction("reject", "advances")),
        action="reject",
        commitment="1.2.840.113549.1.9.16.6.5",
    )
    report = caught(
        stage.play(stage.opened(), {"approval": other}, ("reception", "assessment", "approval")),
        "TRANSACTION_ACTION",
        "COMMITMENT_MISMATCH",
    )
    assert "DOSSIER_ENDED" in report.codes


def test_a_longer_age_than_the_step_allows(stage, turn, caught):
    old = replace(changed(turn, max_age=10**6), wait=timedelta(minutes=4))
    caught(stage.play(stage.opened(), {"approval": old}), "TRANSACTION_MAX_AGE")


def test_a_text_of_ones_own(stage, turn, caught):
    other = changed(turn, text=ShownText("vi", "Tôi đã nhận được thư."))
    caught(stage.play(stage.opened(), {"approval": other}), "TRANSACTION_TEXT")


def test_the_text_of_another_language_under_this_ones_name(stage, turn, caught):
    def text(transaction):
        return ShownText("en", transaction.text.body)

    caught(stage.play(stage.opened(), {"approval": changed(turn, text=text)}), "TRANSACTION_TEXT")


def test_one_document_not_shown_and_not_signed(stage, turn, caught):
    def documents(transaction):
        return transaction.documents[:1]

    def text(transaction):
        shown = [(d.label, d.sha256) for d in transaction.documents[:1]]
        return ShownText(
            "vi", stage.procedure.text("assessment", "approve", "vi", dossier=transaction.dossier_id, documents=shown)
        )

    less = replace(changed(turn, documents=documents, text=text), labels=("permit",))
    caught(stage.play(stage.opened(), {"assessment": less}), "TRANSACTION_DOCUMENTS", "DOCUMENT_APPEARED")


def test_a_document_signed_that_was_not_shown(stage, turn, caught):
    def documents(transaction):
        return transaction.documents[:1]

    def text(transaction):
        shown = [(d.label, d.sha256) for d in transaction.documents[:1]]
        return ShownText(
            "vi", stage.procedure.text("result", "approve", "vi", dossier=transaction.dossier_id, documents=shown)
        )

    less = changed(turn, documents=documents, text=text)
    caught(
        stage.play(stage.opened(), {"result": less}),
        "TRANSACTION_DOCUMENTS",
        "DOCUMENT_NOT_SHOWN",
        "CONTENT_NOT_IN_TRANSACTION",
        "STEP_SIGNATURE_UNDECIDED",
    )


def test_documents_in_another_order(stage, turn, caught):
    def documents(transaction):
        return transaction.documents[::-1]

    def text(transaction):
        shown = [(d.label, d.sha256) for d in transaction.documents[::-1]]
        return ShownText(
            "vi", stage.procedure.text("result", "approve", "vi", dossier=transaction.dossier_id, documents=shown)
        )

    caught(
        stage.play(stage.opened(), {"result": changed(turn, documents=documents, text=text)}), "TRANSACTION_DOCUMENTS"
    )


def test_a_document_shown_as_another_kind_of_file(stage, turn, caught):
    caught(
        stage.play(stage.opened(), {"approval": with_document(turn, "form", media_type="text/html")}),
        "TRANSACTION_MEDIA_TYPE",
    )


def test_signatures_kept_quiet(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": with_document(turn, "form", present=())}), "TRANSACTION_PRESENT")


def test_signatures_made_up(stage, turn, caught):
    caught(
        stage.play(stage.opened(), {"assessment": with_document(turn, "permit", present=("0" * 64,))}),
        "TRANSACTION_PRESENT",
    )


def test_a_login_for_another_certificate(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": changed(turn, signer="2" * 64)}), "TRANSACTION_SIGNER")


def test_a_login_for_this_certificate_is_good(stage, turn):
    from cryptography.hazmat.primitives import hashes

    own = changed(turn, signer=stage.lan.certificate.fingerprint(hashes.SHA256()).hex())
    assert stage.verify(stage.play(stage.opened(), {"approval": own})).verdict == "COMPLETE"


def test_an_approval_that_follows_nothing(stage, turn, caught):
    caught(
        stage.play(stage.opened(), {"approval": changed(turn, previous=None)}), "TRANSACTION_PREVIOUS", "APPROVAL_FORK"
    )


def test_an_approval_that_follows_another(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": changed(turn, previous="3" * 64)}), "TRANSACTION_PREVIOUS")


def test_a_first_approval_that_follows_something(stage, turn, caught):
    caught(stage.play(stage.opened(), {"reception": changed(turn, previous="3" * 64)}), "TRANSACTION_PREVIOUS")


def test_a_document_that_was_not_the_one_shown(stage, turn, caught):
    """Signed and stamped by the right person, but what the login was about is another file."""
    other = with_document(turn, "form", sha256="5" * 64)

    def text(transaction):
        shown = [(d.label, "5" * 64 if d.label == "form" else d.sha256) for d in transaction.documents]
        return ShownText(
            "vi", stage.procedure.text("approval", "approve", "vi", dossier=transaction.dossier_id, documents=shown)
        )

    both = turn(transaction=lambda transaction: replace(other.transaction(transaction), text=text(transaction)))
    caught(
        stage.play(stage.opened(), {"approval": both}),
        "TRANSACTION_CONTENT",
        "CONTENT_NOT_IN_TRANSACTION",
        "STEP_SIGNATURE_UNDECIDED",
    )


def test_a_login_reused_for_another_dossier(stage, turn, caught):
    """The login of one dossier, put by its own person into the signatures over the same papers in another."""
    first = stage.opened()
    login, _ = stage.turn(first, "reception", turn())
    second = stage.opened(id="H56.01-260302-0002")
    reused = turn(jws=lambda _jws: login.attestation, wait=timedelta(minutes=0))
    mutant = stage.act(second, "reception", reused)
    mutant = replace(mutant, authentications=(login,))
    caught(mutant, "TRANSACTION_DOSSIER", "TRANSACTION_TEXT")


def test_a_login_reused_for_another_document(stage, turn, caught):
    first = stage.opened()
    login, _ = stage.turn(first, "reception", turn())
    swapped = Document.from_bytes(stage.files["form"].read_bounded(10**6, "form").replace(b"</", b" </", 1), "form.xml")
    second = Dossier.open(first.id, stage.procedure, {**stage.files, "form": swapped}, nonce=first.nonce)
    mutant = stage.act(second, "reception", turn(jws=lambda _jws: login.attestation, wait=timedelta(minutes=0)))
    caught(
        replace(mutant, authentications=(login,)),
        "TRANSACTION_CONTENT",
        "CONTENT_NOT_IN_TRANSACTION",
        "STEP_SIGNATURE_UNDECIDED",
    )
