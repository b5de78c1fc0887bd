"""One suite for every backend."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import secrets
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from eidkit.auth.stores import Attempts, Counter, Stores
from eidkit.errors import EidkitError, StoreError
from eidkit.identity import Identity

KEY = bytes(range(32))


def test_a_challenge_is_taken_once(stores):
    with stores.unit() as unit:
        unit.put_challenge("a", b"record", 100, 1)
        assert unit.challenge("a") == b"record"
        assert unit.take_challenge("a") == b"record"
        assert unit.take_challenge("a") is None
        assert unit.challenge("a") is None


def test_expired_challenges_do_not_pile_up(stores):
    with stores.unit() as unit:
        for n in range(3000):
            unit.put_challenge(f"c{n}", b"r", n, n + 1)
        kept = sum(unit.challenge(f"c{n}") is not None for n in range(3000))
    assert kept <= 2049


def test_a_key_is_remembered_until_it_expires(stores):
    with stores.unit() as unit:
        assert unit.add_if_absent("k", 100, 1)
        assert not unit.add_if_absent("k", 100, 100)
        assert unit.add_if_absent("k", 300, 101)


def test_a_counter_only_grows(stores):
    with stores.unit() as unit:
        assert unit.counter("c") is None
        assert unit.advance("c", 5, 1)
        assert not unit.advance("c", 5, 0)
        assert not unit.advance("c", 4, 0)
        assert unit.counter("c") == Counter(5, 1)
        assert unit.advance("c", 6, 0)


def test_attempts_are_kept_and_forgotten(stores):
    with stores.unit() as unit:
        assert unit.attempts("a") == Attempts(0, 0)
        unit.set_attempts("a", Attempts(3, 50))
        unit.set_attempts("source:x", Attempts(3, 50))
        unit.set_attempts("source:y", Attempts(3, 500))
        unit.forget_attempts("source:", 100)
        assert unit.attempts("a") == Attempts(3, 50)
        assert unit.attempts("source:x") == Attempts(0, 0)
        assert unit.attempts("source:y") == Attempts(3, 500)
        unit.set_attempts("a", Attempts(0, 0))
        assert unit.attempts("a") == Attempts(0, 0)


def test_a_unit_that_raises_leaves_nothing_behind(stores):
    with stores.unit() as unit:
        unit.put_challenge("kept", b"r", 100, 1)
        unit.advance("c", 1, 0)
        unit.put_note("n", b"old", 1)
    with pytest.raises(RuntimeError), stores.unit() as unit:  # noqa: PT012 - the unit is what is tested
        unit.take_challenge("kept")
        unit.put_challenge("new", b"r", 100, 1)
        unit.advance("c", 2, 0)
        unit.add_if_absent("seen", 100, 1)
        unit.set_attempts("a", Attempts(1, 1))
        unit.put_secret("s", b"x")
        unit.put_note("n", b"new", 2)
        raise RuntimeError
    with stores.unit() as unit:
        assert unit.challenge("kept") == b"r"
        assert unit.challenge("new") is None
        assert unit.counter("c") == Counter(1, 0)
        assert unit.add_if_absent("seen", 100, 1)
        assert unit.attempts("a").failed == 0
        assert unit.secret("s") is None
        assert unit.note("n") == (b"old", 1)


def test_fifty_threads_take_one_challenge_once(stores):
    with stores.unit() as unit:
        unit.put_challenge("a", b"r", 100, 1)
    barrier = threading.Barrier(50)

    def take(_):
        barrier.wait()
        with stores.unit() as unit:
            return unit.take_challenge("a")

    with ThreadPoolExecutor(50) as pool:
        assert sorted(map(bool, pool.map(take, range(50)))) == [False] * 49 + [True]


def test_fifty_threads_advance_one_step_once(stores):
    barrier = threading.Barrier(50)

    def advance(_):
        barrier.wait()
        with stores.unit() as unit:
            return unit.advance("c", 7, 0)

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(advance, range(50))) == 1


def test_fifty_threads_lose_no_attempt(stores):
    def count(_):
        with stores.unit() as unit:
            unit.set_attempts("a", Attempts(unit.attempts("a").failed + 1, 1))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(count, range(50)))
    with stores.unit() as unit:
        assert unit.attempts("a").failed == 50


def test_what_is_sealed_opens_only_in_its_place(stores):
    sealed = stores.seal(b"plain", "here")
    assert b"plain" not in sealed
    assert stores.open(sealed, "here") == b"plain"
    for changed, place in ((sealed, "there"), (sealed[:-1] + b"\0", "here"), (b"", "here"), (b"\0" * 40, "here")):
        if changed != sealed or place != "here":
            with pytest.raises(StoreError):
                stores.open(changed, place)


def test_a_secret_moved_to_another_person_does_not_open(stores):
    with stores.unit() as unit:
        stores.put_secret(unit, "totp:a", "0" * 16, b"seed")
        unit.put_secret("totp:b", unit.secret("totp:a"))
        with pytest.raises(StoreError):
            stores.secret(unit, "totp:b")


def test_stores_show_and_give_away_no_key(stores):
    assert "key" not in repr(stores)
    with pytest.raises(EidkitError):
        pickle.dumps(stores)


def test_subject_keys_give_no_number_away(stores):
    one, other = Identity("vn-cccd", "001088000017"), Identity("vn-cmnd", "001088000017")
    assert stores.subject_key(one) == stores.subject_key(Identity("vn-cccd", "001088000017", "other name"))
    assert stores.subject_key(one) != stores.subject_key(other)
    assert one.identifier not in stores.subject_key(one)


# ── SQLite ────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_key_is_refused_at_once(tmp_path):
    Stores.sqlite(tmp_path / "a.db", key=KEY)
    with pytest.raises(StoreError):
        Stores.sqlite(tmp_path / "a.db", key=bytes(32))


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(tmp_path, size):
    with pytest.raises(EidkitError):
        Stores.sqlite(tmp_path / "a.db", key=bytes(size))


def test_keys_rotate(tmp_path):
    old, new = bytes(32), KEY
    before = Stores.sqlite(tmp_path / "a.db", key=old)
    name = before.subject_key(Identity("vn-cccd", "001088000017"))
    with before.unit() as unit:
        before.put_secret(unit, "totp:a", "0" * 16, b"seed")
    both = Stores.sqlite(tmp_path / "a.db", key=new, former_keys=[old])
    assert both.reseal() == 2
    assert both.reseal() == 0
    after = Stores.sqlite(tmp_path / "a.db", key=new)
    with after.unit() as unit:
        assert after.secret(unit, "totp:a") == ("0" * 16, b"seed")
    assert after.subject_key(Identity("vn-cccd", "001088000017")) == name


def test_the_file_is_readable_by_its_owner_only(tmp_path):
    Stores.sqlite(tmp_path / "a.db", key=KEY)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_of_something_else_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    (tmp_path / "text.db").write_text("not a database, and long enough to be looked at as one" * 30)
    for name in ("other.db", "text.db", "no/such/folder.db"):
        with pytest.raises(StoreError):
            Stores.sqlite(tmp_path / name, key=KEY)


def test_a_store_that_fails_is_a_store_error(tmp_path):
    stores = Stores.sqlite(tmp_path / "a.db", key=KEY)
    with sqlite3.connect(tmp_path / "a.db") as other:
        other.execute("DROP TABLE counters")
    other.close()
    with pytest.raises(StoreError), stores.unit() as unit:
        unit.advance("c", 1, 0)


def test_a_full_disk_undoes_the_unit(tmp_path):
    stores = Stores.sqlite(tmp_path / "a.db", key=KEY)
    with stores.unit() as unit:
        unit.put_challenge("a", b"r", 100, 1)
    stores.backend._opened().execute("PRAGMA max_page_count=1").fetchall()
    with pytest.raises(StoreError), stores.unit() as unit:  # noqa: PT012 - the unit is what is tested
        unit.take_challenge("a")
        unit.put_note("big", bytes(1_000_000), 1)
    with stores.unit() as unit:
        assert unit.challenge("a") == b"r"


def _race(path, start, results):
    stores = Stores.sqlite(path, key=KEY)
    start.wait()
    won = 0
    for step in range(40):
        with stores.unit() as unit:
            won += unit.advance("c", step, 0)
            unit.set_attempts("a", Attempts(unit.attempts("a").failed + 1, 1))
    results.put(won)


def test_two_processes_share_one_file(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    path = tmp_path / "a.db"
    workers = [context.Process(target=_race, args=(path, start, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    start.set()
    won = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert sum(won) <= 40
    stores = Stores.sqlite(path, key=KEY)
    with stores.unit() as unit:
        assert unit.counter("c") == Counter(39, 0)
        assert unit.attempts("a").failed == 80


def _in_child(work) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if work() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_sqlite_stores_live_on_after_a_fork(tmp_path):
    stores = Stores.sqlite(tmp_path / "a.db", key=secrets.token_bytes(32))
    with stores.unit() as unit:
        unit.put_challenge("a", b"r", 100, 1)

    def work():
        with stores.unit() as unit:
            return unit.take_challenge("a") == b"r"

    assert _in_child(work) == 0
    with stores.unit() as unit:
        assert unit.take_challenge("a") is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_while_another_thread_holds_the_unit_does_not_hang(tmp_path):
    stores = Stores.sqlite(tmp_path / "a.db", key=KEY)
    held, done = threading.Event(), threading.Event()

    def hold():
        with stores.unit():
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)

    def work():
        with stores.unit() as unit:
            return unit.add_if_absent("k", 10, 1)

    threading.Timer(0.2, done.set).start()
    assert _in_child(work) == 0
    thread.join()
    with stores.unit() as unit:
        assert not unit.add_if_absent("k", 10, 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_memory_stores_refuse_after_a_fork():
    stores = Stores.memory()

    def work():
        try:
            with stores.unit():
                return False
        except StoreError:
            return True

    assert _in_child(work) == 0


# ── rotation ──────────────────────────────────────────────────────────────────────────────────────────────


def _key(number):
    return bytes([number]) * 32


def _filled(stores, count):
    with stores.unit() as unit:
        for n in range(count):
            stores.put_secret(unit, f"totp:{n}", f"{n:016d}", f"secret {n}".encode())


def test_rotation_seals_everything_again_and_the_old_key_may_go(tmp_path):
    stores = Stores.sqlite(tmp_path / "a.db", key=_key(1))
    _filled(stores, 250)
    digest = stores.digest("x")
    assert stores.rotate(_key(2)) == 251  # and the lookup key
    assert stores.reseal() == 0
    after = Stores.sqlite(tmp_path / "a.db", key=_key(2))
    with after.unit() as unit:
        assert all(after.secret(unit, f"totp:{n}") == (f"{n:016d}", f"secret {n}".encode()) for n in range(250))
    assert after.digest("x") == digest
    with pytest.raises(StoreError):
        Stores.sqlite(tmp_path / "a.db", key=_key(1))


def test_during_a_rotation_others_go_on(tmp_path):
    before = Stores.sqlite(tmp_path / "a.db", key=_key(1), former_keys=[_key(2)])
    _filled(before, 3)
    one = Stores.sqlite(tmp_path / "a.db", key=_key(1))
    challenge = one.seal(b"open", "challenge:x")
    one.rotate(_key(2))
    with before.unit() as unit:
        assert before.secret(unit, "totp:2") == ("0" * 15 + "2", b"secret 2")
    assert one.open(challenge, "challenge:x") == b"open"
    assert one.open(one.seal(b"new", "p"), "p") == b"new"


def test_a_rotation_that_broke_off_goes_on(tmp_path, monkeypatch):
    stores = Stores.sqlite(tmp_path / "a.db", key=_key(1))
    _filled(stores, 250)
    real, calls = Stores._resealed, []

    def breaking(self, unit, name):
        calls.append(name)
        if len(calls) == 150:
            raise RuntimeError
        return real(self, unit, name)

    with monkeypatch.context() as broken:
        broken.setattr(Stores, "_resealed", breaking)
        with pytest.raises(RuntimeError):
            stores.rotate(_key(2))
    again = Stores.sqlite(tmp_path / "a.db", key=_key(2), former_keys=[_key(1)])
    assert again.reseal() == 151
    assert Stores.sqlite(tmp_path / "a.db", key=_key(2))


@pytest.mark.parametrize("key", [b"", b"short", bytes(31), bytes(33)])
def test_a_key_of_another_size_is_refused_and_changes_nothing(tmp_path, key):
    stores = Stores.sqlite(tmp_path / "a.db", key=_key(1))
    with pytest.raises(EidkitError):
        stores.rotate(key)
    assert stores.reseal() == 0
    assert Stores.sqlite(tmp_path / "a.db", key=_key(1))
