"""An audit as text, a line per file, and as one page: what is lost first at the top."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from eidkit.canonical import parse_time
from eidkit.errors import Text, spoken
from eidkit.verify.render.text import printable
from eidkit.verify.rescue import SENTENCES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.verify.auditing import AuditJson

MAX_ROWS = 1_000
"""Rows of each table of the page: those that matter first; the page says how many are not shown."""
SHOWN_SIGNATURES = 3
PASSING = frozenset({"TOTAL-PASSED", "PASSED"})
_MARKS = {"TOTAL-PASSED": "✓", "PASSED": "✓", "TOTAL-FAILED": "✗", "FAILED": "✗", "NOT-READABLE": "✗"}
_LINE = {
    "proved": Text("{signer}, {time} ({level})", "{signer}, {time} ({level})"),
    "claimed": Text("{signer}, {time} claimed ({level})", "{signer}, tự khai {time} ({level})"),
    "nobody": Text("unknown signer", "không rõ người ký"),
    "more": Text("{count} more", "thêm {count}"),
    "until": Text("until {date}: {what}", "đến {date}: {what}"),
    "time-until": Text(
        "until {date}, its time until {lost}: {what}", "đến {date}, thời điểm ký chỉ đến {lost}: {what}"
    ),
    "no-end": Text("no end in sight", "chưa thấy hạn"),
}


def text_line(line: AuditJson, language: str = "en") -> str:
    """One line about one file, English unless ``language`` is ``"vi"``; steers no terminal, whatever names hold."""
    said = spoken(language)
    parts = [f"{_MARKS.get(line['verdict'], '?')} {line['path']}: {line['verdict']}"]
    parts += _signers(line, said)
    if line["verdict"] in PASSING:
        parts.append(_until(line).in_language(said))
    elif line["findings"]:
        reason: dict[str, Any] = line["findings"][0]
        parts.append(f"{reason['code']} {reason['message'][said]}")
    return printable(f"{' · '.join(parts)} → {line['rescue']['sentence'][said]}")


def _signers(line: AuditJson, said: str) -> list[str]:
    found = []
    for signature in line["signatures"][:SHOWN_SIGNATURES]:
        words = _LINE["proved" if signature["time_proved"] else "claimed"]
        signer = signature["signer"] or _LINE["nobody"].in_language(said)
        time = date(signature["time"]) if signature["time"] else Text("?", "?")
        found.append(words.filled(signer=signer, time=time, level=signature["level"]).in_language(said))
    more = len(line["signatures"]) - SHOWN_SIGNATURES
    return found if more <= 0 else [*found, _LINE["more"].filled(count=more).in_language(said)]


def _until(line: AuditJson) -> Text:
    lost, until = line["first_lost"], line["provable_until"]
    if lost is None or until is None:
        return _LINE["no-end"]
    words = _LINE["until" if lost["verdict_too"] else "time-until"]
    return words.filled(date=date(until), lost=date(lost["at"]), what=Text(**lost["what"]))


def date(time: str) -> Text:
    """The day of a time, as each language writes it."""
    moment: datetime = parse_time(time)
    return Text(f"{moment:%Y-%m-%d}", f"{moment:%d/%m/%Y}")


class _Rows:
    """The rows with the smallest keys."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, AuditJson]] = []

    def add(self, key: str, line: AuditJson) -> None:
        self._rows.append((key, line["path"], line))
        if len(self._rows) > 2 * MAX_ROWS:
            self._cut()

    def first(self) -> list[AuditJson]:
        self._cut()
        return [line for _, _, line in self._rows]

    def _cut(self) -> None:
        self._rows.sort(key=itemgetter(0, 1))
        del self._rows[MAX_ROWS:]


