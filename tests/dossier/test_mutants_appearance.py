"""What readers see of a signature, broken against what the person was shown (binding.md §1, §2).

The insider draws with our own writers, so that signature, timestamp and login are good; only what is seen differs
from what the transaction names, or is drawn otherwise than it says.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.binding.transaction import ShownAppearance
from eidkit.dossier import Dossier
from eidkit.pdf import appending, placing, stamp
from eidkit.pdf.faces import face
from eidkit.pdf.geometry import Place
from eidkit.signing import Appearance

PLACE = Place(1, 118, 205, 60, 18)
APPROVED = Appearance(at=PLACE, title="NGUYỄN THỊ LAN", text="Trưởng phòng\nĐã duyệt 12.500.000 đồng", border=True)
_AGAINST_LOGIN = ("LOGIN_NOT_BOUND", "STEP_SIGNATURE_UNDECIDED")
_UNKNOWN = ("APPEARANCE_COVERS_CONTENT", "APPEARANCE_MISSING", *_AGAINST_LOGIN)


@pytest.fixture(scope="module")
def allowing(stage):
    """The procedure, with appearances allowed at every step."""
    return replace(stage.procedure, steps=tuple(replace(step, appearance=True) for step in stage.procedure.steps))


@pytest.fixture(scope="module")
def twin(stage, turn, allowing):
    """Every step done as it should be, approval and signing with a stamp."""
    seal = Appearance(at=Place(1, 100, 200, 60, 18), text="UBND phường Bến Sen")
    turns = {"approval": turn(stamps={"permit": APPROVED}), "signing": turn(stamps={"permit": seal})}
    return stage.play(stage.opened(allowing), turns)


@pytest.fixture
def seen(stage, turn, allowing, twin, caught):
    """``seen(*codes, …)``: an approval with the approved stamp in the transaction, changed, shows these errors."""

    def check(*codes, **changes):
        mutant = stage.play(stage.opened(allowing), {"approval": turn(**{"stamps": {"permit": APPROVED}, **changes})})
        return caught(mutant, *codes, twin=twin)

    return check


def changed(**members):
    return {"permit": replace(APPROVED, **members)}


def named(**members):
    """Another appearance in the transaction."""
    return lambda one: replace(one, appearance=tuple(replace(entry, **members) for entry in one.appearance))


DRAWN = {
    "another text": ("APPEARANCE_OTHER", changed(text="Trưởng phòng\nĐã duyệt 92.500.000 đồng")),
    "another title": ("APPEARANCE_OTHER", changed(title="TRẦN VĂN BÌNH")),
    "no border": ("APPEARANCE_OTHER", changed(border=False)),
    "a larger rectangle": ("APPEARANCE_ELSEWHERE", changed(at=replace(PLACE, height=19))),
    "over the amount": ("APPEARANCE_ELSEWHERE", changed(at=replace(PLACE, y=150))),
    "nothing": ("APPEARANCE_MISSING", {}),
}


@pytest.mark.parametrize("drawn", DRAWN)
def test_another_stamp_than_the_person_was_shown(seen, drawn):
    code, stamps = DRAWN[drawn]
    seen(code, *_AGAINST_LOGIN, drawn=stamps)


def test_another_page_than_the_person_was_shown(seen):
    seen("APPEARANCE_ELSEWHERE", *_AGAINST_LOGIN, transaction=named(page=2))


def test_other_inputs_than_the_person_was_shown(seen):
    seen("APPEARANCE_OTHER", *_AGAINST_LOGIN, transaction=named(sha256="4" * 64))


def test_a_stamp_that_the_person_was_not_shown(seen):
    seen("APPEARANCE_NOT_NAMED", *_AGAINST_LOGIN, transaction=lambda one: replace(one, appearance=()))


def test_a_stamp_on_a_document_that_has_no_pages(seen):
    entry = ShownAppearance("form", 1, (0, 0, 100, 100), "4" * 64)
    shown = lambda one: replace(one, appearance=(*one.appearance, entry))  # noqa: E731 - a change, like the others
    seen("APPEARANCE_MISSING", *_AGAINST_LOGIN, transaction=shown)


def test_stamps_that_changed_places_between_two_equal_documents(stage, turn, allowing, caught):
    """Either file alone is as its login says of one of two documents with this content; the label decides."""
    both = tuple(replace(rule, media_type="application/pdf") for rule in allowing.documents)
    procedure = replace(allowing, documents=both)
    permit = stage.files["permit"]
    first, second = APPROVED, replace(APPROVED, at=replace(PLACE, y=230))

    def played(**changes):
        stage.clock.advance(timedelta(minutes=5))
        dossier = Dossier.open(stage.opened().id, procedure, {"permit": permit, "form": permit})
        return stage.play(dossier, {"reception": turn(stamps={"permit": first, "form": second}, **changes)})

    mutant = played(drawn={"permit": second, "form": first})
    caught(mutant, "APPEARANCE_ELSEWHERE", twin=played())


def test_a_stamp_where_the_step_allows_none(stage, turn, caught, twin):
    entry = APPROVED.shown_on(stage.files["permit"], "permit")
    turns = {"reception": turn(stamps={"permit": APPROVED}, transaction=lambda one: replace(one, appearance=(entry,)))}
    caught(stage.play(stage.opened(), turns), "APPEARANCE_NOT_ALLOWED", twin=twin)


def bent(change):
    """A patch of what is written for the permit: ``change(form)`` gives another drawing with the same inputs."""

    def patch(monkeypatch, label):
        real = stamp.Stamp.form
        if label == "permit":
            monkeypatch.setattr(stamp.Stamp, "form", lambda *given: change(real(*given)))

    return patch


def other_text(form):
    """It says what was approved and shows another amount: the glyph of 9 where that of 1 belongs."""
    approved, other = (face("regular").encoded(amount) for amount in ("12.500", "92.500"))
    assert approved in form.data
    return replace(form, data=form.data.replace(approved, other))


def other_glyphs(form):
    """The same text in a font whose outlines are others."""
    fonts = dict(form.entries["Resources"]["Font"])
    fonts["FR"] = fonts["FB"]
    resources = {**form.entries["Resources"], "Font": fonts}
    return replace(form, entries={**form.entries, "Resources": resources})


def wider(form):
    """A drawing that is stretched over more than it says."""
    return replace(form, entries={**form.entries, "BBox": [0, 0, 10, 10]})


def white_sheet(form):
    """Something white is drawn before, which hides what is beneath."""
    return replace(form, data=b"1 g 0 0 600 600 re f 0 g\n" + form.data)


@pytest.mark.parametrize("trick", [other_text, other_glyphs, wider, white_sheet])
def test_a_stamp_that_shows_something_else_than_it_says(seen, trick):
    seen(*_UNKNOWN, patch=bent(trick))


def drawn_in_widget(change):
    """A patch that writes the widget's members otherwise."""

    def patch(monkeypatch, label):
        real = placing.Spot.drawn
        if label == "permit":
            monkeypatch.setattr(placing.Spot, "drawn", lambda spot, update, at: change(update, real(spot, update, at)))

    return patch


