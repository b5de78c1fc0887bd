"""An attested login for one document: made here, where no person is in front of a screen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from eidkit.binding import (
    Assurance,
    Authentication,
    ChallengeFacts,
    Check,
    Disclosure,
    ProcedureReference,
    Proof,
    ShownText,
    Transaction,
    TransactionAction,
    TransactionDocument,
    attest,
    subject_commitment,
)
from eidkit.verify.content import content_digest

if TYPE_CHECKING:
    from eidkit.document import Document
    from tests.preserving.world import World


def attested(world: World, document: Document | None = None) -> Authentication:
    """Lan's login for the sample document, or another one."""
    now = world.clock.now().replace(microsecond=0)
    content = content_digest(document or world.original())
    kind = (document or world.original()).format
    transaction = Transaction(
        dossier_id="H00.01-261124-0001",
        dossier_nonce="11" * 32,
        procedure=ProcedureReference("years", "1", "22" * 32),
        step="approval",
        role="officer",
        kind="person",
        action=TransactionAction("approve", "advances"),
        max_age=600,
        text=ShownText("vi", "Phê duyệt hồ sơ"),
        documents=(TransactionDocument("permit", f"application/{kind}", content.length, content.sha256, ()),),
    )
    salt, proof = b"\x33" * 32, b'{"outcome":"accepted"}'
    return attest(
        Authentication(
            transaction=transaction,
            method="otp-totp",
            factors=("have",),
            assurance=(Assurance("vn-2024", "1", "policy"),),
            challenge=ChallengeFacts("44" * 32, now - timedelta(seconds=30), now + timedelta(minutes=5), "years"),
            authenticated_at=now,
            proof_class="attested",
            proof=Proof.of("application/json", proof),
            checks=(Check("code", "RFC 6238 §5.2"),),
            warnings=(),
            subject=subject_commitment(world.key.identity, salt),
            disclosure=Disclosure(world.key.identity, salt, proof),
        ),
        world.sandbox.service_key,
        now,
    )
