"""Work spread over an executor: results in the order of the items, a bounded number under way.

1. Items are drawn only as far ahead as the bound allows, so that an endless iterator costs no more than a short one.
2. What is the same for all items crosses to a process of ours once; to an executor of yours with each batch.
3. A result is given out as soon as it and all before it are there.
4. A process that dies (of a hostile file, of want of memory) takes its batch with it: each item of that batch is tried
   again alone, in a process of its own, and only the one that kills that process too is lost, as a value.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing.context import BaseContext

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")

BATCH = 4
FOREIGN_BATCH = 16
BATCHES_AHEAD = 3
_FOREIGN_AHEAD = 8
_MOST_ON_WINDOWS = 61


@dataclass(frozen=True, slots=True)
class Processes:
    """Worker processes of our own: ``count`` of them, or as many as this process may use cores; threads may share it.

    They begin with the first document and end with the last, or when the iterator is closed.  They are forked
    where that is safe (this is the only thread); otherwise they begin afresh, and a script then needs
    ``if __name__ == "__main__":`` around its own work.
    """

    count: int | None = None

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 1:
            raise ValueError("at least one process; executor=None works in this one")

    @property
    def number(self) -> int:
        """How many."""
        wanted = self.count if self.count is not None else _cores()
        return min(wanted, _MOST_ON_WINDOWS) if sys.platform == "win32" else wanted


PROCESSES = Processes()


@dataclass(frozen=True, slots=True)
class Work(Generic[S, T, R]):
    """What is done to each item: ``one(shared, item)``, and ``lost(shared, item, error)`` where no process survives it.

    ``one`` is a function of a module, and raises nothing; ``shared``, items and results can be pickled.
    """

    one: Callable[[S, T], R]
    shared: S
    lost: Callable[[S, T, Exception], R]

    def batch(self, items: tuple[T, ...]) -> list[R]:
        """The results for these items, in order."""
        return [self.one(self.shared, item) for item in items]

    def gone(self, item: T, error: Exception) -> R:
        """What stands for an item that nobody could work on."""
        return self.lost(self.shared, item, error)


def spread(work: Work[S, T, R], items: Iterable[T], executor: Executor | Processes | None) -> Generator[R]:
    """The result for each item, in order; ``executor=None`` works in this process, one item at a time."""
    if executor is None:
        return (work.one(work.shared, item) for item in items)
    if isinstance(executor, Processes):
        _check_pickles(work)
        return _ordered(_Own(work, executor.number), items, BATCH, executor.number * BATCHES_AHEAD)
    return _ordered(_Foreign(work, executor), items, FOREIGN_BATCH, _FOREIGN_AHEAD)


def _ordered(crew: _Own[S, T, R] | _Foreign[S, T, R], items: Iterable[T], size: int, ahead: int) -> Generator[R]:
    waiting: deque[tuple[tuple[T, ...], Future[list[R]]]] = deque()
    drawn = iter(items)
    try:
        while batch := tuple(islice(drawn, size)):
            waiting.append((batch, crew.submit(batch)))
            while waiting and (len(waiting) >= ahead or waiting[0][1].done()):
                yield from _settled(crew, *waiting.popleft())
        while waiting:
            yield from _settled(crew, *waiting.popleft())
    finally:
        for _, future in waiting:
            future.cancel()
        crew.close()


def _settled(crew: _Own[S, T, R] | _Foreign[S, T, R], batch: tuple[T, ...], future: Future[list[R]]) -> Iterator[R]:
    try:
        results = future.result()
    except Exception as error:  # noqa: BLE001 - whatever became of the batch, each item is tried again alone
        yield from crew.each_alone(batch, error)
    else:
        yield from results


class _Foreign(Generic[S, T, R]):
    """An executor that the caller made, and ends."""

    def __init__(self, work: Work[S, T, R], executor: Executor) -> None:
        self._work, self._executor = work, executor

    def submit(self, batch: tuple[T, ...]) -> Future[list[R]]:
        return self._submitted(batch)

    def each_alone(self, batch: tuple[T, ...], error: Exception) -> Iterator[R]:
        if isinstance(error, BrokenExecutor):
            raise _broken() from error
        for item in batch:
            try:
                (result,) = self._submitted((item,)).result()
            except BrokenExecutor as broken:
                raise _broken() from broken
            except Exception as alone:  # noqa: BLE001 - of whatever executor: the item is lost, the others go on
                result = self._work.gone(item, alone)
            yield result

    def close(self) -> None:
        """It is the caller's."""

    def _submitted(self, batch: tuple[T, ...]) -> Future[list[R]]:
        try:
            return self._executor.submit(self._work.batch, batch)
        except BrokenExecutor as error:
            raise _broken() from error


_PATIENCE = 1.0
"""Seconds in which a pool that broke ends by itself, unless it never will."""