def second_state(_update, text):
    """Another drawing for when the pointer is pressed."""
    return text.replace(b"/N", b"/D 4 0 R/N")


def test_a_widget_that_shows_more_than_the_stamp(seen):
    seen(*_UNKNOWN, patch=drawn_in_widget(second_state))


def test_a_widget_with_a_background_of_its_own(seen):
    """Some viewers draw it beneath the stamp, over the page."""
    seen(*_UNKNOWN, patch=drawn_in_widget(lambda _, text: text + b"/MK<</BG[1 1 1]>>"))


def test_a_widget_that_is_hidden(seen):
    """The person was shown a stamp; the flags of the widget keep it from the reader."""

    def patch(monkeypatch, label):
        if label == "permit":
            monkeypatch.setattr(appending, "_PRINT_AND_LOCKED", 132 | 2)

    seen(*_UNKNOWN, patch=patch)


def test_a_stamp_over_the_whole_page(stage, turn, allowing, twin, caught):
    """Named in the transaction, and yet: it leaves nothing of the page to read."""
    whole = Appearance(at=Place(1, 0, 0, 210, 297), text="Đã duyệt")

    def patch(monkeypatch, _label):
        monkeypatch.setattr(stamp, "MAX_SHARE", 1)

    with pytest.MonkeyPatch.context() as opened:
        opened.setattr(stamp, "MAX_SHARE", 1)
        entry = whole.shown_on(stage.files["permit"], "permit")
    shown = lambda one: replace(one, appearance=(entry,))  # noqa: E731 - a change, like the others
    turns = {"reception": turn(drawn={"permit": whole}, transaction=shown, patch=patch)}
    caught(stage.play(stage.opened(allowing), turns), *_UNKNOWN, twin=twin)
