"""What the network said lately, so that the same question about many documents is asked once in a process.

Only answers to whole requests are shared, and only what an address gave: what a document carries inside never comes
here.  An answer serves for minutes, a failure for less, so that one server that is down does not cost every document
its time-out, and one hiccup does not cost them their verdict.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from eidkit.errors import TransportError

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.clock import Clock
    from eidkit.transport import Request, Response, Transport

KEPT = timedelta(minutes=10)
FAILURE_KEPT = timedelta(minutes=1)
BUDGET = 64 * 1024 * 1024
MAX_KEPT = 20_000

_Question = tuple[str, str, bytes, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Response | TransportError
    until: datetime

    @property
    def size(self) -> int:
        return 0 if isinstance(self.answer, TransportError) else len(self.answer.body)


class SharedAnswers:
    """A Transport that asks ``transport``, and gives the same answer to the same request for a while.

    Mutable; threads may share it.  At most :data:`BUDGET` bytes of bodies are kept, the least recently used go first.
    """

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock
        self._kept: OrderedDict[_Question, _Kept] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def send(self, request: Request) -> Response:
        """The response to ``request``; raises :class:`TransportError`, also one that is not a minute old."""
        question = request.method, request.url, request.body, tuple(sorted(request.headers.items()))
        known = self._known(question)
        if isinstance(known, TransportError):
            raise copy.copy(known)
        if known is not None and len(known.body) <= request.limit:
            return known
        try:
            response = self._transport.send(request)
        except TransportError as error:
            self._keep(question, copy.copy(error), FAILURE_KEPT)
            raise
        self._keep(question, response, KEPT if response.status == 200 else FAILURE_KEPT)
        return response

    def _known(self, question: _Question) -> Response | TransportError | None:
        with self._lock:
            kept = self._kept.get(question)
            if kept is None or kept.until <= self._clock.now():
                return None
            self._kept.move_to_end(question)
            return kept.answer

    def _keep(self, question: _Question, answer: Response | TransportError, span: timedelta) -> None:
        kept = _Kept(answer, self._clock.now() + span)
        with self._lock:
            replaced = self._kept.pop(question, None)
            self._size -= replaced.size if replaced else 0
            self._kept[question] = kept
            self._size += kept.size
            while self._size > BUDGET or len(self._kept) > MAX_KEPT:
                self._size -= self._kept.popitem(last=False)[1].size
