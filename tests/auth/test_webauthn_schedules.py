"""No schedule of answers, repetitions, clones, clock jumps and withdrawals accepts an answer or a counter twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from eidkit.auth import Stores, webauthn
from eidkit.auth.webauthn import RelyingParty
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from eidkit.sandbox.authenticator import SandboxAuthenticator

ORIGIN = "https://permits.example"
PARTY = RelyingParty("permits.example", "Permits", (ORIGIN,))
ENROLLED = datetime(2026, 3, 2, tzinfo=UTC)
PEOPLE = (Identity("vn-cccd", "001088000017", "Lan"), Identity("vn-cccd", "001088000025", "Bình"))


class Schedules(RuleBasedStateMachine):
    """A model of what may be accepted: an open challenge, once, of its person, with a counter that grows."""

    challenges = Bundle("challenges")
    answers = Bundle("answers")

    @initialize(counts=st.booleans())
    def people(self, counts):
        self.clock, self.stores = FixedClock(ENROLLED), Stores.memory()
        self.counts = counts
        self.devices = []
        self.highest = [1 if counts else 0] * 2
        self.ended = [False, False]
        self.used: set[str] = set()
        for person in PEOPLE:
            device = SandboxAuthenticator(ORIGIN, counts=counts)
            challenge = webauthn.register_begin(PARTY, person, audience=ORIGIN, stores=self.stores, clock=self.clock)
            made = device.create(challenge.question)
            webauthn.register(made, challenge.id, party=PARTY, stores=self.stores, clock=self.clock)
            self.devices.append(device)

    @rule(target=challenges, who=st.sampled_from([None, 0, 1]))
    def begin(self, who):
        subject = None if who is None else PEOPLE[who]
        challenge = webauthn.begin(PARTY, audience=ORIGIN, stores=self.stores, subject=subject, clock=self.clock)
        return challenge, who

    @rule(target=answers, challenge=challenges, who=st.sampled_from([0, 1]), clone=st.booleans())
    def answer(self, challenge, who, clone):
        """``clone``: by a copy of the device that counts for itself from here on."""
        begun, _ = challenge
        device = self.devices[who]
        if clone:
            device = SandboxAuthenticator(ORIGIN, counts=self.counts)
            device.passkeys = [replace(self.devices[who].passkeys[0])]
        options = json.dumps(json.loads(begun.question) | {"allowCredentials": []})
        return device.get(options), begun.id, who, device.passkeys[0].counter

    @rule(answer=answers, challenge=challenges)
    def give(self, answer, challenge):
        text, answered, who, counter = answer
        begun, asked = challenge
        fits = (
            begun.id == answered
            and begun.id not in self.used
            and asked in {None, who}
            and not self.ended[who]
            and begun.expires - timedelta(minutes=5) <= self.clock.now() <= begun.expires
            and self.clock.now() >= ENROLLED
        )
        grown = counter > self.highest[who] if self.counts else True
        self.used.add(begun.id)
        try:
            login = webauthn.log_in(text, begun.id, party=PARTY, stores=self.stores, clock=self.clock)
        except AuthenticationError:
            assert not (fits and grown)
            return
        assert fits
        assert grown
        assert login.identity == PEOPLE[who]
        self.highest[who] = max(counter, self.highest[who])

    @rule(seconds=st.sampled_from([1, 60, 301, -1, -400]))
    def time_passes(self, seconds):
        self.clock.advance(timedelta(seconds=seconds))

    @rule(who=st.sampled_from([0, 1]))
    def withdraw(self, who):
        from eidkit.binding.shape import base64url

        name = base64url(self.devices[who].passkeys[0].id)
        assert webauthn.withdraw(name, party=PARTY, stores=self.stores, clock=self.clock) is not self.ended[who]
        self.ended[who] = True


def test_no_schedule_accepts_twice():
    run_state_machine_as_test(
        Schedules,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
