"""A report as a page: whole by itself, in two languages, and nothing that an attacker wrote does anything."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from eidkit.document import Document
from eidkit.errors import DocumentError, Text
from eidkit.findings import finding
from eidkit.identity import Identity
from eidkit.trust.revocation import Status
from eidkit.trust.subject import Subject
from eidkit.verify.render import html, verdicts, words

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}"
OVERRIDE = "Lan\u202egpj.exe\u200b\u2066"


class Seen(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def passed(signed, judged):
    report = judged(signed)
    assert report.verdict == "TOTAL-PASSED", str(report)
    return report


@pytest.fixture(scope="module")
def pages(passed, complete, caught, judged, signed):
    return {
        "passed": passed.to_html(),
        "open": judged(signed, status=False).to_html("vi"),
        "complete": complete.to_html(),
        "caught": caught.to_html("vi"),
    }


def renamed(report, name):
    """The report with everything that a signer chooses called ``name``."""
    one = replace(report.conclusions[0], signer=Subject(None, None, name, title=name))
    one = replace(one, evidence=replace(one.evidence, claimed_roles=(name,), id=name))
    return replace(report, document=name, conclusions=(one,))


@pytest.mark.parametrize("which", ["passed", "open", "complete", "caught"])
def test_nothing_is_fetched_and_nothing_runs(pages, which):
    seen = Seen(pages[which])
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in seen.tags}
    for tag, attributes in seen.tags:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "action", "srcset", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/png;base64,")), (tag, value)
    assert not re.search(r"url\(|@import", pages[which])


@pytest.mark.parametrize("which", ["passed", "caught"])
def test_the_policy_allows_this_style_by_its_hash_and_no_other(pages, which):
    page = pages[which]
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("which", ["passed", "open", "complete", "caught"])
def test_every_sentence_is_there_in_both_languages(pages, which):
    languages = [
        attributes["lang"] for tag, attributes in Seen(pages[which]).tags if tag == "span" and "lang" in attributes
    ]
    assert languages
    assert languages[0::2] == ["en"] * (len(languages) // 2)
    assert languages[1::2] == ["vi"] * (len(languages) // 2)


def test_the_language_asked_for_is_shown_first(pages):
    for which, language, other in (("passed", "en", "vi"), ("open", "vi", "en")):
        tags = Seen(pages[which]).tags
        assert next(attributes for tag, attributes in tags if tag == "html") == {"lang": language}
        switches = {attributes["id"]: attributes for tag, attributes in tags if tag == "input"}
        assert "checked" in switches[f"in-{language}"]
        assert "checked" not in switches[f"in-{other}"]


def test_landmarks_and_headings_are_in_order(pages):
    for page in pages.values():
        tags = [tag for tag, _ in Seen(page).tags]
        assert (tags.count("main"), tags.count("footer"), tags.count("h1")) == (1, 1, 1)
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert all(after - before <= 1 for before, after in pairwise(levels)), levels


def test_every_reference_inside_the_page_leads_somewhere(pages):
    for page in pages.values():
        tags = Seen(page).tags
        ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        wanted = {attributes["href"][1:] for _, attributes in tags if (attributes.get("href") or "").startswith("#")}
        wanted |= {attributes["aria-labelledby"] for _, attributes in tags if "aria-labelledby" in attributes}
        assert wanted <= set(ids)


def test_the_facts_of_a_file_are_told(passed, pages):
    text = Seen(pages["passed"]).text
    one = passed.conclusions[0]
    assert passed.sha256 in text
    assert "etsi-baseline, version 1" in text
    assert "2029-03-01 05:00:00 UTC" in text, "provable until"
    for certificate in one.path:
        assert certificate.sha256 in text
        assert f"{certificate.serial:x}" in text
        assert certificate.subject_text in text
    assert "by the OCSP answer of" in text
    assert "an anchor that you trust" in text
    assert "UBND phường Bến Sen" in text


def test_a_revocation_after_the_proved_time_is_told_and_said_to_do_no_harm(passed):
    one = passed.conclusions[0]

    def page(since, time_proved=True):
        revoked = Status("revoked", since, "keyCompromise", "crl", None, since)
        changed = replace(one, statuses=(revoked, *one.statuses[1:]), time_proved=time_proved)
        return html.rendered([replace(passed, conclusions=(changed,))])

    later, earlier = one.best_signature_time + timedelta(days=9), one.best_signature_time - timedelta(days=9)
    assert "REVOKED on 2026-03-11" in page(later)
    assert "it does no harm" in page(later)
    assert "it does no harm" not in page(earlier)
    assert "it does no harm" not in page(later, time_proved=False)


def test_no_personal_number_is_told(pages, office):
    for page in pages.values():
        for key in office.people.values():
            assert key.identity.identifier not in page


def test_a_hostile_name_is_text(passed):
    seen = Seen(html.rendered([renamed(passed, HOSTILE)]))
    assert not {"script", "img"} & {tag for tag, _ in seen.tags}
    assert seen.text.count(HOSTILE) >= 4
    assert "49" not in re.findall(r"\{\{.*?\}\}|\b49\b", seen.text)


def test_what_steers_the_eye_is_made_visible(passed):
    page = html.rendered([renamed(passed, OVERRIDE)])
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f]", page)
    assert "Lan\N{REPLACEMENT CHARACTER}gpj.exe" in page


def test_marks_that_would_cover_other_lines_are_left_out(passed):
    page = html.rendered([renamed(passed, "Z" + "\u0336\u0310" * 100 + " a\u0302\u0301")])
    assert "Z\u0336\u0310\u0336\u0310 a\u0302\u0301" in page
    assert page.count("\u0310") == 2 * page.count("Z\u0336")


def test_a_very_long_name_is_cut_and_said_to_be_cut(passed):
    page = html.rendered([renamed(passed, "a" * 1_000_000)])
    assert len(page) < 100_000
    assert "(+999600)" in page


def test_ten_thousand_findings_become_forty_and_a_number(passed):
    many = tuple(finding("TIMESTAMP_INVALID", str(n), why=f"reason {n}") for n in range(10_000))
    report = replace(passed, conclusions=(replace(passed.conclusions[0], findings=many),))
    page = html.rendered([report])
    assert page.count("TIMESTAMP_INVALID") == html.MAX_FINDINGS
    assert "and 9960 more" in page
    assert "và 9960 mục nữa" in page
    assert len(page) < 200_000


def test_of_too_many_signatures_those_that_fail_are_shown(passed):
    good, bad = passed.conclusions[0], replace(passed.conclusions[0], indication="TOTAL-FAILED")
    report = replace(passed, verdict="TOTAL-FAILED", conclusions=(good,) * 100 + (bad,))
    page = html.rendered([report])
    assert page.count('<section class="card failed"') == 1
    assert page.count("<section") == verdicts.MAX_ITEMS
    assert "41 more signatures are not shown" in page


@pytest.mark.parametrize("modifications", ["form-fill", "annotation", "undefined"])
def test_a_file_that_was_changed_is_never_green(passed, modifications):
    one = passed.conclusions[0]
    coverage = replace(one.evidence.coverage, covers_whole_document=False, modifications=modifications)
    report = replace(passed, conclusions=(replace(one, evidence=replace(one.evidence, coverage=coverage)),))
    page = html.rendered([report])
    assert '<div class="conclusion changed">' in page
    assert "Valid, but changed after signing" in page
    assert '<div class="conclusion passed">' not in page


def test_a_file_that_does_not_hold_says_why_in_its_first_lines(signed, judged):
    data = signed.read_range(0, signed.length)
    broken = Document.from_bytes(data[:900] + bytes([data[900] ^ 1]) + data[901:], "permit.pdf")
    seen = Seen(html.rendered([judged(broken)]))
    conclusion = seen.text[seen.text.index("Not valid", seen.text.index("Tiếng Việt")) :][:400]
    assert "was changed after signing" in conclusion
    assert "not provable" not in conclusion
    assert "the verdict does not hold today" in seen.text


def test_a_file_that_cannot_be_read_has_its_place_on_the_page(passed):
    error = DocumentError("pdf-damaged", Text("no.pdf: damaged", "no.pdf: hỏng"), Text("ask again", "hỏi lại"))
    page = html.rendered([passed, html.Unreadable("no.pdf", error)])
    assert page.count("<article>") == 2
    assert "Not readable" in page
    assert "pdf-damaged" in page


def test_a_bare_token_has_a_page(office, judged, signed):
    from eidkit.verify import verify

    sandbox = office.sandbox
    token = judged(signed).conclusions[0].timestamps[0].evidence.token
    report = verify(Document.from_bytes(token, "token.tsr"), sandbox.trust, clock=sandbox.clock)
    seen = Seen(report.to_html())
    assert "Not decided" in seen.text
    assert "Timestamps over the document" in seen.text


def test_steps_are_told_in_order_with_who_login_assurance_and_who_could_make_it_up(complete, pages):
    text = Seen(pages["complete"]).text
    places = [text.index(f"Step {number}") for number in range(1, 6)]
    assert places == sorted(places)
    for step in complete.steps:
        assert step.person.name in text
    assert "one-time code from an app (TOTP)" in text
    assert "identity provider (OpenID Connect)" in text
    assert "Decree 69/2024/ND-CP, level 2" in text
    assert "as the identity provider asserts" in text
    assert "attested: the service's word only" in text
    assert text.count("Who alone could have made it up") == 5
    assert text.count("MADE_UP_ATTESTED") == 3


def test_the_assurance_of_a_step_that_does_not_hold_is_only_what_the_record_says(pages):
    said = "as the record says; this step does not hold"
    assert said not in pages["complete"]
    assert pages["caught"].count(said) == 5


def test_a_name_that_only_a_login_file_gives_is_not_shown(complete):
    step = complete.steps[0]
    report = replace(complete, steps=(replace(step, person=Identity("vn-cccd", "000190000022")), *complete.steps[1:]))
    text = Seen(report.to_html()).text
    assert "vn-cccd" in text
    assert "000190000022" not in text


def contrast(first: str, second: str) -> float:
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05)."""

    def luminance(colour: str) -> float:
        full = colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])
        parts = [int(full[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colour_sets():
    style = (Path(html.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", block)) for block in blocks]


def test_every_text_has_the_contrast_of_wcag_aa_on_screen_in_the_dark_and_on_paper():
    sets = colour_sets()
    assert len(sets) == 3
    for colours in sets:
        for text, ground in [
            ("ink", "paper"),
            ("soft", "paper"),
            ("ink", "raised"),
            ("soft", "raised"),
            ("link", "paper"),
        ]:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for tone in ("passed", "changed", "open", "failed"):
            for ground in (f"{tone}-paper", "paper", "raised"):
                assert contrast(colours[tone], colours[ground]) >= 4.5, (tone, ground)
            assert contrast(colours["ink"], colours[f"{tone}-paper"]) >= 4.5
            assert contrast(colours[f"{tone}-line"], colours["paper"]) >= 3


def test_every_word_that_a_template_says_is_there_in_both_languages():
    said = set()
    for template in (Path(html.__file__).parent / "templates").glob("*.html"):
        source = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
        said |= set(re.findall(r'(?:say|fact)\("([^"]+)"[,)]', source))
    assert said <= set(words.WORDS)
    for text in words.WORDS.values():
        assert text.en
        assert text.vi
        assert set(re.findall(r"\{\w+\}", text.en)) == set(re.findall(r"\{\w+\}", text.vi))
