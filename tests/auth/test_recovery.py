from __future__ import annotations

import contextlib
import dataclasses
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit import canonical
from eidkit.auth import limits, recheck, recovery
from eidkit.auth.stores import Stores
from eidkit.binding.authentication import Proof
from eidkit.errors import AuthenticationError, EidkitError
from eidkit.identity import Identity

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")


class Desk:
    """A person with a list on paper."""

    def __init__(self, stores, clock, transaction):
        self.stores, self.clock, self.transaction = stores, clock, transaction
        self.codes = recovery.issue(LAN, stores=stores).codes

    def begin(self, identity=LAN):
        about = self.transaction
        return recovery.begin(identity, about, audience="permits", stores=self.stores, clock=self.clock).id

    def verify(self, code, challenge=None):
        return recovery.verify(code, challenge or self.begin(), stores=self.stores, clock=self.clock)

    def refused(self, code, challenge=None):
        with pytest.raises(AuthenticationError) as caught:
            self.verify(code, challenge)
        self.clock.advance(timedelta(seconds=limits.MAX_DELAY))
        return caught.value

    def left(self, identity=LAN):
        return recovery.left(identity, stores=self.stores)


@pytest.fixture
def desk(stores, clock, transaction):
    return Desk(stores, clock, transaction)


def test_each_code_is_good_once(desk):
    for code in desk.codes:
        assert desk.verify(code).identity == LAN
        desk.refused(code)
    assert desk.left() == 0


def test_what_is_left_is_told(desk):
    assert (desk.left(), desk.left(BINH)) == (recovery.COUNT, 0)
    desk.verify(desk.codes[3])
    assert desk.left() == recovery.COUNT - 1


def test_a_list_is_one_factor_and_attested(desk):
    made = desk.verify(desk.codes[0])
    assert (made.method, made.factors, made.proof_class) == ("recovery", ("have",), "attested")
    assert {(a.scheme, a.value) for a in made.assurance} == {("vn-2024", "1"), ("nist-aal", "1")}


@pytest.mark.parametrize(
    "written",
    [str.lower, lambda c: c.replace("-", ""), lambda c: c.replace("-", " "), lambda c: c.replace("1", "I"),
     lambda c: c.replace("0", "o")],
)  # fmt: skip
def test_a_code_may_be_written_as_people_write(desk, written):
    assert desk.verify(written(desk.codes[0]))


@pytest.mark.parametrize(
    "change",
    [
        lambda code: code[:-1],
        lambda code: code + "0",
        lambda code: code[:0],
        lambda code: code and None,
        lambda code: "".join(chr(ord(letter) + 0xFEE0) for letter in code),
        lambda code: code * 10_000,
        lambda code: code.replace(code[0], "U"),
    ],
)
def test_other_forms_are_refused(desk, change):
    desk.refused(change(desk.codes[0]))
    assert desk.left() == recovery.COUNT


def test_a_code_is_its_persons_own(desk, stores):
    recovery.issue(BINH, stores=stores)
    desk.refused(desk.codes[0], desk.begin(BINH))
    assert desk.verify(desk.codes[0])


def test_a_new_list_voids_the_one_before(desk, stores):
    fresh = recovery.issue(LAN, stores=stores).codes
    desk.refused(desk.codes[0])
    assert desk.verify(fresh[0])


def test_a_withdrawn_list_is_refused(desk, stores):
    assert recovery.withdraw(LAN, stores=stores)
    desk.refused(desk.codes[0])


def test_ten_failures_in_a_row_lock_until_an_operator_unlocks(desk, stores):
    for _ in range(limits.MAX_FAILURES):
        desk.refused("0" * 16)
    desk.refused(desk.codes[0])
    recovery.unlock(LAN, stores=stores)
    assert desk.verify(desk.codes[0])


def test_fifty_parallel_submissions_accept_one(desk):
    challenges = [desk.begin() for _ in range(50)]
    barrier, accepted = threading.Barrier(50), []

    def submit(challenge):
        barrier.wait()
        with contextlib.suppress(AuthenticationError):
            accepted.append(desk.verify(desk.codes[0], challenge))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(submit, challenges))
    assert len(accepted) == 1


def test_every_code_of_the_list_is_compared(desk, monkeypatch):
    import hmac

    compared = []
    real = hmac.compare_digest
    challenge = desk.begin()
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(1) or real(a, b))
    desk.verify(desk.codes[0], challenge)
    assert len(compared) == recovery.COUNT


@pytest.mark.parametrize("count", [0, -1, 51, True])
def test_the_length_of_a_list_is_bounded(stores, count):
    with pytest.raises(EidkitError):
        recovery.issue(LAN, stores=stores, count=count)


def test_codes_are_random_and_readable(stores):
    codes = [code for _ in range(5) for code in recovery.issue(LAN, stores=stores, count=50).codes]
    assert len(set(codes)) == 250
    assert {len(code) for code in codes} == {19}
    assert set("".join(codes)) - {"-"} == set(recovery.ALPHABET)


def test_a_list_is_hidden_and_lies_nowhere_in_clear(tmp_path, clock, transaction):
    stores = Stores.sqlite(tmp_path / "a.db", key=bytes(32))
    desk = Desk(stores, clock, transaction)
    made = recovery.issue(BINH, stores=stores)
    for shown in (repr(made), repr(dataclasses.asdict(made)), repr(dataclasses.astuple(made))):
        assert made.codes[0] not in shown
    with pytest.raises(EidkitError):
        pickle.dumps(made)
    stores.backend.close()
    data = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for code in (*desk.codes, *made.codes):
        assert code.encode() not in data
        assert code.replace("-", "").encode() not in data


def test_a_kept_authentication_rechecks_and_a_changed_one_does_not(desk):
    made = desk.verify(desk.codes[0])
    assert recheck(made, None)
    assert desk.codes[0].encode() not in made.disclosure.proof
    for change in ({"outcome": "refused"}, {"method": "totp"}, {"challenge_value": "00" * 32}, {"extra": 1}):
        proof = canonical.dumps({**canonical.loads(made.disclosure.proof), **change})
        changed = replace(
            made, proof=Proof.of(made.proof.media_type, proof), disclosure=replace(made.disclosure, proof=proof)
        )
        assert not recheck(changed, None)
