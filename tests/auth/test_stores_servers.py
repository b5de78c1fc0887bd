"""Servers that fail: they go away, hang, answer nonsense, forget, or are not where they should be."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import pytest

from eidkit.auth import otp
from eidkit.auth.stores import Attempts, Stores, redis_door
from eidkit.auth.stores import postgresql as postgresql_backend
from eidkit.auth.stores import redis as redis_backend
from eidkit.errors import StoreError
from eidkit.identity import Identity
from tests.servers import KEY, PostgresqlServer, RedisServer

pytestmark = pytest.mark.xdist_group("stores")
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")


@pytest.fixture(params=["postgresql", "redis"])
def served(request):
    """Stores on the session's server, and that server."""
    server = request.getfixturevalue(f"{request.param}_server")
    place = server.place()
    yield place.open(), server
    place.close()


# ── going away ────────────────────────────────────────────────────────────────────────────────────────────


def _cut(server):
    """Close the connections of everybody, as a server does that is restarted."""
    if isinstance(server, RedisServer):
        client = server.client()
        client.client_kill_filter(_type="normal", skipme=True)
        client.close()
    else:
        server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'eidkit' AND pid <> pg_backend_pid()"
        )


def test_a_connection_lost_in_the_middle_keeps_nothing_by_halves(served):
    stores, server = served
    try:
        with stores.unit() as unit:
            unit.set_attempts("a", Attempts(1, 1))
            _cut(server)
            unit.advance("c", 1, 0)
        kept = (1, 1)
    except StoreError:
        kept = (0, None)
    with stores.unit() as unit:
        counter = unit.counter("c")
        assert (unit.attempts("a").failed, counter and counter.value) == kept


def test_postgresql_that_went_away_in_the_middle_refuses(postgresql_server):
    place = postgresql_server.place()
    stores = place.open()
    with pytest.raises(StoreError) as refused, stores.unit() as unit:  # noqa: PT012 - the unit is what is tested
        unit.set_attempts("a", Attempts(1, 1))
        _cut(postgresql_server)
    assert refused.value.code == "store-failed"
    place.close()


def test_a_connection_lost_between_units_is_opened_anew(served):
    stores, server = served
    for _ in range(2):
        with stores.unit() as unit:
            unit.set_attempts("a", Attempts(unit.attempts("a").failed + 1, 1))
        _cut(server)
    with stores.unit() as unit:
        assert unit.attempts("a").failed == 2


def test_an_answer_that_a_lost_store_should_guard_is_refused(redis_server, clock, transaction):
    own = RedisServer()
    place = own.place()
    try:
        stores = place.open()
        otp.enrol(LAN, issuer="x", stores=stores)
        asked = otp.begin(LAN, transaction, audience="a", stores=stores, clock=clock)
        own.kill()
        with pytest.raises(StoreError) as refused:
            otp.verify("123456", asked.id, stores=stores, clock=clock)
        assert refused.value.retryable
        assert str(own.folder) not in str(refused.value)
    finally:
        place.close()
        own.remove()


