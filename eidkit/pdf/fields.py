"""Signature fields: every one in the form, what it holds, and what earlier signatures still allow.

The form is walked within bounds; a field that is reached twice is counted once.
Source: ISO 32000-2 §12.7.4, §12.7.5.5 (fields), §12.8.2 (what a signature forbids).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from eidkit.pdf.syntax import SyntaxProblem, member, number_of, raw_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.pdf.reader import Reader

MAX_FIELDS = 50_000
MAX_FIELD_DEPTH = 48
MAX_SIGNATURES = 400
MAX_WIDGETS = 64
HIDING = 1 | 2 | 8 | 16 | 32 | 256
"""Flags of an annotation that change how it is shown: invisible, hidden, no zoom, no rotation, no view, toggled."""
BLENDING = ("/BM", "/CA", "/ca")
"""Members of an annotation that change how its appearance is put onto the page (ISO 32000-2 §12.5.2)."""
_READ_ONLY = 1


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A signature field: full name, object number and generation, its dictionary, and its value.

    ``value_number`` is the object number of the signature dictionary; None when the value is not an object of
    its own or when the field is empty (then ``value`` is None too).  ``read_only``: nobody may fill it.
    """

    name: str
    number: int | None
    generation: int
    dictionary: Any
    value_number: int | None
    value_generation: int
    value: Any
    read_only: bool = False

    @property
    def kind(self) -> str:
        """``/Sig`` or ``/DocTimeStamp``."""
        return str(member(self.value, "/Type") or "/Sig")

    @property
    def is_timestamp(self) -> bool:
        """Whether it holds a document timestamp (ISO 32000-2 §12.8.5): nobody's signature."""
        return self.kind == "/DocTimeStamp" or str(member(self.value, "/SubFilter") or "") == "/ETSI.RFC3161"

    @property
    def widgets(self) -> tuple[Any, ...]:
        """The dictionaries that may draw it: its own and those of its kids."""
        kids = (raw.get_object() for raw in raw_items(member(self.dictionary, "/Kids"))[:MAX_WIDGETS])
        return tuple(one for one in (self.dictionary, *kids) if isinstance(one, dict))


@dataclass(frozen=True, slots=True)
class Lock:
    """Which fields a signature locks (FieldMDP): all, the named ones, or all but the named ones."""

    action: Literal["all", "include", "exclude"]
    names: frozenset[str]

    def locks(self, field: str) -> bool:
        """Whether the field of that full name (or one above it) is locked."""
        if self.action == "all":
            return True
        parts = field.split(".")
        named = any(".".join(parts[: n + 1]) in self.names for n in range(len(parts)))
        return named if self.action == "include" else not named


def interactive(reader: Reader) -> Any:
    """The document catalogue where it speaks of a form or of what is permitted; otherwise an empty one.

    Most files that are signed have neither, and their catalogue need not be parsed.
    """
    said = reader.members(reader.root_ref.idnum).values
    return reader.root if "/AcroForm" in said or "/Perms" in said else {}


def signature_fields(root: Any) -> list[SignatureField]:
    """All signature fields of the form under the document catalogue ``root``, in the form's order."""
    found = [_signature_field(*visited) for visited in _walk(root) if visited[2].get("kind") == "/Sig"]
    if sum(field.value is not None for field in found) > MAX_SIGNATURES:
        raise SyntaxProblem(f"more than {MAX_SIGNATURES} signatures")
    return found


def widget_of(number: int | None, field: Any) -> tuple[int | None, Any]:
    """The number and dictionary of the widget of field object ``number``: itself, or its only kid."""
    kids = raw_items(member(field, "/Kids"))
    if len(kids) == 1:
        return number_of(kids[0]), kids[0].get_object()
    return (number, field) if not kids else (None, {})


def kind_of(root: Any, name: str) -> str | None:
    """The type of the field of that full name, such as ``/Tx``; None when there is no such field."""
    return next((str(values.get("kind")) for found, _, values in _walk(root) if found == name), None)


