"""The times of a signature on a line: what a template needs to draw it, worked out here and drawn there.

Times lie where they lie in proportion; those too close to be told apart stand above one another in order.  Every
mark has a number that the list beside the drawing explains, so that nothing rests on colour or on tiny letters.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from eidkit.errors import Text
from eidkit.verify.render.words import METHODS, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.trust.revocation import Status
    from eidkit.verify.report import Conclusion, TimestampConclusion

Shape = Literal["edge", "claimed", "proved", "open", "failed", "now", "until"]
WIDTH = 300
_LEFT, _RIGHT = 14, WIDTH - 14
_APART = 20
"""Marks closer than this stand above one another."""
_ROW = 21
MAX_SIGNATURES = 8
MAX_STAMPS = 8
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """One time: what it is, how it looks, and where it stands (``x``, and ``row`` 0 next to the line)."""

    time: datetime
    shape: Shape
    label: Text
    number: int = 0
    x: float = 0.0
    row: int = 0


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time, from ``left`` to ``right`` on the drawing."""

    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A date on the axis, written in digits only."""

    x: float
    text: str
    anchor: Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Marks in order of time, the certificate's period, the stretch that is still provable, dates on the axis."""

    marks: tuple[Mark, ...]
    period: Band | None
    provable: Band | None
    ticks: tuple[Tick, ...] = field(default=())

    @property
    def rows(self) -> int:
        """How many marks stand above one another at most."""
        return max((mark.row for mark in self.marks), default=0) + 1

    @property
    def line(self) -> int:
        """Where the line lies, from the top."""
        return self.rows * _ROW + 8

    @property
    def height(self) -> int:
        """Of the whole drawing, the dates included."""
        return self.line + 42

    def y(self, mark: Mark) -> int:
        """The middle of a mark, from the top."""
        return self.line - 14 - mark.row * _ROW


def timeline(
    conclusions: Sequence[Conclusion], stamps: Sequence[TimestampConclusion], now: datetime, until: datetime | None
) -> Timeline:
    """The Timeline of a signature, or of several that one person made together.

    Their certificates, login, claimed times, timestamps, revocations, the present and the end.  ``stamps`` are document
    timestamps over them; ``until`` is how long the document's verdict can be proved.
    """
    told = conclusions[:MAX_SIGNATURES]
    found = [
        *(mark for one in told for mark in _of_certificate(one.certificate)),
        *(mark for one in told for mark in _of_signing(one)),
        *_of_stamps([*(stamp for one in told for stamp in one.timestamps), *stamps]),
        *(mark for one in told for mark in _of_revocations(one.path, one.statuses)),
        Mark(now, "now", WORDS["mark-now"]),
    ]
    if until is not None:
        found.append(Mark(until, "until", WORDS["mark-until"]))
    unique = dict.fromkeys(replace(mark, time=mark.time.replace(microsecond=0)) for mark in found)
    marks = _placed(sorted(unique, key=lambda mark: mark.time))
    certificate = next((one.certificate for one in told if one.certificate), None)
    return Timeline(
        marks,
        _band(marks, (certificate.not_before, certificate.not_after) if certificate else None),
        _band(marks, (now, until) if until is not None and until > now else None),
        _ticks(marks),
    )


def _of_certificate(certificate: Certificate | None) -> Iterator[Mark]:
    if certificate is not None:
        yield Mark(certificate.not_before, "edge", WORDS["mark-begins"])
        yield Mark(certificate.not_after, "edge", WORDS["mark-ends"])


def _of_signing(conclusion: Conclusion) -> Iterator[Mark]:
    login = conclusion.authentication
    if login is not None and login.time is not None:
        method = METHODS.get(login.method or "", Text(login.method or "?", login.method or "?"))
        yield Mark(login.time, "claimed", WORDS["mark-login"].filled(method=method))
    if conclusion.evidence.signing_time is not None:
        yield Mark(conclusion.evidence.signing_time, "claimed", WORDS["mark-claimed"])


_SHAPES: dict[str, tuple[Shape, str]] = {
    "PASSED": ("proved", "mark-stamp"),
    "INDETERMINATE": ("open", "mark-stamp-open"),
    "FAILED": ("failed", "mark-stamp-failed"),
}


def _of_stamps(stamps: Sequence[TimestampConclusion]) -> Iterator[Mark]:
    for stamp in stamps[:MAX_STAMPS]:
        if stamp.time is not None:
            shape, word = _SHAPES[stamp.indication]
            yield Mark(stamp.time, shape, WORDS[word].filled(tsa=stamp.tsa or "?"))


def _of_revocations(path: Sequence[Certificate], statuses: Sequence[Status]) -> Iterator[Mark]:
    for certificate, status in zip(path, statuses, strict=False):
        if status.state in {"revoked", "hold"} and status.revoked_at is not None:
            reason = Text(status.reason, status.reason) if status.reason else WORDS["no-reason"]
            label = WORDS["mark-revoked"].filled(subject=certificate.subject_text, reason=reason)
            yield Mark(status.revoked_at, "failed", label)


def _placed(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Each mark with its number and place; a stack grows to the right of nothing and to the left of nothing."""
    first, last = marks[0].time, marks[-1].time
    length = (last - first).total_seconds() or 1.0
    placed: list[Mark] = []
    for number, mark in enumerate(marks, 1):
        x = _LEFT + (_RIGHT - _LEFT) * (mark.time - first).total_seconds() / length
        taken = {other.row for other in placed if x - other.x < _APART}
        row = next(row for row in range(len(marks)) if row not in taken)
        placed.append(replace(mark, number=number, x=round(x, 1), row=row))
    return tuple(placed)


def _x(marks: Sequence[Mark], time: datetime) -> float:
    first, last = marks[0].time, marks[-1].time
    share = (time - first).total_seconds() / ((last - first).total_seconds() or 1.0)
    return round(_LEFT + (_RIGHT - _LEFT) * min(1.0, max(0.0, share)), 1)


def _band(marks: Sequence[Mark], ends: tuple[datetime, datetime] | None) -> Band | None:
    return Band(_x(marks, ends[0]), _x(marks, ends[1])) if ends else None


def _ticks(marks: Sequence[Mark]) -> tuple[Tick, ...]:
    """Dates at even places; only their years where the line is many years long."""
    first, last = marks[0].time, marks[-1].time
    spelled = "%Y" if (last - first).days > 366 * 8 else "%Y-%m" if (last - first).days > 90 else "%Y-%m-%d"
    count = _TICKS if spelled != "%Y-%m-%d" else 3
    ticks: dict[str, Tick] = {}
    for step in range(count):
        time = first + (last - first) * step / (count - 1)
        anchor: Literal["start", "middle", "end"] = "start" if step == 0 else "end" if step == count - 1 else "middle"
        text = time.strftime(spelled)
        ticks.setdefault(text, Tick(_x(marks, time) + {"start": -10, "middle": 0, "end": 10}[anchor], text, anchor))
    return tuple(ticks.values())
