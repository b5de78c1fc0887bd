"""Transaction: what is about to be approved, as one value with one digest (binding.md §2).

It is a pure function of the dossier and of (action, language, appearance, signer): no challenge nonce and no
time is in it.  ``digest = H("eidkit-transaction-1", JCS(transaction))``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from eidkit import canonical
from eidkit.binding import shape
from eidkit.errors import LANGUAGES

Kind = Literal["person", "seal"]
Effect = Literal["advances", "returns", "ends"]
KINDS = ("person", "seal")
EFFECTS = ("advances", "returns", "ends")
MAX_BODY = 16_384
_FARTHEST = 100_000_000
PDF = "application/pdf"
_MEMBERS = (
    "v",
    "dossier",
    "procedure",
    "step",
    "role",
    "kind",
    "action",
    "max_age",
    "text",
    "documents",
    "appearance",
    "signer",
    "previous",
)


class ProcedureReference(NamedTuple):
    """Which Procedure: id, version and ``H("eidkit-procedure-1", JCS(procedure))`` in hex."""

    id: str
    version: str
    digest: str


class TransactionAction(NamedTuple):
    """The action chosen, and its effect as the Procedure says."""

    name: str
    effect: Effect


class ShownText(NamedTuple):
    """Exactly what the person was shown, and in which language."""

    language: str
    body: str


@dataclass(frozen=True, slots=True)
class TransactionDocument:
    """One document as shown: its content digest (binding.md §1) and the signature values already in it.

    ``length`` is the file's length for PDF and ``None`` otherwise; ``present`` holds the sorted SHA-256 of the
    signature values that were there before.
    """

    label: str
    media_type: str
    length: int | None
    sha256: str
    present: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape.name(self.label, "document label")
        shape.text(self.media_type, "media_type", limit=128)
        shape.digest(self.sha256, "document sha256")
        if (self.length is not None) != (self.media_type == PDF):
            shape.refuse("document-length", "length is given for PDF and only for PDF", "chỉ ghi độ dài cho PDF")
        if self.length is not None:
            shape.whole(self.length, "document length", 1)
        for value in self.present:
            shape.digest(value, "present")
        if list(self.present) != sorted(set(self.present)):
            shape.refuse("document-present", "present must be sorted and without repeats", "present phải được sắp xếp")

    def to_json(self) -> dict[str, Any]:
        """The JSON form of binding.md §2."""
        return {
            "label": self.label,
            "media_type": self.media_type,
            "length": self.length,
            "sha256": self.sha256,
            "present": list(self.present),
        }

    @classmethod
    def from_json(cls, value: Any) -> TransactionDocument:
        """The value of its JSON form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, ("label", "media_type", "length", "sha256", "present"), "document")
        present = shape.items(row["present"], lambda item: shape.digest(item, "present"), "present")
        return cls(row["label"], row["media_type"], row["length"], row["sha256"], present)


