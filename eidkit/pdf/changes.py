"""What later revisions did to a signed PDF, each compared once with the one before it.

1. A revision that adds one signature (or document timestamp), a security store, or both, and nothing else, by
   our own strict rule, is an *extension*; no further comparison is needed.  A signature that is seen must be a
   stamp that its inputs draw (:mod:`eidkit.pdf.shown`).
2. A revision that brings objects which earlier content already refers to is *undefined*.
3. An empty signature field or a document timestamp that draws on a page, and any signature field that acts or is
   another kind of annotation, is an *annotation*: no signer answers for what it shows.  So is another title.
   A form that viewers are told to draw anew is *undefined*.
4. Everything else goes to pyHanko's difference rules, one revision at a time: what they cannot explain is
   *undefined*.
5. The sum is the worst of the parts.
6. Certification (DocMDP) and locks (FieldMDP) of this and earlier signatures decide what was allowed
   (ISO 32000-2 §12.8.2.2, §12.8.2.4).
7. Between the steps of a dossier less is allowed than that: only a security store and document timestamps
   (binding.md §6.3).  So it is told where the first revision ends that brings anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from eidkit.errors import EidkitError
from eidkit.pdf import signing_revision
from eidkit.pdf.fields import field_lock, permitted_level, signature_fields
from eidkit.pdf.intake import HOSTILE
from eidkit.pdf.references import foreseen
from eidkit.pdf.roles import shows_nothing
from eidkit.pdf.shown import shown
from eidkit.pdf.syntax import member, number_of, raw_items
from eidkit.pdf.values import equivalent, names_in, reachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.pdf.coverage import Coverage
    from eidkit.pdf.fields import Lock, SignatureField
    from eidkit.pdf.revisions import PdfFile, Revision

Modifications = Literal["none", "extension", "form-fill", "annotation", "undefined"]
ORDER: tuple[Modifications, ...] = ("none", "extension", "form-fill", "annotation", "undefined")


MAX_WORK = 400_000
"""Objects that the slow comparison may walk through in one file, all its revisions together."""
_ACTIVE = ("/A", "/AA", "/OC")
_PAINTED = ("/BG", "/BC", "/CA")
_SHOWING_NOTHING = ("/DSS", "/Extensions", "/Perms")
_TITLES = frozenset({"/Title", "/Author", "/Subject", "/Keywords"})
_EXTENSION_SAYS = frozenset({"/Type", "/BaseVersion", "/ExtensionLevel", "/ExtensionRevision", "/URL"})


@dataclass(frozen=True, slots=True)
class RevisionChange:
    """What one revision changed: its kind, the fields it filled or signed, whether it only preserves, and why."""

    kind: Modifications
    fields: frozenset[str] = frozenset()
    preserving: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What all later revisions did to one signature; ``why`` explains a change that is undefined or forbidden."""

    kind: Modifications
    allowed: bool
    why: str = ""


def changes_after(file: PdfFile, one: Coverage, everything: Sequence[Coverage]) -> Changes:
    """What happened after the revision that ``one`` covers."""
    if one.revision is None:
        return Changes("undefined", allowed=False, why="the signed revision is not known")
    in_force = [demand for demand in _demands(file, everything) if demand.since <= one.revision.number]
    level = min((demand.level for demand in in_force if demand.level is not None), default=None)
    locks = [demand.lock for demand in in_force if demand.lock is not None]
    kind: Modifications = "none"
    refused = ""
    why = ""
    for revision in file.revisions[one.revision.number + 1 :]:
        change = _change(file, revision, everything, strict=level is not None or bool(locks), level=level)
        kind = max(kind, change.kind, key=ORDER.index)
        why = why or change.why
        refused = refused or _refusal(change, level, locks)
        if kind == "undefined":
            break
    return Changes(kind, allowed=not refused and kind != "undefined", why=why or refused)


def first_addition(file: PdfFile, one: Coverage, everything: Sequence[Coverage]) -> int | None:
    """Where the first later revision ends that adds more than a security store or a document timestamp.

    That is the end that a signature has which stands in it; None when there is no such revision.  Where not even
    the signed revision is known it is the signature's own end.
    """
    if one.revision is None:
        return one.end
    for revision in file.revisions[one.revision.number + 1 :]:
        signatures = [each for each in everything if each.revision == revision]
        if not _only_preserves(file, revision, everything, signatures):
            return next((each.end for each in signatures), revision.end or file.document.length)
    return None


@dataclass(frozen=True, slots=True)
class _Demand:
    """What one signature forbids from its revision on."""

    since: int
    level: int | None
    lock: Lock | None


