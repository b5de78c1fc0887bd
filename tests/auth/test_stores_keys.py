"""The keys of the stores, on every backend: the right one opens, another does not, and they rotate."""

from __future__ import annotations

import threading

import pytest

from eidkit.auth.stores import Stores
from eidkit.errors import EidkitError, StoreError
from eidkit.identity import Identity
from tests.servers import KEY

pytestmark = pytest.mark.xdist_group("stores")


def _key(number):
    return bytes([number]) * 32


def _filled(stores, count):
    with stores.unit() as unit:
        for n in range(count):
            stores.put_secret(unit, f"totp:{n}", f"{n:016d}", f"secret {n}".encode())


def test_another_key_is_refused_at_once(shared):
    shared.open()
    with pytest.raises(StoreError):
        shared.open(key=bytes(32))


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(shared, size):
    with pytest.raises(EidkitError):
        shared.open(key=bytes(size))


def test_keys_rotate(shared):
    old, new = bytes(32), KEY
    before = shared.open(key=old)
    name = before.subject_key(Identity("vn-cccd", "001088000017"))
    with before.unit() as unit:
        before.put_secret(unit, "totp:a", "0" * 16, b"seed")
    both = shared.open(key=new, former_keys=(old,))
    assert both.reseal() == 2
    assert both.reseal() == 0
    after = shared.open(key=new)
    with after.unit() as unit:
        assert after.secret(unit, "totp:a") == ("0" * 16, b"seed")
    assert after.subject_key(Identity("vn-cccd", "001088000017")) == name


def test_rotation_seals_everything_again_and_the_old_key_may_go(shared):
    stores = shared.open(key=_key(1))
    _filled(stores, 250)
    digest = stores.digest("x")
    assert stores.rotate(_key(2)) == 251  # and the lookup key
    assert stores.reseal() == 0
    after = shared.open(key=_key(2))
    with after.unit() as unit:
        assert all(after.secret(unit, f"totp:{n}") == (f"{n:016d}", f"secret {n}".encode()) for n in range(250))
    assert after.digest("x") == digest
    with pytest.raises(StoreError):
        shared.open(key=_key(1))


def test_during_a_rotation_others_go_on(shared):
    before = shared.open(key=_key(1), former_keys=(_key(2),))
    _filled(before, 3)
    one = shared.open(key=_key(1))
    challenge = one.seal(b"open", "challenge:x")
    one.rotate(_key(2))
    with before.unit() as unit:
        assert before.secret(unit, "totp:2") == ("0" * 15 + "2", b"secret 2")
    assert one.open(challenge, "challenge:x") == b"open"
    assert one.open(one.seal(b"new", "p"), "p") == b"new"


def test_a_rotation_that_broke_off_goes_on(shared, monkeypatch):
    stores = shared.open(key=_key(1))
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
    again = shared.open(key=_key(2), former_keys=(_key(1),))
    assert again.reseal() == 151
    assert shared.open(key=_key(2))


def test_two_rotations_at_once_leave_every_secret_readable(shared):
    first = shared.open(key=_key(1))
    _filled(first, 150)
    both = [shared.open(key=_key(2), former_keys=(_key(1),)) for _ in range(2)]
    resealed = []
    threads = [threading.Thread(target=lambda one=one: resealed.append(one.reseal())) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(resealed) == 151
    after = shared.open(key=_key(2))
    with after.unit() as unit:
        assert after.secret(unit, "totp:149") == ("0" * 13 + "149", b"secret 149")


@pytest.mark.parametrize("key", [b"", b"short", bytes(31), bytes(33)])
def test_a_key_of_another_size_is_refused_and_changes_nothing(shared, key):
    stores = shared.open(key=_key(1))
    with pytest.raises(EidkitError):
        stores.rotate(key)
    assert stores.reseal() == 0
    assert shared.open(key=_key(1))


def test_no_secret_lies_in_a_server_in_the_clear(postgresql_server, redis_server):
    secret, who = b"JBSWY3DPEHPK3PXPJBSW", Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
    for server in (postgresql_server, redis_server):
        place = server.place()
        stores = place.open()
        with stores.unit() as unit:
            stores.put_secret(unit, f"totp:{stores.subject_key(who)}", "0" * 16, secret)
        place.close()
        if place.kind == "postgresql":
            server.run("CHECKPOINT")
        for file in server.folder.rglob("*"):
            if file.is_file() and not file.is_socket():
                kept = file.read_bytes()
                assert secret not in kept
                assert who.identifier.encode() not in kept
