"""A Transaction for tests of logins: what it is about does not matter to them."""

from __future__ import annotations

from eidkit.binding.transaction import Transaction, TransactionDocument

TRANSACTION = Transaction(
    dossier_id="H56.01-261124-0001",
    dossier_nonce="11" * 32,
    procedure=("permit", "1", "22" * 32),
    step="approval",
    role="head of unit",
    kind="person",
    action=("approve", "advances"),
    max_age=900,
    text=("vi", "Phê duyệt hồ sơ H56.01-261124-0001"),
    documents=(TransactionDocument("form", "application/xml", None, "33" * 32),),
)
