"""Stores that several processes share: races, forks, and processes that are killed in the middle."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

import pytest

from eidkit.auth import hotp
from eidkit.auth.stores import Attempts, Counter, Stores
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError, StoreError
from eidkit.identity import Identity
from tests.servers import opened

pytestmark = [
    pytest.mark.xdist_group("stores"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
SECRET = b"12345678901234567890"
FORK = multiprocessing.get_context("fork")


def together(work, count, *arguments):
    """What ``count`` processes that start together answer; each opens the stores for itself."""
    start, answers = FORK.Event(), FORK.Queue()

    def run():
        start.wait(30)
        try:
            answers.put(work(*arguments))
        except BaseException as error:
            answers.put(repr(error))
            raise

    processes = [FORK.Process(target=run) for _ in range(count)]
    for process in processes:
        process.start()
    start.set()
    said = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    return said


def killed(work):
    """Run ``work`` in a process that is killed when it says so, or at its end."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def in_child(work) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if work() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# ── races ─────────────────────────────────────────────────────────────────────────────────────────────────


def _count(kind, address):
    stores = opened(kind, address)
    won = 0
    for step in range(40):
        with stores.unit() as unit:
            won += unit.advance("c", step, 0)
            unit.set_attempts("a", Attempts(unit.attempts("a").failed + 1, 1))
    return won


def test_two_processes_lose_no_count_and_win_no_step_twice(shared):
    won = together(_count, 2, shared.kind, shared.address)
    assert sum(won) <= 40
    with shared.open().unit() as unit:
        assert unit.counter("c") == Counter(39, 0)
        assert unit.attempts("a").failed == 80


def _opened_first(kind, address):
    return opened(kind, address).digest("x")


def test_processes_that_open_new_stores_together_agree(shared):
    assert len(set(together(_opened_first, 4, shared.kind, shared.address))) == 1


def _submitted(kind, address, challenges, moment):
    """How many of 25 threads had one code accepted, each for a challenge of its own."""
    stores, accepted = opened(kind, address), []

    def submit(challenge):
        try:
            hotp.verify("755224", challenge, stores=stores, clock=FixedClock(moment))
            accepted.append(challenge)
        except AuthenticationError:
            pass

    threads = [threading.Thread(target=submit, args=(challenge,)) for challenge in challenges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(accepted)


def test_fifty_submissions_of_one_code_from_two_processes_accept_it_once(shared, clock, transaction):
    stores = shared.open()
    hotp.enrol(LAN, issuer="x", stores=stores, secret=SECRET)
    asked = [hotp.begin(LAN, transaction, audience="a", stores=stores, clock=clock).id for _ in range(25)]
    assert sum(together(_submitted, 2, shared.kind, shared.address, asked, clock.now())) == 1


def test_fifty_submissions_to_one_challenge_from_two_processes_accept_one(shared, clock, transaction):
    stores = shared.open()
    hotp.enrol(LAN, issuer="x", stores=stores, secret=SECRET)
    asked = [hotp.begin(LAN, transaction, audience="a", stores=stores, clock=clock).id] * 25
    assert sum(together(_submitted, 2, shared.kind, shared.address, asked, clock.now())) == 1


# ── killed ────────────────────────────────────────────────────────────────────────────────────────────────


def _verify(stores, transaction, clock):
    begun = hotp.begin(LAN, transaction, audience="permits", stores=stores, clock=clock)
    return hotp.verify("755224", begun.id, stores=stores, clock=clock)


def test_a_code_used_before_a_kill_stays_used(shared, transaction, clock):
    hotp.enrol(LAN, issuer="x", stores=shared.open(), secret=SECRET)
    killed(lambda: _verify(opened(shared.kind, shared.address), transaction, clock))
    with pytest.raises(AuthenticationError):
        _verify(shared.open(), transaction, clock)


def test_a_process_killed_in_the_middle_leaves_nothing_half_done(shared):
    with shared.open().unit() as unit:
        unit.put_challenge("a", b"r", 100, 1)
        unit.set_attempts("a", Attempts(1, 1))

    def work():
        with opened(shared.kind, shared.address).unit() as unit:
            unit.take_challenge("a")
            unit.set_attempts("a", Attempts(2, 2))
            unit.advance("c", 9, 0)
            unit.put_secret("s", b"s")
            os.kill(os.getpid(), signal.SIGKILL)

    killed(work)
    start = time.monotonic()
    with shared.open().unit() as unit:
        assert unit.challenge("a") == b"r"
        assert unit.attempts("a") == Attempts(1, 1)
        assert unit.counter("c") is None
        assert unit.secret("s") is None
    # What the killed process had locked in Redis comes free by itself.
    assert time.monotonic() - start < 7


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_a_code_used_before_the_server_is_killed_stays_used(kind, request, transaction, clock):
    request.getfixturevalue(f"{kind}_server")  # or a visible skip
    from tests.servers import PostgresqlServer, RedisServer

    server = {"postgresql": PostgresqlServer, "redis": RedisServer}[kind]()
    place = server.place()
    try:
        stores = place.open()
        hotp.enrol(LAN, issuer="x", stores=stores, secret=SECRET)
        _verify(stores, transaction, clock)
        server.kill()
        with pytest.raises(StoreError):
            _verify(stores, transaction, clock)
        server.start()
        with pytest.raises(AuthenticationError):
            _verify(stores, transaction, clock)
    finally:
        place.close()
        server.remove()


# ── forked ────────────────────────────────────────────────────────────────────────────────────────────────


def test_stores_live_on_after_a_fork(shared):
    stores = shared.open()
    with stores.unit() as unit:
        unit.put_challenge("a", b"r", 100, 1)

    def work():
        with stores.unit() as unit:
            return unit.take_challenge("a") == b"r"

    assert in_child(work) == 0
    with stores.unit() as unit:
        assert unit.take_challenge("a") is None


def test_parent_and_children_count_together(shared):
    stores = shared.open()

    def work():
        for _ in range(20):
            with stores.unit() as unit:
                unit.set_attempts("a", Attempts(unit.attempts("a").failed + 1, 1))
        return True

    children = []
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            try:
                work()
            finally:
                os._exit(0)
        children.append(pid)
    work()
    for pid in children:
        os.waitpid(pid, 0)
    with stores.unit() as unit:
        assert unit.attempts("a").failed == 60


def test_a_fork_while_another_thread_holds_the_unit_does_not_hang(shared):
    stores = shared.open()
    held, done = threading.Event(), threading.Event()

    def hold():
        with stores.unit() as unit:
            unit.attempts("a")
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)

    def work():
        with stores.unit() as unit:
            return unit.add_if_absent("k", 10, 1)

    threading.Timer(0.2, done.set).start()
    assert in_child(work) == 0
    thread.join()
    with stores.unit() as unit:
        assert not unit.add_if_absent("k", 10, 1)


def test_memory_stores_refuse_after_a_fork():
    stores = Stores.memory()

    def work():
        try:
            with stores.unit():
                return False
        except StoreError:
            return True

    assert in_child(work) == 0
