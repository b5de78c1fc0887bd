"""No schedule of answers, replays, clock jumps, restarts, failures and threads accepts a challenge twice or late."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from eidkit.auth import oidc, vneid, x509
from eidkit.clock import FixedClock
from eidkit.errors import EidkitError
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.sandbox.partner import CLIENT_SECRET
from tests.servers import Place
from tests.transaction import TRANSACTION

ORIGIN = "https://permits.example"
NOW = datetime(2026, 3, 2, 9, 14, 10, tzinfo=UTC)
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
WAYS = ("oidc", "x509", "vneid")


class Person:
    """Lan, who answers each way rightly, and a relying party that takes the answer."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.sandbox = Sandbox.create(clock=self.clock)
        self.card = self.sandbox.official("Nguyễn Thị Lan", LAN.identifier)
        self.provider, self.partner = self.sandbox.provider.provider(), self.sandbox.partner.partner()

    def begin(self, way, stores):
        given = {"audience": ORIGIN, "stores": stores, "clock": self.clock}
        if way == "oidc":
            return oidc.begin(self.provider, TRANSACTION, **given)
        return vneid.begin(self.partner, TRANSACTION, **given) if way == "vneid" else x509.begin(TRANSACTION, **given)

    def answer(self, way, challenge):
        if way == "x509":
            return x509.respond(self.card, challenge.question, at=ORIGIN)
        idp = self.sandbox.provider if way == "oidc" else self.sandbox.partner
        return idp.answer(challenge.url, LAN)

    def verify(self, way, answer, name, stores):
        given: dict[str, Any] = {"stores": stores, "clock": self.clock}
        if way == "oidc":
            return oidc.verify(answer, name, provider=self.provider, transport=self.sandbox.provider, **given)
        if way == "x509":
            given |= {"trust": self.sandbox.trust, "sources": self.sandbox.sources, "transport": self.sandbox}
            return x509.verify(answer, name, **given)
        idp = self.sandbox.partner
        given |= {"decryption_key": idp.decryption_key, "client_secret": CLIENT_SECRET, "transport": idp}
        return vneid.verify(answer, name, partner=self.partner, **given)


lan = cache(Person)


class CallerFailed(Exception):
    """What the caller raises after the answer was judged."""


class Schedules(RuleBasedStateMachine):
    """A model: a challenge is tried once, in its time, with an answer to itself."""

    challenges = Bundle("challenges")
    answers = Bundle("answers")
    kind = "memory"
    accepted: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="eidkit-schedules-"))
        self.place = Place(type(self).kind, str(self.folder / "a.db"))
        self.stores = self.place.open()
        self.clock = lan().clock
        self.clock.advance(NOW - self.clock.now())
        self.latest, self.tried = NOW, set()

    def teardown(self):
        self.place.close()
        shutil.rmtree(self.folder)

    @initialize(target=challenges, way=st.sampled_from(WAYS))
    def first(self, way):
        return self.begin(way)

    @rule(target=challenges, way=st.sampled_from(WAYS))
    def begin(self, way):
        return way, lan().begin(way, self.stores), self.clock.now()

    @rule(target=answers, asked=challenges)
    def prepare(self, asked):
        way, challenge, _ = asked
        return challenge.id, lan().answer(way, challenge)

    @rule(asked=challenges)
    def answer_rightly(self, asked):
        """At once: an open challenge that was never tried, nor ever past its end (it may be swept), is accepted."""
        way, challenge, issued = asked
        fresh = challenge.id not in self.tried and max(issued, NOW) <= self.clock.now()
        fresh = fresh and self.latest <= challenge.expires
        good = self._give(asked, lan().answer(way, challenge), right=True)
        assert good or not fresh

    @rule(asked=challenges, answer=st.sampled_from(["", "{}", "state=x&code=y"]))
    def answer_wrongly(self, asked, answer):
        assert not self._give(asked, answer, right=False)

    @rule(asked=challenges, answer=answers)
    def give(self, asked, answer):
        """An answer of before: of this challenge, tried or not, or of another one."""
        self._give(asked, answer[1], right=answer[0] == asked[1].id)

    @rule(asked=challenges)
    def give_twice(self, asked):
        answer = lan().answer(*asked[:2])
        self._give(asked, answer, right=True)
        assert not self._give(asked, answer, right=True)

    @rule(way=st.sampled_from(WAYS), seconds=st.sampled_from([300, 301, -1]))
    def begin_wait_and_answer(self, way, seconds):
        """At the very end, after it, and before the issue: the first try of a challenge that nothing else spoilt."""
        asked = self.begin(way)
        answer = lan().answer(*asked[:2])
        self.time_passes(seconds)
        self._give(asked, answer, right=True)

    @rule(asked=challenges)
    def answer_from_two_threads(self, asked):
        way, challenge, _ = asked
        answer = lan().answer(way, challenge)
        good: list[bool] = []
        threads = [threading.Thread(target=lambda: good.append(self._verify(asked, answer))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(good) == 2
        assert sum(good) <= 1
        self._count(asked, accepted=any(good), right=True)

    @rule(asked=challenges)
    def caller_fails_around_it(self, asked):
        """What the caller undoes of its own does not give the challenge back."""
        answer = lan().answer(*asked[:2])
        with pytest.raises(CallerFailed):
            self._give_and_fail(asked, answer)
        assert not self._give(asked, answer, right=True)

    @rule(seconds=st.sampled_from([1, 60, 299, 300, 301, -1, -60, -400]))
    def time_passes(self, seconds):
        self.clock.advance(timedelta(seconds=seconds))
        self.latest = max(self.latest, self.clock.now())

    @precondition(lambda self: self.kind != "memory")
    @rule()
    def restart(self):
        self.place.close()
        self.stores = self.place.open()

    def _give_and_fail(self, asked, answer):
        self._give(asked, answer, right=True)
        raise CallerFailed

    def _give(self, asked, answer, *, right):
        return self._count(asked, accepted=self._verify(asked, answer), right=right)

    def _verify(self, asked, answer):
        way, challenge, _ = asked
        try:
            return lan().verify(way, answer, challenge.id, self.stores).identity.identifier == LAN.identifier
        except EidkitError:
            return False

    def _count(self, asked, *, accepted, right):
        way, challenge, issued = asked
        if accepted:
            assert right
            assert challenge.id not in self.tried
            assert issued <= self.clock.now() <= challenge.expires
            type(self).accepted[way] += 1
        self.tried.add(challenge.id)
        return accepted


@pytest.mark.parametrize(("kind", "examples"), [("memory", 100), ("sqlite", 100)])
def test_no_challenge_is_accepted_twice_or_late(kind, examples):
    machine = type("Schedules", (Schedules,), {"kind": kind, "accepted": Counter()})
    plan = settings(
        max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck),
        derandomize=True,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=plan)
    assert all(machine.accepted[way] >= 10 for way in WAYS), machine.accepted  # the schedules do accept something
