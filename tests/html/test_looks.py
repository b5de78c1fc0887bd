"""The pages in a real browser: on a phone, on a desk, in the dark and on paper, under the policy that they carry."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from eidkit.document import Document
from eidkit.findings import finding
from eidkit.trust.subject import Subject
from eidkit.verify.render import html

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("browser")]
LONG = "Nguyễn" * 60 + "W" * 3_000


@pytest.fixture(scope="module")
def pages(signed, judged, complete, caught):
    """The pages by what they are about, and in which language."""
    report = judged(signed)
    one = report.conclusions[0]
    data = signed.read_range(0, signed.length)
    broken = Document.from_bytes(data[:900] + bytes([data[900] ^ 1]) + data[901:], "permit.pdf")
    stranger = replace(
        one,
        signer=Subject(None, None, LONG, title=LONG),
        evidence=replace(one.evidence, id=LONG, claimed_roles=(LONG, "<b>boss</b>")),
        findings=tuple(finding("TIMESTAMP_INVALID", str(n), why=LONG[:300] + str(n)) for n in range(60)),
    )
    return {
        "passed": report.to_html(),
        "open": judged(signed, status=False).to_html("vi"),
        "failed": judged(broken).to_html(),
        "hostile": html.rendered([replace(report, document=LONG, conclusions=(stranger, one))]),
        "complete": complete.to_html("vi"),
        "caught": caught.to_html(),
    }


EVERY = ["passed", "open", "failed", "hostile", "complete", "caught"]


@pytest.mark.parametrize("which", EVERY)
@pytest.mark.parametrize("width", [320, 1000])
def test_nothing_scrolls_sideways_and_nothing_overlaps(pages, browser, which, width):
    seen = browser.measured(pages[which].replace("<details>", "<details open>"), width)
    assert seen["inner"] == width
    assert seen["scroll"] <= width
    assert seen["wide"] == []
    assert seen["overlaps"] == []


def test_the_style_is_in_force_under_the_policy(pages, browser):
    assert browser.measured(pages["passed"], 400)["background"] == "rgb(231, 245, 234)"


@pytest.mark.parametrize("which", ["passed", "complete"])
def test_one_language_is_shown_and_the_other_is_one_switch_away(pages, browser, which):
    first = browser.measured(pages[which], 400)["text"]
    page = pages[which].replace(" checked>", ">")
    other_id = 'id="in-vi"' if which == "passed" else 'id="in-en"'
    second = browser.measured(page.replace(other_id, f"{other_id} checked"), 400)["text"]
    english, vietnamese = (first, second) if which == "passed" else (second, first)
    for text, has, lacks in (
        (english, "Certificate chain" if which == "passed" else "Who alone could", "Kiểm tra tại thời điểm"),
        (vietnamese, "Kiểm tra tại thời điểm", "Checked as of"),
    ):
        assert has in text
        assert lacks not in text


def test_a_long_name_does_not_push_the_conclusion_out_of_sight(pages, browser):
    assert browser.measured(pages["hostile"], 320)["conclusion"] < 200


def test_a_hostile_name_is_read_as_text(pages, browser):
    assert "<b>boss</b>" in browser.measured(pages["hostile"], 400)["text"]


def green(pixel: tuple[int, int, int]) -> bool:
    red, middle, blue = pixel
    return middle > red + 4 and middle > blue + 2


def red(pixel: tuple[int, int, int]) -> bool:
    first, middle, blue = pixel
    return first > middle + 4 and first > blue + 4


@pytest.mark.parametrize(
    ("which", "colour"), [("passed", green), ("failed", red), ("complete", green), ("caught", red)]
)
def test_the_box_of_the_conclusion_has_its_colour_on_the_screen(pages, browser, which, colour):
    """What a reader sees first, in the margin of the box, in pixels: a tampered file's is not green."""
    picture = browser.picture(pages[which], 500, 320)
    column = [picture.at(481, y) for y in range(110, 200)]
    coloured = [pixel for pixel in column if pixel != (255, 255, 255)]
    assert len(coloured) > 40
    assert all(colour(pixel) for pixel in coloured)
    assert not any({green: red, red: green}[colour](pixel) for pixel in column)


def text_of(tool, path, *options: str) -> str:
    done = subprocess.run([tool("pdftotext"), "-layout", *options, path, "-"], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


def test_on_paper_everything_is_there_on_a4(pages, browser, tool, complete):
    path = browser.printed(pages["complete"])
    text = text_of(tool, path)
    said = subprocess.run([tool("pdfinfo"), path], capture_output=True, text=True, check=True).stdout
    assert "(A4)" in said
    for step in complete.steps:
        assert step.person.name in text
    flat = "".join(text.split())
    for one in complete.steps[0].signatures[0].conclusion.path:
        assert one.sha256 in flat, "what is folded away on the screen is printed"
    assert "English" not in text, "the switch is for the screen"
    assert "1 / " in text, "pages are numbered"


def test_on_paper_no_line_is_cut_at_the_edge(pages, browser, tool):
    """Each word's box lies within the sheet."""
    path = browser.printed(pages["hostile"])
    boxes = text_of(tool, path, "-bbox")
    edges = [float(part.split('"')[1]) for part in boxes.split("xMax=")[1:] for part in [f"x{part}"]]
    assert edges
    assert max(edges) <= 596
