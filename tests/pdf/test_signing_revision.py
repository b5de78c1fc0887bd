"""A change hidden in the revision that holds the signature leaves the bytes before it untouched (binding.md §1)."""

from __future__ import annotations

import hashlib

import pytest

from eidkit.asn1 import cms
from eidkit.document import Document
from eidkit.verify.formats import pdf

SIZE = 6


def octets(document):
    return document.read_range(0, document.length)


@pytest.fixture
def base(make):
    return make.written(
        [make.catalogue, make.pages, make.page, make.content, make.info],
        trailer=b"/Root 1 0 R/Info 5 0 R/ID[<0102><0304>]",
    )


CATALOGUE = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[7 0 R]/SigFlags 3>>>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<<>>/Annots[7 0 R]>>"
FIELD = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(S)/F 132/Rect[0 0 0 0]/P 3 0 R/V 6 0 R>>"
TRAILER = b"/Root 1 0 R/Info 5 0 R/ID[<0102><0506>]"
RESERVE = 1500


@pytest.fixture
def forged(base, make, signer):
    """``forged({number: value}, …)``: a signature whose own revision also holds these objects, truly signed."""

    def build(
        objects=None,
        *,
        trailer=TRAILER,
        size=20,
        previous=None,
        catalogue=CATALOGUE,
        page=PAGE,
        field=FIELD,
        of=None,
        rows=b"",
    ):
        head = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[%b]/Contents<%b>>>"
        value = head % (b" " * 40, b"0" * (2 * RESERVE))
        parts = {6: value, 7: field, 1: catalogue, 3: page, **(objects or {})}
        parts = {number: part for number, part in parts.items() if part is not None}
        data = make.updated(of or base, parts, size=size, trailer=trailer, previous=previous, rows=rows)
        start = data.index(b"/Contents<") + len(b"/Contents")
        end = start + 2 * RESERVE + 2
        ranges = b"0 %d %d %d" % (start, end, len(data) - end)
        data = data.replace(b"/ByteRange[" + b" " * 40, b"/ByteRange[" + ranges.ljust(40))
        digest = hashlib.sha256(data[:start] + data[end:]).digest()
        to_sign = cms.signed_attributes(message_digest=digest, certificate=signer.certificate)
        container = cms.signed_data(
            certificate=signer.certificate, digest="sha256", algorithm=signer.algorithm,
            signed_attributes=to_sign, signature=signer.value(to_sign),
        )  # fmt: skip
        return data[: start + 1] + container.hex().encode().ljust(2 * RESERVE, b"0") + data[end - 1 :]

    return build


def judged(data):
    [signature] = pdf.read(Document.from_bytes(data, "x.pdf")).signatures
    assert all(one.declared == one.computed for one in signature.references)
    assert not [one for one in signature.observations if one.code == "COVERAGE_FAILURE"]
    return signature


def changes(data):
    signature = judged(data)
    found = [dict(one.values)["what"] for one in signature.observations if one.code == "OWN_REVISION_CHANGED"]
    assert (signature.coverage.own_revision == "clean") == (not found)
    return " / ".join(found)


def test_an_honest_signing_revision_is_clean(forged, base):
    signature = judged(forged())
    assert signature.coverage.own_revision == "clean"
    assert (signature.content.length, signature.content.sha256) == (len(base), hashlib.sha256(base).hexdigest())


def test_the_first_revision_shows_nothing_before_it(make, signer, forged):
    """Document and signature in one revision: there is no length that was shown."""
    objects = [CATALOGUE, make.pages, PAGE, make.content, make.info, b"6", FIELD]
    hole = b"0" * (2 * RESERVE)
    value = b"<</Type/Sig/Filter/A/SubFilter/ETSI.CAdES.detached/ByteRange[%b]/Contents<%b>>>" % (b" " * 40, hole)
    objects[5] = value
    data = make.written(objects)
    start = data.index(b"/Contents<") + len(b"/Contents")
    end = start + 2 * RESERVE + 2
    data = data.replace(b"[" + b" " * 40, b"[" + (b"0 %d %d %d" % (start, end, len(data) - end)).ljust(40))
    digest = hashlib.sha256(data[:start] + data[end:]).digest()
    to_sign = cms.signed_attributes(message_digest=digest, certificate=signer.certificate)
    container = cms.signed_data(
        certificate=signer.certificate, digest="sha256", algorithm=signer.algorithm,
        signed_attributes=to_sign, signature=signer.value(to_sign),
    )  # fmt: skip
    signature = judged(data[: start + 1] + container.hex().encode().ljust(2 * RESERVE, b"0") + data[end - 1 :])
    assert (signature.coverage.length_shown, signature.coverage.own_revision, signature.content) == (None, None, None)


