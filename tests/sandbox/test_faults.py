"""Faults on demand: the same six kinds in memory and over HTTP, each endpoint by itself."""

from __future__ import annotations

import time

import pytest

from eidkit.clock import FixedClock
from eidkit.errors import EidkitError, TimestampUnavailable, TransportError
from eidkit.sandbox import Sandbox
from eidkit.sandbox.faults import DETAILS, ENDPOINTS, KINDS, Fault, endpoint_of
from eidkit.sandbox.server import Server, free_address, serving
from eidkit.timestamps.authority import TimestampAuthority, first_token
from eidkit.transport import MAX_RESPONSE, HttpTransport, Request, Response, Transport

NETWORK = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))
FETCHED = {"crl": "root.crl", "certificate": "root.cer", "discovery": "oidc/.well-known/openid-configuration",
           "jwks": "oidc/jwks"}  # fmt: skip


@pytest.fixture
def own(clock: FixedClock) -> Sandbox:
    return Sandbox.create(clock=clock, base_url=free_address())


@pytest.fixture(params=["memory", "http"])
def through(request: pytest.FixtureRequest, own: Sandbox) -> object:
    """The Transport to the sandbox: the sandbox itself, or the network to where it is served."""
    if request.param == "memory":
        yield own
        return
    with serving(own):
        yield NETWORK


def get(through: Transport, own: Sandbox, endpoint: str, **more: object) -> Response:
    return through.send(Request("GET", own.base_url + FETCHED[endpoint], **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["down", "cut-off", "too-large"])
@pytest.mark.parametrize("endpoint", FETCHED)
def test_no_answer_comes_of_it(through: Transport, own: Sandbox, endpoint: str, kind: str) -> None:
    own.fault(endpoint, kind)
    with pytest.raises(TransportError):
        get(through, own, endpoint)
    own.mend()
    assert get(through, own, endpoint).status == 200


def test_rate_limited(through: Transport, own: Sandbox) -> None:
    own.fault("crl", "rate-limited")
    response = get(through, own, "crl")
    assert (response.status, response.headers["retry-after"]) == (429, "60")


def test_slow_is_too_late_for_who_does_not_wait(through: Transport, own: Sandbox) -> None:
    own.fault("crl", "slow", seconds=1.0)
    with pytest.raises(TransportError):
        get(through, own, "crl", timeout=0.2)
    assert get(through, own, "crl", timeout=5.0).status == 200


def test_nobody_waits_in_memory(own: Sandbox) -> None:
    own.fault("crl", "slow", seconds=60)
    began = time.monotonic()
    with pytest.raises(TransportError):
        get(own, own, "crl")
    assert time.monotonic() - began < 1


def test_a_wrong_revocation_list_has_no_good_signature(through: Transport, own: Sandbox) -> None:
    from cryptography import x509

    def good() -> bool:
        crl = x509.load_der_x509_crl(get(through, own, "crl").body)
        return crl.is_signature_valid(own.authorities["root"].certificate.public_key())  # type: ignore[arg-type]

    assert good()
    own.fault("crl", "wrong")
    assert not good()


@pytest.mark.parametrize("detail", [None, "wrong-nonce", "bad-signature"])
def test_a_wrong_timestamp_is_not_taken(through: Transport, own: Sandbox, detail: str | None) -> None:
    authority = TimestampAuthority(own.base_url + "tsa", trust=own.trust)
    assert first_token(authority, b"octets", transport=through, clock=own.clock)
    own.fault("tsa", "wrong", detail)
    with pytest.raises(TimestampUnavailable):
        first_token(authority, b"octets", transport=through, clock=own.clock)


def test_a_fault_ends_after_so_many_requests(through: Transport, own: Sandbox) -> None:
    own.fault("crl", "rate-limited", times=2)
    assert [get(through, own, "crl").status for _ in range(4)] == [429, 429, 200, 200]


def test_other_endpoints_are_left_alone(own: Sandbox) -> None:
    own.fault("crl", "down")
    assert get(own, own, "certificate").status == 200


def test_one_can_be_mended_alone(own: Sandbox) -> None:
    own.fault("crl", "down")
    own.fault("jwks", "down")
    own.faults.clear("crl")
    assert [fault.endpoint for fault in own.faults.now()] == ["jwks"]


def test_too_large_is_larger_than_anybody_reads(own: Sandbox) -> None:
    own.fault("crl", "too-large")
    assert len(get(own, own, "crl", limit=MAX_RESPONSE + 1).body) == MAX_RESPONSE + 1


def test_a_server_passes_them_on(own: Sandbox) -> None:
    server = Server(own, own.base_url)
    server.fault("ocsp", "slow", seconds=2, times=1)
    assert own.faults.now() == (Fault("ocsp", "slow", seconds=2, times=1),)
    server.mend()
    assert own.faults.now() == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("tsa=down", Fault("tsa", "down")),
        ("ocsp=slow:1.5", Fault("ocsp", "slow", seconds=1.5)),
        ("ocsp=slow", Fault("ocsp", "slow")),
        ("token=wrong:expired", Fault("token", "wrong", "expired")),
        ("token=wrong", Fault("token", "wrong")),
    ],
)
def test_as_it_is_written_on_the_command_line(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    "text",
    ["", "tsa", "tsa=", "tsa=sad", "moon=down", "tsa=wrong:blue", "tsa=down:wrong-nonce", "tsa=slow:x", "tsa=slow:-1",
     "tsa=slow:nan", "tsa=slow:1e9"],
)  # fmt: skip
def test_what_is_no_fault_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(EidkitError) as caught:
        Fault.parse(text)
    assert caught.value.code == "sandbox-fault"


def test_every_endpoint_has_something_that_can_be_wrong() -> None:
    assert set(ENDPOINTS) == set(DETAILS)
    assert all(DETAILS.values())
    assert len(KINDS) == 6


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [("tsa", "tsa"), ("tsa/garbage", "tsa"), ("official/ocsp", "ocsp"), ("root/ocsp/MA/A=", "ocsp"),
     ("root.crl", "crl"), ("root.cer", "certificate"), ("oidc/token", "token"), ("portal/userinfo", "userinfo"),
     ("oidc/login", "authorize"), ("elsewhere", None)],
)  # fmt: skip
def test_which_endpoint_an_address_belongs_to(path: str, endpoint: str | None) -> None:
    assert endpoint_of(path) == endpoint
