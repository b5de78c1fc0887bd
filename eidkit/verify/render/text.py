"""A Report as text: one conclusion line first, then a line per signature with its reasons and remedies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.errors import spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eidkit.findings import Finding
    from eidkit.verify.report import Conclusion, Report, TimestampConclusion

_MARKS = {"TOTAL-PASSED": "✓", "PASSED": "✓", "INDETERMINATE": "?", "TOTAL-FAILED": "✗", "FAILED": "✗"}
_SEVERITY_MARKS = {"error": "", "warning": "! ", "info": "· "}
_WORDS = {
    "en": {
        "good": "{good} of {all} signature{s} {is_are} good",
        "none": "no signature",
        "unseen": "the document itself was not seen",
        "proved": "{time} (proved by {tsa})",
        "claimed": "{time} (claimed, not proved)",
        "untimed": "no signing time",
        "whole": "covers the whole file",
        "then": "covers the file as it was then",
        "changed": "the file was changed afterwards",
        "counter": "counter-signs {over}",
        "login": "login: {method}, {bound}",
        "unknown": "unknown signer",
        "timestamp": "timestamp {time} by {tsa}",
        "yes": "bound to this document",
        "no": "NOT bound to this document",
        "not-given": "not established for this content",
    },
    "vi": {
        "good": "{good}/{all} chữ ký hợp lệ",
        "none": "không có chữ ký",
        "unseen": "chưa thấy tài liệu gốc",
        "proved": "{time} (được {tsa} chứng thực)",
        "claimed": "{time} (tự khai báo, chưa chứng thực)",
        "untimed": "không có thời điểm ký",
        "whole": "bao phủ toàn bộ tệp",
        "then": "bao phủ tệp tại thời điểm ký",
        "changed": "tệp đã bị thay đổi sau đó",
        "counter": "ký đối chứng cho {over}",
        "login": "xác thực: {method}, {bound}",
        "unknown": "không rõ người ký",
        "timestamp": "dấu thời gian {time} của {tsa}",
        "yes": "gắn với tài liệu này",
        "no": "KHÔNG gắn với tài liệu này",
        "not-given": "chưa xác lập cho nội dung này",
    },
}


def rendered(report: Report, language: str = "en") -> str:
    """The report as lines of text, English unless ``language`` is ``"vi"``."""
    words = _WORDS[spoken(language)]
    lines = [_headline(report, words)]
    for conclusion in report.conclusions:
        lines.append(f"  {_MARKS[conclusion.indication]} {_signature_line(conclusion, words)}")
        lines.extend(reasons(conclusion.findings, language))
        for timestamp in conclusion.timestamps:
            if timestamp.indication != "PASSED":
                lines.extend(reasons(timestamp.findings, language))
    for timestamp in report.timestamps:
        lines.append(f"  {_MARKS[timestamp.indication]} {_timestamp_line(timestamp, words)}")
        lines.extend(reasons(timestamp.findings, language))
    lines.extend(reasons(report.findings, language, indent="  "))
    return "\n".join(printable(line) for line in lines)


def printable(line: str) -> str:
    """``line`` with what could steer a terminal or fake a line (names are an attacker's choice) made visible."""
    return line if line.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def reasons(findings: Iterable[Finding], language: str, indent: str = "      ") -> Iterator[str]:
    """A line per finding with its code and sentence, and a line with its remedy when it asks for something."""
    for found in findings:
        yield f"{indent}{_SEVERITY_MARKS[found.severity]}{found.code}  {found.message.in_language(language)}"
        if found.severity != "info":
            yield f"{indent}→ {found.remedy.in_language(language)}"


def _headline(report: Report, words: dict[str, str]) -> str:
    good = sum(bool(conclusion) for conclusion in report.conclusions)
    count = len(report.conclusions)
    if count:
        plural = {"s": "" if count == 1 else "s", "is_are": "is" if 1 in {good, count} else "are"}
        said = words["good"].format(good=good, all=count, **plural)
    else:
        said = "" if report.timestamps else words["none"]
    unseen = "" if report.document_seen else words["unseen"]
    return ", ".join(part for part in (f"{report.document}: {report.verdict}", said, unseen) if part)


def _signature_line(conclusion: Conclusion, words: dict[str, str]) -> str:
    parts = [signer_name(conclusion, words["unknown"])]
    if conclusion.signer and conclusion.signer.title:
        parts.append(conclusion.signer.title)
    parts.append(_when(conclusion, words))
    if conclusion.evidence.coverage:
        parts.append(_coverage(conclusion, words))
    if conclusion.evidence.counter_signature_of:
        parts.append(words["counter"].format(over=conclusion.evidence.counter_signature_of))
    if conclusion.authentication:
        bound = conclusion.authentication
        parts.append(words["login"].format(method=bound.method or "?", bound=words[bound.state]))
    return ", ".join(parts)


def signer_name(conclusion: Conclusion, unknown: str) -> str:
    """The name that the signer's certificate shows."""
    return conclusion.signer.name if conclusion.signer and conclusion.signer.name else unknown


def _when(conclusion: Conclusion, words: dict[str, str]) -> str:
    if conclusion.time_proved:
        tsa = next((t.tsa for t in conclusion.timestamps if t.indication == "PASSED" and t.tsa), "TSA")
        return words["proved"].format(time=f"{conclusion.best_signature_time:%Y-%m-%d %H:%M} UTC", tsa=tsa)
    if conclusion.evidence.signing_time:
        return words["claimed"].format(time=f"{conclusion.evidence.signing_time:%Y-%m-%d %H:%M} UTC")
    return words["untimed"]


def _coverage(conclusion: Conclusion, words: dict[str, str]) -> str:
    coverage = conclusion.evidence.coverage
    if coverage is None or coverage.covers_whole_document:
        return words["whole"]
    return words["then" if coverage.modifications in {"none", "extension"} else "changed"]


def _timestamp_line(timestamp: TimestampConclusion, words: dict[str, str]) -> str:
    time = f"{timestamp.time:%Y-%m-%d %H:%M:%S} UTC" if timestamp.time else "?"
    return words["timestamp"].format(time=time, tsa=timestamp.tsa or "?")
