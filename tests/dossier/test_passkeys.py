"""A step approved with a passkey: transferable, provable by whoever pinned the key (binding.md §6.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eidkit.auth import Stores, webauthn
from eidkit.auth.webauthn import RelyingParty
from eidkit.sandbox.authenticator import SandboxAuthenticator
from eidkit.vn import five_steps

ORIGIN = "https://permits.example"
PARTY = RelyingParty("permits.example", "Permits", (ORIGIN,))


class House:
    """The service: its stores, and an authenticator of the person who approves."""

    def __init__(self, stage):
        self.stage = stage
        self.stores = Stores.memory()
        self.device = SandboxAuthenticator(ORIGIN)
        self.pins = PARTY

    def made(self, transaction, person):
        """The person's login; the first time their passkey is enrolled."""
        clock = self.stage.clock
        if not self.device.passkeys:
            begun = webauthn.register_begin(PARTY, person, audience=ORIGIN, stores=self.stores, clock=clock)
            answer = self.device.create(begun.question)
            credential = webauthn.register(answer, begun.id, party=PARTY, stores=self.stores, clock=clock)
            self.pins = PARTY.with_credentials([credential])
        begun = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=self.stores, subject=person, clock=clock)
        return webauthn.verify(
            self.device.get(begun.question),
            begun.id,
            party=PARTY,
            stores=self.stores,
            attest=self.stage.sandbox.service_key,
            clock=clock,
        )


@pytest.fixture(scope="module")
def house(stage):
    return House(stage)


@pytest.fixture(scope="module")
def approved(stage, turn, house):
    """Five steps; the approval wants a login that nobody but the holder of a key can have made."""
    procedure = five_steps(
        attesters=stage.procedure.attesters,
        mandate=stage.seal.identity,
        holders=dict(stage.procedure.holders),
        proof_class={"approval": "transferable"},
    )
    return stage.play(stage.opened(procedure), {"approval": turn(made=house.made)})


def codes(report):
    return {found.code for found in report.all_findings if found.severity == "error"}


def test_the_dossier_is_complete_for_whoever_pinned_the_key(stage, approved, house):
    report = stage.verify(approved, providers=[house.pins])
    assert report.verdict == "COMPLETE", str(report)
    assert "MADE_UP_TRANSFERABLE" in report.codes


def test_without_the_pin_it_is_undecided(stage, approved):
    report = stage.verify(approved, providers=[])
    assert report.verdict == "INDETERMINATE"
    assert "LOGIN_RECHECK_UNDECIDED" in codes(report)


def test_a_pin_of_somebody_else_breaks_it(stage, approved, house):
    other = replace(house.pins.credentials[0], identity=stage.seal.identity)
    report = stage.verify(approved, providers=[PARTY.with_credentials([other])])
    assert report.verdict == "FAILED"
    assert "LOGIN_RECHECK" in codes(report)
