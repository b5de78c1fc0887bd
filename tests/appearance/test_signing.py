"""A stamp and everything around it: other tools, two halves, later signers, long life, and the login it belongs to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from eidkit.document import Document
from eidkit.dossier import Dossier
from eidkit.errors import EidkitError, NotSupported, SigningError
from eidkit.pdf.geometry import page
from eidkit.pdf.intake import open_pdf
from eidkit.pdf.stamp import Stamp
from eidkit.sandbox.documents import form_xml
from eidkit.signing import Appearance, Pending, Place, prepare, preserve, sign
from eidkit.verify import collect, verify
from eidkit.vn import five_steps
from tests.appearance.papers import field, paper, seal
from tests.interop import oracles
from tests.interop.making import authorities

STAMP = Appearance(
    at=Place(1, 20, 250, 80, 20), title="NGUYỄN THỊ LAN", text="Trưởng phòng\nĐã duyệt", image=seal(), border=True
)
SECOND = Appearance(at=Place(1, 110, 250, 70, 20), text="Trần Văn Bình")


@pytest.fixture(scope="module")
def signed(permit, lan):
    return sign(permit, lan, appearance=STAMP)


@pytest.fixture(scope="module")
def twice(signed, binh):
    return sign(signed, binh, appearance=SECOND)


def report(document, sandbox):
    return verify(document, sandbox.trust, sources=sandbox.sources, transport=sandbox)


def test_drawing_number_one_stays_what_it_is():
    """What was signed under it is drawn again for ever: a change of layout, face or subset needs another number."""
    stamp = Stamp(("Đã duyệt", "12.500.000 ₫"), "TRƯỞNG PHÒNG", STAMP.stamp.picture, border=True)
    form = stamp.form(page(open_pdf(paper({"Rotate": 90})).root, 1), (10000, 20000, 14000, 40000), "D:20261124093000Z")
    fonts = form.entries["Resources"]["Font"]
    programs = [
        fonts[name].entries["DescendantFonts"][0].entries["FontDescriptor"].entries["FontFile2"].data
        for name in ("FB", "FR")
    ]
    assert stamp.sha256 == "9d028810c889eef841965b285a00978f7a8dba833c87d466773534724acec804"
    assert sha256(form.data).hexdigest() == "2a07a506e2ce5278ee3d86f08934e87e165279807ae745764f5be0c2cd86ea44"
    assert [sha256(program).hexdigest() for program in programs] == [
        "791207b123d2b16be640797c5cc647685f8f832ff3a8dbc42cbb461635adc0ad",
        "67dc2bc859d4272adc5b5985b5608f0bff003f748f12c3c2c7bf6244988aa241",
    ]
    assert (form.entries["BBox"], form.entries["Matrix"]) == ([0, 0, 200, 40], [0, 1, -1, 0, 40, 0])


def test_the_stamp_is_found_again(signed, permit):
    (signature,) = collect(signed).signatures
    named = STAMP.shown_on(permit, "permit")
    assert (signature.appearance.page, signature.appearance.rectangle, signature.appearance.sha256) == (
        named.page,
        named.rectangle,
        named.sha256,
    )


def test_the_first_stamp_survives_the_second(twice, sandbox):
    found = report(twice, sandbox)
    assert found, str(found)
    assert [c.evidence.appearance is not None for c in found.conclusions] == [True, True]
    assert found.conclusions[0].evidence.coverage.modifications == "extension"


def test_a_second_signature_of_the_same_text_draws_it_anew(signed, lan, sandbox):
    again = replace(STAMP, at=Place(1, 20, 225, 80, 20))
    assert report(sign(signed, lan, appearance=again), sandbox)


def test_other_tools_agree(tmp_path, twice, sandbox):
    oracles.require("qpdf", "pdfsig")
    path = tmp_path / "twice.pdf"
    twice.write(path)
    assert oracles.qpdf_check(path).good
    assert oracles.pdfsig(path).detail.count("Signature Validation: Signature is Valid.") == 2
    anchors, _ = authorities(sandbox)
    said = oracles.pyhanko(path, anchors, sandbox.crls(), datetime.now(UTC))
    assert (said.good, said.signatures) == (True, 2), said.detail


def test_an_unseen_signature_is_as_small_as_before(permit, lan, signed):
    unseen = sign(permit, lan)
    with unseen.open() as file:
        assert b"/AP" not in file.read()[permit.length :]
    assert signed.length - unseen.length < 25_000


def test_what_is_kept_for_years_keeps_its_stamp(permit, lan, sandbox):
    stamped = sign(permit, lan, appearance=STAMP, tsa=sandbox.tsa, transport=sandbox)
    kept = preserve(stamped, sandbox.trust, tsa=sandbox.tsa, sources=sandbox.sources, transport=sandbox)
    (signature,) = collect(kept).signatures
    assert (signature.level, signature.appearance.page) == ("PAdES-B-LTA", 1)
    assert report(kept, sandbox)


def test_two_halves_and_a_store_between_them(permit, lan, sandbox):
    pending = prepare(permit, lan.certificate, chain=lan.chain, appearance=STAMP)
    again = Pending.from_json(pending.to_json())
    assert report(again.complete(lan.sign(again.to_sign, again.algorithm), permit), sandbox)


def test_a_stamp_of_another_product_is_no_error_without_a_login(lan, sandbox, monkeypatch):
    """The same bytes of an appearance that says nothing of its inputs."""
    real = Stamp.form

    def silent(*given):
        form = real(*given)
        return replace(form, entries={k: v for k, v in form.entries.items() if k not in {"PieceInfo", "LastModified"}})

    monkeypatch.setattr(Stamp, "form", silent)
    found = report(sign(paper({}), lan, appearance=STAMP), sandbox)
    assert found.conclusions[0].evidence.appearance is None
    assert found


@pytest.mark.parametrize("asked", [{"appearance": STAMP}, {"field": "Leader"}])
def test_other_formats_have_nothing_to_show(lan, asked):
    with pytest.raises(NotSupported) as refused:
        sign(Document.from_bytes(form_xml(), "form.xml"), lan, **asked)
    assert refused.value.code == "appearance-pdf-only"


# ── with a login ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def opened(sandbox, lan, binh, permit):
    """A dossier whose first step allows a stamp, and the step's officer."""
    service = sandbox.service_key.identity
    mandate = sandbox.agency("UBND phường Bến Sen", "0000000025").identity
    roles = ("one-stop-shop officer", "case officer", "head of unit", "clerk")
    procedure = five_steps(attesters=[service], mandate=mandate, holders={role: [lan.identity] for role in roles})
    procedure = replace(procedure, steps=tuple(replace(step, appearance=True) for step in procedure.steps))
    form = Document.from_bytes(form_xml(), "form.xml")
    return Dossier.open("H56.01-261124-0001", procedure, {"permit": permit, "form": form})


