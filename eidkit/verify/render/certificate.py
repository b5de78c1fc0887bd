"""A CertificateReport as text: the conclusion, the path with the status of each certificate, the reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.errors import spoken
from eidkit.verify.render.text import printable, reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.verify.certificate import CertificateReport, PathEntry

_MARKS = {"good": "✓", "revoked": "✗", "unknown": "?", "not-checked": "·"}
_WORDS = {
    "en": {
        "head": "{subject}: {verdict} for {purpose}, {time} UTC",
        "good": "not revoked ({source})",
        "revoked": "revoked since {since} ({source})",
        "unknown": "whether it was revoked is unknown",
        "not-checked": "status not asked",
        "anchor": "trusted",
        "policies": "policies: {policies}",
    },
    "vi": {
        "head": "{subject}: {verdict}, mục đích {purpose}, {time} UTC",
        "good": "không bị thu hồi ({source})",
        "revoked": "bị thu hồi từ {since} ({source})",
        "unknown": "không rõ có bị thu hồi hay không",
        "not-checked": "chưa hỏi trạng thái",
        "anchor": "được tin cậy",
        "policies": "chính sách: {policies}",
    },
}


def rendered(report: CertificateReport, language: str = "en") -> str:
    """The report as lines of text, English unless ``language`` is ``"vi"``."""
    return "\n".join(printable(line) for line in _lines(report, language))


def _lines(report: CertificateReport, language: str) -> Iterator[str]:
    words = _WORDS[spoken(language)]
    yield words["head"].format(
        subject=report.subject,
        verdict=report.verdict,
        purpose=report.purpose,
        time=f"{report.validation_time:%Y-%m-%d %H:%M}",
    )
    for position, entry in enumerate(report.path):
        is_anchor = position == len(report.path) - 1
        mark = "✓" if is_anchor else _MARKS[entry.status]
        yield f"  {mark} {entry.subject}, {words['anchor'] if is_anchor else _status(entry, words)}"
    if report.policies:
        yield "  " + words["policies"].format(policies=", ".join(report.policies))
    yield from reasons(report.findings, language)


def _status(entry: PathEntry, words: dict[str, str]) -> str:
    since = f"{entry.revoked_at:%Y-%m-%d %H:%M} UTC" if entry.revoked_at else "?"
    source = {"crl": "CRL", "ocsp": "OCSP"}.get(entry.status_source or "", "?")
    return words[entry.status].format(source=source, since=since)