def test_a_server_that_hangs_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(postgresql_backend, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(postgresql_backend, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(redis_door, "ANSWER_SECONDS", 0.5)
    for make in (PostgresqlServer, RedisServer):
        server = make()
        place = server.place()
        try:
            stores = place.open()
            with stores.unit() as unit:
                unit.attempts("a")
            for process in (server.process.pid, *server.children()):
                os.kill(process, signal.SIGSTOP)
            start = time.monotonic()
            with pytest.raises(StoreError), stores.unit() as unit:
                unit.attempts("a")
            assert time.monotonic() - start < postgresql_backend.CONNECT_SECONDS + 3
        finally:
            place.close()
            server.remove()


# ── answering nonsense ────────────────────────────────────────────────────────────────────────────────────


class Nonsense(threading.Thread):
    """A server that answers everything in one way."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(daemon=True)
        self.answer = answer
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.start()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            with client:
                client.settimeout(2)
                try:
                    while client.recv(65536):
                        client.sendall(self.answer)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.join(5)


ANSWERS = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"+OK\r\n" * 4,
    b":1\r\n",
    b"*2\r\n:1\r\n*1\r\n:7\r\n",
    b"$9\r\nnonsense!\r\n",
    b"\x00" * 40,
    b"*-7\r\n",
    b"$99999999999999999999\r\n",
    b"%1\r\n$1\r\na\r\n$1\r\nb\r\n",
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("durable", [True, False])
def test_nonsense_from_redis_is_a_store_error(answer, durable, monkeypatch):
    monkeypatch.setattr(redis_door, "ANSWER_SECONDS", 0.5)
    with Nonsense(answer) as server, pytest.raises(StoreError):
        Stores.redis(f"redis://127.0.0.1:{server.port}/0", key=KEY, durable=durable)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"E\xff\xff\xff\xff", b"N", b"R\0\0\0\x08\0\0\0\0"]
)
def test_nonsense_from_postgresql_is_a_store_error(answer, monkeypatch):
    monkeypatch.setattr(postgresql_backend, "CONNECT_SECONDS", 2)
    with Nonsense(answer) as server, pytest.raises(StoreError):
        Stores.postgresql(f"postgresql://eidkit@127.0.0.1:{server.port}/eidkit", key=KEY)


@pytest.mark.parametrize("stored", [b"", b"1", b"a b", b"1 2 3", b"1  2", b"\xd9\xa1 1", b"9" * 30 + b" 1"])
def test_a_count_that_is_none_is_a_store_error(stored, redis_server):
    place = redis_server.place()
    stores = place.open()
    prefix = place.address.partition("#")[2]
    client = redis_server.client()
    client.hset(f"{{{prefix}}}:counters", "c", stored)
    client.close()
    with pytest.raises(StoreError), stores.unit() as unit:
        unit.advance("c", 5, 0)
    place.close()


def test_a_unit_that_went_on_after_a_failed_statement_is_not_kept(postgresql_server):
    place = postgresql_server.place()
    stores = place.open()
    with stores.unit() as unit:
        unit.put_challenge("taken", b"r", 100, 1)
    with pytest.raises(StoreError), stores.unit() as unit:  # noqa: PT012 - the unit is what is tested
        unit.advance("c", 1, 0)
        with pytest.raises(StoreError):
            unit.put_challenge("taken", b"other", 100, 1)
    with stores.unit() as unit:
        assert unit.counter("c") is None
    place.close()


# ── addresses and versions ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("redis", "http://127.0.0.1/0"),
        ("redis", "127.0.0.1:6379"),
        ("redis", "redis://127.0.0.1:port/0"),
        ("redis", "redis://127.0.0.1/0?decode_responses=1"),
        ("redis", "redis://127.0.0.1/0?socket_timeout=86400"),
        ("redis", ""),
        ("postgresql", "mysql://root:hunter2@127.0.0.1/x"),
        ("postgresql", "postgresql+asyncpg://root:hunter2@127.0.0.1/x"),
        ("postgresql", "postgresql://root:hunter2@127.0.0.1"),
        ("postgresql", "postgresql://root:hunter2@127.0.0.1:port/x"),
        ("postgresql", "not an address"),
        ("postgresql", ""),
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(kind, url):
    with pytest.raises(StoreError) as refused:
        getattr(Stores, kind)(url, key=KEY)
    assert refused.value.code == "store-url"
    assert "hunter2" not in str(refused.value)
    assert not refused.value.retryable


@pytest.mark.parametrize(
    ("kind", "url"),
    [("redis", "redis://:hunter2@127.0.0.1:1/0"), ("postgresql", "postgresql://root:hunter2@127.0.0.1:1/x")],
)
def test_a_server_that_is_not_there_is_a_store_error_without_the_password(kind, url):
    with pytest.raises(StoreError) as refused:
        getattr(Stores, kind)(url, key=KEY)
    assert refused.value.code == "store-failed"
    assert "hunter2" not in f"{refused.value} {refused.value.__cause__!r}"


def test_a_store_of_another_release_is_refused(postgresql_server, redis_server):
    place = postgresql_server.place()
    place.open()
    place.close()
    schema = place.address.rpartition("%3D")[2]
    postgresql_server.run(f"SET search_path = {schema}", "UPDATE eidkit_stores SET version = 2")
    with pytest.raises(StoreError) as refused:
        place.open()
    assert refused.value.code == "store-version"
    place = redis_server.place()
    client = redis_server.client()
    client.set(f"{{{place.address.partition('#')[2]}}}:version", b"2")
    client.close()
    with pytest.raises(StoreError) as refused:
        place.open()
    assert refused.value.code == "store-version"


def test_a_role_that_may_make_no_tables_uses_those_that_are_there(postgresql_server):
    place = postgresql_server.place()
    place.open()
    schema = place.address.rpartition("%3D")[2]
    postgresql_server.run(
        f"DROP ROLE IF EXISTS web; CREATE ROLE web LOGIN; GRANT USAGE ON SCHEMA {schema} TO web;"
        f" GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO web"
    )
    other = Stores.postgresql(place.address.replace("eidkit@", "web@"), key=KEY)
    with other.unit() as unit:
        assert unit.advance("c", 1, 0)
    other.backend.close()
    place.close()
    postgresql_server.run(f"DROP SCHEMA {schema} CASCADE; DROP ROLE web")


# ── what Redis promises ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("setting", "value"), [("appendonly", "no"), ("appendfsync", "everysec"), ("maxmemory-policy", "allkeys-lru")]
)
def test_a_redis_that_may_forget_is_refused_by_the_setting_that_makes_it_so(setting, value, redis_server):
    client = redis_server.client()
    before = client.config_get(setting)
    client.config_set(setting, value)
    try:
        with pytest.raises(StoreError) as refused:
            Stores.redis(redis_server.url, key=KEY)
        assert refused.value.code == "store-not-durable"
        assert f"{setting} = {value}" in str(refused.value)
        accepted = Stores.redis(redis_server.url, key=KEY, prefix=f"spelled-out-{setting}", durable=False)
        accepted.backend.close()
    finally:
        client.config_set(*{k.decode() if isinstance(k, bytes) else k: v for k, v in before.items()}.popitem())
        client.close()


def test_a_redis_that_does_not_tell_is_refused(redis_server):
    client = redis_server.client()
    client.execute_command("ACL", "SETUSER", "app", "on", ">pw", "~*", "+@all", "-config")
    url = redis_server.url.replace("unix://", "unix://app:pw@")
    try:
        with pytest.raises(StoreError) as refused:
            Stores.redis(url, key=KEY)
        assert refused.value.code == "store-not-durable"
        assert "not told" in str(refused.value)
        Stores.redis(url, key=KEY, prefix="acl", durable=False).backend.close()
    finally:
        client.execute_command("ACL", "DELUSER", "app")
        client.close()


def test_a_postgresql_that_never_waits_for_its_disk_is_refused(postgresql_server):
    own = PostgresqlServer()
    try:
        own.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        time.sleep(0.2)
        with pytest.raises(StoreError) as refused:
            Stores.postgresql(own.url, key=KEY)
        assert refused.value.code == "store-not-durable"
        Stores.postgresql(own.url, key=KEY, durable=False).backend.close()
    finally:
        own.remove()


def test_postgresql_is_asked_to_wait_for_its_disk_and_to_bound_what_it_does(postgresql_server):
    place = postgresql_server.place()
    postgresql_server.run("ALTER ROLE eidkit SET synchronous_commit = off")
    postgresql_server.run("ALTER ROLE eidkit SET default_transaction_isolation = 'repeatable read'")
    try:
        connection = place.open().backend._engine.raw_connection()
        names = ("synchronous_commit", "statement_timeout", "lock_timeout", "transaction_isolation")
        cursor = connection.cursor()
        said = [cursor.execute(f"SHOW {name}").fetchone()[0] for name in names]
        connection.close()
        assert said == ["on", "5s", "5s", "read committed"]
    finally:
        place.close()
        postgresql_server.run("ALTER ROLE eidkit RESET ALL")


def test_what_is_kept_for_a_time_in_redis_goes_by_itself_and_not_too_early(redis_server):
    place = redis_server.place()
    stores = place.open()
    prefix = f"{{{place.address.partition('#')[2]}}}"
    with stores.unit() as unit:
        unit.put_challenge("a", b"r", 1300, 1000)
        unit.add_if_absent("k", 1090, 1000)
        unit.add_if_absent("ever", 2**52, 0)
    client = redis_server.client()
    left = [client.ttl(f"{prefix}:{name}") for name in ("challenge:a", "seen:k", "seen:ever")]
    kept = set(client.keys(f"{prefix}:lock:*"))
    client.close()
    place.close()
    assert 300 < left[0] <= 300 + redis_backend.CHALLENGE_MARGIN
    assert 90 < left[1] <= 90 + redis_backend.SEEN_MARGIN
    assert left[2] == -1
    assert kept == set()


def test_a_unit_that_slept_while_its_lock_ended_is_refused(redis_server):
    place = redis_server.place()
    stores, other = place.open(), place.open()
    client = redis_server.client()
    prefix = f"{{{place.address.partition('#')[2]}}}"
    with pytest.raises(StoreError) as refused, stores.unit() as unit:  # noqa: PT012 - the unit is what is tested
        unit.set_attempts("a", Attempts(unit.attempts("a").failed + 1, 1))
        unit.advance("c", 7, 0)
        assert client.delete(f"{prefix}:lock:a") == 1  # as time does it
        with other.unit() as ahead:
            ahead.set_attempts("a", Attempts(5, 1))
    client.close()
    assert refused.value.code == "store-busy"
    with stores.unit() as unit:
        assert unit.attempts("a") == Attempts(5, 1)
        assert unit.counter("c") is None
    place.close()


@pytest.mark.parametrize("every", ["postgresql", "redis"], indirect=True)
def test_two_units_that_lock_in_two_orders_both_end_and_neither_by_halves(every, monkeypatch):
    monkeypatch.setattr(redis_backend, "LOCK_SECONDS", 1)
    stores, both, kept, refused = every.open(), threading.Barrier(2), [], []

    def work(first, second):
        try:
            with stores.unit() as unit:
                unit.set_attempts(first, Attempts(unit.attempts(first).failed + 1, 1))
                both.wait(5)
                unit.set_attempts(second, Attempts(unit.attempts(second).failed + 1, 1))
            kept.append(first)
        except StoreError:
            refused.append(first)

    threads = [threading.Thread(target=work, args=names) for names in (("a", "b"), ("b", "a"))]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start < 5
    with stores.unit() as unit:
        assert [unit.attempts(name).failed for name in ("a", "b")] == [len(kept)] * 2
    assert len(kept) <= 1
    assert len(kept) + len(refused) == 2


def test_a_redis_without_memory_refuses_and_forgets_nothing(redis_server):
    place = redis_server.place()
    stores = place.open()
    with stores.unit() as unit:
        unit.set_attempts("source:x", Attempts(3, 1))
        unit.advance("c", 1, 0)
    client = redis_server.client()
    try:
        with pytest.raises(StoreError), stores.unit() as unit:  # noqa: PT012 - the unit is what is tested
            unit.set_attempts("source:x", Attempts(0, 0))
            unit.advance("c", 2, 0)
            client.config_set("maxmemory", 1)
            unit.put_note("big", bytes(100_000), 1)
            unit.counter("other")
    finally:
        client.config_set("maxmemory", 0)
        client.close()
    with stores.unit() as unit:
        assert unit.counter("c") is not None
        assert (unit.counter("c").value, unit.attempts("source:x").failed, unit.note("big")) == (1, 3, None)
    place.close()


def test_a_note_that_changed_since_it_was_read_refuses_the_unit(redis_server):
    place = redis_server.place()
    stores = place.open()
    with pytest.raises(StoreError), stores.unit() as unit:  # noqa: PT012 - the unit is what is tested
        assert unit.note("n") is None
        with stores.unit() as other:
            other.put_note("n", b"other", 1)
        unit.put_note("n", b"mine", 1)
    with stores.unit() as unit:
        assert unit.note("n") == (b"other", 1)
    place.close()


def test_locks_reach_neither_the_file_nor_replicas(redis_server):
    place = redis_server.place()
    stores = place.open()
    with stores.unit() as unit:
        unit.set_attempts("person", Attempts(1, 1))
    place.close()
    written = b"".join(file.read_bytes() for file in redis_server.folder.rglob("*.aof"))
    assert b"person" in written
    assert b"lock:person" not in written


def test_all_keys_lie_in_one_slot_of_a_cluster(redis_server):
    own = RedisServer("--cluster-enabled", "yes", "--appendonly", "yes", "--appendfsync", "always")
    place = own.place()
    try:
        client = own.client()
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        end = time.monotonic() + 10
        while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO") and time.monotonic() < end:
            time.sleep(0.05)
        client.close()
        stores = place.open()
        with stores.unit() as unit:
            unit.put_challenge("a", b"r", 100, 1)
            unit.add_if_absent("k", 100, 1)
            unit.set_attempts("source:x", Attempts(1, 1))
            unit.forget_attempts("source:", 100)
            unit.put_note("n", b"v", 1)
            assert unit.advance("c", 1, 0)
        with stores.unit() as unit:
            assert unit.take_challenge("a") == b"r"
    finally:
        place.close()
        own.remove()


@pytest.mark.parametrize("prefix", ["", "a}b", "{a}", "a b", "a" * 65, "a\n"])
def test_a_prefix_that_would_break_the_hash_tag_is_refused(prefix):
    with pytest.raises(StoreError):
        Stores.redis("redis://127.0.0.1:1/0", key=KEY, prefix=prefix)
