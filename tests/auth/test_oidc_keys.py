"""Keys of a provider over time: rotation, withdrawal, storms of made-up names, and what a verifier has to pin."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.auth import jwks, oidc, recheck
from eidkit.auth.jwk import PinnedKey
from eidkit.auth.oidc import Provider
from eidkit.auth.stores import Stores
from eidkit.errors import AuthenticationError, Text, TransportError
from eidkit.identity import Identity
from eidkit.sandbox.provider import SandboxProvider
from eidkit.transport import unreachable

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
DAY = timedelta(days=1)


class Portal:
    """A relying party and its provider."""

    def __init__(self, stores, clock, transaction):
        self.stores, self.clock, self.transaction = stores, clock, transaction
        self.idp = SandboxProvider(clock=clock)
        self.provider = self.idp.provider()
        self.asked_before = self.asked

    @property
    def asked(self):
        return self.idp.requests.count("/jwks")

    @property
    def looks(self):
        """How often the keys were asked for since discovery."""
        return self.asked - self.asked_before

    def login(self, transport=None):
        challenge = oidc.begin(
            self.provider, self.transaction, audience="permits", stores=self.stores, clock=self.clock
        )
        callback = self.idp.answer(challenge.url, LAN)
        return oidc.verify(
            callback, challenge.id, provider=self.provider, stores=self.stores, transport=transport or self.idp,
            clock=self.clock,
        )  # fmt: skip


@pytest.fixture
def portal(stores, clock, transaction):
    return Portal(stores, clock, transaction)


class WithoutKeys:
    """The provider, but its key set does not answer."""

    def __init__(self, idp):
        self.idp = idp

    def send(self, request):
        if request.url.endswith("/jwks"):
            raise unreachable(request.url, Text("down", "không trả lời"))
        return self.idp.send(request)


def codes(result):
    return [found.code for found in result.findings]


# ── what is fetched, and how often ────────────────────────────────────────────────────────────────────────


def test_within_a_day_of_discovery_nothing_is_fetched(portal, clock):
    clock.advance(DAY - timedelta(seconds=1))
    portal.login()
    assert portal.looks == 0


def test_a_set_of_a_day_is_fetched_again_once(portal, clock):
    clock.advance(DAY)
    portal.login()
    portal.login()
    assert portal.looks == 1


def test_a_withdrawn_key_counts_for_a_day_at_most(portal, clock, reasons):
    stolen = portal.idp._keys
    portal.idp.rotate(withdraw=True)
    published, portal.idp._keys = portal.idp._keys, stolen
    assert portal.login()
    clock.advance(DAY)
    portal.idp._keys = published
    portal.login()
    portal.idp._keys = stolen
    with pytest.raises(AuthenticationError):
        portal.login(transport=Publishing(portal.idp, published))
    assert reasons() == ["key"]


class Publishing:
    """Signs with what the provider holds, publishes other keys."""

    def __init__(self, idp, published):
        self.idp, self.published = idp, published

    def send(self, request):
        kept = self.idp._keys
        try:
            if request.url.endswith("/jwks"):
                self.idp._keys = self.published
            return self.idp.send(request)
        finally:
            self.idp._keys = kept


def test_a_set_that_cannot_be_renewed_counts_one_day_more(portal, clock):
    clock.advance(DAY + timedelta(hours=23))
    assert portal.login(transport=WithoutKeys(portal.idp))
    clock.advance(timedelta(hours=1))
    with pytest.raises(TransportError):
        portal.login(transport=WithoutKeys(portal.idp))


def test_a_provider_whose_keys_are_down_is_not_asked_at_every_login(portal, clock):
    clock.advance(3 * DAY)
    with pytest.raises(TransportError):
        portal.login(transport=WithoutKeys(portal.idp))
    with pytest.raises(TransportError):
        portal.login()
    assert portal.looks == 0
    clock.advance(timedelta(seconds=301))
    assert portal.login()


def test_a_clock_that_went_back_makes_the_set_old(portal, clock):
    portal.idp.rotate()
    clock.advance(timedelta(hours=2))
    portal.login()
    clock.advance(-timedelta(hours=1))
    portal.login()
    assert portal.looks == 2


def test_a_value_without_a_key_address_is_used_as_it_is(portal, clock, reasons):
    portal.provider = replace(portal.provider, jwks_uri=None)
    clock.advance(100 * DAY)
    assert portal.login()
    portal.idp.rotate()
    with pytest.raises(AuthenticationError):
        portal.login()
    assert portal.looks == 0
    assert reasons() == ["key"]


def test_many_made_up_names_at_once_are_one_look(portal, memory):
    portal.stores, portal.idp.faults = memory, {"unknown-kid"}
    refused = []

    def knock():
        try:
            portal.login()
        except AuthenticationError as error:
            refused.append(error)

    threads = [threading.Thread(target=knock) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 20
    assert portal.looks == 1


def test_two_keys_of_one_name_are_none(portal, reasons):
    twin = SandboxProvider(clock=portal.clock).provider().keys[0]
    name = portal.provider.keys[0].kid
    renamed = PinnedKey.of({**json.loads(twin.jwk), "kid": name}, twin.valid_from)
    portal.provider = replace(portal.provider, keys=(*portal.provider.keys, renamed), jwks_uri=None)
    with pytest.raises(AuthenticationError):
        portal.login()
    assert reasons() == ["key"]


def test_a_key_set_of_another_provider_opens_nothing(portal, reasons):
    portal.idp.faults = {"other-keys", "unknown-kid"}
    with pytest.raises(AuthenticationError):
        portal.login()
    assert reasons() == ["key"]


# ── what a verifier pins ──────────────────────────────────────────────────────────────────────────────────


def test_a_login_after_a_rotation_rechecks_with_what_was_found(portal, clock, tmp_path):
    before = portal.login()
    clock.advance(timedelta(hours=1))
    portal.idp.rotate(withdraw=True)
    after = portal.login()
    assert codes(recheck(after, None, [portal.provider])) == ["LOGIN_RECHECK_UNDECIDED"]
    oidc.pinned(portal.provider, stores=portal.stores).write(tmp_path / "provider.json")
    kept = Provider.read(tmp_path / "provider.json")
    assert [pin.valid_until for pin in kept.keys] == [None, None]
    assert recheck(before, None, [kept])
    assert recheck(after, None, [kept])


def test_a_key_found_again_keeps_the_moment_when_it_was_found_first(portal, clock):
    portal.idp.rotate(withdraw=True)
    portal.login()
    first = clock.now()
    clock.advance(5 * DAY)
    portal.login()
    assert portal.looks == 2
    assert first in [pin.valid_from for pin in oidc.pinned(portal.provider, stores=portal.stores).keys]


def test_keys_that_went_again_are_still_remembered(portal, clock):
    for _ in range(3):
        portal.idp.rotate(withdraw=True)
        clock.advance(timedelta(minutes=10))
        portal.login()
    assert len(oidc.pinned(portal.provider, stores=portal.stores).keys) == 4


def test_what_is_remembered_is_bounded(portal, clock, monkeypatch):
    monkeypatch.setattr(jwks, "MAX_FOUND", 2)
    for _ in range(4):
        portal.idp.rotate(withdraw=True)
        clock.advance(timedelta(minutes=10))
        portal.login()
    assert len(oidc.pinned(portal.provider, stores=portal.stores).keys) == 3


def test_nothing_found_leaves_the_value_as_it_is(portal):
    assert oidc.pinned(portal.provider, stores=Stores.memory()) == portal.provider


class Slow:
    """The provider, whose key set takes a while."""

    def __init__(self, idp, clock):
        self.idp, self.clock = idp, clock

    def send(self, request):
        if request.url.endswith("/jwks"):
            self.clock.advance(timedelta(seconds=1.5))
        return self.idp.send(request)


@pytest.mark.parametrize("wait", [timedelta(), DAY], ids=["looked for", "renewed"])
def test_the_login_for_which_a_key_was_found_is_covered_by_it(portal, clock, wait):
    portal.idp.rotate(withdraw=True)
    clock.advance(wait)
    made = portal.login(transport=Slow(portal.idp, clock))
    assert recheck(made, None, [oidc.pinned(portal.provider, stores=portal.stores)])
