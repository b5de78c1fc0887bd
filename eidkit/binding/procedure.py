"""Procedure: the ordered steps a dossier goes through, and what each demands (binding.md §0).

People write it as TOML; whatever they leave out is written out before the digest is taken, because
``H("eidkit-procedure-1", JCS(procedure))`` is permanent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eidkit import canonical, commitments
from eidkit.binding import scales, shape, templates
from eidkit.binding.transaction import EFFECTS, KINDS, Effect, Kind, ProcedureReference, version
from eidkit.errors import Text
from eidkit.files import read_bounded
from eidkit.identity import Identity

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from eidkit.binding.authentication import Assurance, ProofClass

MAX_FILE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Action:
    """What may be done at a step: its effect, the commitment it signs, and the text that is shown.

    ``returns_to`` names an earlier step exactly when the effect is ``returns``; ``proof-of-approval`` is a
    commitment of actions that advance and of no other.
    """

    name: str
    effect: Effect
    returns_to: str | None
    commitment: str | None
    text: Text

    def __post_init__(self) -> None:
        shape.name(self.name, "action name")
        shape.one_of(self.effect, EFFECTS, "effect")
        if (self.returns_to is not None) != (self.effect == "returns"):
            shape.refuse(
                "action-returns", "returns_to belongs to the effect returns", "returns_to chỉ dùng khi trả lại"
            )
        if self.commitment is not None:
            shape.one_of(self.commitment, commitments.BY_NAME, "commitment")
        if self.commitment == commitments.PROOF_OF_APPROVAL.name and self.effect != "advances":
            shape.refuse(
                "action-commitment",
                "only an action that advances proves approval",
                "chỉ hành động chuyển tiếp mới là phê duyệt",
            )
        templates.check(self.text)

    @property
    def commitment_oid(self) -> str | None:
        """The commitment type's OID, dotted, or ``None``."""
        return None if self.commitment is None else commitments.BY_NAME[self.commitment].oid

    def to_json(self) -> dict[str, Any]:
        """The JSON form of binding.md §0."""
        return {
            "name": self.name,
            "effect": self.effect,
            "returns_to": self.returns_to,
            "commitment": self.commitment,
            "text": self.text.to_json(),
        }

    @classmethod
    def from_json(cls, value: Any) -> Action:
        """The value of its JSON form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, ("name", "effect", "returns_to", "commitment", "text"), "action")
        return cls(
            row["name"], row["effect"], row["returns_to"], row["commitment"], both_languages(row["text"], "action text")
        )


@dataclass(frozen=True, slots=True)
class AssuranceRule:
    """The least assurance a step takes: a value on one scale; values of other scales never meet it."""

    scheme: str
    least: str

    def __post_init__(self) -> None:
        shape.one_of(
            self.least,
            scales.ASSURANCE_SCALES[shape.one_of(self.scheme, scales.ASSURANCE_SCALES, "assurance scheme")],
            "least",
        )

    def met_by(self, values: Iterable[Assurance]) -> bool:
        """Whether one of these ``Assurance`` values is of this scheme and high enough."""
        scale = scales.ASSURANCE_SCALES[self.scheme]
        return any(entry.scheme == self.scheme and scales.at_least(scale, entry.value, self.least) for entry in values)

    def to_json(self) -> dict[str, str]:
        """``{"scheme", "least"}``."""
        return {"scheme": self.scheme, "least": self.least}

    @classmethod
    def from_json(cls, value: Any) -> AssuranceRule:
        """The value of its JSON form; anything unknown or missing is refused."""
        return cls(**canonical.members(value, ("scheme", "least"), "assurance"))


@dataclass(frozen=True, slots=True)
class DocumentRule:
    """A document of the procedure: its label, media type, whether it must be there, and from which step on."""

    label: str
    media_type: str
    required: bool
    from_step: str

    def __post_init__(self) -> None:
        shape.name(self.label, "document label")
        shape.text(self.media_type, "media_type", limit=128)
        canonical.typed(self.required, bool, "required")
        shape.name(self.from_step, "from_step")

    def to_json(self) -> dict[str, Any]:
        """The JSON form of binding.md §0."""
        return {
            "label": self.label,
            "media_type": self.media_type,
            "required": self.required,
            "from_step": self.from_step,
        }

    @classmethod
    def from_json(cls, value: Any) -> DocumentRule:
        """The value of its JSON form; anything unknown or missing is refused."""
        return cls(**canonical.members(value, ("label", "media_type", "required", "from_step"), "document"))


@dataclass(frozen=True, slots=True)
class Step:
    """One step: who acts in which role, what may be done, and what the verifier will demand of it.

    ``name`` is the JSON member ``step``.  ``mandate`` is the organisation of a *seal* step and ``None`` for a
    person's.  ``max_age`` counts seconds from authentication to the signature's timestamp.
    Threads may share it.
    """

    name: str
    title: Text
    role: str
    kind: Kind
    mandate: Identity | None
    actions: tuple[Action, ...]
    assurance: AssuranceRule | None
    proof_class: ProofClass
    signature_level: str
    max_age: int
    different_from: tuple[str, ...]
    documents: tuple[str, ...]
    appearance: bool

    def __post_init__(self) -> None:
        shape.name(self.name, "step")
        shape.text(self.role, "role", limit=128)
        shape.one_of(self.kind, KINDS, "kind")
        if (self.mandate is not None) != (self.kind == "seal"):
            shape.refuse(
                "step-mandate",
                f"step {self.name}: a seal step, and only it, has a mandate",
                "chỉ bước đóng dấu mới có mandate",
            )
        if not self.actions or not self.documents:
            shape.refuse(
                "step-empty",
                f"step {self.name} has no action or no document",
                f"bước {self.name} thiếu hành động hoặc tài liệu",
            )
        shape.unique([action.name for action in self.actions], "actions")
        shape.one_of(self.proof_class, scales.PROOF_CLASSES, "proof_class")
        shape.one_of(self.signature_level, scales.SIGNATURE_LEVELS, "signature_level")
        shape.whole(self.max_age, "max_age", 1)
        shape.unique(self.different_from, "different_from")
        shape.unique(self.documents, "documents")
        canonical.typed(self.appearance, bool, "appearance")

    def action(self, name: str) -> Action:
        """The action called ``name``; raises :class:`CanonicalError` when the step has none."""
        found = next((action for action in self.actions if action.name == name), None)
        if found is None:
            shape.refuse(
                "action-unknown",
                f"step {self.name} has no action {name[:64]!r}",
                f"bước {self.name} không có hành động {name[:64]!r}",
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """The JSON form of binding.md §0."""
        return {
            "step": self.name,
            "title": self.title.to_json(),
            "role": self.role,
            "kind": self.kind,
            "mandate": None if self.mandate is None else self.mandate.to_json(),
            "actions": [action.to_json() for action in self.actions],
            "assurance": None if self.assurance is None else self.assurance.to_json(),
            "proof_class": self.proof_class,
            "signature_level": self.signature_level,
            "max_age": self.max_age,
            "different_from": list(self.different_from),
            "documents": list(self.documents),
            "appearance": self.appearance,
        }

    @classmethod
    def from_json(cls, value: Any) -> Step:
        """The value of its JSON form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _STEP, "step")
        return cls(
            row["step"],
            both_languages(row["title"], "step title"),
            row["role"],
            row["kind"],
            None if row["mandate"] is None else Identity.from_json(row["mandate"]),
            shape.items(row["actions"], Action.from_json, "actions"),
            None if row["assurance"] is None else AssuranceRule.from_json(row["assurance"]),
            row["proof_class"],
            row["signature_level"],
            row["max_age"],
            shape.items(row["different_from"], lambda item: shape.name(item, "different_from"), "different_from"),
            shape.items(row["documents"], lambda item: shape.name(item, "document label"), "documents"),
            row["appearance"],
        )