def _demands(file: PdfFile, everything: Sequence[Coverage]) -> list[_Demand]:
    return file.once(
        "demands",
        lambda: [
            _Demand(each.revision.number, permitted_level(each.field.value), field_lock(each.field.value))
            for each in everything
            if each.revision is not None
        ],
    )


def _refusal(change: RevisionChange, level: int | None, locks: Sequence[Lock]) -> str:
    """Why the rules that signatures set forbid this change; empty when they do not."""
    if level == 1 and not change.preserving:
        return "the certification allows no change"
    if level == 2 and change.kind == "annotation":
        return "the certification allows no annotations"
    if not change.preserving and any(lock.locks(name) for lock in locks for name in change.fields):
        return "a field that a signature locks was changed"
    return ""


def _change(
    file: PdfFile, revision: Revision, everything: Sequence[Coverage], *, strict: bool, level: int | None
) -> RevisionChange:
    def made() -> RevisionChange:
        quick = None if strict else _quick(file, revision, everything)
        return quick or _compared(file, revision, certified=level is not None)

    return file.once(("change", revision.number, strict, level is not None), made)


def _quick(file: PdfFile, revision: Revision, everything: Sequence[Coverage]) -> RevisionChange | None:
    """The change of a revision that adds a signature, a security store, or both, and nothing else; None for others."""
    signatures = [one for one in everything if one.revision == revision]
    if len(signatures) > 1 or any(one.problems for one in signatures) or revision.end is None:
        return None
    signature = signatures[0].field if signatures else None
    judged = signing_revision.judge_preserving(file, revision, signature)
    if judged.changes or (judged.visible and (signature is None or not _stamped(file, revision, signature))):
        return None
    if signature is None:
        return RevisionChange("extension", preserving=True)
    return RevisionChange("extension", frozenset({signature.name}), signature.is_timestamp)


def _stamped(file: PdfFile, revision: Revision, signature: SignatureField) -> bool:
    """Whether what is seen of a new signature is a stamp that its inputs draw, and nothing else."""
    return not signature.is_timestamp and shown(file, revision.number, signature) is not None


# 7.
def _only_preserves(
    file: PdfFile, revision: Revision, everything: Sequence[Coverage], signatures: Sequence[Coverage]
) -> bool:
    """By our own strict rule alone: what pyHanko's rules explain may be new metadata or an empty field."""
    if not all(one.field.is_timestamp for one in signatures):
        return False

    def made() -> bool:
        change = _quick(file, revision, everything)
        return change is not None and change.preserving and _catalogue_kept(file, revision, stamped=bool(signatures))

    return file.once(("only preserves", revision.number), made)


def _catalogue_kept(file: PdfFile, revision: Revision, *, stamped: bool) -> bool:
    """Whether the catalogue keeps the permissions and extensions that a *signature* may bring with it.

    A store or a document timestamp may bring the extension that declares it (ISO 32000-2 §7.12).
    """
    old, new = file.resolver(revision.number - 1).root, file.resolver(revision.number).root
    changed = names_in(old, new)
    if "/Extensions" in changed and (stamped or "/DSS" in changed):
        before, after = member(old, "/Extensions") or {}, member(new, "/Extensions")
        if isinstance(after, dict) and all(_declares(member(after, name)) for name in names_in(before, after)):
            changed -= {"/Extensions"}
    return changed.isdisjoint({"/Extensions", "/Perms"})


def _declares(extension: Any) -> bool:
    """Whether this is a declaration of a developer's extension and nothing else."""
    return isinstance(extension, dict) and all(
        key in _EXTENSION_SAYS and not isinstance(member(extension, key), dict | list) for key in extension
    )


def _compared(file: PdfFile, revision: Revision, *, certified: bool) -> RevisionChange:
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.diff_analysis import ModificationLevel, SuspiciousModification
    from pyhanko.sign.fields import MDPPerm

    from eidkit.pdf.rules import policy

    if revision.end is None:
        return RevisionChange("undefined", why="a later revision is not well formed")
    if file.reader.sections[revision.index].previous != file.revisions[revision.number - 1].startxref:
        return RevisionChange("undefined", why="a later revision does not follow the one before it")
    if foreseen(file, revision):
        return RevisionChange("undefined", why="earlier content refers to objects that a later revision brings")
    work = file.cache["work"] = file.cache.get("work", 0) + file.size(revision.number)
    if work > MAX_WORK:
        return RevisionChange("undefined", why="there are too many changes to compare")
    old, new = file.resolver(revision.number - 1), file.resolver(revision.number)
    old.begin()
    new.begin()
    try:
        result = policy().apply(old, new, doc_mdp=MDPPerm.FILL_FORMS if certified else None)
        fields = signature_fields(new.root)
        unanswered = _unanswered(old, signature_fields(old.root), new, fields)
    except SuspiciousModification as change:
        return RevisionChange("undefined", why=_first_line(str(change)))
    except (EidkitError, PdfError, *HOSTILE):
        return RevisionChange("undefined", why="a later revision cannot be compared with the one before it")
    if (seen := _seen_elsewhere(old, new)) is not None:
        return seen
    if unanswered:
        why = f"the signature field {unanswered[:80]} draws or acts, and no signer answers for it"
        return RevisionChange("annotation", frozenset(result.changed_form_fields), why=why)
    return _graded(result, {field.name for field in fields}, ModificationLevel)