@dataclass(slots=True)
class Summary:
    """What a page shows of all lines of an audit; mutable, its size does not grow with their number."""

    verdicts: Counter[str] = field(default_factory=Counter)
    rescues: Counter[str] = field(default_factory=Counter)
    years: Counter[str] = field(default_factory=Counter)
    passed_over: int = 0
    first_lost: str | None = None
    _holding: _Rows = field(default_factory=_Rows)
    _lost: _Rows = field(default_factory=_Rows)

    def add(self, line: AuditJson) -> None:
        """Count one line."""
        verdict = line["verdict"]
        self.verdicts[verdict] += 1
        self.rescues[line["rescue"]["action"]] += 1
        if verdict not in PASSING:
            rank = ("TOTAL-FAILED", "FAILED", "INDETERMINATE", "NOT-READABLE", "NO-SIGNATURE").index(verdict)
            self._lost.add(f"{rank}", line)
            return
        at = line["first_lost"]["at"] if line["first_lost"] else None
        self.years[at[:4] if at else "–"] += 1
        self.first_lost = min(filter(None, (self.first_lost, at)), default=None)
        self._holding.add(at or "~", line)

    @property
    def documents(self) -> int:
        """How many lines there were."""
        return sum(self.verdicts.values())

    @property
    def passed(self) -> int:
        """How many documents pass."""
        return sum(self.verdicts[verdict] for verdict in PASSING)

    @property
    def unreadable(self) -> int:
        """How many could not be read."""
        return self.verdicts["NOT-READABLE"]

    @property
    def holding(self) -> list[AuditJson]:
        """The lines that pass, the first to be lost first."""
        return self._holding.first()

    @property
    def lost(self) -> list[AuditJson]:
        """The lines that do not pass."""
        return self._lost.first()

    def said(self) -> Text:
        """All of it in a sentence."""
        first = date(self.first_lost) if self.first_lost else Text("–", "–")
        return Text(
            "{documents} documents: {passed} pass, {failed} do not, {unreadable} could not be read; other files passed "
            "over: {other}; first to be lost: {first}",
            "{documents} tài liệu: {passed} hợp lệ, {failed} không, {unreadable} không đọc được; tệp khác bỏ qua: "
            "{other}; hết hạn đầu tiên: {first}",
        ).filled(
            documents=self.documents,
            passed=self.passed,
            failed=self.documents - self.passed - self.unreadable,
            unreadable=self.unreadable,
            other=self.passed_over,
            first=first,
        )


def page(summary: Summary, folders: Sequence[str], at: datetime, language: str = "en") -> str:
    """The audit as a page of its own in both languages: everything escaped, nothing fetched, no script."""
    from eidkit.verify.render import html

    reached = "passed" if summary.passed == summary.documents else "failed" if summary.unreadable else "open"
    return html.page(
        "audit.html", language, summary=summary, folders=folders, at=at, reached=reached, row_words=ROW_WORDS,
        sentences=SENTENCES, text_of=_text_of, day=date, passing=PASSING,
    )  # fmt: skip


def _text_of(words: dict[str, str]) -> Text:
    return Text(words["en"], words["vi"])


ROW_WORDS = {
    "audit": Text("Audit of signed files", "Rà soát tệp đã ký"),
    "all": Text("Every document passes", "Mọi tài liệu đều hợp lệ"),
    "some": Text("Some documents do not pass", "Một số tài liệu không hợp lệ"),
    "unread": Text("Some files could not be read", "Một số tệp không đọc được"),
    "as-of": Text("judged as of", "đánh giá tại thời điểm"),
    "counts": Text("Verdicts", "Kết quả"),
    "years": Text("Lost first in", "Hết hạn đầu tiên trong năm"),
    "rescues": Text("What to do", "Việc cần làm"),
    "holding": Text("Holds today: the first to be lost first", "Còn hợp lệ: hết hạn trước xếp trước"),
    "lost": Text("Does not hold today", "Hiện không hợp lệ"),
    "when": Text("lost on", "hết hạn"),
    "file": Text("file", "tệp"),
    "who": Text("signed by", "người ký"),
    "ends": Text("what ends", "điều gì hết hạn"),
    "reason": Text("reason", "lý do"),
    "do": Text("cheapest rescue", "cách xử lý ít tốn kém nhất"),
    "time-only": Text("only the proof of its time; the verdict until {date}", "chỉ thời điểm ký; kết quả đến {date}"),
    "not-shown": Text(
        "{count} more are in the lines, not on this page", "còn {count} tệp có trong các dòng, không hiện ở đây"
    ),
    "none": Text("none", "không có"),
}
