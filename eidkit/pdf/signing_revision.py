"""What the revision that holds a signature changed besides it: our own rule (binding.md §1).

A change hidden in the signing revision leaves the bytes before it untouched, and readers show the new content.
So, over the objects that the revision touches (every number in its cross-references, compressed ones too):

1. It begins where the file as shown ends; its one cross-reference section names that file's as ``/Prev``, and
   every entry stands inside the revision.
2. ``/XRefStm``, another ``/Root``, ``/Info``, ``/ID[0]`` and freed objects are changes.
3. It adds or fills one signature field.  The catalogue equals the old one by value but for ``/AcroForm``,
   ``/Perms`` and ``/Extensions``; the form but for ``/Fields`` (at most this field more) and ``/SigFlags``;
   the page but for ``/Annots`` (at most this widget more).
4. The widget and its appearance have no ``/A``, ``/AA`` or ``/OC``; a visible widget is named as such.
5. Whatever else it touches is a change.
6. Nothing before it refers to an object number that it brings.
7. What it brings has one role (:mod:`eidkit.pdf.roles`): a prepared file could use it as something that is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eidkit.pdf.appending import MARK
from eidkit.pdf.intake import cautiously
from eidkit.pdf.references import foreseen
from eidkit.pdf.roles import is_stream, only_a_field, shows_nothing
from eidkit.pdf.syntax import WHITE, member, number_of, raw_items
from eidkit.pdf.values import MAX_REACHED, equivalent, names_in, reachable, same

if TYPE_CHECKING:
    from eidkit.pdf.fields import SignatureField
    from eidkit.pdf.revisions import PdfFile, Revision

_ACTIVE = ("/A", "/AA", "/OC")
_FILLED = frozenset({"/V", "/AP"})
_PART_OF_SIGNATURE = ("/AP", "/MK", "/Lock", "/SV", "/Kids", "/Rect", "/Border", "/BS")


@dataclass(slots=True)
class SigningRevision:
    """``length_shown`` is the length of the file as shown to the signer; ``changes`` say what else changed.

    ``visible`` tells that the widget draws something on a page.
    """

    length_shown: int
    changes: list[str] = field(default_factory=list)
    visible: bool = False


def judge(file: PdfFile, revision: Revision, signature: SignatureField) -> SigningRevision | None:
    """What the signing ``revision`` changed; None for the first revision, which shows nothing before it."""
    return _judged(file, revision, signature, with_store=False) if revision.number else None


def judge_preserving(file: PdfFile, revision: Revision, signature: SignatureField | None) -> SigningRevision:
    """The same rule for a later revision, which may also add a security store (/DSS) and needs no signature."""
    strict = _judged(file, revision, signature, with_store=False) if signature is not None else None
    if strict is not None and not strict.changes:
        return strict
    return _judged(file, revision, signature, with_store=True)


def _judged(
    file: PdfFile, revision: Revision, signature: SignatureField | None, *, with_store: bool
) -> SigningRevision:
    def made() -> SigningRevision:
        one = _Judge(file, revision, signature, with_store=with_store)
        with cautiously(one.unreadable):
            one.judge()
        return one.found

    return file.once(("judged", revision.number, with_store), made)


class _Judge:
    def __init__(
        self, file: PdfFile, revision: Revision, signature: SignatureField | None, *, with_store: bool
    ) -> None:
        self._with_store = with_store
        self._file = file
        self._revision = revision
        self._before = file.revisions[revision.number - 1]
        self._signature = signature
        self._old = file.resolver(revision.number - 1)
        self._new = file.resolver(revision.number)
        self._size = file.size(revision.number - 1)
        self.found = SigningRevision(*self._beginning())
        self._explained: set[int] = set()

    def unreadable(self) -> None:
        """The revision holds something that cannot be read."""
        self._say("it cannot be read in full")

    def judge(self) -> None:
        """Collect every change."""
        self._section()
        self._trailer()
        if self._signature is not None:
            self._signature_objects(self._signature)
        self._catalogue()
        if self._with_store:
            self._store()
        self._pages()
        left = self._revision.touched - self._explained
        if left:
            self._say(f"it touches {self._named(left)}")
        # 6.
        if foreseen(self._file, self._revision):
            self._say("the file as shown refers to objects that this revision brings")

    def _say(self, what: str) -> None:
        self.found.changes.append(what)

    def _named(self, numbers: set[int] | frozenset[int]) -> str:
        shown = ", ".join(str(number) for number in sorted(numbers)[:8])
        return f"object{'s' if len(numbers) > 1 else ''} {shown}{'…' if len(numbers) > 8 else ''}"

    # 1.
    def _beginning(self) -> tuple[int, list[str]]:
        end = self._before.end
        if end is None:
            return 0, ["the revision before it has no end"]
        section = self._revision.sections[0]
        first = min(
            (offset for number, (offset, _) in section.used.items() if number and offset >= end), default=section.start
        )
        gap = self._file.document.read_range(end, min(first, section.start, end + 4096))
        if gap.endswith(MARK) and not gap[: -len(MARK)].strip(WHITE):
            return end + len(gap) - len(MARK), []
        if gap.strip(WHITE):
            return end + len(gap) - len(gap.lstrip(WHITE)), ["other bytes stand before its first object"]
        return end + len(gap), []

    def _section(self) -> None:
        section = self._revision.sections[0]
        if len(self._revision.sections) > 1 or section.previous != self._before.startxref:
            self._say("its cross-references do not follow those of the file as shown")
        if section.hybrid is not None:
            self._say("it has a second set of cross-references (/XRefStm)")
        shown, end = self.found.length_shown, self._revision.end or 0
        outside = {number for number, (offset, _) in section.used.items() if number and not shown <= offset < end}
        streams = {stream for stream, _ in section.packed.values()}
        outside |= {number for number, (stream, _) in section.packed.items() if stream not in section.used}
        if outside:
            self._say(f"{self._named(outside)} stand outside it")
        if freed := set(section.freed) - {0}:
            self._say(f"it frees {self._named(freed)}")
            self._explained |= freed
        containers = streams | ({section.number} if section.number is not None else set())
        self._explain(containers)

    # 2.
    def _trailer(self) -> None:
        old, new = self._old.trailer_view, self._new.trailer_view
        for key in ("/Root", "/Info"):
            if not same(dict.get(old, key), dict.get(new, key)):
                self._say(f"the trailer names another {key}")
        before, after = raw_items(member(old, "/ID")), raw_items(member(new, "/ID"))
        if before and (not after or not same(before[0].get_object(), after[0].get_object())):
            self._say("the trailer has another /ID")

    # 3.
    def _signature_objects(self, one: SignatureField) -> None:
        if one.value_number is None or one.number is None:
            self._say("the signature or its field is no object of its own")
            return
        self._explain({one.value_number})
        self._explain(reachable(self._new, self._object(self._new, one.value_number), self._size, skip=("/Data",)))
        if not shows_nothing(self._object(self._new, one.value_number)):
            self._say("the signature is something that is drawn, too")
        new = self._object(self._new, one.number)
        if one.number >= self._size:
            self._explain({one.number})
            if member(new, "/FT") != "/Sig":
                self._say("the field is not a signature field")
        elif one.number in self._revision.touched:
            self._filled_field(one.number, new)
        self._widgets(one.number, new)

    def _filled_field(self, number: int, new: Any) -> None:
        old = self._object(self._old, number)
        if not isinstance(old, dict) or not isinstance(new, dict) or member(old, "/V") is not None:
            self._say("the field was not an empty signature field")
            return
        if other := names_in(old, new) - _FILLED:
            self._say(f"the field changes {', '.join(sorted(other))}")
        self._explained.add(number)

    def _filled_kid(self, number: int | None, new: Any) -> None:
        """The widget of a field that has it as a kid: it may gain the appearance."""
        if number is not None and number < self._size and number in self._revision.touched:
            if other := names_in(self._object(self._old, number), new) - {"/AP"}:
                self._say(f"the widget changes {', '.join(sorted(other))}")
            self._explained.add(number)

    def _widgets(self, field_number: int, field_dictionary: Any) -> None:
        raw_kids = raw_items(member(field_dictionary, "/Kids"))[:8]
        kids = [raw.get_object() for raw in raw_kids]
        if len(kids) > 1:
            self._say("the field has several widgets")
        numbers = [number_of(raw) for raw in raw_kids]
        for number, kid in zip(numbers, kids, strict=True):
            self._filled_kid(number, kid)
        for number, widget in ((field_number, field_dictionary), *zip(numbers, kids, strict=True)):
            # 4.
            if active := [key for key in _ACTIVE if isinstance(widget, dict) and key in widget]:
                self._say(f"the widget has {', '.join(active)}")
            if member(widget, "/Subtype") not in {None, "/Widget"}:
                self._say("the field is another annotation than a widget")
            # 7.
            if not only_a_field(widget):
                self._say("the field is something else, too")
            self.found.visible |= self._drawn(number, widget)
        for key in _PART_OF_SIGNATURE:
            value = dict.get(field_dictionary, key) if isinstance(field_dictionary, dict) else None
            for part in (value, *(dict.get(kid, key) for kid in kids if isinstance(kid, dict))):
                parts = reachable(self._new, part, self._size, skip=("/P", "/Parent", "/V"))
                self._explain(parts)
                self._check_active(parts)

    def _drawn(self, number: int | None, widget: Any) -> bool:
        """Whether the revision makes the widget show something: a new one with an area, or a new appearance."""
        rectangle = [item.get_object() for item in raw_items(member(widget, "/Rect"))]
        # Some viewers read the first four of more numbers.
        flat = len(rectangle) == 4 and (rectangle[0] == rectangle[2] or rectangle[1] == rectangle[3])
        has_area = member(widget, "/Rect") is not None and not flat
        old = self._object(self._old, number) if number is not None and number < self._size else None
        unchanged = isinstance(old, dict) and same(dict.get(old, "/AP"), dict.get(widget, "/AP"))
        return has_area and not unchanged

    def _check_active(self, numbers: set[int]) -> None:
        for number in numbers:
            found = self._object(self._new, number)
            if isinstance(found, dict) and any(key in found for key in _ACTIVE):
                self._say(f"object {number} of the appearance has an action or optional content")

    def _catalogue(self) -> None:
        root = self._new.root_ref.idnum
        old, new = self._old.root, self._new.root
        if root not in self._revision.touched:
            self._form(old, new)
            return
        self._explained.add(root)
        if other := names_in(old, new) - self._free_members():
            self._say(f"the catalogue changes {', '.join(sorted(other))}")
        for key in ("/Perms", "/Extensions"):
            kept = member(new, key)
            if key in new and not (isinstance(kept, dict) and shows_nothing(kept)):
                self._say(f"the catalogue's {key} is not a plain dictionary")
            numbers = reachable(self._new, dict.get(new, key), self._size, skip=("/V",))
            self._explain(numbers)
        lost = names_in(member(old, "/Perms") or {}, member(new, "/Perms") or {}) - {"/DocMDP"}
        if lost or (member(old, "/Perms") and names_in(member(old, "/Perms"), member(new, "/Perms") or {})):
            self._say("the catalogue changes its permissions")
        self._form(old, new)

    def _store(self) -> None:
        """What is under /DSS: new objects, and old ones to which nothing else leads (products write them anew)."""
        if not shows_nothing(member(self._new.root, "/DSS")):
            self._say("the security store is something that is drawn, too")
        self._explain(reachable(self._new, dict.get(self._new.root, "/DSS"), 0))
        again = reachable(self._old, dict.get(self._old.root, "/DSS"), 0) & self._revision.touched
        if not again:
            return
        # Only the catalogue's own: elsewhere, as among the fonts of a page, /DSS is a name like any other.
        trailer, root = self._old.trailer_view, self._old.root
        starts = [dict.get(trailer, key) for key in trailer if key != "/Root"]
        starts += [dict.get(root, key) for key in root if key != "/DSS"]
        elsewhere = reachable(self._old, starts, 0)
        # Nothing leads to the streams that hold other objects, either.
        sections = [section for revision in self._file.revisions for section in revision.sections]
        streams = {stream for section in sections for stream, _ in section.packed.values()}
        if len(elsewhere) <= MAX_REACHED:
            self._explained |= again - elsewhere - streams - {section.number for section in sections}

    def _free_members(self) -> set[str]:
        """The members of the catalogue that may differ; each is looked at on its own."""
        form = {"/AcroForm"} if self._signature is not None else set()
        return {"/Perms", "/Extensions", *form, *(("/DSS",) if self._with_store else ())}

    def _form(self, old_root: Any, new_root: Any) -> None:
        if self._signature is None:
            return
        before, after = dict.get(old_root, "/AcroForm"), dict.get(new_root, "/AcroForm")
        old, new = member(old_root, "/AcroForm"), member(new_root, "/AcroForm")
        if not isinstance(new, dict) or is_stream(new):
            self._say("there is no form")
            return
        if not isinstance(member(new, "/SigFlags"), int | None):
            self._say("the form's /SigFlags is not a number")
        number = number_of(after)
        if number is not None:
            if number < self._size and not same(before, after):
                self._say("the form moved to another object")
            self._explained.add(number)
        if old is None:
            if not set(new) <= {"/Fields", "/SigFlags"}:
                self._say("a new form brings more than the signature field")
        elif other := names_in(old, new) - {"/Fields", "/SigFlags"}:
            self._say(f"the form changes {', '.join(sorted(other))}")
        self._list(old, new, "/Fields", self._signature.number, "the form")

    def _list(self, old: Any, new: Any, key: str, addition: int | None, what: str) -> None:
        """``new[key]`` is ``old[key]`` with at most one reference more, to ``addition`` (None: with nothing more)."""
        raw = dict.get(new, key)
        before, after = raw_items(member(old, key)), raw_items(member(new, key))
        if not isinstance(member(new, key), list | None) and key in names_in(old or {}, new):
            self._say(f"{what} has a {key} that is not an array")
        number = number_of(raw)
        if number is not None:
            if number < self._size and not same(dict.get(old, key) if isinstance(old, dict) else None, raw):
                self._say(f"{what} has another {key} array")
            if self._lists_pages(number):
                self._say(f"{what} has a {key} array that lists pages, too")
            self._explained.add(number)
        rest = after[len(before) :]
        kept = len(after) >= len(before) and all(map(same, before, after))
        # A value written into the list has no number either: it is never the addition.
        if not kept or len(rest) > 1 or any(addition is None or number_of(item) != addition for item in rest):
            self._say(f"{what} changes {key} by more than the signature")

    def _pages(self) -> None:
        """The one page that gained the widget."""
        widgets = self._widget_numbers()
        gained = 0
        for number in sorted(self._revision.touched - self._explained):
            old, new = self._object(self._old, number), self._object(self._new, number)
            if number < self._size and member(old, "/Type") == "/Page" and isinstance(new, dict):
                self._explained.add(number)
                gained += 1
                if other := self._not_moved(old, new, names_in(old, new) - {"/Annots"}):
                    self._say(f"page object {number} changes {', '.join(sorted(other))}")
                self._list(old, new, "/Annots", self._added(old, new, widgets), f"page object {number}")
            elif (
                number < self._size
                and isinstance(old, list)
                and isinstance(new, list)
                and number in self._annotation_arrays(widgets)
                and self._gained(old, new, widgets)
                and not self._lists_pages(number)
            ):
                self._explained.add(number)
                gained += 1
        if gained > 1:
            self._say("it changes more than one page")

    def _not_moved(self, old: Any, new: Any, names: frozenset[str]) -> set[str]:
        """Without the members that a later revision only moved to a new object; the signing revision may not."""
        left = set(names)
        for name in names if self._with_store else ():
            value = dict.get(new, name)
            if equivalent(self._old, dict.get(old, name), self._new, value):
                self._explain(reachable(self._new, value, self._size))
                left.discard(name)
        return left

    def _widget_numbers(self) -> set[int | None]:
        if self._signature is None:
            return set()
        kids = raw_items(member(self._signature.dictionary, "/Kids"))[:8]
        return {self._signature.number, *map(number_of, kids)} - {None}

    def _annotation_arrays(self, widgets: set[int | None]) -> set[int | None]:
        """The arrays that are /Annots of a page: of that which the widget names, or of any."""
        from eidkit.pdf.page_tree import page_tree

        named = (member(self._object(self._new, number), "/P") for number in widgets if number is not None)
        found = {number_of(dict.get(page, "/Annots")) for page in named if isinstance(page, dict)}
        tree = page_tree(self._file, self._before.number) if found <= {None} else None
        return found.union(*(leaf.sources for leaf in tree.leaves)) if tree else found

    def _lists_pages(self, array: int) -> bool:
        """7. Whether this array, which the revision changes, is a list of pages: what it gains is a page, too."""
        from eidkit.pdf.page_tree import page_tree

        changed = array < self._size and array in self._revision.touched
        return changed and array in page_tree(self._file, self._before.number).nodes

    @staticmethod
    def _added(old: Any, new: Any, widgets: set[int | None]) -> int | None:
        rest = raw_items(member(new, "/Annots"))[len(raw_items(member(old, "/Annots"))) :]
        return next((number for number in map(number_of, rest) if number in widgets), None)

    @staticmethod
    def _gained(old: Any, new: Any, widgets: set[int | None]) -> bool:
        """An array of annotations that gained the widget and nothing else."""
        before, after = raw_items(old), raw_items(new)
        annotations = all(member(raw.get_object(), "/Subtype") is not None for raw in before)
        gained = len(after) == len(before) + 1 and number_of(after[-1]) in widgets
        return annotations and gained and all(map(same, before, after))

    # 5.
    def _explain(self, numbers: set[int]) -> None:
        """New objects count as explained; a number that the file as shown already knew does not."""
        self._explained |= {number for number in numbers if number >= self._size}

    @staticmethod
    def _object(resolver: Any, number: int) -> Any:
        from pyhanko.pdf_utils.generic import Reference

        generation = resolver.reader.generation(number)
        found = resolver.get_object(Reference(number, generation, resolver))
        return found.get_object()
