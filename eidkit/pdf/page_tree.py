"""The pages of a file as they were in each revision: walked once, then followed through the changes.

A file may have thousands of pages and hundreds of signatures, each of which is looked at in its own revision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from eidkit.pdf.geometry import leaves, page_of
from eidkit.pdf.syntax import member, number_of, raw_items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eidkit.pdf.geometry import Page
    from eidkit.pdf.revisions import PdfFile

_TREE = "page tree"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page, what it inherits, and the object numbers of its annotations; ``sources`` are the objects that say so."""

    page: Page
    inherited: Mapping[str, Any]
    annotations: tuple[int | None, ...]
    sources: frozenset[int | None]


@dataclass(frozen=True, slots=True)
class PageTree:
    """The pages of one revision in their order; ``nodes`` are the objects above them, arrays of pages among them."""

    root: int | None
    leaves: tuple[Leaf, ...]
    nodes: frozenset[int]

    def showing(self, annotation: int | None) -> list[Page]:
        """The pages on which the annotation of that object number stands."""
        return [leaf.page for leaf in self.leaves if annotation in leaf.annotations]


def page_tree(file: PdfFile, revision: int) -> PageTree:
    """The pages as they were in that revision."""
    for number in range(revision):
        # From the oldest on, so that no call waits for hundreds of others.
        file.once((_TREE, number), partial(_followed, file, number))
    return file.once((_TREE, revision), partial(_followed, file, revision))


def lists_pages(root: Any, array: int) -> bool:
    """Whether the object of that number is a list of pages, or would be one if it were not empty."""
    nodes: set[int] = set()
    for _ in leaves(root, nodes):
        pass
    return array in nodes


def _followed(file: PdfFile, revision: int) -> PageTree:
    view = file.resolver(revision)
    view.begin()
    if revision == 0:
        return _walked(view)
    before: PageTree = file.cache[_TREE, revision - 1]
    touched = file.revisions[revision].touched
    if touched & before.nodes or number_of(dict.get(view.root, "/Pages")) != before.root:
        return _walked(view)
    found = (_renewed(view, leaf) if leaf.sources & touched else leaf for leaf in before.leaves)
    return replace(before, leaves=tuple(found))


def _walked(view: Any) -> PageTree:
    nodes: set[int] = set()
    found = tuple(_leaf(page, inherited) for page, inherited in leaves(view.root, nodes))
    return PageTree(number_of(dict.get(view.root, "/Pages")), found, frozenset(nodes))


def _renewed(view: Any, leaf: Leaf) -> Leaf:
    from pyhanko.pdf_utils.generic import IndirectObject

    old = leaf.page.reference
    reference = IndirectObject(old.idnum, old.generation, view)
    return _leaf(page_of(leaf.page.number, reference, leaf.inherited), leaf.inherited)


def _leaf(page: Page, inherited: Mapping[str, Any]) -> Leaf:
    dictionary = page.dictionary
    array = number_of(dict.get(dictionary, "/Annots")) if isinstance(dictionary, dict) else None
    annotations = tuple(map(number_of, raw_items(member(dictionary, "/Annots"))))
    return Leaf(page, inherited, annotations, frozenset({number_of(page.reference), array} - {None}))
