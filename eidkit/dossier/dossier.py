"""Dossier: documents moving along a Procedure; an immutable, append-only value.

The signed documents and the authentications are the proof; the dossier is their index.  Every method that
moves it on returns a new Dossier.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.dossier import expecting, labels
from eidkit.dossier.approval import Approval, approvals_in
from eidkit.dossier.progress import Progress
from eidkit.errors import EidkitError, Text
from eidkit.policy import ETSI_BASELINE, Policy
from eidkit.verify.collecting import collect
from eidkit.verify.content import MEDIA_TYPES, content_digest
from eidkit.verify.signature_value import value_digest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from cryptography import x509

    from eidkit.binding.authentication import Authentication
    from eidkit.binding.identity_link import IdentityLink
    from eidkit.binding.procedure import Procedure, Step
    from eidkit.binding.transaction import ShownAppearance, Transaction, TransactionDocument
    from eidkit.document import Document
    from eidkit.dossier.report import DossierReport
    from eidkit.identity import Identity
    from eidkit.signing.appearance import Appearance
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore


@dataclass(frozen=True, slots=True)
class Held:
    """A document as it stands in the dossier: its label, and the facts of it when they are known already."""

    label: str
    document: Document
    facts: TransactionDocument | None = None

    def shown(self) -> TransactionDocument:
        """The document as a Transaction names it: content digest and the signature values in it."""
        if self.facts is not None:
            return self.facts
        from eidkit.binding.transaction import TransactionDocument as Shown

        content = content_digest(self.document)
        present = sorted({value_digest(signature) for signature in collect(self.document).signatures})
        return Shown(self.label, MEDIA_TYPES[self.document.format], content.length, content.sha256, tuple(present))


@dataclass(frozen=True, slots=True)
class EarlierState:
    """A document as it stood after ``number`` approvals, where that is not a prefix of how it stands now."""

    number: int
    label: str
    document: Document


@dataclass(frozen=True, slots=True)
class Index:
    """What ``dossier.json`` says: compared while verifying, never believed."""

    procedure: str
    approvals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Validation:
    """Certificates, CRLs and OCSP answers (DER) kept with the dossier: candidates, as untrusted as any others."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def joined(self, other: Validation) -> Validation:
        """Both, each item once."""
        return Validation(
            tuple(dict.fromkeys(self.certificates + other.certificates)),
            tuple(dict.fromkeys(self.crls + other.crls)),
            tuple(dict.fromkeys(self.ocsps + other.ocsps)),
        )


