"""A bounded memory of parsed objects, keyed by their bytes; threads may share it."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Remembered(Generic[T]):
    """Parses once per content; forgets the least recently used beyond ``budget`` bytes.  Failures are not kept."""

    def __init__(self, parse: Callable[[bytes], T], budget: int) -> None:
        self._parse = parse
        self._budget = budget
        self._held: OrderedDict[bytes, T] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def __call__(self, data: bytes) -> T:
        """The parsed object of ``data``."""
        with self._lock:
            if data in self._held:
                self._held.move_to_end(data)
                return self._held[data]
        parsed = self._parse(data)
        with self._lock:
            if data not in self._held and len(data) <= self._budget:
                self._held[data] = parsed
                self._size += len(data)
            while self._size > self._budget:
                oldest, _ = self._held.popitem(last=False)
                self._size -= len(oldest)
        return parsed
