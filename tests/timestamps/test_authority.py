"""Asking for a timestamp: only a reply that holds is believed, and failing says why."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from eidkit.clock import FixedClock
from eidkit.errors import NotSupported, TimestampUnavailable
from eidkit.sandbox.tsa import FAULTS, POLICY
from eidkit.timestamps.authority import TimestampAuthority, first_token
from eidkit.timestamps.token import check_token
from eidkit.transport import Request, Response
from eidkit.trust.store import TrustStore

if TYPE_CHECKING:
    from eidkit.sandbox import Sandbox

OCTETS = b"the signature value"


class Recording:
    """A transport that remembers what was asked and can answer with something kept."""

    def __init__(self, behind: Sandbox) -> None:
        self.behind = behind
        self.seen: list[Request] = []
        self.replay: bytes | None = None

    def send(self, request: Request) -> Response:
        self.seen.append(request)
        if self.replay is not None:
            return Response(200, {}, self.replay)
        return self.behind.send(request)


def ask(sandbox: Sandbox, *authorities: TimestampAuthority, **more: object) -> bytes:
    return first_token(authorities or (sandbox.tsa,), OCTETS, clock=sandbox.clock, **more)


def test_a_token_is_over_the_octets_that_were_given(sandbox: Sandbox) -> None:
    result = check_token(
        ask(sandbox),
        imprints={"sha256": hashlib.sha256(OCTETS).digest()},
        anchors=sandbox.trust.of_kind("timestamping"),
        at=sandbox.clock.now(),
        require_status=False,
    )
    assert result.indication == "PASSED"


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "granted-with-mods"])
def test_no_faulty_reply_is_believed(sandbox: Sandbox, fault: str) -> None:
    with pytest.raises(TimestampUnavailable) as caught:
        ask(sandbox, replace(sandbox.faulty_tsa(fault), policy_oid=POLICY))
    assert caught.value.retryable
    assert caught.value.signed is None


def test_granted_with_modifications_is_believed_when_the_token_holds(sandbox: Sandbox) -> None:
    assert ask(sandbox, sandbox.faulty_tsa("granted-with-mods"))


def test_the_next_authority_is_asked_when_one_fails(sandbox: Sandbox) -> None:
    assert ask(sandbox, sandbox.faulty_tsa("down"), sandbox.faulty_tsa("wrong-nonce"), sandbox.tsa)


def test_when_all_fail_every_reason_is_told(sandbox: Sandbox) -> None:
    with pytest.raises(TimestampUnavailable) as caught:
        ask(sandbox, sandbox.faulty_tsa("down"), sandbox.faulty_tsa("rejection"))
    assert "503" in caught.value.problem.en
    assert "timeNotAvailable" in caught.value.problem.en


def test_no_authority_at_all_is_said(sandbox: Sandbox) -> None:
    with pytest.raises(TimestampUnavailable):
        first_token((), OCTETS, clock=sandbox.clock)


def test_a_replayed_reply_is_refused_by_its_nonce(sandbox: Sandbox) -> None:
    recording = Recording(sandbox)
    ask(sandbox, transport=recording)
    recording.replay = sandbox.send(recording.seen[0]).body
    with pytest.raises(TimestampUnavailable, match="nonce"):
        ask(sandbox, transport=recording)


def test_each_request_has_a_nonce_of_its_own_and_asks_for_the_certificate(sandbox: Sandbox) -> None:
    from eidkit.asn1 import tsp

    recording = Recording(sandbox)
    ask(sandbox, transport=recording)
    ask(sandbox, transport=recording)
    first, second = (tsp.parse_request(request.body) for request in recording.seen)
    assert first.nonce != second.nonce
    assert first.certificates
    assert recording.seen[0].headers["Content-Type"] == "application/timestamp-query"


def test_a_token_of_an_authority_that_is_not_trusted_for_time(sandbox: Sandbox) -> None:
    other = TrustStore(sandbox.trust.of_kind("signing"))
    with pytest.raises(TimestampUnavailable, match="no anchor of kind"):
        ask(sandbox, replace(sandbox.tsa, trust=other))


def test_a_clock_that_is_far_off_is_noticed(sandbox: Sandbox) -> None:
    with pytest.raises(TimestampUnavailable, match="not the present"):
        first_token(sandbox.tsa, OCTETS, clock=FixedClock(sandbox.clock.now() + timedelta(hours=1)))


def test_a_weak_digest_is_not_asked_for(sandbox: Sandbox) -> None:
    with pytest.raises(NotSupported):
        first_token(sandbox.tsa, OCTETS, digest="sha1", clock=sandbox.clock)


def test_credentials_are_not_sent_over_plain_http(sandbox: Sandbox) -> None:
    authority = replace(sandbox.tsa, credentials=lambda: ("user", "password"))
    with pytest.raises(NotSupported, match="plain http"):
        authority.timestamp(bytes(32), "sha256", clock=sandbox.clock)


def test_credentials_go_into_the_request_and_into_no_repr(sandbox: Sandbox) -> None:
    recording = Recording(sandbox)
    authority = TimestampAuthority(
        "https://tsa.example/", trust=sandbox.trust, transport=recording, credentials=lambda: ("user", "password")
    )
    with pytest.raises(Exception, match="nothing answers"):
        authority.timestamp(bytes(32), "sha256", clock=sandbox.clock)
    assert recording.seen[0].headers["Authorization"] == "Basic dXNlcjpwYXNzd29yZA=="
    assert "lambda" not in repr(authority)