@dataclass(frozen=True, slots=True)
class Dossier:
    """Documents, the Procedure they follow, and the approvals so far; threads may share it.

    Open one with :meth:`open`, move it on with :meth:`transaction` and :meth:`approve`, keep it with
    :meth:`write`, and prove it with ``Dossier.read(folder, procedure).verify(trust)``.
    """

    id: str
    nonce: str
    procedure: Procedure
    held: tuple[Held, ...]
    authentications: tuple[Authentication, ...] = ()
    known_approvals: tuple[Approval, ...] | None = ()
    earlier: tuple[EarlierState, ...] = ()
    validation: Validation = field(default=Validation(), repr=False)
    index: Index | None = None
    links: tuple[IdentityLink, ...] = field(default=(), repr=False)

    @classmethod
    def open(
        cls,
        id: str,  # noqa: A002 - the word of the contract
        procedure: Procedure,
        documents: Mapping[str, Document] | Iterable[Document],
        *,
        nonce: str | None = None,
    ) -> Dossier:
        """A new dossier about ``documents``, at the first step of ``procedure``.

        Labels come from file names (:func:`eidkit.dossier.labels.label_of`) or from a mapping label →
        Document.  Raises for labels, formats and documents that the procedure does not allow at its first
        step.  ``nonce`` (64 hex digits) is drawn at random; give one only to re-enact a dossier.
        """
        shape.text(id, "dossier id", limit=256)
        drawn = shape.digest(nonce, "dossier nonce") if nonce is not None else secrets.token_hex(32)
        return cls(id, drawn, procedure, ()).add(documents)

    def add(self, documents: Mapping[str, Document] | Iterable[Document]) -> Dossier:
        """The dossier with documents that the procedure lets in at the step that is due (``from_step``)."""
        step = self.step
        if step is None:
            raise _finished(self.id)
        held = list(self.held)
        for label, document in labels.labelled(documents):
            rule = labels.rule_for(label, document, self.procedure)
            if rule.from_step != step.name or label in self.labels:
                raise EidkitError(
                    "dossier-document-not-due",
                    Text(
                        f"{label} does not come in at step {step.name}", f"{label} không được thêm ở bước {step.name}"
                    ),
                    Text(
                        f"add it when step {rule.from_step} is due, and once", f"thêm tài liệu ở bước {rule.from_step}"
                    ),
                )
            held.append(_shown_once(Held(label, document)))
        order = [rule.label for rule in self.procedure.documents]
        joined = replace(self, held=tuple(sorted(held, key=lambda item: order.index(item.label))))
        _require_documents(self.procedure, joined.labels, step)
        return joined

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the documents, in the procedure's order."""
        return tuple(item.label for item in self.held)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents as they stand, in the order of :attr:`labels`."""
        return tuple(item.document for item in self.held)

    def document(self, label: str) -> Document:
        """The document called ``label`` as it stands; raises KeyError."""
        return {item.label: item.document for item in self.held}[label]

    @property
    def to_sign(self) -> tuple[Document, ...]:
        """The documents that the step which is due signs, in the transaction's order; empty when none is due."""
        step = self.step
        return tuple(self.document(label) for label in self.labels_of(step)) if step else ()

    def labels_of(self, step: Step) -> tuple[str, ...]:
        """The labels that ``step`` signs here: those it names, as far as they are in the dossier."""
        return tuple(label for label in step.documents if label in self.labels)

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """The approvals so far, put together from the files; nothing is judged here."""
        if self.known_approvals is not None:
            return self.known_approvals
        return approvals_in({item.label: collect(item.document) for item in self.held}, self.authentications)

    @property
    def progress(self) -> Progress:
        """Where the dossier stands; raises for an approval that the procedure has no action for."""
        progress = Progress()
        for authentication in self.authentications:
            transaction = authentication.transaction
            action = self.procedure.step(transaction.step).action(transaction.action.name)
            progress = progress.after(self.procedure, action)
        return progress

    @property
    def step(self) -> Step | None:
        """The step that is due; None when the dossier ended or its last step is done."""
        return self.progress.due(self.procedure)

    @property
    def head(self) -> str | None:
        """The digest of the last approval: advance it by compare-and-set where several processes approve."""
        approvals = self.approvals
        return approvals[-1].digest if approvals else None

    def transaction(
        self,
        *,
        action: str,
        language: str = "vi",
        appearance: Mapping[str, Appearance] | Sequence[ShownAppearance] = (),
        signer: str | x509.Certificate | None = None,
    ) -> Transaction:
        """What is about to be approved at the step that is due.

        ``action`` is one of the step's; ``language`` (``vi`` or ``en``) is the one that the text is shown in;
        ``signer`` the signing certificate or its SHA-256, when it is known already.  The same call gives the
        same Transaction.  ``appearance`` says by label what readers will see of the signatures, where the step
        allows it; sign with the same value.
        """
        step = self.step
        if step is None:
            raise _finished(self.id)
        _require_documents(self.procedure, self.labels, step)
        chosen = step.action(action)
        held = {item.label: item for item in self.held}
        return expecting.transaction(
            expecting.Opened(self.id, self.nonce, self.procedure), step, chosen, language=language,
            documents=[held[label].shown() for label in self.labels_of(step)],
            previous=self.head, appearance=self._appearances(step, appearance), signer=_sha256_of(signer),
        )  # fmt: skip

    def _appearances(
        self, step: Step, given: Mapping[str, Appearance] | Sequence[ShownAppearance]
    ) -> list[ShownAppearance]:
        """Each appearance as the Transaction names it, in the documents' order."""
        from collections.abc import Mapping as AnyMapping

        if given and not step.appearance:
            raise EidkitError(
                "appearance-not-allowed",
                Text(f"step {step.name} allows no visible signature", f"bước {step.name} không cho phép hình chữ ký"),
                Text("leave appearance= out, or use a procedure that allows it", "bỏ appearance hoặc đổi quy trình"),
            )
        entries = (
            [stamp.shown_on(self._held(label, step), label) for label, stamp in given.items()]
            if isinstance(given, AnyMapping)
            else list(given)
        )
        order = self.labels_of(step)
        return sorted(entries, key=lambda entry: order.index(entry.document) if entry.document in order else len(order))

    def _held(self, label: str, step: Step) -> Document:
        if label not in self.labels_of(step):
            raise EidkitError(
                "appearance-document",
                Text(f"step {step.name} does not sign {label}", f"bước {step.name} không ký {label}"),
                Text(f"labels are {', '.join(self.labels_of(step))}", f"nhãn: {', '.join(self.labels_of(step))}"),
            )
        return self.document(label)

    def approve(
        self,
        signed: Mapping[str, Document] | Iterable[Document],
        authentication: Authentication,
        trust: TrustStore,
        *,
        providers: Sequence[object] | None = None,
        links: Iterable[IdentityLink] = (),
        origins: Iterable[str] = (),
        sources: Sources | None = None,
        policy: Policy = ETSI_BASELINE,
        at: datetime | None = None,
        transport: Transport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> Dossier:
        """The dossier with one more approval: the ``signed`` documents and the login they carry.

        Raises :class:`eidkit.errors.StepError` with every reason when person, transaction, step, login,
        signatures or times are not what the step demands; then nothing has changed.  Judges only the
        signatures that are new.  ``providers`` has the proof of a login at a provider checked again as well.
        ``links`` join the login's identifier and the certificate's where these differ; those that were needed stay
        with the dossier.  ``origins`` as for :meth:`verify`.
        """
        from eidkit.dossier import approving

        now = at or clock.now()
        given = approving.Given(trust, providers, sources, policy, now, transport, clock, tuple(origins), tuple(links))
        return approving.approve(self, signed, authentication, given)

    def erased(self, *, steps: Iterable[str] = (), person: Identity | None = None) -> Dossier:
        """The dossier without who acted at ``steps``, or where ``person`` did, and without the proof of it.

        Chain and attestations still verify; rules that need the identity report ``ERASED``, INDETERMINATE.  Nothing on
        a disk changes: :func:`eidkit.dossier.erase` erases a folder.
        """
        from eidkit.dossier import erasing

        return erasing.erased(self, steps, person)

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Write the dossier as a folder (binding.md §0): all of it or nothing.

        A dossier folder that is there already is replaced; any other folder that is not empty is refused.
        """
        from eidkit.dossier import folder as folders

        folders.write(self, folder)

    @classmethod
    def read(cls, folder: str | os.PathLike[str], procedure: Procedure) -> Dossier:
        """The dossier in ``folder``, under the reader's own ``procedure``; nothing in it is believed yet.

        Bounded and strict: an unknown file, a link, malformed JSON or too much of anything is refused.
        """
        from eidkit.dossier import folder as folders

        return folders.read(folder, procedure)

    def verify(
        self,
        trust: TrustStore,
        *,
        providers: Sequence[object] = (),
        links: Iterable[IdentityLink] = (),
        origins: Iterable[str] = (),
        sources: Sources | None = None,
        policy: Policy = ETSI_BASELINE,
        at: datetime | None = None,
        transport: Transport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> DossierReport:
        """The proof: every link recomputed from files, procedure and anchors (binding.md §6), all reasons given.

        ``providers`` are the identity providers whose keys the verifier pinned; ``links`` are identity links beside
        those in the folder; ``origins`` the only ones at which a key may have signed to log in (none: any).
        ``sources`` also tell whether a login's certificate had been revoked before.  ``at`` replaces the present and
        proves nothing.  Opens no socket unless ``sources`` holds one.
        """
        from eidkit.dossier import verifying
        from eidkit.dossier.approving import Given

        now = at or clock.now()
        given = Given(trust, providers, sources, policy, now, transport, clock, tuple(origins), tuple(links))
        return verifying.verify(self, given)


def _require_documents(procedure: Procedure, labels_: Sequence[str], step: Step) -> None:
    """Raise when a document that the procedure demands by ``step`` is not there."""
    reached = procedure.position(step.name)
    missing = [
        rule.label
        for rule in procedure.documents
        if rule.required and procedure.position(rule.from_step) <= reached and rule.label not in labels_
    ]
    if missing:
        raise EidkitError(
            "dossier-document-missing",
            Text(
                f"the procedure demands {', '.join(missing)} at step {step.name}",
                f"quy trình yêu cầu {', '.join(missing)} ở bước {step.name}",
            ),
            Text("give every required document: Dossier.open or Dossier.add", "cung cấp đủ tài liệu bắt buộc"),
        )


def _shown_once(held: Held) -> Held:
    return replace(held, facts=held.shown())


def _sha256_of(signer: str | x509.Certificate | None) -> str | None:
    if signer is None or isinstance(signer, str):
        return signer if signer is None else shape.digest(signer, "signer")
    from cryptography.hazmat.primitives import hashes

    return signer.fingerprint(hashes.SHA256()).hex()


def _finished(id_: str) -> EidkitError:
    return EidkitError(
        "dossier-finished",
        Text(f"dossier {id_} has no step that is due", f"hồ sơ {id_} không còn bước nào phải thực hiện"),
        Text("open a new dossier, or verify this one", "mở hồ sơ mới hoặc xác minh hồ sơ này"),
    )