@pytest.fixture(scope="module")
def log_in(sandbox, lan):
    """``log_in(transaction)``: the officer confirms it with a one-time code."""
    from eidkit.auth import Stores, otp
    from eidkit.sandbox.office import code_of

    def confirmed(transaction):
        stores = Stores.memory()
        totp = otp.enrol(lan.identity, issuer="City Hall", stores=stores)
        challenge = otp.begin(lan.identity, transaction, audience="permits", stores=stores)
        return otp.verify(code_of(totp.uri), challenge.id, stores=stores, attest=sandbox.service_key)

    return confirmed


def test_the_transaction_names_the_stamp(opened):
    transaction = opened.transaction(action="approve", appearance={"permit": STAMP})
    (named,) = transaction.appearance
    assert named == STAMP.shown_on(opened.document("permit"), "permit")
    assert opened.transaction(action="approve", appearance=[named]) == transaction
    assert opened.transaction(action="approve").digest != transaction.digest


@pytest.mark.parametrize(("label", "code"), [("form", "appearance-pdf-only"), ("decision", "appearance-document")])
def test_a_stamp_for_a_document_that_has_none_is_refused_by_name(opened, label, code):
    with pytest.raises(EidkitError) as refused:
        opened.transaction(action="approve", appearance={label: STAMP})
    assert refused.value.code == code


def test_a_step_that_allows_no_stamp_refuses_it_by_name(opened):
    procedure = replace(opened.procedure, steps=tuple(replace(s, appearance=False) for s in opened.procedure.steps))
    with pytest.raises(EidkitError) as refused:
        replace(opened, procedure=procedure).transaction(action="approve", appearance={"permit": STAMP})
    assert refused.value.code == "appearance-not-allowed"


def test_only_the_approved_stamp_is_signed(opened, log_in, lan, sandbox):
    login = log_in(opened.transaction(action="approve", appearance={"permit": STAMP}))
    permit = opened.document("permit")
    for other, code in (
        (None, "transaction-appearance-missing"),
        (replace(STAMP, text="Đã từ chối"), "transaction-other-appearance"),
        (replace(STAMP, at=Place(1, 20, 240, 80, 20)), "transaction-other-appearance"),
    ):
        with pytest.raises(SigningError) as refused:
            sign(permit, lan, authentication=login, appearance=other)
        assert refused.value.code == code
    signed = sign(permit, lan, authentication=login, appearance=STAMP, tsa=sandbox.tsa, transport=sandbox)
    found = verify(signed, sandbox.trust, sources=sandbox.sources, transport=sandbox, authentications=[login])
    assert found.conclusions[0].authentication.state == "yes", str(found)


def test_a_stamp_that_nobody_was_shown_is_not_signed(opened, log_in, lan):
    login = log_in(opened.transaction(action="approve"))
    with pytest.raises(SigningError) as refused:
        sign(opened.document("permit"), lan, authentication=login, appearance=STAMP)
    assert refused.value.code == "transaction-other-appearance"


def test_one_file_with_its_login_shows_another_stamp(opened, log_in, lan, sandbox, monkeypatch):
    """``verify`` of one file sees it too: not bound, and why."""
    from eidkit.signing import login_gate

    login = log_in(opened.transaction(action="approve", appearance={"permit": STAMP}))
    monkeypatch.setattr(login_gate, "_check_appearance", lambda *_: None)
    other = replace(STAMP, text="Đã từ chối")
    signed = sign(opened.document("permit"), lan, authentication=login, appearance=other)
    found = verify(signed, sandbox.trust, sources=sandbox.sources, transport=sandbox, authentications=[login])
    (conclusion,) = found.conclusions
    assert conclusion.authentication.state == "no"
    assert "APPEARANCE_OTHER" in {reason.code for reason in conclusion.findings}


def test_a_field_of_the_form_is_named_by_its_rectangle(opened):
    document = paper({}, fields=(field("Leader", [100.129, 100, 300, 150]),))
    shown = replace(STAMP, at="Leader").shown_on(document, "permit")
    assert (shown.page, shown.rectangle) == (1, (10013, 10000, 30000, 15000))
