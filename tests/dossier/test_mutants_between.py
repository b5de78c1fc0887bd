"""binding.md §6.3 broken between the steps of a PDF: its signed file plus anything but DSS and document timestamps.

None of these changes what a page shows, and after a signature alone each is an ordinary extension.  In a dossier
whoever signs next answers for what the step before left, so nobody may put in anything between.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.dossier.dossier import Held
from eidkit.errors import StepError
from eidkit.pdf import appending
from eidkit.pdf.syntax import raw_items
from eidkit.signing import preserve, sign
from eidkit.verify.collecting import collect

_REST = ("assessment", "approval", "signing", "result")
_DECLARED = b"<</ESIC<</BaseVersion/1.7/ExtensionLevel 1>>>>"


def grown(dossier, *changes):
    """The dossier whose permit got one more revision, in which every one of ``changes`` was made."""
    return held_as(dossier, grown_document(dossier.document("permit"), *changes))


def grown_document(document, *changes):
    update = appending.Update(document, appending.open_for_signing(document))
    for change in changes:
        change(update)
    return document.spliced(document.length, update.finished())


def held_as(dossier, permit):
    return replace(dossier, held=tuple(Held(h.label, permit) if h.label == "permit" else h for h in dossier.held))


def in_catalogue(key, text):
    return lambda update: update.edit(update.reader.root_ref.idnum, {key: text})


def stream(update, head, data):
    number = update.new_number()
    update.put(number, 0, b"<<%b/Length %d>>\nstream\n%b\nendstream" % (head, len(data), data))
    return number


def metadata(update):
    """XMP that says another title, which viewers show above the page."""
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>9.999.000</dc:title>'
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    in_catalogue("/Metadata", b"%d 0 R" % stream(update, b"/Type/Metadata/Subtype/XML", packet))(update)


def listed(update, number, key, item):
    """Put ``item`` at the end of the list ``key`` of an object."""
    text, found = re.subn(
        rb"(%b\s*\[[^\]]*)\]" % key, lambda m: m[1] + b" " + item + b"]", update.text(number), count=1
    )
    assert found
    update._texts[number] = text


def page(update):
    return raw_items(update.reader.root["/Pages"].raw_get("/Kids"))[0].idnum


def empty_field(update):
    """An invisible signature field that nobody signed yet."""
    widget = update.new_number()
    field = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Later)/F 132/Rect[0 0 0 0]/P %d 0 R>>" % page(update)
    update.put(widget, 0, field)
    listed(update, page(update), b"/Annots", b"%d 0 R" % widget)
    listed(update, update.reader.root_ref.idnum, b"/Fields", b"%d 0 R" % widget)


def information(update):
    """A date of its own in the document information, as many products write it."""
    number = dict.get(update.reader.trailer_view, "/Info").idnum
    update.edit(number, {"/ModDate": b"(D:20260302120000+07'00')"})


def certified(update):
    """The first signature, called a certification afterwards; our writer adds nothing after one."""
    value = update.reader.root["/AcroForm"]["/Fields"][0].raw_get("/V").idnum
    in_catalogue("/Perms", b"<</DocMDP %d 0 R>>" % value)(update)


def unused(update):
    update.put(update.new_number(), 0, b"(nobody refers to this, yet)")


def store(stage):
    """A certificate in a document security store, as preservation adds it."""

    def change(update):
        der = stage.sandbox.authorities["root"].certificate.public_bytes(Encoding.DER)
        in_catalogue("/DSS", b"<</Type/DSS/Certs[%d 0 R]>>" % stream(update, b"", der))(update)

    return change


GROWTH = {
    "other metadata": metadata,
    "an extension": in_catalogue("/Extensions", _DECLARED),
    "an empty signature field": empty_field,
    "another document information": information,
    "an object that sleeps": unused,
}


@pytest.mark.parametrize("growth", GROWTH.values(), ids=GROWTH)
def test_between_two_steps(stage, caught, growth):
    dossier = grown(stage.play(stage.opened(), {}, ("reception",)), growth)
    caught(stage.play(dossier, {}, _REST), "DOCUMENT_CHANGED_BETWEEN_STEPS")


def refused(stage, dossier, growth_before, growth_after):
    """The codes with which the next approval is refused, of a PDF changed before and after it is signed."""
    dossier = grown(dossier, *growth_before)
    who, key = stage.cast[dossier.step.name]
    login = stage.login(dossier.transaction(action="approve"), who.identity)
    box, signed = stage.sandbox, {}
    for label in ("permit", "form"):
        document = sign(
            dossier.document(label), key, tsa=box.tsa, authentication=login, transport=box, clock=stage.clock
        )
        signed[label] = grown_document(document, *growth_after) if label == "permit" and growth_after else document
    with pytest.raises(StepError) as caught:
        dossier.approve(signed, login, box.trust, sources=box.sources, transport=box, clock=stage.clock)
    return {reason.code for reason in caught.value.reasons}


def test_no_approval_goes_on_from_it(stage):
    """It is refused while the untouched file can still be had."""
    started = stage.play(stage.opened(), {}, ("reception",))
    assert refused(stage, started, [metadata], []) == {"DOCUMENT_CHANGED_BETWEEN_STEPS"}
    assert refused(stage, started, [store(stage)], [metadata]) == {"DOCUMENT_CHANGED_AFTER_STEPS"}


@pytest.mark.parametrize("growth", [metadata, information, unused])
def test_between_what_was_shown_and_the_first_signature(stage, turn, caught, growth):
    """There is no signed file yet: the file as shown is the first ``length`` octets, and not one more."""

    def slipped_in(label, document):
        return grown_document(document, growth) if label == "permit" else document

    caught(stage.play(stage.opened(), {"reception": turn(before=slipped_in)}), "TRANSACTION_CONTENT", exactly=False)


@pytest.mark.parametrize("growth", [*GROWTH.values(), certified], ids=[*GROWTH, "permissions"])
def test_after_the_last_step(caught, honest, growth):
    caught(grown(honest, growth), "DOCUMENT_CHANGED_AFTER_STEPS")


@pytest.mark.parametrize("growth", [metadata, empty_field, information, unused])
def test_in_the_revision_of_a_security_store(stage, caught, growth):
    dossier = grown(stage.play(stage.opened(), {}, ("reception",)), store(stage), growth)
    caught(stage.play(dossier, {}, _REST), "DOCUMENT_CHANGED_BETWEEN_STEPS")


def test_an_extension_that_is_more_than_declared(stage, caught):
    more = in_catalogue("/Extensions", b"<</ESIC<</BaseVersion/1.7/ExtensionLevel 1/Amount[9999000]>>>>")
    dossier = grown(stage.play(stage.opened(), {}, ("reception",)), store(stage), more)
    caught(stage.play(dossier, {}, _REST), "DOCUMENT_CHANGED_BETWEEN_STEPS")


def test_under_a_document_timestamp(stage, caught):
    """A later timestamp over it makes it no better."""
    dossier = grown(stage.play(stage.opened(), {}, ("reception",)), metadata)
    dossier = preserved(stage, dossier)
    assert len(collect(dossier.document("permit")).timestamps) == 1
    caught(stage.play(dossier, {}, _REST), "DOCUMENT_CHANGED_BETWEEN_STEPS")


def test_an_annotation_written_into_the_page_s_list(stage, caught, honest):
    """It has no object number of its own, so it is not among the objects that a revision touches."""
    report = caught(grown(honest, annotation_in_the_list), "DOCUMENT_CHANGED_AFTER_STEPS", exactly=False)
    assert report.verdict == "FAILED"
    dossier = grown(stage.play(stage.opened(), {}, ("reception",)), annotation_in_the_list)
    caught(stage.play(dossier, {}, _REST), "DOCUMENT_CHANGED_BETWEEN_STEPS", exactly=False)


def annotation_in_the_list(update):
    note = b"<</Type/Annot/Subtype/FreeText/Rect[70 300 400 500]/Contents(9.999.000)/DA(/Helv 24 Tf)/F 4>>"
    listed(update, page(update), b"/Annots", note)


def preserved(stage, dossier):
    box = stage.sandbox
    permit = preserve(
        dossier.document("permit"), box.trust, tsa=box.tsa, sources=box.sources, transport=box, clock=stage.clock
    )
    return held_as(dossier, permit)


@pytest.mark.parametrize(
    "kept",
    [
        preserved,
        lambda stage, dossier: grown(dossier, store(stage)),
        lambda stage, dossier: grown(dossier, store(stage), in_catalogue("/Extensions", _DECLARED)),
        lambda stage, dossier: grown(preserved(stage, dossier), store(stage)),
    ],
    ids=["store and document timestamp", "a store", "a store and the extension that declares it", "twice"],
)
def test_what_preserves_is_no_change(stage, honest, kept):
    dossier = kept(stage, stage.play(stage.opened(), {}, ("reception",)))
    report = stage.verify(kept(stage, stage.play(dossier, {}, _REST)))
    assert report.verdict == "COMPLETE", str(report)
    report = stage.verify(kept(stage, honest))
    assert report.verdict == "COMPLETE", str(report)