_STEP = (
    "step",
    "title",
    "role",
    "kind",
    "mandate",
    "actions",
    "assurance",
    "proof_class",
    "signature_level",
    "max_age",
    "different_from",
    "documents",
    "appearance",
)
_MEMBERS = ("v", "id", "version", "title", "attesters", "holders", "documents", "steps")


@dataclass(frozen=True, slots=True)
class Procedure:
    """The ordered steps, who may attest, who holds which role, which documents there are; threads may share it.

    A role without holders is *claimed* and reported so.  The verifier uses its own Procedure, never a file's.
    """

    id: str
    version: str
    title: Text
    attesters: tuple[Identity, ...]
    holders: tuple[tuple[str, tuple[Identity, ...]], ...]
    documents: tuple[DocumentRule, ...]
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        shape.text(self.id, "procedure id", limit=256)
        shape.text(self.version, "procedure version", limit=64)
        if not self.attesters or not self.steps or not self.documents:
            shape.refuse(
                "procedure-empty",
                "a procedure names attesters, documents and steps",
                "thủ tục phải có attesters, documents và steps",
            )
        shape.unique([step.name for step in self.steps], "steps")
        shape.unique([rule.label for rule in self.documents], "documents")
        object.__setattr__(self, "holders", tuple(sorted((role, tuple(people)) for role, people in self.holders)))
        shape.unique([role for role, _ in self.holders], "holders")
        for rule in self.documents:
            self.position(rule.from_step)
        for position, step in enumerate(self.steps):
            self._check_step(position, step)

    def _check_step(self, position: int, step: Step) -> None:
        earlier = {other.name for other in self.steps[:position]}
        backwards = {action.returns_to for action in step.actions if action.returns_to is not None}
        if not (backwards | set(step.different_from)) <= earlier:
            shape.refuse(
                "step-order",
                f"step {step.name} refers to a step that is not before it",
                f"bước {step.name} tham chiếu bước không đứng trước",
            )
        there = {rule.label for rule in self.documents if self.position(rule.from_step) <= position}
        if not set(step.documents) <= there:
            shape.refuse(
                "step-documents",
                f"step {step.name} signs a document that is not there yet",
                f"bước {step.name} ký tài liệu chưa có",
            )
        if any(templates.needs_person(action.text) for action in step.actions) and self.person(step.role) is None:
            shape.refuse(
                "template-person",
                "{person} needs a role with exactly one named holder",
                "{person} cần vai trò có đúng một người giữ",
            )

    def step(self, name: str) -> Step:
        """The step called ``name``; raises :class:`CanonicalError` when there is none."""
        return self.steps[self.position(name)]

    def position(self, name: str) -> int:
        """Where the step called ``name`` stands, from 0; raises :class:`CanonicalError` when there is none."""
        names = [step.name for step in self.steps]
        if name not in names:
            shape.refuse(
                "step-unknown", f"the procedure has no step {name[:64]!r}", f"thủ tục không có bước {name[:64]!r}"
            )
        return names.index(name)

    def holders_of(self, role: str) -> tuple[Identity, ...]:
        """Who holds ``role``; empty where the procedure leaves it to be claimed."""
        return dict(self.holders).get(role, ())

    def person(self, role: str) -> str | None:
        """The name of the one holder of ``role``, or ``None``: what ``{person}`` in a text stands for."""
        holders = self.holders_of(role)
        return holders[0].name or None if len(holders) == 1 else None

    def text(self, step: str, action: str, language: str, *, dossier: str, documents: Iterable[tuple[str, str]]) -> str:
        """What is shown for ``action`` at ``step``: the template of that language, filled.

        ``documents`` are (label, SHA-256 hex) in the Transaction's order.
        """
        here = self.step(step)
        return templates.filled(
            here.action(action).text,
            language,
            {
                "dossier": dossier,
                "step_title": templates.in_language(here.title, language),
                "role": here.role,
                "action": action,
                "documents": ", ".join(f"{label} ({digest[:16]})" for label, digest in documents),
                "person": self.person(here.role) or "",
            },
        )

    @property
    def digest(self) -> str:
        """``H("eidkit-procedure-1", JCS(procedure))`` in hex."""
        return canonical.digest("eidkit-procedure-1", self.to_json())

    @property
    def reference(self) -> ProcedureReference:
        """What a Transaction says of this Procedure."""
        return ProcedureReference(self.id, self.version, self.digest)

    def to_json(self) -> dict[str, Any]:
        """The JSON form of binding.md §0, every member present."""
        return {
            "v": 1,
            "id": self.id,
            "version": self.version,
            "title": self.title.to_json(),
            "attesters": [identity.to_json() for identity in self.attesters],
            "holders": {role: [identity.to_json() for identity in people] for role, people in self.holders},
            "documents": [rule.to_json() for rule in self.documents],
            "steps": [step.to_json() for step in self.steps],
        }

    @classmethod
    def from_json(cls, value: Any) -> Procedure:
        """The value of its JSON form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _MEMBERS, "procedure")
        version(row["v"], "procedures")
        holders = canonical.typed(row["holders"], dict, "holders")
        return cls(
            row["id"],
            row["version"],
            both_languages(row["title"], "procedure title"),
            shape.items(row["attesters"], Identity.from_json, "attesters"),
            tuple(
                (shape.text(role, "role", limit=128), shape.items(people, Identity.from_json, "holders"))
                for role, people in holders.items()
            ),
            shape.items(row["documents"], DocumentRule.from_json, "documents"),
            shape.items(row["steps"], Step.from_json, "steps"),
        )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Procedure:
        """The Procedure of a file: ``.toml`` (defaults filled in) or strict JSON with every member."""
        from eidkit.binding import procedure_toml

        data = read_bounded(path, MAX_FILE)
        if Path(path).suffix.lower() == ".toml":
            return cls.from_json(procedure_toml.loads(data))
        return cls.from_json(canonical.loads(data))


def both_languages(value: Any, what: str) -> Text:
    """The Text of ``{"en", "vi"}``; both must be there."""
    row = canonical.members(value, ("en", "vi"), what)
    return Text(shape.text(row["en"], what), shape.text(row["vi"], what))
