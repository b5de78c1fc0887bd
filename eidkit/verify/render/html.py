"""Reports as pages: templates over the report's own values, everything escaped, nothing fetched, no script.

A page holds both languages; two radio buttons before the content and a few lines of style show one of them, so that
the same file can be handed to anybody.  What a template puts out passes :func:`visible`: what could steer a reader's
eye (direction overrides, invisible characters) is made visible, what is too long is cut and said to be cut; then it
is escaped.  The content security policy allows the page's own style, by its hash, and pictures inside the page.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

from eidkit.canonical import format_time
from eidkit.errors import LANGUAGES, Text, spoken
from eidkit.verify.render.detailed import TITLE, of_signature
from eidkit.verify.render.text import printable
from eidkit.verify.render.timeline import timeline
from eidkit.verify.render.verdicts import MAX_ITEMS, coverage_word, headline, reason, tone, worst_first
from eidkit.verify.render.words import COMMITMENTS, METHODS, SCHEMES, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from markupsafe import Markup

    from eidkit.errors import EidkitError
    from eidkit.verify.report import Conclusion, Report, TimestampConclusion

MAX_VALUE = 400
"""Characters of one value: names, roles, file names, addresses."""
MAX_SENTENCE = 1_500
"""Characters of one sentence, such as a finding's, with the values in it."""
MAX_TEXT = 20_000
"""Characters of a text of several lines."""
MAX_FINDINGS = 40
"""Reasons in one place."""
MAX_MARKS = 4
"""Combining marks on one letter."""
_VIETNAM = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that was not understood at all, and why: it has its place on the page, and fails."""

    document: str
    error: EidkitError
    verdict: Literal["NOT-READABLE"] = "NOT-READABLE"


def rendered(reports: Iterable[Report | Unreadable], language: str = "en") -> str:
    """One page with these reports in both languages; ``language`` (``"en"`` or ``"vi"``) is shown first."""
    return page("report.html", language, reports=tuple(reports))


def page(template: str, language: str, **values: Any) -> str:
    """A page of the templates beside this module; a value that a template misses is an error, not a gap."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from eidkit.version import VERSION

    environment = Environment(
        loader=PackageLoader("eidkit.verify.render"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=visible,
    )  # fmt: skip
    said = spoken(language)
    environment.filters.update(_FILTERS)
    environment.globals.update(
        _GLOBALS,
        language=said,
        languages=LANGUAGES,
        version=VERSION,
        told=set(),
        max_findings=MAX_FINDINGS,
        max_items=MAX_ITEMS,
    )
    return environment.get_template(template).render(**values)


def visible(value: Any, limit: int = MAX_VALUE) -> Any:
    """A value as a page may show it: every character is one that can be seen, and there are not too many of them."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return legible(value) if len(value) <= limit else f"{legible(value[:limit])} … (+{len(value) - limit})"


def legible(line: str) -> str:
    """``line`` with everything in it seen, and nothing that runs over its neighbours.

    Towers of combining marks would cover the lines above; Vietnamese, spelled out, has two on a letter.
    """
    shown = printable(line)
    if shown.isascii():
        return shown
    height, kept = 0, []
    for character in shown:
        height = height + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if height <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


# ── both languages ───────────────────────────────────────────────────────────────────────────────────────────


def both(text: Text, **values: Any) -> Markup:
    """A sentence in both languages; the style shows one.  ``values`` may be Texts, Markup, times or anything else."""
    from markupsafe import Markup

    parts = [
        Markup('<span lang="{}">{}</span>').format(language, _filled(text.in_language(language), values, language))
        for language in LANGUAGES
    ]
    return Markup("").join(parts)


def _filled(sentence: str, values: dict[str, Any], language: str) -> Markup:
    from markupsafe import Markup, escape

    if not values:
        return escape(visible(sentence, MAX_SENTENCE))
    return Markup(str(escape(sentence))).format(**{name: _in(value, language) for name, value in values.items()})  # noqa: S704 - escaped on this line


def _in(value: Any, language: str) -> Any:
    if isinstance(value, Text):
        return visible(value.in_language(language), MAX_SENTENCE)
    if isinstance(value, datetime):
        return _spelled(value, language)
    return visible(value)


def say(word: str, **values: Any) -> Markup:
    """A row of the page's words in both languages."""
    return both(WORDS[word], **values)


def moment(time: datetime | None) -> Markup:
    """A time: UTC in English; in Vietnamese the time of Vietnam, which is UTC+7 all the year."""
    from markupsafe import Markup

    if time is None:
        return say("unknown")
    inside = both(Text("{time}", "{time}"), time=time)
    return Markup('<time datetime="{}">{}</time>').format(format_time(time.astimezone(UTC)), inside)


def _spelled(time: datetime, language: str) -> str:
    if language == "vi" and time.year < 9999:  # a certificate without an end says 9999-12-31T23:59:59Z
        local = time.astimezone(_VIETNAM)
        return f"{local:%H:%M:%S} ngày {local:%d/%m/%Y} (UTC+7)"
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def lines(text: str) -> Markup:
    """Text of several lines, whose line breaks and tabs stay."""
    from markupsafe import Markup

    shown = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} … (+{len(text) - MAX_TEXT})"
    return Markup("\n").join(legible(line.replace("\t", "    ")) for line in shown.split("\n"))