STAMP = b"<</Subtype/Stamp>>"
TEXT = b"<</FT/Tx/T(b)/V(1)>>"
HIDDEN = b"<</Length 5>>\nstream\n(900)\nendstream"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objects": {4: HIDDEN}}, "object 4"),
        ({"objects": {2: b"<</Type/Pages/Kids[3 0 R 9 0 R]/Count 2>>"}}, "object 2"),
        ({"objects": {5: b"<</Title(Another)>>"}}, "object 5"),
        ({"objects": {12: HIDDEN}}, "object 12"),
        ({"page": PAGE.replace(b"/Contents 4 0 R", b"/Contents 12 0 R"), "objects": {12: HIDDEN}}, "/Contents"),
        ({"page": PAGE.replace(b"[0 0 200 200]", b"[0 0 200 100]")}, "/MediaBox"),
        ({"page": PAGE.replace(b"/Resources<<>>", b"/Resources<</Font 12 0 R>>")}, "/Resources"),
        ({"page": PAGE.replace(b"[7 0 R]", b"[7 0 R 12 0 R]"), "objects": {12: STAMP}}, "/Annots"),
        ({"page": PAGE.replace(b"[7 0 R]", b"[12 0 R]"), "objects": {12: STAMP}}, "/Annots"),
        ({"page": PAGE.replace(b"[7 0 R]", b"[7 0 R%b]" % STAMP)}, "/Annots"),
        ({"page": PAGE.replace(b"[7 0 R]", b"[%b]" % STAMP)}, "/Annots"),
        ({"page": PAGE.replace(b">>/Annots", b">>/AA<<>>/Annots")}, "/AA"),
        ({"catalogue": CATALOGUE.replace(b"/Pages 2", b"/OpenAction 12 0 R/Pages 2")}, "/OpenAction"),
        ({"catalogue": CATALOGUE.replace(b"/Pages 2 0 R", b"/Pages 12 0 R")}, "/Pages"),
        ({"catalogue": CATALOGUE.replace(b"/SigFlags", b"/NeedAppearances true/SigFlags")}, "form"),
        ({"catalogue": CATALOGUE.replace(b"/SigFlags", b"/XFA(x)/SigFlags")}, "form"),
        ({"catalogue": CATALOGUE.replace(b"/SigFlags", b"/DA(x)/SigFlags")}, "form"),
        ({"catalogue": CATALOGUE.replace(b"[7 0 R]", b"[7 0 R 12 0 R]"), "objects": {12: TEXT}}, "/Fields"),
        ({"catalogue": CATALOGUE.replace(b"/Pages", b"/Names 12 0 R/Pages")}, "/Names"),
        ({"catalogue": CATALOGUE.replace(b"/Pages", b"/Version/2.0/Pages")}, "/Version"),
        ({"field": FIELD.replace(b"/F 132", b"/F 132/A<</S/JavaScript>>")}, "/A"),
        ({"field": FIELD.replace(b"/F 132", b"/F 132/AA<<>>")}, "/AA"),
        ({"field": FIELD.replace(b"/F 132", b"/F 132/OC 12 0 R")}, "/OC"),
        ({"field": FIELD.replace(b"/Widget", b"/FreeText")}, "widget"),
        ({"trailer": TRAILER.replace(b"/Info 5", b"/Info 12"), "objects": {12: b"<</Title(x)>>"}}, "/Info"),
        ({"trailer": TRAILER.replace(b"<0102>", b"<0103>")}, "/ID"),
        ({"trailer": TRAILER + b"/XRefStm 15"}, ""),
        ({"previous": 17}, ""),
    ],
)  # fmt: skip
def test_what_else_the_revision_changes_is_named(forged, change, said):
    from eidkit.errors import DocumentError

    try:
        found = changes(forged(**change))
    except DocumentError:
        assert not said
        return
    assert found
    assert said in found


def test_an_entry_that_points_back_into_the_shown_file(forged, make, base):
    """Object 4 is redirected to bytes that stood unused in the file all along."""
    hidden = b"4 0 obj\n" + HIDDEN + b"\nendobj\n"
    start = b"%PDF-1.7\n" + hidden
    objects = [make.catalogue, make.pages, make.page, make.content, make.info]
    other = make.written(objects, trailer=b"/Root 1 0 R/Info 5 0 R/ID[<0102><0304>]", start=start)
    row = b"4 1\n%010d 00000 n \n" % len(b"%PDF-1.7\n")
    assert "object 4" in changes(forged(of=other, rows=row))


def test_a_reference_that_waits_for_the_objects_of_the_revision(forged, make):
    """The page already refers to object 12, which the signing revision brings: another content appears."""
    page = make.page.replace(b"/Contents 4 0 R", b"/Contents[4 0 R 12 0 R]")
    waiting = make.written(
        [make.catalogue, make.pages, page, make.content, make.info], trailer=b"/Root 1 0 R/Info 5 0 R/ID[<0102><0304>]"
    )
    value = b"/AP<</N 12 0 R>>"
    found = changes(
        forged(
            {12: HIDDEN},
            of=waiting,
            page=page[:-2] + b"/Annots[7 0 R]>>",
            field=FIELD.replace(b"/F 132", b"/F 132" + value),
        )
    )
    assert "refers to objects that this revision brings" in found


@pytest.mark.parametrize(
    "spelling", [b"12 0 R", b"0012 0 R", b"12\n0\tR", b"12 % a comment\n0 R", b"12 0 %c\r\n%d\nR", b"12%c\n 0 R"]
)
def test_every_spelling_of_a_reference_is_found(forged, make, spelling):
    waiting = make.written(
        [make.catalogue, make.pages, make.page, make.content, b"<</Title[%b]>>" % spelling],
        trailer=b"/Root 1 0 R/Info 5 0 R/ID[<0102><0304>]",
    )
    field = FIELD.replace(b"/F 132", b"/F 132/MK 12 0 R")
    found = changes(forged({12: b"<<>>"}, of=waiting, field=field))
    assert found == "the file as shown refers to objects that this revision brings"


def test_a_page_object_replaced_by_a_new_form(forged, base):
    """/AcroForm names the page's own object: the page would vanish, explained as a form."""
    catalogue = b"<</Type/Catalog/Pages 2 0 R/AcroForm 3 0 R>>"
    found = changes(forged(catalogue=catalogue, page=b"<</Fields[7 0 R]/SigFlags 3>>"))
    assert found
    assert base