def _seen_elsewhere(old: Any, new: Any) -> RevisionChange | None:
    """The change of a revision that viewers show in other places than the objects it touches; None for others."""
    if not all(shows_nothing(member(new.root, key)) for key in _SHOWING_NOTHING):
        return RevisionChange(
            "undefined", why="what the catalogue keeps for signatures is something that is drawn, too"
        )
    if _redraws(new.root) and not (_redraws(old.root) and _draws_alike(old.root, new.root)):
        return RevisionChange("undefined", why="viewers are told to draw the fields of the form anew")
    if _retitled(old, new):
        return RevisionChange("annotation", why="the title, author, subject or keywords of the document were changed")
    return None


def _redraws(root: Any) -> bool:
    """Whether viewers draw fields from their values, whatever appearance was signed (ISO 32000-2 §12.7.3)."""
    return bool(member(member(root, "/AcroForm"), "/NeedAppearances"))


def _retitled(old: Any, new: Any) -> bool:
    """Whether what viewers say of the document changed (ISO 32000-2 §14.3.3); dates and producers may."""
    return not names_in(_info(old), _info(new)).isdisjoint(_TITLES)


def _info(view: Any) -> Any:
    """The document information dictionary as it was: a trailer's references lead to the newest object."""
    raw: Any = dict.get(view.trailer_view, "/Info")
    found = view.get_object(raw.reference) if number_of(raw) is not None else raw
    return found if isinstance(found, dict) else {}


def _draws_alike(old_root: Any, new_root: Any) -> bool:
    """Whether fields that are drawn anew are drawn with the same fonts and sizes."""
    before, after = member(old_root, "/AcroForm"), member(new_root, "/AcroForm")
    return names_in(before, after).isdisjoint({"/DR", "/DA", "/Q"})


def _unanswered(old: Any, before: Sequence[SignatureField], new: Any, after: Sequence[SignatureField]) -> str:
    """The name of a signature field with something new that no signer answers for; empty when there is none."""
    earlier = {field.name: field.widgets for field in before}
    touched = {ref.idnum for ref in new.explicit_refs_in_revision()}
    for field in after:
        signed = field.value is not None and not field.is_timestamp
        for effect in (_effect(widget, signed=signed) for widget in field.widgets):
            known = any(
                equivalent(old, _effect(one, signed=signed), new, effect) for one in earlier.get(field.name, ())
            )
            if effect and not (known and touched.isdisjoint(reachable(new, effect, 0, skip=("/P", "/Parent")))):
                return field.name or "without a name"
    return ""


def _effect(widget: Any, *, signed: bool) -> Any:
    """What a widget does to its reader: actions, another kind of annotation and, unless signed, what it draws."""
    from pyhanko.pdf_utils.generic import ArrayObject

    keys = [key for key in _ACTIVE if key in widget]
    if member(widget, "/Subtype") not in {None, "/Widget"}:
        keys += ["/Subtype", "/Contents"]
    corners = [item.get_object() for item in raw_items(member(widget, "/Rect"))]
    flat = len(corners) == 4 and (corners[0] == corners[2] or corners[1] == corners[3])
    if not signed and not flat:
        painted = any(member(member(widget, "/MK"), key) is not None for key in _PAINTED)
        drawn = [*(["/AP"] if member(widget, "/AP") is not None else []), *(["/MK"] if painted else [])]
        keys += [*drawn, "/Rect"] if drawn else []
    return ArrayObject([dict.get(widget, key) for key in keys if key in widget])


def _first_line(text: str) -> str:
    return (text.splitlines() or [""])[0][:200]


def _graded(result: Any, signature_names: set[str], levels: Any) -> RevisionChange:
    fields = frozenset(result.changed_form_fields)
    preserving = result.modification_level <= levels.LTA_UPDATES
    if preserving or (result.modification_level == levels.FORM_FILLING and fields and fields <= signature_names):
        return RevisionChange("extension", fields, preserving)
    return RevisionChange("form-fill" if result.modification_level == levels.FORM_FILLING else "annotation", fields)
