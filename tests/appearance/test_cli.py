"""``eidkit sign --stamp-… --field``: what a person types, and what is said when it does not fit."""

from __future__ import annotations

import pytest

from eidkit.cli.running import run
from eidkit.document import Document
from eidkit.verify import collect
from tests.appearance.papers import field, paper, seal
from tests.interop.oracles import pdf_text, require

pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    folder = tmp_path_factory.mktemp("box")
    assert run(["sandbox", "init", str(folder / "sandbox")]) == 0
    (folder / "password").write_text("sandbox\n", encoding="utf-8")
    (folder / "seal.png").write_bytes(seal())
    paper({}, {}, fields=(field("Leader"),)).write(folder / "form.pdf")
    return folder


@pytest.fixture
def signing(box, tmp_path, capsys, monkeypatch):
    """``signing("--field", "Leader", of="form.pdf")`` → exit code, what was said, the signed file."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def call(*arguments, of="sandbox/permit.pdf"):
        out = tmp_path / "signed.pdf"
        key = ["--p12", box / "sandbox/lan.p12", "--password-file", box / "password"]
        code = run([str(one) for one in ("sign", box / of, "-o", out, *key, *arguments)])
        return code, capsys.readouterr().err, out

    return call


def test_text_and_image_at_a_place(box, signing):
    require("pdftotext")
    code, said, out = signing(
        "--stamp-at", "1,120,205,75,18", "--stamp-title", "{name}", "--stamp-text", "{title}, {organisation}",
        "--stamp-text", "Ký lúc {time}", "--stamp-image", box / "seal.png", "--stamp-border",
    )  # fmt: skip
    assert code == 0, said
    (signature,) = collect(Document.read(out)).signatures
    assert signature.appearance.page == 1
    assert "Nguyễn Thị Lan" in pdf_text(out)


def test_a_corner_and_the_last_page(signing):
    code, said, out = signing("--stamp-at", "-1,10,10,60,15,bottom-right", "--stamp-text", "Lan", of="form.pdf")
    assert code == 0, said
    assert collect(Document.read(out)).signatures[0].appearance.page == 2


@pytest.mark.parametrize("stamp", [[], ["--stamp-text", "Lan"]])
def test_a_field_of_the_form(signing, stamp):
    code, said, out = signing("--field", "Leader", *stamp, of="form.pdf")
    assert code == 0, said
    (signature,) = collect(Document.read(out)).signatures
    assert signature.id == "Leader"
    assert (signature.appearance is not None) == bool(stamp)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stamp-text", "Lan"], "--stamp-at PAGE,X,Y,W,H"),
        (["--stamp-at", "1,1,1,50,10"], "need --stamp-text"),
        (["--stamp-border", "--field", "Leader"], "need --stamp-text"),
        (["--stamp-text", "Lan", "--stamp-at", "1,1,1,50,10", "--field", "Leader"], "not both"),
        (["--stamp-text", "Lan", "--stamp-at", "1,1,1,50"], "PAGE,X,Y,W,H"),
        (["--stamp-text", "Lan", "--stamp-at", "one,1,1,50,10"], "PAGE,X,Y,W,H"),
        (["--stamp-text", "Lan", "--stamp-at", "1,1,1,50,10,middle"], "corners are top-left"),
        (["--stamp-text", "Lan", "--stamp-at", "9,1,1,50,10"], "no page 9"),
        (["--stamp-text", "Lan", "--stamp-at", "1,190,1,50,10"], "page 1, of which the reader sees 210 × 297 mm"),
        (["--stamp-text", "中", "--stamp-at", "1,1,1,50,10"], "U+4E2D"),
        (["--stamp-text", "Ký bởi {nmae}", "--stamp-at", "1,1,1,50,10"], "no {nmae}; it fills in {name}, {title}"),
        (["--stamp-image", "missing.png", "--stamp-at", "1,1,1,50,10"], "missing.png"),
        (["--field", "Nobody"], "no field called 'Nobody'"),
    ],
)
def test_what_does_not_fit_is_said(signing, arguments, words):
    code, said, out = signing(*arguments)
    assert code == 2
    assert words in said
    assert "Traceback" not in said
    assert not out.exists()


def test_an_image_that_is_none(box, signing):
    code, said, _ = signing("--stamp-image", box / "password", "--stamp-at", "1,1,1,50,10")
    assert code == 2
    assert "neither PNG nor JPEG" in said


def test_an_xml_document_shows_nothing(signing):
    code, said, _ = signing("--stamp-text", "Lan", "--stamp-at", "1,1,1,50,10", of="sandbox/form.xml")
    assert code == 2
    assert "not a PDF" in said


def test_help_teaches(capsys):
    assert run(["sign", "--help"]) == 0
    said = capsys.readouterr().out
    assert "--stamp-at PAGE,X,Y,W,H[,CORNER]" in said
    assert "--field NAME" in said