@dataclass(frozen=True, slots=True)
class ShownAppearance:
    """A visible signature as the person was shown it: document label, page (from 1), rectangle, inputs' digest.

    ``rectangle``: left, bottom, right, top in hundredths of the page's own unit (1/72 inch unless it says
    otherwise); ``sha256`` is of JCS(title, text, image digest, border).
    """

    document: str
    page: int
    rectangle: tuple[int, ...]
    sha256: str

    def __post_init__(self) -> None:
        shape.name(self.document, "appearance document")
        shape.whole(self.page, "appearance page", 1)
        shape.digest(self.sha256, "appearance sha256")
        if len(self.rectangle) != 4 or any(
            abs(canonical.typed(edge, int, "edge")) > _FARTHEST for edge in self.rectangle
        ):
            shape.refuse("appearance-rectangle", "a rectangle is four whole numbers", "khung gồm bốn số nguyên")

    def to_json(self) -> dict[str, Any]:
        """The JSON form of binding.md §2."""
        return {"document": self.document, "page": self.page, "rectangle": list(self.rectangle), "sha256": self.sha256}

    @classmethod
    def from_json(cls, value: Any) -> ShownAppearance:
        """The value of its JSON form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, ("document", "page", "rectangle", "sha256"), "appearance")
        edges = tuple(canonical.typed(row["rectangle"], list, "rectangle"))
        return cls(row["document"], row["page"], edges, row["sha256"])


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is about to be approved: dossier, procedure, step, role, action, text shown, documents, approval before.

    ``dossier_nonce`` is 64 hex digits; ``signer`` the SHA-256 of the certificate or ``None``; ``previous`` the
    digest of the approval before or ``None`` for the first.  Make one with ``Dossier.transaction``.
    Threads may share it.
    """

    dossier_id: str
    dossier_nonce: str
    procedure: ProcedureReference
    step: str
    role: str
    kind: Kind
    action: TransactionAction
    max_age: int
    text: ShownText
    documents: tuple[TransactionDocument, ...]
    appearance: tuple[ShownAppearance, ...] = ()
    signer: str | None = None
    previous: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "procedure", ProcedureReference(*self.procedure))
        object.__setattr__(self, "action", TransactionAction(*self.action))
        object.__setattr__(self, "text", ShownText(*self.text))
        shape.text(self.dossier_id, "dossier id", limit=256)
        shape.digest(self.dossier_nonce, "dossier nonce")
        shape.text(self.procedure.id, "procedure id", limit=256)
        shape.text(self.procedure.version, "procedure version", limit=64)
        shape.digest(self.procedure.digest, "procedure digest")
        shape.name(self.step, "step")
        shape.text(self.role, "role", limit=128)
        shape.one_of(self.kind, KINDS, "kind")
        shape.name(self.action.name, "action")
        shape.one_of(self.action.effect, EFFECTS, "effect")
        shape.whole(self.max_age, "max_age", 1)
        shape.one_of(self.text.language, LANGUAGES, "language")
        shape.text(self.text.body, "text", limit=MAX_BODY)
        self._check_lists()

    def _check_lists(self) -> None:
        if not 1 <= len(self.documents) <= shape.MAX_ITEMS:
            shape.refuse("transaction-documents", "a transaction has 1 to 256 documents", "cần từ 1 đến 256 tài liệu")
        labels = [document.label for document in self.documents]
        shape.unique(labels, "documents")
        if any(entry.document not in labels for entry in self.appearance):
            shape.refuse(
                "appearance-document", "an appearance names no document here", "hình chữ ký không thuộc tài liệu nào"
            )
        shape.unique([entry.document for entry in self.appearance], "appearance")
        for value, what in ((self.signer, "signer"), (self.previous, "previous")):
            if value is not None:
                shape.digest(value, what)

    def to_json(self) -> dict[str, Any]:
        """The JSON form of binding.md §2, every member present."""
        return {
            "v": 1,
            "dossier": {"id": self.dossier_id, "nonce": self.dossier_nonce},
            "procedure": self.procedure._asdict(),
            "step": self.step,
            "role": self.role,
            "kind": self.kind,
            "action": self.action._asdict(),
            "max_age": self.max_age,
            "text": self.text._asdict(),
            "documents": [document.to_json() for document in self.documents],
            "appearance": [entry.to_json() for entry in self.appearance],
            "signer": self.signer,
            "previous": self.previous,
        }

    @classmethod
    def from_json(cls, value: Any) -> Transaction:
        """The value of its JSON form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _MEMBERS, "transaction")
        version(row["v"], "transaction")
        dossier = canonical.members(row["dossier"], ("id", "nonce"), "dossier")
        return cls(
            dossier["id"],
            dossier["nonce"],
            ProcedureReference(**canonical.members(row["procedure"], ProcedureReference._fields, "procedure")),
            row["step"],
            row["role"],
            row["kind"],
            TransactionAction(**canonical.members(row["action"], TransactionAction._fields, "action")),
            row["max_age"],
            ShownText(**canonical.members(row["text"], ShownText._fields, "text")),
            shape.items(row["documents"], TransactionDocument.from_json, "documents"),
            shape.items(row["appearance"], ShownAppearance.from_json, "appearance"),
            row["signer"],
            row["previous"],
        )

    @property
    def digest(self) -> str:
        """``H("eidkit-transaction-1", JCS(transaction))`` in hex."""
        return canonical.digest("eidkit-transaction-1", self.to_json())


def version(value: Any, what: str) -> None:
    """Refuse a ``v`` that is not the integer 1."""
    if canonical.typed(value, int, "v") != 1:
        shape.refuse(
            "version-unknown", f"this release reads {what} of version 1 only", f"chỉ đọc được {what} phiên bản 1"
        )