def worded(value: str, rows: dict[str, Text]) -> Text:
    """The words for a value of a closed list; a value that is not in it speaks for itself."""
    return rows.get(value, Text(value, value))


# ── facts that need a few steps ──────────────────────────────────────────────────────────────────────────────


def issuer_text(certificate: Any) -> str:
    """The issuer's name as a certificate states it, without long numbers."""
    from eidkit.asn1 import name
    from eidkit.asn1.der import DerError

    try:
        return name.shown(certificate.issuer)
    except DerError:
        return f"#{certificate.issuer[:32].hex()}"


def organisation(conclusion: Conclusion) -> str | None:
    """The organisation that the signer's certificate names: an identified one, otherwise what it calls itself."""
    from eidkit.asn1 import name
    from eidkit.asn1.der import DerError

    signer = conclusion.signer
    if signer is not None and signer.organisation is not None:
        return signer.organisation.name or signer.organisation.masked
    try:
        found = name.values(conclusion.certificate.subject, name.ORGANIZATION) if conclusion.certificate else ()
    except DerError:
        return None
    return found[0] if found else None


def statuses(conclusion: Conclusion | TimestampConclusion) -> list[tuple[Any, Any, bool]]:
    """``(certificate, status, harmless)`` from the leaf to the anchor.

    The status is None of the anchor, and where it was not asked for; ``harmless``: revoked only after the signature is
    proved to have existed, as a signature that holds may be.
    """
    asked = list(conclusion.statuses)
    return [
        (one, status := asked[place] if place < len(asked) else None, _harmless(conclusion, status))
        for place, one in enumerate(conclusion.path)
    ]


def _harmless(conclusion: Any, status: Any) -> bool:
    proved = conclusion.best_signature_time if getattr(conclusion, "time_proved", False) else None
    return bool(conclusion) and None not in {proved, status and status.revoked_at} and proved < status.revoked_at


def distinct(conclusions: Iterable[Conclusion]) -> list[Conclusion]:
    """One of those that rest on the same certificate and path."""
    return list({(one.certificate, one.path): one for one in conclusions}.values())


def stamps_over(report: Report, conclusion: Conclusion) -> list[TimestampConclusion]:
    """The document timestamps that cover a signature."""
    return [stamp for stamp in report.timestamps if conclusion.id in stamp.evidence.covers]


def commitment(oid: str) -> Text:
    """A commitment type in words."""
    from eidkit.commitments import ROWS

    name = next((row.name for row in ROWS if row.oid == oid), oid)
    return worded(name, COMMITMENTS)


def assurance(value: Any) -> Text:
    """An assurance value of its scheme, in words."""
    return worded(value.scheme, SCHEMES).filled(value=value.value)


def data_uri(png: bytes) -> Markup:
    """A picture inside the page."""
    from markupsafe import Markup

    return Markup("data:image/png;base64,{}").format(Markup(base64.b64encode(png).decode()))  # noqa: S704 - base64


def csp_hash(style: str) -> Markup:
    """How a content security policy names a style: the hash of its text (CSP 3 §8.4)."""
    from markupsafe import Markup

    digest = base64.b64encode(hashlib.sha256(str(style).encode()).digest()).decode()
    return Markup("sha256-{}").format(Markup(digest))  # noqa: S704 - base64


_FILTERS: dict[str, Callable[..., Any]] = {
    "both": both,
    "moment": moment,
    "data_uri": data_uri,
    "csp_hash": csp_hash,
    "commitment": commitment,
    "assurance": assurance,
    "lines": lines,
    "method": lambda value: worded(value or "?", METHODS),
    "issuer": issuer_text,
    "organisation": organisation,
    "distinct": distinct,
    "statuses": statuses,
    "worst_first": worst_first,
    "covered": coverage_word,
    "blocks_of": lambda conclusion, report: of_signature(report, conclusion),
}
_GLOBALS: dict[str, Any] = {
    "say": say, "words": WORDS, "tone": tone, "headline": headline, "reason": reason, "timeline": timeline,
    "stamps_over": stamps_over, "blocks_title": TITLE,
}  # fmt: skip
