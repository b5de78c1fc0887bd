"""What became of one case of the corpus: the vocabulary of the runner."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from types import FrameType

from eidkit.errors import EidkitError, NotSupported

SECONDS_PER_CASE = 30.0
"""A case that takes longer counts as crashed."""


class Outcome(StrEnum):
    """How our answer compares with what the corpus says."""

    AGREE = "agree"
    WRONGLY_ACCEPTED = "wrongly accepted"
    WRONGLY_REJECTED = "wrongly rejected"
    NOT_SUPPORTED = "not supported"
    NO_EXPECTATION = "no expectation"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What eidkit said: ``accepted``, or not with the codes of its reasons.

    ``caught`` tells a refusal for a fault that was found from one that only says what is not judged yet;
    ``unsupported`` names the latter.  ``accepted`` None: read without a crash, and nothing to compare.
    """

    accepted: bool | None
    reasons: tuple[str, ...] = ()
    caught: bool = True
    unsupported: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what the corpus expects (None: nothing that can be compared) and how to ask eidkit.

    ``advisory`` cases are run and listed but never count against us, with the reason.  ``unread``: a format that
    this release does not read, so that no refusal of it is a catch.
    """

    corpus: str
    kind: str
    id: str
    expected: bool | None
    ask: Callable[[], Answer]
    note: str = ""
    advisory: str = ""
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A case with its outcome, our reasons and the time it took."""

    case: Case
    outcome: Outcome
    reasons: tuple[str, ...]
    seconds: float = field(compare=False)


class TookTooLong(Exception):
    """A case went past :data:`SECONDS_PER_CASE`."""


def run(case: Case) -> Result:
    """Ask eidkit about one case; anything but an answer or one of our errors is a crash."""
    started = time.perf_counter()
    try:
        with _limited(SECONDS_PER_CASE):
            answer = case.ask()
    except NotSupported as error:
        answer = Answer(accepted=False, reasons=(error.code,), caught=False, unsupported=True)
    except EidkitError as error:
        answer = Answer(accepted=False, reasons=(error.code,), caught=not case.unread, unsupported=case.unread)
    except (Exception, RecursionError) as error:  # noqa: BLE001 - a crash is a result here, and a listed one
        reasons = (f"{type(error).__name__}: {error}"[:200],)
        return Result(case, Outcome.CRASHED, reasons, time.perf_counter() - started)
    return Result(case, judged(case, answer), answer.reasons, time.perf_counter() - started)


def judged(case: Case, answer: Answer) -> Outcome:
    """Compare an answer with the expectation; what is not supported is never counted as caught."""
    if case.unread and not answer.accepted:
        return Outcome.NOT_SUPPORTED
    if case.expected is None or answer.accepted is None:
        return Outcome.NOT_SUPPORTED if answer.unsupported and not answer.accepted else Outcome.NO_EXPECTATION
    if answer.accepted:
        return Outcome.AGREE if case.expected else Outcome.WRONGLY_ACCEPTED
    if answer.unsupported and not answer.caught:
        return Outcome.NOT_SUPPORTED
    return Outcome.WRONGLY_REJECTED if case.expected else Outcome.AGREE


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def late(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLong(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