def root_names(root: Any) -> frozenset[str]:
    """The names of the fields at the top of the form: a new one must differ."""
    return frozenset(name for name, _, _ in _walk(root) if "." not in name)


def _walk(root: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """``(full name, reference or dictionary, inherited values)`` of each terminal field."""
    fields = raw_items(member(member(root, "/AcroForm"), "/Fields"))
    seen: set[int] = set()
    pending: list[tuple[Any, str, dict[str, Any], int]] = [(one, "", {}, 0) for one in reversed(fields)]
    count = 0
    while pending:
        raw, above, inherited, depth = pending.pop()
        number = number_of(raw)
        node = raw.get_object()
        if number in seen or not isinstance(node, dict):
            continue
        if number is not None:
            seen.add(number)
        count += 1
        if count > MAX_FIELDS or depth > MAX_FIELD_DEPTH:
            raise SyntaxProblem("a form with too many fields")
        name = _full_name(above, node)
        values = {**inherited, **_own_values(node)}
        kids = [kid for kid in raw_items(member(node, "/Kids")) if _is_field(kid)]
        if kids:
            pending += [(kid, name, values, depth + 1) for kid in reversed(kids)]
        else:
            yield name, raw, values


def _is_field(raw: Any) -> bool:
    """A kid with a name of its own is a field, one without is a widget."""
    kid = raw.get_object()
    return isinstance(kid, dict) and "/T" in kid


def _full_name(above: str, node: Any) -> str:
    own = member(node, "/T")
    own_text = own if isinstance(own, str) else own.decode("latin-1") if isinstance(own, bytes) else ""
    return f"{above}.{own_text}" if above and own_text else above or str(own_text)


def _own_values(node: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if member(node, "/FT") is not None:
        values["kind"] = member(node, "/FT")
    if member(node, "/V") is not None:
        values["value"] = dict.get(node, "/V")
    if member(node, "/Ff") is not None:
        values["flags"] = member(node, "/Ff")
    return values


def _signature_field(name: str, raw: Any, values: dict[str, Any]) -> SignatureField:
    value = values.get("value")
    flags = values.get("flags")
    return SignatureField(
        name=name,
        number=number_of(raw),
        generation=getattr(raw, "generation", 0),
        dictionary=raw.get_object(),
        value_number=number_of(value),
        value_generation=getattr(value, "generation", 0),
        value=value.get_object() if value is not None else None,
        read_only=isinstance(flags, int) and bool(flags & _READ_ONLY),
    )


# ── what signatures forbid ────────────────────────────────────────────────────────────────────────────────


def permitted_level(value: Any) -> int | None:
    """The DocMDP level (1, 2 or 3) that a signature dictionary certifies with; None: it does not certify."""
    parameters = _transform(value, "/DocMDP")
    if parameters is None:
        return None
    level = member(parameters, "/P") or 2
    return int(level) if isinstance(level, int) and level in {1, 2, 3} else 1


def field_lock(value: Any) -> Lock | None:
    """The fields that a signature dictionary locks; an unreadable lock locks all."""
    parameters = _transform(value, "/FieldMDP")
    if parameters is None:
        return None
    action = str(member(parameters, "/Action") or "/All")
    if action not in {"/Include", "/Exclude"}:
        return Lock("all", frozenset())
    names = frozenset(str(item.get_object()) for item in raw_items(member(parameters, "/Fields")))
    return Lock("include" if action == "/Include" else "exclude", names)


def _transform(value: Any, method: str) -> Any:
    """The parameters of the signature reference with that method; an empty dictionary when it has none."""
    for raw in raw_items(member(value, "/Reference"))[:16]:
        reference = raw.get_object()
        if member(reference, "/TransformMethod") == method:
            return member(reference, "/TransformParams") or {}
    return None


def certification(root: Any) -> int | None:
    """The DocMDP level that the document's certification demands, through ``/Perms`` of the catalogue."""
    value = member(member(root, "/Perms"), "/DocMDP")
    return permitted_level(value) or (1 if value is not None else None)
