"""No schedule of retries, clock jumps, parallel calls and restarts accepts a code of any kind twice."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from eidkit.auth import delivered, hotp, limits, ocra, recovery
from eidkit.auth.codes import Seed
from eidkit.binding.transaction import Transaction, TransactionDocument
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError, EidkitError
from eidkit.identity import Identity
from tests.servers import Place

if TYPE_CHECKING:
    from collections.abc import Callable

LAN = Identity("vn-cccd", "001088000017", "Lan")
NOW = datetime(2026, 3, 2, 9, 14, 10, tzinfo=UTC)


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _transaction(n: int) -> Transaction:
    documents = (TransactionDocument("form", "application/xml", None, _hex(f"form {n}")),)
    return Transaction(
        f"D-{n}", "11" * 32, ("p", "1", _hex("p")), "approval", "head", "person", ("approve", "advances"), 900,
        ("en", f"Approve {n}"), documents,
    )  # fmt: skip


class Counting:
    """HOTP: a device that may run ahead."""

    module = hotp

    def __init__(self, stores):
        self.seed, self.counter = Seed.of(b"h" * 20), 0
        hotp.enrol(LAN, issuer="x", stores=stores, secret=self.seed.secret)

    def catch_up(self, stores, clock):
        """Two codes in a row, which are used up by it."""
        pair = self.seed.code(self.counter + 1), self.seed.code(self.counter + 2)
        self.counter += 2
        try:
            hotp.resync(LAN, *pair, stores=stores, clock=clock)
        except AuthenticationError:
            return ()
        return pair

    def begin(self, transaction, stores, clock):
        return hotp.begin(LAN, transaction, audience="a", stores=stores, clock=clock)

    def read(self, *asked):
        self.counter += asked[-1] % 3 + 1
        return self.seed.code(self.counter)


class Asked:
    """OCRA: a device that answers the question of a challenge, soon or later."""

    module = ocra
    suite = ocra.Suite.parse("OCRA-1:HOTP-SHA256-8:QN08-T1M")

    def __init__(self, stores):
        ocra.enrol(LAN, stores=stores, suite=self.suite.text, secret=b"o" * 32)

    def begin(self, transaction, stores, clock):
        return ocra.begin(LAN, transaction, audience="a", stores=stores, clock=clock)

    def read(self, challenge, clock, turn):
        step = int(clock.now().timestamp()) // 60 + (0, 0, 1, -1, 2)[turn % 5]
        return self.suite.code(b"o" * 32, challenge.question, step=step)


class Sent:
    """SMS: what came last to the telephone."""

    module = delivered

    def __init__(self, _):
        self.inbox = []

    def begin(self, transaction, stores, clock):
        number = f"+8490000{len(self.inbox):04d}"
        return delivered.begin(
            LAN, transaction, address=number, send=self.inbox.append, audience="a", stores=stores, clock=clock
        )

    def read(self, *asked):
        return re.search("[0-9]{6}", self.inbox[-1 - asked[-1] % min(2, len(self.inbox))].body)[0]


class Paper:
    """A list of recovery codes."""

    module = recovery

    def __init__(self, stores):
        self.codes = recovery.issue(LAN, stores=stores, count=20).codes

    def begin(self, transaction, stores, clock):
        return recovery.begin(LAN, transaction, audience="a", stores=stores, clock=clock)

    def read(self, *asked):
        return self.codes[asked[-1] % len(self.codes)]


class Schedules(RuleBasedStateMachine):
    challenges = Bundle("challenges")
    codes = Bundle("codes")
    kind: type
    new_place: Callable[[], Place]
    total = 0

    def __init__(self):
        super().__init__()
        self.place = type(self).new_place()
        self.clock = FixedClock(NOW)
        self.asked, self.used_challenges, self.used_codes = {}, [], []

    def teardown(self):
        self.place.close()

    @initialize()
    def enrol(self):
        self.stores = self.place.open()
        self.device = self.kind(self.stores)

    @rule(target=challenges, n=st.integers(0, 2))
    def begin(self, n):
        try:
            begun = self.device.begin(_transaction(n), self.stores, self.clock)
        except AuthenticationError:  # a quota
            self.clock.advance(timedelta(hours=1))
            begun = None
        if begun is not None:
            self.asked[begun.id] = (n, begun)
        return begun

    @rule(target=codes, challenge=challenges, turn=st.integers(0, 19))
    def read(self, challenge, turn):
        return "000000" if challenge is None else self.device.read(challenge, self.clock, turn)

    @rule(target=codes, code=st.sampled_from(["000000", "00000000", "１２３４５６", "", "0" * 16]))
    def guess(self, code):
        return code

    @rule(seconds=st.one_of(st.integers(-120, 400), st.sampled_from([1, 30, 31, -30, 3600, -3600])))
    def move(self, seconds):
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def restart(self):
        self.place.close()
        self.stores = self.place.open()

    @rule()
    def unlock(self):
        self.device.module.unlock(LAN, stores=self.stores)

    @rule(target=codes)
    def catch_up(self):
        used = self.device.catch_up(self.stores, self.clock) if self.kind is Counting else ()
        self.used_codes += [("", code) for code in used]
        return used[0] if used else "000000"

    @rule(challenge=challenges, code=codes)
    def answer(self, challenge, code):
        self._accepted(challenge, code, self._verify(challenge, code))

    @rule(n=st.integers(0, 2), turn=st.integers(0, 19), wait=st.sampled_from([0, 1, 61, 300]))
    def answer_rightly_and_again(self, n, turn, wait):
        self.catch_up()
        challenge = self.begin(n)
        code = self.read(challenge, turn)
        self.answer(challenge, code)
        self.clock.advance(timedelta(seconds=wait))
        self.answer(challenge, code)
        self.answer(self.begin(n), code)

    @rule(challenge=challenges, code=codes)
    def answer_in_parallel(self, challenge, code):
        results = []
        threads = [threading.Thread(target=lambda: results.append(self._verify(challenge, code))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        good = [result for result in results if result is not None]
        assert len(good) <= 1
        self._accepted(challenge, code, good[0] if good else None)

    @rule(challenge=challenges, code=codes)
    def log_in_with_it(self, challenge, code):
        if challenge is None:
            return
        with pytest.raises(AuthenticationError):
            self.device.module.log_in(code, challenge.id, stores=self.stores, clock=self.clock)

    def _verify(self, challenge, code):
        try:
            asked = "A" * 43 if challenge is None else challenge.id
            return self.device.module.verify(code, asked, stores=self.stores, clock=self.clock)
        except AuthenticationError:
            return None

    def _accepted(self, challenge, code, authentication):
        if authentication is None:
            return
        type(self).total += 1
        n, begun = self.asked[challenge.id]
        assert authentication.transaction == _transaction(n)
        assert authentication.challenge.issued <= authentication.authenticated_at <= begun.expires
        self.used_challenges.append(challenge.id)
        # What a device computes for the question of one challenge is another code than the same digits for another.
        about = challenge.id if self.kind in (Asked, Sent) else ""
        self.used_codes.append((about, code))

    @invariant()
    def nothing_is_accepted_twice(self):
        assert len(set(self.used_challenges)) == len(self.used_challenges)
        assert len(set(self.used_codes)) == len(self.used_codes)

    @invariant()
    def nobody_has_more_guesses_than_the_limit(self):
        for method in ("hotp", "ocra", "sms", "recovery"):
            with self.stores.unit() as unit:
                assert unit.attempts(f"{method}:{self.stores.subject_key(LAN)}").failed <= limits.MAX_FAILURES


def _run(kind, new_place, examples, steps):
    row = {"kind": kind, "new_place": staticmethod(new_place), "total": 0}
    machine = type(f"{kind.__name__}Schedules", (Schedules,), row)
    plan = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(machine, settings=plan)
    return machine.total


@pytest.mark.parametrize("kind", [Counting, Asked, Sent, Paper])
def test_nothing_is_accepted_twice_on_any_schedule(kind, tmp_path):
    files = (tmp_path / f"{n}.db" for n in itertools.count())
    assert _run(kind, lambda: Place("sqlite", str(next(files))), 40, 30) > 30  # the schedules do accept something


@pytest.mark.xdist_group("stores")
@pytest.mark.parametrize("kind", [Counting, Asked, Sent, Paper])
@pytest.mark.parametrize(("server", "examples"), [("postgresql", 6), ("redis", 25)])
def test_nothing_is_accepted_twice_on_a_server(kind, server, examples, request):
    assert _run(kind, request.getfixturevalue(f"{server}_server").place, examples, 20) > 0


@pytest.mark.parametrize("kind", [Counting, Asked, Sent, Paper])
def test_hostile_answers_raise_only_our_errors(kind, memory, clock):
    device = kind(memory)
    begun = device.begin(_transaction(0), memory, clock)
    for code in (None, 5, b"123456", ["1"], "\ud800", "9" * 10**6, {}, "\x00" * 6):
        with pytest.raises(EidkitError):
            device.module.verify(code, begun.id, stores=memory, clock=clock)
        clock.advance(timedelta(seconds=1))
        device.module.unlock(LAN, stores=memory)