_adopted: Work[Any, Any, Any] | None = None
"""In a worker process of ours: what it was started for."""


class _Own(Generic[S, T, R]):
    """Processes of our own, replaced when one dies."""

    def __init__(self, work: Work[S, T, R], count: int) -> None:
        self._work = work
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        self._context = _context()

    def submit(self, batch: tuple[T, ...]) -> Future[list[R]]:
        if self._pool is None:
            self._pool = self._started(self._count)
        try:
            return self._pool.submit(_batch, batch)
        except BrokenExecutor as error:  # told by the batch's future, as for those that were under way
            future: Future[list[R]] = Future()
            future.set_exception(error)
            return future

    def each_alone(self, batch: tuple[T, ...], error: Exception) -> Iterator[R]:
        if not isinstance(error, BrokenExecutor):  # an item or a result that cannot cross: it is done here
            yield from self._work.batch(batch)
            return
        self.close()  # no other item is under way meanwhile, so that a process that dies now dies of its own
        first = self._started(1)
        pool: ProcessPoolExecutor | None = first
        try:
            _check_alive(first)
            for item in batch:
                pool = pool or self._started(1)
                try:
                    (result,) = pool.submit(_batch, (item,)).result()
                except BrokenExecutor as fatal:
                    _end(pool)
                    pool, result = None, self._work.gone(item, fatal)
                yield result
        finally:
            if pool is not None:
                _end(pool)

    def close(self) -> None:
        if self._pool is not None:
            _end(self._pool)
            self._pool = None

    def _started(self, count: int) -> ProcessPoolExecutor:
        from concurrent.futures import ProcessPoolExecutor

        return ProcessPoolExecutor(count, mp_context=self._context, initializer=_adopt, initargs=(self._work,))


def _end(pool: ProcessPoolExecutor) -> None:
    """Stop its processes, also those that died.

    CPython before 3.11.5 waits for ever when one died while a batch was being sent to it: nobody reads the pipe any
    more, and nobody closed its end (gh-94777).  Where that happened the end is closed here, as later releases do.
    """
    if sys.version_info >= (3, 11, 5) or not pool._broken:  # noqa: SLF001 - there is no public name for any of this
        pool.shutdown(cancel_futures=True)
        return
    manager: Any = pool._executor_manager_thread  # noqa: SLF001 - the same
    queue: Any = pool._call_queue  # type: ignore[attr-defined]  # noqa: SLF001 - the same
    pool.shutdown(wait=False, cancel_futures=True)
    manager.join(_PATIENCE)
    if manager.is_alive():
        queue._reader.close()  # noqa: SLF001 - the same
        manager.join()


def _adopt(work: Work[Any, Any, Any]) -> None:
    """Begin as a worker: know the work, leave interruptions to the parent, and never outlive it."""
    global _adopted  # noqa: PLW0603 - a worker process is for one work
    import signal
    import threading

    _adopted = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _check_alive(pool: Executor) -> None:
    """That a worker can be started at all, before an item is blamed."""
    try:
        pool.submit(os.getpid).result()
    except BrokenExecutor as error:
        raise EidkitError(
            "many-workers",
            Text("no worker process can be started", "không khởi động được tiến trình con"),
            Text(
                'put your script\'s own work below `if __name__ == "__main__":`, or use executor=None',
                'đặt phần chính của chương trình dưới `if __name__ == "__main__":`, hoặc dùng executor=None',
            ),
        ) from error


def _batch(items: tuple[Any, ...]) -> list[Any]:
    if _adopted is None:
        raise RuntimeError("a worker process without work")
    return _adopted.batch(items)


def _context() -> BaseContext:
    """Forked where no other thread can hold a lock, afresh elsewhere."""
    import multiprocessing
    import threading

    methods = multiprocessing.get_all_start_methods()
    if "fork" in methods and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_pickles(work: Work[Any, Any, Any]) -> None:
    import pickle

    try:
        pickle.dumps(work)
    except Exception as error:
        raise EidkitError(
            "many-not-sendable",
            Text(
                f"what was handed over cannot be sent to another process ({type(error).__name__})",
                "không gửi được tham số sang tiến trình khác",
            ),
            Text(
                "use executor=None, or an executor with threads; a Transport, Clock or Policy of your own must pickle",
                "dùng executor=None hoặc luồng",
            ),
        ) from error


def _broken() -> EidkitError:
    return EidkitError(
        "many-executor-broken",
        Text("the executor that was handed over is broken", "bộ thực thi đã hỏng"),
        Text(
            "look at what ended its workers; the default, processes of our own, replaces those that die",
            "xem nguyên nhân; mặc định dùng tiến trình riêng, tự thay khi hỏng",
        ),
        kind="outside",
        retryable=True,
    )
