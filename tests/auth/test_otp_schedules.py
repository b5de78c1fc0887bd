"""No schedule of retries, clock jumps, parallel calls and restarts accepts a code or a challenge twice."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from eidkit.auth import limits, otp
from eidkit.auth.codes import Seed, step_at
from eidkit.binding.transaction import Transaction, TransactionDocument
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from tests.servers import Place

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = (Identity("vn-cccd", "001088000017", "Lan"), Identity("vn-cccd", "001088000025", "Bình"))
NOW = datetime(2026, 3, 2, 9, 14, 10, tzinfo=UTC)


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _transaction(n: int) -> Transaction:
    documents = (TransactionDocument("form", "application/xml", None, _hex(f"form {n}")),)
    return Transaction(
        f"D-{n}", "11" * 32, ("p", "1", _hex("p")), "approval", "head", "person", ("approve", "advances"), 900,
        ("en", f"Approve {n}"), documents,
    )  # fmt: skip


class Schedules(RuleBasedStateMachine):
    challenges = Bundle("challenges")
    codes = Bundle("codes")
    new_place: Callable[[], Place]
    total = 0

    def __init__(self):
        super().__init__()
        self.clock = FixedClock(NOW)
        self.place = type(self).new_place()
        self.stores = self.place.open()
        self.seeds = [Seed.of(_hex(f"seed {n}").encode()[:20]) for n in range(len(PEOPLE))]
        self.asked = {}
        self.used_challenges, self.used_codes = [], []
        self.failures = dict.fromkeys(range(len(PEOPLE)), 0)
        self.steps = {n: [] for n in range(len(PEOPLE))}

    def teardown(self):
        self.place.close()

    @initialize()
    def enrol(self):
        for person, seed in zip(PEOPLE, self.seeds, strict=True):
            otp.enrol(person, issuer="x", stores=self.stores, secret=seed.secret)

    @rule(target=challenges, person=st.integers(0, 1), n=st.integers(0, 2))
    def begin(self, person, n):
        begun = otp.begin(PEOPLE[person], _transaction(n), audience="a", stores=self.stores, clock=self.clock)
        self.asked[begun.id] = (person, n, begun.expires)
        return begun.id

    @rule(target=codes, person=st.integers(0, 1), steps=st.integers(-4, 4))
    def read(self, person, steps):
        return self.seeds[person].code(max(step_at(self.clock.now().timestamp()) + steps, 0))

    @rule(target=codes, code=st.sampled_from(["000000", "12345", "１２３４５６", ""]))
    def guess(self, code):
        return code

    @rule(seconds=st.one_of(st.integers(-120, 400), st.sampled_from([1, 30, 31, -30, 3600, -3600])))
    def move(self, seconds):
        self.clock.advance(timedelta(seconds=seconds))

    @rule(target=codes, challenge=challenges, steps=st.integers(-1, 1))
    def answer_rightly(self, challenge, steps):
        step = step_at(self.clock.now().timestamp())
        code = self.seeds[self.asked[challenge][0]].code(max(step + steps, 0))
        self._accepted(challenge, code, self._verify(challenge, code, None))
        return code

    @rule(target=codes, person=st.integers(0, 1), steps=st.integers(-1, 1), wait=st.sampled_from([0, 1, 29, 61, 300]))
    def log_in_and_replay(self, person, steps, wait):
        self.clock.advance(timedelta(seconds=wait))
        code = self.answer_rightly(self.begin(person, 0), steps)
        self._accepted(other := self.begin(person, 1), code, self._verify(other, code, None))
        return code

    @rule(person=st.integers(0, 1), wait=st.integers(31, 120))
    def answer_one_challenge_twice(self, person, wait):
        challenge = self.begin(person, 2)
        self.answer_rightly(challenge, 0)
        self.clock.advance(timedelta(seconds=wait))
        self.answer_rightly(challenge, 0)

    @rule(challenge=challenges, code=codes, source=st.sampled_from([None, "192.0.2.1"]))
    def answer(self, challenge, code, source):
        self._accepted(challenge, code, self._verify(challenge, code, source))

    @rule(challenge=challenges, code=codes)
    def answer_in_parallel(self, challenge, code):
        results = []
        threads = [
            threading.Thread(target=lambda: results.append(self._verify(challenge, code, None))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        good = [result for result in results if result is not None]
        assert len(good) <= 1
        self._accepted(challenge, code, good[0] if good else None)

    @rule(target=challenges, challenge=consumes(challenges), code=codes)
    def answer_and_answer_again(self, challenge, code):
        self._accepted(challenge, code, self._verify(challenge, code, None))
        self.clock.advance(timedelta(seconds=300))
        self._accepted(challenge, code, self._verify(challenge, code, None))
        return multiple()

    @rule(person=st.integers(0, 1))
    def unlock(self, person):
        otp.unlock(PEOPLE[person], stores=self.stores)

    def _verify(self, challenge, code, source):
        try:
            return otp.verify(code, challenge, stores=self.stores, source=source, clock=self.clock)
        except AuthenticationError:
            return None

    def _accepted(self, challenge, code, authentication):
        if authentication is None:
            return
        type(self).total += 1
        person, n, expires = self.asked[challenge]
        assert authentication.identity == PEOPLE[person]
        assert authentication.transaction == _transaction(n)
        assert authentication.challenge.issued <= authentication.authenticated_at <= expires
        step = step_at(self.clock.now().timestamp())
        assert code in {self.seeds[person].code(max(step + steps, 0)) for steps in range(-3, 4)}
        proof_step = int(authentication.disclosure.proof.split(b'"time_step":')[1].split(b"}")[0])
        assert all(proof_step > before for before in self.steps[person])
        self.steps[person].append(proof_step)
        self.used_challenges.append(challenge)
        self.used_codes.append((person, code))

    @invariant()
    def nothing_is_accepted_twice(self):
        assert len(set(self.used_challenges)) == len(self.used_challenges)
        assert len(set(self.used_codes)) == len(self.used_codes)

    @invariant()
    def nobody_has_more_guesses_than_the_limit(self):
        for person in PEOPLE:
            with self.stores.unit() as unit:
                assert unit.attempts(f"totp:{self.stores.subject_key(person)}").failed <= limits.MAX_FAILURES


def _run(new_place, examples, steps):
    machine = type("Schedules", (Schedules,), {"new_place": staticmethod(new_place), "total": 0})
    plan = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(machine, settings=plan)
    return machine.total


def test_nothing_is_accepted_twice_on_any_schedule():
    assert _run(lambda: Place("memory", ""), 100, 40) > 200  # the schedules do accept something


@pytest.mark.xdist_group("stores")
@pytest.mark.parametrize(("kind", "examples"), [("postgresql", 10), ("redis", 20)])
def test_nothing_is_accepted_twice_on_a_server(kind, examples, request):
    assert _run(request.getfixturevalue(f"{kind}_server").place, examples, 25) > 10
