"""Reports as pages: a template over the JSON contract's values, everything escaped, nothing fetched, no script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eidkit.errors import spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eidkit.verify.report import Report

_MARKS = {
    "TOTAL-PASSED": "passed", "PASSED": "passed", "COMPLETE": "passed",
    "TOTAL-FAILED": "failed", "FAILED": "failed", "NOT-READABLE": "failed",
}  # fmt: skip
_WORDS = {
    "en": {
        "report": "Signature report",
        "dossier": "Dossier report",
        "policy": "judged under {policy} {version} as of {time}",
        "unseen": "the document itself was not seen",
        "nobody": "unknown signer",
        "claimed": "claims to have signed at {time}",
        "proved": "existed at {time}",
        "login": "login: {method}, {proof_class}, bound to this content: {bound}",
        "stamp": "timestamp {time} by {tsa}",
        "document_stamps": "Timestamps of the document",
        "details": "Details",
        "unproved": "time not proved",
    },
    "vi": {
        "report": "Báo cáo chữ ký",
        "dossier": "Báo cáo hồ sơ",
        "policy": "kiểm tra theo {policy} {version} tại thời điểm {time}",
        "unseen": "chưa thấy tài liệu gốc",
        "nobody": "không rõ người ký",
        "claimed": "tự khai báo ký lúc {time}",
        "proved": "đã tồn tại lúc {time}",
        "login": "xác thực: {method}, {proof_class}, gắn với nội dung này: {bound}",
        "stamp": "dấu thời gian {time} của {tsa}",
        "document_stamps": "Dấu thời gian của tài liệu",
        "details": "Chi tiết",
        "unproved": "chưa chứng minh được thời điểm",
    },
}


def rendered(reports: Iterable[Report], language: str = "en") -> str:
    """One page with these reports, English unless ``language`` is ``"vi"``."""
    return page("report.html", language, reports=[report.to_json() for report in reports])


def page(template: str, language: str, **values: Any) -> str:
    """A page of the templates beside this module; a value that a template misses is an error, not a gap."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("eidkit.verify.render"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    said = spoken(language)
    return environment.get_template(template).render(language=said, words=_WORDS[said], mark=_mark, **values)


def _mark(item: Mapping[str, Any]) -> str:
    """The class of a verdict, or of a step by its gravest finding."""
    verdict = item.get("verdict") or item.get("indication")
    if verdict is not None:
        return _MARKS.get(verdict, "open")
    return "failed" if any(found["severity"] == "error" for found in item["findings"]) else "passed"
