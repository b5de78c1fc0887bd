"""binding.md §1 broken in an XML document: what hides in its signatures, and how they cover it."""

from __future__ import annotations

import pytest

from eidkit.document import Document
from eidkit.xml import names, templates


def in_form(change):
    def after(label, document):
        if label != "form":
            return document
        data = document.read_bounded(10**7, "form")
        changed = change(data)
        assert changed != data
        return Document.from_bytes(changed, document.name)

    return after


@pytest.mark.parametrize(
    ("place", "verdict"), [(b"</ds:Signature>", "FAILED"), (b"</xades:UnsignedSignatureProperties>", "INDETERMINATE")]
)
def test_foreign_content_in_a_signature(stage, turn, caught, place, verdict):
    def hide(data):
        head, end, tail = data.rpartition(place)
        return head + b"<amount xmlns=''>9999000</amount>" + end + tail

    report = caught(
        stage.play(stage.opened(), {"result": turn(after=in_form(hide))}), "SIGNATURE_MISPLACED", exactly=False
    )
    assert report.verdict == verdict, str(report)


def test_something_that_only_looks_like_a_signature(stage, turn, caught):
    empty = (
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><amount xmlns="">9999000</amount></ds:Signature>'
    )
    hidden = in_form(lambda data: data.replace(b"<ds:Signature", empty + b"<ds:Signature", 1))
    caught(
        stage.play(stage.opened(), {"result": turn(after=hidden)}),
        "SIGNATURE_MISPLACED",
        "SIGNATURE_UNACCOUNTED",
        "STEP_SIGNATURE_UNDECIDED",
    )


def test_a_byte_outside_the_signatures(stage, turn, caught):
    other = in_form(lambda data: data.replace(b"<ds:Signature", b"\n<ds:Signature", 1))
    caught(
        stage.play(stage.opened(), {"result": turn(after=other)}),
        "HASH_FAILURE",
        "STEP_SIGNATURE_FAILED",
        exactly=False,
    )


def test_a_processing_instruction_after_the_root(stage, turn, caught):
    other = in_form(lambda data: data + b"<?show other?>")
    caught(
        stage.play(stage.opened(), {"result": turn(after=other)}),
        "HASH_FAILURE",
        "STEP_SIGNATURE_FAILED",
        exactly=False,
    )


def test_a_document_type(stage, turn, caught):
    other = in_form(lambda data: data.replace(b"?>", b'?><!DOCTYPE don [<!ENTITY a "9">]>', 1))
    report = caught(stage.play(stage.opened(), {"result": turn(after=other)}), "DOCUMENT_UNREADABLE", exactly=False)
    assert report.verdict == "FAILED"


def in_signed_info(change):
    """A patch of the SignedInfo of the form, before it is signed."""

    def patch(monkeypatch, label):
        if label == "form":
            real = templates.signed_info
            monkeypatch.setattr(templates, "signed_info", lambda *given: change(real(*given)))

    return patch


def test_the_same_xpath_with_another_binding(stage, turn, caught):
    """``ds`` bound to something else lets every ds:Signature, and what hides in one, into the content.

    The canonical SignedInfo leaves the binding out: the signature value holds.
    """
    literal = f"<ds:XPath>{names.XPATH_LITERAL}</ds:XPath>"
    signed = f'<d:XPath xmlns:d="{names.DSIG}">{names.XPATH_LITERAL}</d:XPath>'
    written = signed.replace(">", ' xmlns:ds="urn:other">', 1)

    def patch(monkeypatch, label):
        if label != "form":
            return
        info, whole = templates.signed_info, templates.signature
        monkeypatch.setattr(templates, "signed_info", lambda *given: info(*given).replace(literal, signed))
        monkeypatch.setattr(
            templates, "signature", lambda name, text, *more: whole(name, text.replace(signed, written), *more)
        )

    caught(
        stage.play(stage.opened(), {"result": turn(patch=patch)}),
        "CONTENT_FORM",
        "NOT_SUPPORTED",
        "SIGNED_DATA_NOT_FOUND",
        "STEP_SIGNATURE_UNDECIDED",
    )


def test_exclusive_canonicalisation_of_the_content(stage, turn, caught):
    """A namespace could be bound anew under an xsi:type."""
    last = f'<ds:Transform Algorithm="{names.C14N10}"></ds:Transform></ds:Transforms>'

    def change(info):
        assert last in info
        return info.replace(last, last.replace(names.C14N10, names.EXCLUSIVE))

    caught(
        stage.play(stage.opened(), {"result": turn(patch=in_signed_info(change))}),
        "CONTENT_FORM",
        "STEP_SIGNATURE_UNDECIDED",
    )
