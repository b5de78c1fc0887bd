"""Each stamp is looked at on the pages of its own revision, and thousands of pages are walked once."""

from __future__ import annotations

from eidkit.pdf.appending import Update
from eidkit.pdf.intake import open_for_signing
from eidkit.pdf.page_tree import page_tree
from eidkit.pdf.revisions import open_file
from eidkit.pdf.syntax import number_of, raw_items
from eidkit.signing import Appearance, Place, sign
from eidkit.verify import collect
from tests.appearance.papers import paper


def stamp(page, y=10):
    return Appearance(at=Place(page, 10, y, 60, 12), text="Lan")


def where(document):
    return [signature.appearance.page for signature in collect(document).signatures]


def with_page_in_front(document):
    """An update by somebody else, who puts a page before the others."""
    reader = open_for_signing(document)
    update = Update(document, reader)
    tree = number_of(dict.get(reader.root, "/Pages"))
    kids = [number_of(raw) for raw in raw_items(reader.root["/Pages"]["/Kids"])]
    new = update.new_number()
    update.put(new, 0, b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]>>" % tree)
    listed = b" ".join(b"%d 0 R" % number for number in (new, *kids))
    update.edit(tree, {"/Kids": b"[%b]" % listed, "/Count": b"%d" % (len(kids) + 1)})
    return document.spliced(document.length, update.finished())


def test_a_page_has_the_number_that_it_had_when_it_was_signed(lan):
    document = with_page_in_front(sign(paper({}), lan, appearance=stamp(1)))
    assert where(sign(document, lan, appearance=stamp(2, y=40))) == [1, 2]


def test_stamps_on_many_pages(lan):
    document = paper({}, {}, {})
    for page in (3, 1, 2, 3):
        document = sign(document, lan, appearance=stamp(page, y=10 + 20 * page + (page == 3) * len(document.name)))
    assert where(document) == [3, 1, 2, 3]


def test_a_list_of_annotations_that_is_an_object_of_its_own(lan):
    """The signing revision changes the list and leaves the page as it was."""
    document = paper({})
    update = Update(document, open_for_signing(document))
    page = number_of(raw_items(update.reader.root["/Pages"]["/Kids"])[0])
    update.put(listed := update.new_number(), 0, b"[]")
    update.edit(page, {"/Annots": b"%d 0 R" % listed})
    signed = sign(document.spliced(document.length, update.finished()), lan, appearance=stamp(1))
    assert where(signed) == [1]
    before, after = page_tree(open_file(signed), 1).leaves[0], page_tree(open_file(signed), 2).leaves[0]
    assert (len(before.annotations), len(after.annotations)) == (0, 1)


def test_only_the_pages_that_changed_are_read_again(lan):
    document = paper(*({} for _ in range(50)))
    for number in range(3):
        document = sign(document, lan, appearance=stamp(7, y=10 + 20 * number))
    file = open_file(document)
    first, last = page_tree(file, 0), page_tree(file, 3)
    assert [a is b for a, b in zip(first.leaves, last.leaves, strict=True)].count(False) == 1
    assert len(last.leaves[6].annotations) == 3
